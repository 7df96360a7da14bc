"""The wire itself: what sends a request and brings its reply, in both colours.

By default over our own pool of httpcore connections; over a ready `httpx.Client` if the user hands
one in (any client of that shape will do). Foreign exceptions end here. Redirects are not followed,
cookies are not kept, and the key is sent to one origin.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

import httpcore

from ._bodies import (
    Arrival,
    AsyncArrival,
    aarriving,
    alone,
    aopened,
    aread_reply,
    arriving,
    opened,
    read_reply,
)
from ._core.operation import OpenConnection as Connect
from ._core.operation import Send as Exchange
from ._core.wire import Reply, WireRequest
from ._failures import UNSENT_BY_POOL, failure_of
from ._network import PASSAGE, Passage, seconds_until, within
from ._pool import AsyncPool, Pool
from .errors import ConfigurationError

if TYPE_CHECKING:
    import httpx

    from .transports import AsyncHttpClient, HttpClient

CONNECT_SECONDS: Final = 10.0
_EXTENSIONS: Final = {"timeout": {"connect": CONNECT_SECONDS}}


class Transport(Protocol):
    """What a sync client asks of its transport."""

    def send(self, exchange: Exchange) -> Reply: ...
    def connect(self, ahead: Connect, /) -> bool: ...
    def close(self) -> None: ...


class AsyncTransport(Protocol):
    """What an async client asks of its transport."""

    async def send(self, exchange: Exchange) -> Reply: ...
    async def connect(self, ahead: Connect, /) -> bool: ...
    async def aclose(self) -> None: ...


class PooledTransport:
    """The default of a sync client."""

    def __init__(self) -> None:
        self._pool = Pool()
        self._closed = False
        # Not `__del__`: in a cycle, sockets may be finalized before the pool that holds them.
        weakref.finalize(self, self._pool.close)

    def send(self, exchange: Exchange) -> Reply:
        _refuse(closed=self._closed)
        request = exchange.request
        passage = Passage(request.origin.host, exchange.deadline)
        token = PASSAGE.set(passage)
        try:
            core = _core_request(request)
            opening = self._pool.stream((request.origin, request.public), core, paid=request.paid)
            if exchange.keep is not None:
                return opened(exchange, arriving(opening))
            with opening as response:
                return read_reply(
                    request, response.status, response.headers, response.iter_stream()
                )
        except Exception as error:
            failure = failure_of(error, request.origin, passage.sent, UNSENT_BY_POOL)
        finally:
            PASSAGE.reset(token)
        raise failure

    def connect(self, ahead: Connect) -> bool:
        _refuse(closed=self._closed)
        token = PASSAGE.set(Passage(ahead.origin.host, ahead.deadline))
        try:
            return self._pool.connect((ahead.origin, False), CONNECT_SECONDS)
        except Exception as error:
            failure = failure_of(error, ahead.origin, False)
        finally:
            PASSAGE.reset(token)
        raise failure

    def close(self) -> None:
        self._closed = True
        self._pool.close()


class AsyncPooledTransport:
    """The default of an async client."""

    def __init__(self) -> None:
        self._pool = AsyncPool()
        self._closed = False
        weakref.finalize(self, self._pool.abandon)

    async def send(self, exchange: Exchange) -> Reply:
        _refuse(closed=self._closed)
        request = exchange.request
        passage = Passage(request.origin.host)
        token = PASSAGE.set(passage)
        try:
            async with within(exchange.deadline):
                core = _core_request(request)
                opening = self._pool.stream(
                    (request.origin, request.public), core, paid=request.paid
                )
                if exchange.keep is not None:
                    return await aopened(exchange, aarriving(opening))
                async with opening as response:
                    stream = response.aiter_stream()
                    return await aread_reply(request, response.status, response.headers, stream)
        except Exception as error:
            failure = failure_of(error, request.origin, passage.sent, UNSENT_BY_POOL)
        finally:
            PASSAGE.reset(token)
        raise failure

    async def connect(self, ahead: Connect) -> bool:
        _refuse(closed=self._closed)
        try:
            async with within(ahead.deadline):
                return await self._pool.connect((ahead.origin, False), CONNECT_SECONDS)
        except Exception as error:
            failure = failure_of(error, ahead.origin, False)
        raise failure

    async def aclose(self) -> None:
        self._closed = True
        await self._pool.aclose()


class HttpxTransport:
    """Over a client that the user has built and will close.

    Its sockets are not ours, so the deadline is kept by the time left at each phase and between
    chunks.
    """

    def __init__(self, client: httpx.Client | HttpClient) -> None:
        _expect(client, "httpx.Client", awaited=False)
        self._client = cast("httpx.Client", client)
        self._cookies = _copied(self._client)

    def send(self, exchange: Exchange) -> Reply:
        _refuse(closed=getattr(self._client, "is_closed", False) is True)
        request, trace = exchange.request, _Trace()
        try:
            if exchange.keep is not None:
                return opened(exchange, self._arriving(exchange, trace))
            with self._arriving(exchange, trace) as (status, headers, chunks):
                return read_reply(request, status, headers, _until(exchange, chunks))
        except Exception as error:
            failure = failure_of(error, request.origin, trace.sent)
        raise failure

    @contextmanager
    def _arriving(self, exchange: Exchange, trace: _Trace) -> Generator[Arrival]:
        sent = _sending(self._client, self._cookies, exchange, trace.hear)
        response = self._client.send(**sent, stream=True, follow_redirects=False)
        try:
            if response.is_stream_consumed:
                yield response.status_code, _decoded(response), iter([response.content])
            else:
                yield response.status_code, response.headers.raw, response.iter_raw()
        finally:
            response.close()

    def connect(self, _: Connect, /) -> bool:
        raise _not_ours()

    def close(self) -> None:
        """The user's client stays open."""


class AsyncHttpxTransport:
    """Over an async client that the user has built and will close."""

    def __init__(self, client: httpx.AsyncClient | AsyncHttpClient) -> None:
        _expect(client, "httpx.AsyncClient", awaited=True)
        self._client = cast("httpx.AsyncClient", client)
        self._cookies = _copied(self._client)

    async def send(self, exchange: Exchange) -> Reply:
        _refuse(closed=getattr(self._client, "is_closed", False) is True)
        request, trace = exchange.request, _Trace()
        try:
            async with within(exchange.deadline):
                if exchange.keep is not None:
                    return await aopened(exchange, self._arriving(exchange, trace))
                async with self._arriving(exchange, trace) as (status, headers, chunks):
                    return await aread_reply(request, status, headers, chunks)
        except Exception as error:
            failure = failure_of(error, request.origin, trace.sent)
        raise failure

    @asynccontextmanager
    async def _arriving(self, exchange: Exchange, trace: _Trace) -> AsyncGenerator[AsyncArrival]:
        sent = _sending(self._client, self._cookies, exchange, trace.ahear)
        response = await self._client.send(**sent, stream=True, follow_redirects=False)
        try:
            if response.is_stream_consumed:
                yield response.status_code, _decoded(response), alone(response.content)
            else:
                yield response.status_code, response.headers.raw, response.aiter_raw()
        finally:
            await response.aclose()

    async def connect(self, _: Connect, /) -> bool:
        raise _not_ours()

    async def aclose(self) -> None:
        """The user's client stays open."""


class _Trace:
    """Hears from a client that is not ours whether a request was handed to the socket."""

    def __init__(self) -> None:
        self.sent: bool | None = None
        """As of a `Passage`."""

    def hear(self, event: str, info: Mapping[str, Any]) -> None:
        started = event.endswith("send_request_headers.started")
        # A CONNECT goes to a proxy, not to the API.
        self.sent = self.sent or (started and info["request"].method != b"CONNECT")

    async def ahear(self, event: str, info: Mapping[str, Any]) -> None:
        self.hear(event, info)


def _refuse(*, closed: bool) -> None:
    if closed:
        raise ConfigurationError.of("The client is closed; build a new one.")


def _not_ours() -> ConfigurationError:
    return ConfigurationError.of(
        "warm_up() opens connections of the SDK's own pool, and this client sends through your "
        "http_client. Have that open one by a request that costs nothing: client.models.list()."
    )


def _expect(client: object, kind: str, *, awaited: bool) -> None:
    sends = all(callable(getattr(client, name, None)) for name in ("build_request", "send"))
    if not sends or inspect.iscoroutinefunction(getattr(client, "send", None)) is not awaited:
        raise ConfigurationError.of(f"http_client must be an {kind} here, or one of its shape.")


def _core_request(request: WireRequest) -> httpcore.Request:
    url = httpcore.URL(
        scheme=request.origin.scheme.encode(),
        host=request.origin.host.encode(),
        port=request.origin.port,
        target=request.target.encode(),
    )
    core = httpcore.Request(request.method, url, content=request.body, extensions=_EXTENSIONS)
    core.headers = request.headers  # bytes already: the constructor would look at each
    return core


def _copied(client: httpx.Client | httpx.AsyncClient) -> httpx.Cookies | None:
    """The cookies that a client has now; what servers add to them later is not sent."""
    cookies = getattr(client, "cookies", None)
    return None if cookies is None else type(cookies)(cookies)


def _sending(
    client: httpx.Client | httpx.AsyncClient,
    cookies: httpx.Cookies | None,
    exchange: Exchange,
    hear: object,
) -> dict[str, Any]:
    """What a user's client is asked to send."""
    request, left = exchange.request, seconds_until(exchange.deadline)
    url = f"{request.origin}{request.target}"
    built = client.build_request(
        *(request.method, url),
        headers=request.headers,
        content=request.body,
        timeout=left,
        extensions={"trace": hear} if request.paid else None,
    )
    if not request.foreign:
        if cookies is not None and "cookie" in built.headers:
            del built.headers["cookie"]
            cookies.set_cookie_header(built)
        return {"request": built}
    # Anew, by the class of that client's library: nothing of the client's own goes along.
    timeout = dict.fromkeys(("connect", "read", "write", "pool"), left)
    bare = type(built)(
        *(request.method, url), headers=request.headers, extensions={"timeout": timeout}
    )
    return {"request": bare, "auth": None}


def _until(exchange: Exchange, chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        if seconds_until(exchange.deadline) == 0.0:
            raise TimeoutError
        yield chunk


def _decoded(response: httpx.Response) -> list[tuple[bytes, bytes]]:
    """Headers of a response that was made in one piece, as a mock makes it: decoded already."""
    decoded = {b"content-encoding", b"content-length"}
    return [(k, v) for k, v in response.headers.raw if k.lower() not in decoded]
