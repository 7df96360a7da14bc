"""The one task that delivers webhooks; it lives on the server's loop while there is something due."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final

from .platform import Platform
from .waiting import Watch
from .webhooks import Delivery, Notice, obstacle

if TYPE_CHECKING:  # it is half of what a platform would need to start
    import ssl

    import httpx

_TIMEOUT: Final = 10.0
"""Real seconds that an application has to answer in."""


class Sender:
    """Delivers what the platform's outbox holds.

    Arguments:
        platform: whose webhooks.
        allow_remote: call URLs that are not on this machine.
    """

    def __init__(self, platform: Platform, *, allow_remote: bool = False) -> None:
        self._platform = platform
        self._allow_remote = allow_remote
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        platform.watch(self._wake)

    def attend(self) -> None:
        """Work on the running loop from now on, which is the one that requests arrive on."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            self._look()

    def _wake(self) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: a request will bring another
                self._loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        """Go to work if there is any, and nobody is at it."""
        loop, task = asyncio.get_running_loop(), self._task
        resting = task is None or task.done() or task.get_loop() is not loop
        if resting and self._platform.outbox.next_moment is not None:
            self._task = loop.create_task(self._work(), name="skytells-local-webhooks")

    async def _work(self) -> None:
        sending: set[asyncio.Task[None]] = set()
        platform = self._platform
        async with await asyncio.to_thread(_client) as http:
            try:
                with Watch(platform) as watch:
                    while not platform.closed and (
                        sending or platform.outbox.next_moment is not None
                    ):
                        for group in _by_prediction(platform.outbox.due(platform.now())):
                            task = asyncio.create_task(self._send_all(http, group))
                            sending.add(task)
                            task.add_done_callback(sending.discard)
                            task.add_done_callback(lambda _: watch.change())
                        await watch.until(platform.outbox.next_moment)
            finally:
                # Before anything is awaited: who wakes the sender from now on starts a new one.
                if self._task is asyncio.current_task():
                    self._task = None
                for task in sending:
                    task.cancel()

    async def _send_all(self, http: httpx.AsyncClient, notices: Iterable[Notice]) -> None:
        # One after another, so that an application hears of the start before the end.
        for notice in notices:
            outbox = self._platform.outbox
            delivery = await self._send(http, outbox.compose(notice))
            outbox.settle(notice, delivery, self._platform.now())

    async def _send(self, http: httpx.AsyncClient, delivery: Delivery) -> Delivery:
        if refused := obstacle(delivery.url, allow_remote=self._allow_remote):
            return replace(delivery, error=refused)
        import httpx

        try:
            answer = await http.post(delivery.url, content=delivery.raw, headers=delivery.headers)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return replace(delivery, error=f"{type(error).__name__}: {error}")
        return replace(delivery, status=answer.status_code)


def _by_prediction(notices: Iterable[Notice]) -> list[list[Notice]]:
    groups: dict[str, list[Notice]] = {}
    for notice in notices:
        groups.setdefault(notice.job.id, []).append(notice)
    return list(groups.values())


def _client() -> httpx.AsyncClient:
    import httpx

    # No proxy from the environment: what is told here stays on this machine.
    return httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False, verify=_trust())


@cache
def _trust() -> ssl.SSLContext:
    import httpx

    # Reading the certificates takes longer than all else that a delivery does.
    return httpx.create_ssl_context(trust_env=False)
