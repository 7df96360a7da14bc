"""Chat: each exchange with the API as a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .._checks import is_array, is_mapping
from .._flow import Call, Safety
from .._inference import body_of
from .._replies import wrong_kind
from .._wire import Reply, as_list, as_object
from ..errors import InvalidRequestError, SkytellsError
from ..streaming.decoders import Event, EventDecoder
from ..streaming.reading import (
    STREAM_HEADERS,
    Format,
    Opened,
    error_in_stream,
    event_object,
    is_event_stream,
    opened,
)
from ..types.chat import ChatCompletion, ChatCompletionChunk, ChatParams, MessageParam
from ..types.predict import to_json

PATH: Final = "/chat/completions"
_KNOWN: Final = {"model", "messages", "stream", *ChatParams.__annotations__}


def create_completion(
    model: str, messages: Sequence[MessageParam], params: Mapping[str, Any] | None = None
) -> Call[ChatCompletion]:
    """`POST /chat/completions`"""
    body = to_json(_body(model, messages, params or {}))
    return Call("POST", PATH, read_completion, Safety.PAID, body=body, name=PATH)


def stream_completion(
    model: str, messages: Sequence[MessageParam], params: Mapping[str, Any] | None = None
) -> Call[Opened]:
    """`POST /chat/completions`, streamed"""
    body = to_json(_body(model, messages, {**(params or {}), "stream": True}))
    return Call(
        *("POST", PATH, opened, Safety.PAID),
        body=body,
        name=PATH,
        headers=STREAM_HEADERS,
        keep=is_event_stream,
    )


def _body(
    model: str, messages: Sequence[MessageParam], params: Mapping[str, Any]
) -> dict[str, Any]:
    if not is_array(messages) or not messages or not all(map(is_mapping, messages)):
        raise InvalidRequestError.of(
            "messages must be a list with at least one message, such as "
            "[{'role': 'user', 'content': 'Hello'}]."
        )
    given = {"model": model, "messages": list(messages), **params}
    return body_of(given, _KNOWN, "chat.completions")


def read_completion(reply: Reply) -> ChatCompletion:
    """A reply in which a completion is due."""
    wire = as_object(reply.json())
    if wire is None or as_list(wire.get("choices")) is None:
        raise wrong_object("a chat completion", reply, wire)
    return ChatCompletion.from_wire(wire)


def wrong_object(due: str, reply: Reply, wire: dict[str, Any] | None) -> SkytellsError:
    """The error for a successful answer that is not what was asked for, or says that it is none."""
    return error_in_stream(wire) if wire and wire.get("error") else wrong_kind(due, reply)


def read_chunk(event: Event) -> ChatCompletionChunk:
    """An event in which a piece of a completion is due."""
    return ChatCompletionChunk.from_wire(event_object(event))


CHUNKS: Final = Format(EventDecoder, read_chunk)
