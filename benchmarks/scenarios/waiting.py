"""How soon the end of a job is known, and for how many requests."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Final

from ..environments import python
from ..figures import Figures
from ..harness import Place, Worker, interleave, start
from .base import OURS, PUBLISHED, Samples, Scenario

HISTORY: Final = f"{OURS}, model known"
REPLICATES: Final = "every 0.5 s (replicate)"
DOCUMENTED: Final = "every 5 s (skytells 1.0.0)"
ALONE: Final = "a poller for each job"

_JOBS: Final = ("flux-edge", "flux-pro")  # of two and of eight seconds


def _schedules(where: Place, quick: bool) -> Samples:
    jobs = 100 if quick else 1500
    with Worker(where, "ours", "waiting") as worker:
        return {
            name: [worker.do("schedule", interval, known, jobs)]
            for name, interval, known in (
                (OURS, None, False),
                (HISTORY, None, True),
                (REPLICATES, 500, False),
                (DOCUMENTED, 5000, False),
            )
        }


def _together(where: Place, quick: bool) -> Samples:
    del quick
    with Worker(where, "ours", "waiting") as worker:
        return {
            name: [worker.do("together", shared, 500)]
            for name, shared in ((f"{OURS}: wait_all", True), (ALONE, False))
        }


def _real(slug: str, where: Place, quick: bool) -> Samples:
    with ExitStack() as stack:
        url, key = stack.enter_context(_platform())
        settings = {"BENCH_PLATFORM": url, "BENCH_KEY": key}
        workers = {
            name: stack.enter_context(Worker(where, environment, "job", **settings))
            for name, environment in ((OURS, "ours"), (PUBLISHED, "published"))
        }
        subjects = {name: partial(_job, worker, slug) for name, worker in workers.items()}
        return interleave(subjects, 1 if quick else 3, warm_up=False)


def _job(worker: Worker, slug: str) -> Figures:
    return worker.do("job", slug)


@contextmanager
def _platform() -> Generator[tuple[str, str]]:
    """The package's local platform, at the speed of life."""
    server = start(
        1,
        [python("platform"), "-m", "skytells.local", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        printed = ""
        while "API_KEY=" not in printed:
            line = server.stdout.readline()
            if not line:
                raise RuntimeError("the local platform does not start")
            printed += line
        url, key = re.findall(r"=(\S+)", printed)
        yield url, key
    finally:
        server.terminate()
        server.wait()


WAITING: Final = [
    Scenario(
        "schedule",
        "When to poll: mean delay after completion in % of the job's time, polls for each job",
        OURS,
        {"delay": "%", "polls": ""},
        _schedules,
        "The package's own `wait` on a virtual clock: log-normal durations (sigma 0.4) around 0.8, "
        "4, 12, 60 and 180 s, 0.12 s for each poll.",
    ),
    Scenario(
        "together",
        "500 jobs (median 12 s) waited for at once",
        ALONE,
        {"requests": "per job", "delay_s": "s"},
        _together,
        "On a virtual clock as well.",
    ),
    *(
        Scenario(
            f"job_{slug}",
            f"A real job of {slug} on the local platform",
            OURS,
            {"delay": "s", "lasted": "s"},
            partial(_real, slug),
            "`delay`: from its completion to the moment that the caller has it.",
        )
        for slug in _JOBS
    ),
]
