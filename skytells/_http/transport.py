"""httpx's own transports over the SDK's connection pools, and the clients that use them by default.

A default client is an ordinary `httpx.Client`: whatever traces, records or mocks httpx sees each
request. Only the pool inside its transport is the SDK's.
"""

from __future__ import annotations

import ssl
import warnings
from typing import Any, Final

import httpx

from .async_pool import AsyncPool
from .environment import tls_context
from .network import IDLE_SECONDS
from .pool import Pool, PoolOptions

SYNC_CONNECTIONS: Final = 100
ASYNC_CONNECTIONS: Final = 500


class Transport(httpx.HTTPTransport):
    """A transport for `httpx.Client` over the connection pool that the SDK uses by default.

    It keeps the exact `timeout` of each call, sends requests that cost money on fresh connections,
    and stays fast with hundreds of requests in flight. Use it in a client of your own, for event
    hooks, mounts, client certificates or other authorities.

    Args:
        verify: The TLS context; by default one with the environment's authorities.
        local_address: The address to connect from.
        max_connections: How many requests may be in flight; others wait.
        trust_env: Whether to use the proxies that the environment names.

    Example:
        >>> import httpx
        >>> from skytells.transports import Transport
        >>> with httpx.Client(transport=Transport(max_connections=10)) as http:
        ...     print(SkytellsClient(http_client=http).models.get("flux-pro").name)
        FLUX Pro
    """

    def __init__(
        self,
        *,
        verify: ssl.SSLContext | None = None,
        local_address: str | None = None,
        max_connections: int = SYNC_CONNECTIONS,
        trust_env: bool = True,
    ) -> None:
        self.pool: Pool | None = None
        """The SDK's pool, where this version of httpx can use it."""
        if _has_inner_pool(httpx.HTTPTransport.close):
            self.pool = Pool(PoolOptions(max_connections, verify, local_address, trust_env))
            self._pool = self.pool  # type: ignore[assignment]  # of the same interface
            return
        _warn()
        super().__init__(**_fallback(verify, local_address, max_connections))


class AsyncTransport(httpx.AsyncHTTPTransport):
    """A transport for `httpx.AsyncClient`; as `Transport`.

    Each event loop that uses it has connections of its own, so it can outlive `asyncio.run()`.
    """

    def __init__(
        self,
        *,
        verify: ssl.SSLContext | None = None,
        local_address: str | None = None,
        max_connections: int = ASYNC_CONNECTIONS,
        trust_env: bool = True,
    ) -> None:
        self.pool: AsyncPool | None = None
        """The SDK's pool, where this version of httpx can use it."""
        if _has_inner_pool(httpx.AsyncHTTPTransport.aclose):
            self.pool = AsyncPool(PoolOptions(max_connections, verify, local_address, trust_env))
            self._pool = self.pool  # type: ignore[assignment]  # of the same interface
            return
        _warn()
        super().__init__(**_fallback(verify, local_address, max_connections))


def _has_inner_pool(close: Any) -> bool:
    """Whether httpx's transport sends through an inner pool, by what its `close` names."""
    # Not by `handle_request`: that is what mocks replace.
    return "_pool" in close.__code__.co_names


def _warn() -> None:
    warnings.warn(
        f"httpx {httpx.__version__} is newer than this version of skytells knows, so requests go "
        "through httpx's own connection pool: slower with many in flight, and a timeout holds for "
        "each phase of a request. Upgrade skytells, or pin httpx<1.",
        RuntimeWarning,
        stacklevel=3,
    )


def _fallback(
    verify: ssl.SSLContext | None, local_address: str | None, max_connections: int
) -> dict[str, Any]:
    # Equal: with fewer idle than open, httpx closes connections that other threads use.
    limits = httpx.Limits(
        max_connections=max_connections,
        max_keepalive_connections=max_connections,
        keepalive_expiry=IDLE_SECONDS,
    )
    return {"verify": verify or tls_context(), "local_address": local_address, "limits": limits}


class _NoCookies(httpx.Cookies):
    """Keeps no cookie that a server sets: looking at each response costs a sixth of a call."""

    def extract_cookies(self, response: httpx.Response) -> None: ...


class DefaultClient(httpx.Client):
    """The client that `SkytellsClient` sends with by default."""

    cookies = _NoCookies()  # type: ignore[override]  # a property there

    def __init__(self) -> None:
        transport = Transport()
        self.pool = transport.pool
        super().__init__(transport=transport, timeout=None, trust_env=False)


class AsyncDefaultClient(httpx.AsyncClient):
    """The client that `AsyncSkytellsClient` sends with by default."""

    cookies = _NoCookies()  # type: ignore[override]  # a property there

    def __init__(self) -> None:
        transport = AsyncTransport()
        self.pool = transport.pool
        super().__init__(transport=transport, timeout=None, trust_env=False)
