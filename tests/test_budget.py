"""A budget's books: what is set aside, for how long, and what takes its place."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skytells import (
    Budget,
    BudgetExceededError,
    ConfigurationError,
    DispatchError,
    Estimate,
    InvalidRequestError,
    Model,
    NetworkError,
    PaginatedResponse,
    PredictionRequest,
    PredictionResponse,
    RunOptions,
    SkytellsClient,
    SkytellsError,
)
from skytells._core.wire import Reply, WireRequest
from skytells.errors import ApiErrorId
from skytells.predictions.dispatch import dispatch
from skytells.predictions.prepare import create, prepare
from skytells.predictions.requests import get_prediction, list_predictions
from skytells.predictions.run import run
from skytells.predictions.state import SubmissionLog
from skytells.types import PredictionsListOptions

from .core.support import Hand, Serve, body_of, config, preflight, reply, script

REQUEST = PredictionRequest("m", {"prompt": "x"})
MODEL = {
    "namespace": "m",
    "pricing": {"amount": 0.1, "currency": "USD", "unit": "image"},
    "input_schema": {"properties": {"prompt": {"type": "string"}, "n": {"default": 1}}},
}


def cost(amount: str | None, currency: str = "USD") -> Estimate:
    return Estimate(None if amount is None else Decimal(amount), currency, "Who knows.")


def prediction(id: str = "p1", status: str = "succeeded", cost: Any = None) -> PredictionResponse:
    billing = {"metadata": {"billing": {"credits_used": cost}}}
    return PredictionResponse.from_wire({"id": id, "status": status} | billing)


def books(budget: Budget) -> tuple[str, str, str]:
    return str(budget.spent), str(budget.reserved), str(budget.remaining)


def test_a_reservation_becomes_what_it_did_cost() -> None:
    budget = Budget("1.00")
    reservation = budget.reserve(cost("0.30"), REQUEST)
    assert books(budget) == ("0", "0.30", "0.70")
    reservation.bind(prediction(status="pending"))
    budget.see(prediction(status="processing"))
    assert books(budget) == ("0", "0.30", "0.70")
    budget.see(prediction(cost=0.25))
    budget.see(prediction(cost=0.25))
    assert books(budget) == ("0.25", "0.00", "0.75")


def test_a_reservation_that_became_nothing_is_given_back_once() -> None:
    budget = Budget(1)
    reservation = budget.reserve(cost("0.3"), REQUEST)
    reservation.release()
    reservation.release()
    reservation.bind(prediction(cost=5))
    assert budget.remaining == 1


def test_a_run_that_would_exceed_the_limit_is_refused() -> None:
    budget = Budget("0.50")
    budget.reserve(cost("0.30"), REQUEST)
    with pytest.raises(BudgetExceededError, match=r"would cost 0\.21 USD, and 0\.20") as caught:
        budget.reserve(cost("0.21"), REQUEST)
    assert caught.value.error_id == ApiErrorId.BUDGET_EXCEEDED
    assert caught.value.details == {"amount": "0.21", "remaining": "0.20", "limit": "0.50"}
    assert "Nothing was sent" in str(caught.value)
    budget.reserve(cost("0.20"), REQUEST)
    assert budget.remaining == 0


def test_a_price_that_cannot_be_known_is_refused() -> None:
    budget = Budget(1000)
    for estimate in (cost(None), cost("1", "EUR")):
        with pytest.raises(BudgetExceededError, match="assume=") as caught:
            budget.reserve(estimate, REQUEST)
        assert caught.value.error_id == ApiErrorId.PRICE_UNKNOWN
    assert budget.reserved == 0


def test_a_price_that_cannot_be_known_may_be_assumed() -> None:
    budget = Budget("0.50", assume="0.20")
    budget.reserve(cost(None), REQUEST)
    budget.reserve(cost(None), REQUEST)
    assert books(budget) == ("0", "0.40", "0.10")
    with pytest.raises(BudgetExceededError, match=r"would cost 0\.20"):
        budget.reserve(cost(None), REQUEST)


def test_nothing_assumed_is_let_through_until_all_is_spent() -> None:
    budget = Budget("0.50", assume=0)
    budget.reserve(cost(None), REQUEST).bind(prediction(cost=0.75))
    assert books(budget) == ("0.75", "0", "-0.25")
    with pytest.raises(BudgetExceededError):
        budget.reserve(cost(None), REQUEST)


def test_what_is_free_runs_on_an_empty_budget() -> None:
    Budget(0).reserve(cost("0"), REQUEST)


@pytest.mark.parametrize(
    ("status", "stated", "spent"),
    [
        ("succeeded", None, "0.30"),
        ("succeeded", 0.1, "0.1"),
        ("failed", None, "0"),
        ("failed", 0.1, "0.1"),
        ("canceled", None, "0"),
        ("cancelled", 0, "0"),
    ],
)
def test_what_states_no_cost_counts_as_estimated_or_free(
    status: str, stated: float | None, spent: str
) -> None:
    budget = Budget(1)
    budget.reserve(cost("0.30"), REQUEST).bind(prediction(status=status, cost=stated))
    assert budget.spent == Decimal(spent)
    assert budget.reserved == 0


def test_an_acknowledgement_says_nothing_of_the_end() -> None:
    budget = Budget(1)
    budget.reserve(cost("0.3"), REQUEST).bind(prediction(status="pending"))
    budget.see(PredictionResponse.from_wire({"success": True}, {"id": "p1", "status": "cancelled"}))
    assert budget.reserved == Decimal("0.3")


def test_pages_are_seen_too_and_the_predictions_of_others_do_not_count() -> None:
    budget = Budget(1)
    budget.reserve(cost("0.3"), REQUEST).bind(prediction(status="pending"))
    rows = [prediction("p0", cost=9).to_dict(), prediction("p1", cost=0.2).to_dict()]
    budget.see(PaginatedResponse({"data": rows, "pagination": {}}))
    budget.see("anything else")
    assert books(budget) == ("0.2", "0.0", "0.8")


@pytest.mark.parametrize("limit", ["much", -1, float("nan"), float("inf"), True, None, "", [1]])
def test_an_amount_that_is_none_is_refused(limit: Any) -> None:
    with pytest.raises(ConfigurationError, match="US dollars"):
        Budget(limit)
    if limit is not None:
        with pytest.raises(ConfigurationError, match="assume"):
            Budget(1, assume=limit)


def test_amounts_are_exact_in_each_form() -> None:
    assert {Budget(form).limit for form in ("0.1", 0.1, Decimal("0.1"))} == {Decimal("0.1")}


def test_a_budget_is_one_object_and_is_not_copied() -> None:
    budget = Budget(1)
    client = SkytellsClient("sk-key", budget=budget)
    for act in (pickle.dumps, copy.deepcopy):
        with pytest.raises(ConfigurationError, match="two of them would allow the money twice"):
            act(budget)
    with pytest.raises(ConfigurationError, match="pickled"):
        pickle.dumps(client)


def test_a_client_refuses_what_is_no_budget() -> None:
    five: Any = "5.00"
    with pytest.raises(ConfigurationError, match="must be a Budget"):
        SkytellsClient("sk-key", budget=five)
    with pytest.raises(ConfigurationError, match="must be a Budget"):
        SkytellsClient("sk-key").with_options(budget=five)


def test_threads_cannot_spend_the_same_dollar() -> None:
    budget = Budget(100)

    def work(number: int) -> int:
        try:
            reservation = budget.reserve(cost("1"), REQUEST)
        except BudgetExceededError:
            return 0
        reservation.bind(prediction(f"p{number}", "pending"))
        budget.see(prediction(f"p{number}", cost=1))
        return 1

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(work, range(400))) == 100
    assert (budget.spent, budget.reserved) == (Decimal(100), Decimal(0))


acts = st.lists(
    st.tuples(
        st.sampled_from(["bind", "release", "leave"]),
        st.integers(0, 50),
        st.integers(0, 60),
        st.sampled_from(["succeeded", "failed", "pending"]),
    ),
    max_size=30,
)


@given(acts, st.integers(0, 200))
def test_the_books_balance_whatever_happens(acts: Any, limit: int) -> None:
    budget, spent, aside = Budget(limit), 0, 0
    for number, (act, amount, stated, status) in enumerate(acts):
        try:
            reservation = budget.reserve(cost(str(amount)), REQUEST)
        except BudgetExceededError:
            assert amount > limit - spent - aside
            continue
        assert amount <= limit - spent - aside
        aside += amount
        if act == "release":
            reservation.release()
            aside -= amount
        elif act == "bind":
            reservation.bind(prediction(f"p{number}", status, stated))
            if status != "pending":
                aside, spent = aside - amount, spent + stated
        assert (budget.spent, budget.reserved) == (Decimal(spent), Decimal(aside))
        assert budget.remaining == limit - spent - aside


# Flows


def served(*answers: Reply | Exception) -> Serve:
    """The catalogue, and these answers to all else."""
    rest = script(*answers)

    def serve(request: WireRequest) -> Reply:
        if "/model/" in request.target:
            return reply(MODEL)
        return rest(request)

    return serve


def hand_of(budget: Budget, *answers: Reply | Exception) -> Hand:
    return Hand(served(*answers), replace(config(), budget=budget))


DONE = reply({"id": "p1", "status": "succeeded", "metadata": {"billing": {"credits_used": 0.08}}})


def test_a_run_counts_what_it_did_cost() -> None:
    budget = Budget(1)
    hand = hand_of(budget, reply({"id": "p1", "status": "pending"}), DONE)
    checks = preflight(budget)
    hand.perform(run("m", RunOptions({"prompt": "x"}), None, SubmissionLog(), checks))
    assert books(budget) == ("0.08", "0.0", "0.92")


def test_nothing_is_sent_that_the_budget_refuses() -> None:
    budget = Budget("0.05")
    hand = hand_of(budget, DONE)
    with pytest.raises(BudgetExceededError):
        hand.perform(create(REQUEST, SubmissionLog().add, preflight(budget), False))
    assert hand.sent == ["GET /v1/model/m?fields=input_schema"]


def test_a_refusal_gives_back_and_an_unknown_outcome_does_not() -> None:
    budget = Budget(1)
    checks = preflight(budget)
    with pytest.raises(SkytellsError):
        hand_of(budget, reply({"error": "no"}, 422)).perform(
            create(REQUEST, SubmissionLog().add, checks, False)
        )
    assert budget.reserved == 0
    with pytest.raises(NetworkError) as caught:
        hand_of(budget, lost()).perform(create(REQUEST, SubmissionLog().add, checks, False))
    assert caught.value.maybe_sent
    assert budget.reserved == Decimal("0.1")
    budget.resolve(pickle.loads(pickle.dumps(caught.value)), prediction("p9", cost=0.2))
    assert books(budget) == ("0.2", "0.0", "0.8")
    with pytest.raises(InvalidRequestError, match="nothing aside"):
        budget.resolve(caught.value)


def test_a_request_that_started_nothing_is_given_back() -> None:
    budget = Budget(1)
    with pytest.raises(NetworkError) as caught:
        hand_of(budget, lost()).perform(
            create(REQUEST, SubmissionLog().add, preflight(budget), False)
        )
    budget.resolve(caught.value)
    assert budget.remaining == 1


def lost() -> NetworkError:
    return NetworkError("Gone.", ApiErrorId.NETWORK_ERROR, "reset", maybe_sent=True)


def test_a_run_that_finds_its_prediction_again_counts_it() -> None:
    budget = Budget(1)
    row = {
        "id": "p1",
        "status": "succeeded",
        "input": {"prompt": "x"},
        "created_at": "2099-01-01T00:00:00Z",
        "metadata": {"billing": {"credits_used": 0.08}},
    }
    hand = hand_of(budget, lost(), reply([row]))
    hand.perform(
        run(
            "m",
            RunOptions({"prompt": "x"}),
            None,
            SubmissionLog(),
            preflight(budget),
        )
    )
    assert books(budget) == ("0.08", "0.0", "0.92")


def test_an_interrupt_leaves_the_price_set_aside() -> None:
    budget = Budget(1)
    flow = create(REQUEST, SubmissionLog().add, preflight(budget), False)
    assert next(flow)
    flow.send(Model.from_wire(MODEL))
    with pytest.raises(KeyboardInterrupt):
        flow.throw(KeyboardInterrupt())
    assert budget.reserved == Decimal("0.1")


def test_what_other_calls_see_is_counted() -> None:
    budget = Budget(1)
    for id in ("p1", "p2"):
        budget.reserve(cost("0.1"), REQUEST).bind(prediction(id, "pending"))
    hand = hand_of(budget, DONE, reply([prediction("p2", cost=0.09).to_dict()]))
    hand.perform(get_prediction("p1"))
    hand.perform(list_predictions(PredictionsListOptions()))
    assert books(budget) == ("0.17", "0.0", "0.83")


def numbered(request: WireRequest) -> Reply:
    if "/model/" in request.target:
        return reply(MODEL)
    prompt = body_of(request)["input"]["prompt"]
    return reply({"id": prompt, "status": "pending"}, 200 if prompt != "bad" else 422)


def asked(*prompts: str) -> list[PredictionRequest]:
    return [PredictionRequest("m", {"prompt": prompt}) for prompt in prompts]


def test_dispatch_sends_the_first_that_the_budget_allows() -> None:
    budget, back = Budget("0.25"), list[PredictionRequest]()
    hand = Hand(numbered, replace(config(), budget=budget))
    requests = asked("a", "bad", "b", "c")
    with pytest.raises(DispatchError) as caught:
        hand.perform(dispatch(requests, SubmissionLog(), preflight(budget), back.extend))
    # While "bad" was under way, its price was set aside as well.
    assert [p and p.id for p in caught.value.predictions] == ["a", None, None, None]
    assert [type(e) for e in caught.value.errors[2:]] == [BudgetExceededError] * 2
    assert back == list(caught.value.unsent) == requests[2:]
    assert budget.reserved == Decimal("0.1")


def test_dispatch_that_is_interrupted_accounts_for_each() -> None:
    budget, back = Budget(1), list[PredictionRequest]()
    requests = asked("a", "b", "c")
    flow = dispatch(requests, SubmissionLog(), preflight(budget), back.extend)
    next(flow)
    together: Any = flow.send(Model.from_wire(MODEL))
    while not hasattr(together, "outcomes"):
        together = flow.send(Model.from_wire(MODEL))
    together.outcomes[0] = prediction("a", "pending")
    together.begin(1)
    with pytest.raises(KeyboardInterrupt):
        flow.throw(KeyboardInterrupt())
    assert back == requests[2:]
    assert budget.reserved == Decimal("0.2")


def test_dispatch_that_is_interrupted_before_it_sends_gives_all_back() -> None:
    budget, back = Budget(1), list[PredictionRequest]()
    requests = [*asked("a"), PredictionRequest("other", {"prompt": "b"})]
    flow = dispatch(requests, SubmissionLog(), preflight(budget), back.extend)
    next(flow)
    flow.send(Model.from_wire(MODEL))
    with pytest.raises(KeyboardInterrupt):
        flow.throw(KeyboardInterrupt())
    assert back == requests
    assert budget.remaining == 1


def test_without_a_budget_nothing_is_asked_beforehand() -> None:
    hand = Hand(script(DONE))
    prepared = hand.perform(prepare(REQUEST, SubmissionLog().add, preflight()))
    prepared.end(None)
    assert hand.sent == []
