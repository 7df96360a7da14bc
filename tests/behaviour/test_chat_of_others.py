"""Chat as servers of others send it: where they differ, the answer is the same."""

from __future__ import annotations

from typing import Any, cast

import pytest

from skytells import ChatCompletionChunk, NetworkError, ServerError

from ..conftest import Build
from .conftest import Serve
from .events import ASK, DONE, delta, event, streams
from .misbehaving import Step
from .steps import answers

ARGUMENTS: Any = {"city": "Oslo", "days": 3}
TEXT = '{"city":"Oslo","days":3}'


def call(arguments: object) -> dict[str, Any]:
    return {"index": 0, "id": "c1", "function": {"name": "weather", "arguments": arguments}}


def read(build: Build, serve: Serve, step: Step) -> Any:
    """The whole completion of a stream."""
    client = build("sk-key", base_url=serve(step).url)
    stream = client.chat.completions.stream(**ASK)
    return stream.final()


def test_arguments_that_are_an_object_are_the_text_of_it_in_a_stream(
    build: Build, serve: Serve
) -> None:
    end = event(delta(finish="tool_calls"))
    completion = read(build, serve, streams(event(delta(tool_calls=[call(ARGUMENTS)])), end, DONE))
    assert completion.tool_calls[0].function.arguments == TEXT


def test_arguments_that_are_an_object_are_the_text_of_it_in_one_piece(
    build: Build, serve: Serve
) -> None:
    message = {"role": "assistant", "tool_calls": [call(ARGUMENTS)]}
    wire = {"id": "c", "choices": [{"message": message, "finish_reason": "tool_calls"}]}
    client = build("sk-key", base_url=serve(answers(wire)).url)
    completion = cast(Any, client.chat.completions.create(**ASK))
    assert completion.tool_calls[0].function.arguments == TEXT


def test_arguments_of_a_piece_and_of_a_response_are_text_as_well(
    build: Build, serve: Serve
) -> None:
    piece: Any = ChatCompletionChunk.from_wire(delta(tool_calls=[call(ARGUMENTS)]))
    assert piece.choices[0].delta.tool_calls[0].function.arguments == TEXT
    item = {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": ARGUMENTS}
    wire = {"id": "r", "status": "completed", "output": [item]}
    client = build("sk-key", base_url=serve(answers(wire)).url)
    response = client.responses.create(model="gpt-5", input="Hi")
    assert response.output[0].arguments == TEXT


def test_an_object_that_calls_itself_an_error_is_one(build: Build, serve: Serve) -> None:
    wire = {"object": "error", "message": "The model is gone.", "code": 404}
    with pytest.raises(ServerError, match="The model is gone"):
        read(build, serve, streams(event(delta("Hi")), event(wire), DONE))
    client = build("sk-key", base_url=serve(answers(wire)).url)
    with pytest.raises(ServerError, match="The model is gone"):
        client.chat.completions.create(**ASK)


def test_a_finish_reason_at_the_end_of_the_body_is_a_good_end(build: Build, serve: Serve) -> None:
    completion = read(build, serve, streams(event(delta("Hi")), event(delta(finish="stop"))))
    assert (completion.text, completion.finish_reason) == ("Hi", "stop")


def test_an_end_without_a_finish_reason_is_not_complete(build: Build, serve: Serve) -> None:
    with pytest.raises(NetworkError, match="before it was complete") as caught:
        read(build, serve, streams(event(delta("Hi")), DONE))
    assert caught.value.maybe_sent
    assert [chunk.text for chunk in caught.value.received] == ["Hi"]
