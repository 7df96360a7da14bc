"""How a stream reaches the caller: event by event when its time has come, faults included."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import StreamingResponse

from .fault_injection import hang_up
from .faults import Fault
from .platform import Platform
from .prediction_events import EVENT_STREAM
from .waiting import Watch, pause


@dataclass(frozen=True)
class Telling:
    """What a stream says.

    Arguments:
        frames: its events as they travel.
        instead: what it says instead of the rest when a fault lets it fail.
        garbage: an event that says nothing.
        seconds: platform seconds from the first to the last.
        media_type: what it is.
    """

    frames: Sequence[bytes]
    instead: bytes
    garbage: bytes = b"data: {]<not json>\n\n"
    seconds: float = 0.0
    media_type: str = EVENT_STREAM


def streamed(
    platform: Platform, request: Request, telling: Telling, headers: dict[str, str]
) -> StreamingResponse:
    """The answer that is a stream of events.

    Arguments:
        platform: its clock decides when what is said.
        request: whose fault befalls the stream.
        telling: what is said.
        headers: those of the answer.
    """
    fault: Fault | None = request.state.fault
    body = _bytes(platform, request, telling, fault or Fault())
    headers = {"cache-control": "no-cache", **headers}
    return StreamingResponse(body, headers=headers, media_type=telling.media_type)


async def until(platform: Platform, moment: float) -> None:
    """Return when the platform's clock shows a moment, or the platform closes."""
    if platform.now() >= moment - 1e-6:
        return
    with Watch(platform) as watch:
        while platform.now() < moment - 1e-6 and not platform.closed:
            await watch.until(moment)


async def _bytes(
    platform: Platform, request: Request, telling: Telling, fault: Fault
) -> AsyncIterator[bytes]:
    frames, began = telling.frames, platform.now()
    told = _told(fault, len(frames))
    for place, frame in enumerate(frames[:told]):
        await until(platform, began + telling.seconds * place / len(frames))
        if fault.slow:
            await pause(platform, fault.slow / len(frames))
        if platform.closed:
            return
        yield frame
    if fault.body == "truncated":
        yield frames[told][: len(frames[told]) // 2] if told < len(frames) else b""
        await hang_up(request)
    elif fault.body == "garbage":
        yield telling.garbage + b"".join(frames[told:])
    elif fault.stream in ("error", "failed"):
        yield telling.instead
    elif fault.stream == "stalled":
        await _silence(platform)


def _told(fault: Fault, count: int) -> int:
    """How many events are told before a fault strikes; all of them if none does."""
    if fault.body == "empty":
        return 0
    if fault.stream == "unfinished":
        return min(count - 1 if fault.after is None else fault.after, count - 1)
    if fault.stream is not None or fault.body in ("truncated", "garbage"):
        return min(count // 2 if fault.after is None else fault.after, count)
    return count


async def _silence(platform: Platform) -> None:
    """Return when the platform closes."""
    with Watch(platform) as watch:
        while not platform.closed:
            await watch.until(None)
