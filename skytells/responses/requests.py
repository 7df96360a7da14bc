"""Responses: calls, streams put together, and the API that both clients offer as `client.responses`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .._core.operation import Call, Operation, Safety
from .._core.wire import Reply
from .._data.checks import as_list, as_object, is_array, is_mapping
from .._data.json import to_json
from .._inference.images import with_images
from .._inference.requests import body_of, failed_answer, streaming_call
from ..errors import InvalidRequestError
from ..streaming.decoders import Event, EventDecoder
from ..streaming.reading import Format, Opened, error_in_stream, event_object
from ..types.responses import InputItem, Response, ResponseEvent, ResponseParams, event_of

PATH: Final = "/responses"
_KNOWN: Final = {"model", "input", "stream", *ResponseParams.__annotations__}
_LAST: Final = {"response.completed", "response.incomplete", "response.cancelled"}


def create_response(
    model: str, input: str | Sequence[InputItem], params: Mapping[str, Any] | None = None
) -> Operation[Response]:
    """`POST /responses`, once the files among the pictures are read"""

    def call(input: str | Sequence[InputItem]) -> Call[Response]:
        body = to_json(_body(model, input, params or {}))
        return Call("POST", PATH, read_response, Safety.PAID, body=body, name=PATH, model=model)

    return with_images(input, "input", call)


def stream_response(
    model: str, input: str | Sequence[InputItem], params: Mapping[str, Any] | None = None
) -> Operation[Opened]:
    """`POST /responses`, streamed, once the files among the pictures are read"""

    def call(input: str | Sequence[InputItem]) -> Call[Opened]:
        return streaming_call(PATH, _body(model, input, {**(params or {}), "stream": True}))

    return with_images(input, "input", call)


def _body(
    model: str, input: str | Sequence[InputItem], params: Mapping[str, Any]
) -> dict[str, Any]:
    items = is_array(input) and len(input) > 0 and all(map(is_mapping, input))
    if not items and (not isinstance(input, str) or not input):
        raise InvalidRequestError.of(
            "input must be text, or a list with at least one message, such as "
            "[{'role': 'user', 'content': 'Hello'}]."
        )
    given = {"model": model, "input": input, **params}
    if given.get("tools") is not None:
        from .._inference.tools import wire_tools  # here: chat is loaded for those who have tools

        given["tools"] = wire_tools(given["tools"], flat=True)
    return body_of(given, _KNOWN, "responses")


def read_response(reply: Reply) -> Response:
    """A reply in which a response is due; one that says that it failed is an error."""
    wire = as_object(reply.json())
    if wire is None or as_list(wire.get("output")) is None:
        raise failed_answer("a response", reply, wire)
    if wire.get("status") == "failed":
        raise error_in_stream(wire)
    return Response.from_wire(wire)


def read_event(event: Event) -> ResponseEvent:
    """An event of a response; one that says that it failed is an error."""
    wire = event_object(event)
    if wire.get("type") == "response.failed":
        response = as_object(wire.get("response")) or {}
        raise error_in_stream({**wire, "error": response.get("error") or "The response failed."})
    return event_of(wire)


EVENTS: Final = Format(EventDecoder, read_event, is_last=lambda event: event.get("type") in _LAST)
