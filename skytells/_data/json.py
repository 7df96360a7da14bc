"""JSON as it is sent: compact, without what JSON does not have, and naming what it cannot carry.

The standard library's `json` loads when something is sent: a first look needs none of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeGuard, cast

from pydantic_core import to_jsonable_python

from ..errors import InvalidRequestError
from .checks import ARRAY_LIBRARIES, is_mapping

if TYPE_CHECKING:
    from json import JSONEncoder


def to_json(value: object) -> bytes:
    """Encode as JSON, or name the value that cannot be carried."""
    try:
        return _encoded(value)
    except _UNFIT as error:
        where = _culprit(value, "", set())
        reason = error if where is not None else "it refers to itself or is nested too deeply"
        raise InvalidRequestError.of(
            f"JSON cannot carry {where or 'the body'}: {reason}."
        ) from None


def sent(value: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON object as it arrives: with lists for tuples, and strings for keys."""
    import json

    arrived: dict[str, Any] = json.loads(to_json(dict(value)))
    return arrived


_UNFIT: Final = (TypeError, ValueError, RecursionError)


def _encoded(value: object) -> bytes:
    return _encoder().encode(value).encode()


class _WithInputForm(Protocol):
    def __skytells_input__(self) -> Any:
        """What stands for it in an input."""


def has_input_form(value: object) -> TypeGuard[_WithInputForm]:
    """Whether something else stands for a value in an input, as a URL for a prediction."""
    return hasattr(type(value), "__skytells_input__")


def plain(value: object) -> Any:
    """What is encoded in place of a value that `json` does not know.

    Raises:
        TypeError: There is nothing.
    """
    if has_input_form(value):
        return value.__skytells_input__()
    if is_mapping(value):
        return dict(value)
    fields = fields_of(value)
    if fields is not None:
        return fields
    if type(value).__module__.partition(".")[0] in ARRAY_LIBRARIES and hasattr(value, "item"):
        return cast(Any, value).item()  # a number, or it fails: an array is a file
    if isinstance(value, _carried()):
        return to_jsonable_python(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def fields_of(value: object) -> dict[str, Any] | None:
    """The fields of a pydantic model or a dataclass."""
    if isinstance(value, type):
        return None
    if hasattr(value, "__pydantic_fields__"):
        dumped: dict[str, Any] = cast(Any, value).model_dump()
        return dumped
    if hasattr(value, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in cast(Any, value).__dataclass_fields__}
    return None


@cache
def _carried() -> tuple[type, ...]:
    """Classes of the standard library that have a form in JSON."""
    from datetime import date, time, timedelta  # here: few inputs have any of them
    from decimal import Decimal
    from enum import Enum
    from uuid import UUID

    return date, time, timedelta, Decimal, Enum, UUID


@cache
def _encoder() -> JSONEncoder:
    import json

    return json.JSONEncoder(
        allow_nan=False, ensure_ascii=False, separators=(",", ":"), default=plain
    )


def _fits(value: object) -> bool:
    try:
        _encoded(value)
    except _UNFIT:
        return False
    return True


def _culprit(value: object, path: str, seen: set[int], depth: int = 0) -> str | None:
    """Where the first value or key is that JSON cannot carry; `None` if each alone would do."""
    parts = pairs(value)
    if parts is None:
        return None if _fits(value) else path
    if id(value) in seen or depth > 100:
        return None
    seen.add(id(value))
    for key, item in parts:
        if not _fits({key: None}):
            return path
        found = _culprit(item, f"{path}.{key}" if path else str(key), seen, depth + 1)
        if found is not None:
            return found
    return None


def pairs(value: object) -> Iterable[tuple[Any, Any]] | None:
    """Keys and items of an object, places and items of an array; `None` for anything else."""
    if is_mapping(value):
        return value.items()
    return enumerate(cast("Sequence[Any]", value)) if isinstance(value, list | tuple) else None
