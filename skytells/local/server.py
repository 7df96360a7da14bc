"""A uvicorn server in a thread, on a socket that is bound before it starts."""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import Future
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from .fault_injection import DISCONNECT

_START_TIMEOUT = 10.0


class _Protocol(H11Protocol):
    """uvicorn's HTTP protocol, on connections that a fault can close."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Pass the function that closes the connection to every request."""
        super().connection_made(transport)
        app = self.app

        async def closable(scope: Scope, receive: Receive, send: Send) -> None:
            async def send_and_yield(message: Message) -> None:
                await send(message)
                if message.get("more_body"):
                    # Otherwise the loop does not notice that the client has disconnected, and
                    # asyncio logs each further write.
                    await asyncio.sleep(0)

            await app({**scope, DISCONNECT: transport.close}, receive, send_and_yield)

        self.app = closable


class Server(uvicorn.Server):
    """uvicorn, started and stopped from another thread without polling.

    Args:
        app: The ASGI application.
        sock: A bound socket; the server closes it.
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
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="skytells-local", daemon=True)

    def start(self) -> None:
        """Return when the server accepts requests."""
        self._thread.start()
        self._started.result(_START_TIMEOUT)

    def stop(self) -> None:
        """Return when the socket is closed and the thread has ended."""
        self.should_exit = True
        with suppress(RuntimeError):  # the loop is closed: it was stopped before
            self._started.result().call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and report it to `start`."""
        await super().startup(sockets)
        self._started.set_result(asyncio.get_running_loop())

    async def main_loop(self) -> None:
        """Replace uvicorn's loop, which checks ten times a second whether to stop."""
        tenths = 0
        while not await self.on_tick(tenths):
            tenths += 10
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), timeout=1.0)

    def _run(self) -> None:
        try:
            with self._socket:
                asyncio.run(self.serve(sockets=[self._socket]))
        except BaseException as error:
            if self._started.done():
                raise
            self._started.set_exception(error)
