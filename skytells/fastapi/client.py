"""One async client for the whole application."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Any, Final, TypeAlias

from fastapi import Depends
from starlette.requests import HTTPConnection

from ..client import AsyncSkytellsClient
from ..errors import ConfigurationError

_STATE: Final = "skytells"


def lifespan(
    build: Callable[[], AsyncSkytellsClient] = AsyncSkytellsClient,
) -> Callable[[Any], AbstractAsyncContextManager[dict[str, AsyncSkytellsClient]]]:
    """A lifespan that opens one client when the application starts and closes it at its end.

    Args:
        build: What builds the client; by default from the environment.

    Returns:
        What `FastAPI(lifespan=…)` takes. In a lifespan of your own, enter it and yield what it
        gives along with the rest.

    Example:
        >>> from contextlib import asynccontextmanager
        >>> from fastapi import FastAPI
        >>> from skytells.fastapi import lifespan
        >>> app = FastAPI(lifespan=lifespan(lambda: AsyncSkytellsClient(timeout=20_000)))
        >>> @asynccontextmanager
        ... async def own(app):
        ...     async with lifespan()(app) as state:
        ...         yield {**state, "started": True}
        >>> app = FastAPI(lifespan=own)
    """

    @asynccontextmanager
    async def owned(_app: object) -> AsyncGenerator[dict[str, AsyncSkytellsClient]]:
        async with build() as client:
            yield {_STATE: client}

    return owned


def get_client(connection: HTTPConnection) -> AsyncSkytellsClient:
    """The application's client, as a dependency; in tests, override it.

    Raises:
        ConfigurationError: The application has no `lifespan()`, or was not started.
    """
    client: AsyncSkytellsClient | None = getattr(connection.state, _STATE, None)
    if client is None:
        raise ConfigurationError.of(
            "The application has no Skytells client: build it with FastAPI(lifespan=lifespan()) of "
            "skytells.fastapi; in tests, use `with TestClient(app)`, which starts it."
        )
    return client


Client: TypeAlias = Annotated[AsyncSkytellsClient, Depends(get_client)]
"""The annotation of a parameter that is given the application's client."""
