"""Fault injection: how a fault changes the processing of a request and its response."""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from .errors import envelope_of, error_body
from .faults import Fault
from .http import JsonResponse
from .json_values import Json, JsonObject
from .platform import Platform
from .waiting import sleep

DISCONNECT: Final = "skytells.disconnect"
"""The key of the ASGI scope under which the server puts the function that closes the connection."""

_PIECES: Final = 20
_GARBAGE: Final = b"\x00\xff{]<not json>"
_HTML: Final = (
    b"<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
)


async def inject(
    platform: Platform,
    fault: Fault,
    process: Callable[[], Awaitable[Response]],
    request: Request,
) -> Response:
    """Respond to a request that a fault applies to.

    Args:
        platform: Cuts delays short when it closes.
        fault: The fault.
        process: Processes the request and returns the usual response.
        request: The request.
    """
    if fault.latency:
        await sleep(platform, fault.latency)
    if fault.drop == "before":
        return Disconnect()
    response = _replacement(fault, request) or _changed(fault, await process())
    return Disconnect() if fault.drop else _damaged(platform, fault, response)


class Disconnect(Response):
    """No response: the connection is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's
        """Close the connection, and return when it is closed."""
        await disconnect(scope, receive)


class SlowResponse(Response):
    """A response that is sent in pieces.

    Args:
        platform: Cuts delays short when it closes.
        response: What is sent.
        seconds: Real seconds that it takes.
        truncated: Close the connection after half of it.
    """

    def __init__(
        self, platform: Platform, response: Response, *, seconds: float, truncated: bool
    ) -> None:
        super().__init__()
        self._platform = platform
        self.status_code: int = response.status_code
        self.raw_headers: list[tuple[bytes, bytes]] = response.raw_headers
        self._content = bytes(response.body)
        self._delay = seconds / _PIECES
        self._truncated = truncated

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the pieces."""
        start: Message = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        await send(start)
        size = math.ceil(len(self._content) / _PIECES)
        for place in range(_PIECES // 2 if self._truncated else _PIECES):
            await sleep(self._platform, self._delay)
            piece = self._content[place * size : (place + 1) * size]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if self._truncated:
            await disconnect(scope, receive)
        else:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def disconnect(scope: Scope, receive: Receive) -> None:
    """Close the connection of a request, and return when it is closed.

    Raises:
        ConnectionResetError: The application is called without a server.
    """
    close = scope.get(DISCONNECT)
    if close is None:
        raise ConnectionResetError("a fault of the local platform closed the connection")
    close()
    while (await receive())["type"] != "http.disconnect":
        pass


def _replacement(fault: Fault, request: Request) -> Response | None:
    """The response to a request that is not processed."""
    if fault.redirect is not None:
        return Response(status_code=307, headers={"location": fault.redirect})
    if fault.body == "html":
        return Response(_HTML, fault.status or 502, media_type="text/html")
    if not fault.replaces_response or fault.envelope == "failed-prediction":
        return None
    error = fault.api_error()
    envelope = fault.envelope or envelope_of(request.url.path)
    body = error_body(envelope, error, request.state.request_id)
    seconds = fault.retry_after
    if seconds is None and error.status == 429:
        seconds = 1
    headers = {} if seconds is None else {"Retry-After": f"{seconds:g}"}
    return JsonResponse(body, error.status, headers=headers)


def _changed(fault: Fault, response: Response) -> Response:
    """The usual response with another status or body."""
    if fault.envelope == "failed-prediction":
        return _failed_prediction(fault, response)
    if fault.status == 204:
        return Response(status_code=204)
    response.status_code = fault.status or response.status_code
    return response


def _damaged(platform: Platform, fault: Fault, response: Response) -> Response:
    """A response whose body is damaged on its way; streams are damaged in `streaming`."""
    if isinstance(response, StreamingResponse):
        return response
    if fault.body in ("garbage", "empty"):
        body = _GARBAGE if fault.body == "garbage" else b""
        media_type = response.headers.get("content-type")
        response = Response(body, response.status_code, media_type=media_type)
    truncated = fault.body == "truncated"
    if not (truncated or fault.slow):
        return response
    return SlowResponse(platform, response, seconds=fault.slow, truncated=truncated)


def _failed_prediction(fault: Fault, response: Response) -> Response:
    if not isinstance(response, JsonResponse):
        return response
    body: Json = json.loads(bytes(response.body))
    if "id" not in body:
        return response
    failure: JsonObject = {"status": "failed", "output": None, "urls": {}}
    failure |= {"response": fault.message, "error": fault.message}
    return JsonResponse(body | failure)
