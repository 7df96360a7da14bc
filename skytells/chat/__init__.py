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

__all__ = [
    "AsyncChatAPI",
    "AsyncChatStream",
    "AsyncCompletionsAPI",
    "ChatAPI",
    "ChatStream",
    "CompletionsAPI",
]
