"""Responses: the API that both clients offer as `client.responses`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Unpack, overload

from .._data.checks import DEFAULT_IDLE
from ..streaming.reading import Limits
from ..types.responses import InputItem, Response, ResponseParams
from .requests import EVENTS, create_response, stream_response
from .stream import AsyncResponseStream, ResponseStream

if TYPE_CHECKING:
    from .._core.protocols import AsyncPerformer, Performer


class ResponsesAPI:
    """Responses; `client.responses`."""

    def __init__(self, client: Performer) -> None:
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

    def __init__(self, client: AsyncPerformer) -> None:
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
