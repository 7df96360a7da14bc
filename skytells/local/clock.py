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
from collections.abc import Callable


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
        if not 0 <= speed < math.inf:
            raise ValueError(f"speed must be zero or a positive number, not {speed!r}")
        self.speed = speed
        self._ticker = ticker
        self._start = time.time() if start is None else start
        self._began = ticker()
        self._advanced = 0.0
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Clock(speed={self.speed}, now={self.now():.3f})"

    def now(self) -> float:
        """Platform seconds since the clock was made."""
        return self._advanced + self._real_seconds() * self.speed

    def date(self) -> float:
        """What the calendar shows, in seconds since the epoch: real time plus what was advanced."""
        return self._start + self._advanced + (self._real_seconds() if self.speed else 0.0)

    def advance(self, seconds: float) -> None:
        """Move the clock forward by platform seconds; it never goes back.

        Raises:
            ValueError: the seconds are negative or not finite.
        """
        if not 0 <= seconds < math.inf:
            raise ValueError(f"a clock moves forward by a finite time, not by {seconds!r} seconds")
        with self._lock:
            self._advanced += seconds

    def real_seconds_until(self, moment: float) -> float | None:
        """Real seconds until the clock shows `moment`; `None` when only `advance` can bring it."""
        if self.speed == 0:
            return None
        return max(0.0, moment - self.now()) / self.speed

    def _real_seconds(self) -> float:
        return self._ticker() - self._began
