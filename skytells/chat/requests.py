"""Chat: each exchange with the API as a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from .._core.operation import Call, Operation, Safety
from .._core.wire import Reply
from .._data.checks import as_list, as_object, is_array, is_mapping
from .._data.json import to_json
from .._inference.images import with_images
from .._inference.requests import body_of, failed_answer, streaming_call
from .._inference.tools import wire_tools
from ..errors import InvalidRequestError
from ..streaming.decoders import Event, EventDecoder
from ..streaming.reading import Format, Opened, event_object
from ..types.chat import ChatCompletion, ChatCompletionChunk, ChatParams, MessageParam

T = TypeVar("T")

PATH: Final = "/chat/completions"
_KNOWN: Final = {"model", "messages", "stream", *ChatParams.__annotations__}


def create_completion(
    model: str, messages: Sequence[MessageParam], params: Mapping[str, Any] | None = None
) -> Operation[ChatCompletion]:
    """`POST /chat/completions`, once the files among the pictures are read"""
    return complete(model, messages, params or {}, read_completion)


def complete(
    model: str,
    messages: Sequence[MessageParam],
    params: Mapping[str, Any],
    read: Callable[[Reply], T],
) -> Operation[T]:
    """The same, with the reply read in another way"""

    def call(messages: Sequence[MessageParam]) -> Call[T]:
        body = to_json(_body(model, messages, params))
        return Call("POST", PATH, read, Safety.PAID, body=body, name=PATH, model=model)

    return with_images(messages, "messages", call)


def stream_completion(
    model: str, messages: Sequence[MessageParam], params: Mapping[str, Any] | None = None
) -> Operation[Opened]:
    """`POST /chat/completions`, streamed, once the files among the pictures are read"""

    def call(messages: Sequence[MessageParam]) -> Call[Opened]:
        return streaming_call(PATH, _body(model, messages, {**(params or {}), "stream": True}))

    return with_images(messages, "messages", call)


def _body(
    model: str, messages: Sequence[MessageParam], params: Mapping[str, Any]
) -> dict[str, Any]:
    if not is_array(messages) or not messages or not all(map(is_mapping, messages)):
        raise InvalidRequestError.of(
            "messages must be a list with at least one message, such as "
            "[{'role': 'user', 'content': 'Hello'}]."
        )
    given = {"model": model, "messages": list(messages), **params}
    if given.get("tools") is not None:
        given["tools"] = wire_tools(given["tools"])
    return body_of(given, _KNOWN, "chat.completions")


def read_completion(reply: Reply) -> ChatCompletion:
    """A reply in which a completion is due."""
    wire = as_object(reply.json())
    if wire is None or as_list(wire.get("choices")) is None:
        raise failed_answer("a chat completion", reply, wire)
    return ChatCompletion.from_wire(wire)


def read_chunk(event: Event) -> ChatCompletionChunk:
    """An event in which a piece of a completion is due."""
    return ChatCompletionChunk.from_wire(event_object(event))


def _finishes(chunk: ChatCompletionChunk) -> bool:
    """Whether an answer is complete with this piece."""
    choices = as_list(chunk.get("choices")) or []
    return any((as_object(choice) or {}).get("finish_reason") for choice in choices)


CHUNKS: Final = Format(EventDecoder, read_chunk, finishes=_finishes)
