"""`python -m benchmarks`: measure, and write `docs/benchmarks/`. See `make bench`."""

from __future__ import annotations

import subprocess
import sys

from .environments import ROOT, prepare, python

prepare()
command = [python("harness"), "-m", "benchmarks.measure", *sys.argv[1:]]
sys.exit(subprocess.run(command, check=False, cwd=ROOT).returncode)
