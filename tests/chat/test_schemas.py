"""Schemas in strict mode, and shapes made of types."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Annotated, Any, Generic, Literal, TypeVar

import jsonschema
import pytest
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, RootModel
from typing_extensions import TypedDict

from skytells.chat.parse import shape_of
from skytells.chat.schemas import at_root, strict_schema
from skytells.errors import ApiErrorId, InvalidRequestError
from skytells.local.inference.schemas import instance

T = TypeVar("T")


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: Annotated[int, Field(ge=0, le=9, description="How many are left")] = 9


class Dog(BaseModel):
    kind: Literal["dog"]


class Tree(BaseModel):
    """A tree."""

    name: str = Field(min_length=1)
    colour: Colour = Field(Colour.RED, description="Of its leaves")
    under: Tree | None = None
    trees: list[Tree] = []
    animal: Cat | Dog = Field(discriminator="kind")
    planted: date
    page: HttpUrl


class Box(BaseModel, Generic[T]):
    inside: T


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    x: int


@dataclass
class Point:
    x: int
    y: int = 0


class Place(TypedDict, total=False):
    city: str


def parts(schema: Any) -> list[dict[str, Any]]:
    """All schemas within one."""
    found = [schema]
    for name in ("properties", "$defs"):
        found += [p for inner in schema.get(name, {}).values() for p in parts(inner)]
    for inner in [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())]:
        found += parts(inner)
    return found


@pytest.mark.parametrize(
    "kind", [Tree, Cat, Point, Place, Box[Tree], Box[int], list[Tree], Colour, int, RootModel[int]]
)
def test_a_strict_schema_is_closed_complete_and_within_the_subset(kind: Any) -> None:
    shape = shape_of(kind)
    assert shape.strict
    assert shape.schema["type"] == "object"  # no reference, no choice
    for part in parts(shape.schema):
        assert not {"oneOf", "allOf", "discriminator", "default", "minLength"} & part.keys()
        assert part.get("format") != "uri"
        if part.get("type") == "object":
            assert part["additionalProperties"] is False
            assert part["required"] == list(part["properties"])
        if "$ref" in part:
            assert len(part) == 1
    jsonschema.Draft202012Validator.check_schema(shape.schema)


@pytest.mark.parametrize(
    "kind", [Tree, Cat, Point, Place, Box[Tree], list[Tree], Colour, int, Open, tuple[int, str]]
)
def test_what_fits_the_schema_can_be_read(kind: Any) -> None:
    shape = shape_of(kind)
    shape.read(json.dumps(instance(shape.schema, "A tree")))


def test_what_strict_mode_does_not_know_is_told_in_words() -> None:
    schema = strict_schema(Tree.model_json_schema()["$defs"]["Tree"])
    assert schema is not None
    properties = schema["properties"]
    assert properties["name"]["description"] == "minLength: 1"
    assert properties["colour"] == {
        "anyOf": [{"$ref": "#/$defs/Colour"}],
        "description": 'Of its leaves; default: "red"',
    }
    assert properties["planted"]["format"] == "date"
    assert 'format: "uri"' in properties["page"]["description"]
    assert "description" not in properties["under"]  # that nothing is the default is no news
    assert properties["animal"]["anyOf"] == [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}]
    lives = Cat.model_json_schema()["properties"]["lives"]
    assert strict_schema(lives) == {
        "description": "How many are left; default: 9",
        "maximum": 9,
        "minimum": 0,
        "title": "Lives",
        "type": "integer",
    }


def test_a_schema_is_left_as_it_was() -> None:
    schema = Tree.model_json_schema()
    before = json.dumps(schema)
    strict_schema(at_root(schema))
    assert json.dumps(schema) == before


OBJECT: dict[str, Any] = {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"title": "Any"},
        {"type": "object"},
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {**OBJECT, "additionalProperties": True},
        {"type": "array"},
        {"type": "array", "items": True},
        {"type": "array", "prefixItems": [{"type": "integer"}], "items": {"type": "integer"}},
        {**OBJECT, "properties": {"x": {"not": {"type": "null"}}}},
        {**OBJECT, "patternProperties": {"^x": {"type": "integer"}}},
        {"allOf": [{"type": "integer"}, {"minimum": 1}]},
        {"anyOf": [{"type": "integer"}], "oneOf": [{"type": "integer"}]},
        {"anyOf": {}},
    ],
)
def test_what_strict_mode_cannot_say_has_no_strict_schema(schema: Any) -> None:
    assert strict_schema(schema) is None


def test_a_reference_in_the_old_way_is_a_choice_of_one() -> None:
    old = {"allOf": [{"$ref": "#/$defs/X"}], "default": None, "description": "It"}
    assert strict_schema(old) == {"anyOf": [{"$ref": "#/$defs/X"}], "description": "It"}


@pytest.mark.parametrize("root", [{"$ref": "#/$defs/X"}, {"allOf": [{"$ref": "#/$defs/X"}]}])
def test_a_root_that_refers_is_what_it_refers_to(root: dict[str, Any]) -> None:
    holds: dict[str, Any] = {"$defs": {"X": {"type": "object", "properties": {}}}}
    assert at_root({**root, **holds}) == {"type": "object", "properties": {}, **holds}


def test_a_reference_to_nowhere_stays_at_the_root() -> None:
    assert at_root({"$ref": "#/elsewhere"}) == {"$ref": "#/elsewhere"}


@pytest.mark.parametrize("kind", [Open, dict[str, int], tuple[int, str], Box[Any]])
def test_an_open_type_is_asked_for_without_strict_mode(kind: Any) -> None:
    format = shape_of(kind).format()["json_schema"]
    assert format.get("strict") is False
    assert format.get("schema") == shape_of(kind).schema


@pytest.mark.parametrize(
    ("kind", "name"),
    [(Tree, "Tree"), (Box[int], "Box_int_"), (Point, "Point"), (list[int], "Answer")],
)
def test_a_schema_has_the_name_of_its_type(kind: Any, name: str) -> None:
    assert shape_of(kind).format()["json_schema"]["name"] == name


def test_a_schema_without_a_title_has_a_name() -> None:
    assert shape_of(dict[str, int]).format()["json_schema"]["name"] == "Answer"


def test_a_schema_is_made_once_of_a_type() -> None:
    assert shape_of(Tree) is shape_of(Tree)
    assert shape_of(list[Tree]) is shape_of(list[Tree])
    unhashable: Any = Annotated[int, []]
    assert shape_of(unhashable).read('{"value": 1}') == 1


@pytest.mark.parametrize("kind", [None, "Tree", 5, {"type": "json_object"}, Cat(kind="cat")])
def test_what_is_no_type_is_refused(kind: Any) -> None:
    with pytest.raises(InvalidRequestError, match="must be a type") as caught:
        shape_of(kind)
    assert caught.value.error_id == ApiErrorId.INVALID_PARAMETER


class Odd(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    what: threading_lock  # type: ignore[name-defined]  # noqa: F821  # is never defined


class Holder:
    pass


@pytest.mark.parametrize("kind", [Odd, Holder, type(lambda: 0)])
def test_a_type_that_json_cannot_be_read_as_is_refused(kind: Any) -> None:
    with pytest.raises(
        InvalidRequestError, match=r"no JSON schema can be made of .*Use a pydantic"
    ):
        shape_of(kind)
