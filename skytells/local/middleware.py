"""Middleware for every request: it checks the host and writes the access log."""

from __future__ import annotations

import logging
import time
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .access import check_host
from .edge import rewrite_path
from .errors import ApiError
from .http import error_response
from .webhook_sender import WebhookSender

ACCESS_LOG: Final = logging.getLogger("skytells.local.access")
"""One line per request; refreshes of the page are logged at `DEBUG`."""


class PlatformMiddleware:
    """ASGI middleware around the application.

    Args:
        app: The application.
        sender: Delivers webhooks on the event loop of the requests.
        allow_remote: Accept requests whose `Host` is not a loopback name.
    """

    def __init__(self, app: ASGIApp, *, sender: WebhookSender, allow_remote: bool) -> None:
        self._app = app
        self._sender = sender
        self._allow_remote = allow_remote

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Process a request and log it."""
        self._sender.use_running_loop()
        began, status = time.perf_counter(), "-"

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._process(scope, receive, send_and_note)
        finally:
            _log(scope, status, 1000 * (time.perf_counter() - began))

    async def _process(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        try:
            if not self._allow_remote:
                check_host(request)
        except ApiError as error:
            await error_response(request, error)(scope, receive, send)
        else:
            rewrite_path(scope)
            await self._app(scope, receive, send)


def _log(scope: Scope, status: str, milliseconds: float) -> None:
    request = Request(scope)
    refresh = (request.method, request.url.path, status) == ("GET", "/", "200")
    level = logging.DEBUG if refresh else logging.INFO
    if ACCESS_LOG.isEnabledFor(level):
        # Percent-encoded, so without spaces and line ends; the query may contain secrets.
        path = scope.get("raw_path", b"-").decode("ascii", "replace").partition("?")[0]
        state = scope.get("state", {})
        about = [f" {name}={state[name]}" for name in ("prediction", "error") if name in state]
        line = f"method=%s path=%s status=%s ms=%.1f{''.join(about)}"
        ACCESS_LOG.log(level, line, request.method, path, status, milliseconds)
