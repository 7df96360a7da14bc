"""Applications on a real server, for tests that need a socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import uvicorn


class Server(uvicorn.Server):
    """uvicorn in a thread; says when it serves."""

    def __init__(self, app: Any) -> None:
        super().__init__(
            uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=2)
        )
        self.serving: Future[None] = Future()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.serving.set_result(None)


@contextmanager
def served(build: Callable[[str], Any]) -> Generator[str]:
    """The address of an application, built with that address, while it is served from a thread."""
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = Server(build(address))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        server.serving.result(timeout=20)
        yield address
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
