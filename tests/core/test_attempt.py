"""One logical call: its tries and pauses, its headers, what its errors say, what is logged."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skytells._core.config import configure
from skytells._core.operation import Call, Safety
from skytells._core.retry import RetryBudget, RetryPolicy
from skytells._core.wire import Reply
from skytells._data.checks import is_list
from skytells.errors import (
    AuthenticationError,
    InvalidRequestError,
    InvalidResponseError,
    NetworkError,
    NotFoundError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    SkytellsError,
)
from skytells.models.requests import get_model, list_models
from skytells.predictions.requests import (
    cancel_prediction,
    create_prediction,
    delete_prediction,
    get_prediction,
    list_predictions,
)
from skytells.types import PredictionRequest, PredictionsListOptions, RetryOptions

from .support import KEY, Hand, body_of, config, header, json_values, reply, script

P1 = reply({"id": "p1", "status": "succeeded"})
REQUEST = PredictionRequest("flux-pro", {"prompt": "x"})


def ignore(prediction: object) -> None:
    del prediction


def paid() -> Call[Any]:
    return create_prediction(REQUEST, ignore)


def network(*, sent: bool) -> NetworkError:
    return NetworkError("No answer.", "NETWORK_ERROR", "d", maybe_sent=sent)


def timeout(*, sent: bool) -> RequestTimeoutError:
    return RequestTimeoutError("Too slow.", "REQUEST_TIMEOUT", "d", 408, maybe_sent=sent)


# Requests


def test_request_carries_the_key_and_the_standard_headers() -> None:
    hand = Hand(script(P1))
    hand.perform(get_prediction("p1"))
    request = hand.exchanges[0].request
    assert (request.method, request.target) == ("GET", "/v1/predictions/p1")
    assert header(request, "host") == ["api.example.com"]
    assert header(request, "x-api-key") == [KEY]
    assert header(request, "accept") == ["application/json"]
    assert header(request, "accept-encoding") == ["gzip"]
    for absent in ("content-type", "content-length", "authorization", "x-skytells-retry-count"):
        assert header(request, absent) == []
    assert (request.body, request.paid) == (None, False)


def test_request_carries_no_key_where_there_is_none() -> None:
    hand = Hand(script(P1), config(key=None))
    hand.perform(get_prediction("p1"))
    assert header(hand.exchanges[0].request, "x-api-key") == []


def test_request_with_a_body_names_its_kind_and_length() -> None:
    hand = Hand(script(P1))
    hand.perform(paid())
    request = hand.exchanges[0].request
    assert (request.method, request.target, request.paid) == ("POST", "/v1/predict", True)
    assert header(request, "content-type") == ["application/json"]
    assert header(request, "content-length") == [str(len(request.body or b""))]
    assert body_of(request) == {"model": "flux-pro", "input": {"prompt": "x"}}


def test_request_to_post_nothing_says_so() -> None:
    hand = Hand(script(reply({"success": True})))
    hand.perform(cancel_prediction("p1"))
    request = hand.exchanges[0].request
    assert (request.method, request.target) == ("POST", "/v1/predictions/p1/cancel")
    assert header(request, "content-length") == ["0"]
    assert header(request, "content-type") == []
    assert not request.paid


def test_request_names_no_header_twice() -> None:
    settings = configure(
        KEY,
        None,
        base_url=None,
        timeout=None,
        headers={"Content-Type": "application/json; charset=utf-8", "Accept": "*/*"},
        retry=None,
        allow_http=False,
        max_response_bytes=4096,
    )
    hand = Hand(script(P1), settings)
    hand.perform(paid())
    names = [name.lower() for name, _ in hand.exchanges[0].request.headers]
    assert len(names) == len(set(names))
    assert hand.exchanges[0].request.max_response_bytes == 4096


def test_requests_of_one_call_are_counted() -> None:
    hand = Hand(script(reply({}, 503), reply({}, 503), P1))
    hand.perform(get_prediction("p1"))
    counts = [header(e.request, "x-skytells-retry-count") for e in hand.exchanges]
    assert counts == [[], ["1"], ["2"]]


@pytest.mark.parametrize(
    ("call", "target"),
    [
        (lambda: list_models(["input_schema"], None), "/v1/models?fields=input_schema"),
        (lambda: get_model("vendor/slug", None, None), "/v1/model/vendor%2Fslug"),
        (lambda: delete_prediction("a b"), "/v1/predictions/a%20b/delete"),
        (
            lambda: list_predictions(PredictionsListOptions(1, model="a&page=9")),
            "/v1/predictions?page=1&model=a%26page%3D9",
        ),
    ],
)
def test_target_is_below_the_prefix(call: Callable[[], Call[Any]], target: str) -> None:
    hand = Hand(script(reply({"data": [{"id": "x"}], "id": "a b"})))
    hand.perform(call())
    assert hand.exchanges[0].request.target == target


# Tries


def test_call_that_succeeds_is_made_once() -> None:
    hand = Hand(script(P1))
    assert hand.perform(get_prediction("p1")).id == "p1"
    assert (len(hand.exchanges), hand.naps) == (1, [])


def test_read_is_tried_again_with_growing_pauses() -> None:
    hand = Hand(script(reply({}, 500), network(sent=True), P1), chance=1.0)
    assert hand.perform(get_prediction("p1")).id == "p1"
    assert hand.naps == [0.5, 1.0]


def test_call_gives_up_with_all_its_tries() -> None:
    hand = Hand(script(reply({}, 500), network(sent=True), reply({}, 503)), rtt=0.25, chance=1.0)
    with pytest.raises(ServerError) as caught:
        hand.perform(get_prediction("p1"))
    error = caught.value
    assert error.http_status == 503
    assert [(a.number, a.outcome, a.elapsed, a.pause) for a in error.attempts] == [
        (1, "500", 0.25, 0.5),
        (2, "NetworkError", 0.25, 1.0),
        (3, "503", 0.25, None),
    ]
    assert error.started_at == 1000.0 + 1e9
    assert error.retry_suppressed is None


def test_look_is_tried_once() -> None:
    hand = Hand(script(reply({}, 503)))
    with pytest.raises(ServerError):
        hand.perform(get_prediction("p1").poll(None))
    assert len(hand.exchanges) == 1


@pytest.mark.parametrize(
    ("answer", "sent"),
    [
        (network(sent=False), 3),
        (timeout(sent=False), 3),
        (reply({}, 425), 3),
        (reply({}, 429), 3),
        (network(sent=True), 1),
        (timeout(sent=True), 1),
        (reply({}, 408), 1),
        (reply({}, 500), 1),
        (reply({}, 503), 1),
        (reply({}, 400), 1),
        (reply({"error": {"error_id": "PAYMENT_REQUIRED"}}, 429), 1),
        (reply(b"", 302, location="https://evil.example"), 1),
        (reply(b"{", 200), 1),
    ],
)
@pytest.mark.parametrize("explicit", [False, True])
def test_paid_post_is_sent_again_only_if_it_had_no_effect(
    answer: Reply | BaseException, sent: int, explicit: bool
) -> None:
    settings = config()
    if explicit:
        options = RetryOptions(2, 0, [408, 425, 429, 500, 503])
        settings = replace(settings, retry=RetryPolicy.of(options))
    hand = Hand(script(answer), settings)
    with pytest.raises(SkytellsError):
        hand.perform(paid())
    assert len(hand.exchanges) == sent


# (how a paid post ends, whether it may have been accepted)
MAYBE: list[tuple[Reply | BaseException, bool]] = [
    (network(sent=True), True),
    (network(sent=False), False),
    (timeout(sent=True), True),
    (timeout(sent=False), False),
    (reply({}, 408), True),
    (reply({}, 500), True),
    (reply({"error": {"error_id": "INTERNAL_ERROR"}}, 503), True),
    (Reply(502, {"content-type": "text/html"}, b"<html>"), True),
    (reply(b"{"), True),
    (Reply(200, {"content-type": "text/html"}, b"<html>"), True),
    (reply([1]), True),
    (reply(None), True),
    (Reply(204, {}, b""), True),
    (reply({"success": True}), True),
    (InvalidResponseError("Cut short.", "INVALID_RESPONSE", "d", 200), True),
    (reply({"status": False, "response": "no"}), False),
    (reply({}, 302), False),
    (reply({}, 400), False),
    (reply({}, 401), False),
    (reply({}, 402), False),
    (reply({}, 422), False),
    (reply({}, 429), False),
]


@pytest.mark.parametrize(("answer", "maybe"), MAYBE)
def test_paid_post_says_whether_it_may_have_been_accepted(
    answer: Reply | BaseException, maybe: bool
) -> None:
    hand = Hand(script(answer), config(retries=0))
    with pytest.raises(SkytellsError) as caught:
        hand.perform(paid())
    error = caught.value
    assert error.maybe_sent is maybe
    assert (error.request == REQUEST) is maybe
    assert ("find_unconfirmed(error)" in str(error)) is maybe
    assert str(error) == error.message
    assert error.started_at == 1000.0 + 1e9


@pytest.mark.parametrize(("answer", "maybe"), MAYBE)
def test_read_is_never_said_to_be_paid(answer: Reply | BaseException, maybe: bool) -> None:
    del maybe
    hand = Hand(script(answer), config(retries=0))
    with pytest.raises(SkytellsError) as caught:
        hand.perform(get_prediction("p1"))
    assert not caught.value.maybe_sent
    assert caught.value.request is None


def test_queued_envelope_with_an_id_is_a_success() -> None:
    queued = {"status": False, "id": "p1", "error": {"message": "queued"}}
    prediction = Hand(script(reply(queued))).perform(paid())
    assert (prediction.id, prediction.status, prediction.done) == ("p1", "pending", False)


def test_created_prediction_is_known_at_once() -> None:
    known: list[str] = []
    Hand(script(P1)).perform(create_prediction(REQUEST, lambda p: known.append(p.id)))
    assert known == ["p1"]


@pytest.mark.parametrize("body", [{"status": False}, {"status": False, "id": ""}])
def test_false_status_without_an_id_is_an_error(body: object) -> None:
    with pytest.raises(SkytellsError) as caught:
        Hand(script(reply(body))).perform(get_prediction("p1"))
    assert caught.value.http_status == 200


@pytest.mark.parametrize("lost", [network(sent=True), timeout(sent=True), reply({}, 502)])
def test_delete_sent_again_takes_not_found_for_done(lost: Reply | BaseException) -> None:
    hand = Hand(script(lost, reply({}, 404)))
    assert hand.perform(delete_prediction("p1")).status == "deleted"
    assert len(hand.exchanges) == 2


@pytest.mark.parametrize("refused", [network(sent=False), timeout(sent=False), reply({}, 429)])
def test_delete_that_never_arrived_does_not_take_not_found_for_done(
    refused: Reply | BaseException,
) -> None:
    with pytest.raises(NotFoundError):
        Hand(script(refused, reply({}, 404))).perform(delete_prediction("p1"))


@pytest.mark.parametrize("call", [delete_prediction, cancel_prediction, get_prediction])
def test_not_found_at_first_is_an_error(call: Callable[[str], Call[Any]]) -> None:
    with pytest.raises(NotFoundError):
        Hand(script(reply({}, 404))).perform(call("p1"))


def test_not_found_after_a_retry_is_an_error_for_other_calls() -> None:
    with pytest.raises(NotFoundError):
        Hand(script(network(sent=True), reply({}, 404))).perform(get_prediction("p1"))


# Deadlines


@pytest.mark.parametrize(
    ("client", "call", "deadline"),
    [
        (60.0, None, 1060.0),
        (None, None, None),
        (None, 5.0, 1005.0),
        (60.0, 5.0, 1005.0),
        (2.0, 5.0, 1002.0),
    ],
)
def test_deadline_is_that_of_the_lower_limit(
    client: float | None, call: float | None, deadline: float | None
) -> None:
    hand = Hand(script(P1), config(timeout=client))
    hand.perform(replace(get_prediction("p1"), timeout=call))
    assert hand.exchanges[0].deadline == deadline


def test_deadline_spans_all_tries() -> None:
    hand = Hand(script(reply({}, 503)), config(timeout=10.0), rtt=4.6, chance=1.0)
    with pytest.raises(ServerError) as caught:
        hand.perform(get_prediction("p1"))
    assert [e.deadline for e in hand.exchanges] == [1010.0, 1010.0]
    assert hand.naps == [0.5]
    assert len(caught.value.attempts) == 2
    assert hand.now <= 1010.0


@pytest.mark.parametrize(("retry_after", "naps"), [("3", [3.05]), ("11", []), ("61", [])])
def test_retry_after_is_kept_if_it_fits(retry_after: str, naps: list[float]) -> None:
    hand = Hand(
        script(reply({}, 429, retry_after=retry_after), P1), config(timeout=10.0), chance=1.0
    )
    if naps:
        assert hand.perform(get_prediction("p1")).id == "p1"
    else:
        with pytest.raises(RateLimitError) as caught:
            hand.perform(get_prediction("p1"))
        assert caught.value.retry_after == float(retry_after)
    assert hand.naps == naps


# The budget


def test_budget_ends_the_tries_of_an_outage() -> None:
    hand = Hand(script(reply({}, 503)))
    outcomes: list[tuple[str | None, int]] = []
    for _ in range(7):
        with pytest.raises(ServerError) as caught:
            hand.perform(get_prediction("p1"))
        outcomes.append((caught.value.retry_suppressed, len(caught.value.attempts)))
    assert outcomes == [(None, 3)] * 5 + [("budget", 1)] * 2


def test_budget_does_not_bind_what_the_user_asked_for() -> None:
    policy = RetryPolicy.of(RetryOptions(30, 0, [503]))
    hand = Hand(script(reply({}, 503)), replace(config(), retry=policy))
    with pytest.raises(ServerError) as caught:
        hand.perform(get_prediction("p1"))
    assert len(hand.exchanges) == 31
    assert caught.value.retry_suppressed is None


def test_budget_is_refilled_by_what_succeeds() -> None:
    budget = RetryBudget()
    for _ in range(30):
        hand = Hand(script(reply({}, 503), P1), budget=budget)
        assert hand.perform(get_prediction("p1")).id == "p1"


# Errors


def test_error_of_a_missing_key_says_so() -> None:
    with pytest.raises(AuthenticationError, match="SKYTELLS_API_KEY"):
        Hand(script(reply({}, 401)), config(key=None)).perform(get_prediction("p1"))
    with pytest.raises(AuthenticationError, match="Check the key"):
        Hand(script(reply({}, 401))).perform(get_prediction("p1"))


@pytest.mark.parametrize(
    "answer",
    [
        reply({"error": {"message": f"Bad key {KEY}", "details": {"k": [KEY]}}}, 401),
        reply({"error": KEY, "response": KEY, "error_id": KEY}, 500),
        reply({"status": False, "response": f"key {KEY}"}),
        reply(f"<html>{KEY}</html>".encode(), 502),
        Reply(200, {"content-type": "text/html"}, f"<html>{KEY}</html>".encode()),
        Reply(200, {}, f'{{"key": "{KEY}"'.encode()),
        Reply(200, {}, (" " * 90 + KEY).encode() * 30),
        reply({"key": KEY}),
        reply([KEY]),
    ],
)
@pytest.mark.parametrize("call", [paid, lambda: get_prediction("p1")])
def test_error_never_shows_a_key_that_the_server_echoes(
    answer: Reply, call: Callable[[], Call[Any]]
) -> None:
    with pytest.raises(SkytellsError) as caught:
        Hand(script(answer), config(retries=0)).perform(call())
    error = caught.value
    shown = f"{error} {error!r} {error.args} {vars(error)} {error.__cause__} {error.__context__}"
    assert KEY not in shown
    assert KEY[:10] not in shown


def test_answer_that_holds_the_key_is_not_changed() -> None:
    answer = reply({"id": "p1", "input": {"mine": KEY}})
    assert Hand(script(answer)).perform(get_prediction("p1"))["input"] == {"mine": KEY}


def test_foreign_exceptions_pass_through() -> None:
    hand = Hand(script(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        hand.perform(paid())
    assert len(hand.exchanges) == 1


def test_query_that_cannot_travel_is_refused_before_the_wire() -> None:
    hand = Hand(script(P1))
    with pytest.raises(InvalidRequestError, match="query"):
        hand.perform(list_predictions(PredictionsListOptions(model="\ud800")))
    assert hand.exchanges == []


CALLS: list[Callable[[], Call[Any]]] = [
    paid,
    lambda: get_prediction("p1"),
    lambda: cancel_prediction("p1"),
    lambda: delete_prediction("p1"),
    lambda: list_predictions(PredictionsListOptions()),
    lambda: list_models(None, None),
    lambda: get_model("flux-pro", None, None),
]


@settings(max_examples=120)
@given(
    st.sampled_from(CALLS),
    st.integers(200, 599),
    json_values
    | st.binary(max_size=30)
    | st.fixed_dictionaries(
        {},
        optional={
            "id": st.just("p1") | json_values,
            "status": json_values,
            "success": json_values,
            "error": json_values,
            "data": st.lists(st.fixed_dictionaries({"id": json_values})) | json_values,
            "pagination": json_values,
        },
    ),
)
def test_any_answer_is_a_result_or_an_error_of_ours(
    call: Callable[[], Call[Any]], status: int, body: object
) -> None:
    hand = Hand(script(reply(body, status)), config(retries=0))
    try:
        result: Any = hand.perform(call())
    except SkytellsError as error:
        if error.http_status != status:
            raise
    else:
        assert 200 <= status < 300
        for record in result if is_list(result) else [result]:
            assert repr(record)


# Logs


def test_logs_tell_what_happened_and_nothing_private(caplog: pytest.LogCaptureFixture) -> None:
    private = replace(config(), headers=((b"x-private", b"hv-1"),))
    headers = {"x-request-id": "req_9", "set-cookie": "hv-2"}
    answers = [
        Reply(503, headers, b'{"error":"bodytext"}'),
        Reply(429, headers | {"retry-after": "1"}, b""),
        Reply(200, headers, b'{"id":"pid-77","output":"bodytext"}'),
    ]
    with caplog.at_level(logging.DEBUG, "skytells"):
        Hand(script(*answers), private).perform(get_prediction("pid-77"))
        Hand(script(reply({"data": []})), private).perform(
            list_predictions(PredictionsListOptions(model="secret-model"))
        )
    lines = [f"{r.levelname} {r.getMessage()}" for r in caplog.records]
    assert lines == [
        "DEBUG GET /predictions/{id}: 503 in 0.000 s, request id req_9",
        "INFO GET /predictions/{id}: 503, trying again in 0.25 s (try 2)",
        "DEBUG GET /predictions/{id}: 429 in 0.000 s, request id req_9",
        "INFO GET /predictions/{id}: 429, trying again in 1.05 s (try 3)",
        "DEBUG GET /predictions/{id}: 200 in 0.000 s, request id req_9",
        "DEBUG GET /predictions: 200 in 0.000 s, request id unknown",
    ]
    for secret in ("pid-77", "bodytext", "hv-1", "hv-2", "secret-model", KEY):
        assert secret not in caplog.text


def test_logs_are_silent_by_default() -> None:
    handlers = logging.getLogger("skytells").handlers
    assert any(isinstance(handler, logging.NullHandler) for handler in handlers)


def test_paid_calls_are_those_that_may_cost() -> None:
    assert [call().safety for call in CALLS[:4]] == [
        Safety.PAID,
        Safety.SAFE,
        Safety.CONVERGENT,
        Safety.CONVERGENT,
    ]
