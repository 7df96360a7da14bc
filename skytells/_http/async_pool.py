"""The connection pool for tasks: as `pool`, with connections of its own for each event loop."""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncGenerator, Hashable, Iterable
from contextlib import aclosing
from typing import Any, Final, Self, TypeAlias

import httpcore

from .body import AsyncPooledBody
from .network import AsyncBackend, RequestState
from .pool import (
    ConnectionKey,
    IdleStack,
    Pooled,
    PoolOptions,
    http11,
    key_of,
    pool_timeout,
    set_aside,
    state_of,
)

_KINDS: Final = (httpcore.AsyncHTTPConnection, httpcore.AsyncHTTPProxy, httpcore.AsyncSOCKSProxy)
AsyncPooled: TypeAlias = Pooled[httpcore.AsyncConnectionInterface, AsyncBackend]


class _LoopPool:
    """The connections of one event loop. They are closed with it.

    The lifeline is an async generator: an event loop that shuts down closes the generators that
    were begun on it, and one that is garbage is closed on its loop.
    """

    def __init__(self, limit: int) -> None:
        import anyio  # here, as each import of it: a sync client never loads it

        self.slots = anyio.Semaphore(limit)
        self.idle: IdleStack[httpcore.AsyncConnectionInterface, AsyncBackend] = IdleStack()
        self.in_use: set[AsyncPooled] = set()
        self.lifeline = _lifeline(self.idle)


async def _lifeline(
    idle: IdleStack[httpcore.AsyncConnectionInterface, AsyncBackend],
) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        await _aclose(idle.drain())


async def _aclose(many: Iterable[AsyncPooled]) -> None:
    """Close them all; a cancellation meanwhile is passed on at the end."""
    interrupt: BaseException | None = None
    for pooled in many:
        try:
            async with aclosing(pooled.backend):
                await pooled.connection.aclose()
        except Exception:  # noqa: S110  # it is given up either way
            pass
        except BaseException as error:
            interrupt = error
    if interrupt is not None:
        raise interrupt


class AsyncPool:
    """Connections for tasks: each event loop has its own; a forked child has none."""

    _inherited: Final[list[object]] = []

    def __init__(self, options: PoolOptions) -> None:
        self._options = options
        self._pools: dict[Hashable, _LoopPool] = {}
        self._process = os.getpid()

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request; its connection is kept until the stream of the response is closed."""
        state = state_of(request)
        lease = self._lease(await self._here(), key_of(request, state), state, request)
        try:
            pooled = await anext(lease)
            response = await pooled.connection.handle_async_request(request)
        except BaseException:
            await lease.aclose()
            raise
        set_aside(request, response)
        response.stream = AsyncPooledBody(response, lease)
        return response

    async def _lease(
        self, pool: _LoopPool, key: ConnectionKey, state: RequestState, request: httpcore.Request
    ) -> AsyncGenerator[AsyncPooled]:
        await _acquire(pool.slots, state.limit(pool_timeout(request), httpcore.PoolTimeout))
        try:
            pooled = await self._take(pool, key, state)
            pooled.backend.state = state
            pool.in_use.add(pooled)
            try:
                yield pooled
            finally:
                pool.in_use.discard(pooled)
                await _aclose(pool.idle.put(key, pooled, self._options.limit))
        finally:
            pool.slots.release()

    async def _take(self, pool: _LoopPool, key: ConnectionKey, state: RequestState) -> AsyncPooled:
        pooled, stale = pool.idle.take(key, state.max_idle)
        try:
            if pooled is not None and not await _abegins(pooled):
                stale.append(pooled)
                pooled = None
            if stale:
                await _aclose(stale)
        except BaseException:
            # Cancelled meanwhile: the connection goes back, unused.
            await _aclose(pool.idle.put(key, pooled, self._options.limit) if pooled else [])
            raise
        return pooled or await self._new(key)

    async def _new(self, key: ConnectionKey) -> AsyncPooled:
        options, context = self._options, await self._context(key)
        backend = AsyncBackend(public_addresses_only=key[3] and options.proxy_for(key) is None)
        return Pooled(options.connection(key, context, backend, _KINDS), backend)

    async def _context(self, key: ConnectionKey) -> ssl.SSLContext | None:
        if key[0] != b"https" or self._options.verify is not None:
            return self._options.context_for(key)
        import anyio

        # The first one takes tens of milliseconds to build.
        return await anyio.to_thread.run_sync(self._options.context_for, key)

    @property
    def in_flight(self) -> int:
        """How many requests hold a connection."""
        return sum(len(pool.in_use) for pool in self._pools.values())

    async def preconnect(self, key: ConnectionKey, state: RequestState, timeout: float) -> bool:
        """Open a connection and keep it; false where a proxy opens one for each request."""
        pool = await self._here()
        if self._options.proxy_for(key) is not None:
            return False
        pooled = await self._new(key)
        pooled.backend.state = state
        # First: between connecting and the handshake nothing waits that a cancellation could end.
        context = http11(await self._context(key))
        await pooled.backend.preconnect(*key[1:3], timeout, context)
        pooled.preconnected = True
        await _aclose(pool.idle.put(key, pooled, self._options.limit))
        return True

    async def _here(self) -> _LoopPool:
        loop = _current_loop()
        if self._process != os.getpid():
            # Kept, not closed: an inherited transport would reach into the parent's selector.
            self._inherited.append(self._pools)
            self._pools, self._process = {}, os.getpid()
        pool = self._pools.get(loop)
        if pool is None:
            for other, its in list(self._pools.items()):
                if its.idle.closed or getattr(other, "is_closed", bool)():
                    self._pools.pop(other, None)
            pool = self._pools[loop] = _LoopPool(self._options.limit)
            await anext(pool.lifeline)
        return pool

    async def aclose(self) -> None:
        """Close this loop's idle connections; other loops close theirs when they end."""
        pool = self._pools.pop(_current_loop(), None)
        if pool is not None:
            await pool.lifeline.aclose()

    def abandon(self) -> None:
        """Let go of all connections; each event loop closes its own."""
        if self._process == os.getpid():
            self._pools.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()


async def _acquire(slots: Any, timeout: float | None) -> None:
    import anyio

    try:
        slots.acquire_nowait()  # `acquire` gives way to other tasks even where a slot is free
    except anyio.WouldBlock:
        try:
            with anyio.fail_after(timeout):
                await slots.acquire()
        except TimeoutError:
            raise httpcore.PoolTimeout("All connections are in use.") from None


async def _abegins(pooled: AsyncPooled) -> bool:
    """Whether a connection can take a request; as `_begins`."""
    preconnected, pooled.preconnected = pooled.preconnected, False
    return not preconnected or await pooled.backend.is_open()


def _current_loop() -> Hashable:
    """What identifies the running event loop, whatever runs it."""
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        import trio

        return trio.lowlevel.current_trio_token()
