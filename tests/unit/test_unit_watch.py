"""Many predictions waited for at once: what it costs, what it gives, what it bears."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from skytells._wire import Reply, WireRequest
from skytells.errors import NetworkError, NotFoundError, WaitTimeoutError
from skytells.predictions.watch import PER_PAGE, Watch
from skytells.types.predict import PredictionResponse, WaitOptions

from .support import Hand, reply


def prediction(id: str, status: str = "processing") -> PredictionResponse:
    return PredictionResponse(id=id, status=status)


class Account:
    """An account whose predictions end at known times; newer ones of others can hide them."""

    def __init__(self, ends: dict[str, float], hidden: frozenset[str] = frozenset()) -> None:
        self.ends = ends
        self.hidden = hidden
        self.now: Callable[[], float] = lambda: 0.0

    def state(self, id: str) -> dict[str, object]:
        return {"id": id, "status": "succeeded" if self.now() >= self.ends[id] else "processing"}

    def serve(self, request: WireRequest) -> Reply:
        url = urlsplit(request.target)
        if url.path == "/v1/predictions":
            shown = [id for id in self.ends if id not in self.hidden]
            number = int(parse_qs(url.query)["page"][0])
            rows = [self.state(id) for id in shown[(number - 1) * PER_PAGE : number * PER_PAGE]]
            last = -(-len(shown) // PER_PAGE)
            return reply({"data": rows, "pagination": {"last_page": last}})
        return reply(self.state(url.path.rsplit("/", 1)[-1]))


def watching(account: Account, options: WaitOptions | None = None) -> tuple[Hand, Watch]:
    hand = Hand(account.serve)
    account.now = lambda: hand.now - 1000.0
    targets = [prediction(id) for id in account.ends]
    return hand, Watch(targets, options or WaitOptions(), clock=hand.clock, chance=lambda: 0.5)


def test_five_hundred_predictions_cost_a_tenth_of_asking_for_each() -> None:
    account = Account({f"p{n}": 20.0 for n in range(500)})
    hand, watch = watching(account)
    ended = hand.perform(watch.all())
    looks = len(hand.naps)
    assert [p.id for p in ended] == list(account.ends)
    assert len(hand.exchanges) <= looks * 500 / 10


def test_those_that_the_list_does_not_show_are_asked_for() -> None:
    account = Account({f"p{n}": 1.0 for n in range(5)}, hidden=frozenset({"p3"}))
    hand, watch = watching(account)
    assert len(hand.perform(watch.all())) == 5
    assert "GET /v1/predictions/p3" in hand.sent
    assert "GET /v1/predictions/p1" not in hand.sent


def test_a_few_are_asked_for_one_by_one() -> None:
    hand, watch = watching(Account({"a": 0.1, "b": 0.1}))
    hand.perform(watch.all())
    assert sorted(hand.sent) == ["GET /v1/predictions/a", "GET /v1/predictions/b"]


def test_they_are_given_as_they_end_and_none_twice() -> None:
    account = Account({"slow": 9.0, "quick": 0.5, "middle": 3.0})
    hand, watch = watching(account)
    given: list[str] = []
    while watch.pending:
        given += [p.id for p in hand.perform(watch.next())]
    assert given == ["quick", "middle", "slow"]


def test_what_has_ended_already_is_given_without_a_look() -> None:
    hand = Hand(lambda _: pytest.fail("nothing is to be asked"))
    watch = Watch([prediction("a", "failed"), prediction("b", "canceled")], WaitOptions())
    assert [p.status for p in hand.perform(watch.all())] == ["failed", "cancelled"]


def test_ids_alone_are_looked_at_before_the_first_pause() -> None:
    account = Account({"a": 0.0})
    hand = Hand(account.serve)
    assert hand.perform(Watch(["a"], WaitOptions(), clock=hand.clock).all())[0].id == "a"
    assert hand.naps == []


def test_the_last_look_is_at_the_deadline_and_names_what_still_runs() -> None:
    account = Account({"a": 1.0, "b": 99.0})
    hand, watch = watching(account, WaitOptions(max_wait=5_000))
    with pytest.raises(WaitTimeoutError) as caught:
        hand.perform(watch.all())
    assert caught.value.prediction_id == "b"
    assert hand.now == pytest.approx(1005.0)


def test_an_explicit_interval_is_kept() -> None:
    hand, watch = watching(Account({"a": 6.0}), WaitOptions(interval=2_000))
    hand.perform(watch.all())
    assert hand.naps == [2.0, 2.0, 2.0]


def test_passing_trouble_does_not_end_the_wait() -> None:
    account = Account({"a": 0.5, "b": 0.5, "c": 0.5})
    hand, watch = watching(account)
    trouble = [NetworkError("gone", "NETWORK_ERROR", "gone") for _ in range(3)]

    def serve(request: WireRequest) -> Reply:
        if trouble:
            raise trouble.pop()
        return account.serve(request)

    hand.serve = serve
    assert len(hand.perform(watch.all())) == 3
    assert trouble == []


def test_a_missing_prediction_ends_the_wait() -> None:
    hand = Hand(lambda _: reply({"error": {"error_id": "PREDICTION_NOT_FOUND"}}, 404))
    with pytest.raises(NotFoundError):
        hand.perform(Watch(["gone"], WaitOptions(), clock=hand.clock).all())


def test_progress_is_told_of_each() -> None:
    account = Account({"a": 1.0, "b": 1.0, "c": 1.0})
    told: list[str] = []
    hand = Hand(account.serve)
    account.now = lambda: hand.now - 1000.0
    targets = [prediction(id) for id in account.ends]
    watch = Watch(targets, WaitOptions(), lambda p: told.append(p.id), clock=hand.clock)
    hand.perform(watch.all())
    assert set(told) == {"a", "b", "c"}
