"""HTTP/2 on a server that misbehaves to order: a step of it for each request, whatever its stream."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived, StreamEnded

from .misbehaving import Peer, Request, Step


class Stream:
    """One request and its answer to come."""

    def __init__(self, peer: Peer, wire: H2Connection, number: int) -> None:
        self.peer = peer
        self._wire = wire
        self._number = number

    def head(self, *headers: tuple[str, str], status: int = 200, ends: bool = False) -> None:
        self._wire.send_headers(self._number, [(":status", str(status)), *headers], end_stream=ends)
        self._flush()

    def data(self, chunk: bytes, *, ends: bool = False) -> None:
        self._wire.send_data(self._number, chunk, end_stream=ends)
        self._flush()

    def reset(self, code: ErrorCodes) -> None:
        self._wire.reset_stream(self._number, code)
        self._flush()

    def _flush(self) -> None:
        self.peer.send(self._wire.data_to_send())


Answer: TypeAlias = Callable[[Stream], object]


def over_http2(*answers: Answer) -> Step:
    """Speaks HTTP/2 until the connection ends; the last answer is repeated."""
    queue = list(answers)

    def step(peer: Peer) -> None:
        wire = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        wire.initiate_connection()
        peer.send(wire.data_to_send())
        heads: dict[int, dict[str, str]] = {}
        bodies: dict[int, bytes] = {}
        while peer.open:
            for event in wire.receive_data(peer.take()):
                if isinstance(event, RequestReceived):
                    pairs: Any = event.headers
                    heads[event.stream_id], bodies[event.stream_id] = dict(pairs), b""
                elif isinstance(event, DataReceived):
                    bodies[event.stream_id] += event.data
                elif isinstance(event, StreamEnded):
                    head, number = heads[event.stream_id], event.stream_id
                    method, target = head.pop(":method"), head.pop(":path")
                    peer.record(Request(b"", method, target, head, bodies[number]))
                    answer = queue.pop(0) if len(queue) > 1 else queue[0]
                    answer(Stream(peer, wire, number))
            if peer.open:
                peer.send(wire.data_to_send())

    return step


def says(body: object, *headers: tuple[str, str], status: int = 200) -> Answer:
    """Answers as a server should."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(stream: Stream) -> None:
        stream.head(("content-type", "application/json"), *headers, status=status)
        stream.data(content, ends=True)

    return answer
