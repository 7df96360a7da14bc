"""Running a model, driven by hand: created, waited for, and found again where its answer was lost."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from skytells._core.wire import Reply
from skytells.errors import (
    AuthenticationError,
    InvalidRequestError,
    NetworkError,
    PredictionFailedError,
    SkytellsError,
    WaitTimeoutError,
)
from skytells.predictions.run import failed, run, run_options
from skytells.predictions.state import SubmissionLog
from skytells.types import PredictionRequest, PredictionResponse, RunOptions

from ..core.support import Hand, JsonObject, body_of, preflight, reply, script
from .test_recover import PROMPT, Server

DONE: JsonObject = {"id": "p1", "status": "succeeded", "input": PROMPT, "output": ["u"]}
PENDING: JsonObject = {"id": "p1", "status": "pending", "input": PROMPT}


def ran(
    hand: Hand,
    options: RunOptions | None = None,
    on_progress: Any = None,
    accepted: SubmissionLog | None = None,
) -> PredictionResponse:
    accepted = SubmissionLog() if accepted is None else accepted
    return hand.perform(
        run("flux-pro", options or RunOptions(PROMPT), on_progress, accepted, preflight())
    )


def test_run_that_the_server_awaits_is_one_exchange() -> None:
    hand = Hand(script(reply(DONE)))
    assert ran(hand) == DONE
    assert hand.sent == ["POST /v1/predict"]
    assert body_of(hand.exchanges[0].request) == {
        "model": "flux-pro",
        "input": PROMPT,
        "await": True,
    }


def test_run_goes_on_by_waiting_where_the_server_does_not_await() -> None:
    hand = Hand(script(reply(PENDING), reply(PENDING), reply(DONE)))
    assert ran(hand) == DONE
    assert hand.sent == ["POST /v1/predict", *["GET /v1/predictions/p1"] * 2]


@pytest.mark.parametrize(
    ("options", "on_progress"),
    [
        (RunOptions(PROMPT), print),
        (RunOptions(PROMPT, max_wait=60_000), None),
        (RunOptions(PROMPT, interval=10), None),
    ],
)
def test_run_that_is_watched_is_created_in_the_background(
    options: RunOptions, on_progress: Any
) -> None:
    hand = Hand(script(reply(PENDING), reply(DONE)))
    assert ran(hand, options, on_progress) == DONE
    assert body_of(hand.exchanges[0].request)["await"] is False
    assert hand.sent == ["POST /v1/predict", "GET /v1/predictions/p1"]


def test_run_sends_webhook_and_stream() -> None:
    hand = Hand(script(reply(DONE)))
    ran(hand, RunOptions(PROMPT, {"url": "https://u"}, True))
    body = body_of(hand.exchanges[0].request)
    assert (body["webhook"], body["stream"]) == ({"url": "https://u"}, True)


def test_run_tells_of_progress() -> None:
    told: list[str] = []

    def tell(prediction: PredictionResponse) -> None:
        told.append(prediction.status)

    ran(Hand(script(reply(PENDING), reply(PENDING), reply(DONE))), None, tell)
    assert told == ["pending", "succeeded"]


def test_run_returns_a_cancelled_prediction() -> None:
    hand = Hand(script(reply({"id": "p1", "status": "canceled"})))
    assert ran(hand).status == "cancelled"


@pytest.mark.parametrize("awaited", [False, True])
def test_run_raises_for_a_failed_prediction(awaited: bool) -> None:
    failure = reply({"id": "p1", "status": "failed", "response": "NSFW content detected."})
    answers = [failure] if awaited else [reply(PENDING), failure]
    with pytest.raises(PredictionFailedError) as caught:
        ran(Hand(script(*answers)))
    error = caught.value
    assert (error.error_id, error.http_status) == ("PREDICTION_FAILED", 0)
    assert str(error).startswith("NSFW content detected. Prediction p1 failed")
    assert error.prediction_id == "p1"
    assert error.response == failure.json()


def test_run_out_of_time_carries_the_prediction() -> None:
    hand = Hand(script(reply(PENDING)))
    with pytest.raises(WaitTimeoutError) as caught:
        ran(hand, RunOptions(PROMPT, max_wait=0))
    assert caught.value.prediction == PENDING


def test_run_in_trouble_carries_the_prediction() -> None:
    with pytest.raises(AuthenticationError) as caught:
        ran(Hand(script(reply(PENDING), reply({}, 401))))
    assert caught.value.prediction == PENDING


def test_run_remembers_what_was_accepted() -> None:
    accepted = SubmissionLog()
    with pytest.raises(AuthenticationError):
        ran(Hand(script(reply(PENDING), reply({}, 401))), accepted=accepted)
    assert accepted.ids() == ["p1"]


@pytest.mark.parametrize("input", [{"a": object()}, 5])
def test_run_refuses_bad_input_before_the_wire(input: Any) -> None:
    hand = Hand(script(reply(DONE)))
    with pytest.raises(InvalidRequestError, match="input"):
        ran(hand, RunOptions(input))
    assert hand.exchanges == []


def test_run_takes_any_mapping() -> None:
    hand = Hand(script(reply(DONE)))
    ran(hand, run_options(MappingProxyType(PROMPT), None, False, None, None, None))
    assert body_of(hand.exchanges[0].request)["input"] == PROMPT


@pytest.mark.parametrize("answer", [reply({}, 400), reply({}, 402), reply({}, 401)])
def test_run_that_is_refused_is_not_looked_for(answer: Reply) -> None:
    hand = Hand(script(answer))
    with pytest.raises(SkytellsError):
        ran(hand)
    assert hand.sent == ["POST /v1/predict"]


def test_failure_text_is_printable_and_bounded() -> None:
    text = "\x1b[31mBad\nthing" + "x" * 10_000
    error = failed(PredictionResponse(id="p1", status="failed", error=text))
    assert str(error).isprintable()
    assert len(str(error)) < 700
    assert error.prediction is not None
    assert error.prediction.failure == text


@pytest.mark.parametrize(
    "options", [RunOptions({"a": 1}, "u", max_wait=2), {"input": {"a": 1}, "max_wait": 2}]
)
def test_running_lets_keywords_win(options: Any) -> None:
    merged = run_options(None, None, False, options, None, None)
    assert (merged.input, merged.max_wait, merged.interval) == ({"a": 1}, 2, None)
    merged = run_options({"b": 2}, {"url": "v"}, True, options, 3, 4)
    assert merged == RunOptions({"b": 2}, {"url": "v"}, True, max_wait=3, interval=4)
    assert run_options(None, None, True, None, None, None) == RunOptions({}, None, True)


def test_run_whose_answer_was_lost_finds_its_prediction() -> None:
    hand = Hand(Server({"p1": 0.0}))
    p = ran(hand)
    assert (p.id, p.done) == ("p1", True)
    assert hand.sent[0] == "POST /v1/predict"
    assert sum(line.startswith("POST") for line in hand.sent) == 1


def test_run_whose_answer_was_lost_raises_where_nothing_is_sure() -> None:
    hand = Hand(Server({}))
    with pytest.raises(NetworkError) as caught:
        ran(hand)
    error = caught.value
    assert error.maybe_sent
    assert error.request == PredictionRequest("flux-pro", PROMPT, await_=True)
    assert "find_unconfirmed(error)" in str(error)
    assert sum(line.startswith("POST") for line in hand.sent) == 1
