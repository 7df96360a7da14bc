"""Chat: completions and responses under one name; `client.chat`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from ..chat.api import AsyncCompletionsAPI, CompletionsAPI

if TYPE_CHECKING:
    from .._core.protocols import AsyncPerformer, Performer
    from ..responses.api import AsyncResponsesAPI, ResponsesAPI


class ChatAPI:
    """Conversations; `client.chat`."""

    def __init__(self, client: Performer, responses: Callable[[], ResponsesAPI]) -> None:
        self._client = client
        self._responses = responses

    @cached_property
    def completions(self) -> CompletionsAPI:
        """Chat completions."""
        return CompletionsAPI(self._client)

    @property
    def responses(self) -> ResponsesAPI:
        """The same as `client.responses`."""
        return self._responses()


class AsyncChatAPI:
    """Conversations; `client.chat`. As `ChatAPI`, awaited."""

    def __init__(self, client: AsyncPerformer, responses: Callable[[], AsyncResponsesAPI]) -> None:
        self._client = client
        self._responses = responses

    @cached_property
    def completions(self) -> AsyncCompletionsAPI:
        """Chat completions."""
        return AsyncCompletionsAPI(self._client)

    @property
    def responses(self) -> AsyncResponsesAPI:
        """The same as `client.responses`."""
        return self._responses()
