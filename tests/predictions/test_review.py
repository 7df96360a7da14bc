# pyright: reportPrivateUsage=false
"""Traps that a review found: each was wrong once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from types import MappingProxyType
from typing import Any, cast

import httpcore
import pytest

from skytells import (
    AsyncSkytellsClient,
    ConfigurationError,
    DispatchError,
    InvalidRequestError,
    NetworkError,
    PredictionRequest,
    PredictionResponse,
    PredictionWebhook,
    SkytellsClient,
    SkytellsError,
)
from skytells._core.operation import Gather, Raised, advance
from skytells._core.wire import Origin, Reply, WireRequest
from skytells._data.json import to_json
from skytells._http.async_pool import AsyncPool
from skytells._http.network import AsyncBackend, RequestState
from skytells._http.pool import Pooled, PoolOptions
from skytells.client.base import raw_call
from skytells.predictions.dispatch import dispatch
from skytells.predictions.recover import reconcile, unconfirmed
from skytells.predictions.requests import creating, get_prediction
from skytells.predictions.run import run
from skytells.predictions.state import SubmissionLog
from skytells.predictions.wait_all import PredictionBatch
from skytells.types.requests import RunOptions, WaitOptions

from ..core.support import Hand, JsonObject, config, preflight, reply, script
from .test_dispatch import Queue
from .test_recover import PROMPT, Server, just_lost

ORIGIN = Origin("https", "api.example.com", 443)
KEY = (b"https", b"api.example.com", 443, False)
LOST = NetworkError("Connection lost.", "NETWORK_ERROR", "d", maybe_sent=True)


# Whose prediction is it?


def test_reconcile_leaves_a_prediction_to_an_equal_request_under_way() -> None:
    accepted, error = SubmissionLog(), just_lost()
    hand = Hand(Server({"p1": 1.0}))
    other = PredictionRequest("flux-pro", dict(PROMPT), await_=True)
    with accepted.expecting(other), pytest.raises(NetworkError):
        hand.perform(reconcile(error, accepted))
    assert [p.id for p in error.candidates] == ["p1"]
    assert accepted.ids() == []


def test_reconcile_looks_again_until_an_equal_request_has_its_answer() -> None:
    accepted = SubmissionLog()
    server = Server({"theirs": 1.0, "ours": 2.0})
    looks = 0

    with accepted.expecting(PredictionRequest("flux-pro", dict(PROMPT))):
        block = accepted.expecting(PredictionRequest("flux-pro", dict(PROMPT)))
        block.__enter__()

    def serve(request: WireRequest) -> Reply:
        nonlocal looks
        looks += 1
        if looks == 2:
            accepted.add(PredictionResponse(id="theirs"))
            block.__exit__(None, None, None)
        return server(request)

    hand = Hand(serve)
    assert hand.perform(reconcile(just_lost(), accepted)).id == "ours"
    assert hand.naps == [1.0]


def test_run_expects_its_answer_only_until_it_has_come() -> None:
    accepted = SubmissionLog()
    seen: list[bool] = []
    request = PredictionRequest("flux-pro", dict(PROMPT))

    def serve(_: WireRequest) -> Reply:
        seen.append(accepted.expects(request))
        return reply({"id": "p1", "status": "succeeded"})

    Hand(serve).perform(run("flux-pro", RunOptions(dict(PROMPT)), None, accepted, preflight()))
    assert seen == [True]
    assert not accepted.expects(request)


def test_reconcile_prefers_exactly_the_input_that_was_asked_for() -> None:
    inputs: dict[str, JsonObject] = {"more": {**PROMPT, "seed": 7}, "same": PROMPT}
    hand = Hand(Server(dict.fromkeys(inputs, 1.0), inputs=inputs))
    assert hand.perform(reconcile(just_lost(), SubmissionLog())).id == "same"


def test_reconcile_takes_no_other_input_for_an_empty_one() -> None:
    error = just_lost()
    error.request = PredictionRequest("flux-pro", {})
    with pytest.raises(NetworkError):
        Hand(Server({"p1": 1.0})).perform(reconcile(error, SubmissionLog()))
    assert [p.id for p in error.candidates] == ["p1"]


# What is asked for is sent, or refused


@pytest.mark.parametrize(
    "keywords",
    [
        {"input": PROMPT},
        {"webhook": {"url": "https://example.com"}},
        {"await_": True},
        {"stream": True},
    ],
)
def test_create_does_not_ignore_keywords_beside_a_payload(keywords: dict[str, Any]) -> None:
    given: dict[str, Any] = {"input": None, "webhook": None, "await_": False, "stream": False}
    payload = {"model": "flux-pro", "input": PROMPT}
    with pytest.raises(InvalidRequestError, match="payload and keywords"):
        creating(payload, None, **(given | keywords))


def test_mappings_are_sent_as_objects() -> None:
    webhook = PredictionWebhook(url="https://example.com", events=["completed"])
    frozen = MappingProxyType({"seed": 7})
    request = PredictionRequest("flux-pro", {"style": frozen}, webhook=webhook)
    sent = b'{"model":"flux-pro","input":{"style":{"seed":7}},"webhook":'
    assert request.encode().startswith(sent + b'{"url":"https://example.com"')
    assert request.copy().input == {"style": {"seed": 7}}
    with pytest.raises(InvalidRequestError, match=r"input\.a\.b: .*set"):
        to_json({"input": {"a": MappingProxyType({"b": {1}})}})


def test_deep_input_is_sent_or_refused() -> None:
    with SkytellsClient("sk-a") as client:
        for depth in (100, 400, 600, 800, 2000, 100_000):
            value: Any = 1
            for _ in range(depth):
                value = [value]
            try:
                client.queue({"model": "flux-pro", "input": {"deep": value}})
            except InvalidRequestError as error:
                assert "nested" in str(error)  # noqa: PT017  # the shallow ones raise nothing


@pytest.mark.parametrize("on_progress", ["print", {"url": "https://example.com"}, 1])
def test_what_is_no_function_is_refused_before_anything_is_paid_for(on_progress: Any) -> None:
    hand = Hand(script(LOST))
    with pytest.raises(InvalidRequestError, match="on_progress"):
        hand.perform(
            run("flux-pro", RunOptions(dict(PROMPT)), on_progress, SubmissionLog(), preflight())
        )
    with pytest.raises(InvalidRequestError, match="on_progress"):
        PredictionBatch(["p1"], WaitOptions(), on_progress)
    assert hand.sent == []


@pytest.mark.parametrize("targets", ["p1", {"id": "p1"}, PredictionResponse(id="p1"), 7])
def test_watch_refuses_one_where_several_are_due(targets: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"wait\(\)"):
        PredictionBatch(targets, WaitOptions())


def test_request_refuses_params_that_are_no_dict() -> None:
    with pytest.raises(InvalidRequestError, match="params"):
        raw_call("GET", "/models", cast(Any, [("page", 1)]), None)


# What is lost, and how to look


def test_watch_keeps_a_prediction_whose_callback_raised() -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError

    batch = PredictionBatch(["p1"], WaitOptions(), fail)
    hand = Hand(script(reply({"id": "p1", "status": "succeeded"})))
    with pytest.raises(ZeroDivisionError) as caught:
        hand.perform(batch.next())
    assert vars(caught.value)["prediction_id"] == "p1"
    assert [p.id for p in hand.perform(batch.next())] == ["p1"]


def test_dispatch_that_is_cancelled_tells_what_was_under_way() -> None:
    requests = [PredictionRequest("flux-pro", {"n": n}) for n in range(3)]
    queue = Queue()
    flow = dispatch(requests, SubmissionLog(), preflight(), queue)
    effect = advance(flow)
    assert isinstance(effect, Gather)
    effect.outcomes[0] = PredictionResponse(id="p0")
    effect.begin(1)
    with pytest.raises(asyncio.CancelledError) as caught:
        advance(flow, Raised(asyncio.CancelledError()))
    error = vars(caught.value)["dispatch_error"]
    assert isinstance(error, DispatchError)
    assert error.predictions[0] is not None
    assert [getattr(e, "maybe_sent", None) for e in error.errors] == [None, True, None]
    assert error.errors[1] is not None
    assert getattr(error.errors[1], "request") == requests[1]  # noqa: B009  # not every exception has one
    assert queue.back == requests[2:]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, asyncio.CancelledError])
def test_run_that_is_interrupted_tells_how_to_look(kind: type[BaseException]) -> None:
    hand = Hand(script(kind()))
    with pytest.raises(kind) as caught:
        hand.perform(run("flux-pro", RunOptions(dict(PROMPT)), None, SubmissionLog(), preflight()))
    assert "find_unconfirmed" in caught.value.__notes__[0]
    error = vars(caught.value)["unconfirmed"]
    assert error.maybe_sent
    assert error.request.model == "flux-pro"
    found = unconfirmed(error, SubmissionLog(), wall_clock=lambda: error.started_at + 5.0)
    assert [p.id for p in Hand(Server({"p1": 1.0, "older": 60.0})).perform(found)] == ["p1"]


@pytest.mark.parametrize("answer", [LOST, reply({}, 503), reply({}, 408)])
def test_error_of_what_may_be_paid_for_does_not_invite_another_try(answer: Any) -> None:
    hand = Hand(script(answer))
    with pytest.raises(SkytellsError) as caught:
        hand.perform(raw_call("POST", "/predict", None, {}))
    assert (caught.value.maybe_sent, caught.value.retryable) == (True, False)
    with pytest.raises(SkytellsError) as caught:
        hand.perform(get_prediction("p1"))
    assert caught.value.maybe_sent is False
    assert caught.value.retryable


def test_read_that_is_interrupted_tells_nothing() -> None:
    with pytest.raises(KeyboardInterrupt) as caught:
        Hand(script(KeyboardInterrupt())).perform(get_prediction("p1"))
    assert not hasattr(caught.value, "__notes__")


def test_error_of_a_request_of_ones_own_names_no_lookup_that_cannot_work() -> None:
    hand = Hand(script(LOST), config=config())
    with pytest.raises(NetworkError) as caught:
        hand.perform(raw_call("POST", "/chat/completions", None, {"model": "m"}))
    assert caught.value.maybe_sent
    assert "may have been accepted" in str(caught.value)
    assert "find_unconfirmed" not in str(caught.value)


# As a dict, as a module


def test_record_copies_and_joins_as_a_dict_does() -> None:
    wire = {"id": "p1", "status": "succeeded", "new": 1}
    record = PredictionResponse.from_wire(wire)
    copied = record.copy()
    copied["mine"] = True
    assert copied == {**wire, "mine": True}
    assert "mine" not in record
    assert record | {"a": 1} == {**wire, "a": 1}
    assert {"a": 1, "id": "x"} | record == {"a": 1, **wire}
    with pytest.raises(TypeError):
        record | 1  # pyright: ignore[reportUnusedExpression]


def test_modules_are_there_once_the_package_is_imported() -> None:
    code = (
        "import skytells; print(skytells.types.PredictionStatus.FAILED, skytells.errors.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "failed skytells.errors\n"


# Connections


def test_host_that_no_resolver_takes_is_refused_at_once() -> None:
    with pytest.raises(ConfigurationError, match="base_url"):
        SkytellsClient("sk-a", base_url=f"https://{'a' * 64}.example")


class Lane:
    """A connection at rest that takes a moment to close."""

    def __init__(self, *, expired: bool = False) -> None:
        self.expired, self.closed = expired, False

    def is_idle(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return self.closed

    def has_expired(self) -> bool:
        return self.expired

    async def aclose(self) -> None:
        self.closed = True
        await asyncio.sleep(0)


async def test_connection_is_kept_where_a_task_is_cancelled_while_taking_it() -> None:
    pool = AsyncPool(PoolOptions(10))
    here = await pool._here()
    good, stale = Lane(), [Lane(expired=True), Lane(expired=True)]
    for lane in (good, *stale):
        here.idle.put(KEY, Pooled(cast(httpcore.AsyncHTTPConnection, lane), AsyncBackend()), 10)
    task = asyncio.create_task(pool._take(here, KEY, RequestState()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert all(lane.closed for lane in stale)
    pooled, _ = here.idle.take(KEY, 30.0)
    assert pooled is not None
    assert cast(object, pooled.connection) is good
    assert not good.closed
    await pool.aclose()


async def test_async_client_refuses_what_is_no_function_before_anything_is_sent() -> None:
    async with AsyncSkytellsClient("sk-a", base_url="http://127.0.0.1:9") as client:
        with pytest.raises(InvalidRequestError, match="on_progress"):
            await client.run("flux-pro", {"prompt": "x"}, cast(Any, "print"))
