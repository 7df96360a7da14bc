"""The wire itself: what sends a request and brings its reply, in both colours.

By default over our own pool of httpcore connections; over a ready `httpx.Client` if the user hands
one in (any client of that shape will do). Foreign exceptions end here. Redirects are not followed,
cookies are not kept, and the key is sent to one origin.
"""

from __future__ import annotations

import inspect
import ssl
import time
import weakref
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, cast

import httpcore

from ._flow import Exchange
from ._network import PASSAGE, Passage
from ._pool import AsyncPool, Pool
from ._wire import BodyReader, Reply, WireRequest, clean
from .errors import (
    ApiErrorId,
    ConfigurationError,
    NetworkError,
    RequestTimeoutError,
    SkytellsError,
)

if TYPE_CHECKING:
    import asyncio

    import httpx

CONNECT_SECONDS: Final = 10.0
_EXTENSIONS: Final = {"timeout": {"connect": CONNECT_SECONDS}}

# Names rather than classes: httpcore, httpx and clients of their shape share them.
_UNSENT: Final = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol"})
# A time-out before a socket was heard of has only waited for one.
_UNSENT_BY_POOL: Final = _UNSENT | {"TimeoutError"}


class Transport(Protocol):
    """What a sync client asks of its transport."""

    def send(self, exchange: Exchange) -> Reply: ...
    def close(self) -> None: ...


class AsyncTransport(Protocol):
    """What an async client asks of its transport."""

    async def send(self, exchange: Exchange) -> Reply: ...
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
                return _open(exchange, _arriving(opening))
            with opening as response:
                return _read(request, response.status, response.headers, response.iter_stream())
        except Exception as error:
            failure = _failure_of(error, request, passage.sent, _UNSENT_BY_POOL)
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
            async with _within(exchange.deadline):
                core = _core_request(request)
                opening = self._pool.stream(
                    (request.origin, request.public), core, paid=request.paid
                )
                if exchange.keep is not None:
                    return await _aopen(exchange, _aarriving(opening))
                async with opening as response:
                    stream = response.aiter_stream()
                    return await _aread(request, response.status, response.headers, stream)
        except Exception as error:
            failure = _failure_of(error, request, passage.sent, _UNSENT_BY_POOL)
        finally:
            PASSAGE.reset(token)
        raise failure

    async def aclose(self) -> None:
        self._closed = True
        await self._pool.aclose()


class HttpxTransport:
    """Over a client that the user has built and will close.

    Its sockets are not ours, so the deadline is kept by the time left at each phase and between
    chunks.
    """

    def __init__(self, client: httpx.Client) -> None:
        _expect(client, "httpx.Client", awaited=False)
        self._client = client

    def send(self, exchange: Exchange) -> Reply:
        _refuse(closed=getattr(self._client, "is_closed", False) is True)
        request, trace = exchange.request, _Trace()
        try:
            if exchange.keep is not None:
                return _open(exchange, self._arriving(exchange, trace))
            with self._arriving(exchange, trace) as (status, headers, chunks):
                return _read(request, status, headers, _until(exchange, chunks))
        except Exception as error:
            failure = _failure_of(error, request, trace.sent)
        raise failure

    @contextmanager
    def _arriving(self, exchange: Exchange, trace: _Trace) -> Generator[_Arrival]:
        sent = _sending(self._client, exchange, trace.hear)
        response = self._client.send(**sent, stream=True, follow_redirects=False)
        try:
            if response.is_stream_consumed:
                yield response.status_code, _decoded(response), iter([response.content])
            else:
                yield response.status_code, response.headers.raw, response.iter_raw()
        finally:
            response.close()

    def close(self) -> None:
        """The user's client stays open."""


class AsyncHttpxTransport:
    """Over an async client that the user has built and will close."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        _expect(client, "httpx.AsyncClient", awaited=True)
        self._client = client

    async def send(self, exchange: Exchange) -> Reply:
        _refuse(closed=getattr(self._client, "is_closed", False) is True)
        request, trace = exchange.request, _Trace()
        try:
            async with _within(exchange.deadline):
                if exchange.keep is not None:
                    return await _aopen(exchange, self._arriving(exchange, trace))
                async with self._arriving(exchange, trace) as (status, headers, chunks):
                    return await _aread(request, status, headers, chunks)
        except Exception as error:
            failure = _failure_of(error, request, trace.sent)
        raise failure

    @asynccontextmanager
    async def _arriving(self, exchange: Exchange, trace: _Trace) -> AsyncGenerator[_AsyncArrival]:
        sent = _sending(self._client, exchange, trace.ahear)
        response = await self._client.send(**sent, stream=True, follow_redirects=False)
        try:
            if response.is_stream_consumed:
                yield response.status_code, _decoded(response), _alone(response.content)
            else:
                yield response.status_code, response.headers.raw, response.aiter_raw()
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        """The user's client stays open."""


_Headers: TypeAlias = Sequence[tuple[bytes, bytes]]
_Arrival: TypeAlias = tuple[int, _Headers, Iterator[bytes]]
_AsyncArrival: TypeAlias = tuple[int, _Headers, AsyncIterator[bytes]]


@contextmanager
def _arriving(opening: AbstractContextManager[httpcore.Response]) -> Generator[_Arrival]:
    with opening as response:
        yield response.status, response.headers, _chunks(response)


@asynccontextmanager
async def _aarriving(
    opening: AbstractAsyncContextManager[httpcore.Response],
) -> AsyncGenerator[_AsyncArrival]:
    async with opening as response:
        yield response.status, response.headers, _achunks(response)


# What is left of a body, in bytes, from which on it is read past h11. That costs its connection.
_LARGE: Final = 1024 * 1024
_AT_ONCE: Final = 64 * 1024


def _chunks(response: httpcore.Response) -> Iterator[bytes]:
    """A body; most of a large one straight off its socket, since h11 copies each byte three times."""
    left, chunks = _length(response), iter(response.iter_stream())
    for chunk in chunks:
        # h11 has handed on all that it had read.
        yield chunk
        left -= len(chunk)
        if left >= _LARGE:
            break
    else:
        return
    stream = cast("httpcore.NetworkStream", _extensions(response)["network_stream"])
    while left > 0:
        chunk = stream.read(_AT_ONCE)[:left]
        yield _some(chunk)
        left -= len(chunk)


async def _achunks(response: httpcore.Response) -> AsyncIterator[bytes]:
    """A body; most of a large one straight off its socket, since h11 copies each byte three times."""
    left, chunks = _length(response), aiter(response.aiter_stream())
    async for chunk in chunks:
        yield chunk
        left -= len(chunk)
        if left >= _LARGE:
            break
    else:
        return
    stream = cast("httpcore.AsyncNetworkStream", _extensions(response)["network_stream"])
    while left > 0:
        chunk = (await stream.read(_AT_ONCE))[:left]
        yield _some(chunk)
        left -= len(chunk)


def _extensions(response: httpcore.Response) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", response.extensions)  # pyright: ignore[reportUnknownMemberType]


def _length(response: httpcore.Response) -> int:
    """How long a body is, where its length is all that tells where it ends."""
    headers = _named(response.headers)
    length = "" if "transfer-encoding" in headers else headers.get("content-length", "")
    return int(length) if length.isdecimal() and len(length) < 20 else 0


def _some(chunk: bytes) -> bytes:
    if not chunk:
        raise httpcore.RemoteProtocolError("the connection was closed within the body")
    return chunk


def _open(exchange: Exchange, arriving: AbstractContextManager[_Arrival]) -> Reply:
    """A reply whose body stays open, if it is wanted so."""
    with ExitStack() as resources:
        status, raw_headers, chunks = resources.enter_context(arriving)
        if not _keeps(exchange, status, raw_headers):
            return _read(exchange.request, status, raw_headers, chunks)
        body = OpenBody(exchange.request, chunks, resources.pop_all())
        return Reply(status, _named(raw_headers), b"", body)


async def _aopen(exchange: Exchange, arriving: AbstractAsyncContextManager[_AsyncArrival]) -> Reply:
    """A reply whose body stays open, if it is wanted so."""
    async with AsyncExitStack() as resources:
        status, raw_headers, chunks = await resources.enter_async_context(arriving)
        if not _keeps(exchange, status, raw_headers):
            return await _aread(exchange.request, status, raw_headers, chunks)
        body = AsyncOpenBody(exchange.request, chunks, resources.pop_all())
        return Reply(status, _named(raw_headers), b"", body)


def _keeps(exchange: Exchange, status: int, raw_headers: _Headers) -> bool:
    if exchange.keep is None or not 200 <= status < 300:
        return False
    headers = _named(raw_headers)
    if not exchange.keep(headers):
        return False
    # An open body is not decoded; it was asked for as it is.
    return headers.get("content-encoding", "identity").strip().lower() in {"identity", ""}


class OpenBody:
    """The rest of a reply. At its end, on an error, and when let go of, its connection is freed."""

    def __init__(self, request: WireRequest, chunks: Iterator[bytes], resources: ExitStack) -> None:
        self._request = request
        self._chunks = chunks
        self._resources = resources
        self.closed = False

    def read(self, deadline: float | None = None) -> bytes:
        """The next chunk, or nothing at the end; `deadline` in seconds on the monotonic clock."""
        if self.closed:
            return b""
        token = PASSAGE.set(Passage(self._request.origin.host, deadline))
        try:
            chunk = next(self._chunks, None)
            while chunk == b"":
                chunk = next(self._chunks, None)
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError
        except Exception as error:
            failure = _failure_of(error, self._request, True)
        except BaseException:
            self.close()
            raise
        else:
            if chunk is None:
                self.close()
            return chunk or b""
        finally:
            PASSAGE.reset(token)
        self.close()
        raise failure

    def close(self) -> None:
        self.closed = True
        with suppress(Exception):
            self._resources.close()

    def abandon(self) -> None:
        """Let go of it, where nothing can be waited for."""
        self.close()


class AsyncOpenBody:
    """The rest of a reply. At its end, on an error, and when let go of, its connection is freed."""

    def __init__(
        self, request: WireRequest, chunks: AsyncIterator[bytes], resources: AsyncExitStack
    ) -> None:
        self._request = request
        self._chunks = chunks
        self._resources = resources
        self.closed = False

    async def read(self, deadline: float | None = None) -> bytes:
        """The next chunk, or nothing at the end; `deadline` in seconds on the monotonic clock."""
        if self.closed:
            return b""
        try:
            async with _within(deadline):
                chunk = await anext(self._chunks, None)
                while chunk == b"":
                    chunk = await anext(self._chunks, None)
        except Exception as error:
            failure = _failure_of(error, self._request, True)
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
        with suppress(Exception):
            await self._resources.aclose()

    def abandon(self) -> None:
        """Let go of it, where nothing can be waited for: its event loop closes the connection."""
        self.closed = True
        self._chunks, self._resources = _alone(b""), AsyncExitStack()


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


def _expect(client: object, kind: str, *, awaited: bool) -> None:
    sends = all(callable(getattr(client, name, None)) for name in ("build_request", "send"))
    if not sends or inspect.iscoroutinefunction(getattr(client, "send", None)) is not awaited:
        raise ConfigurationError.of(f"http_client must be an {kind} here, or one of its shape.")


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def _within(deadline: float | None) -> asyncio.Timeout:
    import asyncio  # here: a sync client never loads it

    return asyncio.timeout(_left(deadline))


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


def _sending(
    client: httpx.Client | httpx.AsyncClient, exchange: Exchange, hear: object
) -> dict[str, Any]:
    """What a user's client is asked to send."""
    request, left = exchange.request, _left(exchange.deadline)
    url = f"{request.origin}{request.target}"
    built = client.build_request(
        *(request.method, url),
        headers=request.headers,
        content=request.body,
        timeout=left,
        extensions={"trace": hear} if request.paid else None,
    )
    if not request.foreign:
        return {"request": built}
    # Anew, by the class of that client's library: nothing of the client's own goes along.
    timeout = dict.fromkeys(("connect", "read", "write", "pool"), left)
    bare = type(built)(
        *(request.method, url), headers=request.headers, extensions={"timeout": timeout}
    )
    return {"request": bare, "auth": None}


def _until(exchange: Exchange, chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        if _left(exchange.deadline) == 0.0:
            raise TimeoutError
        yield chunk


def _named(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}


def _read(
    request: WireRequest,
    status: int,
    raw_headers: Iterable[tuple[bytes, bytes]],
    chunks: Iterator[bytes],
) -> Reply:
    headers = _named(raw_headers)
    body = BodyReader(status, headers, request.max_response_bytes)
    for chunk in chunks:
        body.feed(chunk)
        if body.enough:
            break
    return Reply(status, headers, body.finish())


def _decoded(response: httpx.Response) -> list[tuple[bytes, bytes]]:
    """Headers of a response that was made in one piece, as a mock makes it: decoded already."""
    decoded = {b"content-encoding", b"content-length"}
    return [(k, v) for k, v in response.headers.raw if k.lower() not in decoded]


async def _alone(chunk: bytes) -> AsyncIterator[bytes]:
    yield chunk


async def _aread(
    request: WireRequest,
    status: int,
    raw_headers: Iterable[tuple[bytes, bytes]],
    chunks: AsyncIterator[bytes],
) -> Reply:
    headers = _named(raw_headers)
    body = BodyReader(status, headers, request.max_response_bytes)
    async for chunk in chunks:
        body.feed(chunk)
        if body.enough:
            break
    return Reply(status, headers, body.finish())


def _failure_of(
    error: Exception,
    request: WireRequest,
    sent: bool | None,
    unsent: frozenset[str] = _UNSENT,
) -> SkytellsError:
    """A foreign exception as one of ours, without its frames: they may hold the key."""
    if isinstance(error, SkytellsError):
        return error
    names = {cls.__name__ for cls in type(error).__mro__}
    if sent is None:
        sent = not names & unsent
    kind, origin = type(error).__name__, request.origin
    certificate = isinstance(error.__cause__, ssl.SSLCertVerificationError)
    if "TimeoutException" in names or isinstance(error, TimeoutError):
        failure: SkytellsError = RequestTimeoutError(
            f"{origin} did not answer in time. If it needs longer, raise timeout= (milliseconds).",
            ApiErrorId.REQUEST_TIMEOUT,
            f"{kind} from {origin}",
            408,
            maybe_sent=sent,
        )
    else:
        advice = (
            "Its certificate is not trusted; for an authority of your own, set SSL_CERT_FILE."
            if certificate
            else "Check the network, base_url, and any proxy between."
        )
        failure = NetworkError(
            f"No answer from {origin}: {(clean(str(error), 200) or kind).rstrip('.')}. {advice}",
            ApiErrorId.NETWORK_ERROR,
            f"{kind} from {origin}",
            retryable=not certificate,
            maybe_sent=sent,
        )
    error.__cause__ = error.__context__ = None
    failure.__cause__ = error.with_traceback(None)
    return failure
