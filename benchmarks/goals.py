"""What we hold ourselves to, as ratios of two subjects within one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .figures import Spread, ratio
from .scenarios.base import (
    AIOHTTP,
    HTTPX,
    OURS,
    PUBLISHED,
    TYPED,
    Samples,
)
from .scenarios.cold import PASS
from .scenarios.reading import JSON, TOUCHED
from .scenarios.waiting import ALONE, HISTORY

IDEAL_BURST: Final = 0.2


@dataclass(frozen=True)
class Goal:
    """One figure of a subject, over that of another or as it is.

    Args:
        row: The promise that it belongs to.
        text: What is compared.
        scenario: Where the figures come from.
        key: Which figure.
        over: The subject that stands above; it is ours unless the promise is the other way round.
        under: The subject below; a number is a constant.
        most: The ratio is to be at most this.
        least: Or at least this.
    """

    row: int
    text: str
    scenario: str
    key: str
    over: str
    under: str | float
    most: float | None = None
    least: float | None = None

    def spread(self, results: Mapping[str, Samples]) -> Spread | None:
        """The ratio, if it was measured."""
        samples = results.get(self.scenario, {})
        over = samples.get(self.over)
        if not over:
            return None
        if isinstance(self.under, str):
            under = samples.get(self.under)
            return ratio(over, under, self.key) if under else None
        return Spread.of([figures[self.key] / self.under for figures in over])

    def met(self, spread: Spread) -> bool:
        """Whether the median keeps the promise."""
        if self.most is not None:
            return spread.median <= self.most
        return self.least is None or spread.median >= self.least

    @property
    def bound(self) -> str:
        return f"≤ {self.most:g}" if self.most is not None else f"≥ {self.least:g}"


def _burst(kind: str, number: int) -> str:
    return f"burst_{kind}_{number}"


GOALS: Final = [
    Goal(1, "sync GET over HTTP, CPU over httpx", "get", "cpu", OURS, HTTPX, 0.75),
    Goal(1, "sync GET over HTTPS, CPU over httpx", "get_tls", "cpu", OURS, HTTPX, 0.75),
    Goal(1, "sync POST over HTTP, CPU over httpx", "post", "cpu", OURS, HTTPX, 0.75),
    Goal(2, "HTTPS GET, CPU of 1.0.0 over ours", "get_tls", "cpu", PUBLISHED, OURS, least=40),
    Goal(3, "async GET, CPU over httpx.AsyncClient", "aget", "cpu", OURS, HTTPX, 0.85),
    Goal(
        4,
        "1,000 in flight, first burst, wall over 0.2 s",
        *(_burst("cold", 1000), "wall", OURS, IDEAL_BURST, 6.0),
    ),
    Goal(
        4,
        "1,000 in flight, later bursts, wall over 0.2 s",
        *(_burst("warm", 1000), "wall", OURS, IDEAL_BURST, 6.0),
    ),
    Goal(
        4,
        "1,000 in flight, later bursts, CPU over aiohttp",
        *(_burst("warm", 1000), "cpu", OURS, AIOHTTP, 3.5),
    ),
    Goal(4, "300 threads on one client, failed calls", "threads", "errors", OURS, 1.0, 0.0),
    Goal(5, "import, over `python -c pass`, CPU", "import", "cpu", OURS, PASS, 1.5),
    Goal(5, "process to first answer, HTTP, CPU over the same", "first", "cpu", OURS, TYPED, 1.0),
    Goal(6, "a client, CPU over a TLS context", "build", "cpu", OURS, "a TLS context", 0.02),
    Goal(
        7, "process to first answer, HTTPS, CPU over the same", "first_tls", "cpu", OURS, TYPED, 0.9
    ),
    Goal(8, "page of 50 looked at, over json.loads", "parse_page", "cpu", TOUCHED, JSON, 2.0),
    Goal(8, "page of 50 untouched, over json.loads", "parse_page", "cpu", OURS, JSON, 1.1),
    Goal(9, "10,000 predictions looked at, over json.loads", "hold", "rss", TOUCHED, JSON, 1.3),
    Goal(9, "10,000 predictions untouched, over json.loads", "hold", "rss", OURS, JSON, 0.8),
    Goal(12, "waiting: mean delay, % of the job's time", "schedule", "delay", OURS, 1.0, 12),
    Goal(12, "waiting: looks for each job", "schedule", "looks", OURS, 1.0, 27),
    Goal(12, "waiting, model known: mean delay, %", "schedule", "delay", HISTORY, 1.0, 12),
    Goal(12, "waiting, model known: looks for each job", "schedule", "looks", HISTORY, 1.0, 10),
    Goal(
        13,
        "500 jobs at once, requests over a poller for each",
        *("together", "requests", f"{OURS}: wait_all", ALONE, 0.1),
    ),
]
