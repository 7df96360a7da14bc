"""A completion while it is made, in both clients."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, closing
from typing import cast

from ..streaming.stream import AsyncStream, Stream
from ..types.chat import ChatCompletion, ChatCompletionChunk
from .assemble import completion_of


class ChatStream(Stream[ChatCompletionChunk]):
    """A completion as it is made: iterate over its chunks, or over `text`; then ask for `final()`.

    Example:
        >>> messages = [{"role": "user", "content": "Say hi"}]
        >>> with client.chat.completions.stream(model="gpt-5", messages=messages) as stream:
        ...     text = "".join(stream.text)
        >>> stream.final().text == text
        True
    """

    @property
    def text(self) -> Generator[str]:
        """The text of the first answer, piece by piece, instead of the chunks."""
        with closing(cast("Generator[ChatCompletionChunk]", iter(self))) as chunks:
            for chunk in chunks:
                if text := chunk.text:
                    yield text

    def final(self) -> ChatCompletion:
        """The whole completion; what has not been read yet is read now.

        Raises:
            InvalidRequestError: The stream was left before its end.
        """
        return completion_of(self._all())

    @property
    def snapshot(self) -> ChatCompletion:
        """The completion as far as it has come."""
        return completion_of(self.received)


class AsyncChatStream(AsyncStream[ChatCompletionChunk]):
    """A completion as it is made; as `ChatStream`, with `async for`."""

    @property
    async def text(self) -> AsyncGenerator[str]:
        """The text of the first answer, piece by piece, instead of the chunks."""
        async with aclosing(cast("AsyncGenerator[ChatCompletionChunk]", aiter(self))) as chunks:
            async for chunk in chunks:
                if text := chunk.text:
                    yield text

    async def final(self) -> ChatCompletion:
        """The whole completion; as `ChatStream.final`."""
        return completion_of(await self._all())

    @property
    def snapshot(self) -> ChatCompletion:
        """The completion as far as it has come."""
        return completion_of(self.received)
