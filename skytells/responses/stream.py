"""A response while it is made, in both clients."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, closing
from typing import cast

from ..streaming.stream import AsyncStream, Stream
from ..types.responses import Response, ResponseEvent
from .assemble import response_of


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
