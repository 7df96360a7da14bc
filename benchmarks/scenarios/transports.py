"""What sends the requests: the default, and what `http_client=` can be given instead."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Final

from ..figures import Figures
from ..harness import Place, Subject, Worker, interleave
from .base import HTTPX, OURS, Samples, Scenario

_KINDS: Final = {
    OURS: "",
    "httpx, with our transport": "transport",
    "httpx2": "httpx2",
    HTTPX: "httpx",
    "httpx, HTTP/2": "http2",
}
# Of httpx's own pool, the first burst of a thousand takes a minute. Nor does the server that speaks
# HTTP/2 take a thousand connections.
_ALL_UP_TO: Final = 100
_OWN_POOL: Final = {"httpx", "http2"}


def _compared(number: int, where: Place, quick: bool) -> Samples:
    """Bursts after the first, or one call after another where the number is 1."""
    few = number <= _ALL_UP_TO
    server = replace(where, https=where.http2) if few else where
    with ExitStack() as stack:
        subjects: dict[str, Subject] = {}
        for name, kind in _KINDS.items():
            if few or kind not in _OWN_POOL:
                worker = Worker(server, "clients", "with_skytells", BENCH_CLIENT=kind)
                subjects[name] = partial(_one, stack.enter_context(worker), number)
        return interleave(subjects, 2 if quick else 5 if few else 3)


def _one(worker: Worker, number: int) -> Figures:
    if number > _ALL_UP_TO:
        worker.do("burst_tls", number)  # connections have expired while the others had their turns
    done = worker.do("aget_tls", 50) if number == 1 else worker.do("burst_tls", number)
    return {"cpu": done["cpu"], "wall": done["wall"]}


TRANSPORTS: Final = [
    Scenario(
        f"transport_{number}",
        f"What sends the requests: {number:,} in flight, HTTPS"
        if number > 1
        else "What sends the requests: one at a time, HTTPS",
        OURS,
        {"cpu": "µs", "wall": "s"},
        partial(_compared, number),
        "All through this package, async; up to 100 in flight, all against a server that speaks "
        "HTTP/1.1 and HTTP/2.",
    )
    for number in (1, 10, 100, 1000)
]
