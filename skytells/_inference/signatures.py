"""What a function takes, as a schema that a model sees and a pydantic class that checks what it sends."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Annotated, Any, Final, TypeAlias, cast, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.fields import FieldInfo

from .._data.checks import clean, shown
from ..errors import InvalidRequestError

AnyTool: TypeAlias = Callable[..., object]
"""A typed function, or a `Tool`."""

_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_VARIABLE: Final = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
_REASON: Final = 200


def layers(function: AnyTool) -> Iterator[Any]:
    """A function, and what it is made of: partials and wrappers are taken off, one by one."""
    layer: Any = function
    while True:
        yield layer
        if isinstance(layer, partial):
            layer = layer.func
        elif hasattr(layer, "__wrapped__"):
            layer = layer.__wrapped__
        else:
            return


def checked_name(function: AnyTool, name: str | None) -> str:
    """The name that is sent: the one that was given, or else the function's own."""
    if name is None:
        first = next(layer for layer in layers(function) if not isinstance(layer, partial))
        name = getattr(first, "__name__", type(first).__name__)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidRequestError.of(
            f"{shown(name)} cannot be the name of a tool: it has 1 to 64 letters, digits, _ and -. "
            "Give one with skytells.tool(name=…)."
        )
    return name


def docstring_of(function: AnyTool) -> str:
    """Of an object that can be called, what its `__call__` or else its class says."""
    *_, inner = layers(function)
    if inspect.isroutine(inner):
        return inspect.getdoc(inner) or ""
    kind: Any = cast(object, inner).__class__
    return kind.__call__.__doc__ or inspect.getdoc(kind) or ""


def signature_of(function: AnyTool, name: str) -> inspect.Signature:
    """What a model may send, with resolved types; what a partial has decided is not among it."""
    *_, inner = layers(function)
    try:
        signature = inspect.signature(function)
        hints = get_type_hints(
            inner if inspect.isroutine(inner) else type(inner).__call__, include_extras=True
        )
    except (TypeError, ValueError, NameError, AttributeError, SyntaxError) as error:
        where = "; types are found where a module defines them" * isinstance(error, NameError)
        raise _unusable(name, f"its types cannot be read: {error}{where}") from error
    decided = {
        key for layer in layers(function) if isinstance(layer, partial) for key in layer.keywords
    }
    free = [p for p in signature.parameters.values() if p.name not in decided]
    for parameter in free:
        if parameter.kind in _VARIABLE:
            what = str(parameter).partition(":")[0]
            raise _unusable(name, f"a model cannot fill {what}; spell its parameters out")
        if parameter.name not in hints:
            hint = ", or pass the method of an object" * (parameter.name in {"self", "cls"})
            raise _unusable(name, f"{parameter.name!r} has no type; annotate it{hint}")
    return signature.replace(
        parameters=[p.replace(annotation=hints[p.name]) for p in free],
        return_annotation=inspect.Signature.empty,
    )


def has_default(parameter: inspect.Parameter) -> bool:
    """Whether a function has a value of its own; that of a `Field(…)` is known to pydantic alone."""
    default = parameter.default
    return default is not inspect.Parameter.empty and not isinstance(default, FieldInfo)


def fields_of(signature: inspect.Signature) -> dict[str, inspect.Parameter]:
    """The parameters by the names of fields: many names, as `copy`, cannot be a field's."""
    return {f"a{place}": each for place, each in enumerate(signature.parameters.values())}


def model_of(signature: inspect.Signature, name: str) -> type[BaseModel]:
    """A class that checks arguments, and makes them the types of the parameters."""
    shapes: dict[str, Any] = {
        field: (
            _named(parameter.annotation, parameter.name),
            ... if parameter.default is inspect.Parameter.empty else parameter.default,
        )
        for field, parameter in fields_of(signature).items()
    }
    try:
        return create_model(name, __config__=ConfigDict(extra="forbid"), **shapes)
    except Exception as error:  # whatever a type of the user's raises
        raise _unusable(
            name, f"no schema can be made of it: {clean(str(error), _REASON)}"
        ) from error


def _named(annotation: Any, name: str) -> Any:
    """A type whose field has this name on the wire, unless it says another one itself."""
    # Not by an alias generator: those inside dataclasses would be asked of it, too.
    alias = Field(alias=name)
    if get_origin(annotation) is Annotated:
        kind, *more = get_args(annotation)
        return Annotated[(kind, alias, *more)]
    return Annotated[annotation, alias]


def schema_of(
    model: type[BaseModel], signature: inspect.Signature, arguments: Mapping[str, str], name: str
) -> dict[str, Any]:
    from pydantic.json_schema import GenerateJsonSchema  # here: most programs make no tools

    class Plain(GenerateJsonSchema):
        """Without titles, which tell a model nothing and cost tokens."""

        ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012  # as pydantic has it

        def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # of none
            return False

    try:
        schema = model.model_json_schema(schema_generator=Plain)
    except Exception as error:  # whatever a type of the user's raises
        raise _unusable(
            name, f"no schema can be made of it: {clean(str(error), _REASON)}"
        ) from error
    schema.pop("title", None)
    properties: dict[str, Any] = schema.setdefault("properties", {})
    for field, parameter in fields_of(signature).items():
        wire = properties.get(str(model.model_fields[field].validation_alias))
        if wire is not None and parameter.name in arguments:
            wire.setdefault("description", arguments[parameter.name])
    return schema


def _unusable(name: str, reason: str) -> InvalidRequestError:
    return InvalidRequestError.of(f"The function {name!r} cannot be a tool: {reason}.")
