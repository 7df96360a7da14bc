"""What a server has accepted although its answer was lost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import formatdate

import pytest

from skytells._core.wire import Reply, WireRequest
from skytells.errors import (
    InvalidRequestError,
    NetworkError,
    ServerError,
    SkytellsError,
)
from skytells.predictions.recover import reconcile, unconfirmed
from skytells.predictions.state import SubmissionLog
from skytells.types import PredictionRequest, PredictionResponse

from ..core.support import Hand, JsonObject, reply, script

PROMPT: JsonObject = {"prompt": "x"}
LOST = NetworkError("Connection lost.", "NETWORK_ERROR", "d", maybe_sent=True)
OURS = 1_767_225_600.0 + 7 * 86_400


def stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Server:
    """Lists predictions by its own clock, newest first.

    Args:
        ages: Seconds since the creation of each prediction that is there, by id.
        skew: How far the server's clock is ahead of ours.
        inputs: The input of a prediction, where it is not the one that was asked for.
    """

    def __init__(
        self,
        ages: dict[str, float],
        *,
        skew: float = 0.0,
        inputs: dict[str, JsonObject] | None = None,
        per_page: int = 50,
    ) -> None:
        self.now = OURS + skew
        self.ages, self.inputs, self.per_page = ages, inputs or {}, per_page
        self.queries: list[str] = []

    def __call__(self, request: WireRequest) -> Reply:
        path, _, query = request.target.partition("?")
        if path == "/v1/predict":
            raise LOST
        if path != "/v1/predictions":
            return reply({"id": path.rsplit("/", 1)[1], "status": "succeeded"})
        self.queries.append(query)
        rows = [self.row(id) for id in sorted(self.ages, key=self.ages.__getitem__)]
        page = int(query.partition("page=")[2].partition("&")[0] or 1)
        shown = rows[(page - 1) * self.per_page : page * self.per_page]
        last = -(-len(rows) // self.per_page)
        return reply(
            {"data": shown, "pagination": {"last_page": last}},
            date=formatdate(int(self.now), usegmt=True),
        )

    def row(self, id: str) -> JsonObject:
        return {
            "id": id,
            "status": "processing",
            "input": self.inputs.get(id, PROMPT),
            "created_at": stamp(self.now - self.ages[id]),
        }


def lost(took: float = 5.0) -> SkytellsError:
    """The error of a request that began so many seconds ago, by our clock."""
    error = NetworkError("Lost.", "NETWORK_ERROR", "d", maybe_sent=True)
    error.request = PredictionRequest("flux-pro", PROMPT)
    error.started_at = OURS - took
    return error


def looked_up(
    server: Server, *, error: SkytellsError | None = None, known: Sequence[str] = ()
) -> list[str]:
    accepted = SubmissionLog()
    for id in known:
        accepted.add(PredictionResponse(id=id))
    flow = unconfirmed(error or lost(), accepted, wall_clock=lambda: OURS)
    return [p.id for p in Hand(server).perform(flow)]


def test_unconfirmed_is_what_was_created_since_the_request_began() -> None:
    server = Server({"new": 1.0, "older": 30.0, "oldest": 4000.0})
    assert looked_up(server) == ["new"]
    assert server.queries == ["page=1&per_page=50&model=flux-pro"]


@pytest.mark.parametrize("skew", [0.0, 0.9, -3.0, 3600.0, -3600.0, 9 * 86_400.0, -9 * 86_400.0])
def test_unconfirmed_goes_by_the_servers_clock(skew: float) -> None:
    assert looked_up(Server({"new": 4.9, "older": 9.0}, skew=skew)) == ["new"]


def test_unconfirmed_knows_the_input() -> None:
    inputs: dict[str, JsonObject] = {
        "same": {**PROMPT, "seed": 7},
        "other": {"prompt": "y"},
        "none": {},
        "more": {"seed": 7},
    }
    server = Server(dict.fromkeys(inputs, 1.0), inputs=inputs)
    assert looked_up(server) == ["same"]


def test_unconfirmed_compares_input_as_json_carries_it() -> None:
    error = lost()
    error.request = PredictionRequest("flux-pro", {"size": (1, 2), "n": {1: None}})
    server = Server({"p1": 1.0}, inputs={"p1": {"size": [1, 2], "n": {"1": None}}})
    assert looked_up(server, error=error) == ["p1"]


def test_unconfirmed_leaves_out_what_is_known() -> None:
    server = Server({"a": 1.0, "b": 2.0, "c": 3.0})
    assert looked_up(server, known=["b"]) == ["a", "c"]


def test_unconfirmed_walks_pages_while_they_are_recent() -> None:
    ages = {f"p{n}": n / 10 for n in range(45)} | {f"old{n}": 100.0 + n for n in range(200)}
    server = Server(ages, per_page=10)
    assert len(looked_up(server)) == 45
    assert len(server.queries) == 5


def test_unconfirmed_finds_nothing_where_there_is_nothing() -> None:
    assert looked_up(Server({})) == []
    assert looked_up(Server({"old": 500.0})) == []


def test_unconfirmed_gives_what_has_moved_to_another_page_once() -> None:
    rows = [Server({"p1": 1.0}).row("p1")]
    page = reply({"data": rows, "pagination": {"last_page": 2}}, date=formatdate(OURS))
    found = Hand(script(page)).perform(
        unconfirmed(lost(), SubmissionLog(), wall_clock=lambda: OURS)
    )
    assert [p.id for p in found] == ["p1"]


def test_unconfirmed_needs_an_error_with_a_request() -> None:
    with pytest.raises(InvalidRequestError, match="maybe_sent"):
        Hand(script(reply([]))).perform(
            unconfirmed(ServerError("m", "X", "d", 500), SubmissionLog())
        )


def just_lost() -> SkytellsError:
    """As `lost`, by the true clock, which `reconcile` goes by."""
    error = lost()
    error.started_at = time.time() - 5.0
    return error


def test_reconcile_takes_the_only_one() -> None:
    accepted = SubmissionLog()
    hand = Hand(Server({"p1": 1.0, "older": 60.0}))
    assert hand.perform(reconcile(just_lost(), accepted)).id == "p1"
    assert accepted.ids() == ["p1"]
    assert (len(hand.exchanges), hand.naps) == (1, [])


def test_reconcile_names_the_candidates_where_there_are_several() -> None:
    hand = Hand(Server({"a": 1.0, "b": 2.0}))
    error = just_lost()
    with pytest.raises(NetworkError) as caught:
        hand.perform(reconcile(error, SubmissionLog()))
    assert caught.value is error
    assert [p.id for p in error.candidates] == ["a", "b"]
    assert hand.naps == []


def test_reconcile_looks_three_times_for_what_is_not_there() -> None:
    hand = Hand(Server({}))
    error = just_lost()
    with pytest.raises(NetworkError) as caught:
        hand.perform(reconcile(error, SubmissionLog()))
    assert caught.value is error
    assert error.candidates == ()
    assert hand.naps == [1.0, 3.0]
    assert len(hand.exchanges) == 3


def test_reconcile_bears_trouble_of_a_look() -> None:
    troubles = [reply({}, 404), reply({}, 401)]
    server = Server({"p1": 1.0})
    hand = Hand(lambda request: troubles.pop() if troubles else server(request))
    assert hand.perform(reconcile(just_lost(), SubmissionLog())).id == "p1"
    assert hand.naps == [1.0, 3.0]


def test_reconcile_does_not_take_what_another_thread_has_taken() -> None:
    accepted = SubmissionLog()
    server = Server({"p1": 1.0})

    def serve(request: WireRequest) -> Reply:
        answer = server(request)
        accepted.add(PredictionResponse(id="p1"))
        return answer

    with pytest.raises(NetworkError):
        Hand(serve).perform(reconcile(just_lost(), accepted))
