"""From bytes to objects, and what they weigh."""

from __future__ import annotations

from functools import partial
from typing import Final

from ..figures import Figures
from ..harness import Place, Subject, Worker, interleave, once
from .base import HTTPX, OPENAI, OURS, PUBLISHED, REPLICATE, TYPED, Samples, Scenario

JSON: Final = "json.loads"
TOUCHED: Final = f"{OURS}, fields read"
EAGER: Final = "pydantic, no raw"
BOTH: Final = "pydantic and raw"

_PARSING: Final = {
    "one": {JSON: "json", OURS: "ours", TOUCHED: "ours_touched", EAGER: "pydantic"},
    "page": {
        JSON: "json",
        OURS: "ours",
        TOUCHED: "ours_touched",
        EAGER: "pydantic",
        BOTH: "pydantic_and_raw",
    },
    "models": {JSON: "json", OURS: "ours", TOUCHED: "ours_touched"},
}
_HOLDING: Final = {
    JSON: "json",
    OURS: "ours",
    TOUCHED: "ours_touched",
    EAGER: "pydantic",
    BOTH: "pydantic_and_raw",
}


def _parse(body: str, where: Place, quick: bool) -> Samples:
    number = 1000 if body == "one" else 20
    with Worker(where, "ours", "parsing") as worker:
        subjects: dict[str, Subject] = {
            name: partial(_do, worker, f"{body}_{design}", number)
            for name, design in _PARSING[body].items()
        }
        return interleave(subjects, 9 if quick else 25)


def _do(worker: Worker, job: str, number: int) -> Figures:
    return worker.do(job, number)


def _hold(where: Place, quick: bool) -> Samples:
    subjects = {
        name: once(where, "ours", "parsing", f"hold_{design}", 2000 if quick else 10_000)
        for name, design in _HOLDING.items()
    }
    return interleave(subjects, 3 if quick else 5, warm_up=False)


def _idle(where: Place, quick: bool) -> Samples:
    table = {
        HTTPX: ("httpx", "with_httpx", "idle"),
        TYPED: ("httpx", "with_httpx", "idle_typed"),
        OURS: ("ours", "with_skytells", "idle"),
        PUBLISHED: ("published", "with_published", "idle"),
        REPLICATE: ("replicate", "with_replicate", "idle"),
        OPENAI: ("openai", "with_openai", "idle"),
    }
    subjects = {name: once(where, *job) for name, job in table.items()}
    return interleave(subjects, 3 if quick else 5, warm_up=False)


def _parsing(body: str, title: str) -> Scenario:
    return Scenario(f"parse_{body}", title, JSON, {"cpu": "µs"}, partial(_parse, body))


READING: Final = [
    _parsing("one", "Reading a prediction (1.4 KB)"),
    _parsing("page", "Reading a page of 50 (70 KB)"),
    _parsing("models", "Reading 60 models (64 KB)"),
    Scenario("hold", "Memory of 10,000 predictions, kB each", JSON, {"rss": "kB"}, _hold),
    Scenario("idle", "Resident memory after one call over TLS", HTTPX, {"rss": "MB"}, _idle),
]
