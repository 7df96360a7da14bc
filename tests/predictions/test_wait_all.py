"""Many predictions waited for at once, for few requests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

import pytest

from skytells import AsyncSkytellsClient, SkytellsClient
from skytells._core.operation import Effect, Sleep
from skytells._core.polling import LAST_POLL, MAX_POLL_ERRORS, wait_options
from skytells._core.wire import Reply, WireRequest
from skytells.errors import InvalidRequestError, NotFoundError, ServerError, WaitTimeoutError
from skytells.predictions.progress import ProgressReporter
from skytells.predictions.wait_all import AsyncCompleted, Completed, PredictionBatch
from skytells.types import PredictionResponse, WaitOptions
from skytells.webhooks import SIGNATURE_HEADER, WebhookHandler, sign

from ..core.support import Hand, JsonObject, reply
from ..test_pagination import AsyncHand


class Jobs:
    """A server whose predictions end so many seconds after the clock's start.

    Args:
        lives: Seconds to the end of each prediction, by id; the newest is the last.
        hidden: How many newer predictions of others stand before them in the list.
    """

    def __init__(self, lives: dict[str, float], hidden: int = 0) -> None:
        self.lives, self.hidden = lives, hidden
        self.trouble = list[Reply]()
        self.hand = Hand(self)

    def __call__(self, request: WireRequest) -> Reply:
        if self.trouble:
            return self.trouble.pop()
        path, _, query = request.target.partition("?")
        if path != "/v1/predictions":
            id = path.rsplit("/", 1)[1]
            return reply(self.row(id)) if id in self.lives else reply({}, 404)
        ids = [f"other{n}" for n in range(self.hidden)] + list(reversed(self.lives))
        page = int(query.partition("page=")[2].partition("&")[0])
        shown = ids[(page - 1) * 50 : page * 50]
        return reply(
            {
                "data": [self.row(id) for id in shown],
                "pagination": {"last_page": -(-len(ids) // 50)},
            }
        )

    def row(self, id: str) -> JsonObject:
        ended = self.hand.now >= 1000.0 + self.lives.get(id, 0.0)
        return {"id": id, "status": "succeeded" if ended else "processing"}

    def batch(
        self,
        targets: Sequence[Any] | None = None,
        options: WaitOptions | None = None,
        told: Any = None,
        handler: WebhookHandler | None = None,
    ) -> PredictionBatch:
        return PredictionBatch(
            list(self.lives) if targets is None else targets,
            options or WaitOptions(),
            told,
            handler,
            clock=self.hand.clock,
            chance=lambda: 0.5,
        )


def ids(predictions: Sequence[PredictionResponse]) -> list[str]:
    return [p.id for p in predictions]


def many(count: int, seconds: float = 20.0) -> dict[str, float]:
    return {f"p{n}": seconds * (n + 1) / count for n in range(count)}


def test_watch_returns_all_in_the_order_of_the_targets() -> None:
    jobs = Jobs({"a": 9.0, "b": 1.0, "c": 5.0})
    found = jobs.hand.perform(jobs.batch(["c", "a", "b", "a"]).all())
    assert ids(found) == ["c", "a", "b", "a"]
    assert all(p.done for p in found)


def test_watch_gives_each_as_it_ends() -> None:
    jobs = Jobs({"a": 9.0, "b": 1.0, "c": 5.0})
    batch = jobs.batch()
    given: list[str] = []
    while batch.pending:
        given += ids(jobs.hand.perform(batch.next()))
    assert given == ["b", "c", "a"]
    assert jobs.hand.perform(batch.next()) == []


def test_watch_needs_a_tenth_of_the_requests_of_one_poller_each() -> None:
    lives = many(200, 60.0)
    together, apart = Jobs(lives), Jobs(lives)
    together.hand.perform(together.batch().all())
    for id in lives:
        apart.hand.now = 1000.0
        apart.hand.perform(apart.batch([id]).all())
    assert len(together.hand.exchanges) <= len(apart.hand.exchanges) / 10


@pytest.mark.parametrize("count", [1, 2])
def test_watch_asks_for_a_few_by_their_ids(count: int) -> None:
    jobs = Jobs(many(count, 1.0))
    jobs.hand.perform(jobs.batch().all())
    assert not any("?" in line for line in jobs.hand.sent)


def test_watch_finds_what_the_list_does_not_show() -> None:
    jobs = Jobs(many(5, 1.0), hidden=400)
    assert len(jobs.hand.perform(jobs.batch().all())) == 5
    assert any("/predictions/p0" in line for line in jobs.hand.sent)


def test_watch_takes_what_has_ended_as_it_is() -> None:
    jobs = Jobs({})
    done = PredictionResponse.from_wire({"id": "x", "status": "failed", "mine": 1})
    assert jobs.hand.perform(jobs.batch([done]).all()) == [done]
    assert jobs.hand.perform(jobs.batch([]).all()) == []
    assert jobs.hand.exchanges == []


def test_watch_gives_up_at_the_deadline_with_one_that_is_still_running() -> None:
    jobs = Jobs({"a": 1.0, "b": 50.0, "c": 60.0})
    with pytest.raises(WaitTimeoutError) as caught:
        jobs.hand.perform(jobs.batch(options=wait_options(None, 10_000, None)).all())
    assert jobs.hand.now == pytest.approx(1010.0)
    assert caught.value.prediction_id == "b"


def test_watch_tells_of_progress() -> None:
    told: list[PredictionResponse] = []
    jobs = Jobs({"a": 0.2, "b": 0.4})
    jobs.hand.perform(jobs.batch(told=told.append).all())
    assert ids([p for p in told if p.done]) == ["a", "b"]
    assert len(told) > 2


def test_watch_bears_passing_trouble() -> None:
    jobs = Jobs(many(4))
    jobs.trouble = [reply({}, 503)] * MAX_POLL_ERRORS
    assert len(jobs.hand.perform(jobs.batch().all())) == 4


def test_watch_ends_with_lasting_trouble() -> None:
    jobs = Jobs(many(4))
    jobs.trouble = [reply({}, 503)] * 100
    with pytest.raises(ServerError):
        jobs.hand.perform(jobs.batch().all())
    assert len(jobs.hand.exchanges) == MAX_POLL_ERRORS + 1


def test_watch_ends_where_one_is_not_there() -> None:
    jobs = Jobs({"a": 1.0})
    with pytest.raises(NotFoundError):
        jobs.hand.perform(jobs.batch(["a", "gone"]).all())


def test_watch_refuses_what_names_no_prediction() -> None:
    with pytest.raises(InvalidRequestError):
        Jobs({}).batch([None])


def test_completed_iterates_as_they_end() -> None:
    jobs = Jobs({"a": 3.0, "b": 1.0})
    completed = Completed(cast("SkytellsClient", jobs.hand), jobs.batch(), ProgressReporter(None))
    assert [p.id for p in completed] == ["b", "a"]


async def test_async_completed_iterates_as_they_end() -> None:
    jobs = Jobs({"a": 3.0, "b": 1.0})
    client = cast("AsyncSkytellsClient", AsyncHand(jobs.hand))
    assert [p.id async for p in AsyncCompleted(client, jobs.batch(), ProgressReporter(None))] == [
        "b",
        "a",
    ]


@pytest.mark.parametrize("targets", [["a"], ["a", "b", "c"]])
def test_watch_gives_a_look_no_more_time_than_there_is(targets: list[str]) -> None:
    jobs = Jobs({"a": 1e9, "b": 1e9, "c": 1e9})
    with pytest.raises(WaitTimeoutError):
        jobs.hand.perform(jobs.batch(targets, wait_options(None, 20_000, 2_000)).all())
    limits = [exchange.deadline for exchange in jobs.hand.exchanges]
    assert limits[0] == pytest.approx(1020.0)
    assert limits[-1] == pytest.approx(1020.0 + LAST_POLL)


@pytest.mark.parametrize(
    ("kind", "word"), [(Completed, "for"), (AsyncCompleted, "async for")], ids=str
)
def test_what_is_to_be_iterated_over_says_so(kind: Any, word: str) -> None:
    done = PredictionResponse.from_wire({"id": "x", "status": "failed"})
    batch = Jobs({"a": 1.0}).batch([done, "a", "a"])
    shown = f"<{kind.__name__}(1 of 2 ended): {word} prediction in …>"
    assert repr(kind(cast(Any, None), batch, ProgressReporter(None))) == shown


# Webhooks that may come first


class Belled(Jobs):
    """Jobs of which each tells a webhook, in the midst of a nap, when it has ended.

    Args:
        lives: As of `Jobs`.
        dumb: Ids of those whose webhook is lost.
    """

    def __init__(self, lives: dict[str, float], dumb: Sequence[str] = ()) -> None:
        super().__init__(lives)
        self.handler = WebhookHandler("whsec")
        self.due = sorted(set(lives) - set(dumb), key=lives.__getitem__)
        self.hand: Hand = Napper(self)

    def tell(self, id: str) -> None:
        body = json.dumps({"id": id, "status": "succeeded", "told": True}).encode()
        self.handler.receive(body, {SIGNATURE_HEADER: sign(body, "whsec")})


class Napper(Hand):
    """A hand that is woken from a nap by the first webhook that comes during it."""

    def __init__(self, jobs: Belled) -> None:
        super().__init__(jobs)
        self.jobs = jobs

    def _give(self, effect: Effect) -> object:
        if isinstance(effect, Sleep):
            assert effect.wakeup is not None
            jobs, until = self.jobs, self.now + effect.seconds
            if jobs.due and (at := 1000.0 + jobs.lives[jobs.due[0]]) <= until:
                effect = Sleep(max(0.0, at - self.now), effect.wakeup)
                jobs.tell(jobs.due.pop(0))
        return super()._give(effect)


def test_watch_needs_no_look_for_what_webhooks_tell() -> None:
    jobs = Belled(many(100, 25.0))
    told: list[PredictionResponse] = []
    options = WaitOptions(interval=60_000)
    found = jobs.hand.perform(jobs.batch(None, options, told.append, jobs.handler).all())
    assert ids(found) == list(jobs.lives)
    assert all(p["told"] for p in found)
    assert jobs.hand.now == pytest.approx(1025.0)
    assert len(jobs.hand.exchanges) == 2  # the first look, which is at once: two pages
    assert sorted(ids([p for p in told if p.done])) == sorted(jobs.lives)
    assert vars(jobs.handler)["_awaited"] == {}


def test_watch_looks_when_it_was_due_however_many_webhooks_come() -> None:
    jobs = Belled({"lost": 2.0} | many(97, 100.0), dumb=["lost"])
    batch = jobs.batch(None, WaitOptions(interval=10_000), None, jobs.handler)
    with batch.expecting():
        while "lost" not in ids(jobs.hand.perform(batch.next())):
            assert jobs.hand.now < 1010.0
    assert jobs.hand.now == pytest.approx(1010.0)


def test_watch_gives_nothing_twice_that_a_look_has_shown_already() -> None:
    jobs = Belled({"a": 1.0, "b": 4.0}, dumb=["a", "b"])
    batch = jobs.batch(None, WaitOptions(interval=2_000), None, jobs.handler)
    with batch.expecting():
        assert ids(jobs.hand.perform(batch.next())) == ["a"]
        jobs.tell("a")
        jobs.tell("other")
        assert ids(jobs.hand.perform(batch.next())) == ["b"]
    assert not batch.pending


def test_watch_with_a_handler_looks_six_times_rarer_and_ends_at_its_limit() -> None:
    looks: dict[bool, int] = {}
    for expected in (False, True):
        jobs = Belled({"a": 1e9, "b": 1e9}, dumb=["a", "b"])
        if not expected:
            jobs.hand = Hand(jobs)
        handler = jobs.handler if expected else None
        with pytest.raises(WaitTimeoutError) as caught:
            jobs.hand.perform(jobs.batch(None, WaitOptions(max_wait=600_000), None, handler).all())
        assert caught.value.prediction_id == "a"
        assert jobs.hand.now == pytest.approx(1600.0)
        looks[expected] = len(jobs.hand.exchanges)
    assert looks[True] < looks[False] / 4


def test_watch_refuses_what_receives_no_webhooks() -> None:
    with pytest.raises(InvalidRequestError, match="must be a WebhookHandler"):
        Jobs({}).batch([], None, None, cast(Any, 5))
