"""The figures as JSON, and as tables."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from . import environments, plots
from .figures import Figures, Spread, median, number, ratio
from .goals import GOALS
from .scenarios.base import OURS, Samples, Scenario

_PER_SECOND: Final = {"µs": 1e6, "ms": 1e3}


def write(
    folder: Path,
    scenarios: list[Scenario],
    results: Mapping[str, Samples],
    *,
    quick: bool,
    day: str,
) -> None:
    """Write `results.json`, `results.md` and the plots into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    versions = environments.versions()
    about = {
        "day": day,
        "quick": quick,
        "python": platform.python_version(),
        "system": platform.system(),
        "versions": versions,
    }
    (folder / "results.json").write_text(
        json.dumps({"about": about, "results": results}, indent=1) + "\n"
    )
    measured = [s for s in scenarios if results.get(s.key)]
    (folder / "results.md").write_text(_page(about, measured, results))
    plots.draw(folder, measured, results)


def _page(
    about: Mapping[str, Any], scenarios: list[Scenario], results: Mapping[str, Samples]
) -> str:
    lines = [
        "# Figures of the day",
        "",
        f"Made by `make bench` on {about['day']}, Python {about['python']}"
        + (", quick mode: few rounds, wide spreads." if about["quick"] else "."),
        "A ratio is the median over the rounds, in brackets the middle half of them; absolute figures",
        "are those of a shared machine and only say which order of magnitude it is.",
        "",
        "## Goals",
        "",
        "| # | What | Goal | Measured | |",
        "|---|---|---|---|---|",
    ]
    for goal in GOALS:
        spread = goal.spread(results)
        if spread is not None:
            sign = "met" if goal.met(spread) else "**missed**"
            lines.append(f"| {goal.row} | {goal.text} | {goal.bound} | {_show(spread)} | {sign} |")
    for scenario in scenarios:
        lines += ["", *_table(scenario, results[scenario.key])]
    lines += ["", "## Packages", "", "| Environment | Packages |", "|---|---|"]
    for name, packages in about["versions"].items():
        named = ", ".join(f"{package} {version}" for package, version in sorted(packages.items()))
        lines.append(f"| {name} | {named or '—'} |")
    return "\n".join(lines) + "\n"


def _table(scenario: Scenario, samples: Samples) -> list[str]:
    heads = [f"{key} ratio" for key in scenario.figures]
    heads += [f"{key}{f', {unit}' if unit else ''}" for key, unit in scenario.figures.items()]
    lines = [f"## {scenario.title}", ""]
    if scenario.note:
        lines += [scenario.note, ""]
    lines += [f"| | {' | '.join(heads)} |", f"|---|{'---|' * len(heads)}"]
    key = next(iter(scenario.figures))
    for name, figures in sorted(samples.items(), key=lambda item: median(item[1], key) or 0.0):
        cells = [_ratio(figures, samples.get(scenario.baseline), key) for key in scenario.figures]
        for key_, unit in scenario.figures.items():
            middle = median(figures, key_)
            scale = _PER_SECOND.get(unit, 1.0)
            cells.append("" if middle is None else number(middle * scale))
        shown = f"**{name}**" if name.startswith(OURS) else name
        lines.append(f"| {shown} | {' | '.join(cells)} |")
    return lines


def _ratio(figures: list[Figures], baseline: list[Figures] | None, key: str) -> str:
    spread = ratio(figures, baseline, key) if baseline else None
    return "" if spread is None else _show(spread)


def _show(spread: Spread) -> str:
    if spread.low == spread.high:
        return number(spread.median)
    return f"{number(spread.median)} ({number(spread.low)}–{number(spread.high)})"
