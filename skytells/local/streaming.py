"""Streaming responses: events are sent at their moments of the clock, and faults are injected."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import StreamingResponse

from .fault_injection import disconnect
from .faults import Fault
from .platform import Platform
from .waiting import sleep, sleep_until

EVENT_STREAM: Final = "text/event-stream"
"""The media type of server-sent events."""


@dataclass(frozen=True)
class StreamContent:
    """The content of a stream.

    Args:
        frames: The encoded events.
        failure: The event that replaces the rest if a fault makes the stream fail.
        garbage: An invalid event.
        seconds: Platform seconds from the first event to the last.
        media_type: The media type.
    """

    frames: Sequence[bytes]
    failure: bytes
    garbage: bytes = b"data: {]<not json>\n\n"
    seconds: float = 0.0
    media_type: str = EVENT_STREAM


def stream_response(
    platform: Platform, request: Request, content: StreamContent, headers: dict[str, str]
) -> StreamingResponse:
    """A response that sends events one after the other.

    Args:
        platform: Its clock determines when each event is sent.
        request: Its fault is injected.
        content: The events.
        headers: Headers of the response.
    """
    fault: Fault | None = request.state.fault
    body = _body(platform, request, content, fault or Fault())
    headers = {"cache-control": "no-cache", **headers}
    return StreamingResponse(body, headers=headers, media_type=content.media_type)


async def _body(
    platform: Platform, request: Request, content: StreamContent, fault: Fault
) -> AsyncIterator[bytes]:
    frames, began = content.frames, platform.now()
    sent = _frames_before_fault(fault, len(frames))
    for place, frame in enumerate(frames[:sent]):
        await sleep_until(platform, began + content.seconds * place / len(frames))
        if fault.slow:
            await sleep(platform, fault.slow / len(frames))
        if platform.closed:
            return
        yield frame
    if fault.body == "truncated":
        yield frames[sent][: len(frames[sent]) // 2] if sent < len(frames) else b""
        await disconnect(request.scope, request.receive)
    elif fault.body == "garbage":
        yield content.garbage + b"".join(frames[sent:])
    elif fault.stream in ("error", "failed"):
        yield content.failure
    elif fault.stream == "stalled":
        await sleep(platform, None)


def _frames_before_fault(fault: Fault, count: int) -> int:
    """How many events are sent before a fault takes effect; all of them if it has none."""
    if fault.body == "empty":
        return 0
    if fault.stream == "unfinished":
        return min(count - 1 if fault.after is None else fault.after, count - 1)
    if fault.stream is not None or fault.body in ("truncated", "garbage"):
        return min(count // 2 if fault.after is None else fault.after, count)
    return count
