"""What every worker does: take orders on standard input, measure, answer on standard output.

A worker is a process of its own in the environment of its subject. It is sent one JSON list a line,
`["get", 200]`: the name of a job and its arguments.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

Figures = dict[str, float]
Job = Callable[..., Figures]

HTTP = os.environ.get("BENCH_HTTP", "")
HTTPS = os.environ.get("BENCH_HTTPS", "")


def measured(work: Callable[[], object], times: int = 1) -> Figures:
    """CPU and wall of one piece of work, in seconds, after a clean-up."""
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(times):
        work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu": cpu / times, "wall": wall / times}


def repeated(call: Callable[[], object]) -> Job:
    """A job that makes a call so many times, one after another."""
    return lambda times: measured(call, times)


class Bursts:
    """Jobs of an async subject, all on one event loop.

    Args:
        call: One call; its argument says whether the server is to take its time.
    """

    def __init__(self, call: Callable[[], Awaitable[object]]) -> None:
        self._call = call
        self._runner = asyncio.Runner()

    def each(self, times: int) -> Figures:
        """One call after another."""

        async def all_of_them() -> None:
            for _ in range(times):
                await self._call()

        figures = measured(lambda: self._runner.run(all_of_them()))
        return {name: value / times for name, value in figures.items()}

    def together(self, times: int) -> Figures:
        """So many calls in flight at once: wall of the burst, CPU of one call."""

        async def all_of_them() -> None:
            await asyncio.gather(*(self._call() for _ in range(times)))

        figures = measured(lambda: self._runner.run(all_of_them()))
        return {"wall": figures["wall"], "cpu": figures["cpu"] / times, "rss": peak_memory()}


def memory() -> float:
    """Resident memory, in MB."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


def peak_memory() -> float:
    """The most that it was, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def serve(**jobs: Job) -> None:
    """Do what is asked until standard input ends."""
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        answer: Any
        try:
            answer = jobs[name](*arguments)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
