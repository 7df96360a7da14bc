"""The figures as pictures. Needs matplotlib, which only the environment of the benchmarks has."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import matplotlib as mpl  # type: ignore[import-not-found]  # in its own environment
from matplotlib import pyplot as plt

from .figures import median, number, ratio
from .scenarios import SCENARIOS
from .scenarios.base import OURS, Samples, Scenario

_BARS: Final = {
    *("get", "get_tls", "import", "first_tls", "parse_page", "hold"),
    *("events_short_0", "chat", "download", "download_memory"),
}


def draw(folder: Path, results: Mapping[str, Samples]) -> None:
    """Bars of the ratios for what has many subjects, and the bursts as curves."""
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "skytells"
    pictures: dict[str, Callable[[Path], None]] = {
        scenario.key: partial(_bars, scenario, results[scenario.key])
        for scenario in SCENARIOS
        if scenario.key in _BARS and results.get(scenario.key)
    }
    if any(key.startswith("burst_") for key in results):
        pictures["bursts"] = partial(_curves, results)
    for name, picture in pictures.items():
        try:
            picture(folder / f"{name}.svg")
        except Exception as error:  # the figures are worth more than their pictures
            print(f"no picture of {name}: {error}", file=sys.stderr)


def _bars(scenario: Scenario, samples: Samples, path: Path) -> None:
    key = next(iter(scenario.figures))
    spreads = {
        name: spread
        for name, figures in samples.items()
        if (spread := ratio(figures, samples.get(scenario.baseline, []), key)) is not None
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
    for place, middle in enumerate(medians):
        axes.text(middle, place, f" {number(middle)}", va="bottom", fontsize=8)
    if max(medians) > 20 * min(medians):
        axes.set_xscale("log")
    axes.axvline(1, color="#4b5563", linewidth=0.8)
    axes.set_title(f"{scenario.title}: {key} over {scenario.baseline}", fontsize=9)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _curves(results: Mapping[str, Samples], path: Path) -> None:
    figure, both = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True)
    for axes, kind, title in zip(
        both, ("cold", "warm"), ("first burst", "later bursts"), strict=True
    ):
        curves: dict[str, list[tuple[int, float]]] = {}
        for size in (10, 100, 1000, 5000):
            for name, figures in results.get(f"burst_{kind}_{size}", {}).items():
                middle = median(figures, "wall")
                if middle is not None:
                    curves.setdefault(name, []).append((size, middle))
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
