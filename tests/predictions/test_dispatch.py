"""Dispatching a queue, driven by hand: all that was accepted is known, and the rest goes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from skytells._core.operation import Call, Gather, Raised, advance
from skytells._core.wire import Reply, WireRequest
from skytells.errors import (
    ApiErrorId,
    DispatchError,
    NetworkError,
    PaymentRequiredError,
    RequestTimeoutError,
    ServerError,
    SkytellsError,
)
from skytells.predictions.dispatch import dispatch
from skytells.predictions.state import SubmissionLog
from skytells.types import PredictionRequest

from ..core.support import Hand, body_of, config, preflight, reply
from .test_recover import LOST

UNSENT = NetworkError("Refused.", "NETWORK_ERROR", "d", maybe_sent=False)


REQUESTS = [PredictionRequest("m", {"n": n}) for n in range(4)]


class Queue:
    """What dispatch gives back."""

    def __init__(self) -> None:
        self.back: list[PredictionRequest] = []

    def __call__(self, requests: Sequence[PredictionRequest]) -> None:
        self.back += requests


def numbered(outcomes: dict[int, Any]) -> Any:
    """Accept each request, or answer it as its number says."""

    def serve(request: WireRequest) -> Reply:
        n = body_of(request)["input"]["n"]
        answer = outcomes.get(n, reply({"id": f"p{n}", "status": "pending"}))
        if isinstance(answer, BaseException):
            raise answer
        assert isinstance(answer, Reply)
        return answer

    return serve


def test_dispatch_returns_predictions_in_the_order_of_the_queue() -> None:
    queue, accepted = Queue(), SubmissionLog()
    found = Hand(numbered({})).perform(dispatch(REQUESTS, accepted, preflight(), queue))
    assert [p.id for p in found] == accepted.ids() == ["p0", "p1", "p2", "p3"]
    assert queue.back == []


def test_dispatch_of_nothing_is_nothing() -> None:
    hand = Hand(numbered({}))
    assert hand.perform(dispatch([], SubmissionLog(), preflight(), Queue())) == []
    assert hand.exchanges == []


def test_dispatch_sends_every_key() -> None:
    hand = Hand(numbered({}))
    request = PredictionRequest("m", {"n": 0}, {"url": "u"}, True, True, extra={"k": 1})
    hand.perform(dispatch([request], SubmissionLog(), preflight(), Queue()))
    assert body_of(hand.exchanges[0].request) == request.to_dict()


FAILURES: list[tuple[Any, type[SkytellsError], bool]] = [
    (reply({}, 402), PaymentRequiredError, False),
    (reply({}, 500), ServerError, False),
    (LOST, NetworkError, False),
    (UNSENT, NetworkError, True),
    (RequestTimeoutError("m", "X", "d", 408, maybe_sent=True), RequestTimeoutError, False),
    (RequestTimeoutError("m", "X", "d", 408), RequestTimeoutError, True),
]


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize(("failure", "kind", "back"), FAILURES)
def test_dispatch_loses_nothing_where_one_fails(
    failure: Any, kind: type[SkytellsError], back: bool, place: int
) -> None:
    queue, accepted = Queue(), SubmissionLog()
    hand = Hand(numbered({place: failure}), config(retries=0))
    with pytest.raises(DispatchError) as caught:
        hand.perform(dispatch(REQUESTS, accepted, preflight(), queue))
    error = caught.value
    ids = [None if p is None else p.id for p in error.predictions]
    assert ids == [None if n == place else f"p{n}" for n in range(4)]
    assert [type(e) for e in error.errors] == [kind if n == place else type(None) for n in range(4)]
    assert list(error.requests) == REQUESTS
    assert list(error.unsent) == queue.back == ([REQUESTS[place]] if back else [])
    assert error.__cause__ is error.errors[place]
    assert len(accepted.ids()) == 3
    assert str(error).startswith("1 of 4 queued requests were not accepted")


def test_dispatch_error_is_that_of_the_first_failure() -> None:
    slow = reply(
        {"error": {"error_id": "RATE_LIMIT_EXCEEDED", "message": "Slow.", "details": {"a": 1}}},
        429,
        retry_after="99",
        x_request_id="req_1",
    )
    hand = Hand(numbered({1: slow, 2: reply({}, 500)}))
    with pytest.raises(DispatchError) as caught:
        hand.perform(dispatch(REQUESTS, SubmissionLog(), preflight(), Queue()))
    error = caught.value
    assert (error.error_id, error.http_status) == (ApiErrorId.RATE_LIMIT_EXCEEDED, 429)
    assert (error.details, error.retry_after, error.request_id) == ({"a": 1}, 99.0, "req_1")
    assert "2 of 4" in str(error)


def test_dispatch_reports_a_foreign_exception() -> None:
    hand = Hand(numbered({2: ZeroDivisionError("mine")}))
    with pytest.raises(DispatchError) as caught:
        hand.perform(dispatch(REQUESTS, SubmissionLog(), preflight(), Queue()))
    assert (caught.value.error_id, caught.value.details) == ("SDK_ERROR", "ZeroDivisionError")


@pytest.mark.parametrize("place", range(4))
def test_dispatch_that_is_interrupted_gives_back_what_was_not_begun(place: int) -> None:
    queue, accepted = Queue(), SubmissionLog()
    hand = Hand(numbered({place: KeyboardInterrupt()}))
    with pytest.raises(KeyboardInterrupt) as caught:
        hand.perform(dispatch(REQUESTS, accepted, preflight(), queue))
    ids = [f"p{n}" for n in range(place)]
    assert accepted.ids() == ids
    assert queue.back == REQUESTS[place + 1 :]
    notes = "\n".join(caught.value.__notes__)
    assert f"dispatch() was interrupted. Accepted: {', '.join(ids) or 'none'}." in notes
    assert vars(caught.value)["dispatch_error"].errors[place].maybe_sent


def test_dispatch_that_is_closed_gives_all_back() -> None:
    queue = Queue()
    flow = dispatch(REQUESTS, SubmissionLog(), preflight(), queue)
    effect = advance(flow)
    assert isinstance(effect, Gather)
    assert effect.limit == 8
    assert all(isinstance(operation, Call) for operation in effect.operations)
    flow.close()
    assert queue.back == REQUESTS


def test_dispatch_counts_what_was_under_way_as_maybe_sent() -> None:
    queue = Queue()
    flow = dispatch(REQUESTS[:2], SubmissionLog(), preflight(), queue)
    effect = advance(flow)
    assert isinstance(effect, Gather)
    effect.begin(0)
    with pytest.raises(KeyboardInterrupt):
        advance(flow, Raised(KeyboardInterrupt()))
    assert queue.back == REQUESTS[1:2]
