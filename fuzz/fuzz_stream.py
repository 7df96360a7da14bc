"""A coverage-guided search for a stream of which something else comes when it is cut otherwise.

    make fuzz                                # eight seconds of it, from the seeds
    python -m fuzz.fuzz_stream FILE          # one case again

What it finds is kept as `crash-…`; as a file in `fuzz/streams/` it becomes a test.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["skytells"]):
    from tests.streaming.any_stream import judge_stream, read_stream_case


def one_input(data: bytes) -> None:
    """What is tried for each input."""
    judge_stream(*read_stream_case(data))


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
