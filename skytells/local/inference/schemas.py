"""Instances of JSON Schemas, filled with names and numbers of a prompt.

It supports the keywords that schemas of types use, such as those of pydantic, and raises an error for
a schema without an instance.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from skytells.local.json_values import Json, JsonObject, is_array, is_object, object_in

from .patterns import matching_string

_REQUIRED_ONLY: Final = 5
"""The depth from which optional parts are left out, so that recursive schemas end."""

_MAX_DEPTH: Final = 40
_MAX_SIZE: Final = 10_000
_DECODER: Final = json.JSONDecoder()

_NAMES: Final = re.compile(r"[\"“]([^\"”]+)[\"”]|(?<=[\w,;:] )([A-ZÀ-Þ]\w+(?: [A-ZÀ-Þ]\w+)*)")
_NUMBERS: Final = re.compile(r"(?<![\w.])-?\d{1,15}(?:\.\d{1,6})?(?!\w)")

_DESCRIBED: Final = re.compile(
    r"(?:^|; )(format|minLength|maxLength|uniqueItems|minProperties): (\"[\w-]+\"|\d+|true)(?=;|$)"
)
"""Keywords in a description, where strict schemas have those that they do not support."""

_FORMATS: Final[Mapping[str, str]] = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "P1D",
    "email": "fox@example.com",
    "hostname": "example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000001",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
}


def instance(schema: JsonObject, prompt: str = "") -> Json:
    """A value that fits a schema.

    Args:
        schema: The schema; `$ref` may refer to parts of it.
        prompt: The text whose names and numbers are used.

    Raises:
        ValueError: There is none, or it is not supported.

    Example:
        >>> instance({"properties": {"city": {"type": "string"}}}, "How warm is it in Paris?")
        {'city': 'Paris'}
    """
    try:
        return _Generator(schema, prompt).value(schema, "value", 0)
    except (TypeError, AttributeError, KeyError, IndexError, OverflowError) as error:
        raise ValueError(f"the schema is invalid ({error})") from error


def written_schema(texts: Iterable[str]) -> JsonObject | None:
    """The last JSON Schema of an object in some texts.

    Example:
        >>> written_schema(['Fit {"properties": {"city": {"type": "string"}}}, please.'])
        {'properties': {'city': {'type': 'string'}}}
    """
    schemas = [schema for text in texts for _, _, schema in _schemas(text)]
    return schemas[-1] if schemas else None


def without_schemas(text: str) -> str:
    """A text without the schemas in it."""
    kept, end = "", 0
    for first, last, _ in _schemas(text):
        kept, end = kept + text[end:first], last
    return kept + text[end:]


def _schemas(text: str) -> Iterator[tuple[int, int, JsonObject]]:
    """The schemas in a text, each with its first position and the one after it."""
    place = text.find("{") if '"properties"' in text else -1
    while place >= 0:
        try:
            value, end = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            end = place + 1
        else:
            properties = object_in(value, "properties")
            if properties and all(map(is_object, properties.values())):
                yield place, end, value
        place = text.find("{", end)


class _Generator:
    """Generates one instance; names and numbers are used in the order of the prompt."""

    def __init__(self, root: JsonObject, prompt: str) -> None:
        self._root = root
        self._prompt = prompt
        self._names = [quoted or name for quoted, name in _NAMES.findall(prompt)]
        self._numbers = [float(number) for number in _NUMBERS.findall(prompt)]
        self._strings = 0
        self._count = 0

    def value(self, schema: Json, name: str, depth: int) -> Json:
        self._count += 1
        if depth > _MAX_DEPTH or self._count > _MAX_SIZE:
            raise ValueError(f"the schema of {name!r} is too deep or too large")
        schema = self._resolved(schema, depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._choice(schema["enum"])
        match _kind(schema):
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case "integer" | "number" as kind:
                return self._number(schema, whole=kind == "integer")
            case "boolean":
                return True
            case "null":
                return None
            case _:
                return self._string(schema, name)

    def _resolved(self, schema: Json, depth: int) -> JsonObject:
        """A schema with its references and alternatives resolved."""
        if schema is False:
            raise ValueError("nothing fits the schema `false`")
        resolved: JsonObject = dict(schema) if is_object(schema) else {}
        for _ in range(_MAX_DEPTH):
            if "$ref" in resolved:
                resolved = _merged(self._target(resolved.pop("$ref")), resolved)
            elif "allOf" in resolved:
                for part in resolved.pop("allOf"):
                    resolved = _merged(resolved, part)
            elif options := resolved.pop("anyOf", None) or resolved.pop("oneOf", None):
                resolved = _merged(resolved, self._alternative(options, depth))
            else:
                described = _DESCRIBED.findall(str(resolved.get("description", "")))
                return {**{name: json.loads(value) for name, value in described}, **resolved}
        raise ValueError("a schema refers to itself")

    def _alternative(self, options: list[Json], depth: int) -> Json:
        nothing = [option for option in options if option == {"type": "null"}]
        if nothing and depth >= _REQUIRED_ONLY:
            return nothing[0]
        return next((option for option in options if option not in nothing), options[0])

    def _target(self, pointer: str) -> JsonObject:
        found: Json = self._root
        for step in pointer.removeprefix("#").split("/")[1:]:
            try:
                found = found[step.replace("~1", "/").replace("~0", "~")]
            except (KeyError, TypeError):
                raise ValueError(f"the schema has no {pointer!r}") from None
        return dict(found)

    def _choice(self, options: list[Json]) -> Json:
        if not options:
            raise ValueError("an `enum` is empty")
        prompt = self._prompt.lower()
        named = (option for option in options if str(option).lower() in prompt)
        return next(named, options[0])

    def _object(self, schema: JsonObject, depth: int) -> JsonObject:
        properties: JsonObject = schema.get("properties", {})
        required = schema.get("required", ())
        wanted = [name for name in properties if name in required or depth < _REQUIRED_ONLY]
        made = {name: self.value(properties[name], name, depth + 1) for name in wanted}
        more = schema.get("additionalProperties", {})
        for name in required:
            if name not in made:
                made[name] = self.value(more, name, depth + 1)
        least = schema.get(
            "minProperties", 1 if more and not properties and depth < _REQUIRED_ONLY else 0
        )
        for number in range(1, _limited(least) - len(made) + 1):
            made[f"key_{number}"] = self.value(more, f"key_{number}", depth + 1)
        return made

    def _array(self, schema: JsonObject, name: str, depth: int) -> list[Json]:
        first = schema.get("prefixItems", ())
        least = schema.get("minItems", 0)
        usual = 2 if schema.get("items") and depth < _REQUIRED_ONLY else 0
        size = min(max(usual, least, len(first)), schema.get("maxItems", math.inf))
        made: list[Json] = []
        for place in range(_limited(int(size))):
            item = first[place] if place < len(first) else schema.get("items", {})
            value = self.value(item, name, depth + 1)
            if schema.get("uniqueItems") and value in made:
                value = self._unused_value(item, made)
            if value is not None or not schema.get("uniqueItems"):
                made.append(value)
        return made

    def _unused_value(self, item: JsonObject, made: list[Json]) -> Json:
        """A value of an `enum` that is not used yet, if there is one."""
        options = self._resolved(item, 0).get("enum", ())
        return next((option for option in options if option not in made), None)

    def _number(self, schema: JsonObject, *, whole: bool) -> float:
        step = schema.get("multipleOf", 1 if whole else None)
        low = _lower_bound(schema, "minimum", "exclusiveMinimum", step)
        high = -_lower_bound(
            {name: -limit for name, limit in schema.items() if name.endswith("aximum")},
            "maximum",
            "exclusiveMaximum",
            step,
        )
        named = (number for number in self._numbers if low <= number <= high)
        usual = low if low > -math.inf else min(1.0, high)
        value = next((number for number in named if not step or number % step == 0), usual)
        if step:
            value = math.ceil(round(value / step, 9)) * step
        if (
            not low <= value <= high
            and (value := math.floor(high / (step or 1)) * (step or 1)) < low
        ):
            raise ValueError("no number is within the bounds")
        if value in self._numbers:
            self._numbers.remove(value)
        return int(value) if value == int(value) else value

    def _string(self, schema: JsonObject, name: str) -> str:
        if pattern := schema.get("pattern"):
            return matching_string(pattern)
        if known := _FORMATS.get(str(schema.get("format"))):
            return known
        self._strings += 1
        names = self._names or [f"{name} {self._strings}"]
        text: str = names[(self._strings - 1) % len(names)]
        least: int = schema.get("minLength", 0)
        most: int | None = schema.get("maxLength")
        return text.ljust(_limited(least), ".")[:most]


def _limited(size: int) -> int:
    """A size that is not too large."""
    if size > _MAX_SIZE:
        raise ValueError(f"the schema requires {size} of something")
    return size


def _kind(schema: JsonObject) -> str:
    kind = schema.get("type")
    if is_array(kind):
        kind = next((one for one in kind if one != "null"), "null")
    if kind is not None:
        return str(kind)
    if "properties" in schema or "required" in schema:
        return "object"
    return "array" if "items" in schema or "prefixItems" in schema else "string"


def _merged(one: JsonObject, other: Json) -> JsonObject:
    """A schema that combines two."""
    more: JsonObject = dict(other) if is_object(other) else {}
    both = {**one, **more}
    for name in ("properties", "$defs"):
        if name in one and name in more:
            both[name] = {**one[name], **more[name]}
    if "required" in one and "required" in more:
        both["required"] = [*one["required"], *more["required"]]
    return both


def _lower_bound(schema: JsonObject, name: str, exclusive: str, step: float | None) -> float:
    """The lower bound of a number."""
    low = float(schema.get(name, -math.inf))
    if (beyond := schema.get(exclusive)) is not None:
        low = max(low, beyond + (step or max(abs(beyond), 1.0) * 1e-9))
    return low
