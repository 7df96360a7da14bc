"""What the layers ask of each other, so that none has to know the one above it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

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


class Transport(Protocol):
    """What a sync driver sends requests with."""

    def send(self, exchange: Send, /) -> Reply: ...
    def connect(self, connection: OpenConnection, /) -> bool: ...
    def close(self) -> None: ...


class AsyncTransport(Protocol):
    """What an async driver sends requests with."""

    async def send(self, exchange: Send, /) -> Reply: ...
    async def connect(self, connection: OpenConnection, /) -> bool: ...
    async def aclose(self) -> None: ...


class OpenBody(Body, Protocol):
    """The rest of a reply that a sync transport left open."""

    def read(self, deadline: float | None = None, /) -> bytes: ...
    def close(self) -> None: ...


class AsyncOpenBody(Body, Protocol):
    """The rest of a reply that an async transport left open."""

    async def read(self, deadline: float | None = None, /) -> bytes: ...
    async def aclose(self) -> None: ...
