"""The account: its balance, and its limits for each model.

The price of a prediction is reserved when it is created, so that no credit is spent twice. It is
charged when the prediction succeeds, and released when it fails or is cancelled. A platform has one
account, whatever the key: on the real platform, too, all keys of an account share their limits.
"""

from __future__ import annotations

import heapq
import math
import threading
from collections import defaultdict, deque
from itertools import count
from typing import Final

from .clock import Clock
from .errors import ApiError
from .jobs import Job

WINDOW: Final = 60.0
"""Platform seconds over which requests are counted."""

_TOKEN_HEADERS: Final = [
    f"x-skytells-ratelimit-{name}-tokens-{way}"
    for name in ("limit", "remaining")
    for way in ("in", "out")
]


class Account:
    """Balance and limits. Thread-safe.

    Args:
        clock: The platform's clock.
        credits: The initial balance; one credit is one dollar.
        rpm: Requests to one model that may begin within 60 platform seconds.
        concurrency: Requests to one model that may run at once.

    Raises:
        ValueError: The balance is not a number, or a limit is below 1.
    """

    def __init__(
        self, clock: Clock, *, credits: float, rpm: int | None, concurrency: int | None
    ) -> None:
        if not math.isfinite(credits):
            raise ValueError(f"credits must be a finite number, not {credits!r}")
        for name, limit in (("rpm", rpm), ("concurrency", concurrency)):
            if limit is not None and limit < 1:
                raise ValueError(f"{name} must be at least 1, or None for no limit, not {limit!r}")
        self._clock = clock
        self._balance = credits
        self._rpm = rpm
        self._concurrency = concurrency
        self._begun: defaultdict[str, deque[float]] = defaultdict(deque)
        self._running: defaultdict[str, int] = defaultdict(int)
        self._reserved: dict[str, float] = {}
        self._reserved_total = 0.0
        # By the scheduled end. A job that ended earlier is no longer in `_reserved` by then.
        self._jobs: list[tuple[float, int, Job]] = []
        self._inferences: list[tuple[float, str]] = []
        self._numbers = count()
        self._lock = threading.RLock()

    @property
    def balance(self) -> float:
        """Credits that were not charged, including reserved ones."""
        with self._lock:
            self._update()
            return self._balance

    @balance.setter
    def balance(self, credits: float) -> None:
        with self._lock:
            self._update()
            self._balance = credits

    def reserve(self, job: Job) -> None:
        """Reserve the price of a new prediction.

        Raises:
            ApiError: 429, a limit is reached; 402, the balance does not cover the price.
        """
        model, price = job.model.namespace, job.price()
        with self._lock:
            self._begin(model, price, job.created)
            self._running[model] += 1
            self._reserved[job.id] = price
            self._reserved_total = _sum(self._reserved_total, price)
            heapq.heappush(self._jobs, (job.ends, next(self._numbers), job))

    def settle(self, job: Job) -> None:
        """Charge a finished prediction, or release what was reserved for it."""
        with self._lock:
            if (price := self._reserved.pop(job.id, None)) is not None:
                self._reserved_total = _sum(self._reserved_total, -price)
                self._running[job.model.namespace] -= 1
                charged = job.credits(max(self._clock.now(), job.ends))
                self._balance = _sum(self._balance, -charged)

    def charge(self, model: str, price: float, seconds: float) -> None:
        """Charge inference at once, since its price is known from the start.

        Args:
            model: The slug.
            price: Credits.
            seconds: Platform seconds for which it runs.

        Raises:
            ApiError: As for `reserve`.
        """
        with self._lock:
            now = self._clock.now()
            self._begin(model, price, now)
            self._balance = _sum(self._balance, -price)
            if seconds:
                self._running[model] += 1
                heapq.heappush(self._inferences, (now + seconds, model))

    def limit_headers(self, model: str) -> dict[str, str]:
        """The response headers about limits, in both documented families; none without limits."""
        if self._rpm is None and self._concurrency is None:
            return {}
        with self._lock:
            self._update()
            begun, running = self._within_window(model), self._running[model]
            wait = self._real_seconds(begun[0] + WINDOW) if begun else 0.0
            headers = {
                "x-skytells-ratelimit-limit-requests": _number(self._rpm),
                "x-skytells-ratelimit-remaining-requests": _remaining(self._rpm, len(begun)),
                "x-skytells-ratelimit-window": f"{WINDOW:.0f}s",
                "X-RateLimit-Limit-RPM": _number(self._rpm),
                "X-RateLimit-Remaining-RPM": _remaining(self._rpm, len(begun)),
                "X-RateLimit-Limit-Concurrent": _number(self._concurrency),
                "X-RateLimit-Remaining-Concurrent": _remaining(self._concurrency, running),
                "X-RateLimit-Reset": str(math.ceil(self._clock.date() + wait)),
            }
        return dict.fromkeys(_TOKEN_HEADERS, "-") | headers

    def _begin(self, model: str, price: float, now: float) -> None:
        """Check that a request may begin, and count it."""
        self._update()
        begun = self._within_window(model)
        if self._rpm is not None and len(begun) >= self._rpm:
            raise self._rate_limited(model, begun[0] + WINDOW, f"{self._rpm} requests per minute")
        if self._concurrency is not None and self._running[model] >= self._concurrency:
            raise self._rate_limited(model, self._next_end(model), f"{self._concurrency} at once")
        available = _sum(self._balance, -self._reserved_total)
        if price > available:
            message = f"This costs {price:g} credits and {available:g} are left."
            raise ApiError(402, "INSUFFICIENT_CREDITS", message)
        if self._rpm is not None:
            begun.append(now)

    def _rate_limited(self, model: str, free: float, limit: str) -> ApiError:
        wait = max(1, math.ceil(self._real_seconds(free)))
        message = f"The limit of {model} is reached: {limit}. Try again in {wait} s."
        headers = {"Retry-After": str(wait), **self.limit_headers(model)}
        return ApiError(429, "RATE_LIMIT_EXCEEDED", message, headers=headers)

    def _next_end(self, model: str) -> float:
        """The moment at which the next request to a model ends."""
        jobs = (
            job.ends
            for _, _, job in self._jobs
            if job.model.namespace == model and job.id in self._reserved
        )
        inferences = (end for end, slug in self._inferences if slug == model)
        return min(*jobs, *inferences, math.inf)

    def _within_window(self, model: str) -> deque[float]:
        begun = self._begun[model]
        while begun and begun[0] + WINDOW <= self._clock.now():
            begun.popleft()
        return begun

    def _update(self) -> None:
        """Settle what has ended since the last call."""
        now = self._clock.now()
        # A microsecond of tolerance: ten steps of 0.1 must make 1.
        while self._jobs and self._jobs[0][0] <= now + 1e-6:
            self.settle(heapq.heappop(self._jobs)[2])
        while self._inferences and self._inferences[0][0] <= now + 1e-6:
            self._running[heapq.heappop(self._inferences)[1]] -= 1

    def _real_seconds(self, moment: float) -> float:
        """Real seconds until a moment; platform seconds if the clock stands still."""
        real = self._clock.real_seconds_until(moment)
        return max(0.0, moment - self._clock.now()) if real is None else real


def _sum(credits: float, more: float) -> float:
    # Rounded, or thousands of small prices would not add up.
    return round(credits + more, 9)


def _number(limit: int | None) -> str:
    return "-" if limit is None else str(limit)


def _remaining(limit: int | None, used: int) -> str:
    return "-" if limit is None else str(max(0, limit - used))
