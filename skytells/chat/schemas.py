"""JSON schemas for strict mode, in which a model cannot write anything that does not fit.

Strict mode knows a part of JSON Schema: objects are closed, and all their fields are required. What
narrows a value in ways that it does not know is told to the model in words, in the description.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from .._data.checks import is_list, is_mapping

_KNOWN: Final = {
    *("$ref", "type", "enum", "const", "title", "description", "required", "additionalProperties"),
    *("pattern", "multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("minItems", "maxItems"),
}
_FORMATS: Final = {
    *("date-time", "date", "time", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"),
}
_UNSAYABLE: Final = {
    *("prefixItems", "patternProperties", "not", "if", "then", "else"),
    *("dependentRequired", "dependentSchemas", "unevaluatedProperties", "unevaluatedItems"),
}
_KINDS: Final = {"$ref", "type", "enum", "const", "anyOf"}
"""One of these says what a value is; without any, it may be anything."""


class _UnsayableError(Exception):
    """Strict mode has no words for a part of a schema."""


def strict_schema(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """The same schema as strict mode wants it; `None` where strict mode cannot say it.

    It cannot say what is open, as `dict[str, int]` and `Any` are, nor what a tuple is.

    Example:
        >>> strict_schema({"type": "object", "properties": {"x": {"type": "string", "minLength": 2}}})
        {'type': 'object', 'properties': {'x': {'type': 'string', 'description': 'minLength: 2'}}, \
'additionalProperties': False, 'required': ['x']}
        >>> strict_schema({"type": "object", "additionalProperties": {"type": "integer"}})
    """
    try:
        return _strict(schema)
    except _UnsayableError:
        return None


def at_root(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema whose root is no reference, as that of a type that holds itself is."""
    found: dict[str, Any] = dict(schema)
    match found:
        case {"$ref": str(reference)} | {"allOf": [{"$ref": str(reference)}]}:
            name = reference.removeprefix("#/$defs/")
        case _:
            return found
    if name not in found.get("$defs", {}):
        return found
    own = {key: value for key, value in found.items() if key not in {"$ref", "allOf"}}
    return {**found["$defs"][name], **own}


def _strict(part: object) -> dict[str, Any]:
    if not is_mapping(part) or not _UNSAYABLE.isdisjoint(part):
        raise _UnsayableError
    made: dict[str, Any] = {}
    said = [str(part["description"])] if part.get("description") else []
    for name, value in part.items():
        if name in {"properties", "$defs"} and is_mapping(value):
            made[name] = {key: _strict(inner) for key, inner in value.items()}
        elif name == "items":
            made[name] = _strict(value)
        elif name in {"anyOf", "oneOf", "allOf"}:
            made["anyOf"] = _choices(name, value, made)
        elif name in _KNOWN or (name == "format" and value in _FORMATS):
            made[name] = value
        elif name != "discriminator" and value is not None:
            said.append(f"{name}: {json.dumps(value, default=str)}")
    if said:
        made["description"] = "; ".join(said)
    if "$ref" in made and len(made) > 1:
        # Nothing may stand beside a reference.
        made["anyOf"] = [{"$ref": made.pop("$ref")}]
    return _closed(made)


def _choices(name: str, value: object, made: Mapping[str, Any]) -> list[dict[str, Any]]:
    if "anyOf" in made or not is_list(value) or (name == "allOf" and len(value) > 1):
        raise _UnsayableError
    return [_strict(option) for option in value]


def _closed(made: dict[str, Any]) -> dict[str, Any]:
    kind = made.get("type")
    if _KINDS.isdisjoint(made) or (kind == "array" and "items" not in made):
        raise _UnsayableError
    if kind != "object":
        return made
    if "properties" not in made or made.get("additionalProperties"):
        raise _UnsayableError
    return {**made, "additionalProperties": False, "required": list(made["properties"])}
