"""When to try again, and when to look again: decisions, as plain functions of plain values."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from ..errors import (
    NetworkError,
    NotFoundError,
    PaymentRequiredError,
    PredictionFailedError,
    RequestTimeoutError,
    SkytellsError,
)
from .operation import Safety

if TYPE_CHECKING:
    from ..types.options import RetryOptions

LONGEST_BACKOFF = 8.0
LONGEST_RETRY_AFTER = 60.0

# A limiter refuses before any work starts; after any other status, work may have started.
_REFUSED_UNSTARTED = frozenset({425, 429})
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 529})


class RetryPolicy(NamedTuple):
    """How often, after how long (seconds), and on which statuses a call is tried again."""

    retries: int = 2
    delay: float = 0.5
    statuses: frozenset[int] = _PASSING
    budgeted: bool = True

    @classmethod
    def of(cls, options: RetryOptions | None) -> RetryPolicy:
        """What the user asked for, exactly; or the SDK's own policy."""
        if options is None:
            return cls()
        statuses = frozenset(options.retry_on)
        return cls(options.retries, options.retry_delay / 1000, statuses, budgeted=False)


class RetryBudget:
    """What one client may spend on retries by the SDK's own policy, so that an outage is not fed.

    A hundred tokens: a retry costs ten, one after a refusal with 429 five; a retry that succeeds
    gives its cost back, a first try that succeeds gives one. During an outage that is ten retries
    in a row; in steady state about a tenth more load.
    """

    FULL = 100

    def __init__(self) -> None:
        self._tokens = self.FULL
        self._lock = threading.Lock()

    def spend(self, failure: SkytellsError) -> bool:
        """Pay for a retry after `failure`; false if there is not enough left."""
        cost = 5 if failure.http_status == 429 else 10
        with self._lock:
            if self._tokens < cost:
                return False
            self._tokens -= cost
            return True

    def succeed(self, tries: int) -> None:
        """Take back what a success is worth, after so many tries."""
        with self._lock:
            self._tokens = min(self.FULL, self._tokens + (1 if tries == 1 else 10))


def pause_before_retry(
    policy: RetryPolicy,
    safety: Safety,
    failure: SkytellsError,
    tries: int,
    time_left: float | None,
    chance: float,
) -> float | None:
    """Seconds to sleep before the next try of a call, or `None` to give up.

    Args:
        policy: What the client is set to.
        safety: Whether the request may be sent twice.
        failure: How the last try ended.
        tries: How many have been made.
        time_left: Seconds until the call's deadline; `None` has none.
        chance: A random number from 0 to 1.
    """
    if tries > policy.retries or not _worth_it(policy, safety, failure):
        return None
    pause = backoff(policy.delay, tries, chance)
    if failure.retry_after is not None:
        if failure.retry_after > LONGEST_RETRY_AFTER:
            return None
        pause = failure.retry_after + 0.1 * pause
    return pause if time_left is None or pause < time_left else None


def _worth_it(policy: RetryPolicy, safety: Safety, failure: SkytellsError) -> bool:
    if isinstance(failure, NetworkError | RequestTimeoutError):
        return failure.retryable and not (safety is Safety.PAID and failure.maybe_sent)
    # A missing prediction can come as 502; asking again does not bring it.
    if isinstance(failure, NotFoundError | PredictionFailedError) and failure.http_status >= 500:
        return False
    if isinstance(failure, PaymentRequiredError):
        return False
    allowed = policy.statuses & _REFUSED_UNSTARTED if safety is Safety.PAID else policy.statuses
    return failure.http_status in allowed


def backoff(delay: float, tries: int, chance: float) -> float:
    """A random time up to `delay` doubled with each try: spread out, so that clients don't march."""
    return chance * min(LONGEST_BACKOFF, delay * 2.0 ** min(tries - 1, 30))


def is_passing(failure: SkytellsError) -> bool:
    """Whether trouble while looking at a paid prediction may pass."""
    if isinstance(failure, NetworkError | RequestTimeoutError):
        return failure.retryable
    if isinstance(failure, NotFoundError | PredictionFailedError | PaymentRequiredError):
        return False
    return failure.http_status in _PASSING
