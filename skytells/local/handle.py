"""`serve()`: a local platform on a socket, and the handle that a test or a program holds."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeVar

from .answers import JsonObject, prediction_json
from .clock import Clock
from .core import Platform, Request

if TYPE_CHECKING:
    from skytells.client import AsyncSkytellsClient, SkytellsClient

    from .server import Server


C = TypeVar("C")

_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


class LocalPlatform:
    """A platform that is being served; `serve` makes it, `with` or `close` ends it.

    Example:
        >>> with serve(speed=100.0) as platform:
        ...     platform.key
        'sk-local'
    """

    def __init__(self, platform: Platform, server: Server, origin: str) -> None:
        self._platform = platform
        self._server = server
        self._origin = origin

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
    def url(self) -> str:
        """The base URL for a client, such as `http://127.0.0.1:54321/v1`."""
        return f"{self._origin}/v1"

    @property
    def key(self) -> str:
        """An API key that is accepted."""
        return self._platform.key

    @property
    def predictions(self) -> list[JsonObject]:
        """Every prediction as the platform would send it now, newest first."""
        now = self._platform.now()
        return [prediction_json(job, now, self._origin) for job in self._platform.all()]

    @property
    def requests(self) -> list[Request]:
        """The requests seen so far, oldest first."""
        return self._platform.requests

    def client(self, **options: object) -> SkytellsClient:
        """A client of this platform; its options are those of `SkytellsClient`.

        Example:
            >>> with serve() as platform, platform.client(timeout=5_000) as client:
            ...     model = client.models.get("flux-pro")
        """
        from skytells.client import SkytellsClient

        return self._made(SkytellsClient, options)

    def async_client(self, **options: object) -> AsyncSkytellsClient:
        """As `client`, for async code; its options are those of `AsyncSkytellsClient`."""
        from skytells.client import AsyncSkytellsClient

        return self._made(AsyncSkytellsClient, options)

    def advance(self, seconds: float) -> None:
        """Move the platform's clock forward; requests that wait for a prediction notice at once.

        Arguments:
            seconds: platform seconds.

        Raises:
            ValueError: the seconds are negative or not finite.
        """
        self._platform.advance(seconds)

    def script(
        self,
        slug: str,
        *,
        fails: str | None = None,
        seconds: float | None = None,
        statuses: Sequence[str] | None = None,
        times: int | None = None,
    ) -> None:
        """Decide how the next predictions of a model fare; it replaces the script before.

        Arguments:
            slug: the model.
            fails: they fail at their end and say this.
            seconds: platform seconds that they take.
            statuses: what they pass through instead of the usual; a final one ends them.
            times: for how many predictions; all by default.

        Raises:
            ValueError: the model does not exist, or the script contradicts itself.

        Example:
            >>> with serve() as platform:
            ...     platform.script("flux-pro", fails="NSFW content detected.", times=1)
        """
        self._platform.script(slug, fails=fails, seconds=seconds, statuses=statuses, times=times)

    def close(self) -> None:
        """Stop serving: held requests are answered as things stand, the socket is closed."""
        self._platform.close()
        self._server.stop()

    def _made(self, kind: Callable[..., C], options: Mapping[str, object]) -> C:
        return kind(self.key, base_url=self.url, **options)


def serve(
    *,
    speed: float = 1.0,
    seed: int | None = 0,
    key: str | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    allow_remote: bool = False,
    missing_status: int = 404,
) -> LocalPlatform:
    """Serve a local platform from a thread of this process.

    Arguments:
        speed: platform seconds per real second; 0 makes time move by `advance` only.
        seed: makes ids repeatable; `None` makes them random.
        key: the only API key it takes; `None` takes any that is not empty.
        host: the address to listen at.
        port: the port to listen at; 0 takes a free one.
        allow_remote: permit a host that other machines can reach, and requests by any name.
        missing_status: the HTTP status for a prediction that does not exist, 404 or 502.

    Raises:
        ImportError: the extra `local` is not installed.
        OSError: the port is taken.
        ValueError: the host is not a loopback one and `allow_remote` is off, or a bad number.

    Example:
        >>> with serve(speed=0) as platform:
        ...     platform.advance(60.0)
    """
    try:
        from .app import create_app
        from .server import Server
    except ImportError as error:
        raise ImportError(
            'serving the local platform needs an extra: pip install "skytells[local]"'
        ) from error
    if not (allow_remote or host in _LOOPBACK):
        raise ValueError(
            f"{host!r} may be reached by other machines: permit it (allow_remote, --allow-remote)"
        )
    platform = Platform(clock=Clock(speed=speed), seed=seed, key=key, missing_status=missing_status)
    listener = _listen(host, port)
    server = Server(create_app(platform, allow_remote=allow_remote), listener)
    server.start()
    return LocalPlatform(platform, server, _origin(host, listener))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where the protocol is spelled out; without it each answer
    # waits 40 ms for the caller's delayed acknowledgement.
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
    # The wildcard addresses are good to listen at, not to be called by.
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    shown = f"[{name}]" if ":" in name else name
    return f"http://{shown}:{listener.getsockname()[1]}"
