"""Responses: calls, streams put together, and `client.responses`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._data.lazy import load

if TYPE_CHECKING:
    from .api import AsyncResponsesAPI, ResponsesAPI
    from .stream import AsyncResponseStream, ResponseStream

__all__ = ["AsyncResponseStream", "AsyncResponsesAPI", "ResponseStream", "ResponsesAPI"]


def __getattr__(name: str) -> object:
    return load(__name__, name, "api", "stream", "requests")
