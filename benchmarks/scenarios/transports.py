"""What sends the requests: the default, and what `http_client=` can be given instead."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import Final

from ..figures import Figures
from ..harness import Place, Subject, Worker, interleave
from .base import HTTPX, OURS, Samples, Scenario

_KINDS: Final = {
    OURS: "",
    "http2": "http2",
    "aiohttp": "aiohttp",
    "httpx2": "httpx2",
    HTTPX: "httpx",
}
# Its first burst of a thousand takes a minute, and its later ones many seconds.
_HTTPX_UP_TO: Final = 100
_BOTH_UP_TO: Final = 100


def _compared(number: int, where: Place, quick: bool) -> Samples:
    """Bursts after the first, or one call after another where the number is 1."""
    # All against the server that speaks both protocols, so that the figures compare; it does not
    # bear a thousand connections, which the plain one does.
    both = Place(where.http, where.http2, where.http2, where.authorities)
    with ExitStack() as stack:
        subjects: dict[str, Subject] = {}
        for name, kind in _KINDS.items():
            if name != HTTPX or number <= _HTTPX_UP_TO:
                server = both if number <= _BOTH_UP_TO or name == "http2" else where
                worker = Worker(server, "clients", "with_skytells", BENCH_CLIENT=kind)
                subjects[name] = partial(_one, stack.enter_context(worker), number)
        return interleave(subjects, 2 if quick else 3 if number > _BOTH_UP_TO else 5)


def _one(worker: Worker, number: int) -> Figures:
    if number > _BOTH_UP_TO:
        worker.do("burst_tls", number)  # the turns of the others take longer than connections rest
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
        "All through this package, async; a server that speaks HTTP/1.1 and HTTP/2, but for HTTP/1.1 "
        "with 1,000 in flight.",
    )
    for number in (1, 10, 100, 1000)
]
