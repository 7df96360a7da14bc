"""Each exchange with the API: what is asked, and how its answer is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest

from skytells._core.operation import Call, Safety
from skytells._core.wire import Reply
from skytells.errors import ConfigurationError, InvalidRequestError, InvalidResponseError
from skytells.models.requests import get_model, list_models
from skytells.predictions.requests import (
    as_request,
    cancel_and_fetch,
    cancel_prediction,
    create_prediction,
    creating,
    delete_prediction,
    get_prediction,
    list_by_the_servers_clock,
    list_predictions,
    listing,
    stream_prediction,
)
from skytells.types import (
    PredictionRequest,
    PredictionResponse,
    PredictionsListOptions,
)

from ..core.support import Hand, JsonObject, reply, script

EMPTY = PredictionsListOptions()


def ignore(prediction: object) -> None:
    del prediction


def bodied(call: Call[Any]) -> JsonObject:
    body: JsonObject = json.loads(call.body or b"")
    return body


@pytest.mark.parametrize(
    ("call", "line", "safety", "name"),
    [
        (get_prediction("a/b"), "GET /predictions/a%2Fb", Safety.SAFE, "/predictions/{id}"),
        (
            stream_prediction("p"),
            "GET /predictions/p/stream",
            Safety.SAFE,
            "/predictions/{id}/stream",
        ),
        (
            cancel_prediction("p"),
            "POST /predictions/p/cancel",
            Safety.CONVERGENT,
            "/predictions/{id}/cancel",
        ),
        (
            delete_prediction("p"),
            "DELETE /predictions/p/delete",
            Safety.CONVERGENT,
            "/predictions/{id}/delete",
        ),
        (list_predictions(EMPTY), "GET /predictions", Safety.SAFE, "/predictions"),
        (list_models(None, None), "GET /models", Safety.SAFE, "/models"),
        (get_model("v/m", None, None), "GET /model/v%2Fm", Safety.SAFE, "/model/{slug}"),
        (
            create_prediction(PredictionRequest("m", {}), ignore),
            "POST /predict",
            Safety.PAID,
            "/predict",
        ),
    ],
)
def test_call_is_the_documented_one(call: Call[Any], line: str, safety: Safety, name: str) -> None:
    assert (f"{call.method} {call.path}", call.safety, call.name) == (line, safety, name)


@pytest.mark.parametrize("id", ["", ".", "..", "a\n", None, 5])
@pytest.mark.parametrize(
    "build", [get_prediction, stream_prediction, cancel_prediction, delete_prediction]
)
def test_call_refuses_what_is_no_id(build: Callable[[Any], Call[Any]], id: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"^id must be"):
        build(id)


# Creating


def created(*asked: Any) -> Call[PredictionResponse]:
    request = creating(*asked)
    return create_prediction(request, ignore, await_=request.await_)


@pytest.mark.parametrize(
    ("payload", "sent"),
    [
        (
            {"model": "m", "input": {"a": 1}},
            {"model": "m", "input": {"a": 1}, "await": False},
        ),
        (
            {"model": "m", "input": {}, "await": True, "stream": True, "x": [1]},
            {"model": "m", "input": {}, "await": True, "stream": True, "x": [1]},
        ),
        (
            MappingProxyType({"model": "m", "input": MappingProxyType({"a": 1})}),
            {"model": "m", "input": {"a": 1}, "await": False},
        ),
        (
            PredictionRequest("m", {"a": 1}, {"url": "u"}),
            {"model": "m", "input": {"a": 1}, "webhook": {"url": "u"}, "await": False},
        ),
    ],
)
def test_create_sends_each_key_of_a_payload(payload: Any, sent: JsonObject) -> None:
    assert bodied(created(payload, None, None, None, False, False)) == sent


def test_create_takes_keywords() -> None:
    call = created(None, "m", {"a": 1}, "https://u", True, True)
    assert bodied(call) == {
        "model": "m",
        "input": {"a": 1},
        "webhook": "https://u",
        "await": True,
        "stream": True,
    }
    assert bodied(created(None, "m", None, None, False, False))["input"] == {}


@pytest.mark.parametrize(
    ("payload", "model"), [(None, None), ({"model": "m", "input": {}}, "m"), ({}, "m")]
)
def test_create_takes_either_a_payload_or_keywords(payload: Any, model: str | None) -> None:
    with pytest.raises(InvalidRequestError, match="either one payload"):
        creating(payload, model, None, None, False, False)


@pytest.mark.parametrize("payload", [5, "flux-pro", [("model", "m")]])
def test_create_refuses_a_payload_that_is_no_dict(payload: Any) -> None:
    with pytest.raises(InvalidRequestError, match="the payload must be a dict"):
        creating(payload, None, None, None, False, False)


@pytest.mark.parametrize("input", [5, "prompt", [1]])
def test_create_refuses_input_that_is_no_dict(input: Any) -> None:
    with pytest.raises(InvalidRequestError, match="input must be a dict"):
        creating(None, "m", input, None, False, False)


def test_create_names_what_json_cannot_carry(tmp_path: Any) -> None:
    with (tmp_path / "x").open("w") as file:
        payload = {"model": "m", "input": {"image": file}}
        with pytest.raises(InvalidRequestError, match=r"JSON cannot carry input\.image"):
            created(payload, None, None, None, False, False)


def test_create_remembers_what_was_asked_as_it_was() -> None:
    given: JsonObject = {"prompt": ["a"]}
    call = create_prediction(PredictionRequest("m", given), ignore)
    given["prompt"].append("b")
    assert call.request == PredictionRequest("m", {"prompt": ["a"]})


@pytest.mark.parametrize(
    ("await_", "sent"), [(None, {}), (True, {"await": True}), (False, {"await": False})]
)
def test_create_settles_await(await_: bool | None, sent: JsonObject) -> None:
    call = create_prediction(PredictionRequest("m", {}), ignore, await_=await_)
    assert bodied(call) == {"model": "m", "input": {}} | sent


def test_payload_that_is_a_request_is_taken_as_it_is() -> None:
    request = PredictionRequest("m", {})
    assert as_request(request) is request


# Reading predictions

WRONG_KINDS: list[Any] = [
    None,
    [],
    [1],
    5,
    "x",
    True,
    {},
    {"id": None},
    {"id": ""},
    {"id": True},
    {"id": {}},
]


@pytest.mark.parametrize("body", WRONG_KINDS)
@pytest.mark.parametrize(
    "call",
    [
        create_prediction(PredictionRequest("m", {}), ignore),
        get_prediction("p1"),
        stream_prediction("p1"),
    ],
)
def test_answer_of_the_wrong_kind_is_refused(call: Call[Any], body: object) -> None:
    with pytest.raises(InvalidResponseError, match=r"where .* was due") as caught:
        call.read(reply(body))
    assert (caught.value.error_id, caught.value.http_status) == ("INVALID_RESPONSE", 200)
    assert "Content: " in str(caught.value.details)


def test_answer_about_another_prediction_is_refused() -> None:
    other = reply({"id": "p2", "status": "succeeded"})
    for call in (get_prediction("p1"), cancel_prediction("p1"), delete_prediction("p1")):
        with pytest.raises(InvalidResponseError, match="prediction p1 was due"):
            call.read(other)


@pytest.mark.parametrize("id", [0, 1, 7, 10**15])
def test_answer_whose_id_is_a_number_is_read(id: int) -> None:
    assert get_prediction(str(id)).read(reply({"id": id})).id == str(id)


@pytest.mark.parametrize("body", [{"success": True}, {}, None, b"", {"message": "ok"}])
@pytest.mark.parametrize(
    ("call", "status"),
    [(cancel_prediction("p1"), "cancelled"), (delete_prediction("p1"), "deleted")],
)
def test_acknowledgement_is_a_record_of_what_was_asked(
    call: Call[PredictionResponse], status: str, body: object
) -> None:
    answer = call.read(reply(body))
    assert (answer.id, answer.status) == ("p1", status)
    assert dict(answer) == (body if isinstance(body, dict) else {})
    assert call.read(Reply(204, {}, b"")).id == "p1"


def test_ended_prediction_is_read_where_the_server_sends_it() -> None:
    answer = cancel_prediction("p1").read(reply({"id": "p1", "status": "canceled"}))
    assert (answer.status, answer["status"]) == ("cancelled", "canceled")


@pytest.mark.parametrize("body", [[], 5, "ok", {"success": False}, {"success": "no"}])
def test_acknowledgement_of_another_kind_is_refused(body: object) -> None:
    with pytest.raises(InvalidResponseError, match="an acknowledgement was due"):
        delete_prediction("p1").read(reply(body))


# Pages


def test_page_is_read_in_either_form() -> None:
    call = list_predictions(EMPTY)
    rows = [{"id": "p1"}, {"id": "p2"}]
    page = call.read(reply({"data": rows, "pagination": {"last_page": 4, "total": 90}}))
    assert ([p.id for p in page], page.pagination.last_page) == (["p1", "p2"], 4)
    bare = call.read(reply(rows))
    assert [p.id for p in bare] == ["p1", "p2"]
    assert bare.pagination.to_dict() == {
        "current_page": 1,
        "per_page": 2,
        "total": 2,
        "last_page": 1,
    }
    assert list(call.read(reply([]))) == list(call.read(reply({"data": []}))) == []


WRONG_PAGES: list[Any] = [
    *(None, 5, "x", {}, {"data": None}, {"data": {}}, {"data": [1]}, {"data": [{}]}),
    *([None], [{"id": ""}], [{"id": {"x": 1}}], [{"id": [1]}], [{"id": "a"}, {}]),
]


@pytest.mark.parametrize("body", WRONG_PAGES)
def test_page_of_the_wrong_kind_is_refused(body: object) -> None:
    with pytest.raises(InvalidResponseError, match="a page of predictions was due"):
        list_predictions(EMPTY).read(reply(body))


@pytest.mark.parametrize("pagination", [None, [1], "x", 5, {}, {"last_page": "x"}])
def test_page_without_usable_pagination_is_the_only_one(pagination: object) -> None:
    page = list_predictions(EMPTY).read(reply({"data": [{"id": "p1"}], "pagination": pagination}))
    assert ([p.id for p in page], page.pagination.last_page) == (["p1"], 1)


def test_page_comes_with_the_servers_time() -> None:
    call = list_by_the_servers_clock(EMPTY)
    _, now = call.read(reply([], date="Thu, 01 Jan 2026 00:00:00 GMT"))
    assert now == 1_767_225_600.0
    assert call.read(reply([], date="nonsense"))[1] > 1e9


@pytest.mark.parametrize(
    "options",
    [
        {"page": 3, "since": "2026-01-01", "model": "m", "per_page": 5},
        PredictionsListOptions(3, "2026-01-01", None, "m", per_page=5),
    ],
)
def test_listing_lets_keywords_win(options: Any) -> None:
    assert listing(None, None, None, None, options, None, None).params() == (
        ("page", "3"),
        ("per_page", "5"),
        ("from", "2026-01-01"),
        ("model", "m"),
    )
    merged = listing(1, None, "2026-02-01", "n", options, None, "failed")
    assert merged == PredictionsListOptions(
        1, "2026-01-01", "2026-02-01", "n", per_page=5, status="failed"
    )


def test_listing_refuses_what_are_no_options() -> None:
    wrong: Any = 5
    with pytest.raises(ConfigurationError, match="must be a dict"):
        listing(None, None, None, None, wrong, None, None)


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
