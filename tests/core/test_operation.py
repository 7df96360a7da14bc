"""The idea itself: operations as values, flows that compose, effects that are answered."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError
from typing import Any, cast, get_type_hints

import pytest

from skytells._core.operation import (
    Call,
    Done,
    Flow,
    Gather,
    Progress,
    Raised,
    Safety,
    Sleep,
    advance,
)
from skytells._core.wire import Reply
from skytells.errors import SkytellsError
from skytells.predictions.requests import create_prediction
from skytells.types import PredictionRequest, PredictionResponse

from .support import Hand, reply, script


def call(path: str = "/x", safety: Safety = Safety.SAFE) -> Call[Any]:
    return Call("GET", path, Reply.json, safety, name=path)


def twice(path: str) -> Flow[list[Any]]:
    first = yield from call(path)
    yield Sleep(2.0)
    second = yield from call(path)
    return [first, second]


def has_ended_with(effect: object, value: object) -> bool:
    return isinstance(effect, Done) and cast("Done[object]", effect).value == value


def test_call_is_a_flow_of_length_one() -> None:
    one = call()
    flow = iter(one)
    assert advance(flow) is one
    assert has_ended_with(advance(flow, "answer"), "answer")


def test_flow_yields_its_effects_in_order_and_returns() -> None:
    flow = twice("/x")
    assert advance(flow) == call()
    pause = advance(flow, 1)
    assert isinstance(pause, Sleep)
    assert (pause.seconds, pause.wakeup) == (2.0, None)
    assert advance(flow) == call()
    assert has_ended_with(advance(flow, 2), [1, 2])


def test_flows_compose() -> None:
    def outer() -> Flow[int]:
        inner = yield from twice("/x")
        return sum(inner)

    assert Hand(script(reply(20), reply(22))).perform(outer()) == 42


def test_effect_that_raised_raises_at_its_yield() -> None:
    def careful() -> Flow[str]:
        try:
            yield from call()
        except KeyError as error:
            return f"caught {error}"
        return "missed"

    flow = careful()
    advance(flow)
    assert has_ended_with(advance(flow, Raised(KeyError("k"))), "caught 'k'")


def test_exception_that_a_flow_lets_pass_reaches_the_driver() -> None:
    flow = twice("/x")
    advance(flow)
    with pytest.raises(ZeroDivisionError):
        advance(flow, Raised(ZeroDivisionError()))


def test_flow_that_raises_by_itself_reaches_the_driver() -> None:
    def broken() -> Flow[None]:
        yield Sleep(1)
        raise LookupError("x")

    flow = broken()
    advance(flow)
    with pytest.raises(LookupError):
        advance(flow)


def test_call_is_a_frozen_value_that_hides_what_is_private() -> None:
    made: Any = create_prediction(PredictionRequest("m", {"prompt": "secret"}), print)
    assert "secret" not in repr(made)
    with pytest.raises(FrozenInstanceError):
        made.path = "/y"


def test_call_compares_by_what_it_does() -> None:
    assert call("/x") == call("/x")
    assert call("/x") != call("/y")
    assert pickle.loads(pickle.dumps(call("/x"))) == call("/x")


@pytest.mark.parametrize("seconds", [None, 5.0])
def test_look_is_the_same_call_tried_once(seconds: float | None) -> None:
    poll = call().poll(seconds)
    assert (poll.timeout, poll.once, poll.path) == (seconds, True, "/x")
    assert not call().once


def test_together_counts_what_was_begun_as_interrupted() -> None:
    request = PredictionRequest("m", {})
    paid = create_prediction(request, print)
    outcomes: list[Any] = [None, None]
    together = Gather([paid, call()], 8, outcomes)
    assert together.begin(0) is paid
    assert outcomes == [outcomes[0], None]
    interrupted = outcomes[0]
    assert isinstance(interrupted, SkytellsError)
    assert (interrupted.error_id, interrupted.maybe_sent) == ("ABORTED", True)
    assert interrupted.request == request
    assert interrupted.started_at is not None
    together.begin(1)
    assert not outcomes[1].maybe_sent


def test_notify_hands_over_a_prediction() -> None:
    seen: list[PredictionResponse] = []
    prediction = PredictionResponse(id="p1")

    def telling() -> Flow[None]:
        yield Progress(seen.append, prediction)

    Hand(script(reply({}))).perform(telling())
    assert seen == [prediction]


def test_a_flow_of_a_users_own_has_type_hints_that_can_be_read() -> None:
    def mine() -> Flow[int]:
        yield Sleep(0.0)
        return 1

    assert get_type_hints(mine)["return"] == Flow[int]
