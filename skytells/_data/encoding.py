"""How pydantic, and so FastAPI, validates and encodes what is not a record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic_core import CoreSchema, core_schema

T = TypeVar("T")


def wire_schema(kind: type[T], to_wire: Callable[[T], dict[str, Any]]) -> CoreSchema:
    """The schema of a class whose instances are taken as they are, and encoded as a JSON object."""
    encoded = core_schema.plain_serializer_function_ser_schema(
        to_wire, return_schema=core_schema.dict_schema(core_schema.str_schema())
    )
    return core_schema.json_or_python_schema(
        json_schema=core_schema.dict_schema(core_schema.str_schema()),
        python_schema=core_schema.is_instance_schema(kind),
        serialization=encoded,
    )
