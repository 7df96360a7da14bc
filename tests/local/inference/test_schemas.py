"""Instances of schemas, for structured output and for the arguments of tool calls."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from enum import Enum
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from skytells.local.inference.patterns import matching_string
from skytells.local.inference.schemas import instance
from skytells.local.json_values import JsonObject

PROMPT = 'How warm is it in Paris, and in "New York", for the next 3 days?'


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Tree(BaseModel):
    name: str
    children: list[Tree]
    parent: Tree | None = None


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = Field(ge=1, le=9)


class Dog(BaseModel):
    kind: Literal["dog"]


class Everything(BaseModel):
    """Most of what pydantic makes schemas of."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=30, max_length=40)
    code: str = Field(pattern=r"^[A-Z]{2}-\d{4}$")
    age: int = Field(gt=17, lt=20)
    share: float = Field(ge=0, le=1)
    below: float = Field(lt=-3.5)
    step: int = Field(multiple_of=7, ge=8)
    on: dt.date
    at: dt.datetime
    by: dt.time
    id: uuid.UUID
    colour: Colour
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    tags: list[str] = Field(min_length=3, max_length=3)
    flags: set[Colour]
    pair: tuple[int, str]
    counts: dict[str, int]
    maybe: int | None
    either: int | str
    ready: bool
    nothing: None
    tree: Tree


def test_an_instance_of_a_large_model_validates() -> None:
    made = instance(Everything.model_json_schema(), PROMPT)
    assert Everything.model_validate(made, strict=False)
    assert made == instance(Everything.model_json_schema(), PROMPT)


def test_names_and_numbers_come_from_the_prompt() -> None:
    schema: JsonObject = {
        "properties": {
            "city": {"type": "string"},
            "other": {"type": "string"},
            "days": {"type": "integer", "minimum": 1},
            "unit": {"enum": ["celsius", "WARM"]},
        }
    }
    assert instance(schema, PROMPT) == {
        "city": "Paris",
        "other": "New York",
        "days": 3,
        "unit": "WARM",
    }


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"const": 7}, 7),
        ({"enum": ["a", "b"]}, "a"),
        ({"type": ["null", "string"]}, "value 1"),
        ({"type": "null"}, None),
        ({"type": ["null"]}, None),
        ({}, "value 1"),
        ({"items": {"type": "boolean"}}, [True, True]),
        ({"type": "array", "items": {"enum": [1, 2]}, "uniqueItems": True}, [1, 2]),
        ({"type": "array", "items": {"const": 1}, "uniqueItems": True}, [1]),
        ({"type": "array", "maxItems": 0, "items": {}}, []),
        (
            {
                "$defs": {"B": {"required": ["b"], "properties": {"b": {"const": 2}}}},
                "required": ["a"],
                "properties": {"a": {"const": 1}},
                "$ref": "#/$defs/B",
            },
            {"b": 2, "a": 1},
        ),
        ({"allOf": [{"required": ["a"]}, {"properties": {"a": {"const": 1}}}]}, {"a": 1}),
        ({"required": ["a"], "additionalProperties": {"const": 2}}, {"a": 2}),
        ({"type": "object", "minProperties": 2}, {"key_1": "key_1 1", "key_2": "key_2 2"}),
        ({"type": "number", "maximum": -2.5}, -2.5),
        ({"type": "integer", "exclusiveMaximum": 5}, 1),
        ({"anyOf": [{"type": "null"}, {"const": 3}]}, 3),
        ({"type": "string", "format": "email"}, "fox@example.com"),
    ],
)
def test_a_keyword_is_kept(schema: JsonObject, value: object) -> None:
    assert instance(schema) == value


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": False}},
        {"$ref": "#/$defs/nobody"},
        {"$ref": "#"},
        {"enum": []},
        {"type": "integer", "minimum": 1.2, "maximum": 1.8},
        {"type": "string", "pattern": "(?=a)b"},
        {"type": "array", "minItems": 1_000_000_000},
        {"properties": 7},
        {
            "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}},
            "required": ["a", "b"],
        },
        {"type": "string", "pattern": "(?P<n>a)(?P<n>a)"},
        {
            "$defs": {"A": {"required": ["a"], "properties": {"a": {"$ref": "#/$defs/A"}}}},
            "$ref": "#/$defs/A",
        },
    ],
)
def test_a_schema_without_an_instance_is_refused(schema: JsonObject) -> None:
    with pytest.raises(ValueError, match=r"schema|enum|number|pattern"):
        instance(schema)


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[A-Z]{3}-\d+$",
        r"a|b",
        r"(?:x|y){2,5}?z*",
        r"(?P<year>\d{4})-(\d\d)",
        r"\w+@\w+\.(com|org)",
        r"[^a-z]\s\S.\t",
        r"[\]x]",
        r"\bfox\b",
        r"[-]?[0-9]{,3}",
        r"\D\W",
        r"{",
    ],
)
def test_a_string_matches_a_pattern(pattern: str) -> None:
    assert re.search(pattern, matching_string(pattern))


@pytest.mark.parametrize(
    "pattern", [r"(a", r"(?!a)", r"[a", "\\", r"a)", r"a{999999}", r"[z-a]", r"[^\x00-\x7f]"]
)
def test_an_unsupported_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"pattern|set of|character"):
        matching_string(pattern)


def test_a_tree_comes_to_an_end() -> None:
    made = instance(TypeAdapter(Tree).json_schema())
    assert Tree.model_validate(made)
