"""What a server does about one request: answer well, badly, slowly, or not at all."""

from __future__ import annotations

import json
import select
from collections.abc import Callable, Mapping
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

from .misbehaving import PATIENCE, GoneError, Peer, Request, Step


def reply(
    body: object = None, status: int = 200, headers: Mapping[str, str] | None = None
) -> bytes:
    """A well-formed response: JSON unless the body is bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"content-type": "application/json", "content-length": str(len(content))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in (given | dict(headers or {})).items())
    return f"HTTP/1.1 {status} Reason\r\n{lines}\r\n".encode() + content


def head(*lines: str, status: int = 200) -> bytes:
    """The head of a response, with just these header lines."""
    return "\r\n".join([f"HTTP/1.1 {status} Reason", *lines, "", ""]).encode()


def answers(
    body: object = None, status: int = 200, headers: Mapping[str, str] | None = None
) -> Step:
    """Answers as a server should."""
    return sends(reply(body, status, headers))


def sends(*pieces: bytes, then: Callable[[Peer], None] | None = None) -> Step:
    """Reads the request and sends just these bytes; `then` is `Peer.close`, `.hold` or `.reset`."""

    def step(peer: Peer) -> None:
        peer.read()
        for piece in pieces:
            peer.send(piece)
        if then is not None:
            then(peer)

    return step


def drips(start: bytes, data: bytes) -> Step:
    """Sends `start`, then the rest byte by byte, over and over."""

    def step(peer: Peer) -> None:
        peer.read()
        peer.send(start)
        while True:
            peer.drip(data)

    return step


def floods(start: bytes, data: bytes) -> Step:
    """Sends `start`, then the rest over and over, as fast as it is taken."""

    def step(peer: Peer) -> None:
        peer.read()
        peer.send(start)
        while True:
            peer.send(data)

    return step


def stalls() -> Step:
    """Reads the request and never answers."""
    return sends(then=Peer.hold)


def ignores() -> Step:
    """Takes the connection, and neither reads nor answers."""

    def step(peer: Peer) -> None:
        watch = select.poll()
        watch.register(peer.sock, select.POLLRDHUP)
        if watch.poll(PATIENCE * 1000):
            raise GoneError

    return step


def closes(*, unread: bool = False) -> Step:
    """Closes the connection instead of answering; with `unread`, before reading the request."""
    return Peer.close if unread else sends(then=Peer.close)


def resets(*, unread: bool = False) -> Step:
    """Resets the connection instead of answering; with `unread`, before reading the request."""
    return Peer.reset if unread else sends(then=Peer.reset)


def relays(url: str, drops: Callable[[Request], bool] = lambda _: False) -> Step:
    """Passes requests on to a well-behaved server, and its answers back, except those it drops."""
    address = urlsplit(url)

    def step(peer: Peer) -> None:
        request = peer.read()
        upstream = HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE)
        with closing(upstream):
            upstream.request(request.method, request.target, request.body, request.headers)
            response = upstream.getresponse()
            body = response.read()
        if drops(request):
            return peer.reset()
        headers = "".join(f"{name}: {value}\r\n" for name, value in response.getheaders())
        return peer.send(f"HTTP/1.1 {response.status} Relayed\r\n{headers}\r\n".encode() + body)

    return step
