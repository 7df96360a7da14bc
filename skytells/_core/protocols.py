"""What the layers ask of each other, so that none has to know the one above it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .wire import Body, Reply

if TYPE_CHECKING:
    from .operation import OpenConnection, Operation, Send

T = TypeVar("T")


class Performer(Protocol):
    """A sync client, as an API family sees it."""

    def perform(self, operation: Operation[T], /) -> T: ...


class AsyncPerformer(Protocol):
    """An async client, as an API family sees it."""

    async def perform(self, operation: Operation[T], /) -> T: ...


class Sender(Protocol):
    """What sends the requests of a sync client."""

    def send(self, effect: Send, /) -> Reply: ...
    def connect(self, effect: OpenConnection, /) -> bool: ...
    def close(self) -> None: ...


class AsyncSender(Protocol):
    """What sends the requests of an async client."""

    async def send(self, effect: Send, /) -> Reply: ...
    async def connect(self, effect: OpenConnection, /) -> bool: ...
    async def aclose(self) -> None: ...


class EngineProtocol(Protocol):
    """Has the sender of a sync client and its copies."""

    @property
    def owned(self) -> bool: ...
    @property
    def client(self) -> Any: ...
    @property
    def sender(self) -> Sender: ...
    def end(self) -> Sender | None: ...


class AsyncEngineProtocol(Protocol):
    """Has the sender of an async client and its copies."""

    @property
    def owned(self) -> bool: ...
    @property
    def client(self) -> Any: ...
    @property
    def sender(self) -> AsyncSender: ...
    def end(self) -> AsyncSender | None: ...


class OpenBody(Body, Protocol):
    """The rest of a reply that a sync transport left open."""

    def read(self, deadline: float | None = None, /) -> bytes: ...
    def close(self) -> None: ...


class AsyncOpenBody(Body, Protocol):
    """The rest of a reply that an async transport left open."""

    async def read(self, deadline: float | None = None, /) -> bytes: ...
    async def aclose(self) -> None: ...
