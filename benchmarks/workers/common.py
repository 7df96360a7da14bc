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
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import payloads

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


def decoding(decode: Callable[[list[bytes]], int]) -> Job:
    """A job that decodes a stream of `payloads.STREAMS` from memory: CPU of one event.

    Args:
        decode: Goes through all events of some chunks, and counts them.
    """

    def job(kind: str, size: int) -> Figures:
        chunks = payloads.in_pieces(payloads.STREAMS[kind](), size)
        assert decode(chunks) >= payloads.PIECES
        cpu = measured(lambda: decode(chunks), 3)["cpu"] / payloads.PIECES
        return {"cpu": cpu, "per_second": 1 / cpu}

    return job


def decoding_huge(decode: Callable[[list[bytes]], int]) -> Job:
    """A job that decodes one event of so many bytes, in chunks of 64 KB: the CPU of a megabyte."""

    def job(*sizes: int) -> Figures:
        found: Figures = {}
        for size in sizes:
            event = b'data: {"text":"%b"}\n\n' % (b"a" * size)
            chunks = payloads.in_pieces([event], 64 * 1024)
            assert decode(chunks) == 1
            figures = measured(lambda: decode(chunks), max(1, 2**23 // size))  # noqa: B023  # called within its turn
            found[f"{size / 2**20:g} MB"] = figures["cpu"] / (size / 1e6)
        first, last = (found[f"{size / 2**20:g} MB"] for size in (sizes[0], sizes[-1]))
        return {**found, "growth": last / first}

    return job


def conversing(converse: Callable[[], str]) -> Job:
    """A job that has the server's conversation streamed: CPU and wall of one event."""

    def job() -> Figures:
        assert converse().endswith(f" word{payloads.PIECES - 1}")
        figures = measured(converse)
        return {name: value / payloads.PIECES for name, value in figures.items()}

    return job


def downloading(download: Callable[[str, Path], object], base: str) -> Job:
    """A job that keeps a file of so many bytes in a folder, which is in memory where there is one."""
    disk = Path("/dev/shm")

    def job(size: int) -> Figures:
        before = _forget_peak()
        with tempfile.TemporaryDirectory(dir=disk if disk.is_dir() else None) as name:
            folder = Path(name)
            figures = measured(lambda: download(f"{base}/file/{size}", folder))
            assert [file.stat().st_size for file in folder.iterdir()] == [size]
        speed = size / 1e6 / figures["wall"]
        return {**figures, "speed": speed, "grown": _peak() - before}

    return job


def _forget_peak() -> float:
    """Resident memory, in MB, from which on the peak counts; of Linux only."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> float:
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return peak_memory()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000


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
