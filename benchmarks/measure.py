"""Measure what was asked for, and write it down as it comes. Runs in the environment of the harness."""

from __future__ import annotations

import argparse
import platform
import signal
import sys
import time
from datetime import date
from pathlib import Path
from typing import Final

from . import environments, pages, plots
from .environments import ROOT
from .harness import place
from .results import About, Results
from .scenarios import SCENARIOS

PUBLISHED: Final = ROOT / "docs" / "benchmarks"
TRIAL: Final = ROOT / "build" / "benchmarks"

# What the quick mode leaves out: `--only` measures it all the same.
_SLOW: Final = {
    *(
        "post_tls",
        "page",
        "models",
        "burst_cold_10",
        "burst_warm_10",
        "burst_cold_100",
        "burst_cold_5000",
    ),
    *("burst_warm_5000", "burst_cliff", "first", "parse_models", "job_flux-pro"),
    *("transport_1", "transport_10", "transport_100", "transport_1000"),
    *("events_words_200", "events_words_0", "events_short_200", "download_memory_tls"),
}


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure against the peers."
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="few rounds: some minutes")
    add("--only", nargs="+", default=[], metavar="KEY", help="scenarios whose name begins so")
    add("--keep", action="store_true", help="keep what the folder has of other scenarios")
    add(
        "--output",
        type=Path,
        help="the folder; docs/benchmarks for all scenarios, build/benchmarks for a trial",
    )
    asked = parser.parse_args()
    chosen = [s for s in SCENARIOS if not asked.only or s.key.startswith(tuple(asked.only))]
    if asked.quick and not asked.only:
        chosen = [s for s in chosen if s.key not in _SLOW]
    folder: Path = asked.output or (TRIAL if asked.only or asked.quick else PUBLISHED)
    # As Ctrl-C does: the servers end with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    day = date.today().isoformat()  # noqa: DTZ011  # the reader's day
    results = Results.read(folder) if asked.keep else Results()
    results.about = About(
        day, asked.quick, platform.python_version(), platform.system(), environments.versions()
    )
    try:
        with place() as where:
            for scenario in chosen:
                began = time.monotonic()
                try:
                    results.samples[scenario.key] = scenario.run(where, asked.quick)
                except Exception as error:
                    print(f"{scenario.key} failed: {error}", file=sys.stderr)
                print(f"{scenario.key}: {time.monotonic() - began:.0f} s", file=sys.stderr)
                results.write(folder)
    finally:
        plots.draw(folder, results.samples)
        pages.write_figures(folder, results)
        print(f"written to {folder}")
    if folder == PUBLISHED:
        pages.update(ROOT, results)


if __name__ == "__main__":
    main()
