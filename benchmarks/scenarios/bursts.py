"""Many predictions in flight at once, each taking the server 200 ms."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import Final

from ..figures import Figures
from ..harness import Place, Subject, Worker, interleave, once
from .base import (
    AIOHTTP,
    HTTPX,
    OPENAI,
    OURS,
    PUBLISHED,
    REPLICATE,
    SOCKETS,
    Samples,
    Scenario,
)

SUBJECTS: Final = {
    OURS: ("ours", "with_skytells"),
    AIOHTTP: ("aiohttp", "with_aiohttp"),
    SOCKETS: ("ours", "with_sockets"),
    HTTPX: ("httpx", "with_httpx"),
    OPENAI: ("openai", "with_openai"),
    REPLICATE: ("replicate", "with_replicate"),
    PUBLISHED: ("published", "with_published"),
}
# Beyond these, a burst takes a peer from half a minute to many minutes.
_COLD_UP_TO: Final = {HTTPX: 100, REPLICATE: 100, OPENAI: 1000, PUBLISHED: 100}
_WARM_UP_TO: Final = _COLD_UP_TO


def _cold(number: int, where: Place, quick: bool) -> Samples:
    """The first burst of a process."""
    subjects: dict[str, Subject] = {
        name: once(where, environment, script, "burst", number)
        for name, (environment, script) in SUBJECTS.items()
        if number <= _COLD_UP_TO.get(name, 5000)
    }
    return interleave(subjects, (1 if number > 100 else 3) if quick else 5, warm_up=False)


def _warm(number: int, where: Place, quick: bool) -> Samples:
    """Bursts after the first."""
    with ExitStack() as stack:
        subjects: dict[str, Subject] = {}
        for name, (environment, script) in SUBJECTS.items():
            if number <= _WARM_UP_TO.get(name, 5000):
                worker = stack.enter_context(Worker(where, environment, script))
                subjects[name] = partial(_burst, worker, number)
        return interleave(subjects, (2 if number > 100 else 3) if quick else 5)


def _burst(worker: Worker, number: int) -> Figures:
    return worker.do("burst", number)


def _cliff(where: Place, quick: bool) -> Samples:
    """Stock httpx's first burst of a thousand, once: it takes most of a minute."""
    if quick:
        return {}
    subjects = {
        name: once(where, SUBJECTS[name][0], SUBJECTS[name][1], "burst", 1000)
        for name in (OURS, HTTPX)
    }
    return interleave(subjects, 1, warm_up=False)


def _threads(where: Place, quick: bool) -> Samples:
    """One client shared by 300 threads, four calls each; errors are counted."""
    subjects = {
        name: once(where, environment, script, "threads", 300, 4)
        for name, (environment, script) in {
            OURS: ("ours", "with_skytells"),
            HTTPX: ("httpx", "with_httpx"),
            PUBLISHED: ("published", "with_published"),
        }.items()
    }
    return interleave(subjects, 1 if quick else 4, warm_up=False)


_FIGURES: Final = {"wall": "s", "cpu": "µs", "rss": "MB"}
BURSTS: Final = [
    *(
        Scenario(
            f"burst_{kind}_{number}",
            f"{number:,} predictions in flight, {text}",
            AIOHTTP,
            _FIGURES,
            partial(run, number),
            "`wall` of the whole burst; `cpu` of one call; `rss` is the peak of the process.",
        )
        for number in (10, 100, 1000, 5000)
        for kind, text, run in (("cold", "first burst", _cold), ("warm", "later bursts", _warm))
    ),
    Scenario(
        "burst_cliff",
        "1,000 predictions in flight, first burst, stock httpx once",
        OURS,
        _FIGURES,
        _cliff,
    ),
    Scenario(
        "threads",
        "300 threads on one sync client, 4 calls of 200 ms each",
        OURS,
        {"wall": "s", "cpu": "s", "errors": "calls"},
        _threads,
        "The least time is 0.8 s with a connection for each thread; with this package's 100 it is "
        "2.4 s. `errors` counts calls that failed.",
    ),
]
