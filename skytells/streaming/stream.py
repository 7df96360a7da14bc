"""A stream in both colours: it opens when it is first used, is read once, and frees its connection."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Generic, Self, TypeVar, cast

from .._core.operation import Operation
from ..errors import SkytellsError
from .reading import Format, Limits, Opened, Reading, ended

if TYPE_CHECKING:
    from .._core.protocols import AsyncOpenBody, AsyncPerformer, OpenBody, Performer

T = TypeVar("T")


class Stream(Generic[T]):
    """What a model sends, item by item, as it is made.

    The request is sent when the stream is entered or first iterated. It is read once; its
    connection is freed at its end, on an error, and when it is left. Between two items may pass
    `idle_timeout` milliseconds; a pause of yours does not count.

    Example:
        >>> messages = [{"role": "user", "content": "Say hi"}]
        >>> with client.chat.completions.stream(model="gpt-5", messages=messages) as stream:
        ...     for chunk in stream:
        ...         text = chunk.text
        >>> print(stream.final().finish_reason)
        stop
    """

    def __init__(
        self,
        client: Performer,
        opening: Operation[Opened],
        format: Format[T],
        limits: Limits,
    ) -> None:
        self._client = client
        self._opening = opening
        self._reading = Reading(format, limits)
        self._body: OpenBody | None = None
        self._iterator: Generator[T] | None = None

    @property
    def received(self) -> Sequence[T]:
        """What has come so far."""
        return self._reading.received

    def open(self) -> Self:
        """Send the request, if that has not been done, and wait until the answer begins."""
        if self._body is None:
            self._begin(self._client.perform(self._opening))
        return self

    def _begin(self, opened: Opened) -> OpenBody:
        self._body = cast("OpenBody", opened.body)
        self._reading.open(opened, time.monotonic())
        return self._body

    def close(self) -> None:
        """Leave the stream, wherever it is, and free its connection."""
        if self._body is not None:
            self._body.close()

    __enter__ = open

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[T]:
        return self._iterator or self._items()

    def __next__(self) -> T:
        self._iterator = self._iterator or self._items()
        return next(self._iterator)

    def _items(self) -> Generator[T]:
        self._reading.begin()
        body = self._body or self._begin(self._client.perform(self._opening))
        reading = self._reading
        try:
            while not reading.ended:
                yield from reading.feed(body.read(reading.deadline(time.monotonic())))
            self._client.perform(ended(body))
        except SkytellsError as error:
            raise reading.failed(error)
        finally:
            body.close()

    def _all(self) -> list[T]:
        left = self._body is not None and self._body.closed
        if not self._reading.begun or (self._iterator is not None and not left):
            for _ in self:
                pass
        return self._reading.complete()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._reading})"


class AsyncStream(Generic[T]):
    """What a model sends, item by item, as it is made. As `Stream`, with `async with` and `async for`."""

    def __init__(
        self,
        client: AsyncPerformer,
        opening: Operation[Opened],
        format: Format[T],
        limits: Limits,
    ) -> None:
        self._client = client
        self._opening = opening
        self._reading = Reading(format, limits)
        self._body: AsyncOpenBody | None = None
        self._iterator: AsyncGenerator[T] | None = None

    @property
    def received(self) -> Sequence[T]:
        """What has come so far."""
        return self._reading.received

    async def open(self) -> Self:
        """Send the request, if that has not been done; as `Stream.open`."""
        if self._body is None:
            self._begin(await self._client.perform(self._opening))
        return self

    def _begin(self, opened: Opened) -> AsyncOpenBody:
        self._body = cast("AsyncOpenBody", opened.body)
        self._reading.open(opened, time.monotonic())
        return self._body

    async def aclose(self) -> None:
        """Leave the stream, wherever it is, and free its connection."""
        if self._body is not None:
            await self._body.aclose()

    __aenter__ = open

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    def __aiter__(self) -> AsyncIterator[T]:
        return self._iterator or self._items()

    async def __anext__(self) -> T:
        self._iterator = self._iterator or self._items()
        return await anext(self._iterator)

    async def _items(self) -> AsyncGenerator[T]:
        self._reading.begin()
        body = self._body or self._begin(await self._client.perform(self._opening))
        reading = self._reading
        try:
            while not reading.ended:
                for item in reading.feed(await body.read(reading.deadline(time.monotonic()))):
                    yield item
            await self._client.perform(ended(body))
        except SkytellsError as error:
            raise reading.failed(error)
        finally:
            await body.aclose()

    async def _all(self) -> list[T]:
        left = self._body is not None and self._body.closed
        if not self._reading.begun or (self._iterator is not None and not left):
            async for _ in self:
                pass
        return self._reading.complete()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._reading})"
