"""Parsing and validation of requests to the predictions API; what is wrong raises an `ApiError`."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from .catalogue import Model
from .errors import ApiError, InvalidRequestError
from .json_values import Json, JsonObject, is_object

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAY_SECONDS: Final = 86_400


@dataclass(frozen=True)
class PredictionRequest:
    """The body of `POST /predict`."""

    model: str
    input: JsonObject
    wait: bool = False
    stream: bool = False
    webhook: JsonObject | None = None


@dataclass(frozen=True)
class ListQuery:
    """The query of `GET /predictions`; times in seconds since the epoch, `until` is exclusive."""

    page: int = 1
    per_page: int = 20
    since: float | None = None
    until: float | None = None
    model: str | None = None
    status: str | None = None


def check_content_type(content_type: str | None) -> None:
    """Reject a body that is not sent as JSON."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise InvalidRequestError(
            f"Unsupported content type: '{kind}'. This API method only accepts 'application/json' "
            f"requests, but you specified the header 'Content-Type: {kind}'. Please try again with "
            "a supported content type.",
            None,
            "unsupported_content_type",
        )


def parse_json(body: bytes) -> Json:
    """Parse a body."""
    try:
        return json.loads(body, parse_constant=_reject_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise ApiError(
            400, "INVALID_PARAMETER", "The body is not valid JSON.", str(error)
        ) from error


def parse_object(body: Json) -> JsonObject:
    """The fields of a JSON body."""
    if not is_object(body):
        raise ApiError(400, "INVALID_PARAMETER", "The body must be a JSON object.")
    return body


def parse_prediction(body: Json) -> PredictionRequest:
    """Parse the JSON body of `POST /predict`."""
    fields = parse_object(body)
    for name in ("model", "input"):
        if fields.get(name) is None:
            raise _invalid(name, f"The {name} field is required.")
    for name, kind in _PREDICTION.items():
        _check_field(name, fields.get(name), {"type": kind})
    return PredictionRequest(
        model=fields["model"],
        input=fields["input"],
        wait=bool(fields.get("await")),
        stream=bool(fields.get("stream")),
        webhook=_webhook(fields.get("webhook")),
    )


def check_input(model: Model, given: Mapping[str, Json]) -> None:
    """Check an input against a model's schema: `required`, `type`, `enum`, `minimum`, `maximum`.

    Other keywords only describe, and fields that the schema does not name are accepted: the
    platform's schemas have no `additionalProperties`.
    """
    for name in model.required:
        if given.get(name) is None:
            raise _invalid(f"input.{name}", f"The input.{name} field is required.")
    for name, schema in model.inputs.items():
        _check_field(f"input.{name}", given.get(name), schema)


def parse_list_query(query: list[tuple[str, str]]) -> ListQuery:
    """Parse the query string of `GET /predictions`."""
    given = dict(query)
    if len(given) < len(query):
        raise ApiError(400, "INVALID_PARAMETER_COMBINATION", "A parameter was given twice.")
    since, until = _day(given, "from"), _day(given, "to")
    if since and until and since > until:
        raise ApiError(400, "INVALID_DATE_RANGE", "The from date is after the to date.")
    return ListQuery(
        page=_integer(given, "page", 1, low=1, high=10**9),
        per_page=_integer(given, "per_page", 20, low=1, high=50),
        since=since.timestamp() if since else None,
        until=until.timestamp() + _DAY_SECONDS if until else None,
        model=given.get("model"),
        status=given.get("status"),
    )


_PREDICTION: Final = {"model": "string", "input": "object", "await": "boolean", "stream": "boolean"}

_TYPES: Final[Mapping[str, Callable[[Json], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _TYPES["number"](value) and value % 1 == 0,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": is_object,
}


def mismatch(value: Json, schema: JsonObject) -> str | None:
    """What a value must be and is not: of a type, one of an `enum`, within its bounds.

    Example:
        >>> mismatch(3, {"type": "number", "maximum": 2})
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


def _check_field(name: str, value: Json, schema: JsonObject) -> None:
    if value is not None and (expected := mismatch(value, schema)):
        raise _invalid(name, f"The {name} field must be {expected}.")


def _invalid(field: str, message: str) -> ApiError:
    return ApiError(422, "VALIDATION_ERROR", message, f"field: {field}")


def _webhook(value: Json) -> JsonObject | None:
    if value is None:
        return None
    if isinstance(value, str):
        return {"url": value, "events": []}
    if not is_object(value):
        raise _invalid("webhook", "The webhook field must be an object or a URL.")
    _check_field("webhook.url", value.get("url"), {"type": "string"})
    _check_field("webhook.events", value.get("events"), {"type": "array"})
    return {"url": value.get("url"), "events": value.get("events") or []}


def _integer(given: Mapping[str, str], name: str, default: int, *, low: int, high: int) -> int:
    text = given.get(name, str(default))
    value = int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else low - 1
    if not low <= value <= high:
        raise ApiError(
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
        raise ApiError(
            400, "INVALID_DATE_FORMAT", f"{name} must be a date such as 2026-01-31."
        ) from error


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is too large")
    return number


def _reject_constant(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")
