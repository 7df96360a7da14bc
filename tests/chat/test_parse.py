"""Answers as objects: asked for and read, by both clients; and answers that are none."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel, Field, field_validator

from skytells import AnswerError, ApiErrorId, ChatCompletion, InvalidRequestError, SkytellsClient
from skytells.local import LocalPlatform

from ..behaviour.events import MESSAGES
from ..behaviour.steps import answers
from ..conftest import Build, Serve


class Trip(BaseModel):
    city: str
    days: int = Field(ge=1)


@dataclass
class Point:
    x: int


class Picky(BaseModel):
    city: str

    @field_validator("city")
    @classmethod
    def known(cls, city: str) -> str:
        return {"Rome": "Roma"}[city]


PARIS = '{"city": "Paris", "days": 3}'


def says(content: object, finish: str = "stop", **message: Any) -> dict[str, Any]:
    said = {"role": "assistant", "content": content, **message}
    return {
        "id": "chatcmpl-1",
        "choices": [{"index": 0, "message": said, "finish_reason": finish}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    }


def ask(client: SkytellsClient, kind: Any = Trip, **params: Any) -> Any:
    messages = [{"role": "user", "content": "Plan 3 days in Paris"}]
    return client.chat.completions.parse(
        model="gpt-5", messages=messages, response_format=kind, **params
    )


def test_an_answer_is_an_object_of_the_type(client: SkytellsClient) -> None:
    answer = ask(client)
    assert answer.parsed == Trip(city="Paris", days=3)
    assert json.loads(answer.text) == {"city": "Paris", "days": 3}
    assert answer.usage.total_tokens > 0
    assert "parsed" not in answer  # the items are what the server sent
    assert "parsed=Trip(city='Paris', days=3)" in repr(answer)
    assert isinstance(answer, ChatCompletion)


@pytest.mark.parametrize(
    ("kind", "parsed"),
    [
        (Point, Point(3)),
        (list[Trip], [Trip(city="Paris", days=3), Trip(city="Paris", days=1)]),
        (int, 3),
        (dict[str, int], {"key_1": 3}),
    ],
)
def test_any_type_that_pydantic_reads_will_do(
    client: SkytellsClient, kind: Any, parsed: object
) -> None:
    assert ask(client, kind).parsed == parsed


def test_a_parsed_answer_is_kept_when_it_is_copied(client: SkytellsClient) -> None:
    answer = ask(client)
    for made in (copy.copy(answer), copy.deepcopy(answer), pickle.loads(pickle.dumps(answer))):
        assert (made.parsed, made.text, made) == (answer.parsed, answer.text, answer)
    assert copy.deepcopy(answer).parsed is not answer.parsed
    assert answer.model_dump()["parsed"] == {"city": "Paris", "days": 3}


def test_the_schema_goes_along_with_the_parameters(serve: Serve, build: Build) -> None:
    server = serve(answers(says(PARIS)))
    ask(build("sk-key", base_url=server.url), temperature=0.5, extra_body={"top_k": 4})
    sent = server.requests[0].json
    assert (sent["temperature"], sent["top_k"]) == (0.5, 4)
    assert sent["response_format"] == {
        "type": "json_schema",
        "json_schema": {
            "name": "Trip",
            "strict": True,
            "schema": {
                "title": "Trip",
                "type": "object",
                "properties": {
                    "city": {"title": "City", "type": "string"},
                    "days": {"title": "Days", "type": "integer", "minimum": 1},
                },
                "required": ["city", "days"],
                "additionalProperties": False,
            },
        },
    }


@pytest.mark.parametrize(
    "text", [f"```json\n{PARIS}\n```", f"\n```\n{PARIS}\n```\n", f" {PARIS}\n"]
)
def test_json_in_a_fence_is_json(serve: Serve, build: Build, text: str) -> None:
    server = serve(answers(says(text)))
    assert ask(build("sk-key", base_url=server.url)).parsed == Trip(city="Paris", days=3)


def test_a_complete_answer_counts_however_it_ended(serve: Serve, build: Build) -> None:
    server = serve(answers(says(PARIS, "length")))
    assert ask(build("sk-key", base_url=server.url)).parsed.days == 3


CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
UNFIT: list[tuple[dict[str, Any], str, str]] = [
    (says(None, refusal="I will not."), "MODEL_REFUSED", "refused: 'I will not.'. Ask differently"),
    (says(PARIS[:9], "length"), "ANSWER_CUT_OFF", "cut off before its end.*Raise max_tokens="),
    (says(None, "length"), "ANSWER_CUT_OFF", "cut off before its end"),
    (
        says(PARIS[:9], "content_filter"),
        "CONTENT_POLICY_VIOLATION",
        "content filter.*something els",
    ),
    (
        says(None, "tool_calls", tool_calls=[CALL]),
        "ANSWER_MISSING",
        r"error\.completion\.tool_call",
    ),
    (says(""), "ANSWER_MISSING", "answered nothing. Ask again"),
    ({"id": "chatcmpl-1", "choices": []}, "ANSWER_MISSING", "answered nothing"),
    (says("Paris, 3 days"), "INVALID_JSON", "not JSON. Ask again"),
    (says(PARIS[:-1]), "INVALID_JSON", r"error\.completion\.text"),
    (says("[1]"), "INVALID_RESPONSE", "does not fit response_format: the whole: .*object"),
    (says('{"city": 5, "days": 0}'), "INVALID_RESPONSE", "city: .*1 more in error.details"),
]


@pytest.mark.parametrize(("wire", "error_id", "told"), UNFIT)
def test_an_answer_that_is_no_such_object_is_an_error_that_has_it(
    serve: Serve, build: Build, wire: dict[str, Any], error_id: str, told: str
) -> None:
    server = serve(answers(wire))
    with pytest.raises(AnswerError, match=told) as caught:
        ask(build("sk-key", base_url=server.url, retry={"retries": 3}))
    assert len(server.requests) == 1  # it is paid for, and not asked for again
    error = caught.value
    assert error.error_id == error_id
    assert error.error_id in set(ApiErrorId)
    assert (error.http_status, error.retryable, error.maybe_sent) == (200, False, False)
    assert error.completion == wire == error.response
    assert error.completion.id == "chatcmpl-1"
    assert pickle.loads(pickle.dumps(error)).completion == wire


def test_an_error_names_every_field_that_does_not_fit(serve: Serve, build: Build) -> None:
    server = serve(answers(says('{"value": [{"city": "Rome"}, {"city": "Bonn", "days": 0}]}')))
    with pytest.raises(AnswerError) as caught:
        ask(build("sk-key", base_url=server.url), list[Trip])
    details: Any = caught.value.details
    assert [one["field"] for one in details] == ["value[0].days", "value[1].days"]


def test_what_a_types_own_check_raises_loses_nothing(serve: Serve, build: Build) -> None:
    server = serve(answers(says('{"city": "Paris"}')))
    with pytest.raises(AnswerError, match="own check of the answer raised KeyError") as caught:
        ask(build("sk-key", base_url=server.url), Picky)
    assert isinstance(caught.value.__cause__, KeyError)
    assert caught.value.completion.text == '{"city": "Paris"}'


def test_an_error_names_the_request_and_the_try(serve: Serve, build: Build) -> None:
    server = serve(answers(says("no"), headers={"x-request-id": "req_7"}))
    with pytest.raises(AnswerError) as caught:
        ask(build("sk-key", base_url=server.url))
    assert caught.value.request_id == "req_7"
    assert [attempt.outcome for attempt in caught.value.attempts] == ["200"]


def test_an_echoed_key_is_taken_out_of_the_error(serve: Serve, build: Build) -> None:
    server = serve(answers(says(None, refusal="Not with sk-secret-key.")))
    with pytest.raises(AnswerError, match="Not with") as caught:
        ask(build("sk-secret-key", base_url=server.url))
    error = caught.value
    assert "sk-secret-key" not in f"{error!r} {error.details} {error.response} {error.completion}"


@pytest.mark.parametrize(
    "wrong", [{"kind": "Trip"}, {"streem": True}, {"response_format": 1}, {"messages": []}]
)
def test_what_cannot_be_asked_is_refused_before_the_wire(
    offline: SkytellsClient, wrong: dict[str, Any]
) -> None:
    given: dict[str, Any] = {"kind": Trip, "messages": MESSAGES, **wrong}
    kind = given.pop("response_format", given.pop("kind"))
    with pytest.raises(InvalidRequestError):
        offline.chat.completions.parse(model="gpt-5", response_format=kind, **given)


def test_an_answer_that_was_cut_off_says_what_to_raise(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    with pytest.raises(AnswerError, match="Raise max_tokens=") as caught:
        ask(client, max_tokens=3)
    assert PARIS.startswith(caught.value.completion.text)
    platform.script("gpt-5", finish="content_filter")
    with pytest.raises(AnswerError, match="content filter"):
        ask(client)
