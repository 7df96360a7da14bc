"""Bodies of the Orchestrator's requests, read; each wrong one becomes a `Refusal`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from skytells.local.prediction_json import Json, JsonObject, Refusal
from skytells.local.requests import is_object

T = TypeVar("T")


def bad(message: str) -> Refusal:
    """A refusal of what was asked for."""
    return Refusal(400, "INVALID_PARAMETER", message)


def fields_of(body: Json) -> JsonObject:
    """The fields of a body.

    Raises:
        Refusal: 400, it is no object.
    """
    if not is_object(body):
        raise bad("The body must be a JSON object")
    return body


def text_of(fields: JsonObject, name: str) -> str:
    """The words in a field.

    Raises:
        Refusal: 400, there are none.
    """
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise bad(f"{name} is required")
    return value


def found(things: Mapping[str, T], id: str, what: str) -> T:
    """One of several things.

    Raises:
        Refusal: 404, there is none of this id.
    """
    try:
        return things[id]
    except KeyError:
        raise Refusal(404, "NOT_FOUND", f"There is no {what} {id!r}.") from None
