"""Measure what was asked for, and write it down. Runs in the environment of the harness."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from datetime import date
from pathlib import Path
from typing import Final

from . import report
from .environments import ROOT
from .harness import place
from .scenarios import SCENARIOS
from .scenarios.base import Samples

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
    *("burst_warm_5000", "burst_cliff", "clients", "first", "parse_models", "job_flux-pro"),
}


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure against the peers."
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="few rounds: under two minutes")
    add("--only", nargs="+", default=[], metavar="KEY", help="scenarios whose name begins so")
    add("--output", type=Path, default=ROOT / "docs" / "benchmarks", help="where to (%(default)s)")
    asked = parser.parse_args()
    chosen = [s for s in SCENARIOS if not asked.only or s.key.startswith(tuple(asked.only))]
    if asked.quick and not asked.only:
        chosen = [s for s in chosen if s.key not in _SLOW]
    # As Ctrl-C does: the servers end with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    results: dict[str, Samples] = {}
    with place() as where:
        for scenario in chosen:
            began = time.monotonic()
            try:
                results[scenario.key] = scenario.run(where, asked.quick)
            except Exception as error:
                print(f"{scenario.key} is left out: {error}", file=sys.stderr)
            print(f"{scenario.key}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    day = date.today().isoformat()  # noqa: DTZ011  # the reader's day
    report.write(asked.output, chosen, results, quick=asked.quick, day=day)
    print(f"written to {asked.output}")


if __name__ == "__main__":
    main()
