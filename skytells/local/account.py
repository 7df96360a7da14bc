"""The caller's account: what is left of the balance, and how much may be asked of each model.

A prediction's price is set aside when it begins, so that no two can spend the same credit; it is
charged when the prediction succeeds and given back when it fails or is cancelled. One platform is
one account, whatever the key: on the real one, too, all keys of an account share their limits.
"""

from __future__ import annotations

import heapq
import math
import threading
from collections import defaultdict, deque
from dataclasses import dataclass
from itertools import count
from typing import Final

from .clock import Clock
from .jobs import Job
from .prediction_json import Refusal

WINDOW: Final = 60.0
"""Platform seconds over which requests are counted."""


@dataclass(frozen=True)
class Standing:
    """How an account stands with one model; a limit that is not set is `None`.

    Arguments:
        rpm: predictions that may begin within the window.
        begun: those that did.
        concurrency: predictions that may run at once.
        running: those that do.
        reset: when the window has room again, in seconds since the epoch.
    """

    rpm: int | None
    begun: int
    concurrency: int | None
    running: int
    reset: int

    def headers(self) -> dict[str, str]:
        """What an answer says about it, in both families of names; nothing when all is free."""
        if self.rpm is None and self.concurrency is None:
            return {}
        newer = {
            "limit-requests": _shown(self.rpm),
            "remaining-requests": _left(self.rpm, self.begun),
            "window": f"{WINDOW:.0f}s",
            **dict.fromkeys(_TOKENS, "-"),
        }
        older = {
            "Limit-RPM": _shown(self.rpm),
            "Remaining-RPM": _left(self.rpm, self.begun),
            "Limit-Concurrent": _shown(self.concurrency),
            "Remaining-Concurrent": _left(self.concurrency, self.running),
            "Reset": str(self.reset),
        }
        return {f"x-skytells-ratelimit-{name}": value for name, value in newer.items()} | {
            f"X-RateLimit-{name}": value for name, value in older.items()
        }


class Account:
    """Balance and limits, safe to use from several threads.

    Arguments:
        clock: the platform's time.
        credits: the balance at first; one credit is one dollar.
        rpm: predictions of a model that may begin within 60 platform seconds; `None` is no limit.
        concurrency: predictions of a model that may run at once; `None` is no limit.

    Raises:
        ValueError: a balance that is no number, or a limit below 1.
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
        self._aside = 0.0
        # By their end as it was foreseen. One that ended earlier has left `_reserved` by then.
        self._ends: list[tuple[float, int, Job]] = []
        self._talks: list[tuple[float, str]] = []
        self._numbers = count()
        self._lock = threading.RLock()

    @property
    def balance(self) -> float:
        """Credits that were not spent, those set aside included."""
        with self._lock:
            self._settle()
            return self._balance

    @balance.setter
    def balance(self, credits: float) -> None:
        with self._lock:
            self._settle()
            self._balance = credits

    def enter(self, job: Job) -> None:
        """Let a prediction begin, and set its price aside.

        Raises:
            Refusal: 429, a limit is reached; 402, the balance does not cover the price.
        """
        model, price = job.model.namespace, job.price()
        with self._lock:
            self._settle()
            self._check_limits(model)
            self._check_balance(price)
            if self._rpm is not None:
                self._begun[model].append(job.created)
            self._running[model] += 1
            self._reserved[job.id] = price
            self._aside = _sum(self._aside, price)
            heapq.heappush(self._ends, (job.ends, next(self._numbers), job))

    def leave(self, job: Job) -> None:
        """Charge a prediction that is over, or give back what was set aside for it."""
        with self._lock:
            if (price := self._reserved.pop(job.id, None)) is not None:
                self._aside = _sum(self._aside, -price)
                self._running[job.model.namespace] -= 1
                charged = job.credits(max(self._clock.now(), job.ends))
                self._balance = _sum(self._balance, -charged)

    def pay(self, model: str, price: float, seconds: float) -> None:
        """Let inference begin, and charge its price at once: it is known from the start.

        Arguments:
            model: who answers.
            price: credits.
            seconds: platform seconds that it takes.

        Raises:
            Refusal: as for `enter`.
        """
        with self._lock:
            self._settle()
            self._check_limits(model)
            self._check_balance(price)
            if self._rpm is not None:
                self._begun[model].append(self._clock.now())
            self._balance = _sum(self._balance, -price)
            if seconds:
                self._running[model] += 1
                heapq.heappush(self._talks, (self._clock.now() + seconds, model))

    def standing(self, model: str) -> Standing:
        """How things stand with a model."""
        with self._lock:
            self._settle()
            begun = self._within_window(model)
            wait = self._real_seconds(begun[0] + WINDOW) if begun else 0.0
            return Standing(
                rpm=self._rpm,
                begun=len(begun),
                concurrency=self._concurrency,
                running=self._running[model],
                reset=math.ceil(self._clock.date() + wait),
            )

    def _check_limits(self, model: str) -> None:
        begun = self._within_window(model)
        if self._rpm is not None and len(begun) >= self._rpm:
            raise self._limited(model, begun[0] + WINDOW, f"{self._rpm} requests per minute")
        if self._concurrency is not None and self._running[model] >= self._concurrency:
            raise self._limited(model, self._next_end(model), f"{self._concurrency} at once")

    def _check_balance(self, price: float) -> None:
        left = _sum(self._balance, -self._aside)
        if price > left:
            raise Refusal(
                402,
                "INSUFFICIENT_CREDITS",
                f"This costs {price:g} credits and {left:g} are left.",
            )

    def _limited(self, model: str, free: float, limit: str) -> Refusal:
        wait = max(1, math.ceil(self._real_seconds(free)))
        message = f"The limit of {model} is reached: {limit}. Try again in {wait} s."
        headers = {"Retry-After": str(wait), **self.standing(model).headers()}
        return Refusal(429, "RATE_LIMIT_EXCEEDED", message, headers=headers)

    def _next_end(self, model: str) -> float:
        ends = (
            job.ends
            for _, _, job in self._ends
            if job.model.namespace == model and job.id in self._reserved
        )
        return min(*ends, *(end for end, talker in self._talks if talker == model), math.inf)

    def _within_window(self, model: str) -> deque[float]:
        begun = self._begun[model]
        while begun and begun[0] + WINDOW <= self._clock.now():
            begun.popleft()
        return begun

    def _settle(self) -> None:
        now = self._clock.now()
        # A microsecond of grace: ten steps of 0.1 must make 1.
        while self._ends and self._ends[0][0] <= now + 1e-6:
            self.leave(heapq.heappop(self._ends)[2])
        while self._talks and self._talks[0][0] <= now + 1e-6:
            self._running[heapq.heappop(self._talks)[1]] -= 1

    def _real_seconds(self, moment: float) -> float:
        """What a caller has to wait for a moment; on a standing clock, platform seconds."""
        real = self._clock.real_seconds_until(moment)
        return max(0.0, moment - self._clock.now()) if real is None else real


_TOKENS: Final = (
    "limit-tokens-in",
    "remaining-tokens-in",
    "limit-tokens-out",
    "remaining-tokens-out",
)


def _sum(credits: float, more: float) -> float:
    # To the billionth, or thousands of small prices would not add up.
    return round(credits + more, 9)


def _shown(limit: int | None) -> str:
    return "-" if limit is None else str(limit)


def _left(limit: int | None, used: int) -> str:
    return "-" if limit is None else str(max(0, limit - used))
