"""What tests stand on: the local platform, and clients of both colours behind one face."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterator
from contextlib import ExitStack, closing
from contextvars import copy_context
from typing import Any, Literal, TypeAlias, cast

import pytest
from hypothesis import HealthCheck, settings

import skytells.local
from skytells import AsyncSkytellsClient, Prediction, SkytellsClient
from skytells.local import LocalPlatform

from .behaviour.misbehaving import Server

Colour: TypeAlias = Literal["sync", "async"]
Build: TypeAlias = Callable[..., SkytellsClient]
Serve: TypeAlias = Callable[..., Server]

# Tests draw the same examples each time, however busy the machine is; `make fuzz` draws others.
settings.register_profile(
    "fixed",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("random", settings.get_profile("fixed"), derandomize=False)
settings.load_profile("fixed")


def pytest_configure() -> None:
    """Hear Ctrl-C, of which tests send some: a shell that starts things behind its back has it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class Blocking:
    """An async object used as if it were its sync twin, so that one test serves both.

    Results are awaited on one event loop; what is async among them gets the same face.
    """

    def __init__(self, inner: object, runner: asyncio.Runner) -> None:
        self._inner = inner
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        return self._faced({"close": "aclose"}.get(name, name))

    def _faced(self, name: str) -> Any:
        value = getattr(self._inner, name)
        if not callable(value):
            return self._face(value)

        def called(*args: Any, **options: Any) -> Any:
            return self._settle(value(*args, **options))

        return called

    def _settle(self, result: Any) -> Any:
        if inspect.isawaitable(result):

            async def settled() -> Any:
                return await result

            # In the test's context, as a sync call is: what traces it finds the test's own span.
            result = self._runner.run(settled(), context=copy_context())
        return self._face(result)

    def _face(self, value: Any) -> Any:
        ours = type(value).__module__.startswith("skytells.")
        if (ours and type(value).__name__.startswith("Async")) or inspect.isasyncgen(value):
            return Blocking(value, self._runner)
        return value

    def __enter__(self) -> Any:
        return self._face(self._runner.run(type(self._inner).__aenter__(self._inner)))  # type: ignore[attr-defined]

    def __exit__(self, *exception: object) -> None:
        self._runner.run(type(self._inner).__aexit__(self._inner, *exception))  # type: ignore[attr-defined]

    def __iter__(self) -> Iterator[Any]:
        items = aiter(cast("AsyncIterable[Any]", self._inner))

        async def following() -> tuple[Any, ...]:
            async for item in items:
                return (item,)
            return ()

        return self._each(items, following)

    def _each(self, items: Any, following: Callable[[], Any]) -> Iterator[Any]:
        try:
            while item := self._runner.run(following()):
                yield item[0]
        finally:
            if inspect.isasyncgen(items):
                self._runner.run(_ended(cast("AsyncGenerator[Any]", items)))

    def __repr__(self) -> str:
        return repr(self._inner)


async def _ended(items: AsyncGenerator[Any]) -> None:
    await items.aclose()


def unfaced(value: Any) -> Any:
    """What is behind the face: hand this to a client's method that takes a handle."""
    return vars(value)["_inner"] if isinstance(value, Blocking) else value


@pytest.fixture(params=["sync", "async"])
def colour(request: pytest.FixtureRequest) -> Colour:
    """Which client a test uses; each test that asks runs with both."""
    return cast("Colour", request.param)


@pytest.fixture
def build(colour: Colour) -> Iterator[Build]:
    """Builds a client of the test's colour, closed at the test's end."""
    with asyncio.Runner() as runner:
        built: list[Any] = []

        def make(*args: Any, **options: Any) -> SkytellsClient:
            if colour == "sync":
                client: Any = SkytellsClient(*args, **options)
            else:
                client = Blocking(AsyncSkytellsClient(*args, **options), runner)
            built.append(client)
            return cast(SkytellsClient, client)

        yield make
        for client in built:
            client.close()


@pytest.fixture
def platform() -> Iterator[LocalPlatform]:
    """A platform of the test's own, a thousand times as quick as the real one."""
    with skytells.local.serve(speed=1000.0) as running:
        yield running


@pytest.fixture
def client(build: Build, platform: LocalPlatform) -> SkytellsClient:
    """A client of either colour on the local platform."""
    return build(
        platform.key,
        base_url=platform.url,
        orchestrator_key=platform.orchestrator_key,
        orchestrator_base_url=platform.orchestrator_url,
    )


@pytest.fixture
def offline(build: Build) -> SkytellsClient:
    """A client whose server is not there: what it refuses, it refuses by itself."""
    return build("sk-key", base_url="http://127.0.0.1:1/v1")


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


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the keys, addresses or proxies of the machine that it runs on."""
    for name in (
        "SKYTELLS_API_KEY",
        "SKYTELLS_BASE_URL",
        "SKYTELLS_ORCHESTRATOR_KEY",
        "SKYTELLS_ORCHESTRATOR_BASE_URL",
        "SKYTELLS_ORCHESTRATOR_API_KEY",
        "ORCHESTRATOR_API_KEY",
        "SKYTELLS_WEBHOOK_SECRET",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    # No key file there.
    monkeypatch.setenv("SKYTELLS_CONFIG_DIR", os.devnull)


__all__ = ["Blocking", "Build", "Colour", "Prediction", "Serve", "unfaced"]
