"""Streams: what leaves together, what the deadline ends, and what is known to have been sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httpcore
import pytest

from skytells._network import PASSAGE, PIECE, CarefulStream, DeadlineStream, Passage

HOST = "api.skytells.ai"


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


@contextmanager
def passing(passage: Passage) -> Generator[Passage]:
    token = PASSAGE.set(passage)
    try:
        yield passage
    finally:
        PASSAGE.reset(token)


def exchange(colour: str, peer: Peer, *parts: bytes, tls: str = "", host: str = HOST) -> bytes:
    """Write the parts of a request, and read the answer."""

    async def awaited() -> bytes:
        stream: httpcore.AsyncNetworkStream = CarefulStream(AsyncPeer(peer), host)
        stream = await stream.start_tls(None, tls) if tls else stream  # type: ignore[arg-type]
        for part in parts:
            await stream.write(part)
        return await stream.read(100)

    if colour == "async":
        return asyncio.run(awaited())
    stream: httpcore.NetworkStream = DeadlineStream(peer, host)
    stream = stream.start_tls(None, tls) if tls else stream  # type: ignore[arg-type]
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
        assert max(map(len, peer.sent)) == PIECE


@colours
def test_an_answer_that_came_before_the_request_was_sent_is_read(colour: str) -> None:
    assert exchange(colour, Peer(closed=True), b"head", b"body") == b"answer"


@colours
def test_what_is_handed_to_the_host_counts_as_sent(colour: str) -> None:
    with passing(Passage(HOST)) as passage:
        assert passage.sent is None
        exchange(colour, Peer(), b"head")
        assert passage.sent is True


@colours
def test_what_a_proxy_is_told_does_not_count_as_sent(colour: str) -> None:
    with passing(Passage(HOST)) as passage:
        exchange(colour, Peer(), b"CONNECT", host="proxy.example")
        assert passage.sent is False
        exchange(colour, Peer(), b"head", host="proxy.example", tls=HOST)
        assert passage.sent is True


def test_nothing_is_sent_once_the_deadline_has_passed() -> None:
    peer = Peer()
    with passing(Passage(HOST, time.monotonic() - 1)) as passage:
        with pytest.raises(httpcore.WriteTimeout):
            exchange("sync", peer, b"head")
        assert not passage.sent
    assert peer.sent == []
