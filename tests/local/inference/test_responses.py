"""Responses on the local platform, over a real socket."""

from __future__ import annotations

import json

import httpx
import pytest
from pydantic import BaseModel

from skytells.local import LocalPlatform
from skytells.local.json_values import JsonObject

WEATHER: JsonObject = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def posted(http: httpx.Client, **fields: object) -> httpx.Response:
    return http.post("/responses", json={"model": "gpt-5", "input": "What is a fox?", **fields})


def responded(http: httpx.Client, **fields: object) -> JsonObject:
    answer = posted(http, **fields)
    assert answer.status_code == 200, answer.text
    response: JsonObject = answer.json()
    return response


def events_of(http: httpx.Client, **fields: object) -> list[JsonObject]:
    answer = posted(http, stream=True, **fields)
    assert answer.headers["content-type"].startswith("text/event-stream")
    events: list[JsonObject] = []
    for block in answer.text.strip().split("\n\n"):
        name, data = block.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        events.append(event)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    return events


def text_of(response: JsonObject) -> str:
    (item,) = [item for item in response["output"] if item["type"] == "message"]
    text: str = item["content"][0]["text"]
    return text


def test_a_response_has_the_documented_form(http: httpx.Client) -> None:
    response = responded(http, metadata={"a": "b"}, temperature=0.2)
    assert response["id"].startswith("resp_")
    assert (response["object"], response["status"]) == ("response", "completed")
    assert "What is a fox" in text_of(response)
    assert (response["metadata"], response["temperature"]) == ({"a": "b"}, 0.2)
    assert response["store"] is False
    assert response["error"] is response["incomplete_details"] is None
    usage = response["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert usage["input_tokens_details"] == {"cached_tokens": 0, "cache_write_tokens": 0}
    sources = [(one["source_type"], one["blocked"]) for one in response["content_filters"]]
    assert sources == [("prompt", False), ("completion", False)]


def test_a_response_has_every_documented_field(http: httpx.Client) -> None:
    documented = (
        "id object created_at status model output usage error incomplete_details instructions "
        "store parallel_tool_calls tools tool_choice truncation metadata content_filters "
        "previous_response_id temperature top_p frequency_penalty presence_penalty "
        "max_output_tokens max_tool_calls reasoning text service_tier background completed_at user "
        "safety_identifier system_fingerprint top_logprobs prompt_cache_key prompt_cache_retention"
    )
    assert set(documented.split()) == set(responded(http))


def test_a_stream_has_the_events_of_a_response(http: httpx.Client) -> None:
    events = events_of(http)
    names = [event["type"].removeprefix("response.") for event in events]
    assert names[:4] == ["created", "in_progress", "output_item.added", "content_part.added"]
    assert names[-4:] == ["output_text.done", "content_part.done", "output_item.done", "completed"]
    assert set(names[4:-4]) == {"output_text.delta"}
    deltas = [event["delta"] for event in events if event["type"].endswith("text.delta")]
    whole = events[-1]["response"]
    assert "".join(deltas) == text_of(whole) == events[-4]["text"]
    assert whole["output"] == [events[-2]["item"]]
    assert events[0]["response"]["status"] == "in_progress"
    assert events[0]["response"]["content_filters"] is None
    assert {event["item_id"] for event in events[3:-2]} == {whole["output"][0]["id"]}


def test_a_tool_is_called_and_its_output_is_used(http: httpx.Client) -> None:
    asked = {"role": "user", "content": [{"type": "input_text", "text": "Weather in Rome?"}]}
    response = responded(http, input=[asked], tools=[WEATHER])
    (call,) = response["output"]
    assert (call["type"], call["name"]) == ("function_call", "get_weather")
    assert json.loads(call["arguments"]) == {"city": "Rome"}
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "30 °C"}
    thought = {"type": "reasoning", "status": "completed"}
    last = responded(http, input=[asked, thought, call, output], tools=[WEATHER])
    assert text_of(last) == "get_weather says: 30 °C."


def test_a_call_is_sent_in_pieces(http: httpx.Client) -> None:
    events = events_of(http, input="Weather in Rome?", tools=[WEATHER])
    deltas = [event["delta"] for event in events if event["type"].endswith("arguments.delta")]
    (done,) = [event for event in events if event["type"].endswith("arguments.done")]
    assert "".join(deltas) == done["arguments"] == '{"city": "Rome"}'
    assert events[2]["item"]["arguments"] == ""
    assert events[-1]["response"]["output"][0]["arguments"] == done["arguments"]


def test_a_tool_may_be_required(http: httpx.Client) -> None:
    choice = {"type": "function", "name": "get_weather"}
    response = responded(http, tools=[WEATHER], tool_choice=choice)
    assert response["output"][0]["name"] == "get_weather"


def test_reasoning_is_an_item_of_its_own(http: httpx.Client) -> None:
    response = responded(http, reasoning={"effort": "low"})
    assert [item["type"] for item in response["output"]] == ["reasoning", "message"]
    assert response["usage"]["output_tokens_details"]["reasoning_tokens"] == 16
    events = events_of(http, reasoning={"effort": "low", "summary": "auto"})
    names = [event["type"] for event in events]
    assert "response.reasoning_summary_text.delta" in names
    assert events[-1]["response"]["output"][0]["summary"][0]["type"] == "summary_text"
    assert len(responded(http, reasoning={"effort": "none"})["output"]) == 1


class Fox(BaseModel):
    name: str
    tails: int


def test_a_completion_fits_the_schema(http: httpx.Client) -> None:
    wanted = {"type": "json_schema", "name": "fox", "schema": Fox.model_json_schema()}
    assert Fox.model_validate_json(text_of(responded(http, text={"format": wanted})))


def test_few_tokens_leave_it_incomplete(http: httpx.Client) -> None:
    response = responded(http, max_output_tokens=2)
    assert response["status"] == "incomplete"
    assert response["incomplete_details"] == {"reason": "max_output_tokens"}
    assert response["output"][0]["status"] == "incomplete"
    assert events_of(http, max_output_tokens=2)[-1]["type"] == "response.incomplete"


def test_a_filtered_prompt_leaves_it_incomplete(http: httpx.Client) -> None:
    response = responded(http, input="He stabbed him")
    assert response["incomplete_details"] == {"reason": "content_filter"}
    assert response["output"] == []
    assert [one["blocked"] for one in response["content_filters"]] == [True]


def test_a_script_lets_it_fail_as_a_plain_answer(
    platform: LocalPlatform, http: httpx.Client
) -> None:
    platform.script("gpt-5", fails="Out of ideas.")
    response = responded(http)
    assert (response["status"], response["error"]["message"]) == ("failed", "Out of ideas.")
    assert [event["type"] for event in events_of(http)] == [
        "response.created",
        "response.in_progress",
        "response.failed",
    ]
    assert platform.credits == 1_000_000


def test_a_stored_response_can_be_continued(http: httpx.Client) -> None:
    first = responded(http, store=True, instructions="Be brief.")
    second = responded(http, input="And a wolf?", previous_response_id=first["id"])
    assert second["previous_response_id"] == first["id"]
    assert second["usage"]["input_tokens"] > first["usage"]["input_tokens"]
    for id in (responded(http)["id"], "resp_nobody"):
        error = posted(http, previous_response_id=id).json()["error"]
        assert (error["status"], error["param"]) == (404, "previous_response_id")


def test_a_stored_response_remembers_its_calls(http: httpx.Client) -> None:
    asked: JsonObject = {"tools": [WEATHER], "store": True}
    first = responded(http, input="Weather in Rome?", **asked)
    (call,) = first["output"]
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "30 °C"}
    before = {"previous_response_id": first["id"]}
    second = responded(http, input=[output], **asked, **before)
    assert text_of(second) == "get_weather says: 30 °C."
    third = responded(http, input="Thanks!", previous_response_id=second["id"])
    assert "Thanks" in text_of(third)
    error = posted(http, input="And now?", **before).json()["error"]
    assert (error["status"], error["param"]) == (400, "input")
    assert call["call_id"] in error["message"]


def test_a_required_call_goes_to_a_tool_that_was_not_called_yet(http: httpx.Client) -> None:
    tools: list[JsonObject] = [WEATHER, {"type": "function", "name": "final_result"}]
    before: JsonObject = {"input": "Weather in Rome?"}
    called: list[str] = []
    for _ in range(2):
        response = responded(http, tools=tools, tool_choice="required", store=True, **before)
        (call,) = response["output"]
        called.append(call["name"])
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "Fine"}
        before = {"input": [output], "previous_response_id": response["id"]}
    assert called == ["get_weather", "final_result"]


def test_logprobs_come_if_they_are_included(http: httpx.Client) -> None:
    include = ["message.output_text.logprobs"]
    events = events_of(http, include=include, top_logprobs=3)
    deltas = [event for event in events if event["type"].endswith("text.delta")]
    (part,) = events[-1]["response"]["output"][0]["content"]
    assert [one for delta in deltas for one in delta["logprobs"]] == part["logprobs"]
    assert {len(one["top_logprobs"]) for one in part["logprobs"]} == {3}
    assert responded(http, top_logprobs=3)["output"][0]["content"][0]["logprobs"] == []


def test_a_schema_in_the_instructions_is_honoured(http: httpx.Client) -> None:
    instructions = f"Fit this schema: {json.dumps(Fox.model_json_schema())}"
    for text in ({}, {"format": {"type": "json_object"}}):
        Fox.model_validate_json(text_of(responded(http, instructions=instructions, text=text)))


def test_only_so_many_are_stored(http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skytells.local.inference.service._MAX_STORED", 1)
    first, second = (responded(http, store=True)["id"] for _ in range(2))
    assert posted(http, previous_response_id=first).status_code == 404
    assert posted(http, previous_response_id=second).status_code == 200


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": None}, "input"),
        ({"input": []}, "input"),
        ({"input": ["hello"]}, "input[0]"),
        ({"input": [{"role": "user"}]}, "input[0]"),
        ({"input": [{"role": "user", "content": 7}]}, "input[0]"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"text": {"format": {"type": "json_schema"}}}, "text.format"),
        ({"truncation": "always"}, "truncation"),
        ({"tools": ["hammer"]}, "tools[0]"),
    ],
)
def test_a_wrong_field_is_named(http: httpx.Client, fields: JsonObject, param: str) -> None:
    answer = posted(http, **fields)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
