"""Responses: whole and streamed, on the local platform and from servers that misbehave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypedDict

import pytest

from skytells import (
    ContentPartEvent,
    InvalidRequestError,
    InvalidResponseError,
    NetworkError,
    OutputItemEvent,
    RateLimitError,
    Response,
    ResponseEvent,
    ResponseStateEvent,
    ServerError,
    SkytellsClient,
    SkytellsError,
    TextDeltaEvent,
    TextDoneEvent,
)
from skytells.local import LocalPlatform
from skytells.responses.assemble import response_of
from skytells.types.responses import event_of

from ..behaviour.events import DONE, event, holds, streams
from ..behaviour.steps import answers
from ..conftest import Build, Serve


class Asked(TypedDict):
    """What is asked for."""

    model: str
    input: str


ASK: Asked = {"model": "gpt-5", "input": "Say hi"}


def asking(client: Any) -> list[Callable[..., Response]]:
    """Both ways to a response."""

    def streamed(**options: Any) -> Response:
        final: Response = client.responses.stream(**options).final()
        return final

    return [client.responses.create, streamed]


def told(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", "sequence_number": 0, **fields}


def delta(text: str, output: int = 0, content: int = 0) -> dict[str, Any]:
    where = {"output_index": output, "content_index": content, "item_id": "msg_1"}
    return told("output_text.delta", **where, delta=text)


CREATED = told("created", response={"id": "resp_1", "status": "in_progress", "output": []})
MESSAGE = {"type": "message", "content": [{"type": "output_text", "text": "Hi!"}]}
COMPLETED = told("completed", response={"id": "resp_1", "status": "completed", "output": [MESSAGE]})


def send(*wires: dict[str, Any]) -> bytes:
    return b"".join(event(wire, wire["type"]) for wire in wires)


def weather(city: str) -> str:
    """The weather in a city."""
    return city


def test_functions_are_tools_of_responses(client: SkytellsClient) -> None:
    question = "How is the weather in Paris?"
    mine = {"type": "function", "name": "mine", "parameters": {"type": "object"}}
    response = client.responses.create(model="gpt-5", input=question, tools=[weather, mine])
    (call,) = response.output
    assert (call["name"], call["arguments"]) == ("weather", '{"city": "Paris"}')
    assert response["tools"][0]["description"] == "The weather in a city."
    assert response["tools"][1] == mine
    with client.responses.stream(model="gpt-5", input=question, tools=[weather]) as stream:
        assert stream.final().output[0]["name"] == "weather"
    with pytest.raises(InvalidRequestError, match="Two tools are called 'weather'"):
        client.responses.create(
            model="gpt-5", input=question, tools=[weather, {"type": "function", "name": "weather"}]
        )


def test_a_response_is_asked_for_and_read(client: SkytellsClient) -> None:
    response = client.responses.create(
        **ASK, instructions="Be brief.", reasoning={"effort": "low"}, metadata={"a": "b"}
    )
    assert response.status == "completed"
    assert response.output_text.startswith("You asked gpt-5: Say hi")
    assert [item.type for item in response.output] == ["reasoning", "message"]
    assert response.output[0].content is None
    assert response.usage is not None
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens
    assert response.metadata == {"a": "b"}
    assert response["content_filters"][0]["source_type"] == "prompt"


def test_responses_are_found_under_chat_as_well(client: SkytellsClient) -> None:
    assert client.chat.responses.create(**ASK).status == "completed"


def test_a_stored_response_is_gone_on_from(client: SkytellsClient) -> None:
    first = client.responses.create(**ASK, store=True)
    assert client.responses.create(**ASK, previous_response_id=first.id).status == "completed"


def test_a_function_is_called_and_its_output_sent_back(client: SkytellsClient) -> None:
    tool = {"type": "function", "name": "get_weather", "parameters": {"type": "object"}}
    question = {"role": "user", "content": "How is the weather?"}
    first = client.responses.create(model="gpt-5", input=[question], tools=[tool])
    call = first.function_calls[0]
    assert call.name == "get_weather"
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "It rains."}
    second = client.responses.create(
        model="gpt-5", input=[question, *first.output, output], tools=[tool]
    )
    assert "It rains." in second.output_text


def test_a_stream_of_events_has_types(client: SkytellsClient) -> None:
    stream = client.responses.stream(**ASK)
    kinds = {type(event): event for event in stream}
    assert set(kinds) == {
        *(ResponseStateEvent, OutputItemEvent, ContentPartEvent, TextDeltaEvent, TextDoneEvent),
    }
    final = stream.final()
    assert final.status == "completed"
    assert final.output_text == kinds[TextDoneEvent].text  # type: ignore[attr-defined]
    assert final.to_dict() == stream.received[-1]["response"]


def test_events_of_other_types_are_passed_through(client: SkytellsClient) -> None:
    stream = client.responses.stream(**ASK, reasoning={"effort": "low", "summary": "auto"})
    rest = [event for event in stream if type(event) is ResponseEvent]
    assert {event.type for event in rest} > {"response.reasoning_summary_text.delta"}
    assert rest[0]["item_id"]


def test_a_streams_text_comes_piece_by_piece(client: SkytellsClient) -> None:
    stream = client.responses.stream(**ASK)
    pieces = list(stream.text)
    assert len(pieces) > 1
    assert "".join(pieces) == stream.final().output_text


def test_create_streams_when_it_is_asked_to(client: SkytellsClient) -> None:
    with client.responses.create(**ASK, stream=True) as stream:
        assert "".join(stream.text) == stream.snapshot.output_text


@pytest.mark.parametrize(
    "variant", ["crlf", "comments", "multi-line", "responses-done", "obfuscation"]
)
def test_every_lawful_form_of_a_stream_is_the_same_response(
    client: SkytellsClient, platform: LocalPlatform, variant: str
) -> None:
    expected = client.responses.stream(**ASK).final().output_text
    platform.fault(variants=[variant], times=1)
    assert client.responses.stream(**ASK).final().output_text == expected


@pytest.mark.parametrize("stream", ["error", "failed", "unfinished"])
def test_a_stream_that_goes_wrong_raises_with_what_came(
    client: SkytellsClient, platform: LocalPlatform, stream: Any
) -> None:
    platform.fault(stream=stream, after=4, times=1)
    asked = client.responses.stream(**ASK)
    with pytest.raises(NetworkError if stream == "unfinished" else ServerError) as caught:
        asked.final()
    assert len(caught.value.received) == 4
    assert asked.snapshot.status == "in_progress"


def test_a_response_that_failed_is_an_error(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    platform.script("gpt-5", fails="The model is tired.")
    for ask in asking(client):
        with pytest.raises(ServerError, match="The model is tired") as caught:
            ask(**ASK)
        assert caught.value.response is not None


def test_an_incomplete_response_says_why(client: SkytellsClient) -> None:
    response = client.responses.create(**ASK, max_output_tokens=2)
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"
    assert client.responses.stream(**ASK, max_output_tokens=2).final().status == "incomplete"


def test_the_last_event_ends_the_stream(serve: Serve, build: Build) -> None:
    server = serve(holds(send(CREATED, COMPLETED)))
    client = build("k", base_url=server.url)
    assert client.responses.stream(**ASK).final().output_text == "Hi!"


def test_a_response_that_failed_for_too_many_requests_says_so(serve: Serve, build: Build) -> None:
    error = {"code": "rate_limit_exceeded", "message": "Slow down."}
    failed = told("failed", response={"status": "failed", "error": error})
    client = build("k", base_url=serve(streams(send(CREATED, failed))).url)
    with pytest.raises(RateLimitError, match="Slow down") as caught:
        client.responses.stream(**ASK).final()
    assert caught.value.error_code == "rate_limit_exceeded"
    nameless = told("failed", response=None)
    client = build("k", base_url=serve(streams(send(nameless))).url)
    with pytest.raises(ServerError, match="The response failed"):
        client.responses.stream(**ASK).final()


def test_a_stream_that_ends_without_telling_the_end_but_done_is_put_together(
    serve: Serve, build: Build
) -> None:
    events = send(CREATED, delta("H"), delta("i"), delta("!", 0, 1), delta("?", 1))
    client = build("k", base_url=serve(streams(events, DONE)).url)
    response = client.responses.stream(**ASK).final()
    assert (response.id, response.output_text) == ("resp_1", "Hi!?")


def test_a_response_is_put_together_from_items() -> None:
    item = {"type": "function_call", "name": "f", "arguments": "{}"}
    kinds = [
        CREATED,
        told("output_item.added", output_index=1, item={"type": "function_call", "name": "f"}),
        told("output_item.done", output_index=1, item=item),
        told("output_item.done", output_index=0, item=MESSAGE),
        delta("unused"),
        told("unheard_of", what=1),
    ]
    response = response_of(map(event_of, kinds))
    assert response["output"] == [MESSAGE, item]
    assert response.function_calls[0].name == "f"
    assert response_of([]).to_dict() == {"output": []}


@pytest.mark.parametrize("body", [[], {}, {"output": None}])
def test_an_answer_that_is_no_response_is_an_error(
    serve: Serve, build: Build, body: object
) -> None:
    with pytest.raises(InvalidResponseError, match="a response was due"):
        build("k", base_url=serve(answers(body)).url).responses.create(**ASK)


INPUTS: list[Any] = ["", [], [1], 5, None]


@pytest.mark.parametrize("input", INPUTS)
def test_an_input_that_is_none_is_refused(offline: Any, input: Any) -> None:
    with pytest.raises(InvalidRequestError, match="input must be"):
        offline.responses.create(model="m", input=input)


def test_an_unknown_parameter_is_refused(offline: Any) -> None:
    with pytest.raises(InvalidRequestError, match="Did you mean 'instructions'"):
        offline.responses.stream(**ASK, instruction="x")


def test_both_spellings_of_cancelled_are_one() -> None:
    assert Response(status="canceled").status is Response(status="cancelled").status


def test_a_model_that_does_not_exist_is_not_found(client: SkytellsClient) -> None:
    for ask in asking(client):
        with pytest.raises(SkytellsError) as caught:
            ask(model="nope", input="x")
        assert caught.value.error_id == "MODEL_NOT_FOUND"
