"""Streams: what a model sends while it is still at work.

- `decoders` make events of bytes, without I/O.
- `reading` makes typed items of events, and knows how a stream may end, without I/O.
- `stream` reads the bytes: `Stream` and `AsyncStream`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._data.checks import DEFAULT_IDLE
from .._data.lazy import load

if TYPE_CHECKING:
    from .decoders import EventDecoder, LineDecoder
    from .reading import Format, Limits, Opened
    from .stream import AsyncStream, Stream

__all__ = [
    "DEFAULT_IDLE",
    "AsyncStream",
    "EventDecoder",
    "Format",
    "Limits",
    "LineDecoder",
    "Opened",
    "Stream",
]


def __getattr__(name: str) -> object:
    return load(__name__, name, "decoders", "reading", "stream")
