"""What every request passes first, whatever its path: its host is checked, and it is logged."""

from __future__ import annotations

import logging
import time
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import edge
from .access import check_host
from .fault_injection import refused
from .prediction_json import Refusal
from .webhook_sender import Sender

ACCESS: Final = logging.getLogger("skytells.local.access")
"""One line for each request; those with which the page refreshes itself are for `DEBUG`."""


class Front:
    """ASGI middleware around the whole platform.

    Arguments:
        app: what answers.
        sender: delivers webhooks on the event loop that requests arrive on.
        allow_remote: take requests whose `Host` is not a loopback name.
    """

    def __init__(self, app: ASGIApp, *, sender: Sender, allow_remote: bool) -> None:
        self._app = app
        self._sender = sender
        self._allow_remote = allow_remote

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, and note its answer."""
        self._sender.attend()
        began, status = time.perf_counter(), "-"

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._checked(scope, receive, noting)
        finally:
            _log(scope, status, 1000 * (time.perf_counter() - began))

    async def _checked(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        try:
            if not self._allow_remote:
                check_host(request)
        except Refusal as refusal:
            await refused(request, refusal)(scope, receive, send)
        else:
            edge.enter(scope)
            await self._app(scope, receive, send)


def _log(scope: Scope, status: str, milliseconds: float) -> None:
    request = Request(scope)
    refresh = (request.method, request.url.path, status) == ("GET", "/", "200")
    level = logging.DEBUG if refresh else logging.INFO
    if ACCESS.isEnabledFor(level):
        # As it travelled, so without spaces and line ends; the query is nobody's business.
        path = scope.get("raw_path", b"-").decode("ascii", "replace").partition("?")[0]
        state = scope.get("state", {})
        about = [f" {name}={state[name]}" for name in ("prediction", "error") if name in state]
        line = f"method=%s path=%s status=%s ms=%.1f{''.join(about)}"
        ACCESS.log(level, line, request.method, path, status, milliseconds)
