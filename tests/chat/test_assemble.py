"""Chat without a wire: pieces put together, and what a stream remembers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from skytells import Call, RequestTimeoutError
from skytells._core.operation import RunBlocking
from skytells.chat.assemble import completion_of
from skytells.chat.requests import CHUNKS, create_completion
from skytells.errors import ApiErrorId, InvalidRequestError
from skytells.streaming import Limits, LineDecoder
from skytells.streaming.decoders import Event
from skytells.streaming.reading import Format, Opened, Reading
from skytells.types.chat import ChatCompletion, ChatCompletionChunk, ChatMessage, text_of

from ..behaviour.events import DONE, delta, event
from ..core.support import call_of


class NoBody:
    closed = False

    def abandon(self) -> None:
        """There is nothing to let go of."""


def opened(redact: Any = bytes) -> Opened:
    return Opened(NoBody(), 200, {}, redact)


def reading(
    idle: float | None = 60_000, total: float | None = None
) -> Reading[ChatCompletionChunk]:
    made = Reading(CHUNKS, Limits.of(idle, total))
    made.open(opened(), 100.0)
    return made


def whole(*wires: dict[str, Any]) -> ChatCompletion:
    return completion_of(map(ChatCompletionChunk.from_wire, wires))


def test_a_completion_is_put_together_from_its_pieces() -> None:
    filters = {"violence": {"filtered": False, "severity": "safe"}}
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    first = {"choices": [], "prompt_filter_results": [{"prompt_index": 0}], "id": "", "usage": None}
    last = delta(finish="stop")
    last["choices"][0]["content_filter_results"] = filters
    completion = whole(
        first,
        delta("", role="assistant") | {"obfuscation": "xxxx"},
        delta("Hel"),
        delta([{"type": "text", "text": "l"}, {"text": "o"}]),
        last,
        {"choices": [], "usage": usage, "id": "chatcmpl-1"},
    )
    assert completion.to_dict() == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-5",
        "prompt_filter_results": [{"prompt_index": 0}],
        "usage": usage,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello"},
                "finish_reason": "stop",
                "content_filter_results": filters,
            }
        ],
    }
    assert completion.text == "Hello"
    assert completion.prompt_filter_results is not None


def call(index: int | None, id: str | None = None, name: str | None = None, part: str = "") -> Any:
    piece: dict[str, Any] = {"function": {"arguments": part} | ({"name": name} if name else {})}
    return piece | ({"id": id, "type": "function"} if id else {}) | (
        {} if index is None else {"index": index}
    )  # fmt: skip


def test_tool_calls_are_put_together_by_index() -> None:
    completion = whole(
        delta(tool_calls=[call(0, "a", "one", '{"x"')]),
        delta(tool_calls=[call(1, "b", "two")]),
        delta(tool_calls=[call(0, part=":1}"), call(1, part="{}")]),
        delta(finish="tool_calls"),
    )
    assert [
        (c.id, c.type, c.function.name, c.function.arguments) for c in completion.tool_calls
    ] == [
        ("a", "function", "one", '{"x":1}'),
        ("b", "function", "two", "{}"),
    ]
    assert "index" not in completion.message["tool_calls"][0]
    assert completion.text == ""


def test_a_tool_call_without_an_index_has_its_place() -> None:
    completion = whole(
        delta(tool_calls=[call(None, "a", "one", "{"), call(None, "b", "two")]),
        delta(tool_calls=[call(None, part="}")]),
    )
    assert [c.function.arguments for c in completion.tool_calls] == ["{}", ""]


def test_answers_beside_each_other_are_kept_apart() -> None:
    completion = whole(delta("b", index=1), delta("a"), delta("B", index=1), delta("A"))
    assert [c.message.content for c in completion.choices] == ["aA", "bB"]
    assert [
        delta_of.text for delta_of in map(ChatCompletionChunk.from_wire, [delta("b", index=1)])
    ] == [""]


def test_log_probabilities_are_joined_without_changing_what_came() -> None:
    pieces = [delta("a"), delta("b")]
    for piece in pieces:
        piece["choices"][0]["logprobs"] = {"content": [{"token": "t"}], "refusal": None}
    before = json.dumps(pieces)
    assert whole(*pieces)["choices"][0]["logprobs"] == {"content": [{"token": "t"}] * 2}
    assert whole(*pieces)["choices"][0]["logprobs"] == {"content": [{"token": "t"}] * 2}
    assert json.dumps(pieces) == before


def test_whatever_a_model_says_apart_is_joined_and_the_rest_is_kept() -> None:
    completion = whole(
        delta(refusal="I can", reasoning="hm"),
        delta(refusal="not", reasoning="m", audio={"id": 1}, role=None),
    )
    assert completion.message.refusal == "I cannot"
    assert completion.message["reasoning"] == "hmm"
    assert completion.message["audio"] == {"id": 1}
    assert completion.message.role == "assistant"


CHOICES: list[Any] = [None, [None, 1], {}, [{}]]


@pytest.mark.parametrize("choices", CHOICES)
def test_odd_chunks_do_no_harm(choices: Any) -> None:
    odd = {"choices": choices}
    assert whole(odd, delta("a")).text == "a"
    assert ChatCompletionChunk.from_wire(odd).text == ""


def test_odd_pieces_do_no_harm() -> None:
    odd = {"choices": [{"index": None, "delta": None, "logprobs": None}]}
    worse = delta(tool_calls=None)
    worst = delta(tool_calls=[None, {"index": 0, "function": None}])
    assert whole(odd, worse, worst, delta("a")).text == "a"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("a", "a"),
        (None, None),
        ([], ""),
        (["a", {"text": "b"}, {"text": None}, 5], "ab"),
        ({"text": "a"}, None),
    ],
)
def test_content_is_text_or_parts(content: object, text: str | None) -> None:
    assert text_of(content) == text
    assert ChatMessage.from_wire({"content": content}).content == text


def test_a_completion_without_choices_has_no_text() -> None:
    completion = ChatCompletion.from_wire({"choices": []})
    assert (completion.text, completion.finish_reason, completion.tool_calls) == ("", None, [])


def test_a_stream_waits_anew_for_each_event_and_not_while_it_is_not_asked() -> None:
    stream = reading(idle=5_000)
    assert stream.deadline(100.0) == 105.0
    assert stream.deadline(104.0) == 105.0  # bytes that make no event are no event
    items = stream.feed(event(delta("a")))
    next(items)
    assert list(items) == []
    assert stream.deadline(900.0) == 905.0


def test_a_streams_total_time_is_from_its_opening() -> None:
    stream = reading(idle=5_000, total=7_000)
    assert stream.deadline(101.0) == 106.0
    list(stream.feed(event(delta("a"))))
    assert stream.deadline(104.0) == 107.0
    assert "within 7000 ms" in str(stream.failed(RequestTimeoutError("", "", "")))
    assert reading(idle=None).deadline(1.0) is None


def test_events_before_a_bad_one_are_given_first() -> None:
    stream = reading()
    items = stream.feed(event(delta("a")) + b"data: {\n\n" + event(delta("b")))
    assert next(items).text == "a"
    with pytest.raises(Exception, match="not valid JSON"):
        next(items)


def test_what_follows_the_last_event_is_left_out() -> None:
    stream = reading()
    end = event(delta("a", finish="stop")) + DONE
    assert [c.text for c in stream.feed(end + b"data: {\n\n")] == ["a"]
    assert stream.ended
    assert len(stream.complete()) == 1


def test_a_stream_of_lines_may_just_end() -> None:
    def read(event: Event) -> Any:
        return json.loads(event[1])

    lines: Reading[Any] = Reading(Format(LineDecoder, read, open_ended=True), Limits(None, None))
    assert list(lines.feed(b'{"a": 1}\n{"b"')) == [{"a": 1}]
    assert list(lines.feed(b": 2}")) == []
    assert list(lines.feed(b"")) == [{"b": 2}]
    assert lines.ended


def test_an_item_may_be_the_last() -> None:
    def read(event: Event) -> str:
        return event[1].decode()

    marked = Reading(Format(LineDecoder, read, is_last=lambda x: x == "end"), Limits(None, None))
    assert list(marked.feed(b"a\nend\nb\n")) == ["a", "end"]
    assert marked.ended


def test_a_key_is_taken_out_before_an_error_is_made() -> None:
    stream = Reading(CHUNKS, Limits(None, None))

    def redact(data: bytes) -> bytes:
        return data.replace(b"key", b"***")

    stream.open(opened(redact), 0.0)
    with pytest.raises(Exception, match=r"\*\*\*") as caught:
        list(stream.feed(b'data: {"error": "my key"}\n\n'))
    assert "key" not in str(caught.value)


def test_a_call_is_a_value_that_keeps_its_body_to_itself() -> None:
    call = call_of(create_completion("m", [{"role": "user", "content": "private"}], {"seed": None}))
    assert json.loads(call.body or b"").keys() == {"model", "messages"}
    assert "private" not in repr(call)
    with pytest.raises(InvalidRequestError) as caught:
        create_completion("m", [{"role": "user", "content": "x"}], {"streem": True})
    assert caught.value.error_id == ApiErrorId.INVALID_PARAMETER


def test_a_picture_is_read_apart_and_then_the_call_is_made() -> None:
    part: Any = {"type": "image_url", "image_url": {"url": b"GIF89a"}}
    operation = create_completion("m", [{"role": "user", "content": [part]}])
    flow = iter(operation)
    reading = next(flow)
    assert isinstance(reading, RunBlocking)  # which the async driver does in a thread
    call = flow.send(reading.work())
    assert isinstance(call, Call)
    [sent] = json.loads(call.body or b"")["messages"][0]["content"]
    assert sent == {"type": "image_url", "image_url": {"url": "data:image/gif;base64,R0lGODlh"}}
