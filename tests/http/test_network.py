"""Streams: what leaves together, what the deadline ends, and what is known to have been sent."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpcore
import pytest

from skytells._http.network import CHUNK, AsyncBackend, AsyncStream, Backend, RequestState, Stream


class Peer(httpcore.NetworkStream):
    """Keeps what it is sent, and answers; or has closed its side already."""

    def __init__(self, *, closed: bool = False) -> None:
        self.sent: list[bytes] = []
        self.closed = closed

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return b"answer"

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self.closed:
            raise httpcore.WriteError("Broken pipe")
        self.sent.append(buffer)

    def close(self) -> None: ...

    def start_tls(self, *args: Any, **options: Any) -> httpcore.NetworkStream:
        return self


class AsyncPeer(httpcore.AsyncNetworkStream):
    """The same for tasks."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._peer.read(max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._peer.write(buffer)

    async def aclose(self) -> None: ...

    async def start_tls(self, *args: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        return self


def exchange(colour: str, peer: Peer, *parts: bytes, state: RequestState | None = None) -> bytes:
    """Write the parts of a request, and read the answer."""
    if colour == "async":

        async def awaited() -> bytes:
            backend = AsyncBackend()
            backend.state = state or RequestState()
            stream = AsyncStream(AsyncPeer(peer), backend)
            for part in parts:
                await stream.write(part)
            return await stream.read(100)

        return asyncio.run(awaited())
    backend = Backend()
    backend.state = state or RequestState()
    stream = Stream(peer, backend)
    for part in parts:
        stream.write(part)
    return stream.read(100)


colours = pytest.mark.parametrize("colour", ["sync", "async"])


@colours
def test_head_and_body_of_a_small_request_leave_together(colour: str) -> None:
    peer = Peer()
    assert exchange(colour, peer, b"POST / HTTP/1.1\r\n\r\n", b"{}", b"") == b"answer"
    assert peer.sent == [b"POST / HTTP/1.1\r\n\r\n{}"]


@colours
def test_a_large_request_is_sent_whole_and_in_order(colour: str) -> None:
    peer, body = Peer(), bytes(range(256)) * 200
    exchange(colour, peer, b"head", body, b"end")
    assert b"".join(peer.sent) == b"head" + body + b"end"
    if colour == "sync":  # the limit of a send holds for each piece
        assert max(map(len, peer.sent)) == CHUNK


@colours
def test_an_answer_that_came_before_the_request_was_sent_is_read(colour: str) -> None:
    assert exchange(colour, Peer(closed=True), b"head", b"body") == b"answer"


class Request:
    """What httpcore tells a trace of."""

    def __init__(self, method: bytes) -> None:
        self.method = method


def test_what_is_handed_to_the_host_counts_as_sent_and_what_a_proxy_is_told_does_not() -> None:
    state = RequestState()
    seen = [state.sent]
    state.trace("connection.connect_tcp.started", {"host": "proxy.example"})
    state.trace("http11.send_request_headers.started", {"request": Request(b"CONNECT")})
    seen.append(state.sent)
    state.trace("http11.send_request_headers.started", {"request": Request(b"POST")})
    state.trace("http11.receive_response_headers.failed", {"exception": OSError()})
    assert [*seen, state.sent] == [None, False, True]


@colours
def test_nothing_is_sent_once_the_deadline_has_passed(colour: str) -> None:
    peer = Peer()
    with pytest.raises(httpcore.WriteTimeout):
        exchange(colour, peer, b"head" * CHUNK, state=RequestState(time.monotonic() - 1))
    assert peer.sent == []
