"""Chat: completions, their streams, answers as objects, and tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._data.lazy import load

if TYPE_CHECKING:
    from .._inference.tools import Tool, ToolError, tool
    from .api import AsyncCompletionsAPI, CompletionsAPI
    from .run_tools import ToolRun
    from .stream import AsyncChatStream, ChatStream

__all__ = [
    "AsyncChatStream",
    "AsyncCompletionsAPI",
    "ChatStream",
    "CompletionsAPI",
    "Tool",
    "ToolError",
    "ToolRun",
    "tool",
]


def __getattr__(name: str) -> object:
    return load(__name__, name, "api", "stream", "run_tools", ".._inference.tools")
