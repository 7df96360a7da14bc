"""The same answers over HTTP/2, as an ASGI application for granian."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from . import payloads
from .server import DELAY

Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]

_PIECE = bytes(256 * 1024)
_BODY = payloads.encoded(payloads.prediction())
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", str(len(_BODY)).encode()),
]


async def app(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Send,
) -> None:
    """Answer with a prediction, under `/slow` 200 ms later; to `/file/BYTES` with so many bytes."""
    del receive  # a request has nothing to say
    if scope["type"] != "http":
        return
    path: str = scope["path"]
    if path.startswith("/file/"):
        await _send_file(int(path.removeprefix("/file/")), send)
        return
    if path.startswith("/slow"):
        await asyncio.sleep(DELAY)
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _BODY})


async def _send_file(size: int, send: Send) -> None:
    length = (b"content-length", str(size).encode())
    headers = [(b"content-type", b"image/png"), (b"etag", b'"1"'), length]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    while size > 0:
        piece = _PIECE[:size]
        size -= len(piece)
        await send({"type": "http.response.body", "body": piece, "more_body": size > 0})
