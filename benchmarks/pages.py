"""Figures in the pages are never typed: they come out of `docs/benchmarks/results.json`.

    python -m benchmarks.pages

writes `docs/benchmarks/results.md`, and what stands between `<!-- figures: NAME -->` and
`<!-- end -->` in README.md and docs/. `make bench` does so at its end; a test of the documentation
asserts that it has been done.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from . import tables
from .environments import ROOT
from .results import Results

FOLDER: Final = "docs/benchmarks"
_BLOCK: Final = re.compile(r"(<!-- figures: ([a-z0-9_ ]+) -->\n).*?(<!-- end -->)", re.DOTALL)

BLOCKS: Final[dict[str, Callable[[Results], list[str]]]] = {
    "goals": tables.goals,
    "missed": tables.missed,
    "ahead": tables.ahead,
    "summary": tables.summary,
    "layers": tables.layers,
    "pictures": tables.pictures,
    "transports": tables.transports,
}


def figures(results: Results) -> str:
    """The page of all figures."""
    about = results.about
    lines = [
        "# Figures of the day",
        "",
        f"Made by `make bench` on {about.day}, Python {about.python}"
        + (", quick mode: few rounds, wide spreads." if about.quick else "."),
        "A ratio is the median over the rounds, in brackets the middle half of them; absolute figures",
        "are those of a shared machine and only say which order of magnitude it is.",
        *("", "## Goals", ""),
        *tables.goals(results, spreads=True),
    ]
    for scenario, samples in tables.measured(results):
        lines += ["", f"## {scenario.title}", ""]
        if scenario.note:
            lines += [scenario.note, ""]
        lines += tables.table(scenario, samples)
    lines += ["", "## Packages", "", "| Environment | Packages |", "|---|---|"]
    for name, packages in about.versions.items():
        named = ", ".join(f"{package} {version}" for package, version in sorted(packages.items()))
        lines.append(f"| {name} | {named or '—'} |")
    return "\n".join(lines) + "\n"


def write_figures(folder: Path, results: Results) -> None:
    """Write the page of all figures into a folder."""
    (folder / "results.md").write_text(figures(results))


def filled(page: str, results: Results) -> str:
    """A page with the figures of today in it."""

    def fill(found: re.Match[str]) -> str:
        name = found[2]
        if name in BLOCKS:
            lines = BLOCKS[name](results)
        else:
            known = {s.key: (s, samples) for s, samples in tables.measured(results)}
            if name not in known:
                return found[0]  # not measured this time
            lines = tables.table(*known[name], spreads=False)
        return "\n".join([found[1], *lines, "", found[3]])

    return _BLOCK.sub(fill, page)


def pages(root: Path) -> Iterator[Path]:
    """The pages that have figures."""
    for path in (root / "README.md", *sorted((root / "docs").glob("*.md"))):
        if _BLOCK.search(path.read_text()):
            yield path


def update(root: Path, results: Results) -> None:
    """Bring all pages up to date."""
    write_figures(root / FOLDER, results)
    for path in pages(root):
        path.write_text(filled(path.read_text(), results))


if __name__ == "__main__":
    kept = Results.read(ROOT / FOLDER)
    if not kept.samples:
        sys.exit(f"There are no figures in {FOLDER}. Make them with `make bench`.")
    update(ROOT, kept)
