"""The figures as JSON, as tables and as pictures."""

from __future__ import annotations

import json
import platform
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from . import environments
from .goals import GOALS
from .harness import Figures, Spread, ratio
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
    _plots(folder, measured, results)


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
    for name, figures in sorted(samples.items(), key=lambda item: _median(item[1], key) or 0.0):
        cells = [_ratio(figures, samples.get(scenario.baseline), key) for key in scenario.figures]
        for key_, unit in scenario.figures.items():
            median = _median(figures, key_)
            scale = _PER_SECOND.get(unit, 1.0)
            cells.append("" if median is None else _number(median * scale))
        shown = f"**{name}**" if name.startswith(OURS) else name
        lines.append(f"| {shown} | {' | '.join(cells)} |")
    return lines


def _median(figures: list[Figures], key: str) -> float | None:
    values = [f[key] for f in figures if key in f]
    return statistics.median(values) if values else None


def _ratio(figures: list[Figures], baseline: list[Figures] | None, key: str) -> str:
    spread = ratio(figures, baseline, key) if baseline else None
    return "" if spread is None else _show(spread)


def _show(spread: Spread) -> str:
    if spread.low == spread.high:
        return _number(spread.median)
    return f"{_number(spread.median)} ({_number(spread.low)}–{_number(spread.high)})"


def _number(value: float) -> str:
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return (
        f"{value:.1f}"
        if abs(value) >= 10
        else f"{value:.2f}"
        if abs(value) >= 0.1
        else f"{value:.3f}"
    )


def _plots(folder: Path, scenarios: list[Scenario], results: Mapping[str, Samples]) -> None:
    """Bars of the ratios for what has many subjects, and the bursts as curves."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "skytells"
    for scenario in scenarios:
        if scenario.key in {"get", "get_tls", "import", "first_tls", "parse_page", "hold"}:
            _bars(folder / f"{scenario.key}.svg", scenario, results[scenario.key])
    _curves(folder / "bursts.svg", results)


def _bars(path: Path, scenario: Scenario, samples: Samples) -> None:
    from matplotlib import pyplot as plt

    key = next(iter(scenario.figures))
    spreads = {
        name: spread
        for name, figures in samples.items()
        if (spread := ratio(figures, samples[scenario.baseline], key)) is not None
    }
    names = sorted(spreads, key=lambda name: -spreads[name].median)
    figure, axes = plt.subplots(figsize=(7, 0.45 * len(names) + 1.2))
    medians = [spreads[name].median for name in names]
    errors = [
        [spreads[n].median - spreads[n].low for n in names],
        [spreads[n].high - spreads[n].median for n in names],
    ]
    colours = ["#2563eb" if name.startswith(OURS) else "#9ca3af" for name in names]
    axes.barh(names, medians, xerr=errors, color=colours, ecolor="#4b5563", capsize=2)
    for place, median in enumerate(medians):
        axes.text(median, place, f" {_number(median)}", va="bottom", fontsize=8)
    if max(medians) > 20 * min(medians):
        axes.set_xscale("log")
    axes.axvline(1, color="#4b5563", linewidth=0.8)
    axes.set_title(f"{scenario.title}: {key} over {scenario.baseline}", fontsize=9)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _curves(path: Path, results: Mapping[str, Samples]) -> None:
    from matplotlib import pyplot as plt

    figure, both = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True)
    for axes, kind, title in zip(
        both, ("cold", "warm"), ("first burst", "later bursts"), strict=True
    ):
        curves: dict[str, list[tuple[int, float]]] = {}
        for number in (10, 100, 1000, 5000):
            for name, figures in results.get(f"burst_{kind}_{number}", {}).items():
                median = _median(figures, "wall")
                if median is not None:
                    curves.setdefault(name, []).append((number, median))
        for name, points in sorted(curves.items()):
            bold = name.startswith(OURS)
            axes.plot(
                *zip(*points, strict=True),
                marker="o",
                markersize=3,
                label=name,
                linewidth=2.4 if bold else 1.2,
            )
        axes.axhline(0.2, color="#4b5563", linewidth=0.8, linestyle=":")
        axes.set(xscale="log", yscale="log", xlabel="predictions in flight", title=title)
    both[0].set_ylabel("seconds (0.2 at the server)")
    if both[1].lines[:-1]:
        both[1].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
