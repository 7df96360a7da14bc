"""Parsing of request bodies; what is missing or wrong raises an `ApiError`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from skytells.local.errors import ApiError
from skytells.local.json_values import Json, JsonObject, is_object

T = TypeVar("T")


def invalid(message: str) -> ApiError:
    """The error for a request that is wrong."""
    return ApiError(400, "INVALID_PARAMETER", message)


def parse_fields(body: Json) -> JsonObject:
    """The fields of a body."""
    if not is_object(body):
        raise invalid("The body must be a JSON object")
    return body


def required_text(fields: JsonObject, name: str) -> str:
    """The text in a field."""
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise invalid(f"{name} is required")
    return value


def find(things: Mapping[str, T], id: str, kind: str) -> T:
    """The thing with an id."""
    try:
        return things[id]
    except KeyError:
        raise ApiError(404, "NOT_FOUND", f"There is no {kind} {id!r}.") from None
