"""Responses: calls, streams put together, and the API that both clients offer as `client.responses`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Iterable, Mapping, Sequence
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any, Final, Literal, Unpack, cast, overload

from ._core.operation import Call, Operation, Safety
from ._core.wire import Reply
from ._data.checks import as_list, as_object, is_array, is_mapping, is_object
from ._data.json import to_json
from ._images import with_images
from ._inference import body_of, failed_answer, streaming_call
from .errors import InvalidRequestError
from .streaming import DEFAULT_IDLE, AsyncStream, Limits, Opened, Stream
from .streaming.decoders import Event, EventDecoder
from .streaming.reading import Format, error_in_stream, event_object
from .types.responses import InputItem, Response, ResponseEvent, ResponseParams, event_of

if TYPE_CHECKING:
    from .client import AsyncSkytellsClient, SkytellsClient

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
        from .chat.tools import wire_tools  # here: chat is loaded for those who have tools

        given["tools"] = wire_tools(given["tools"], flat=True)
    return body_of(given, _KNOWN, "responses")


def read_response(reply: Reply) -> Response:
    """A reply in which a response is due; one that says that it failed is an error."""
    wire = as_object(reply.json())
    if wire is None or as_list(wire.get("output")) is None:
        raise failed_answer("a response", reply, wire)
    if wire.get("status") == "failed":
        raise error_in_stream(wire, reply.status)
    return Response.from_wire(wire)


def read_event(event: Event) -> ResponseEvent:
    """An event of a response; one that says that it failed is an error."""
    wire = event_object(event)
    if wire.get("type") == "response.failed":
        response = as_object(wire.get("response")) or {}
        raise error_in_stream({**wire, "error": response.get("error") or "The response failed."})
    return event_of(wire)


EVENTS: Final = Format(EventDecoder, read_event, is_last=lambda event: event.get("type") in _LAST)


def response_of(events: Iterable[ResponseEvent]) -> Response:
    """The response that events tell of, as far as they do."""
    state: dict[str, Any] = {}
    items: dict[int, dict[str, Any]] = {}
    texts: dict[int, dict[int, list[str]]] = {}
    for event in events:
        kind, place = event.get("type"), event.get("output_index", 0)
        if is_object(event.get("response")):
            state = event["response"]
        elif is_object(event.get("item")):
            items[place] = event["item"]
        elif kind == "response.output_text.delta":
            parts = texts.setdefault(place, {})
            parts.setdefault(event.get("content_index", 0), []).append(event.get("delta") or "")
    if state.get("output"):
        return Response.from_wire(state)
    # The end is not told, or tells of no output: what came piece by piece stands for it.
    output = [
        _item(items.get(place, {}), texts.get(place, {})) for place in sorted({*items, *texts})
    ]
    return Response.from_wire({**state, "output": output})


def _item(item: dict[str, Any], texts: dict[int, list[str]]) -> dict[str, Any]:
    if item.get("content") or not texts:
        return item
    said = [{"type": "output_text", "text": "".join(texts[place])} for place in sorted(texts)]
    return {"type": "message", "role": "assistant", **item, "content": said}


class ResponseStream(Stream[ResponseEvent]):
    """A response as it is made: iterate over its events, or over `text`; then ask for `final()`.

    Example:
        >>> with client.responses.stream(model="gpt-5", input="Say hi") as stream:
        ...     text = "".join(stream.text)
        >>> stream.final().output_text == text
        True
    """

    @property
    def text(self) -> Generator[str]:
        """The text of the answer, piece by piece, instead of the events."""
        with closing(cast("Generator[ResponseEvent]", iter(self))) as events:
            for event in events:
                if text := text_in(event):
                    yield text

    def final(self) -> Response:
        """The whole response; what has not been read yet is read now.

        Raises:
            InvalidRequestError: The stream was left before its end.
        """
        return response_of(self._all())

    @property
    def snapshot(self) -> Response:
        """The response as far as it has come."""
        return response_of(self.received)


class AsyncResponseStream(AsyncStream[ResponseEvent]):
    """A response as it is made; as `ResponseStream`, with `async for`."""

    @property
    async def text(self) -> AsyncGenerator[str]:
        """The text of the answer, piece by piece, instead of the events."""
        async with aclosing(cast("AsyncGenerator[ResponseEvent]", aiter(self))) as events:
            async for event in events:
                if text := text_in(event):
                    yield text

    async def final(self) -> Response:
        """The whole response; as `ResponseStream.final`."""
        return response_of(await self._all())

    @property
    def snapshot(self) -> Response:
        """The response as far as it has come."""
        return response_of(self.received)


def text_in(event: ResponseEvent) -> str:
    """What an event adds to the text."""
    delta = event.get("delta") if event.get("type") == "response.output_text.delta" else None
    return delta if isinstance(delta, str) else ""


class ResponsesAPI:
    """Responses; `client.responses`."""

    def __init__(self, client: SkytellsClient) -> None:
        self._client = client

    @overload
    def create(
        self,
        *,
        model: str,
        input: str | Sequence[InputItem],
        stream: Literal[False] = False,
        **params: Unpack[ResponseParams],
    ) -> Response: ...
    @overload
    def create(
        self,
        *,
        model: str,
        input: str | Sequence[InputItem],
        stream: Literal[True],
        **params: Unpack[ResponseParams],
    ) -> ResponseStream: ...
    def create(
        self,
        *,
        model: str,
        input: str | Sequence[InputItem],
        stream: bool = False,
        **params: Unpack[ResponseParams],
    ) -> Response | ResponseStream:
        """Let a model respond.

        Args:
            model: Slug of the model.
            input: Text, or messages and what earlier responses gave.
            stream: As other libraries have it; `stream()` is the better way to stream.
            params: `instructions`, `max_output_tokens`, `tools`, `reasoning` and the other fields
                of `ResponseParams`; what it does not have goes into `extra_body`.

        Raises:
            InvalidRequestError: It was refused, by the content policy too.
            SkytellsError: It failed; or, with `maybe_sent`, it may have been paid for.

        Example:
            >>> response = client.responses.create(model="gpt-5", input="Say hi")
            >>> print(response.status)
            completed
        """
        if stream:
            return self.stream(model=model, input=input, **params).open()
        return self._client.perform(create_response(model, input, params))

    def stream(
        self,
        *,
        model: str,
        input: str | Sequence[InputItem],
        idle_timeout: float | None = DEFAULT_IDLE,
        total_timeout: float | None = None,
        **params: Unpack[ResponseParams],
    ) -> ResponseStream:
        """Let a model respond, and read the response while it is being made.

        The request is sent when the stream is entered, or first iterated.

        Args:
            model: Slug of the model.
            input: Text, or messages and what earlier responses gave.
            idle_timeout: Longest pause between two events, in milliseconds; `None` has no limit.
            total_timeout: Longest time from the head of the answer to its end, in milliseconds.
            params: As for `create()`.

        Raises:
            SkytellsError: While it is read: it failed, or ended too soon. `error.received` holds
                the events that came.

        Example:
            >>> from skytells import TextDeltaEvent
            >>> text = ""
            >>> for event in client.responses.stream(model="gpt-5", input="Say hi"):
            ...     if isinstance(event, TextDeltaEvent):
            ...         text += event.delta
        """
        opening = stream_response(model, input, params)
        return ResponseStream(self._client, opening, EVENTS, Limits.of(idle_timeout, total_timeout))


class AsyncResponsesAPI:
    """Responses; `client.responses`. As `ResponsesAPI`, awaited."""

    def __init__(self, client: AsyncSkytellsClient) -> None:
        self._client = client

    @overload
    async def create(
        self,
        *,
        model: str,
        input: str | Sequence[InputItem],
        stream: Literal[False] = False,
        **params: Unpack[ResponseParams],
    ) -> Response: ...
    @overload
    async def create(
        self,
        *,
        model: str,
        input: str | Sequence[InputItem],
        stream: Literal[True],
        **params: Unpack[ResponseParams],
    ) -> AsyncResponseStream: ...
    async def create(
        self,
        *,
        model: str,
        input: str | Sequence[InputItem],
        stream: bool = False,
        **params: Unpack[ResponseParams],
    ) -> Response | AsyncResponseStream:
        """Let a model respond; as `ResponsesAPI.create`."""
        if stream:
            return await self.stream(model=model, input=input, **params).open()
        return await self._client.perform(create_response(model, input, params))

    def stream(
        self,
        *,
        model: str,
        input: str | Sequence[InputItem],
        idle_timeout: float | None = DEFAULT_IDLE,
        total_timeout: float | None = None,
        **params: Unpack[ResponseParams],
    ) -> AsyncResponseStream:
        """Let a model respond, and read the response while it is being made; not awaited itself. As `ResponsesAPI.stream`."""
        opening = stream_response(model, input, params)
        return AsyncResponseStream(
            self._client, opening, EVENTS, Limits.of(idle_timeout, total_timeout)
        )
