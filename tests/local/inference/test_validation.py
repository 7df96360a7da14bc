"""Requests that inference refuses as OpenAI's API does, over a real socket."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

import skytells.local
from skytells.local import MODELS
from skytells.local.inference.validation import strict_schema_error
from skytells.local.json_values import JsonObject

HELLO: JsonObject = {"role": "user", "content": "Hello"}
CALL: JsonObject = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}
OTHER: JsonObject = {**CALL, "id": "call_2"}
CALLING: JsonObject = {"role": "assistant", "content": None, "tool_calls": [CALL, OTHER]}
RESULT: JsonObject = {"role": "tool", "tool_call_id": "call_1", "content": "7"}
LOOSE: JsonObject = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
STRICT: JsonObject = {**LOOSE, "additionalProperties": False}


def function(**fields: object) -> JsonObject:
    return {"name": "f", **fields}


def error_of(answer: httpx.Response) -> JsonObject:
    error: JsonObject = answer.json()["error"]
    assert (answer.status_code, error["status"]) == (400, 400)
    assert error["type"] == "invalid_request_error"
    return error


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"messages": [HELLO, CALLING]}, "messages", None),
        ({"messages": [HELLO, CALLING, RESULT]}, "messages", None),
        ({"messages": [HELLO, CALLING, RESULT, HELLO]}, "messages", None),
        ({"messages": [HELLO, RESULT]}, "messages.[1].role", None),
        (
            {"messages": [{**CALLING, "tool_calls": [CALL]}, RESULT, HELLO, RESULT]},
            "messages.[3].role",
            None,
        ),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop", "array_above_max_length"),
        ({"top_logprobs": 2}, "top_logprobs", None),
        ({"top_logprobs": 2, "logprobs": False}, "top_logprobs", None),
        ({"stream_options": {"include_usage": True}}, "stream_options", None),
        ({"tool_choice": "auto"}, "tool_choice", None),
        ({"tool_choice": "required", "tools": []}, "tool_choice", None),
        ({"parallel_tool_calls": False}, "parallel_tool_calls", None),
        (
            {"tools": [{"type": "function", "function": function(name="get weather")}]},
            "tools[0].function.name",
            "invalid_value",
        ),
        (
            {"tools": [{"type": "function", "function": function(name="f" * 65)}]},
            "tools[0].function.name",
            "string_above_max_length",
        ),
        (
            {"tools": [{"type": "function", "function": function(parameters=LOOSE, strict=True)}]},
            "tools[0].function.parameters",
            "invalid_function_parameters",
        ),
        (
            {"tools": [{"type": "custom", "custom": {"name": "f"}}]},
            "tools[0].type",
            "invalid_value",
        ),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "x", "schema": LOOSE, "strict": True},
                }
            },
            "response_format",
            None,
        ),
    ],
)
def test_chat_is_refused_as_openai_does(
    http: httpx.Client, fields: JsonObject, param: str, code: str | None
) -> None:
    answer = http.post("/chat/completions", json={"model": "gpt-5", "messages": [HELLO], **fields})
    error = error_of(answer)
    assert (error["param"], error["code"]) == (param, code)


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        (
            {"input": [{"type": "function_call_output", "call_id": "call_1", "output": "7"}]},
            "input",
            None,
        ),
        (
            {
                "input": [
                    {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
                ]
            },
            "input",
            None,
        ),
        ({"stream_options": {"include_obfuscation": False}}, "stream_options", None),
        (
            {"tools": [{"type": "function", **function(name="get.weather")}]},
            "tools[0].name",
            "invalid_value",
        ),
        (
            {"tools": [{"type": "function", **function(parameters=LOOSE, strict=True)}]},
            "tools[0].parameters",
            "invalid_function_parameters",
        ),
        ({"tools": [{"type": "custom", "name": "f"}]}, "tools[0].type", "invalid_value"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type", "invalid_value"),
        (
            {
                "text": {
                    "format": {"type": "json_schema", "name": "x", "schema": LOOSE, "strict": True}
                }
            },
            "text.format.schema",
            "invalid_json_schema",
        ),
    ],
)
def test_responses_are_refused_as_openai_does(
    http: httpx.Client, fields: JsonObject, param: str, code: str | None
) -> None:
    error = error_of(http.post("/responses", json={"model": "gpt-5", "input": "Hello", **fields}))
    assert (error["param"], error["code"]) == (param, code)


def test_what_openai_accepts_is_accepted(http: httpx.Client) -> None:
    tool = {"type": "function", "function": function(parameters=STRICT, strict=True)}
    shape = {"type": "json_schema", "json_schema": {"name": "x", "schema": STRICT, "strict": True}}
    fields: JsonObject = {
        "stop": ["a", "b", "c", "d"],
        "tools": [tool, {"type": "function", "function": function(name="f" * 64)}],
        "tool_choice": "none",
        "parallel_tool_calls": False,
        "response_format": shape,
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [HELLO, CALLING, {**RESULT, "tool_call_id": "call_2"}, RESULT, HELLO],
    }
    answer = http.post("/chat/completions", json={"model": "gpt-5", **fields})
    assert answer.status_code == 200, answer.text
    answer = http.post(
        "/responses", json={"model": "gpt-5", "input": "Hello", "tool_choice": "auto"}
    )
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        (STRICT, None),
        ({"anyOf": [STRICT, {"type": "null"}]}, None),
        ({**STRICT, "required": []}, "In context=(), 'required' is required"),
        ({**STRICT, "properties": {"a": LOOSE}}, "In context=('properties', 'a'), 'additional"),
        ({"type": "array", "items": LOOSE}, "In context=('items',), 'additionalProperties'"),
        ({**STRICT, "$defs": {"b": LOOSE}}, "In context=('$defs', 'b'), 'additionalProperties'"),
        ({"anyOf": [STRICT, LOOSE]}, "In context=('anyOf', '1'), 'additionalProperties'"),
    ],
)
def test_a_strict_schema_knows_every_property(schema: JsonObject, fault: str | None) -> None:
    found = strict_schema_error(schema)
    assert found is None if fault is None else found is not None and found.startswith(fault)


def test_a_prompt_must_fit_into_the_context_of_its_model() -> None:
    models = [replace(model, context=50) for model in MODELS if model.namespace == "gpt-5"]
    long = "fox " * 60
    asked: JsonObject = {"model": "gpt-5", "input": long}
    with (
        skytells.local.serve(speed=0, models=models, credits=1.0) as platform,
        httpx.Client(base_url=platform.url, headers={"x-api-key": "k"}) as http,
    ):
        messages = [{"role": "user", "content": long}]
        chat = http.post("/chat/completions", json={"model": "gpt-5", "messages": messages})
        response = http.post("/responses", json=asked)
        assert platform.credits == 1.0
        assert http.post("/responses", json={**asked, "truncation": "auto"}).status_code == 200
    for answer, param in ((chat, "messages"), (response, "input")):
        error = error_of(answer)
        assert (error["param"], error["code"]) == (param, "context_length_exceeded")
        assert "maximum context length is 50 tokens" in error["message"]


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize("path", ["/chat/completions", "/responses", "/embeddings"])
def test_a_body_must_come_as_json(http: httpx.Client, path: str, kind: str | None) -> None:
    headers = {} if kind is None else {"content-type": kind}
    error = error_of(http.post(path, content=b"{}", headers=headers))
    assert error["code"] == "unsupported_content_type"
    answer = http.post("/predictions", content=b"{}", headers=headers)
    assert answer.status_code == 400
    assert "application/json" in answer.json()["response"]
