"""The platform's clock: real time that runs faster or slower, and can be moved forward.

The state of the platform depends on `now()` only, so with a clock of speed 0 nothing changes until
the clock is moved. Dates in responses come from `date()`, which never runs fast: at a speed of 1000
a minute would be most of a day, and a filter for today's predictions would find none. Moments count
from 0, not from 1970, so that small steps add up exactly.
"""

from __future__ import annotations

import math
import threading
import time
from bisect import bisect_right
from collections.abc import Callable
from typing import Final, NamedTuple

_MOST_PERIODS: Final = 10_000


class _Period(NamedTuple):
    """A period with a constant rate of calendar seconds per platform second."""

    moment: float
    date: float
    rate: float


class Clock:
    """A clock in platform seconds since its creation, and the date of every moment.

    Args:
        speed: Platform seconds per real second; with 0 only `advance` moves the clock.
        start: The initial date, in seconds since the epoch; the real date by default.
        ticker: A monotonic clock, in real seconds.

    Raises:
        ValueError: The speed is negative or not finite.

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
        self._periods = [_Period(0.0, time.time() if start is None else start, self._rate())]
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Clock(speed={self.speed}, now={self.now():.3f})"

    @property
    def speed(self) -> float:
        """Platform seconds per real second. Setting it does not change the current moment.

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
        """The current moment, in platform seconds since the clock was created."""
        with self._lock:
            return self._now()

    def date(self, moment: float | None = None) -> float:
        """The date now or at a moment, in seconds since the epoch.

        It moves with real time and with `advance`, and stands still at speed 0.
        """
        with self._lock:
            moment = self._now() if moment is None else moment
            place = bisect_right(self._periods, moment, key=lambda period: period.moment)
            period = self._periods[max(place - 1, 0)]
            return period.date + (moment - period.moment) * period.rate

    def advance(self, seconds: float) -> None:
        """Move the clock forward.

        Args:
            seconds: Platform seconds.

        Raises:
            ValueError: The seconds are negative or not finite.
        """
        if not 0 <= seconds < math.inf:
            raise ValueError(f"seconds must be zero or a positive number, not {seconds!r}")
        with self._lock:
            now = self._now()
            self._begin(now, 1.0)
            self._base += seconds
            self._begin(now + seconds, self._rate())

    def real_seconds_until(self, moment: float) -> float | None:
        """Real seconds until a moment; `None` if only `advance` can reach it."""
        with self._lock:
            return max(0.0, moment - self._now()) / self._speed if self._speed else None

    def _now(self) -> float:
        return self._base + (self._ticker() - self._began) * self._speed

    def _rate(self) -> float:
        return 1 / (self._speed or 1.0)

    def _begin(self, moment: float, rate: float) -> None:
        """Begin a period with another rate."""
        last = self._periods[-1]
        if rate != last.rate:
            date = last.date + (moment - last.moment) * last.rate
            self._periods.append(_Period(moment, date, rate))
            del self._periods[:-_MOST_PERIODS]


def _checked(speed: float) -> float:
    if not 0 <= speed < math.inf:
        raise ValueError(f"speed must be zero or a positive number, not {speed!r}")
    return speed
