"""Sockets that know what they serve: its deadline, and whether any of it has been sent.

Every wait of a thread (resolver, connect, TLS, write, read) is clipped to the deadline of its call,
so that a peer which drips bytes cannot stretch it. Async calls are bounded by `asyncio.timeout`.
The head and the body of a small request leave together.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, cast

import httpcore

from ._core.wire import as_address, is_public
from .errors import ApiErrorId, InvalidResponseError

if TYPE_CHECKING:
    import asyncio

PIECE: Final = 16 * 1024
MOST_AT_ONCE: Final = 1024 * 1024


class Passage:
    """One exchange on its way: what its sockets must know, and what they have seen.

    Args:
        host: Whom it is for; a proxy on the way is another.
        deadline: When it must end, in seconds on the monotonic clock.
    """

    __slots__ = ("deadline", "host", "sent")

    def __init__(self, host: str, deadline: float | None = None) -> None:
        self.host = host
        self.deadline = deadline
        self.sent: bool | None = None
        """Whether any was handed to a socket that leads to `host`; `None` before there is one."""


PASSAGE: Final[ContextVar[Passage | None]] = ContextVar("skytells_passage", default=None)
"""What this thread or task is sending and receiving."""


def time_left(on_expiry: type[Exception]) -> float | None:
    """Seconds until this thread's deadline; raises `on_expiry` past it."""
    passage = PASSAGE.get()
    if passage is None or passage.deadline is None:
        return None
    left = passage.deadline - time.monotonic()
    if left <= 0:
        raise on_expiry("The deadline has passed.")
    return left


def seconds_until(deadline: float | None) -> float | None:
    """How long there is until a deadline of the monotonic clock, if there is one."""
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def within(deadline: float | None) -> asyncio.Timeout:
    """The limit of what a task awaits inside."""
    import asyncio  # here: a sync client never loads it

    return asyncio.timeout(seconds_until(deadline))


def _seen(host: str, *, sending: bool) -> None:
    passage = PASSAGE.get()
    if passage is not None:
        passage.sent = passage.sent or (sending and passage.host == host)


def _wanted_next(asked: int, wanted: int, came: int) -> int:
    """How many bytes to ask for after `came` of `wanted` came: more, while the wire has them ready.

    httpcore asks for 64 KiB each time, and what handles a read costs about the same for a mebibyte.
    """
    if came == wanted:
        return min(MOST_AT_ONCE, 2 * wanted)
    return wanted if 2 * came > wanted else max(asked, wanted // 2)


class DeadlineStream(httpcore.NetworkStream):
    """A stream whose every wait ends at the deadline."""

    def __init__(self, inner: httpcore.NetworkStream, host: str) -> None:
        self._inner = inner
        self._host = host
        self._unsent = b""
        self._wanted = 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._unsent:
            # A server may refuse a request before it has it all: its answer is read all the same.
            with suppress(httpcore.WriteError):
                self._send()
        wanted = max(max_bytes, self._wanted)
        data = self._inner.read(wanted, _least(timeout, time_left(httpcore.ReadTimeout)))
        self._wanted = _wanted_next(max_bytes, wanted, len(data))
        return data

    def read_all_there_is(self, most: int) -> bytes:
        """A read, and what else has come by then: over TLS, a read gives one record of 16 KiB.

        A trouble after the first read is left for the next one to meet.
        """
        pieces = [self.read(PIECE)]
        if len(pieces[0]) == PIECE:
            connected: socket.socket = self.get_extra_info("socket")
            with suppress(OSError):  # nothing more has come, as a rule
                connected.settimeout(0.0)
                while len(pieces[-1]) == PIECE and PIECE * len(pieces) < most:
                    pieces.append(connected.recv(PIECE))
        return b"".join(pieces)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._unsent += buffer
        if len(self._unsent) > PIECE:
            self._send(timeout)

    def _send(self, timeout: float | None = None) -> None:
        unsent, self._unsent = self._unsent, b""
        # In pieces, since the limit holds for each `send` of the socket anew.
        for start in range(0, len(unsent), PIECE):
            limit = _least(timeout, time_left(httpcore.WriteTimeout))
            _seen(self._host, sending=True)
            self._inner.write(unsent[start : start + PIECE], limit)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        try:
            limit = _least(timeout, time_left(httpcore.ConnectTimeout))
            inner = self._inner.start_tls(ssl_context, server_hostname, limit)
        except BaseException:
            self.close()
            raise
        return DeadlineStream(inner, server_hostname or self._host)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class CarefulStream(httpcore.AsyncNetworkStream):
    """A stream that is closed when its TLS handshake is cancelled; httpcore leaves it open."""

    def __init__(self, inner: httpcore.AsyncNetworkStream, host: str) -> None:
        self._inner = inner
        self._host = host
        self._unsent = b""
        self._wanted = 0

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._unsent:
            with suppress(httpcore.WriteError):  # as above
                await self._send()
        wanted = max(max_bytes, self._wanted)
        data = await self._inner.read(wanted, timeout)
        self._wanted = _wanted_next(max_bytes, wanted, len(data))
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._unsent += buffer
        if len(self._unsent) > PIECE:
            await self._send(timeout)

    async def _send(self, timeout: float | None = None) -> None:
        unsent, self._unsent = self._unsent, b""
        _seen(self._host, sending=True)
        await self._inner.write(unsent, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            inner = await self._inner.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            await self.aclose()
            raise
        return CarefulStream(inner, server_hostname or self._host)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class CarefulBackend(httpcore.AsyncNetworkBackend):
    """Connects to streams that are closed when their TLS handshake is cancelled.

    Args:
        public: Connect to addresses of the public internet only, whatever a name is resolved to.
    """

    def __init__(self, *, public: bool = False) -> None:
        self._public = public
        # Its `sleep` has another parameter name than the class that it stands for.
        self._inner = cast(httpcore.AsyncNetworkBackend, httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        _seen(host, sending=False)
        # By the addresses that were looked at: a second look-up could give others.
        hosts = _only_public(host, await _aresolve(host, port)) if self._public else [host]
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for each in hosts:
            try:
                stream = await self._inner.connect_tcp(
                    each, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return CarefulStream(stream, host)
        raise failure


class DeadlineBackend(httpcore.NetworkBackend):
    """Connects by the deadline, the resolver included.

    Args:
        public: Connect to addresses of the public internet only, whatever a name is resolved to.
    """

    def __init__(self, *, public: bool = False) -> None:
        self._inner = httpcore.SyncBackend()
        self._public = public

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        _seen(host, sending=False)
        addresses = _resolve(host, port, timeout)
        if self._public:
            addresses = _only_public(host, addresses)
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            limit = _least(timeout, time_left(httpcore.ConnectTimeout))
            try:
                stream = self._inner.connect_tcp(
                    address, port, limit, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return DeadlineStream(stream, host)
        raise failure


def _least(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _resolve(host: str, port: int, timeout: float | None) -> list[str]:
    """Addresses of a host. The system's resolver has no time limit, so a thread waits for it."""
    if as_address(host) is not None:
        return [host]
    found: list[str] = []
    problem: list[Exception] = []

    def look_up() -> None:
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(entry[4][0]) for entry in entries))
        except (OSError, UnicodeError) as error:  # a name may be one that no host can have
            problem.append(error)

    thread = threading.Thread(target=look_up, name="skytells-resolver", daemon=True)
    thread.start()
    thread.join(_least(timeout, time_left(httpcore.ConnectTimeout)))
    if problem:
        raise httpcore.ConnectError(str(problem[0]))
    if not found:
        raise httpcore.ConnectTimeout(f"{host} was not resolved in time")
    return found


async def _aresolve(host: str, port: int) -> list[str]:
    import asyncio  # here: a sync client never loads it

    if as_address(host) is not None:
        return [host]
    try:
        look_up = asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(entry[4][0]) for entry in await look_up))
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(str(error)) from None


def _only_public(host: str, addresses: list[str]) -> list[str]:
    found = [each for each in addresses if (ip := as_address(each)) is not None and is_public(ip)]
    if addresses and not found:
        raise refused_as_private(host)
    return found


def refused_as_private(host: str) -> InvalidResponseError:
    """The error for an output that is said to be inside a private network."""
    return InvalidResponseError(
        f"{host} is an address of a private network or of this machine, which an output has no "
        "business to be at. If it is a store of yours, pass allow_private=True.",
        ApiErrorId.ADDRESS_REFUSED,
        host,
    )
