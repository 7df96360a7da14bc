"""The platform's time: real time, run faster or slower, and moved forward on demand.

Everything the platform does depends on `now()` alone, so a clock of speed 0 makes it a machine that
moves only when it is told to. What it *writes* as a date is `date()`, which never runs fast: at
a speed of 1000 a minute would be most of a day, and "today's predictions" would be tomorrow's.
Moments count from 0, not from 1970, so that small steps add up to what was meant.
"""

from __future__ import annotations

import math
import threading
import time
from bisect import bisect_right
from collections.abc import Callable
from typing import Final, NamedTuple

_REMEMBERED: Final = 10_000


class _Stretch(NamedTuple):
    """A stretch of time that begins at a moment and a date; `rate` is calendar per platform second."""

    moment: float
    date: float
    rate: float


class Clock:
    """Platform seconds since the clock was made, and the date that goes with them.

    Arguments:
        speed: platform seconds per real second; 0 makes a clock that only `advance` moves.
        start: the date at first, in seconds since the epoch; the real one by default.
        ticker: a real, monotonic time in seconds.

    Raises:
        ValueError: the speed is negative or not finite.

    Example:
        >>> clock = Clock(speed=0)
        >>> clock.advance(2.5)
        >>> clock.now()
        2.5
    """

    def __init__(
        self,
        *,
        speed: float = 1.0,
        start: float | None = None,
        ticker: Callable[[], float] = time.monotonic,
    ) -> None:
        self._speed = _checked(speed)
        self._ticker = ticker
        self._began = ticker()
        self._base = 0.0
        self._stretches = [_Stretch(0.0, time.time() if start is None else start, self._rate())]
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Clock(speed={self.speed}, now={self.now():.3f})"

    @property
    def speed(self) -> float:
        """Platform seconds per real second; it may be set, and time goes on from where it is.

        Example:
            >>> clock = Clock(speed=0)
            >>> clock.speed = 10.0
            >>> clock.speed
            10.0
        """
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        _checked(speed)
        with self._lock:
            tick = self._ticker()
            self._base += (tick - self._began) * self._speed
            self._began, self._speed = tick, speed
            self._begin(self._base, self._rate())

    def now(self) -> float:
        """Platform seconds since the clock was made."""
        with self._lock:
            return self._now()

    def date(self, moment: float | None = None) -> float:
        """What the calendar shows now or at a moment, in seconds since the epoch.

        It goes on by what was advanced and by real time, and stands still at speed 0.
        """
        with self._lock:
            moment = self._now() if moment is None else moment
            place = bisect_right(self._stretches, moment, key=lambda stretch: stretch.moment)
            stretch = self._stretches[max(place - 1, 0)]
            return stretch.date + (moment - stretch.moment) * stretch.rate

    def advance(self, seconds: float) -> None:
        """Move the clock forward by platform seconds; it never goes back.

        Raises:
            ValueError: the seconds are negative or not finite.
        """
        if not 0 <= seconds < math.inf:
            raise ValueError(f"a clock moves forward by a finite time, not by {seconds!r} seconds")
        with self._lock:
            now = self._now()
            self._begin(now, 1.0)
            self._base += seconds
            self._begin(now + seconds, self._rate())

    def real_seconds_until(self, moment: float) -> float | None:
        """Real seconds until the clock shows `moment`; `None` when only `advance` can bring it."""
        with self._lock:
            return max(0.0, moment - self._now()) / self._speed if self._speed else None

    def _now(self) -> float:
        return self._base + (self._ticker() - self._began) * self._speed

    def _rate(self) -> float:
        return 1 / (self._speed or 1.0)

    def _begin(self, moment: float, rate: float) -> None:
        """From a moment on, the calendar goes at another rate."""
        last = self._stretches[-1]
        if rate != last.rate:
            date = last.date + (moment - last.moment) * last.rate
            self._stretches.append(_Stretch(moment, date, rate))
            del self._stretches[:-_REMEMBERED]


def _checked(speed: float) -> float:
    if not 0 <= speed < math.inf:
        raise ValueError(f"speed must be zero or a positive number, not {speed!r}")
    return speed
