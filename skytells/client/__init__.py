"""The two clients: settings in, APIs and verbs out, and the drivers that perform operations.

Each verb is one line that performs a flow; a driver is the only place where waiting happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._core.endpoints import API_BASE_URL
from .._data.checks import DEFAULT_TIMEOUT
from .base import deprecated
from .sync import SkytellsClient

if TYPE_CHECKING:
    from ..types.options import ClientOptions, RetryOptions
    from .aio import AsyncSkytellsClient

__all__ = ["API_BASE_URL", "AsyncSkytellsClient", "Skytells", "SkytellsClient", "create_client"]


def Skytells(
    api_key: str | None = None,
    options: ClientOptions | Mapping[str, Any] | None = None,
    *,
    base_url: str | None = None,
    timeout: float | None = DEFAULT_TIMEOUT,
    headers: Mapping[str, str] | None = None,
    retry: RetryOptions | Mapping[str, Any] | None = None,
) -> SkytellsClient:
    """Build a `SkytellsClient`; the arguments are the same.

    Example:
        >>> Skytells("sk-key", base_url="https://edge.skytells.ai/v1", timeout=30_000).base_url
        'https://edge.skytells.ai/v1'
    """
    return SkytellsClient(
        api_key, options, base_url=base_url, timeout=timeout, headers=headers, retry=retry
    )


def create_client(
    api_key: str | None = None,
    options: ClientOptions | Mapping[str, Any] | None = None,
    *,
    base_url: str | None = None,
    timeout: float | None = DEFAULT_TIMEOUT,
    headers: Mapping[str, str] | None = None,
    retry: RetryOptions | Mapping[str, Any] | None = None,
) -> SkytellsClient:
    """Deprecated: use `SkytellsClient(api_key)`."""
    deprecated("create_client", "SkytellsClient()")
    return SkytellsClient(
        api_key, options, base_url=base_url, timeout=timeout, headers=headers, retry=retry
    )


def __getattr__(name: str) -> Any:
    if name != "AsyncSkytellsClient":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # When it is first used: a sync client never loads asyncio.
    from .aio import AsyncSkytellsClient

    return AsyncSkytellsClient
