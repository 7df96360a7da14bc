"""`serve()` and `in_process()`, which start a local platform and return its handle."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeVar, Unpack

from .clock import Clock
from .faults import FaultFields, parse_fault
from .json_values import JsonObject
from .options import PlatformOptions
from .platform import Platform, Request
from .prediction_json import prediction_json
from .scripts import ScriptFields
from .webhooks import Delivery

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from skytells.client import AsyncSkytellsClient, SkytellsClient

    from .server import Server


C = TypeVar("C")

_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


class LocalPlatform:
    """A running platform, made by `serve` or `in_process`; `with` or `close` stops it.

    Example:
        >>> with serve(speed=100.0) as platform:
        ...     platform.key
        'sk-local'
    """

    def __init__(
        self, platform: Platform, app: ASGIApp, origin: str, server: Server | None = None
    ) -> None:
        self._platform = platform
        self._app = app
        self._origin = origin
        self._server = server

    def __repr__(self) -> str:
        state = "closed" if self._platform.closed else "serving"
        return f"LocalPlatform({self.url!r}, {state}, predictions={len(self._platform.all())})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def base_url(self) -> str:
        """The base URL for a client, such as `http://127.0.0.1:54321/v1`."""
        return f"{self._origin}/v1"

    @property
    def url(self) -> str:
        """The same as `base_url`."""
        return self.base_url

    @property
    def edge_url(self) -> str:
        """The base URL of the edge, such as `http://127.0.0.1:54321/edge/v1`.

        Example:
            >>> with serve(speed=100.0) as platform:
            ...     edge = platform.client(base_url=platform.edge_url, edge=True)
            ...     print(edge.run("flux-edge", input={"prompt": "A fox"}).status)
            succeeded
        """
        return f"{self._origin}/edge/v1"

    @property
    def key(self) -> str:
        """An API key that it accepts."""
        return self._platform.key

    @property
    def orchestrator_url(self) -> str:
        """The base URL of the Orchestrator, such as `http://127.0.0.1:54321/orchestrator`."""
        return f"{self._origin}/orchestrator"

    @property
    def orchestrator_key(self) -> str:
        """A key that the Orchestrator accepts."""
        return self._platform.orchestrator.account.key

    @property
    def predictions(self) -> list[JsonObject]:
        """The JSON of every prediction, newest first."""
        now = self._platform.now()
        return [prediction_json(job, now, self._origin) for job in self._platform.all()]

    @property
    def requests(self) -> list[Request]:
        """The requests received so far, oldest first."""
        return self._platform.requests

    @property
    def deliveries(self) -> list[Delivery]:
        """The attempts to deliver webhooks so far, oldest first.

        Example:
            >>> with serve() as platform:
            ...     [sent.status for sent in platform.deliveries if sent.event == "completed"]
            []
        """
        return self._platform.outbox.deliveries

    @property
    def credits(self) -> float:
        """The balance of the account, in credits; it can be set.

        Example:
            >>> with serve(credits=1.0) as platform:
            ...     platform.credits += 0.5
            ...     platform.credits
            1.5
        """
        return self._platform.account.balance

    @credits.setter
    def credits(self, balance: float) -> None:
        self._platform.account.balance = balance

    @property
    def speed(self) -> float:
        """Platform seconds per real second; it can be set without a jump of the clock.

        Example:
            >>> with serve(speed=0) as platform:
            ...     platform.speed = 100.0
        """
        return self._platform.clock.speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._platform.set_speed(speed)

    @property
    def asgi(self) -> ASGIApp:
        """The ASGI application, for another server or transport."""
        return self._app

    def client(self, **options: object) -> SkytellsClient:
        """A client of this platform.

        Args:
            options: The options of `SkytellsClient`.

        Raises:
            ValueError: The platform is in process, where only async clients can reach it.

        Example:
            >>> with serve() as platform, platform.client(timeout=5_000) as client:
            ...     model = client.models.get("flux-pro")
        """
        from skytells.client import SkytellsClient

        if self._server is None:
            raise ValueError("a platform in process has no socket: use async_client(), or serve()")
        return self._client(SkytellsClient, options)

    def async_client(self, **options: object) -> AsyncSkytellsClient:
        """An async client of this platform.

        Args:
            options: The options of `AsyncSkytellsClient`.
        """
        from skytells.client import AsyncSkytellsClient

        if self._server is None:
            from .asgi_client import http_client

            options = {"http_client": http_client(self._app), **options}
        return self._client(AsyncSkytellsClient, options)

    def advance(self, seconds: float) -> None:
        """Move the platform's clock forward; pending requests respond at once.

        Args:
            seconds: Platform seconds.

        Raises:
            ValueError: The seconds are negative or not finite.
        """
        self._platform.advance(seconds)

    def script(self, slug: str, **fields: Unpack[ScriptFields]) -> None:
        """Set the script of a model: what its next predictions or responses are.

        It replaces the script before.

        Args:
            slug: The model, or the id of a workflow, whose executions use `fails`, `seconds` and
                `times`.
            fields: The script; see `skytells.local.ScriptFields`. Without any, the model behaves as
                usual again.

        Raises:
            ValueError: The model does not exist, or the script contradicts itself.

        Example:
            >>> with serve() as platform:
            ...     platform.script("flux-pro", fails="NSFW content detected.", times=1)
            ...     platform.script("gpt-5", says="Good morning.")
        """
        self._platform.script(slug, **fields)

    def fault(self, **fields: Unpack[FaultFields]) -> None:
        """Make requests fail, from the next one on; older faults are applied first.

        Args:
            fields: The arguments of `skytells.local.Fault`. Times are real seconds.

        Raises:
            ValueError: A field is wrong; the message names it.

        Example:
            >>> with serve() as platform:
            ...     platform.fault(path="/predict", error="RATE_LIMIT_EXCEEDED", times=2)
            ...     platform.fault(path="/predictions/*", nth=3, drop="after")
        """
        self._platform.faults.add(parse_fault(dict(fields)))

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._platform.faults.clear()

    def close(self) -> None:
        """Stop the platform: pending requests respond at once, and the socket is closed."""
        self._platform.close()
        if self._server is not None:
            self._server.stop()

    def _client(self, kind: Callable[..., C], options: Mapping[str, object]) -> C:
        addresses = {
            "base_url": self.url,
            "orchestrator_key": self.orchestrator_key,
            "orchestrator_base_url": self.orchestrator_url,
        }
        return kind(self.key, **{**addresses, **options})


def serve(
    *,
    speed: float = 1.0,
    host: str = "127.0.0.1",
    port: int = 0,
    allow_remote: bool = False,
    **options: Unpack[PlatformOptions],
) -> LocalPlatform:
    """Serve a local platform from a thread of this process.

    Args:
        speed: Platform seconds per real second; with 0 only `advance` moves the clock.
        host: The address to listen at.
        port: The port to listen at; 0 selects a free one.
        allow_remote: Permit a host that other machines can reach, requests for any host name, and
            webhooks to other machines.
        options: The other options; see `skytells.local.PlatformOptions`.

    Raises:
        ImportError: The extra `local` is not installed.
        OSError: The port is in use.
        ValueError: The host is not a loopback one and `allow_remote` is off, or an option is wrong.

    Example:
        >>> with serve(speed=0, credits=10.0, rpm=25) as platform:
        ...     platform.advance(60.0)
    """
    if not (allow_remote or host in _LOOPBACK):
        raise ValueError(
            f"{host!r} may be reached by other machines: permit it (allow_remote, --allow-remote)"
        )
    platform = Platform(clock=Clock(speed=speed), **options)
    app = _app(platform, allow_remote)
    from .server import Server

    listener = _listen(host, port)
    server = Server(app, listener)
    server.start()
    return LocalPlatform(platform, app, _origin(host, listener), server)


def in_process(*, speed: float = 1.0, **options: Unpack[PlatformOptions]) -> LocalPlatform:
    """A local platform without a socket or a thread, for async code.

    `async_client()` reaches it, and so does
    `httpx.AsyncClient(transport=httpx.ASGITransport(platform.asgi))` at `platform.base_url`.
    Responses arrive whole, including streams.

    Args:
        speed: Platform seconds per real second; with 0 only `advance` moves the clock.
        options: The other options; see `skytells.local.PlatformOptions`.

    Raises:
        ImportError: The extra `local` is not installed.
        ValueError: An option is wrong.

    Example:
        >>> import asyncio
        >>> async def main() -> None:
        ...     with in_process(speed=1000.0) as platform:
        ...         async with platform.async_client() as client:
        ...             prediction = await client.run("flux-pro", input={"prompt": "a fox"})
        ...             print(prediction.status)
        >>> asyncio.run(main())
        succeeded
    """
    platform = Platform(clock=Clock(speed=speed), **options)
    return LocalPlatform(platform, _app(platform, allow_remote=False), "http://localhost")


def _app(platform: Platform, allow_remote: bool) -> ASGIApp:
    try:
        from .app import create_app
    except ImportError as error:
        raise ImportError(
            'the local platform needs an extra: pip install "skytells[local]"'
        ) from error
    return create_app(platform, allow_remote=allow_remote)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only if the protocol is explicit; without it each response waits
    # 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except BaseException:
        listener.close()
        raise
    return listener


def _origin(host: str, listener: socket.socket) -> str:
    # A client cannot connect to the wildcard addresses.
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # only compared
    shown = f"[{name}]" if ":" in name else name
    return f"http://{shown}:{listener.getsockname()[1]}"
