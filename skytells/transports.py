"""Ready clients for `http_client=`: HTTP/2, and aiohttp's parser in C. `docs/performance.md` says when.

Each is an ordinary client of httpx, set up so that nothing of one call goes along with the next: no
redirect is followed and no cookie kept. You close it; the SDK never does.

    async with aiohttp_client() as http:
        client = AsyncSkytellsClient(http_client=http)
"""

from __future__ import annotations

from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol

from ._environment import tls_context
from ._pool import ASYNC_CONNECTIONS, IDLE_SECONDS
from .errors import ConfigurationError

if TYPE_CHECKING:
    import httpx

__all__ = [
    "AsyncHttpClient",
    "HttpClient",
    "HttpResponse",
    "aiohttp_client",
    "async_http2_client",
    "http2_client",
]

_CONNECTIONS: Final = 100


class HttpResponse(Protocol):
    """What `HttpClient.send` gives, in short."""

    @property
    def status_code(self) -> int: ...
    @property
    def is_stream_consumed(self) -> bool: ...


class _Building(Protocol):
    def build_request(
        self,
        method: str,
        url: Any,
        *,
        headers: Any = ...,
        content: Any = ...,
        timeout: Any = ...,
        extensions: Any = ...,
    ) -> Any: ...


class HttpClient(_Building, Protocol):
    """What `http_client=` takes: `httpx.Client`, `httpx2.Client`, or one of their shape."""

    def send(
        self, request: Any, /, *, stream: bool = ..., auth: Any = ..., follow_redirects: Any = ...
    ) -> HttpResponse: ...


class AsyncHttpClient(_Building, Protocol):
    """What `http_client=` takes: `httpx.AsyncClient`, `httpx2.AsyncClient`, or one of their shape."""

    async def send(
        self, request: Any, /, *, stream: bool = ..., auth: Any = ..., follow_redirects: Any = ...
    ) -> HttpResponse: ...


def http2_client() -> httpx.Client:
    """A client that speaks HTTP/2 where the server does: one connection for about a hundred calls.

    Raises:
        ConfigurationError: The extra `http2` is not installed.

    Example:
        >>> from skytells.transports import http2_client
        >>> with http2_client() as http:
        ...     print(SkytellsClient(http_client=http).models.get("flux-pro").name)
        FLUX Pro
    """
    import httpx

    return httpx.Client(**_http2())


def async_http2_client() -> httpx.AsyncClient:
    """As `http2_client`, for `AsyncSkytellsClient`; it belongs to the event loop that uses it first."""
    import httpx

    return httpx.AsyncClient(**_http2())


def aiohttp_client() -> httpx.AsyncClient:
    """A client over aiohttp, for `AsyncSkytellsClient`; it belongs to the event loop that uses it first.

    It has 500 connections at most, as the default of `AsyncSkytellsClient` has.

    Raises:
        ConfigurationError: The extra `aiohttp` is not installed.

    Example:
        >>> import asyncio
        >>> from skytells.transports import aiohttp_client
        >>> async def main() -> None:
        ...     async with aiohttp_client() as http:
        ...         client = AsyncSkytellsClient(http_client=http)
        ...         print((await client.models.get("flux-pro")).name)
        >>> asyncio.run(main())
        FLUX Pro
    """
    aiohttp, httpx_aiohttp = _extra("aiohttp", "aiohttp"), _extra("httpx_aiohttp", "aiohttp")
    import httpx

    context = tls_context()

    def session() -> Any:
        # Here, not from httpx's limits: its "no limit" is aiohttp's hundred, and a cookie is kept.
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=ASYNC_CONNECTIONS, keepalive_timeout=IDLE_SECONDS, ssl=context
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    transport = httpx_aiohttp.AiohttpTransport(verify=context, client=session)
    return httpx.AsyncClient(transport=transport, cookies=_no_cookies())


def _http2() -> dict[str, Any]:
    _extra("h2", "http2")
    import httpx

    # Equal: with fewer at rest than open, httpx closes connections under other threads' hands.
    limits = httpx.Limits(
        max_connections=_CONNECTIONS,
        max_keepalive_connections=_CONNECTIONS,
        keepalive_expiry=IDLE_SECONDS,
    )
    return {"http2": True, "limits": limits, "cookies": _no_cookies()}


def _no_cookies() -> CookieJar:
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


def _extra(module: str, extra: str) -> Any:
    try:
        return import_module(module)
    except ImportError:
        raise ConfigurationError.of(
            f'This needs the package {module}: pip install "skytells[{extra}]".'
        ) from None
