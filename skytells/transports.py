"""The transport that the SDK sends with, for `httpx` clients of your own.

    with httpx.Client(transport=Transport(), event_hooks={"request": [log]}) as http:
        client = SkytellsClient(http_client=http)

You close such a client; the SDK never does.
"""

from __future__ import annotations

from typing import Any, Protocol

from ._http.transport import AsyncTransport, Transport

__all__ = ["AsyncHttpClient", "AsyncTransport", "HttpClient", "HttpResponse", "Transport"]


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
