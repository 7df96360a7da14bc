"""Questions put to the platform, read and checked; each wrong one becomes a `Refusal`."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeGuard

from .catalogue import Model
from .prediction_json import InvalidRequest, Json, JsonObject, Refusal

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAY_SECONDS: Final = 86_400


@dataclass(frozen=True)
class Order:
    """What `POST /predict` asks for."""

    model: str
    input: JsonObject
    wait: bool = False
    stream: bool = False
    webhook: JsonObject | None = None


@dataclass(frozen=True)
class Search:
    """What `GET /predictions` asks for; times in seconds since the epoch, `until` is excluded."""

    page: int = 1
    per_page: int = 20
    since: float | None = None
    until: float | None = None
    model: str | None = None
    status: str | None = None


def check_json_type(content_type: str | None) -> None:
    """Refuse a body that does not come as JSON.

    Raises:
        InvalidRequest: the header is missing or says otherwise.
    """
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise InvalidRequest(
            f"Unsupported content type: '{kind}'. This API method only accepts 'application/json' "
            f"requests, but you specified the header 'Content-Type: {kind}'. Please try again with "
            "a supported content type.",
            None,
            "unsupported_content_type",
        )


def read_json(body: bytes) -> Json:
    """The body as JSON.

    Raises:
        Refusal: 400, it is none.
    """
    try:
        return json.loads(body, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise Refusal(
            400, "INVALID_PARAMETER", "The body is not valid JSON.", str(error)
        ) from error


def read_object(body: Json) -> JsonObject:
    """A JSON body that is an object.

    Raises:
        Refusal: 400, it is none.
    """
    if not _TYPES["object"](body):
        raise Refusal(400, "INVALID_PARAMETER", "The body must be a JSON object.")
    fields: JsonObject = body
    return fields


def is_object(value: Json) -> TypeGuard[JsonObject]:
    """Whether a JSON value is an object."""
    return isinstance(value, dict)


def is_array(value: Json) -> TypeGuard[list[Any]]:
    """Whether a JSON value is an array."""
    return isinstance(value, list)


def part_of(fields: JsonObject, name: str) -> JsonObject:
    """The object in a field, which is empty if there is none."""
    part = fields.get(name)
    return part if is_object(part) else {}


def read_order(body: Json) -> Order:
    """The order in a JSON body.

    Raises:
        Refusal: 400, it is no object; 422, a field is missing or of the wrong type.
    """
    fields = read_object(body)
    for name in ("model", "input"):
        if fields.get(name) is None:
            raise _invalid(name, f"The {name} field is required.")
    _expect(fields, "model", "string")
    _expect(fields, "input", "object")
    _expect(fields, "await", "boolean")
    _expect(fields, "stream", "boolean")
    return Order(
        model=fields["model"],
        input=fields["input"],
        wait=bool(fields.get("await")),
        stream=bool(fields.get("stream")),
        webhook=_webhook(fields.get("webhook")),
    )


def check_input(model: Model, given: Mapping[str, Json]) -> None:
    """Compare an input with a model's schema: `required`, `type`, `enum`, `minimum`, `maximum`.

    Other keywords only describe, and what the schema does not know may be there: the platform's
    schemas have no others that forbid anything, and no `additionalProperties`.

    Raises:
        Refusal: 422, naming the field and what it must be.
    """
    for name in model.required:
        if given.get(name) is None:
            raise _invalid(f"input.{name}", f"The input.{name} field is required.")
    for name, schema in model.inputs.items():
        if (value := given.get(name)) is not None:
            _fit(f"input.{name}", value, schema)


def read_search(query: list[tuple[str, str]]) -> Search:
    """The search in a query string.

    Raises:
        Refusal: 400, a parameter that is given twice, out of range, or no date.
    """
    given = dict(query)
    if len(given) < len(query):
        raise Refusal(400, "INVALID_PARAMETER_COMBINATION", "A parameter was given twice.")
    since, until = _day(given, "from"), _day(given, "to")
    if since and until and since > until:
        raise Refusal(400, "INVALID_DATE_RANGE", "The from date is after the to date.")
    return Search(
        page=_whole(given, "page", 1, low=1, high=10**9),
        per_page=_whole(given, "per_page", 20, low=1, high=50),
        since=since.timestamp() if since else None,
        until=until.timestamp() + _DAY_SECONDS if until else None,
        model=given.get("model"),
        status=given.get("status"),
    )


_TYPES: Final[Mapping[str, Callable[[Json], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _TYPES["number"](value) and value % 1 == 0,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def _expect(given: Mapping[str, Json], name: str, kind: str, *, prefix: str = "") -> None:
    if (value := given.get(name)) is not None:
        _fit(prefix + name, value, {"type": kind})


def _fit(name: str, value: Json, schema: JsonObject) -> None:
    if wrong := misfit(value, schema):
        raise _invalid(name, f"The {name} field must be {wrong}.")


def misfit(value: Json, schema: JsonObject) -> str | None:
    """What a value must be and is not: of a type, one of an `enum`, within its bounds.

    Example:
        >>> misfit(3, {"type": "number", "maximum": 2})
        'at most 2'
    """
    kind, choices = str(schema.get("type")), schema.get("enum")
    bounds = schema if _TYPES["number"](value) else {}
    low, high = bounds.get("minimum"), bounds.get("maximum")
    if kind in _TYPES and not _TYPES[kind](value):
        return f"of type {kind}"
    if choices is not None and value not in choices:
        return f"one of {', '.join(map(str, choices))}"
    if low is not None and value < low:
        return f"at least {low}"
    if high is not None and value > high:
        return f"at most {high}"
    return None


def _invalid(field: str, message: str) -> Refusal:
    return Refusal(422, "VALIDATION_ERROR", message, f"field: {field}")


def _webhook(value: Json) -> JsonObject | None:
    if value is None:
        return None
    if isinstance(value, str):
        return {"url": value, "events": []}
    if not _TYPES["object"](value):
        raise _invalid("webhook", "The webhook field must be an object or a URL.")
    given: JsonObject = value
    _expect(given, "url", "string", prefix="webhook.")
    _expect(given, "events", "array", prefix="webhook.")
    return {"url": given.get("url"), "events": given.get("events") or []}


def _whole(given: Mapping[str, str], name: str, default: int, *, low: int, high: int) -> int:
    text = given.get(name, str(default))
    value = int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else low - 1
    if not low <= value <= high:
        raise Refusal(
            400, "INVALID_PARAMETER", f"{name} must be a whole number from {low} to {high}."
        )
    return value


def _day(given: Mapping[str, str], name: str) -> datetime | None:
    text = given.get(name)
    if text is None:
        return None
    try:
        if not _DATE.fullmatch(text):
            raise ValueError(text)
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise Refusal(
            400, "INVALID_DATE_FORMAT", f"{name} must be a date such as 2026-01-31."
        ) from error


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is too large")
    return number


def _refuse_constant(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")
