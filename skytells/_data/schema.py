"""What a model's JSON Schema says of its inputs, references inside it followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .checks import as_list, as_object, is_mapping


def properties(schema: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The inputs by name, each with what it refers to laid under it."""
    given = as_object(resolved(schema, schema).get("properties")) or {}
    return {name: resolved(part, schema) for name, part in given.items()}


def required(schema: Mapping[str, Any]) -> list[Any]:
    """The names of inputs that must be given."""
    return as_list(resolved(schema, schema).get("required")) or []


def resolved(part: object, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A part of a schema with what it refers to inside the schema laid under it."""
    own = dict(part) if is_mapping(part) else {}
    under: dict[str, Any] = {}
    for step in [own, *map(as_object, as_list(own.get("allOf")) or [])]:
        if step is not None and isinstance(step.get("$ref"), str):
            under |= _target(step["$ref"], schema)
    return under | own


def _target(reference: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(schema)
    for key in reference.removeprefix("#/").split("/"):
        found = as_object(found.get(key)) or {}
    return found


URI_FORMATS: Final[tuple[str, ...]] = ("uri", "url")


def takes_uri(
    part: object, schema: Mapping[str, Any], steps: Sequence[str | int], depth: int = 0
) -> bool:
    """Whether a part of a schema, or what is at some steps inside it, takes a URI."""
    here = resolved(part, schema)
    options = [option for name in _CHOICES for option in as_list(here.get(name)) or []]
    if depth < _DEEPEST and any(takes_uri(o, schema, steps, depth + 1) for o in options):
        return True
    if not steps:
        return here.get("format") in URI_FORMATS
    first, rest = steps[0], steps[1:]
    named = as_object(here.get("properties")) or {}
    inner = here.get("items") if isinstance(first, int) else named.get(first)
    return depth < _DEEPEST and takes_uri(inner, schema, rest, depth + 1)


def takes_audio(schema: Mapping[str, Any], steps: Sequence[str | int]) -> bool:
    """Whether an input, by its name or by what its schema says of it, is a sound."""
    part: Mapping[str, Any] = resolved(schema, schema)
    words = list[str]()
    for step in steps:
        inner = part.get("items") if isinstance(step, int) else properties(part).get(step)
        part = resolved(inner, schema)
        words += [str(step), str(part.get("title")), str(part.get("contentMediaType"))]
    return any("audio" in word.lower() for word in words)


_CHOICES: Final = ("anyOf", "oneOf", "allOf")
_DEEPEST: Final = 8
