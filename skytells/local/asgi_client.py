"""An httpx client that calls an ASGI application directly, without a socket."""

from __future__ import annotations

import httpx
from starlette.types import ASGIApp


class _Transport(httpx.ASGITransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except ConnectionResetError as error:
            raise httpx.RemoteProtocolError(str(error), request=request) from error


def http_client(app: ASGIApp) -> httpx.AsyncClient:
    """A client of an application; a connection that a fault closes is an error of httpx."""
    return httpx.AsyncClient(transport=_Transport(app))
