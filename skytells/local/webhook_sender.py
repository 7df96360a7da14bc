"""The task that delivers webhooks; it runs on the server's event loop while something is due."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final

from .platform import Platform
from .waiting import ChangeListener
from .webhooks import Delivery, Notification, url_error

if TYPE_CHECKING:  # importing it takes half of a platform's start
    import ssl

    import httpx

_TIMEOUT: Final = 10.0
"""Real seconds in which an application must respond."""


class WebhookSender:
    """Delivers the notifications of the platform's outbox.

    Args:
        platform: The platform.
        allow_remote: Call URLs of other machines too.
    """

    def __init__(self, platform: Platform, *, allow_remote: bool = False) -> None:
        self._platform = platform
        self._allow_remote = allow_remote
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        platform.watch(self._wake)

    def use_running_loop(self) -> None:
        """Run on the current event loop from now on."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            self._start()

    def _wake(self) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: a request will bring another
                self._loop.call_soon_threadsafe(self._start)

    def _start(self) -> None:
        """Start the task if something is due and it does not run."""
        loop, task = asyncio.get_running_loop(), self._task
        idle = task is None or task.done() or task.get_loop() is not loop
        if idle and self._platform.outbox.next_moment is not None:
            self._task = loop.create_task(self._run(), name="skytells-local-webhooks")

    async def _run(self) -> None:
        sending: set[asyncio.Task[None]] = set()
        platform = self._platform
        async with await asyncio.to_thread(_client) as http:
            try:
                with ChangeListener(platform) as listener:
                    while not platform.closed and (
                        sending or platform.outbox.next_moment is not None
                    ):
                        for group in _by_prediction(platform.outbox.take_due(platform.now())):
                            task = asyncio.create_task(self._send_all(http, group))
                            sending.add(task)
                            task.add_done_callback(sending.discard)
                            task.add_done_callback(lambda _: listener.notify())
                        await listener.wait_until(platform.outbox.next_moment)
            finally:
                # Before the first await: from now on a new task must be started.
                if self._task is asyncio.current_task():
                    self._task = None
                for task in sending:
                    task.cancel()

    async def _send_all(self, http: httpx.AsyncClient, group: Iterable[Notification]) -> None:
        # One after the other, so that an application receives the start before the end.
        outbox = self._platform.outbox
        for notification in group:
            delivery = await self._send(http, outbox.build(notification))
            outbox.record(notification, delivery, self._platform.now())

    async def _send(self, http: httpx.AsyncClient, delivery: Delivery) -> Delivery:
        if rejected := url_error(delivery.url, allow_remote=self._allow_remote):
            return replace(delivery, error=rejected)
        import httpx

        try:
            response = await http.post(delivery.url, content=delivery.raw, headers=delivery.headers)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return replace(delivery, error=f"{type(error).__name__}: {error}")
        return replace(delivery, status=response.status_code)


def _by_prediction(notifications: Iterable[Notification]) -> list[list[Notification]]:
    groups: dict[str, list[Notification]] = {}
    for notification in notifications:
        groups.setdefault(notification.job.id, []).append(notification)
    return list(groups.values())


def _client() -> httpx.AsyncClient:
    import httpx

    # No proxy from the environment: webhooks stay on this machine.
    return httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False, verify=_ssl_context())


@cache
def _ssl_context() -> ssl.SSLContext:
    import httpx

    # Cached, since reading the certificates takes longer than the rest of a delivery.
    return httpx.create_ssl_context(trust_env=False)
