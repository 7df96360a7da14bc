"""Chat: calls, streams put together, and the API of both clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._data.lazy import load

if TYPE_CHECKING:
    from .api import (
        AsyncChatAPI,
        AsyncChatStream,
        AsyncCompletionsAPI,
        ChatAPI,
        ChatStream,
        CompletionsAPI,
    )
    from .loop import ToolRun
    from .tools import Tool, ToolError, tool

__all__ = [
    "AsyncChatAPI",
    "AsyncChatStream",
    "AsyncCompletionsAPI",
    "ChatAPI",
    "ChatStream",
    "CompletionsAPI",
    "Tool",
    "ToolError",
    "ToolRun",
    "tool",
]


def __getattr__(name: str) -> object:
    return load(__name__, name, "api", "loop", "tools")
