"""What the behaviour is tested against: servers that misbehave, on real sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any, TypeAlias

import pytest

from skytells import SkytellsClient
from skytells.transports import AsyncTransport, Transport

from ..conftest import Build
from .misbehaving import Server

Serve: TypeAlias = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a `Server` of the given steps, closed at the test's end."""
    with ExitStack() as servers:

        def start(*steps: Any, **options: Any) -> Server:
            return servers.enter_context(closing(Server(*steps, **options)))

        yield start


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried at once."""
    for module in (
        "skytells._core.retry",
        "skytells._core.polling",
        "skytells.outputs.transfer",
    ):
        monkeypatch.setattr(f"{module}.backoff", _none_at_all)
    monkeypatch.setattr("skytells.predictions.recover.RECONCILE_PAUSES", (0.0, 0.0))


def _none_at_all(delay: float, tries: int, chance: float) -> float:
    return 0.0


@pytest.fixture
def offline(build: Build) -> SkytellsClient:
    """A client whose server is not there: what it refuses, it refuses by itself."""
    return build("sk-key", base_url="http://127.0.0.1:1/v1")


def limit_connections(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Let default clients that are built from now on send at most so many requests at once."""
    for transport in (Transport, AsyncTransport):
        defaults = transport.__init__.__kwdefaults__
        assert defaults is not None
        monkeypatch.setitem(defaults, "max_connections", most)
