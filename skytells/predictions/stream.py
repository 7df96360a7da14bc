"""A prediction that is followed, in both colours: read once, and let go of at any moment."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Sequence
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Self, cast

from ..types.predict import PredictionResponse
from ..types.streams import PredictionEvent
from .follow import PredictionFollower

if TYPE_CHECKING:
    from .._core.protocols import AsyncOpenBody, AsyncPerformer, OpenBody, Performer


class _Followed:
    """What is known of a prediction that is followed, in either colour."""

    def __init__(self, follow: PredictionFollower) -> None:
        self._follower = follow

    @property
    def id(self) -> str:
        """The id of the prediction, which goes on when the stream is left."""
        return self._follower.id

    @property
    def streamed(self) -> bool:
        """Whether its events come off a stream of the server's; else it is looked at."""
        return self._follower.streamed

    @property
    def received(self) -> Sequence[PredictionEvent]:
        """What has come so far."""
        return self._follower.received

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._follower!r})"


class PredictionStream(_Followed):
    """A prediction while it runs: iterate over its events, or over `text`; then ask for `final()`.

    Nothing is sent before it is entered or iterated. It can be left at any moment: that frees the
    connection, and the prediction goes on.

    Example:
        >>> prediction = client.predictions.create(
        ...     model="flux-pro", input={"prompt": "A cat"}, stream=True
        ... )
        >>> with client.predictions.stream(prediction.id) as stream:
        ...     kinds = [event.kind for event in stream]
        >>> kinds[-1], stream.final().done
        ('prediction', True)
    """

    def __init__(self, client: Performer, follow: PredictionFollower) -> None:
        super().__init__(follow)
        self._client = client
        self._iterator: Generator[PredictionEvent] | None = None

    @property
    def text(self) -> Generator[str]:
        """The text that a model says, piece by piece, instead of the events."""
        with closing(cast("Generator[PredictionEvent]", iter(self))) as events:
            for event in events:
                if event.text:
                    yield event.text

    def final(self) -> PredictionResponse:
        """The prediction once it has ended, however it did; what has not been read is passed over.

        Raises:
            WaitTimeoutError: It has not ended within `max_wait`.
        """
        return self._client.perform(self._follower.finish())

    def open(self) -> Self:
        """Ask for the stream, if that has not been done."""
        self._client.perform(self._follower.open())
        return self

    def close(self) -> None:
        """Leave the stream, wherever it is, and free its connection."""
        if self._follower.body is not None:
            cast("OpenBody", self._follower.body).close()

    __enter__ = open

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[PredictionEvent]:
        return self._iterator or self._items()

    def __next__(self) -> PredictionEvent:
        self._iterator = self._iterator or self._items()
        return next(self._iterator)

    def _items(self) -> Generator[PredictionEvent]:
        self._follower.begin()
        try:
            while events := self._client.perform(self._follower.next()):
                yield from events
        finally:
            self.close()


class AsyncPredictionStream(_Followed):
    """A prediction while it runs; as `PredictionStream`, with `async with` and `async for`."""

    def __init__(self, client: AsyncPerformer, follow: PredictionFollower) -> None:
        super().__init__(follow)
        self._client = client
        self._iterator: AsyncGenerator[PredictionEvent] | None = None

    @property
    async def text(self) -> AsyncGenerator[str]:
        """The text that a model says, piece by piece, instead of the events."""
        async with aclosing(cast("AsyncGenerator[PredictionEvent]", aiter(self))) as events:
            async for event in events:
                if event.text:
                    yield event.text

    async def final(self) -> PredictionResponse:
        """The prediction once it has ended; as `PredictionStream.final`."""
        return await self._client.perform(self._follower.finish())

    async def open(self) -> Self:
        """Ask for the stream; as `PredictionStream.open`."""
        await self._client.perform(self._follower.open())
        return self

    async def aclose(self) -> None:
        """Leave the stream, wherever it is, and free its connection."""
        if self._follower.body is not None:
            await cast("AsyncOpenBody", self._follower.body).aclose()

    __aenter__ = open

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    def __aiter__(self) -> AsyncIterator[PredictionEvent]:
        return self._iterator or self._items()

    async def __anext__(self) -> PredictionEvent:
        self._iterator = self._iterator or self._items()
        return await anext(self._iterator)

    async def _items(self) -> AsyncGenerator[PredictionEvent]:
        self._follower.begin()
        try:
            while events := await self._client.perform(self._follower.next()):
                for event in events:
                    yield event
        finally:
            await self.aclose()
