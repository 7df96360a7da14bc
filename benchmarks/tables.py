"""Figures as tables and sentences of Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .figures import Figures, Spread, median, number, ratio
from .goals import GOALS, Goal
from .results import Results
from .scenarios import SCENARIOS
from .scenarios.base import (
    AIOHTTP,
    HTTPX,
    HTTPX_SSE,
    OPENAI,
    OURS,
    PUBLISHED,
    REPLICATE,
    SOCKETS,
    TYPED,
    Samples,
    Scenario,
)

# A difference below this is not established on a machine that others use, too.
SURE: Final = 0.05

_UNITS: Final = {"µs": 1e6, "ms": 1e3}
_MORE_IS_BETTER: Final = {"speed", "per_second"}

# Why a peer is ahead, where the figures say that it is.
REASONS: Final = {
    SOCKETS: "They read and write what the benchmark expects, and nothing else. httpx, httpcore and "
    "h11, which this package uses, are written in Python, and check what they read.",
    AIOHTTP: "Its parser is written in C. It returns dicts, has neither retries nor a timeout for the "
    "call as a whole, and is not seen by tools that trace, record or mock httpx.",
    PUBLISHED: "It returns dicts and does not use pydantic, so it starts sooner and costs less where "
    "nothing is typed; over plain HTTP, `urllib` is cheaper than httpx. Over HTTPS, which the "
    "platform uses, it opens a connection and loads the certificate authorities for each call. With "
    "300 threads it opens 300 connections, where this package shares 100.",
    HTTPX: "It returns dicts: this package also imports pydantic, builds its validators, and "
    "validates the records of a page. It reads a file 64 KB at a time, this package a mebibyte.",
    OPENAI: "It does not validate a response, and does not limit the size of an event.",
    REPLICATE: "It validates one shape, with pydantic's older interface where it can.",
    TYPED: "It validates a whole record at once, with code that was built for this one shape, and "
    "does not keep the JSON.",
    HTTPX_SSE: "It leaves parsing the JSON of an event to the caller, and does not limit its size.",
    "urllib3": "It returns what it reads, 64 KB at a time. It neither resumes a broken download, nor "
    "checks addresses, nor verifies that a file is complete.",
    "urllib.request": "As urllib3; it copies from the socket to the file once.",
}
# What the README shows of each peer: a scenario, its figure, and what is compared.
_SUMMARY: Final = (
    ("get_tls", "cpu", "A call over HTTPS, CPU"),
    ("aget", "cpu", "An async call, CPU"),
    ("burst_warm_100", "wall", "100 in flight, time"),
    ("burst_warm_1000", "wall", "1,000 in flight, time"),
    ("import", "cpu", "Import, CPU"),
    ("first_tls", "cpu", "Process start to the first answer over HTTPS, CPU"),
    ("idle", "rss", "Memory after a call"),
    ("chat", "cpu", "A streamed conversation, CPU"),
    ("download", "wall", "A file of 64 MB to disk, time"),
)
_PICTURES: Final = {
    "get_tls": "CPU of one GET over HTTPS, over httpx",
    "chat": "CPU of one event of a streamed conversation, over httpx-sse and json.loads",
    "download": "Speed of a download, over httpx",
}
_TRANSPORT_SIZES: Final = (1, 10, 100, 1000)
_COLUMNS: Final = {
    "httpx": (HTTPX, f"{HTTPX_SSE}, json.loads"),
    "openai": (OPENAI,),
    "replicate": (REPLICATE,),
    "skytells 1.0.0": (PUBLISHED,),
}


def measured(results: Results) -> Iterator[tuple[Scenario, Samples]]:
    """The scenarios that there are figures of."""
    for scenario in SCENARIOS:
        if samples := results.samples.get(scenario.key):
            yield scenario, samples


def judged(results: Results) -> Iterator[tuple[Goal, Spread]]:
    """The goals that there are figures of."""
    for goal in GOALS:
        if (spread := goal.spread(results.samples)) is not None:
            yield goal, spread


def goals(results: Results, *, spreads: bool = False) -> list[str]:
    """All goals, and whether they are met."""
    lines = ["| # | What | Goal | Measured | |", "|---|---|---|---|---|"]
    for goal, spread in judged(results):
        sign = "met" if goal.met(spread) else "**missed**"
        shown = show(spread) if spreads else number(spread.median)
        lines.append(f"| {goal.row} | {goal.text} | {goal.bound} | {shown} | {sign} |")
    return lines


def missed(results: Results) -> list[str]:
    """The goals that are missed, and why."""
    wrong = [(goal, spread) for goal, spread in judged(results) if not goal.met(spread)]
    if not wrong:
        return ["Every goal that was measured is met."]
    return [
        f"- **{goal.text}**: {spread.median:.3g} instead of {goal.bound}. {goal.why}"
        for goal, spread in wrong
    ]


def ahead(results: Results) -> list[str]:
    """Which peers are ahead, at what, and why."""
    found: dict[str, list[str]] = {}
    for scenario, samples in measured(results):
        key = next(iter(scenario.figures))
        for peer in REASONS.keys() & samples.keys():
            cost = _cost(samples, peer, key)
            if cost is not None and cost < 1 - SURE:
                found.setdefault(peer, []).append(f"{scenario.title} {number(cost)}")
    return [
        f"- **{peer}**, relative to this package: {'; '.join(places)}. {REASONS[peer]}"
        for peer, places in sorted(found.items())
    ]


def summary(results: Results) -> list[str]:
    """The table of the README: the costs of peers, relative to this package."""
    lines = [
        f"| Relative to this package | {' | '.join(_COLUMNS)} |",
        f"|---|{'---|' * len(_COLUMNS)}",
    ]
    for scenario, key, text in _SUMMARY:
        samples = results.samples.get(scenario, {})
        cells = list[str]()
        for subjects in _COLUMNS.values():
            costs = [_cost(samples, subject, key) for subject in subjects if subject in samples]
            cells.append(number(costs[0]) if costs and costs[0] is not None else "—")
        if set(cells) != {"—"}:
            lines.append(f"| {text} | {' | '.join(cells)} |")
    verdicts = [goal.met(spread) for goal, spread in judged(results)]
    lines += ["", f"{sum(verdicts)} of {len(verdicts)} goals are met."]
    return lines


def _cost(samples: Samples, subject: str, key: str) -> float | None:
    """What a subject takes over what we do; where more is better, we over it."""
    over, under = samples[subject], samples.get(OURS, [])
    spread = ratio(under, over, key) if key in _MORE_IS_BETTER else ratio(over, under, key)
    return None if spread is None else spread.median


def table(scenario: Scenario, samples: Samples, *, spreads: bool = True) -> list[str]:
    """All figures of a scenario."""
    heads = [f"{key} ratio" for key in scenario.figures]
    heads += [f"{key}{f', {unit}' if unit else ''}" for key, unit in scenario.figures.items()]
    lines = [f"| | {' | '.join(heads)} |", f"|---|{'---|' * len(heads)}"]
    key = next(iter(scenario.figures))
    baseline = samples.get(scenario.baseline, [])
    for name, figures in sorted(samples.items(), key=lambda item: median(item[1], key) or 0.0):
        cells = list[str]()
        for each in scenario.figures:
            spread = ratio(figures, baseline, each)
            cells.append(
                "" if spread is None else show(spread) if spreads else number(spread.median)
            )
        for each, unit in scenario.figures.items():
            middle = median(figures, each)
            cells.append("" if middle is None else number(middle * _UNITS.get(unit, 1.0)))
        shown = f"**{name}**" if name.startswith(OURS) else name
        lines.append(f"| {shown}{_failures(figures)} | {' | '.join(cells)} |")
    return lines


def _failures(figures: list[Figures]) -> str:
    if not figures:
        return ": failed"
    failed = figures.count({})
    return f": failed in {failed} of {len(figures)} rounds" if failed else ""


def layers(results: Results) -> list[str]:
    """What one call costs, layer by layer, and bare httpx beside it."""
    samples = results.samples.get("hot_path", {})
    lines = ["| Up to and with | CPU, µs | more by |", "|---|---|---|"]
    before = 0.0
    for name, figures in samples.items():
        middle = (median(figures, "cpu") or 0.0) * 1e6
        lines.append(f"| {name} | {number(middle)} | {number(middle - before)} |")
        before = middle
    cost = _cost(results.samples.get("get", {HTTPX: []}), HTTPX, "cpu")
    if cost is not None:
        lines += [
            "",
            f"Bare httpx, which returns a dict, costs {number(cost)} times the last line.",
        ]
    return lines


def pictures(results: Results) -> list[str]:
    """The plots of what was measured that a page shows."""
    shown = [
        f"![{text}](benchmarks/{key}.svg)"
        for key, text in _PICTURES.items()
        if results.samples.get(key)
    ]
    if results.samples.get("burst_warm_1000"):
        shown.append("![Seconds for a burst, by predictions in flight](benchmarks/bursts.svg)")
    return "\n\n".join(shown).splitlines()


def transports(results: Results) -> list[str]:
    """The costs of other clients, relative to the default one, by the number in flight."""
    sizes = [size for size in _TRANSPORT_SIZES if results.samples.get(f"transport_{size}")]
    if not sizes:
        return ["Not measured yet."]
    heads = [f"{key}, {size:,} in flight" for key in ("CPU", "time") for size in sizes]
    lines = [f"| | {' | '.join(heads)} |", f"|---|{'---|' * len(heads)}"]
    samples = [results.samples[f"transport_{size}"] for size in sizes]
    for name in samples[0]:
        costs = [
            _cost(each, name, key) if name in each else None
            for key in ("cpu", "wall")
            for each in samples
        ]
        cells = ["—" if cost is None else number(cost) for cost in costs]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def show(spread: Spread) -> str:
    """A median, and the middle half of what it is the median of."""
    if spread.low == spread.high:
        return number(spread.median)
    return f"{number(spread.median)} ({number(spread.low)}–{number(spread.high)})"
