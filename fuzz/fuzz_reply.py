"""A coverage-guided search for a reply that makes anything but a documented result or our error.

    make fuzz                                # twenty seconds, from the corpus
    make fuzz ARGS=-max_total_time=3600      # longer
    python -m fuzz.fuzz_reply FILE           # one case again

What it finds is kept as `crash-…`; as a file in `fuzz/corpus/` it becomes a test.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["skytells"]):
    from tests.core.anything import judge, read_case


def one_input(data: bytes) -> None:
    """What is tried for each input."""
    judge(*read_case(data))


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
