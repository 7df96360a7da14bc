"""Bodies of replies: read whole, or left open to be read chunk by chunk, in both colours."""

from __future__ import annotations

import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from typing import Any, Final, TypeAlias, cast

import httpcore

from ._core.operation import Send as Exchange
from ._core.wire import BodyReader, Reply, WireRequest
from ._failures import failure_of
from ._network import PASSAGE, DeadlineStream, Passage, within

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]
Arrival: TypeAlias = tuple[int, Headers, Iterator[bytes]]
"""A reply of which status and headers have come."""
AsyncArrival: TypeAlias = tuple[int, Headers, AsyncIterator[bytes]]

# What is left of a body, in bytes, from which on it is read past h11.
_LARGE: Final = 1024 * 1024
_AT_ONCE: Final = 256 * 1024


def read_reply(
    request: WireRequest,
    status: int,
    raw_headers: Iterable[tuple[bytes, bytes]],
    chunks: Iterator[bytes],
) -> Reply:
    """A reply with all of its body, or as much of it as may be."""
    headers = _named(raw_headers)
    body = BodyReader(status, headers, request.max_response_bytes)
    for chunk in chunks:
        body.feed(chunk)
        if body.enough:
            break
    return Reply(status, headers, body.finish())


async def aread_reply(
    request: WireRequest,
    status: int,
    raw_headers: Iterable[tuple[bytes, bytes]],
    chunks: AsyncIterator[bytes],
) -> Reply:
    """A reply with all of its body, or as much of it as may be."""
    headers = _named(raw_headers)
    body = BodyReader(status, headers, request.max_response_bytes)
    async for chunk in chunks:
        body.feed(chunk)
        if body.enough:
            break
    return Reply(status, headers, body.finish())


def opened(exchange: Exchange, arriving: AbstractContextManager[Arrival]) -> Reply:
    """A reply whose body stays open, if it is wanted so."""
    with ExitStack() as resources:
        status, raw_headers, chunks = resources.enter_context(arriving)
        if not _keeps(exchange, status, raw_headers):
            return read_reply(exchange.request, status, raw_headers, chunks)
        body = OpenBody(exchange.request, chunks, resources.pop_all())
        return Reply(status, _named(raw_headers), b"", body)


async def aopened(exchange: Exchange, arriving: AbstractAsyncContextManager[AsyncArrival]) -> Reply:
    """A reply whose body stays open, if it is wanted so."""
    async with AsyncExitStack() as resources:
        status, raw_headers, chunks = await resources.enter_async_context(arriving)
        if not _keeps(exchange, status, raw_headers):
            return await aread_reply(exchange.request, status, raw_headers, chunks)
        body = AsyncOpenBody(exchange.request, chunks, resources.pop_all())
        return Reply(status, _named(raw_headers), b"", body)


def _keeps(exchange: Exchange, status: int, raw_headers: Headers) -> bool:
    if exchange.keep is None or not 200 <= status < 300:
        return False
    headers = _named(raw_headers)
    if not exchange.keep(headers):
        return False
    # An open body is not decoded; it was asked for as it is.
    return headers.get("content-encoding", "identity").strip().lower() in {"identity", ""}


class OpenBody:
    """The rest of a reply. At its end, on an error, and when let go of, its connection is freed."""

    def __init__(self, request: WireRequest, chunks: Iterator[bytes], resources: ExitStack) -> None:
        self._request = request
        self._chunks = chunks
        self._resources = resources
        self.closed = False

    def read(self, deadline: float | None = None) -> bytes:
        """The next chunk, or nothing at the end; `deadline` in seconds on the monotonic clock."""
        if self.closed:
            return b""
        token = PASSAGE.set(Passage(self._request.origin.host, deadline))
        try:
            chunk = next(self._chunks, None)
            while chunk == b"":
                chunk = next(self._chunks, None)
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError
        except Exception as error:
            failure = failure_of(error, self._request.origin, True)
        except BaseException:
            self.close()
            raise
        else:
            if chunk is None:
                self.close()
            return chunk or b""
        finally:
            PASSAGE.reset(token)
        self.close()
        raise failure

    def close(self) -> None:
        self.closed = True
        with suppress(Exception):
            self._resources.close()

    def abandon(self) -> None:
        """Let go of it, where nothing can be waited for."""
        self.close()


class AsyncOpenBody:
    """The rest of a reply. At its end, on an error, and when let go of, its connection is freed."""

    def __init__(
        self, request: WireRequest, chunks: AsyncIterator[bytes], resources: AsyncExitStack
    ) -> None:
        self._request = request
        self._chunks = chunks
        self._resources = resources
        self.closed = False

    async def read(self, deadline: float | None = None) -> bytes:
        """The next chunk, or nothing at the end; `deadline` in seconds on the monotonic clock."""
        if self.closed:
            return b""
        try:
            async with within(deadline):
                chunk = await anext(self._chunks, None)
                while chunk == b"":
                    chunk = await anext(self._chunks, None)
            if deadline is not None and time.monotonic() > deadline:
                # What is always there is never waited for, and so never interrupted.
                raise TimeoutError
        except Exception as error:
            failure = failure_of(error, self._request.origin, True)
        except BaseException:
            await self.aclose()
            raise
        else:
            if chunk is None:
                await self.aclose()
            return chunk or b""
        await self.aclose()
        raise failure

    async def aclose(self) -> None:
        self.closed = True
        with suppress(Exception):
            await self._resources.aclose()

    def abandon(self) -> None:
        """Let go of it, where nothing can be waited for: its event loop closes the connection."""
        self.closed = True
        self._chunks, self._resources = alone(b""), AsyncExitStack()


@contextmanager
def arriving(opening: AbstractContextManager[httpcore.Response]) -> Generator[Arrival]:
    """A reply of the pool's, of which the body is yet to come."""
    with opening as response:
        yield response.status, response.headers, _chunks(response)


@asynccontextmanager
async def aarriving(
    opening: AbstractAsyncContextManager[httpcore.Response],
) -> AsyncGenerator[AsyncArrival]:
    """A reply of the pool's, of which the body is yet to come."""
    async with opening as response:
        yield response.status, response.headers, _achunks(response)


class _Rest:
    """What is still to come of a body, and from whom: the decisions, without the reading.

    h11 copies each byte three times, so most of a large body is taken straight off its socket. That
    costs the connection, since h11 never sees the end.
    """

    def __init__(self, response: httpcore.Response) -> None:
        self.left = _length(response)

    def is_large(self, came: bytes) -> bool:
        """Whether to go on without h11, which has handed on all that it had read."""
        self.left -= len(came)
        return self.left >= _LARGE

    def part_of(self, came: bytes) -> bytes:
        """What belongs to the body of what the socket gave."""
        if not came:
            raise httpcore.RemoteProtocolError("the connection was closed within the body")
        part = came[: self.left]
        self.left -= len(part)
        return part


def _chunks(response: httpcore.Response) -> Iterator[bytes]:
    # Held on to: letting go of it closes the connection.
    rest, chunks = _Rest(response), iter(response.iter_stream())
    for chunk in chunks:
        yield chunk
        if rest.is_large(chunk):
            break
    else:
        return
    stream = cast(DeadlineStream, _extensions(response)["network_stream"])
    while rest.left:
        yield rest.part_of(stream.read_all_there_is(_AT_ONCE))


async def _achunks(response: httpcore.Response) -> AsyncIterator[bytes]:
    rest, chunks = _Rest(response), aiter(response.aiter_stream())
    async for chunk in chunks:
        yield chunk
        if rest.is_large(chunk):
            break
    else:
        return
    stream = cast("httpcore.AsyncNetworkStream", _extensions(response)["network_stream"])
    while rest.left:
        yield rest.part_of(await stream.read(_AT_ONCE))


def _extensions(response: httpcore.Response) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", response.extensions)  # pyright: ignore[reportUnknownMemberType]


def _length(response: httpcore.Response) -> int:
    """How long a body is, where its length is all that tells where it ends."""
    headers = _named(response.headers)
    length = "" if "transfer-encoding" in headers else headers.get("content-length", "")
    return int(length) if length.isdecimal() and len(length) < 20 else 0


def _named(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}


async def alone(chunk: bytes) -> AsyncIterator[bytes]:
    """A body that is there already."""
    yield chunk
