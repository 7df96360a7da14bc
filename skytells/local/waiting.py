"""Waiting for a moment of the platform's clock, or for a change of the platform's state."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Self

from .platform import Platform


class ChangeListener:
    """Waits on the running event loop for changes, which may come from any thread.

    Example:
        >>> async def wait_a_second(platform: Platform) -> None:
        ...     with ChangeListener(platform) as listener:
        ...         await listener.wait_until(platform.now() + 1.0)
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()

    def __enter__(self) -> Self:
        self._platform.watch(self._notify_from_any_thread)
        return self

    def __exit__(self, *exception: object) -> None:
        self._platform.unwatch(self._notify_from_any_thread)

    def notify(self) -> None:
        """End the wait; call it on the event loop only."""
        self._changed.set()

    async def wait_until(self, moment: float | None) -> None:
        """Return at a moment of the clock, or at an earlier change."""
        clock = self._platform.clock
        seconds = None if moment is None else clock.real_seconds_until(moment)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._changed.clear()

    def _notify_from_any_thread(self) -> None:
        with suppress(RuntimeError):  # the loop is closed, so nothing waits
            self._loop.call_soon_threadsafe(self._changed.set)


async def sleep_until(platform: Platform, moment: float) -> None:
    """Return at a moment of the clock, or when the platform closes."""
    if platform.now() >= moment - 1e-6:
        return
    with ChangeListener(platform) as listener:
        while platform.now() < moment - 1e-6 and not platform.closed:
            await listener.wait_until(moment)


async def sleep(platform: Platform, seconds: float | None) -> None:
    """Return after real seconds, or when the platform closes; `None` waits for that only."""
    with ChangeListener(platform) as listener, suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not platform.closed:
                await listener.wait_until(None)
