"""Waiting for a prediction, on a clock that moves only when the wait sleeps."""

from __future__ import annotations

import functools
import json
import random
import statistics
from collections.abc import Callable
from typing import Any

import pytest

from skytells._core.operation import Effect, Sleep, Wakeup
from skytells._core.polling import LAST_POLL, MAX_POLL_ERRORS, wait_options
from skytells._core.wire import Reply, WireRequest
from skytells._data.checks import Default, blocking
from skytells.errors import (
    AuthenticationError,
    ConfigurationError,
    InvalidRequestError,
    InvalidResponseError,
    NetworkError,
    NotFoundError,
    PredictionFailedError,
    RateLimitError,
    ServerError,
    SkytellsError,
    WaitTimeoutError,
)
from skytells.predictions.state import History
from skytells.predictions.targets import attach_prediction, resolve_target
from skytells.predictions.wait import wait
from skytells.types import PredictionResponse, WaitOptions
from skytells.webhooks import SIGNATURE_HEADER, WebhookHandler, sign

from ..core.support import Hand, JsonObject, Serve, reply, script

RUNNING: JsonObject = {"id": "p1", "status": "processing"}
DONE: JsonObject = {"id": "p1", "status": "succeeded", "output": ["u"]}
P1 = PredictionResponse.from_wire({"id": "p1", "status": "pending"})
NETWORK = NetworkError("No answer.", "NETWORK_ERROR", "d")


def ignore(prediction: PredictionResponse) -> None:
    del prediction


def job(hand: Callable[[], Hand], seconds: float) -> Serve:
    """A prediction that ends so many seconds after the clock's start."""

    def serve(request: WireRequest) -> Reply:
        return reply(DONE if hand().now >= 1000.0 + seconds else RUNNING)

    return serve


def job_hand(seconds: float, **options: Any) -> Hand:
    hand = Hand(script(reply(RUNNING)), **options)
    hand.serve = job(lambda: hand, seconds)
    return hand


def watched(
    hand: Hand,
    target: Any = P1,
    options: WaitOptions | None = None,
    on_progress: Any = None,
    history: History | None = None,
) -> PredictionResponse:
    return hand.perform(
        wait(
            target,
            options or WaitOptions(),
            on_progress,
            history,
            clock=hand.clock,
            chance=lambda: hand.chance,
        )
    )


# What is waited for


class Handle:
    response = P1


@pytest.mark.parametrize(
    "target",
    [
        P1,
        Handle(),
        {"id": "p1", "status": "pending"},
        {"id": "p1"},
        "p1",
        PredictionResponse.from_wire({"success": True}, {"id": "p1"}),
    ],
)
def test_wait_takes_anything_that_names_a_prediction(target: Any) -> None:
    hand = Hand(script(reply(DONE)))
    assert watched(hand, target) == DONE
    assert hand.sent == ["GET /v1/predictions/p1"]


@pytest.mark.parametrize(
    "target", [None, 5, {}, {"id": ""}, {"id": 5}, [P1], object(), {"success": True}]
)
def test_wait_refuses_what_names_no_prediction(target: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"wait\(\) takes"):
        resolve_target(target)


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled", "canceled"])
@pytest.mark.parametrize("form", [dict, PredictionResponse.from_wire])
def test_wait_returns_what_has_ended_without_a_look(form: Any, status: str) -> None:
    hand = Hand(script(reply({}, 500)))
    calls: list[Any] = []
    given = form({"id": "p1", "status": status, "mine": 1})
    assert watched(hand, given, on_progress=calls.append) == given
    assert (hand.exchanges, hand.naps, calls) == ([], [], [])


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled", "canceled"])
def test_wait_ends_at_every_terminal_status(status: str) -> None:
    hand = Hand(script(reply(RUNNING), reply({"id": "p1", "status": status})))
    assert watched(hand)["status"] == status
    assert len(hand.exchanges) == 2


@pytest.mark.parametrize("status", ["queued", "starting", "started", False, None, "unheard_of"])
def test_wait_goes_on_at_every_other_status(status: object) -> None:
    answers = [reply({"id": "p1", "status": status})] * 30
    hand = Hand(script(*answers, reply(DONE)))
    assert watched(hand).done
    assert len(hand.exchanges) == 31


def test_wait_looks_at_once_where_only_the_id_is_known() -> None:
    hand = job_hand(0.5)
    watched(hand, "p1")
    assert hand.naps == [0.25, 0.25]
    hand = job_hand(0.5)
    watched(hand, P1)
    assert len(hand.exchanges) == 2


# When to look


def test_wait_is_quick_at_first_and_eases_to_five_seconds() -> None:
    hand = job_hand(300)
    watched(hand)
    assert hand.naps == sorted(hand.naps)
    assert (hand.naps[0], hand.naps[-1]) == (0.25, 5.0)


@pytest.mark.parametrize(("history", "most"), [(False, 27), (True, 10)])
def test_wait_sees_the_end_soon_and_asks_seldom(history: bool, most: int) -> None:
    dice = random.Random(12)
    delays: list[float] = []
    polls: list[int] = []
    for seconds in (0.8, 4.0, 12.0, 60.0, 180.0):
        learnt = History()
        for run in range(40):
            took = seconds * dice.uniform(0.9, 1.1)
            hand = job_hand(took, rtt=0.12)
            hand.chance = dice.random()
            p = watched(hand, P1.model_copy(update={"model": "m"}), history=learnt)
            assert p.done
            if history:
                learnt.add(ended(took))
            if run >= 20:
                delays.append((hand.now - 1000.0 - took) / took)
                polls.append(len(hand.exchanges))
    assert statistics.mean(delays) <= 0.12
    assert statistics.mean(polls) <= most


def ended(seconds: float) -> PredictionResponse:
    return PredictionResponse.from_wire(
        {
            "id": "x",
            "status": "succeeded",
            "model": "m",
            "created_at": "2026-01-01T00:00:00Z",
            "completed_at": f"2026-01-01T00:{int(seconds) // 60:02}:{seconds % 60:09.6f}Z",
        }
    )


def test_wait_with_progress_looks_often_whatever_is_typical() -> None:
    history = History()
    for _ in range(5):
        history.add(ended(20.0))
    target = P1.model_copy(update={"model": "m"})
    quiet, watching = job_hand(20.0), job_hand(20.0)
    watched(quiet, target, history=history)
    watched(watching, target, on_progress=ignore, history=history)
    assert len(quiet.exchanges) < len(watching.exchanges) / 2


def test_wait_teaches_the_history_what_it_saw() -> None:
    history = History()
    for _ in range(3):
        watched(
            Hand(script(Reply(200, {}, ended(9.0).model_dump_json().encode()))),
            "x",
            None,
            None,
            history,
        )
    typical = history.typical("m")
    assert typical is not None
    assert typical.median == pytest.approx(9.0)


@pytest.mark.parametrize("interval", [10, 250, 5000, 60_000])
def test_wait_keeps_an_explicit_interval(interval: float) -> None:
    hand = job_hand(interval * 3.5 / 1000)
    watched(hand, options=WaitOptions(interval))
    assert hand.naps == [interval / 1000] * 4


# How long


@pytest.mark.parametrize("max_wait", [1, 100, 1000, 7_300, 60_000])
@pytest.mark.parametrize("interval", [None, 62.5, 700, 5000, 100_000])
@pytest.mark.parametrize("target", [P1, "p1"])
def test_wait_gives_up_at_the_deadline_after_a_last_look(
    target: Any, interval: float | None, max_wait: float
) -> None:
    looks: list[float] = []
    hand = Hand(script(reply(RUNNING)))

    def serve(request: WireRequest) -> Reply:
        looks.append(hand.now)
        return reply(RUNNING)

    hand.serve = serve
    with pytest.raises(WaitTimeoutError) as caught:
        watched(hand, target, wait_options(None, max_wait, interval))
    deadline = 1000.0 + max_wait / 1000
    assert looks[-1] == pytest.approx(deadline)
    assert max(looks) <= deadline + 1e-6
    assert len([look for look in looks if look >= deadline - 1e-6]) == 1
    error = caught.value
    assert (error.error_id, error.http_status, error.retryable) == ("WAIT_TIMEOUT", 408, True)
    assert "client.wait('p1')" in str(error)
    assert f"{max_wait}ms" in str(error)
    assert "processing" in str(error.details)
    assert error.prediction == RUNNING
    assert error.prediction_id == "p1"


def test_wait_takes_an_end_that_comes_with_the_last_look() -> None:
    hand = job_hand(2.0)
    assert watched(hand, options=WaitOptions(max_wait=2000)).done


def test_wait_without_time_looks_once_at_an_id() -> None:
    hand = Hand(script(reply(RUNNING)))
    with pytest.raises(WaitTimeoutError):
        watched(hand, "p1", WaitOptions(max_wait=0))
    assert (len(hand.exchanges), hand.naps) == (1, [])


def test_wait_without_a_limit_goes_on() -> None:
    hand = job_hand(3_000.0)
    assert watched(hand).done


def test_wait_gives_a_look_no_more_time_than_there_is() -> None:
    hand = job_hand(1e9)
    with pytest.raises(WaitTimeoutError):
        watched(hand, options=WaitOptions(2_000, max_wait=20_000))
    limits = [e.deadline for e in hand.exchanges]
    assert limits[0] == pytest.approx(1020.0)
    assert limits[-1] == pytest.approx(1020.0 + LAST_POLL)


# Trouble


@pytest.mark.parametrize(
    "trouble",
    [NETWORK, reply({}, 429), reply({}, 500), reply({}, 502), reply({}, 503), reply(b"", 504)],
)
def test_wait_bears_passing_trouble(trouble: Any) -> None:
    answers = [trouble] * MAX_POLL_ERRORS
    hand = Hand(script(*answers, reply(RUNNING), *answers, reply(DONE)))
    assert watched(hand).done
    assert len(hand.exchanges) == 2 * MAX_POLL_ERRORS + 2


@pytest.mark.parametrize("target", [P1, "p1"])
def test_wait_gives_up_on_lasting_trouble_with_the_prediction_attached(target: Any) -> None:
    hand = Hand(script(reply(RUNNING), reply({}, 503)))
    with pytest.raises(ServerError) as caught:
        watched(hand, target)
    assert len(hand.exchanges) == 1 + MAX_POLL_ERRORS + 1
    assert caught.value.http_status == 503
    assert caught.value.prediction == RUNNING
    assert caught.value.prediction_id == "p1"


def test_wait_backs_off_from_trouble() -> None:
    hand = Hand(script(*[reply({}, 503)] * MAX_POLL_ERRORS, reply(DONE)), chance=1.0)
    watched(hand)
    assert max(hand.naps) == 8.0
    quiet = job_hand(hand.now - 1000.0)
    watched(quiet)
    assert len(quiet.exchanges) > len(hand.exchanges)


def test_wait_keeps_retry_after_up_to_a_minute() -> None:
    hand = Hand(script(reply({}, 429, retry_after="30"), reply(DONE)))
    watched(hand)
    assert hand.naps[-1] == 30.0
    hand = Hand(script(reply({}, 429, retry_after="99999999"), reply(DONE)))
    watched(hand)
    assert hand.naps[-1] == 60.0


def test_wait_in_trouble_still_ends_at_the_deadline() -> None:
    hand = Hand(script(reply(RUNNING), reply({}, 429, retry_after="50")))
    with pytest.raises(WaitTimeoutError) as caught:
        watched(hand, options=WaitOptions(max_wait=20_000))
    assert hand.now == pytest.approx(1020.0)
    assert isinstance(caught.value.__cause__, RateLimitError)
    assert caught.value.prediction == RUNNING


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply({}, 401), AuthenticationError),
        (reply({}, 404), NotFoundError),
        (reply({"error": {"error_id": "PREDICTION_NOT_FOUND"}}, 502), NotFoundError),
        (reply({"error": {"error_id": "PREDICTION_FAILED"}}, 502), PredictionFailedError),
        (reply({}, 400), InvalidRequestError),
        (reply(b"{"), InvalidResponseError),
        (reply({"id": "p2", "status": "succeeded"}), InvalidResponseError),
        (reply(b"", 302), InvalidResponseError),
        (NetworkError("x", "NETWORK_ERROR", "d", retryable=False), NetworkError),
    ],
)
def test_wait_ends_at_once_with_trouble_that_lasts(answer: Any, kind: type[SkytellsError]) -> None:
    hand = Hand(script(reply(RUNNING), answer))
    with pytest.raises(kind) as caught:
        watched(hand)
    assert len(hand.exchanges) == 2
    assert caught.value.prediction == RUNNING


# Progress


def test_progress_is_told_of_each_look_but_not_of_what_was_known() -> None:
    told: list[PredictionResponse] = []
    hand = Hand(script(reply(RUNNING), reply({}, 503), reply(RUNNING), reply(DONE)))
    watched(hand, on_progress=told.append)
    assert [p.status for p in told] == ["processing", "processing", "succeeded"]


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt(), SystemExit(3)])
def test_exception_of_a_callback_names_the_prediction(error: BaseException) -> None:
    def broken(prediction: PredictionResponse) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        watched(Hand(script(reply(RUNNING))), on_progress=broken)
    assert caught.value is error
    assert any("client.wait('p1')" in note for note in caught.value.__notes__)
    assert vars(caught.value)["prediction_id"] == "p1"


def test_error_of_ours_in_a_callback_carries_the_prediction() -> None:
    def broken(prediction: PredictionResponse) -> None:
        raise NotFoundError("m", "X", "d", 404)

    with pytest.raises(NotFoundError) as caught:
        watched(Hand(script(reply(RUNNING))), on_progress=broken)
    assert caught.value.prediction == RUNNING


def test_carrying_keeps_a_prediction_that_the_error_has() -> None:
    error = NotFoundError("m", "X", "d", 404)
    error.prediction = PredictionResponse(id="other")
    with pytest.raises(NotFoundError), attach_prediction("p1", P1):
        raise error
    assert error.prediction_id == "other"


def test_flow_that_is_closed_leaves_no_note() -> None:
    flow = wait(P1, WaitOptions())
    next(flow)
    flow.close()


async def coroutine(prediction: PredictionResponse) -> None: ...


class AsyncCallable:
    async def __call__(self, prediction: PredictionResponse) -> None: ...


@pytest.mark.parametrize("callback", [coroutine, functools.partial(coroutine), AsyncCallable()])
def test_async_callback_is_refused_by_the_sync_client(callback: Any) -> None:
    with pytest.raises(InvalidRequestError, match="AsyncSkytellsClient"):
        blocking(callback)


@pytest.mark.parametrize(
    "callback", [None, print, functools.partial(print, "x"), list[Any]().append]
)
def test_plain_callback_is_taken(callback: Any) -> None:
    assert blocking(callback) is callback


# Options


def test_waiting_lets_keywords_win() -> None:
    assert wait_options({"interval": 1, "max_wait": 2}, 3, None) == WaitOptions(1, 3)
    assert wait_options(WaitOptions(1, 2), None, 4) == WaitOptions(4, 2)
    assert isinstance(wait_options(None, 5, None).interval, Default)
    assert isinstance(wait_options({"max_wait": 5}, None, None).interval, Default)
    with pytest.raises(ConfigurationError, match="max_wait"):
        wait_options(None, -1, None)


# A webhook that may come first


class Expecting(Hand):
    """A hand that, in the midst of its second nap, is told of the end by a webhook."""

    def __init__(self, handler: WebhookHandler, told: JsonObject) -> None:
        super().__init__(script(reply(RUNNING)))
        self.handler, self.told = handler, told
        self.heard: list[str] = []

    def _give(self, effect: Effect) -> object:
        if isinstance(effect, Sleep) and len(self.naps) == 1:
            assert effect.wakeup is not None
            body = json.dumps(self.told).encode()
            with effect.wakeup.listening(lambda: self.heard.append("rung")):
                self.handler.receive(body, {SIGNATURE_HEADER: sign(body, "whsec")})
        return super()._give(effect)


def test_webhook_of_the_end_rings_and_needs_no_further_look() -> None:
    handler = WebhookHandler("whsec")
    hand = Expecting(handler, DONE)
    history = History()
    seen: list[PredictionResponse] = []
    ended = hand.perform(
        wait(P1, WaitOptions(), seen.append, history, handler, clock=hand.clock, chance=lambda: 0.5)
    )
    assert ended == DONE
    assert hand.heard == ["rung"]
    assert len(hand.sent) == 2
    assert [p.status for p in seen] == ["processing", "processing", "succeeded"]
    assert vars(handler)["_awaited"] == {}


@pytest.mark.parametrize("told", [{"id": "p2", "status": "failed"}, RUNNING])
def test_webhook_of_another_or_of_no_end_does_not_ring(told: JsonObject) -> None:
    handler = WebhookHandler("whsec")
    hand = Expecting(handler, told)
    with pytest.raises(WaitTimeoutError):
        hand.perform(wait(P1, WaitOptions(max_wait=9_000), None, None, handler, clock=hand.clock))
    assert hand.heard == []


def test_looks_are_six_times_rarer_where_a_webhook_is_expected() -> None:
    naps: dict[bool, list[float]] = {}
    for expected in (False, True):
        handler = WebhookHandler("whsec") if expected else None
        hand = Hand(script(reply(RUNNING)))
        with pytest.raises(WaitTimeoutError):
            hand.perform(
                wait(
                    P1,
                    WaitOptions(max_wait=600_000),
                    handler=handler,
                    clock=hand.clock,
                    chance=lambda: 0.5,
                )
            )
        naps[expected] = hand.naps
    assert (naps[False][0], naps[True][0]) == (0.25, 1.5)
    assert (max(naps[False]), max(naps[True])) == (5.0, 30.0)
    assert len(naps[True]) < len(naps[False]) / 4


def test_trouble_on_the_first_look_is_borne_beside_a_handler() -> None:
    hand = Hand(script(NETWORK, reply(DONE)))
    handler = WebhookHandler("whsec")
    ended = hand.perform(
        wait(P1, WaitOptions(), None, None, handler, clock=hand.clock, chance=lambda: 0.5)
    )
    assert ended == DONE
    assert len(hand.naps) == 1


def test_bell_that_has_rung_is_heard_at_once_and_only_within_its_block() -> None:
    wakeup, heard = Wakeup[int](), list[str]()
    with wakeup.listening(lambda: heard.append("first")):
        assert heard == []
        wakeup.notify(1)
    with wakeup.listening(lambda: heard.append("second")):
        assert heard == ["first", "second"]
    wakeup.notify(2)
    assert (heard, wakeup.take()) == (["first", "second"], [1, 2])
    with wakeup.listening(lambda: heard.append("third")):
        assert (heard, wakeup.take()) == (["first", "second"], [])
