"""Connection pools, last in first out: what httpx's transports use inside, in sync and async.

httpcore's own pool looks at every connection for every request, which is quadratic with many in
flight, and closes connections that other threads use when fewer may idle than are open. Here a
semaphore bounds how many are in use, and a stack keeps the idle ones: both take constant time.

A request takes a connection on lease. The lease is a generator: it ends when the response is closed,
and also when the response is garbage.
"""

from __future__ import annotations

import os
import ssl
import threading
import time
from collections import defaultdict, deque
from collections.abc import Generator, Iterable
from contextlib import closing, suppress
from typing import Any, Final, Generic, Protocol, Self, TypeAlias, TypeVar

import httpcore
import httpx

from .._core.wire import STANDARD_PORTS
from .body import PooledBody
from .environment import Proxy, environment_proxy, tls_context
from .network import EXTENSION, IDLE_SECONDS, AsyncBackend, Backend, RequestState, extensions_of

_DEFAULT_PORTS: Final = {name.encode(): port for name, port in STANDARD_PORTS.items()}
_KINDS: Final = (httpcore.HTTPConnection, httpcore.HTTPProxy, httpcore.SOCKSProxy)

ConnectionKey: TypeAlias = tuple[bytes, bytes, int, bool]
"""Scheme, host and port, and whether the connection may lead to public addresses only."""


class PoolOptions:
    """How connections are made.

    Args:
        limit: How many requests may be in flight; others wait.
        verify: The TLS context; by default that of the environment.
        local_address: The address to connect from.
        trust_env: Whether to use the proxies that the environment names.
    """

    def __init__(
        self,
        limit: int,
        verify: ssl.SSLContext | None = None,
        local_address: str | None = None,
        trust_env: bool = True,
    ) -> None:
        self.limit = limit
        self.verify = verify
        self._local_address = local_address
        self._trust_env = trust_env
        self._proxies: dict[ConnectionKey, Proxy | None] = {}

    def proxy_for(self, key: ConnectionKey) -> Proxy | None:
        """The proxy by which to connect, if any; looked up once."""
        if not self._trust_env:
            return None
        if key not in self._proxies:
            scheme, host, port, _ = key
            self._proxies[key] = environment_proxy(scheme.decode(), host.decode(), port)
        return self._proxies[key]

    def context_for(self, key: ConnectionKey) -> ssl.SSLContext | None:
        """The TLS context of a connection, if it uses TLS."""
        if key[0] != b"https":
            return None
        if self.verify is None:
            self.verify = tls_context()
        return self.verify

    def connection(
        self,
        key: ConnectionKey,
        context: ssl.SSLContext | None,
        backend: object,
        kinds: tuple[type[Any], type[Any], type[Any]],
    ) -> Any:
        """A connection that opens with its first request.

        Args:
            key: Where it leads.
            context: The TLS context, if it uses TLS.
            backend: What opens its socket.
            kinds: httpcore's classes for a direct connection, an HTTP proxy and a SOCKS proxy.
        """
        direct, http_proxy, socks_proxy = kinds
        origin, proxy = httpcore.Origin(*key[:3]), self.proxy_for(key)
        settings: dict[str, Any] = {"ssl_context": context, "network_backend": backend}
        if proxy is None:
            return direct(origin, local_address=self._local_address, **settings)
        settings |= {"proxy_url": proxy.url, "proxy_auth": proxy.auth}
        if proxy.scheme == "https":
            settings["proxy_ssl_context"] = context
        return (socks_proxy if proxy.is_socks else http_proxy)(**settings).create_connection(origin)


class _Connection(Protocol):
    def is_idle(self) -> bool: ...
    def is_closed(self) -> bool: ...
    def has_expired(self) -> bool: ...


C = TypeVar("C", bound=_Connection)
B = TypeVar("B", Backend, AsyncBackend)


class Pooled(Generic[C, B]):
    """A connection and what opens its socket."""

    __slots__ = ("backend", "connection", "preconnected")

    def __init__(self, connection: C, backend: B) -> None:
        self.connection: C = connection
        self.backend: B = backend
        self.preconnected = False
        """Whether its socket is open, and has not served a request yet."""


class IdleStack(Generic[C, B]):
    """Idle connections by key; the last one in is the first one out."""

    def __init__(self) -> None:
        self._stacks: dict[ConnectionKey, deque[tuple[float, Pooled[C, B]]]] = defaultdict(deque)
        self.closed = False

    def take(
        self, key: ConnectionKey, max_idle: float
    ) -> tuple[Pooled[C, B] | None, list[Pooled[C, B]]]:
        """A connection to use, if there is one, and those that are to be closed."""
        stack, stale = self._stacks[key], list[Pooled[C, B]]()
        with suppress(IndexError):  # none is left, or another thread was quicker
            while True:
                since, pooled = stack.pop()
                age = time.monotonic() - since
                if age > IDLE_SECONDS or (
                    not pooled.preconnected and pooled.connection.has_expired()
                ):
                    stale.append(pooled)
                elif age > max_idle:
                    stack.append((since, pooled))
                    break
                else:
                    return pooled, stale
        return None, stale

    def put(self, key: ConnectionKey, pooled: Pooled[C, B], most: int) -> list[Pooled[C, B]]:
        """Keep a connection; returns those that are to be closed."""
        connection = pooled.connection
        usable = pooled.preconnected or (
            connection.is_idle() and not connection.is_closed() and not _has_surplus(connection)
        )
        if self.closed or not usable:
            return [pooled]
        stack, stale = self._stacks[key], list[Pooled[C, B]]()
        stack.append((time.monotonic(), pooled))
        with suppress(IndexError):
            while len(stack) > most or time.monotonic() - stack[0][0] > IDLE_SECONDS:
                stale.append(stack.popleft()[1])
        return stale

    def drain(self) -> list[Pooled[C, B]]:
        """All of them, to be closed; from now on none is kept."""
        self.closed = True
        drained = list[Pooled[C, B]]()
        for stack in list(self._stacks.values()):
            with suppress(IndexError):
                while True:
                    drained.append(stack.pop()[1])
        return drained


def _has_surplus(connection: object) -> bool:
    """Whether the server sent more than it was asked for: it must not pass for the next answer."""
    # httpcore has no public name for what h11 has received and not used.
    h11 = getattr(getattr(connection, "_connection", connection), "_h11_state", None)
    return h11 is not None and bool(h11.trailing_data[0])


def state_of(request: httpcore.Request) -> RequestState:
    """What travels beside a request; one that is not the SDK's has none."""
    return extensions_of(request).get(EXTENSION) or RequestState()


def key_of(request: httpcore.Request, state: RequestState) -> ConnectionKey:
    url = request.url
    port = url.port or _DEFAULT_PORTS.get(url.scheme)
    if port is None:
        raise httpcore.UnsupportedProtocol(f"{url.scheme.decode()} is neither http nor https.")
    return url.scheme, url.host, port, state.public_addresses_only


def set_aside(request: httpcore.Request, response: httpcore.Response) -> None:
    """Keep from httpx what it logs or fails at."""
    extensions = extensions_of(response)
    # A server may have put the key there, and httpx logs it.
    extensions.pop("reason_phrase", None)
    if 300 <= response.status < 400 and EXTENSION in extensions_of(request):
        # httpx builds the next request of a redirect even where none is followed.
        headers = httpx.Headers(response.headers)
        if not _is_url(headers.get("location", "")):
            extensions["location"] = headers.pop("location")
            response.headers = headers.raw


def _is_url(location: str) -> bool:
    """Whether httpx can build a request to an address, relative or with a host."""
    try:
        url = httpx.URL(location)
        return bool(url.host if url.scheme else httpx.URL("https://host").join(url).host)
    except (httpx.InvalidURL, ValueError):
        return False


SyncPooled: TypeAlias = Pooled[httpcore.ConnectionInterface, Backend]


class Pool:
    """Connections for threads, with the interface of `httpcore.ConnectionPool`.

    A forked child starts with none of its parent's.
    """

    def __init__(self, options: PoolOptions) -> None:
        self._options = options
        self._reset()

    def _reset(self) -> None:
        self._slots = threading.BoundedSemaphore(self._options.limit)
        self._idle: IdleStack[httpcore.ConnectionInterface, Backend] = IdleStack()
        self._process = os.getpid()
        # A response that is garbage is in a cycle: its socket must not be finalized before it.
        self._in_use: set[SyncPooled] = set()

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request; its connection is kept until the stream of the response is closed."""
        self._drop_inherited()
        state = state_of(request)
        lease = self._lease(key_of(request, state), state, request)
        try:
            pooled = next(lease)
            response = pooled.connection.handle_request(request)
        except BaseException:
            lease.close()
            raise
        set_aside(request, response)
        response.stream = PooledBody(response, lease)
        return response

    def _lease(
        self, key: ConnectionKey, state: RequestState, request: httpcore.Request
    ) -> Generator[SyncPooled]:
        slots, idle, in_use = self._slots, self._idle, self._in_use
        timeout = state.limit(pool_timeout(request), httpcore.PoolTimeout)
        if not slots.acquire(
            timeout=-1 if timeout is None else min(timeout, threading.TIMEOUT_MAX)
        ):
            raise httpcore.PoolTimeout("All connections are in use.")
        try:
            pooled = self._take(key, state)
            pooled.backend.state = state
            in_use.add(pooled)
            try:
                yield pooled
            finally:
                in_use.discard(pooled)
                _close(idle.put(key, pooled, self._options.limit))
        finally:
            slots.release()

    def _take(self, key: ConnectionKey, state: RequestState) -> SyncPooled:
        pooled, stale = self._idle.take(key, state.max_idle)
        if pooled is not None and not _begins(pooled):
            stale.append(pooled)
            pooled = None
        _close(stale)
        return pooled or self._new(key)

    def _new(self, key: ConnectionKey) -> SyncPooled:
        options = self._options
        # What is behind a proxy is the proxy's to look up.
        backend = Backend(public_addresses_only=key[3] and options.proxy_for(key) is None)
        connection = options.connection(key, options.context_for(key), backend, _KINDS)
        return Pooled(connection, backend)

    @property
    def in_flight(self) -> int:
        """How many requests hold a connection."""
        return len(self._in_use)

    def preconnect(self, key: ConnectionKey, state: RequestState, timeout: float) -> bool:
        """Open a connection and keep it; false where a proxy opens one for each request."""
        self._drop_inherited()
        if self._options.proxy_for(key) is not None:
            return False
        pooled = self._new(key)
        pooled.backend.state = state
        pooled.backend.preconnect(*key[1:3], timeout, http11(self._options.context_for(key)))
        pooled.preconnected = True
        _close(self._idle.put(key, pooled, self._options.limit))
        return True

    def _drop_inherited(self) -> None:
        if self._process != os.getpid():
            # In the child, closing gives up its own descriptors; the parent's stay open.
            self.close()
            self._reset()

    def close(self) -> None:
        """Close all idle connections; those in use close when they are given back."""
        _close(self._idle.drain())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def pool_timeout(request: httpcore.Request) -> float | None:
    timeout: float | None = extensions_of(request).get("timeout", {}).get("pool")
    return timeout


def _begins(pooled: SyncPooled) -> bool:
    """Whether a connection can take a request; a preconnected one may have ended meanwhile."""
    preconnected, pooled.preconnected = pooled.preconnected, False
    return not preconnected or pooled.backend.is_open()


def _close(many: Iterable[SyncPooled]) -> None:
    for pooled in many:
        with suppress(Exception), closing(pooled.backend):
            pooled.connection.close()


def http11(context: ssl.SSLContext | None) -> ssl.SSLContext | None:
    if context is not None:
        context.set_alpn_protocols(["http/1.1"])  # as httpcore does for each of its own
    return context
