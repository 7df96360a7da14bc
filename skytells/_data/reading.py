"""How a record reads what the server sent: all its fields in one go, by pydantic's core.

The fields are those of the pydantic model; a field of an unexpected kind takes its default, where
pydantic would refuse the record. A record inside is not read until it is touched itself. Nothing of
the model's own validator is built, which would first look for plugins among all that is installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Final, Union, get_args, get_origin

from pydantic import ConfigDict, SkipValidation
from pydantic_core import PydanticUndefined, SchemaValidator, core_schema

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo
    from pydantic_core import CoreSchema

_NONE: Final = type(None)
_UNIONS: Final = (Union, type(int | None))
_CONFIG: Final = core_schema.CoreConfig(coerce_numbers_to_str=True)
_PLAIN: Final[dict[Any, CoreSchema]] = {
    Any: core_schema.any_schema(),
    str: core_schema.str_schema(),
    bool: core_schema.bool_schema(),
    int: core_schema.int_schema(),
    float: core_schema.float_schema(),
}


def reader(cls: type[BaseModel]) -> SchemaValidator:
    """What turns a wire dict into the attributes of a record."""
    fields = {
        name: core_schema.model_field(_leniently(field), validation_alias=field.alias)
        for name, field in cls.model_fields.items()
    }
    return SchemaValidator(core_schema.model_fields_schema(fields), _CONFIG)


def _leniently(field: FieldInfo) -> CoreSchema:
    schema = _of_field(field)
    if field.default_factory is not None:
        factory = field.get_default
        return core_schema.with_default_schema(
            schema, default_factory=lambda: factory(call_default_factory=True), on_error="default"
        )
    if field.default is PydanticUndefined:
        return schema
    return core_schema.with_default_schema(schema, default=field.default, on_error="default")


def _of_field(field: FieldInfo) -> CoreSchema:
    if SkipValidation in field.metadata:
        return core_schema.any_schema()
    modes = [mark.union_mode for mark in field.metadata if hasattr(mark, "union_mode")]
    if len(modes) < len(field.metadata):
        return _by_pydantic(Annotated[field.annotation, *field.metadata])
    return _of(field.annotation, ordered="left_to_right" in modes)


def _of(kind: Any, *, ordered: bool = False) -> CoreSchema:
    origin, args = get_origin(kind), get_args(kind)
    if kind in _PLAIN:
        return _PLAIN[kind]
    if origin in _UNIONS:
        given = _one_of([_of(kind) for kind in args if kind is not _NONE], ordered=ordered)
        return core_schema.nullable_schema(given) if _NONE in args else given
    if origin is list:
        return core_schema.list_schema(_of(args[0]))
    if origin is dict:
        return core_schema.dict_schema(_of(args[0]), _of(args[1]))
    if hasattr(kind, "from_wire"):
        wire = core_schema.is_instance_schema(dict)
        return core_schema.no_info_after_validator_function(kind.from_wire, wire)
    if isinstance(kind, type) and issubclass(kind, Enum):
        members = core_schema.enum_schema(kind, list(kind), sub_type="str")
        # Releases of pydantic differ in whether they ask `_missing_`; the class itself does.
        asked = core_schema.no_info_plain_validator_function(kind)
        return core_schema.union_schema([members, asked], mode="left_to_right")
    return _by_pydantic(kind)


def _one_of(choices: Sequence[CoreSchema], *, ordered: bool) -> CoreSchema:
    if len(choices) == 1:
        return choices[0]
    return core_schema.union_schema([*choices], mode="left_to_right" if ordered else "smart")


def _by_pydantic(kind: Any) -> CoreSchema:
    """What only pydantic knows how to read, such as a type with a validator of its own."""
    from pydantic import TypeAdapter  # here: hardly a record needs it

    return TypeAdapter(kind, config=ConfigDict(coerce_numbers_to_str=True)).core_schema
