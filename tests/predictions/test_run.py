"""Running, reconciling, dispatching: what takes more than one exchange, driven by hand."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import formatdate
from types import MappingProxyType
from typing import Any

import pytest

from skytells._core.operation import Call, Gather, Raised, advance
from skytells._core.wire import Reply, WireRequest
from skytells.errors import (
    ApiErrorId,
    AuthenticationError,
    DispatchError,
    InvalidRequestError,
    NetworkError,
    PaymentRequiredError,
    PredictionFailedError,
    RequestTimeoutError,
    ServerError,
    SkytellsError,
    WaitTimeoutError,
)
from skytells.predictions.dispatch import dispatch
from skytells.predictions.recover import reconcile, unconfirmed
from skytells.predictions.requests import cancel_and_fetch
from skytells.predictions.run import failed, run, run_options
from skytells.predictions.state import SubmissionLog
from skytells.types import PredictionRequest, PredictionResponse, RunOptions

from ..core.support import Hand, JsonObject, body_of, config, preflight, reply, script

PROMPT: JsonObject = {"prompt": "x"}
DONE: JsonObject = {"id": "p1", "status": "succeeded", "input": PROMPT, "output": ["u"]}
PENDING: JsonObject = {"id": "p1", "status": "pending", "input": PROMPT}
LOST = NetworkError("Connection lost.", "NETWORK_ERROR", "d", maybe_sent=True)
UNSENT = NetworkError("Refused.", "NETWORK_ERROR", "d", maybe_sent=False)


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


# Running


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


# Reconciling: a server that accepts a request and loses the answer

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


# Cancelling


@pytest.mark.parametrize(
    ("answer", "looks"),
    [
        (reply({"id": "p1", "status": "cancelled"}), 0),
        (reply({"success": True}), 1),
        (Reply(204, {}, b""), 1),
    ],
)
def test_cancel_shows_what_came_of_it(answer: Reply, looks: int) -> None:
    hand = Hand(script(answer, reply({"id": "p1", "status": "cancelled"})))
    assert hand.perform(cancel_and_fetch("p1"))["status"] == "cancelled"
    assert len(hand.exchanges) == 1 + looks


# Dispatching

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


# What is accepted


def test_accepted_knows_each_prediction_once() -> None:
    accepted = SubmissionLog()
    assert accepted.add(PredictionResponse(id="a"))
    assert not accepted.add(PredictionResponse(id="a", status="succeeded"))
    assert "a" in accepted
    assert "b" not in accepted
    assert accepted.ids() == ["a"]


def test_accepted_forgets_the_oldest() -> None:
    accepted = SubmissionLog(most=3)
    for id in "abcde":
        accepted.add(PredictionResponse(id=id))
    assert accepted.ids() == ["c", "d", "e"]


def test_accepted_is_taken_by_one_thread_only() -> None:
    accepted, taken = SubmissionLog(), list[bool]()
    prediction = PredictionResponse(id="p1")
    threads = [
        threading.Thread(target=lambda: taken.append(accepted.add(prediction))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken.count(True) == 1
