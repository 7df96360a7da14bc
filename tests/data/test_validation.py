"""An input against a schema: every problem, in words that name field, limit and right name."""

from __future__ import annotations

import sys
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skytells import ConfigurationError, InvalidRequestError, InvalidResponseError, Model
from skytells._data.validation import problems
from skytells.local.catalogue import MODELS

from ..core.support import json_objects

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["prompt"],
    "properties": {
        "prompt": {"type": "string", "minLength": 1, "maxLength": 10},
        "count": {"type": "integer", "minimum": 1, "maximum": 4},
        "size": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 2},
        "step": {"type": "integer", "multipleOf": 8},
        "format": {"type": "string", "enum": ["png", "webp"]},
        "mode": {"const": "fast"},
        "code": {"type": "string", "pattern": "^[a-z]+$"},
        "image": {"type": "string", "format": "uri"},
        "images": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"$ref": "#/$defs/u"}},
        "seed": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "style": {"$ref": "#/$defs/style"},
        "mask": {"type": "string", "nullable": True},
        "token": {"type": "string", "format": "password", "maxLength": 3},
        "extra": {"type": "object", "additionalProperties": False, "properties": {"deep": {}}},
        "tags": {"type": "array", "uniqueItems": True},
        "date": {"type": "string", "format": "date"},
    },
    "$defs": {
        "u": {"type": "string", "format": "uri"},
        "style": {"type": "string", "enum": ["oil", "ink"]},
    },
}


A: dict[str, Any] = {"a": {}}


def told(**input: Any) -> list[str]:
    return [problem.text for problem in problems(SCHEMA, {"prompt": "x"} | input, "m")]


@pytest.mark.parametrize(
    ("input", "text"),
    [
        ({"prompt": 5}, "prompt must be of type string; got 5."),
        ({"prompt": ""}, "prompt must have at least 1 characters; got 0."),
        ({"prompt": "x" * 11}, "prompt must have at most 10 characters; got 11."),
        ({"count": 0}, "count must be at least 1; got 0."),
        ({"count": 9}, "count must be at most 4; got 9."),
        ({"count": True}, "count must be of type integer; got true."),
        ({"count": None}, "count must be of type integer; got null."),
        ({"size": 0}, "size must be more than 0; got 0."),
        ({"size": 2}, "size must be less than 2; got 2."),
        ({"step": 7}, "step must be a multiple of 8; got 7."),
        ({"format": "wepb"}, """format must be one of "png", "webp"; got "wepb". Did you mean 'webp'?"""),
        ({"format": ["png"]}, 'format must be of type string; got ["png"].'),
        ({"mode": "slow"}, 'mode must be "fast"; got "slow".'),
        ({"code": "A"}, 'code must match the pattern ^[a-z]+$; got "A".'),
        ({"image": "a cat"}, "image must be a URI"),
        ({"images": []}, "images must have at least 1 items; got 0."),
        ({"images": ["https://a.b/c", 3]}, "images[1] must be of type string; got 3."),
        ({"seed": "x"}, 'seed must be of type integer, or be of type null; got "x".'),
        ({"style": "oi"}, """style must be one of "oil", "ink"; got "oi". Did you mean 'oil'?"""),
        ({"token": "secret"}, "token must have at most 3 characters; got a value that is not"),
        ({"extra": {"dep": 1}}, "m has no input 'extra.dep'. Did you mean 'deep'?"),
        ({"tags": [1, 1]}, "tags must fit its schema ([1, 1] has non-unique elements); got [1, 1]"),
        ({"promtp": 1}, "m has no input 'promtp'. Did you mean 'prompt'?"),
        ({"zzz": 1}, "m has no input 'zzz'. It takes prompt, count,"),
    ],
)  # fmt: skip
def test_a_problem_names_field_limit_and_right_name(input: dict[str, Any], text: str) -> None:
    assert told(**input)[0].startswith(text)


@pytest.mark.parametrize(
    "input",
    [
        {"count": 4, "size": 0.5, "step": 16, "format": "png", "code": "abc"},
        {"image": "https://a.b/c.png", "images": ["data:image/png;base64,AA=="]},
        {"image": "s3://bucket/key", "seed": None, "mask": None, "date": "whenever"},
        {"count": 2.0, "extra": {"deep": [1]}},
    ],
)
def test_what_fits_has_no_problem(input: dict[str, Any]) -> None:
    assert told(**input) == []


def test_all_problems_are_told_at_once() -> None:
    model = Model(name="M", namespace="m", input_schema=SCHEMA)
    with pytest.raises(InvalidRequestError) as caught:
        model.validate({"promt": "x", "count": 9, "seed": "y"})
    error = caught.value
    assert error.error_id == "INVALID_INPUT"
    details: Any = error.details
    assert [entry["field"] for entry in details] == ["promt", "prompt", "count", "seed"]
    assert str(error).count("\n- ") == 4
    assert "nothing was sent" in str(error)


def test_one_problem_is_one_line() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        Model(namespace="m", input_schema=SCHEMA).validate({})
    assert str(caught.value).endswith("Correct it first: prompt is required.")


def test_a_long_value_does_not_flood_the_message() -> None:
    [found] = told(image="x " * 10_000)
    assert len(found) < 200


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": A, "additionalProperties": True},
        {"properties": A, "additionalProperties": {"type": "integer"}},
        {"properties": A, "patternProperties": {"^b": True}},
        {"allOf": [{"properties": A}]},
        {},
    ],
)
def test_a_schema_that_is_open_stays_open(schema: dict[str, Any]) -> None:
    assert problems(schema, {"a": 1, "b": 2}, "m") == []


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nonsense"},
        {"properties": {"a": {"minimum": "low"}}},
        {"properties": {"a": {"$ref": "#/nowhere"}}},
        {"properties": {"a": {"$ref": "https://example.com/schema.json"}}},
        {"properties": {"a": {"pattern": "("}}},
        {"$ref": "#"},
    ],
)
def test_a_schema_that_cannot_be_used_is_the_servers_fault(schema: dict[str, Any]) -> None:
    with pytest.raises(InvalidResponseError, match="Run the model without validate=True"):
        problems(schema, {"a": "x"}, "m")


def test_without_a_schema_nothing_can_be_checked() -> None:
    with pytest.raises(InvalidRequestError, match=r"client\.models\.get\(slug\)"):
        Model(namespace="m").validate({"prompt": "x"})


def test_an_input_that_is_no_dict_or_no_json_is_refused() -> None:
    model = Model(namespace="m", input_schema=SCHEMA)
    prompt: Any = "prompt"
    with pytest.raises(InvalidRequestError, match="input must be a dict"):
        model.validate(prompt)
    with pytest.raises(InvalidRequestError, match="JSON cannot carry"):
        model.validate({"prompt": object()})


def test_tuples_and_records_are_what_they_travel_as() -> None:
    model = Model(namespace="m", input_schema=SCHEMA)
    model.validate(
        {"prompt": "x", "images": ("https://a.b/c",), "extra": Model.from_wire({"deep": 1})}
    )


def test_without_jsonschema_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    with pytest.raises(ConfigurationError, match=r'pip install "skytells\[validate\]"'):
        Model(namespace="m", input_schema=SCHEMA).validate({"prompt": "x"})


@given(st.sampled_from(MODELS), json_objects("prompt", "width", "num_outputs", "lyrics", "image"))
def test_what_passes_is_what_the_schema_itself_lets_pass(local: Any, input: Any) -> None:
    """Nothing is let through that jsonschema refuses; what is refused besides is a name unknown."""
    schema: dict[str, Any] = local.as_json(["input_schema"])["input_schema"]
    found = problems(schema, input, "m")
    checker: Any = jsonschema.Draft202012Validator(schema)
    if found and checker.is_valid(input):
        uris = {name for name, part in schema["properties"].items() if "format" in part}
        assert all(p.field not in schema["properties"] or p.field in uris for p in found)
    if not found:
        assert checker.is_valid(input)
