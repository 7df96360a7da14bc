"""Chat: completions and responses under one name; `client.chat`."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from .._core.protocols import AsyncPerformer, Performer
from ..chat.api import AsyncCompletionsAPI, CompletionsAPI

if TYPE_CHECKING:
    from ..responses import AsyncResponsesAPI, ResponsesAPI


class Client(Performer, Protocol):
    """A sync client with responses."""

    @property
    def responses(self) -> ResponsesAPI: ...


class AsyncClient(AsyncPerformer, Protocol):
    """An async client with responses."""

    @property
    def responses(self) -> AsyncResponsesAPI: ...


class ChatAPI:
    """Conversations; `client.chat`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @cached_property
    def completions(self) -> CompletionsAPI:
        """Chat completions."""
        return CompletionsAPI(self._client)

    @property
    def responses(self) -> ResponsesAPI:
        """The same as `client.responses`."""
        return self._client.responses


class AsyncChatAPI:
    """Conversations; `client.chat`. As `ChatAPI`, awaited."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @cached_property
    def completions(self) -> AsyncCompletionsAPI:
        """Chat completions."""
        return AsyncCompletionsAPI(self._client)

    @property
    def responses(self) -> AsyncResponsesAPI:
        """The same as `client.responses`."""
        return self._client.responses
