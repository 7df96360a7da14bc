"""Bodies of pooled responses: closing one gives its connection back to the pool."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from typing import Any, Final, cast

import httpcore

from .network import AsyncStream, Stream, extensions_of

# What is left of a body, in bytes, from which on it is read past h11.
_LARGE: Final = 1024 * 1024
_READ_SIZE: Final = 256 * 1024


class PooledBody:
    """The body of a response, and the lease of its connection."""

    def __init__(self, response: httpcore.Response, lease: Generator[object]) -> None:
        self._stream: Any = response.stream
        self._rest = _Rest(response)
        self._lease = lease

    def __iter__(self) -> Iterator[bytes]:
        return self._past_h11() if self._rest.left >= _LARGE else iter(self._stream)

    def _past_h11(self) -> Iterator[bytes]:
        # Kept: letting go of it closes the connection.
        rest, chunks = self._rest, iter(self._stream)
        for chunk in chunks:
            yield chunk
            if rest.is_large(chunk):
                break
        else:
            return
        socket = cast(Stream, rest.socket)
        while rest.left:
            yield rest.part_of(socket.read_available(_READ_SIZE))

    def close(self) -> None:
        try:
            if hasattr(self._stream, "close"):  # what a mock gives has none
                self._stream.close()
        finally:
            self._lease.close()


class AsyncPooledBody:
    """The body of a response, and the lease of its connection."""

    def __init__(self, response: httpcore.Response, lease: AsyncGenerator[object]) -> None:
        self._stream: Any = response.stream
        self._rest = _Rest(response)
        self._lease = lease

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._past_h11() if self._rest.left >= _LARGE else aiter(self._stream)

    async def _past_h11(self) -> AsyncIterator[bytes]:
        rest, chunks = self._rest, aiter(self._stream)
        async for chunk in chunks:
            yield chunk
            if rest.is_large(chunk):
                break
        else:
            return
        socket = cast(AsyncStream, rest.socket)
        while rest.left:
            yield rest.part_of(await socket.read(_READ_SIZE))

    async def aclose(self) -> None:
        try:
            if hasattr(self._stream, "aclose"):
                await self._stream.aclose()
        finally:
            await self._lease.aclose()


class _Rest:
    """What is still to come of a body: the decisions, without the reading.

    h11 copies each byte three times, so most of a large body is read straight from its socket. That
    costs the connection, since h11 never sees the end.
    """

    def __init__(self, response: httpcore.Response) -> None:
        self.socket: object = extensions_of(response).get("network_stream")
        readable = isinstance(self.socket, Stream | AsyncStream)
        self.left: int = _length(response) if readable else 0

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


def _length(response: httpcore.Response) -> int:
    """How long a body is, where its length is all that tells where it ends."""
    length = 0
    for name, value in response.headers:
        lower = name.lower()
        if lower == b"transfer-encoding":
            return 0
        if lower == b"content-length":
            length = int(value) if value.isdigit() and len(value) < 20 else 0
    return length
