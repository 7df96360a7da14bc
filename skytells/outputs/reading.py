"""One output, read as it comes: what `open()` gives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Self, cast

from .._core.operation import Flow
from ..errors import ApiErrorId, DownloadError, InvalidRequestError
from ..types.predict import PredictionResponse
from .failures import failing, naming
from .sources import Source, source
from .transfer import Piece, Terms, Transfer

if TYPE_CHECKING:
    from .._core.protocols import AsyncOpenBody, AsyncPerformer, OpenBody, Performer


class OutputStream:
    """An output under way to a reader, which cannot take back what it has had."""

    def __init__(self, prediction: PredictionResponse, index: int, terms: Terms) -> None:
        self.prediction = prediction
        with naming(prediction):
            self.source: Source = source(prediction, index)
        self.transfer: Transfer = Transfer(self.source, terms)
        self._position = 0
        self._first: Piece | None = None

    def begin(self) -> Flow[Self]:
        """Fetch the first bytes, so that type and size are known."""
        with naming(self.prediction), failing(self.prediction, self.source):
            self._first = yield from self.transfer.next()
        return self

    def next(self) -> Flow[bytes]:
        """The next bytes; nothing at the end."""
        piece, self._first = self._first, None
        with naming(self.prediction), failing(self.prediction, self.source):
            if piece is None:
                piece = yield from self.transfer.next()
            if piece.size and piece.offset != self._position:
                raise DownloadError(
                    "It broke, and could not be resumed where it was. Open it anew.",
                    ApiErrorId.NETWORK_ERROR,
                    f"Broke after {self._position:,} bytes",
                    retryable=True,
                )
        self._position += piece.size
        return b"".join(piece.chunks)


class _Reader:
    """What readers of either colour show."""

    def __init__(self, opening: Flow[OutputStream]) -> None:
        self._opening = opening
        self._stream: OutputStream | None = None
        self._closed = False

    @property
    def name(self) -> str:
        """What the platform calls it; empty where it does not. Not made safe for a disk."""
        return self._opened.source.name

    @property
    def type(self) -> str | None:
        """Its media type, if known."""
        return self._opened.transfer.type

    @property
    def size(self) -> int | None:
        """How many bytes it has, if known."""
        return self._opened.transfer.size

    @property
    def _open(self) -> OutputStream:
        """The stream, for reading on."""
        stream = self._opened
        if self._closed:
            raise InvalidRequestError.of(
                "The output was closed. Open it anew: with prediction.open() as output."
            )
        return stream

    @property
    def _opened(self) -> OutputStream:
        if self._stream is None:
            raise InvalidRequestError.of(
                "The output is not open yet: use it as `with prediction.open() as output`, or with "
                "`async with` on AsyncPrediction."
            )
        return self._stream


class OutputReader(_Reader):
    """One output, read as it comes; a context manager that gives chunks of bytes.

    Example:
        >>> prediction = client.run("flux-pro", input={"prompt": "A cat"})
        >>> with prediction.open() as output:
        ...     print(output.type, output.size == sum(len(chunk) for chunk in output))
        image/png True
    """

    def __init__(self, client: Performer, opening: Flow[OutputStream]) -> None:
        super().__init__(opening)
        self._client = client

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self._client.perform(self._open.next()):
            yield chunk

    def read(self) -> bytes:
        """All that is left of it."""
        return b"".join(self)

    def close(self) -> None:
        """Let go of it, wherever it is."""
        self._closed = True
        if self._stream is not None and self._stream.transfer.body is not None:
            cast("OpenBody", self._stream.transfer.body).close()

    def __enter__(self) -> Self:
        self._stream = self._client.perform(self._opening)
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class AsyncOutputReader(_Reader):
    """One output, read as it comes; as `OutputReader`, with `async with` and `async for`."""

    def __init__(self, client: AsyncPerformer, opening: Flow[OutputStream]) -> None:
        super().__init__(opening)
        self._client = client

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while chunk := await self._client.perform(self._open.next()):
            yield chunk

    async def read(self) -> bytes:
        """All that is left of it."""
        return b"".join([chunk async for chunk in self])

    async def aclose(self) -> None:
        """Let go of it, wherever it is."""
        self._closed = True
        if self._stream is not None and self._stream.transfer.body is not None:
            await cast("AsyncOpenBody", self._stream.transfer.body).aclose()

    async def __aenter__(self) -> Self:
        self._stream = await self._client.perform(self._opening)
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()
