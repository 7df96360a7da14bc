"""One call after another, over a connection that is kept."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import Final

from ..figures import Figures
from ..harness import Place, Subject, Worker, interleave
from .base import (
    AIOHTTP,
    HTTPX,
    OPENAI,
    OURS,
    PUBLISHED,
    REPLICATE,
    SOCKETS,
    TYPED,
    Samples,
    Scenario,
)

# Subject: its environment, its worker, and what its jobs are called.
SYNC: Final = {
    OURS: ("ours", "with_skytells", ""),
    HTTPX: ("httpx", "with_httpx", ""),
    TYPED: ("httpx", "with_httpx", "typed_"),
    PUBLISHED: ("published", "with_published", ""),
    SOCKETS: ("ours", "with_sockets", ""),
    OPENAI: ("openai", "with_openai", ""),
    REPLICATE: ("replicate", "with_replicate", ""),
}
ASYNC: Final = {
    OURS: ("ours", "with_skytells", ""),
    HTTPX: ("httpx", "with_httpx", ""),
    PUBLISHED: ("published", "with_published", ""),
    OPENAI: ("openai", "with_openai", ""),
    REPLICATE: ("replicate", "with_replicate", ""),
    AIOHTTP: ("aiohttp", "with_aiohttp", ""),
}


def _calls(job: str, without: set[str], where: Place, quick: bool) -> Samples:
    table = ASYNC if job.startswith("aget") else SYNC
    large = job.startswith(("page", "models"))
    number = (20 if large else 60) if quick else (40 if large else 150)
    with ExitStack() as stack:
        subjects: dict[str, Subject] = {}
        for name, (environment, script, prefix) in table.items():
            if name in without:
                continue
            worker = stack.enter_context(Worker(where, environment, script))
            # A new TLS context for each call: a few tell enough.
            slow = name == PUBLISHED and job.endswith("_tls")
            subjects[name] = partial(_do, worker, f"{prefix}{job}", 3 if slow else number)
        return interleave(subjects, 7 if quick else 15)


def _hot_path(where: Place, quick: bool) -> Samples:
    jobs = {
        "a socket and json.loads": "socket",
        "httpcore's connection": "httpcore",
        "httpx's client, with our pool": "httpx",
        "with retries, errors, JSON": "client",
        f"{OURS}, typed": "typed",
    }
    with Worker(where, "ours", "hot_path") as worker:
        subjects: dict[str, Subject] = {
            name: partial(_do, worker, job, 150) for name, job in jobs.items()
        }
        return interleave(subjects, 7 if quick else 25)


def _do(worker: Worker, job: str, number: int) -> Figures:
    return worker.do(job, number)


def _scenario(job: str, title: str, *without: str) -> Scenario:
    run = partial(_calls, job, set(without))
    return Scenario(job, title, HTTPX, {"cpu": "µs", "wall": "µs"}, run)


CALLS: Final = [
    _scenario("get", "GET of a prediction (1.4 KB), HTTP"),
    _scenario("get_tls", "GET of a prediction, HTTPS"),
    _scenario("post", "POST of a prediction, HTTP", TYPED, REPLICATE),
    _scenario("post_tls", "POST of a prediction, HTTPS", TYPED, REPLICATE),
    _scenario("page", "GET of a page of 50 (70 KB), all read, HTTP", TYPED, REPLICATE),
    _scenario("models", "GET of 60 models (64 KB), HTTP", TYPED, REPLICATE, OPENAI),
    Scenario(
        "hot_path",
        "One sync GET over HTTP, layer by layer",
        f"{OURS}, typed",
        {"cpu": "µs"},
        _hot_path,
        "Each line does what the one before it does, and more.",
    ),
    _scenario("aget", "async GET of a prediction, one at a time, HTTP"),
]
