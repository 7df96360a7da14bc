"""Waiting for a moment of the platform's clock, or for something to happen before it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Self

from .platform import Platform


class Watch:
    """Notices what happens on a platform, in whatever thread it happens.

    Arguments:
        platform: what is watched.

    Example:
        >>> async def look(platform: Platform) -> None:
        ...     with Watch(platform) as watch:
        ...         await watch.until(platform.now() + 1.0)
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()

    def __enter__(self) -> Self:
        self._platform.watch(self._from_any_thread)
        return self

    def __exit__(self, *exception: object) -> None:
        self._platform.unwatch(self._from_any_thread)

    def change(self) -> None:
        """Say, on the event loop, that something happened."""
        self._changed.set()

    async def until(self, moment: float | None) -> None:
        """Return when the clock shows the moment, or earlier if something happens."""
        clock = self._platform.clock
        seconds = None if moment is None else clock.real_seconds_until(moment)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._changed.clear()

    def _from_any_thread(self) -> None:
        with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            self._loop.call_soon_threadsafe(self._changed.set)


async def pause(platform: Platform, seconds: float) -> None:
    """Return after real seconds, or when the platform closes."""
    with Watch(platform) as watch, suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not platform.closed:
                await watch.until(None)
