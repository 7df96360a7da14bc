"""Connections on httpcore's public API, kept in last-in-first-out stacks.

httpx's own pool looks at every connection for every request, which is quadratic with many in
flight, and closes connections under the hands of other threads when fewer may idle than are open.
Here a semaphore bounds how many are in use, and a stack keeps those at rest: both constant time.
"""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Final, Generic, ParamSpec, Protocol, TypeAlias, TypeVar

import httpcore

from ._core.wire import Origin
from ._environment import proxy_options, tls_context
from ._network import CarefulBackend, DeadlineBackend, time_left

if TYPE_CHECKING:
    import asyncio
    import ssl

SYNC_CONNECTIONS: Final = 100
ASYNC_CONNECTIONS: Final = 500
IDLE_SECONDS: Final = 30.0
PAID_IDLE_SECONDS: Final = 2.0
_A_MOMENT: Final = 0.001


class _Connection(Protocol):
    """What the stacks ask of a connection, in either colour."""

    def is_idle(self) -> bool: ...
    def is_closed(self) -> bool: ...
    def has_expired(self) -> bool: ...


C = TypeVar("C", bound=_Connection)
Lane: TypeAlias = tuple[Origin, bool]
"""Where connections lead, and whether they were opened to public addresses only."""
P = ParamSpec("P")
T = TypeVar("T")


class IdleStack(Generic[C]):
    """Connections at rest, by lane; the last one in is the first one out."""

    def __init__(self) -> None:
        self._stacks: dict[Lane, deque[tuple[float, C]]] = defaultdict(deque)
        self._closed = False

    def take(self, lane: Lane, *, paid: bool) -> tuple[C | None, list[C]]:
        """A connection to go on with, if there is one, and those that are to be closed."""
        stack, stale = self._stacks[lane], list[C]()
        while stack:
            try:
                since, connection = stack.pop()
            except IndexError:  # another thread was quicker
                break
            age = time.monotonic() - since
            if age > IDLE_SECONDS or connection.has_expired():
                stale.append(connection)
            elif paid and age > PAID_IDLE_SECONDS:
                stack.append((since, connection))
                break
            else:
                return connection, stale
        return None, stale

    def put(self, lane: Lane, connection: C, most: int) -> list[C]:
        """Lay a connection to rest; returns those that are to be closed."""
        at_rest = connection.is_idle() and not connection.is_closed()
        if self._closed or not at_rest or _has_surplus(connection):
            return [connection]
        stack, stale = self._stacks[lane], list[C]()
        stack.append((time.monotonic(), connection))
        with suppress(IndexError):
            while len(stack) > most or time.monotonic() - stack[0][0] > IDLE_SECONDS:
                stale.append(stack.popleft()[1])
        return stale

    def drain(self) -> list[C]:
        """All of them, to be closed; from now on none is laid to rest."""
        self._closed = True
        drained = list[C]()
        for stack in list(self._stacks.values()):
            with suppress(IndexError):
                while True:
                    drained.append(stack.pop()[1])
        return drained


def _has_surplus(connection: object) -> bool:
    """Whether the server said more than it was asked: that must not pass for the next answer."""
    # httpcore has no public name for what h11 has received and not used.
    h11 = getattr(getattr(connection, "_connection", connection), "_h11_state", None)
    return h11 is not None and bool(h11.trailing_data[0])


class Ahead(httpcore.HTTP11Connection):
    """A connection that was opened before there was a request for it."""

    def __init__(self, origin: httpcore.Origin, stream: httpcore.NetworkStream) -> None:
        super().__init__(origin, stream)
        self._unused: httpcore.NetworkStream | None = stream

    def is_idle(self) -> bool:
        return self._unused is not None or super().is_idle()

    def begins(self) -> bool:
        """Whether it can take a request; the first time, its end may have to be looked for."""
        stream, self._unused = self._unused, None
        if stream is None or not stream.get_extra_info("is_readable"):
            return True
        # Tickets of TLS 1.3, as a rule, which take a read; or the end.
        with suppress(httpcore.ReadTimeout):
            stream.read(1, _A_MOMENT)
            return False
        return not stream.get_extra_info("is_readable")


class Pool:
    """Connections for threads. A forked child starts with none of its parent's."""

    def __init__(self, limit: int = SYNC_CONNECTIONS) -> None:
        self._limit = limit
        self._backend = DeadlineBackend()
        self._public_backend = DeadlineBackend(public=True)
        self._reset()

    def _reset(self) -> None:
        self._slots = threading.BoundedSemaphore(self._limit)
        self._idle: IdleStack[httpcore.HTTPConnection | Ahead] = IdleStack()
        self._proxies: dict[Origin, httpcore.HTTPProxy | None] = {}
        self._process = os.getpid()

    @contextmanager
    def stream(
        self, lane: Lane, request: httpcore.Request, *, paid: bool
    ) -> Generator[httpcore.Response]:
        """Send a request; its reply is open inside the `with` block."""
        self._shed_inherited()
        slots, idle = self._slots, self._idle
        if not slots.acquire(timeout=_for_lock(time_left(httpcore.PoolTimeout))):
            raise httpcore.PoolTimeout("All connections are in use.")
        try:
            line = self._proxy(lane[0]) or self._take(lane, paid=paid)
            try:
                response = line.handle_request(request)
                try:
                    yield response
                finally:
                    response.close()
            finally:
                if not isinstance(line, httpcore.HTTPProxy):
                    _close(idle.put(lane, line, self._limit))
        finally:
            slots.release()

    def connect(self, lane: Lane, timeout: float) -> bool:
        """Open a connection and lay it to rest, unless a proxy's are to be used."""
        self._shed_inherited()
        origin, _ = lane
        if self._proxy(origin):
            return False
        context = tls_context() if origin.scheme == "https" else None
        stream = self._backend.connect_tcp(origin.host, origin.port, timeout)
        if context is not None:
            stream = stream.start_tls(_http11(context), origin.host, timeout)
        _close(self._idle.put(lane, Ahead(core_origin(origin), stream), self._limit))
        return True

    def _shed_inherited(self) -> None:
        if self._process != os.getpid():
            # In the child, closing gives up its own descriptors; the parent's stay open.
            self.close()
            self._reset()

    def _take(self, lane: Lane, *, paid: bool) -> httpcore.HTTPConnection | Ahead:
        connection, stale = self._idle.take(lane, paid=paid)
        if isinstance(connection, Ahead) and not connection.begins():
            stale.append(connection)
            connection = None
        _close(stale)
        origin, public = lane
        return connection or httpcore.HTTPConnection(
            core_origin(origin),
            ssl_context=tls_context() if origin.scheme == "https" else None,
            network_backend=self._public_backend if public else self._backend,
        )

    def _proxy(self, origin: Origin) -> httpcore.HTTPProxy | None:
        if origin not in self._proxies:
            options = proxy_options(origin)
            proxy = (
                httpcore.HTTPProxy(**options, network_backend=self._backend) if options else None
            )
            return self._proxies.setdefault(origin, proxy)  # another thread may have been quicker
        return self._proxies[origin]

    def close(self) -> None:
        """Close all connections at rest; those in use close when they are given back."""
        _close(self._idle.drain())
        _close(filter(None, self._proxies.values()))


def _for_lock(left: float | None) -> float:
    return -1 if left is None else min(left, threading.TIMEOUT_MAX)


def _close(lines: Iterable[httpcore.HTTPConnection | Ahead | httpcore.HTTPProxy]) -> None:
    for line in lines:
        with suppress(Exception):
            line.close()


class AsyncAhead(httpcore.AsyncHTTP11Connection):
    """A connection that was opened before there was a request for it."""

    def __init__(self, origin: httpcore.Origin, stream: httpcore.AsyncNetworkStream) -> None:
        super().__init__(origin, stream)
        self._unused: httpcore.AsyncNetworkStream | None = stream

    def is_idle(self) -> bool:
        return self._unused is not None or super().is_idle()

    async def begins(self) -> bool:
        """Whether it can take a request; the first time, its end may have to be looked for."""
        stream, self._unused = self._unused, None
        if stream is None or not stream.get_extra_info("is_readable"):
            return True
        with suppress(httpcore.ReadTimeout):  # as above
            await stream.read(1, _A_MOMENT)
            return False
        return not stream.get_extra_info("is_readable")


class _LoopPool:
    """The connections of one event loop. They are closed with it.

    The lifeline is an async generator: an event loop that shuts down closes the generators that
    were begun on it, and one that is let go of is closed on its loop.
    """

    def __init__(self, limit: int) -> None:
        import asyncio  # here, like all imports of it: a sync client never loads it

        self.slots = asyncio.Semaphore(limit)
        self.idle: IdleStack[httpcore.AsyncHTTPConnection | AsyncAhead] = IdleStack()
        self.proxies: dict[Origin, httpcore.AsyncHTTPProxy | None] = {}
        self.lifeline = _lifeline(self.idle, self.proxies)


async def _lifeline(
    idle: IdleStack[httpcore.AsyncHTTPConnection | AsyncAhead],
    proxies: dict[Origin, httpcore.AsyncHTTPProxy | None],
) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        await _aclose(idle.drain())
        await _aclose(filter(None, proxies.values()))


async def _aclose(
    lines: Iterable[httpcore.AsyncHTTPConnection | AsyncAhead | httpcore.AsyncHTTPProxy],
) -> None:
    """Close them all; a cancellation meanwhile is passed on at the end."""
    interrupt: BaseException | None = None
    for line in lines:
        try:
            await line.aclose()
        except Exception:  # noqa: S110  # it is given up either way
            pass
        except BaseException as error:
            interrupt = error
    if interrupt is not None:
        raise interrupt


class AsyncPool:
    """Connections for tasks: each event loop has its own; a forked child has none."""

    _inherited: Final[list[object]] = []

    def __init__(self, limit: int = ASYNC_CONNECTIONS) -> None:
        self._limit = limit
        self._backend = CarefulBackend()
        self._public_backend = CarefulBackend(public=True)
        self._pools: dict[asyncio.AbstractEventLoop, _LoopPool] = {}
        self._process = os.getpid()

    @asynccontextmanager
    async def stream(
        self, lane: Lane, request: httpcore.Request, *, paid: bool
    ) -> AsyncGenerator[httpcore.Response]:
        """Send a request; its reply is open inside the `async with` block."""
        pool = await self._here()
        async with pool.slots:
            line = await self._proxy(pool, lane[0]) or await self._take(pool, lane, paid=paid)
            try:
                response = await line.handle_async_request(request)
                try:
                    yield response
                finally:
                    await response.aclose()
            finally:
                if not isinstance(line, httpcore.AsyncHTTPProxy):
                    await _aclose(pool.idle.put(lane, line, self._limit))

    async def connect(self, lane: Lane, timeout: float) -> bool:
        """Open a connection and lay it to rest, unless a proxy's are to be used."""
        pool, (origin, _) = await self._here(), lane
        if await self._proxy(pool, origin):
            return False
        # First: between connecting and the handshake nothing waits that a cancellation could end.
        context = await _off_the_loop(tls_context) if origin.scheme == "https" else None
        stream = await self._backend.connect_tcp(origin.host, origin.port, timeout)
        if context is not None:
            stream = await stream.start_tls(_http11(context), origin.host, timeout)
        await _aclose(pool.idle.put(lane, AsyncAhead(core_origin(origin), stream), self._limit))
        return True

    async def _here(self) -> _LoopPool:
        loop = _running_loop()
        if self._process != os.getpid():
            # Kept, not closed: an inherited transport would reach into the parent's selector.
            self._inherited.append(self._pools)
            self._pools, self._process = {}, os.getpid()
        pool = self._pools.get(loop)
        if pool is None:
            for other in list(self._pools):
                if other.is_closed():
                    self._pools.pop(other, None)
            pool = self._pools[loop] = _LoopPool(self._limit)
            await anext(pool.lifeline)
        return pool

    async def _take(
        self, pool: _LoopPool, lane: Lane, *, paid: bool
    ) -> httpcore.AsyncHTTPConnection | AsyncAhead:
        connection, stale = pool.idle.take(lane, paid=paid)
        try:
            if isinstance(connection, AsyncAhead) and not await connection.begins():
                stale.append(connection)
                connection = None
            await _aclose(stale)
        except BaseException:
            # Cancelled meanwhile: the connection goes back, unused.
            stale = pool.idle.put(lane, connection, self._limit) if connection else []
            await _aclose(stale)
            raise
        origin, public = lane
        return connection or httpcore.AsyncHTTPConnection(
            core_origin(origin),
            # The first context takes tens of milliseconds to build.
            ssl_context=await _off_the_loop(tls_context) if origin.scheme == "https" else None,
            network_backend=self._public_backend if public else self._backend,
        )

    async def _proxy(self, pool: _LoopPool, origin: Origin) -> httpcore.AsyncHTTPProxy | None:
        if origin not in pool.proxies:
            options = await _off_the_loop(proxy_options, origin)
            backend = self._backend
            proxy = httpcore.AsyncHTTPProxy(**options, network_backend=backend) if options else None
            return pool.proxies.setdefault(origin, proxy)  # another task may have been quicker
        return pool.proxies[origin]

    async def aclose(self) -> None:
        """Close this loop's connections at rest; other loops close theirs when they end."""
        pool = self._pools.pop(_running_loop(), None)
        if pool is not None:
            await pool.lifeline.aclose()

    def abandon(self) -> None:
        """Let go of all connections; each event loop closes its own."""
        if self._process == os.getpid():
            self._pools.clear()


def _running_loop() -> asyncio.AbstractEventLoop:
    import asyncio

    return asyncio.get_running_loop()


async def _off_the_loop(work: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    import asyncio

    return await asyncio.to_thread(work, *args, **options)


def _http11(context: ssl.SSLContext) -> ssl.SSLContext:
    context.set_alpn_protocols(["http/1.1"])  # as httpcore does for each of its own
    return context


def core_origin(origin: Origin) -> httpcore.Origin:
    """The same, as httpcore names it."""
    return httpcore.Origin(origin.scheme.encode(), origin.host.encode(), origin.port)
