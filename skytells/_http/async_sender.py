"""Sends requests with an `httpx.AsyncClient`, each within its deadline; as `sender`."""

from __future__ import annotations

import weakref
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

import anyio

from .._core.operation import OpenConnection, Send
from .._core.wire import BodyReader, Origin, Reply
from .async_pool import AsyncPool
from .failures import failure_of
from .network import RequestState, seconds_until
from .requests import (
    CONNECT_SECONDS,
    RequestBuilder,
    headers_of,
    key_of,
    not_ours,
    refused_by_a_hook,
    stays_open,
)
from .transport import AsyncDefaultClient


class AsyncSender:
    """Sends requests with the default `httpx.AsyncClient`, or with one of the user's."""

    def __init__(self, client: Any = None) -> None:
        self._pool: AsyncPool | None = None
        if client is None:
            self.client: Any = AsyncDefaultClient()
            self._pool = self.client.pool
            if self._pool is not None:
                weakref.finalize(self, self._pool.abandon)
        else:
            self.client = client
        self._builder = RequestBuilder(self.client, client is None, self._pool is not None)

    async def send(self, effect: Send) -> Reply:
        """Send a request and read its reply, or leave the body open if `effect.keep` says so."""
        origin, state = effect.request.origin, self._builder.state(effect)
        try:
            with _time_limit(state.deadline, self._pool):
                request, options = self._builder.build(effect, state, state.atrace)
                response = await self.client.send(
                    request, stream=True, follow_redirects=False, **options
                )
                body = AsyncOpenBody(response, origin, state, self._pool)
                headers = headers_of(response)
                if stays_open(effect, response.status_code, headers):
                    return Reply(response.status_code, headers, b"", body)
                try:
                    reader = BodyReader(
                        response.status_code, headers, effect.request.max_response_bytes
                    )
                    async for chunk in body.chunks:
                        reader.feed(chunk)
                        if reader.enough:
                            break
                    return Reply(response.status_code, headers, reader.finish())
                finally:
                    await response.aclose()
        except Exception as error:
            if (refused := refused_by_a_hook(error)) is not None:
                return refused
            failure = failure_of(error, origin, state.sent)
        raise failure

    async def connect(self, effect: OpenConnection) -> bool:
        """Open a connection before there is a request for it."""
        if self._pool is None:
            raise not_ours()
        try:
            state = RequestState(effect.deadline)
            return await self._pool.preconnect(key_of(effect.origin), state, CONNECT_SECONDS)
        except Exception as error:
            failure = failure_of(error, effect.origin, False)
        raise failure

    async def aclose(self) -> None:
        """Close this event loop's connections."""
        await self.client.aclose()


class AsyncOpenBody:
    """The rest of a reply. At its end, on an error, and when closed, it releases its connection."""

    def __init__(
        self, response: Any, origin: Origin, state: RequestState, pool: AsyncPool | None
    ) -> None:
        self._response = response
        self._origin = origin
        self._state = state
        self._pool = pool
        self.chunks: AsyncIterator[bytes] = (
            _alone(response.content) if response.is_stream_consumed else response.aiter_raw()
        )
        self.closed = False

    async def read(self, deadline: float | None = None) -> bytes:
        """The next chunk, or nothing at the end; `deadline` in seconds on the monotonic clock."""
        if self.closed:
            return b""
        self._state.deadline = deadline
        try:
            with _time_limit(deadline, self._pool):
                chunk = await anext(self.chunks, None)
                while chunk == b"":
                    chunk = await anext(self.chunks, None)
            self._state.limit(None, TimeoutError)
        except Exception as error:
            failure = failure_of(error, self._origin, True)
        except BaseException:
            await self.aclose()
            raise
        else:
            if chunk is None:
                await self.aclose()
            return chunk or b""
        await self.aclose()
        raise failure

    async def aclose(self) -> None:
        self.closed = True
        with suppress(Exception):  # it may have been abandoned
            await self._response.aclose()

    def abandon(self) -> None:
        """Let go of it, where nothing can be waited for: its event loop closes the connection."""
        self.closed = True
        del self.chunks, self._response


def _time_limit(deadline: float | None, pool: AsyncPool | None) -> AbstractContextManager[object]:
    """Limit a block to a deadline, unless the sockets keep the deadline themselves."""
    if deadline is None or pool is not None:
        return nullcontext()
    return anyio.fail_after(seconds_until(deadline))


async def _alone(chunk: bytes) -> AsyncIterator[bytes]:
    """A body that is there already."""
    yield chunk
