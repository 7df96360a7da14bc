"""Many calls, and long ways: what grows with them, what a task queue carries, what an interrupt leaves."""

from __future__ import annotations

import asyncio
import copy
import gc
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import pytest

from skytells import (
    AsyncSkytellsClient,
    DispatchError,
    ModelFieldsOptions,
    NotFoundError,
    PaginatedResponse,
    PredictionRequest,
    PredictionResponse,
    PredictionsListOptions,
    RateLimitError,
    RetryOptions,
    SkytellsClient,
    SkytellsError,
    WaitOptions,
    WaitTimeoutError,
)

from ..conftest import Colour
from .conftest import Serve
from .loopback import answering
from .steps import answers
from .test_lifecycle import KEY, interrupted

# Many calls

CALLS = 10_000
LANES = 8


@dataclass(frozen=True)
class Usage:
    """What this process holds."""

    blocks: int
    descriptors: int
    threads: int

    @classmethod
    def now(cls) -> Self:
        gc.collect()
        descriptors = len(list(Path("/dev/fd").iterdir())) if os.name == "posix" else 0
        return cls(sys.getallocatedblocks(), descriptors, threading.active_count())


def ask(client: SkytellsClient, times: int) -> None:
    """So many looks, one in four of them in vain."""
    for n in range(times):
        if n % 4:
            assert client.predictions.get("p1").status == "succeeded"
        else:
            with pytest.raises(NotFoundError):
                client.predictions.get("gone")


async def aask(client: AsyncSkytellsClient, times: int) -> None:
    """As `ask`, awaited."""
    for n in range(times):
        if n % 4:
            assert (await client.predictions.get("p1")).status == "succeeded"
        else:
            with pytest.raises(NotFoundError):
                await client.predictions.get("gone")


def growth(colour: Colour, calls: int) -> tuple[Usage, Usage]:
    """What is held after a tenth of the calls, and after all of them, by a client still open."""
    usages: list[Usage] = []
    rounds = [calls // 10 // LANES, (calls - calls // 10) // LANES]

    def in_threads(url: str) -> None:
        with SkytellsClient(KEY, base_url=url) as client, ThreadPoolExecutor(LANES) as pool:
            for times in rounds:
                list(pool.map(ask, [client] * LANES, [times] * LANES))
                usages.append(Usage.now())

    async def in_tasks(url: str) -> None:
        async with AsyncSkytellsClient(KEY, base_url=url) as client:
            for times in rounds:
                await asyncio.gather(*(aask(client, times) for _ in range(LANES)))
                usages.append(Usage.now())

    with answering() as url:
        if colour == "sync":
            in_threads(url)
        else:
            asyncio.run(in_tasks(url))
    return usages[0], usages[1]


@pytest.mark.extended
def test_calls_by_the_thousands_leave_nothing_behind(colour: Colour) -> None:
    few, many = growth(colour, CALLS)
    assert many.descriptors <= few.descriptors
    assert many.threads <= few.threads
    # Caches of the interpreter may still fill; what a call kept would be nine thousand.
    assert many.blocks - few.blocks < CALLS // 20


# What a task queue carries

WIRE: dict[str, Any] = {
    "id": "p1",
    "status": "canceled",
    "input": {"prompt": "é🦊", "seed": 2**60, "scale": 0.1},
    "metrics": {"progress": 40},
    "urls": {"get": "https://x/p1"},
    "unknown": [None, {"a": [1.5]}],
}


def queued(value: object, form: str) -> Any:
    """A value as it comes out at the other end of a task queue, which Celery's is."""
    serialization: Any = import_module("kombu.serialization")  # untyped
    serialization.enable_insecure_serializers([form])  # as a project that uses pickle does
    try:
        kind, encoding, payload = serialization.dumps(value, serializer=form)
        return serialization.loads(payload, kind, encoding, accept=[kind])
    finally:
        serialization.disable_insecure_serializers()


def _errors() -> list[SkytellsError]:
    record = PredictionResponse.from_wire(WIRE)
    limited = RateLimitError("Slow down.", "RATE_LIMITED", {"a": [1]}, 429, retry_after=1.5)
    limited.request = PredictionRequest("m", {"prompt": "x"}, extra={"tag": 1})
    late = WaitTimeoutError("Still running.", "WAIT_TIMEOUT", "d", 408)
    late.prediction = record
    partly = DispatchError("One failed.", "RATE_LIMITED", "d", 429)
    partly.predictions, partly.errors = [record, None], [None, limited]
    partly.requests = partly.unsent = [limited.request]
    return [limited, late, partly]


def _state(error: SkytellsError) -> dict[str, Any]:
    """What an error holds; errors within it by theirs."""
    held = copy.copy(vars(error))
    held["errors"] = [vars(e) if e else None for e in held.get("errors", ())]
    return held


@pytest.mark.parametrize(
    "value",
    [
        PredictionRequest("flux-pro", {"prompt": "x"}, {"url": "u"}, await_=True, extra={"tag": 1}),
        PredictionResponse.from_wire(WIRE),
        PredictionResponse.from_wire({"success": True}, {"id": "p1", "status": "deleted"}),
        PaginatedResponse({"data": [WIRE], "pagination": {"total": 1}}),
        [PredictionResponse.from_wire(WIRE)],
        WaitOptions(max_wait=5),
        WaitOptions(),
        RetryOptions(2),
        PredictionsListOptions(1, per_page=5),
        ModelFieldsOptions(["input_schema"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_task_queue_carries_requests_records_and_options(value: Any) -> None:
    back = queued(value, "pickle")
    assert (type(back), back) == (type(value), value)
    assert repr(back) == repr(value)


def test_task_queue_keeps_a_default_known_as_one() -> None:
    # `wait()` is adaptive only where nobody asked for an interval.
    assert type(queued(WaitOptions(), "pickle").interval) is type(WaitOptions().interval)


@pytest.mark.parametrize("error", _errors(), ids=lambda error: type(error).__name__)
def test_task_queue_carries_errors_with_all_they_hold(error: SkytellsError) -> None:
    back = queued(error, "pickle")
    assert (type(back), str(back), _state(back)) == (type(error), str(error), _state(error))


@pytest.mark.parametrize(
    ("value", "carried", "read"),
    [
        (
            PredictionRequest("flux-pro", {"prompt": "x"}, await_=True, extra={"tag": 1}),
            PredictionRequest.to_dict,
            PredictionRequest.from_dict,
        ),
        (PredictionResponse.from_wire(WIRE), dict, PredictionResponse.from_wire),
        (
            PaginatedResponse({"data": [WIRE], "pagination": {"total": 1}}),
            PaginatedResponse.to_dict,
            PaginatedResponse,
        ),
    ],
    ids=["PredictionRequest", "PredictionResponse", "PaginatedResponse"],
)
def test_task_queue_of_json_carries_plain_dicts_there_and_back(
    value: Any, carried: Callable[[Any], Any], read: Callable[[Any], Any]
) -> None:
    assert read(queued(carried(value), "json")) == value


# Ctrl-C


def test_interrupt_of_an_event_loop_names_the_prediction_and_leaves_the_client_usable(
    serve: Serve,
) -> None:
    running = {"id": "p1", "status": "processing"}
    server = serve(answers(running), answers(running | {"status": "succeeded"}))
    script = """
        import asyncio, sys
        from skytells import AsyncSkytellsClient

        client = AsyncSkytellsClient("sk-key", base_url=sys.argv[1])

        async def main():
            try:
                await client.wait("p1", interval=60_000)
            except asyncio.CancelledError as interrupt:
                print(interrupt.__notes__[0])
                raise

        async def look():
            async with client:
                print((await client.predictions.get("p1")).status)

        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            asyncio.run(look())
    """
    with interrupted(server, script, requests=1) as process:
        told, errors = process.communicate(timeout=240)
    assert errors == ""
    note, status = told.splitlines()
    assert "client.wait('p1')" in note
    assert status == "succeeded"
