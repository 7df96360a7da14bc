"""Any body sent to inference and the Orchestrator is accepted or refused, without an exception."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skytells.local import Clock, Platform
from skytells.local.errors import ApiError
from skytells.local.inference.chat import chat_chunks, chat_completion
from skytells.local.inference.responses import response_events, response_json
from skytells.local.inference.schemas import instance
from skytells.local.json_values import Json, JsonObject

WORDS = st.sampled_from(
    ["", "gpt-5", "user", "tool", "text", "function", "json_schema", "weather", "\ud800", "é" * 9]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS
NAMES = st.sampled_from(
    [
        "role",
        "content",
        "type",
        "text",
        "function",
        "name",
        "parameters",
        "properties",
        "required",
        "items",
        "enum",
        "anyOf",
        "$ref",
        "minItems",
        "minimum",
        "pattern",
        "image_url",
        "url",
        "tool_calls",
        "id",
        "tool_call_id",
        "call_id",
        "output",
        "json_schema",
        "schema",
        "format",
    ]
)
ANY = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
HELLO: Json = [{"role": "user", "content": "weather"}]
MESSAGES = st.just(HELLO) | st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "tool"]), "content": ANY})
    | ANY,
    max_size=3,
)
TYPES = st.sampled_from(["object", "array", "string", "number", "integer", "boolean", "null"])


def schemas(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[JsonObject]:
    """Schemas with others inside, many of which make no sense."""
    return st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES | ANY,
            "properties": st.dictionaries(NAMES, inner, max_size=2) | ANY,
            "required": st.lists(NAMES, max_size=2) | ANY,
            "items": inner,
            "additionalProperties": inner,
            "anyOf": st.lists(inner, max_size=2) | ANY,
            "allOf": st.lists(inner, max_size=2) | ANY,
            "$ref": st.sampled_from(["#", "#/items", "#/nothing"]) | ANY,
            "enum": ANY,
        },
    )


LEAVES = st.fixed_dictionaries(
    {},
    optional={
        "type": TYPES | ANY,
        "pattern": st.text("ab()[]{}|*+?^$.\\d1,-", max_size=6) | ANY,
        "format": ANY,
        "minimum": SCALARS,
        "exclusiveMaximum": SCALARS,
        "multipleOf": SCALARS,
        "minItems": SCALARS,
        "maxItems": SCALARS,
        "uniqueItems": SCALARS,
        "minLength": SCALARS,
        "maxLength": SCALARS,
        "minProperties": SCALARS,
    },
)
SCHEMAS = schemas(LEAVES | schemas(LEAVES))
SHAPES = SCHEMAS.map(
    lambda schema: {
        "type": "json_schema",
        "name": "x",
        "schema": schema,
        "json_schema": {"name": "x", "schema": schema},
    }
)
TOOLS = st.lists(
    SCHEMAS.map(
        lambda schema: {
            "type": "function",
            "name": "weather",
            "parameters": schema,
            "function": {"name": "weather", "parameters": schema},
        }
    )
    | ANY,
    max_size=2,
)
CHATS = st.fixed_dictionaries(
    {"model": st.just("gpt-5"), "messages": MESSAGES},
    optional={
        "max_tokens": st.integers(0, 9) | ANY,
        "n": ANY,
        "stop": ANY,
        "tools": TOOLS | ANY,
        "tool_choice": st.just("required") | ANY,
        "response_format": SHAPES | ANY,
        "stream_options": ANY,
        "reasoning_effort": ANY,
        "logprobs": ANY,
    },
)
RESPONSES = st.fixed_dictionaries(
    {"model": st.just("gpt-5"), "input": WORDS | MESSAGES | ANY},
    optional={
        "instructions": ANY,
        "tools": TOOLS | ANY,
        "tool_choice": st.just("required") | ANY,
        "text": SHAPES.map(lambda shape: {"format": shape}) | ANY,
        "reasoning": ANY,
        "store": st.booleans(),
        "previous_response_id": ANY,
    },
)


@pytest.fixture(scope="module")
def platform() -> Platform:
    return Platform(clock=Clock(speed=0))


@given(schema=SCHEMAS)
@settings(max_examples=100, deadline=None)
def test_any_schema_has_an_instance_or_is_refused(schema: JsonObject) -> None:
    with suppress(ValueError):
        json.dumps(instance(schema, "3 foxes in Paris"))


@given(body=CHATS | ANY)
@settings(max_examples=100, deadline=None)
def test_any_chat_is_answered_or_refused(platform: Platform, body: Json) -> None:
    with suppress(ApiError):
        ask, answer = platform.inference.chat(body)
        assert chat_completion(ask, answer)["choices"]
        assert list(chat_chunks(ask, answer))


@given(body=RESPONSES | ANY)
@settings(max_examples=100, deadline=None)
def test_any_response_is_made_or_refused(platform: Platform, body: Json) -> None:
    with suppress(ApiError):
        ask, answer = platform.inference.respond(body)
        last = [*response_events(ask, answer)][-1]
        assert last["response"] == response_json(ask, answer)


@given(body=st.fixed_dictionaries({"model": st.just("skytells-embed-3-small"), "input": ANY}))
@settings(max_examples=100, deadline=None)
def test_any_input_is_embedded_or_refused(platform: Platform, body: JsonObject) -> None:
    with suppress(ApiError):
        _, made, _ = platform.inference.embed(body)
        assert made["data"]


@given(body=st.dictionaries(st.sampled_from(["name", "type", "config", "nodes", "edges"]), ANY))
@settings(max_examples=100, deadline=None)
def test_any_body_is_taken_or_refused_by_the_orchestrator(
    platform: Platform, body: JsonObject
) -> None:
    studio = platform.orchestrator
    makers: list[Callable[[Json], object]] = [
        studio.create,
        studio.account.create_integration,
        studio.account.create_key,
        studio.account.update_profile,
    ]
    for make in makers:
        with suppress(ApiError):
            make(body)
    for workflow in studio.workflows()[:1]:
        assert workflow.package()
        studio.duplicate(workflow.id)
