"""How a fault befalls a request: what is done before, instead of and after the ordinary answer."""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from .errors import Envelope, shape_of, shaped
from .faults import Fault, envelope_of, failed
from .platform import Platform
from .prediction_json import Json, Refusal
from .waiting import pause

HANG_UP: Final = "skytells.hang_up"
"""Where the server puts into the scope what closes the connection."""

_PIECES: Final = 20
_GARBAGE: Final = b"\x00\xff{]<not json>"
_HTML: Final = (
    b"<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
)


class JsonAnswer(Response):
    """JSON in ASCII: an input may hold half a surrogate pair, which UTF-8 cannot carry."""

    media_type = "application/json"

    def render(self, content: Json) -> bytes:
        """The bytes of a JSON value."""
        return json.dumps(content, separators=(",", ":")).encode("ascii")


def refused(request: Request, refusal: Refusal) -> JsonAnswer:
    """The answer that is a refusal, in the shape of its route; the log will name it."""
    request.state.error = refusal.error_id
    request_id: str = getattr(request.state, "request_id", "")
    body = shaped(shape_of(request.url.path), refusal, request_id)
    return JsonAnswer(body, refusal.status, headers=refusal.headers)


async def befall(
    platform: Platform,
    fault: Fault,
    proceed: Callable[[], Awaitable[Response]],
    request: Request,
) -> Response:
    """Answer a request that a fault befalls.

    Arguments:
        platform: cuts times short when it closes.
        fault: what goes wrong.
        proceed: acts upon the request and gives the ordinary answer.
        request: decides the usual shape of errors, one of which names its id.
    """
    if fault.latency:
        await pause(platform, fault.latency)
    if fault.drop == "before":
        return HungUp()
    response = _instead(fault, request.state.request_id, shape_of(request.url.path))
    if response is None:
        response = _changed(fault, await proceed())
    return HungUp() if fault.drop else _spoilt(platform, fault, response)


class HungUp(Response):
    """No answer: the connection closes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's
        """Close the connection, and return when it is closed."""
        await _hang_up(scope, receive)


async def hang_up(request: Request) -> None:
    """Close the connection in the middle of a stream, which is cancelled when it is closed."""
    await _hang_up(request.scope, request.receive)


class Spread(Response):
    """An answer in pieces.

    Arguments:
        platform: cuts the time short when it closes.
        whole: the answer.
        seconds: real seconds that it takes.
        cut: close the connection in the middle.
    """

    def __init__(self, platform: Platform, whole: Response, *, seconds: float, cut: bool) -> None:
        super().__init__()
        self._platform = platform
        self.status_code: int = whole.status_code
        self.raw_headers: list[tuple[bytes, bytes]] = whole.raw_headers
        self._whole = bytes(whole.body)
        self._pause = seconds / _PIECES
        self._cut = cut

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the pieces."""
        start: Message = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        await send(start)
        size = math.ceil(len(self._whole) / _PIECES)
        for place in range(_PIECES // 2 if self._cut else _PIECES):
            await pause(self._platform, self._pause)
            piece = self._whole[place * size : (place + 1) * size]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if self._cut:
            await _hang_up(scope, receive)
        else:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _hang_up(scope: Scope, receive: Receive) -> None:
    hang_up = scope.get(HANG_UP)
    if hang_up is None:
        raise ConnectionResetError("the local platform hung up, as a fault told it to")
    hang_up()
    while (await receive())["type"] != "http.disconnect":
        pass


def _instead(fault: Fault, request_id: str, usual: Envelope) -> Response | None:
    """The answer to a request that is not acted upon."""
    if fault.redirect is not None:
        return Response(status_code=307, headers={"location": fault.redirect})
    if fault.body == "html":
        return Response(_HTML, fault.status or 502, media_type="text/html")
    refusal = fault.refusal()
    if refusal is None or fault.envelope == "failed-prediction":
        return None
    body = envelope_of(fault, request_id, usual)
    return JsonAnswer(body, refusal[0], headers=_retry(fault, refusal[0]))


def _retry(fault: Fault, status: int) -> dict[str, str]:
    seconds = fault.retry_after if fault.retry_after is not None or status != 429 else 1
    return {} if seconds is None else {"Retry-After": f"{seconds:g}"}


def _changed(fault: Fault, response: Response) -> Response:
    """The ordinary answer, saying something else."""
    if fault.envelope == "failed-prediction":
        return _failed(fault, response)
    if fault.status == 204:
        return Response(status_code=204)
    response.status_code = fault.status or response.status_code
    return response


def _spoilt(platform: Platform, fault: Fault, response: Response) -> Response:
    """An answer whose body does not arrive as it should; a stream of events does."""
    if isinstance(response, StreamingResponse):
        return response
    if fault.body in ("garbage", "empty"):
        body = _GARBAGE if fault.body == "garbage" else b""
        kind = response.headers.get("content-type")
        response = Response(body, response.status_code, media_type=kind)
    cut = fault.body == "truncated"
    if not (cut or fault.slow):
        return response
    return Spread(platform, response, seconds=fault.slow, cut=cut)


def _failed(fault: Fault, response: Response) -> Response:
    if not isinstance(response, JsonAnswer):
        return response
    said: Json = json.loads(bytes(response.body))
    return JsonAnswer(failed(said, fault.message)) if "id" in said else response
