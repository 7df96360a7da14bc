"""The goals, as ratios of two subjects within one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .figures import Spread, ratio
from .scenarios.base import AIOHTTP, HTTPX, HTTPX_SSE, OURS, PUBLISHED, TYPED, Samples
from .scenarios.cold import PASS
from .scenarios.reading import JSON, TOUCHED
from .scenarios.streams import PARSED, READER
from .scenarios.waiting import ALONE, HISTORY

IDEAL_BURST: Final = 0.2


@dataclass(frozen=True)
class Goal:
    """One figure of a subject, over that of another or as it is.

    Args:
        row: Its number.
        text: What is compared.
        why: The explanation where it is missed.
        scenario: Where the figures come from.
        key: Which figure.
        over: The subject in the numerator; ours, unless more is better.
        under: The subject in the denominator; a number is a constant.
        most: The ratio is to be at most this.
        least: Or at least this.
        scenario_under: Where the figures of `under` come from, if from another scenario.
    """

    row: int
    text: str
    why: str
    scenario: str
    key: str
    over: str
    under: str | float
    most: float | None = None
    least: float | None = None
    scenario_under: str = ""

    def spread(self, results: Mapping[str, Samples]) -> Spread | None:
        """The ratio, if it was measured."""
        over = results.get(self.scenario, {}).get(self.over, [])
        if isinstance(self.under, str):
            below = results.get(self.scenario_under or self.scenario, {})
            return ratio(over, below.get(self.under, []), self.key)
        values = [figures[self.key] / self.under for figures in over if self.key in figures]
        return Spread.of(values) if values else None

    def met(self, spread: Spread) -> bool:
        """Whether the median meets the goal."""
        if self.most is not None:
            return spread.median <= self.most
        return self.least is None or spread.median >= self.least

    @property
    def bound(self) -> str:
        """The bound, as text."""
        return f"≤ {self.most:g}" if self.most is not None else f"≥ {self.least:g}"


_WIRE: Final = "httpx, httpcore and h11 take most of it, as the layers below show."
_POOL: Final = (
    "Opening connections and asyncio's event loop are most of it: CPU time, which is longer on a slower "
    "machine, while the 0.2 s are constant."
)
_PARSER: Final = "aiohttp's parser is written in C, h11 in Python."
_START: Final = (
    "Python itself, pydantic, httpx and the certificate authorities are nine tenths of it, and the "
    "same for both."
)
_PIECES: Final = (
    "Parsing the JSON costs more than finding the event, and httpx-sse leaves it to the caller; "
    "with `json.loads` added, httpx-sse costs more."
)
_WHOLE_PAGE: Final = (
    "Validating it costs pydantic alone 1.7 times `json.loads`, without keeping what was received."
)
_DICTS: Final = "The rest is the dicts and strings of the JSON itself, which are kept."
_FILE: Final = (
    "Most of it is spent in the kernel, and over TLS in OpenSSL, which are the same for all."
)
_SCHEDULE: Final = "Polling more often finds the end sooner, and costs requests."

GOALS: Final = [
    Goal(1, "A sync GET, HTTP: CPU over httpx", _WIRE, "get", "cpu", OURS, HTTPX, 0.92),
    Goal(1, "A sync GET, HTTPS: CPU over httpx", _WIRE, "get_tls", "cpu", OURS, HTTPX, 0.92),
    Goal(
        1,
        "A sync POST, HTTP: CPU over httpx",
        "A paid request is checked before it is sent: its input is copied, and what JSON cannot "
        "carry is refused.",
        *("post", "cpu", OURS, HTTPX, 0.92),
    ),
    Goal(
        1,
        "A sync POST, HTTPS: CPU over httpx",
        "As over HTTP.",
        *("post_tls", "cpu", OURS, HTTPX, 0.92),
    ),
    Goal(
        2,
        "A sync GET, HTTPS: CPU of 1.0.0 over ours",
        "It depends on how many authorities the system has.",
        *("get_tls", "cpu", PUBLISHED, OURS),
        least=30,
    ),
    Goal(3, "An async GET: CPU over httpx.AsyncClient", _WIRE, "aget", "cpu", OURS, HTTPX, 0.85),
    Goal(
        4,
        "1,000 in flight, first burst: wall over the 0.2 s at the server",
        _POOL,
        *("burst_cold_1000", "wall", OURS, IDEAL_BURST, 8.0),
    ),
    Goal(
        4,
        "1,000 in flight, later bursts: wall over the 0.2 s at the server",
        _POOL,
        *("burst_warm_1000", "wall", OURS, IDEAL_BURST, 6.5),
    ),
    *(
        Goal(
            4,
            f"1,000 in flight, {text}: wall over aiohttp",
            _PARSER,
            *(f"burst_{kind}_1000", "wall", OURS, AIOHTTP, 3.5),
        )
        for kind, text in (("cold", "first burst"), ("warm", "later bursts"))
    ),
    Goal(
        4,
        "1,000 in flight, later bursts: CPU over aiohttp",
        _PARSER,
        *("burst_warm_1000", "cpu", OURS, AIOHTTP, 4.5),
    ),
    Goal(
        4,
        "1,000 in flight: CPU of a call over one of 10 in flight",
        _POOL,
        *("burst_warm_1000", "cpu", OURS, OURS, 1.5),
        scenario_under="burst_warm_10",
    ),
    Goal(
        4,
        "300 threads on one client: failed calls",
        "None should.",
        *("threads", "errors", OURS, 1.0, 0.0),
    ),
    Goal(
        5,
        "`import skytells`: CPU over `python -c pass`",
        "Names are loaded when they are first used.",
        *("import", "cpu", OURS, PASS, 1.5),
    ),
    Goal(
        5,
        "Process start to the first typed answer, HTTP: CPU over httpx and the same models",
        _START,
        *("first", "cpu", OURS, TYPED, 1.05),
    ),
    Goal(
        6,
        "Building a client: CPU over a TLS context",
        "The context is built once, at the first call over TLS.",
        *("build", "cpu", OURS, "a TLS context", 0.02),
    ),
    Goal(
        7,
        "Process start to the first typed answer, HTTPS: CPU over httpx and the same models",
        _START,
        *("first_tls", "cpu", OURS, TYPED, 1.05),
    ),
    Goal(
        8,
        "A page of 50, all read: CPU over `json.loads`",
        _WHOLE_PAGE,
        *("parse_page", "cpu", TOUCHED, JSON, 2.0),
    ),
    Goal(
        8,
        "A page of 50, not read: CPU over `json.loads` (a stretch goal)",
        _WHOLE_PAGE,
        *("parse_page", "cpu", OURS, JSON, 1.1),
    ),
    Goal(
        9,
        "Memory of 10,000 predictions, all read: over dicts",
        _DICTS,
        *("hold", "rss", TOUCHED, JSON, 1.3),
    ),
    Goal(
        9,
        "Memory of 10,000 predictions, not read: over dicts (a stretch goal)",
        _DICTS,
        *("hold", "rss", OURS, JSON, 0.8),
    ),
    Goal(
        10,
        "Events of 180 bytes, JSON parsed: per second over httpx-sse, which parses none",
        _PIECES,
        *("events_short_65536", "per_second", PARSED, HTTPX_SSE),
        least=1.3,
    ),
    Goal(
        10,
        "The same, one by one",
        _PIECES,
        *("events_short_0", "per_second", PARSED, HTTPX_SSE),
        least=1.3,
    ),
    Goal(
        10,
        "Events of 480 bytes in chunks of 200, JSON parsed: per second over httpx-sse",
        _PIECES,
        *("events_full_200", "per_second", PARSED, HTTPX_SSE),
        least=1.3,
    ),
    Goal(
        10,
        "Events of 33 bytes, named and numbered: per second over httpx-sse",
        "Three lines of an event are three steps in either.",
        *("events_words_65536", "per_second", OURS, HTTPX_SSE),
        least=1.3,
    ),
    Goal(
        10,
        "One event of 16 MB: CPU of a megabyte over that of one of 256 KB (if quadratic: 64)",
        "Nothing is searched twice; what is copied no longer fits into the processor's cache.",
        *("events_huge", "growth", OURS, 1.0, 3.0),
    ),
    *(
        Goal(
            11,
            f"`{method}`, {scheme}: MB/s over httpx's `iter_bytes`",
            _FILE,
            *(f"download{end}", "speed", subject, HTTPX),
            least=1.8,
        )
        for scheme, end in (("HTTP", ""), ("HTTPS", "_tls"))
        for method, subject in (("save()", OURS), ("open()", READER))
    ),
    *(
        Goal(
            11,
            f"`save()` of 256 MB, {scheme}: memory, MB",
            "A mebibyte at a time is read, and written while the next one comes.",
            *(f"download_memory{end}", "big", OURS, 1.0, 16.0),
        )
        for scheme, end in (("HTTP", ""), ("HTTPS", "_tls"))
    ),
    *(
        Goal(12, f"Waiting{seen}: {what}", _SCHEDULE, "schedule", key, subject, 1.0, bound)
        for seen, subject, polls in (
            ("", OURS, 27),
            (", three jobs of the model seen", HISTORY, 10),
        )
        for what, key, bound in (
            ("mean delay, % of the job's time", "delay", 12),
            ("polls for each job", "polls", polls),
        )
    ),
    Goal(
        13,
        "500 jobs at once: requests over a poller for each",
        "A page of the list has fifty predictions, of all that the account runs.",
        *("together", "requests", f"{OURS}: wait_all", ALONE, 0.1),
    ),
]
