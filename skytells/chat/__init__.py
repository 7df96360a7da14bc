"""Chat: calls, streams put together, and the API of both clients."""

from __future__ import annotations

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
