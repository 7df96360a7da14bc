"""A server that misbehaves to order: raw sockets, one step for each request, every byte recorded.

A step is a function of the `Peer`, the connection on which a request has just begun to arrive. It
reads the request or does not, and answers as it likes; when it returns with the connection open,
the next step waits there for the next request. The last step is repeated.

    server = serve(answers({"id": "p1"}), resets())
    client = SkytellsClient("sk-key", base_url=server.url)

Steps that go on for as long as the client holds the line end when it is cut, and `was_cut` says so.
`steps.py` has what most tests need; a test writes its own where it needs more.
"""

from __future__ import annotations

import json
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

PATIENCE: Final = 60.0
"""Seconds after which a wait of the server's is a hang; no test gets there."""


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    raw: bytes
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class GoneError(Exception):
    """The client has left."""


class Peer:
    """A connection, seen from the server."""

    def __init__(self, server: Server, sock: socket.socket) -> None:
        self.sock = sock
        self.open = True
        self._server = server
        self._buffer = b""

    def begins(self) -> bool:
        """Wait for a request; false when the client closes the connection instead."""
        if not self._buffer and not isinstance(self.sock, ssl.SSLSocket):
            # What stays unread makes closing a reset, as some steps want it.
            select.select([self.sock], [], [])
            return bool(self.sock.recv(1, socket.MSG_PEEK))
        with suppress(GoneError):
            self._fill()
        return bool(self._buffer)

    def read(self) -> Request:
        """Read one request, and record it."""
        head = self._until(lambda: self._buffer.find(b"\r\n\r\n") + 4, least=4)
        first, *lines = head.decode("latin-1").strip().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        body = self._until(lambda: int(headers.get("content-length", "0")))
        request = Request(head + body, method, target, headers, body)
        self.record(request)
        return request

    def record(self, request: Request) -> None:
        self._server.requests.append(request)

    def take(self) -> bytes:
        """Whatever has come, or comes next."""
        if not self._buffer:
            self._fill()
        data, self._buffer = self._buffer, b""
        return data

    def send(self, data: bytes) -> None:
        try:
            self.sock.sendall(data)
        except OSError as error:
            raise GoneError from error

    def drip(self, data: bytes, pause: float = 0.02) -> None:
        """Send byte by byte."""
        for place in range(len(data)):
            self.send(data[place : place + 1])
            self.pause(pause)

    def pause(self, seconds: float = 0.02) -> None:
        time.sleep(seconds)

    def hold(self) -> None:
        """Do nothing until the client is gone."""
        while True:
            self._buffer = b""
            self._fill()

    def close(self) -> None:
        self.open = False
        self.sock.close()

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def _until(self, end: Callable[[], int], least: int = 0) -> bytes:
        while (length := end()) < least or len(self._buffer) < length:
            self._fill()
        data, self._buffer = self._buffer[:length], self._buffer[length:]
        return data

    def _fill(self) -> None:
        try:
            data = self.sock.recv(65536)
        except OSError as error:
            raise GoneError from error
        if not data:
            raise GoneError
        self._buffer += data


Step: TypeAlias = Callable[[Peer], None]


class Server:
    """Listens on a free port of 127.0.0.1, and takes the steps one after another.

    Args:
        steps: What is done, request by request, whatever connection they come on.
        tls: Speak TLS, with this context.
        listening: Whether connections are taken from the start; `listen` begins it.
    """

    def __init__(
        self, *steps: Step, tls: ssl.SSLContext | None = None, listening: bool = True
    ) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self._steps = list(steps)
        self._tls = tls
        self._cuts = 0
        self._peers: dict[Peer, threading.Thread] = {}
        self._closing = False
        self._lock = threading.Lock()
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._taker = threading.Thread(target=self._take, daemon=True)
        if listening:
            self.listen()

    @property
    def url(self) -> str:
        scheme, host = ("https", "localhost") if self._tls else ("http", "127.0.0.1")
        return f"{scheme}://{host}:{self.port}/v1"

    @property
    def open(self) -> int:
        """How many connections are open now."""
        return len(self._peers)

    def targets(self) -> list[str]:
        """Method and target of each request so far."""
        return [f"{request.method} {request.target}" for request in self.requests]

    def was_cut(self, times: int = 1) -> bool:
        """Whether the client has left so many steps in their midst; waits for it a while."""
        return self._wait_for(lambda: self._cuts >= times)

    def is_alone(self) -> bool:
        """Whether no connection is open; waits for it a while."""
        return self._wait_for(lambda: not self._peers)

    def has_seen(self, requests: int) -> bool:
        """Whether so many requests have come; waits for them a while."""
        return self._wait_for(lambda: len(self.requests) >= requests)

    def has_taken(self, connections: int) -> bool:
        """Whether so many connections were opened; waits for them a while."""
        return self._wait_for(lambda: self.connections >= connections)

    def settles_at(self, open: int) -> bool:
        """Whether so many connections are open; waits for it a while."""
        return self._wait_for(lambda: self.open == open)

    def say(self, data: bytes) -> None:
        """Send on all connections, unasked."""
        for peer in list(self._peers):
            peer.send(data)

    def hang_up(self) -> None:
        """Close all connections at rest."""
        for peer in list(self._peers):
            peer.sock.shutdown(socket.SHUT_RDWR)

    def listen(self) -> None:
        self._listener.listen(512)
        self._taker.start()

    def close(self) -> None:
        self._closing = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if self._taker.ident is not None:
            self._taker.join(PATIENCE)
        for peer, thread in list(self._peers.items()):
            with suppress(OSError):
                peer.sock.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE)

    def _wait_for(self, reached: Callable[[], bool]) -> bool:
        end = time.monotonic() + PATIENCE
        while not reached() and time.monotonic() < end:
            time.sleep(0.002)
        return reached()

    def _take(self) -> None:
        with suppress(OSError):
            while not self._closing:
                sock, _ = self._listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.connections += 1
                peer = Peer(self, sock)
                thread = threading.Thread(target=self._serve, args=(peer,), daemon=True)
                self._peers[peer] = thread
                thread.start()

    def _serve(self, peer: Peer) -> None:
        try:
            if self._tls is not None:
                peer.sock = self._tls.wrap_socket(peer.sock, True, do_handshake_on_connect=False)
                peer.sock.do_handshake()
            while peer.open and peer.begins():
                with self._lock:
                    step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
                step(peer)
        except GoneError:
            self._cuts += not self._closing
        except OSError:
            # A handshake that failed, or a connection that was reset between two requests.
            pass
        finally:
            peer.sock.close()
            del self._peers[peer]
