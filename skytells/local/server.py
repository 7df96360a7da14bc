"""A server in a thread: on a socket that is bound before it starts, gone when it is stopped."""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import Future
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from .fault_injection import HANG_UP

_SECONDS_TO_START = 10.0


class _Protocol(H11Protocol):
    """HTTP as uvicorn speaks it, on connections that a fault can close."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Hand every request of the connection what closes it."""
        super().connection_made(transport)
        serve = self.app

        async def closable(scope: Scope, receive: Receive, send: Send) -> None:
            async def send_and_yield(message: Message) -> None:
                await send(message)
                if message.get("more_body"):
                    # Or the loop does not learn that the caller has left, and asyncio logs each
                    # further write.
                    await asyncio.sleep(0)

            await serve({**scope, HANG_UP: transport.close}, receive, send_and_yield)

        self.app = closable


class Server(uvicorn.Server):
    """uvicorn, started and stopped from another thread without polling.

    Arguments:
        app: the ASGI application.
        sock: a bound socket; the server closes it.
    """

    def __init__(self, app: ASGIApp, sock: socket.socket) -> None:
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=2,
        )
        super().__init__(config)
        self._socket = sock
        self._running: Future[asyncio.AbstractEventLoop] = Future()
        self._leaving = asyncio.Event()
        self._thread = threading.Thread(target=self._work, name="skytells-local", daemon=True)

    def start(self) -> None:
        """Return when requests are answered."""
        self._thread.start()
        self._running.result(_SECONDS_TO_START)

    def stop(self) -> None:
        """Return when the socket is closed and the thread has ended."""
        self.should_exit = True
        with suppress(RuntimeError):  # the loop is closed: it was stopped before
            self._running.result().call_soon_threadsafe(self._leaving.set)
        self._thread.join()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say when it is done."""
        await super().startup(sockets)
        self._running.set_result(asyncio.get_running_loop())

    async def main_loop(self) -> None:
        """As uvicorn's, which looks ten times a second whether to stop; this one is told."""
        tenths = 0
        while not await self.on_tick(tenths):
            tenths += 10
            with suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), timeout=1.0)

    def _work(self) -> None:
        try:
            with self._socket:
                asyncio.run(self.serve(sockets=[self._socket]))
        except BaseException as error:
            if self._running.done():
                raise
            self._running.set_exception(error)
