"""Polling: when the next request is due, for how long, and which errors are tolerated meanwhile."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, Union

from .. import types
from .._data.checks import Default
from ..errors import ApiErrorId, SkytellsError, WaitTimeoutError
from .operation import Call, Clock, Flow, Sleep, Wakeup
from .retry import LONGEST_RETRY_AFTER, backoff, is_passing

if TYPE_CHECKING:
    from ..types.requests import WaitOptions

T = TypeVar("T")
Options: TypeAlias = Union["WaitOptions", Mapping[str, Any], None]

MAX_POLL_ERRORS: Final = 8
# A prediction that fails early is not left unnoticed for longer, whatever is typical.
LONGEST_PAUSE: Final = 30.0
# A request that begins at the deadline may take this long, in seconds.
LAST_POLL: Final = 5.0


class Typical:
    """How long predictions of a model take, in seconds: nearly all within these bounds."""

    __slots__ = ("latest", "median", "soonest")

    def __init__(self, soonest: float, median: float, latest: float) -> None:
        self.soonest: float = soonest
        self.median: float = median
        self.latest: float = latest


def poll_pause(elapsed: float, chance: float, typical: Typical | None = None) -> float:
    """Seconds until the next poll of a prediction that has been waited for since `elapsed` seconds.

    A tenth of the time waited so far: quick jobs are seen at once, long ones every five seconds.
    Where it is known how long the model takes, nothing is asked before it can be ready.
    """
    pause = min(5.0, max(0.25, 0.105 * elapsed))
    if typical is not None and elapsed < typical.soonest:
        pause = max(0.25, min(LONGEST_PAUSE, typical.soonest - elapsed))
    elif typical is not None and elapsed < typical.latest:
        pause = min(6.0, max(0.25, 0.1 * typical.median))
    return pause * (0.95 + 0.1 * chance)


class PollSchedule:
    """When to poll next, until when, and which errors to tolerate meanwhile.

    Args:
        options: `interval` and `max_wait`, in milliseconds.
        clock: Seconds, monotonic.
        chance: A random number from 0 to 1.
        slowdown: Factor on the adaptive pauses.
    """

    def __init__(
        self,
        options: WaitOptions,
        clock: Clock = time.monotonic,
        chance: Clock = random.random,
        slowdown: float = 1.0,
    ) -> None:
        self._slowdown = slowdown
        self._options, self._clock, self._chance = options, clock, chance
        self._began = clock()
        limit = options.max_wait
        self._deadline = None if limit is None else self._began + limit / 1000
        self._polled = False
        self._errors = 0
        self.error: SkytellsError | None = None

    def pause(self, typical: Typical | None = None) -> float | None:
        """Seconds until the next poll, which is at the deadline at the latest; `None` once past it."""
        now = self._clock()
        if self._polled and self._deadline is not None and now >= self._deadline:
            return None
        pause = self._options.interval / 1000
        if isinstance(self._options.interval, Default):
            pause = self._slowdown * poll_pause(now - self._began, self._chance(), typical)
        if self.error is not None:
            pause = max(pause, backoff(1.0, self._errors, self._chance()))
            pause = max(pause, min(LONGEST_RETRY_AFTER, self.error.retry_after or 0.0))
        return pause if self._deadline is None else max(0.0, min(pause, self._deadline - now))

    def poll_timeout(self) -> float | None:
        """Seconds that a poll that begins now may take."""
        self._polled = True
        if self._deadline is None:
            return None
        return max(LAST_POLL, self._deadline - self._clock())

    def tolerate(self, error: SkytellsError) -> None:
        """Tolerate an error of a poll, if it may pass and there were not too many; else raise it."""
        if not is_passing(error) or self._errors == MAX_POLL_ERRORS:
            raise error
        self.error, self._errors = error, self._errors + 1

    def reset(self) -> None:
        """A poll has succeeded: forget the errors before it."""
        self.error, self._errors = None, 0

    def timed_out(self, what: str, status: str | None, advice: str) -> WaitTimeoutError:
        """The error for what is still running at the deadline."""
        limit = f"{self._options.max_wait or 0:.0f}ms"
        error = WaitTimeoutError(
            f"{what} did not complete within {limit}. It is still running: {advice}.",
            ApiErrorId.WAIT_TIMEOUT,
            f"Timed out after {limit}. Last status: {status or 'not known'}",
            408,
            retryable=True,
        )
        error.__cause__ = self.error
        return error


def next_state(
    call: Call[T],
    schedule: PollSchedule,
    at_once: bool,
    typical: Typical | None = None,
    wakeup: Wakeup[T] | None = None,
) -> Flow[T | None]:
    """Poll for the next state; `None` where it is too late for another poll.

    Args:
        call: Fetches the state.
        schedule: When to poll, and which errors to tolerate.
        at_once: Whether to poll without a pause, since no state is known yet.
        typical: How long such work takes, where that is known.
        wakeup: Gives the state before the next poll is due, where a webhook tells it.
    """
    while True:
        if not at_once or schedule.error is not None:
            pause = schedule.pause(typical)
            if pause is None:
                return None
            yield Sleep(pause, wakeup)
        if wakeup is not None and (states := wakeup.take()):
            return states[-1]
        try:
            state = yield from call.poll(schedule.poll_timeout())
        except SkytellsError as error:
            schedule.tolerate(error)
            continue
        schedule.reset()
        return state


def wait_options(options: Options, max_wait: float | None, interval: float | None) -> WaitOptions:
    """How to wait: keywords over options."""
    merged = types.WaitOptions.of(options)
    return types.WaitOptions(
        merged.interval if interval is None else interval,
        merged.max_wait if max_wait is None else max_wait,
    )
