"""Sockets of one connection, bounded by the deadline of the request that they serve.

Every wait (resolver, connect, TLS, write, read) ends at the deadline, so that a peer that sends one
byte at a time cannot extend it. The head and the body of a small request leave in one write.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, Final, cast

import httpcore

from .._core.wire import as_address, is_public
from ..errors import ApiErrorId, InvalidResponseError

EXTENSION: Final = "skytells"
"""Under this name a `RequestState` travels in `request.extensions`."""
IDLE_SECONDS: Final = 30.0
CHUNK: Final = 16 * 1024
MAX_READ: Final = 1024 * 1024
_MOMENT: Final = 0.001


class RequestState:
    """What the pool and the sockets must know of a request, and what was seen of it.

    Args:
        deadline: When it must end, in seconds on the monotonic clock.
        max_idle: Seconds that a connection it is sent on may have been idle.
        public_addresses_only: Whether its connection may lead to the public internet only.
    """

    __slots__ = ("deadline", "max_idle", "public_addresses_only", "sent")

    def __init__(
        self,
        deadline: float | None = None,
        max_idle: float = IDLE_SECONDS,
        public_addresses_only: bool = False,
    ) -> None:
        self.deadline: float | None = deadline
        self.max_idle: float = max_idle
        self.public_addresses_only: bool = public_addresses_only
        self.sent: bool | None = None
        """Whether it was handed to a socket; `None` where nothing was traced."""

    def limit(self, timeout: float | None, on_expiry: type[Exception]) -> float | None:
        """The lower of a timeout and the time left, in seconds; raises `on_expiry` past the deadline."""
        if self.deadline is None:
            return timeout
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise on_expiry("The deadline has passed.")
        return left if timeout is None else min(timeout, left)

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """What httpcore calls as `extensions["trace"]`."""
        started = event.endswith("send_request_headers.started")
        # A CONNECT goes to a proxy, not to the API.
        self.sent = self.sent or (started and info["request"].method != b"CONNECT")

    async def atrace(self, event: str, info: Mapping[str, Any]) -> None:
        """The same, for an async client."""
        self.trace(event, info)


def extensions_of(message: httpcore.Request | httpcore.Response) -> MutableMapping[str, Any]:
    """The extensions of a request or a response, with the type that httpcore leaves out."""
    extensions: MutableMapping[str, Any] = cast(Any, message).extensions
    return extensions


def seconds_until(deadline: float | None) -> float | None:
    """Seconds until a deadline of the monotonic clock, if there is one."""
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def _next_read_size(asked: int, requested: int, received: int) -> int:
    """How many bytes to read next: more while the socket has them ready.

    httpcore asks for 64 KiB each time, and handling a read costs about the same for a mebibyte.
    """
    if received == requested:
        return min(MAX_READ, 2 * requested)
    return requested if 2 * received > requested else max(asked, requested // 2)


class Backend(httpcore.NetworkBackend):
    """Opens the socket of one connection.

    `state` is that of the request that the connection serves; the pool sets it for each.

    Args:
        public_addresses_only: Refuse addresses of private networks and of this machine.
    """

    def __init__(self, *, public_addresses_only: bool = False) -> None:
        self.state = RequestState()
        self._public_addresses_only = public_addresses_only
        self._opened: Stream | None = None
        self._preconnected: Stream | None = None

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        if self._preconnected is not None:
            stream, self._preconnected = self._preconnected, None
            return stream
        state = self.state
        addresses = _resolve(host, port, state.limit(timeout, httpcore.ConnectTimeout))
        if self._public_addresses_only:
            addresses = _public_only(host, addresses)
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            limit = state.limit(timeout, httpcore.ConnectTimeout)
            try:
                inner = httpcore.SyncBackend().connect_tcp(
                    address, port, limit, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                self._opened = Stream(inner, self)
                return self._opened
        raise failure

    def preconnect(
        self,
        host: bytes,
        port: int,
        timeout: float,
        context: ssl.SSLContext | None,
    ) -> None:
        """Open the socket now; `connect_tcp` and `start_tls` then find it open."""
        stream = self.connect_tcp(host.decode(), port, timeout)
        if context is not None:
            stream = stream.start_tls(context, host.decode(), timeout)
        self._preconnected = cast(Stream, stream)
        self._preconnected.secured = True

    def is_open(self) -> bool:
        """Whether the server has not closed the preconnected socket meanwhile."""
        stream = self._preconnected
        if stream is None or not stream.get_extra_info("is_readable"):
            return True
        # Session tickets of TLS 1.3, as a rule, which one read takes in; or the end.
        with suppress(httpcore.ReadTimeout):
            stream.read(1, _MOMENT)
            return False
        return not stream.get_extra_info("is_readable")

    def close(self) -> None:
        """Close what it opened: httpcore leaves it open where a SOCKS proxy fails."""
        for stream in (self._preconnected, self._opened):
            if stream is not None:
                stream.close()


class Stream(httpcore.NetworkStream):
    """A socket of which every wait ends at the deadline of the request."""

    def __init__(self, inner: httpcore.NetworkStream, backend: Backend) -> None:
        self._inner = inner
        self._backend = backend
        self._unsent = b""
        self._read_size = 0
        self.secured = False
        """Whether its TLS handshake, where one is due, is done."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._unsent:
            # A server may refuse a request before it has it all: its answer is read all the same.
            with suppress(httpcore.WriteError):
                self._flush()
        size = max(max_bytes, self._read_size)
        limit = self._backend.state.limit(timeout, httpcore.ReadTimeout)
        data = self._inner.read(size, limit)
        self._read_size = _next_read_size(max_bytes, size, len(data))
        return data

    def read_available(self, most: int) -> bytes:
        """Read, and go on while more is ready: over TLS, a read gives one record of 16 KiB.

        An error after the first read is left for the next one to raise.
        """
        pieces = [self.read(CHUNK)]
        if len(pieces[0]) == CHUNK:
            connected: socket.socket = self.get_extra_info("socket")
            with suppress(OSError):  # nothing more has come, as a rule
                connected.settimeout(0.0)
                while len(pieces[-1]) == CHUNK and CHUNK * len(pieces) < most:
                    pieces.append(connected.recv(CHUNK))
        return b"".join(pieces)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._unsent += buffer
        if len(self._unsent) > CHUNK:
            self._flush(timeout)

    def _flush(self, timeout: float | None = None) -> None:
        unsent, self._unsent = self._unsent, b""
        # In pieces, since the limit holds for each `send` of the socket anew.
        for start in range(0, len(unsent), CHUNK):
            limit = self._backend.state.limit(timeout, httpcore.WriteTimeout)
            self._inner.write(unsent[start : start + CHUNK], limit)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        if self.secured:
            return self
        try:
            limit = self._backend.state.limit(timeout, httpcore.ConnectTimeout)
            inner = self._inner.start_tls(ssl_context, server_hostname, limit)
        except BaseException:
            self.close()
            raise
        return Stream(inner, self._backend)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class AsyncBackend(httpcore.AsyncNetworkBackend):
    """Opens the socket of one connection; as `Backend`."""

    def __init__(self, *, public_addresses_only: bool = False) -> None:
        self.state = RequestState()
        self._public_addresses_only = public_addresses_only
        self._opened: AsyncStream | None = None
        self._preconnected: AsyncStream | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        if self._preconnected is not None:
            stream, self._preconnected = self._preconnected, None
            return stream
        state, hosts = self.state, [host]
        if self._public_addresses_only:
            # Connect to the addresses that were checked: a second look-up could give others.
            hosts = _public_only(host, await _aresolve(host, port, timeout, state))
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        # Its `sleep` has another parameter name than the class that it stands for.
        backend = cast(httpcore.AsyncNetworkBackend, httpcore.AnyIOBackend())
        for each in hosts:
            limit = state.limit(timeout, httpcore.ConnectTimeout)
            try:
                inner = await backend.connect_tcp(each, port, limit, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                self._opened = AsyncStream(inner, self)
                return self._opened
        raise failure

    async def preconnect(
        self,
        host: bytes,
        port: int,
        timeout: float,
        context: ssl.SSLContext | None,
    ) -> None:
        """Open the socket now; `connect_tcp` and `start_tls` then find it open."""
        stream = await self.connect_tcp(host.decode(), port, timeout)
        if context is not None:
            stream = await stream.start_tls(context, host.decode(), timeout)
        self._preconnected = cast(AsyncStream, stream)
        self._preconnected.secured = True

    async def is_open(self) -> bool:
        """Whether the server has not closed the preconnected socket meanwhile."""
        stream = self._preconnected
        if stream is None or not stream.get_extra_info("is_readable"):
            return True
        with suppress(httpcore.ReadTimeout):  # as above
            await stream.read(1, _MOMENT)
            return False
        return not stream.get_extra_info("is_readable")

    async def aclose(self) -> None:
        """Close what it opened: httpcore leaves it open where a SOCKS proxy fails."""
        for stream in (self._preconnected, self._opened):
            if stream is not None:
                await stream.aclose()


class AsyncStream(httpcore.AsyncNetworkStream):
    """A socket of which every wait ends at the deadline of the request.

    It is closed when its TLS handshake is cancelled; httpcore leaves it open.
    """

    def __init__(self, inner: httpcore.AsyncNetworkStream, backend: AsyncBackend) -> None:
        self._inner = inner
        self._backend = backend
        self._unsent = b""
        self._read_size = 0
        self._socket: Any = None
        self.secured = False
        """Whether its TLS handshake, where one is due, is done."""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._unsent:
            with suppress(httpcore.WriteError):  # as above
                await self._flush()
        size = max(max_bytes, self._read_size)
        limit = self._backend.state.limit(timeout, httpcore.ReadTimeout)
        data = await self._inner.read(size, limit)
        self._read_size = _next_read_size(max_bytes, size, len(data))
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._unsent += buffer
        if len(self._unsent) > CHUNK:
            await self._flush(timeout)

    async def _flush(self, timeout: float | None = None) -> None:
        unsent, self._unsent = self._unsent, b""
        limit = self._backend.state.limit(timeout, httpcore.WriteTimeout)
        await self._inner.write(unsent, limit)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        if self.secured:
            return self
        try:
            limit = self._backend.state.limit(timeout, httpcore.ConnectTimeout)
            inner = await self._inner.start_tls(ssl_context, server_hostname, limit)
        except BaseException:
            await self.aclose()
            raise
        return AsyncStream(inner, self._backend)

    def get_extra_info(self, info: str) -> Any:
        if info != "is_readable":
            return self._inner.get_extra_info(info)
        # Kept: it is asked before each request, and anyio takes long to find the socket.
        self._socket = self._socket or self._inner.get_extra_info("socket")
        return _is_readable(self._socket)


def _is_readable(connected: socket.socket) -> bool:
    """Whether a socket has something to read: on an idle connection, that it was closed."""
    if connected.fileno() < 0:
        return True
    if not hasattr(select, "poll"):  # as on Windows
        return bool(select.select([connected], [], [], 0)[0])
    poll = select.poll()
    poll.register(connected, select.POLLIN)
    return bool(poll.poll(0))


def _resolve(host: str, port: int, timeout: float | None) -> list[str]:
    """Addresses of a host. The system's resolver has no time limit, so a thread waits for it."""
    if as_address(host) is not None:
        return [host]
    found: list[str] = []
    problem: list[Exception] = []

    def look_up() -> None:
        try:
            found.extend(_addresses(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except (OSError, UnicodeError) as error:  # a name may be one that no host can have
            problem.append(error)

    thread = threading.Thread(target=look_up, name="skytells-resolver", daemon=True)
    thread.start()
    thread.join(timeout)
    if problem:
        raise httpcore.ConnectError(str(problem[0]))
    if not found:
        raise httpcore.ConnectTimeout(f"{host} was not resolved in time")
    return found


async def _aresolve(host: str, port: int, timeout: float | None, state: RequestState) -> list[str]:
    import anyio  # here: a sync client never loads it

    if as_address(host) is not None:
        return [host]
    try:
        with anyio.fail_after(state.limit(timeout, httpcore.ConnectTimeout)):
            return _addresses(await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except TimeoutError:
        raise httpcore.ConnectTimeout(f"{host} was not resolved in time") from None
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(str(error)) from None


def _addresses(entries: Iterable[Any]) -> list[str]:
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))


def _public_only(host: str, addresses: list[str]) -> list[str]:
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
