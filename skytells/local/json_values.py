"""JSON values as Python has them."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeGuard

Json: TypeAlias = Any
"""Any JSON value. Tests index it freely, so it is not spelled out."""

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object."""


def is_object(value: Json) -> TypeGuard[JsonObject]:
    """Whether a value is an object."""
    return isinstance(value, dict)


def is_array(value: Json) -> TypeGuard[list[Any]]:
    """Whether a value is an array."""
    return isinstance(value, list)


def object_in(value: Json, name: str) -> JsonObject:
    """The object in a field of an object, or an empty one."""
    field = value.get(name) if is_object(value) else None
    return field if is_object(field) else {}
