"""The sender of a client, built when it is first used: loading httpx takes tens of milliseconds."""

from __future__ import annotations

import inspect
import threading
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from .async_sender import AsyncSender
    from .sender import Sender

S = TypeVar("S", "Sender", "AsyncSender")


class Engine(Generic[S]):
    """The sender of a client and of its copies.

    Args:
        http_client: The `httpx` client to send with; by default one of its own, which it closes.
    """

    _kind: str
    _awaited: bool

    def __init__(self, http_client: object = None) -> None:
        self.owned: Final = http_client is None
        if not self.owned:
            self._expect(http_client)
        self._http_client: Any = http_client
        self._sender: S | None = None
        self._closed = False
        self._lock = threading.Lock()

    @property
    def sender(self) -> S:
        """The sender; the first thread that needs it builds it.

        Raises:
            ConfigurationError: The client is closed.
        """
        sender = self._sender or self._built()
        if self._closed or getattr(sender.client, "is_closed", False) is True:
            raise ConfigurationError.of("The client is closed; build a new one.")
        return sender

    @property
    def client(self) -> Any:
        """The `httpx` client that sends, open or closed."""
        return (self._sender or self._built()).client

    def _built(self) -> S:
        with self._lock:
            if self._sender is None:
                self._sender = self._build(self._http_client)
            return self._sender

    def _build(self, http_client: Any) -> S:
        raise NotImplementedError

    def end(self) -> S | None:
        """Refuse further requests; returns the sender to close, if there is one."""
        self._closed = self.owned
        return self._sender if self.owned else None

    def _expect(self, client: object) -> None:
        sends = all(callable(getattr(client, name, None)) for name in ("build_request", "send"))
        if (
            not sends
            or inspect.iscoroutinefunction(getattr(client, "send", None)) is not self._awaited
        ):
            raise ConfigurationError.of(
                f"http_client must be an {self._kind} here, or one of its shape."
            )


class SyncEngine(Engine["Sender"]):
    """The engine of a sync client."""

    _kind = "httpx.Client"
    _awaited = False

    def _build(self, http_client: Any) -> Sender:
        from .sender import Sender

        return Sender(http_client)


class AsyncEngine(Engine["AsyncSender"]):
    """The engine of an async client."""

    _kind = "httpx.AsyncClient"
    _awaited = True

    def _build(self, http_client: Any) -> AsyncSender:
        from .async_sender import AsyncSender

        return AsyncSender(http_client)
