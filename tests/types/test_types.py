"""What users pass in: constructors, defaults, refusals; and the pages they get back."""

from __future__ import annotations

import copy
import io
import json
import pickle
from collections.abc import Callable
from enum import Enum
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import skytells.types
from skytells import ConfigurationError, InvalidRequestError, SkytellsError
from skytells._data.checks import Default
from skytells._data.json import to_json
from skytells.types import (
    ClientOptions,
    ModelFieldsOptions,
    PaginatedResponse,
    Pagination,
    PredictionRequest,
    PredictionResponse,
    PredictionsListOptions,
    PredictionSource,
    PredictionStatus,
    PredictionType,
    QueueItem,
    RetryOptions,
    RunOptions,
    WaitOptions,
)

from ..core.support import JsonObject, json_values

# Enums

DOCUMENTED = {
    "PredictionStatus": "pending starting started processing succeeded failed cancelled",
    "PredictionType": "inference training",
    "PredictionSource": "api cli web",
    "ModelType": "image video audio music text code multimodal",
    "ModelPrivacy": "public private",
    "PricingUnit": "image video second prediction gpu image_megapixel computing_second "
    "audio_second video_second token 5_seconds minute",
    "PricingOperator": "equals ==",
}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_enum_has_the_documented_members(name: str) -> None:
    enum: type[Enum] = getattr(skytells.types, name)
    values = [value.replace("5_", "5 ") for value in DOCUMENTED[name].split()]
    assert [member.value for member in enum] == values


@pytest.mark.parametrize("name", [*DOCUMENTED, "ApiErrorId"])
def test_enum_members_are_strings_and_print_their_value(name: str) -> None:
    enum: type[Enum] = getattr(skytells.types, name)
    for member in enum:
        assert isinstance(member, str)
        assert member == member.value
        assert f"{member}" == str(member) == member.value
        assert json.dumps({"x": member}) == json.dumps({"x": member.value})


def test_status_accepts_both_spellings_and_the_queued_envelope() -> None:
    assert PredictionStatus("canceled") is PredictionStatus.CANCELLED
    assert PredictionStatus(False) is PredictionStatus.PENDING  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="queued"):
        PredictionStatus("queued")


def test_addresses_of_the_published_package_still_work() -> None:
    from skytells.errors import SkytellsError as FromShared
    from skytells.types.models import ModelFieldsOptions as FromModels
    from skytells.types.requests import PredictionRequest as FromPredict

    assert (FromShared, FromPredict, FromModels) == (
        SkytellsError,
        PredictionRequest,
        ModelFieldsOptions,
    )
    assert {PredictionType.INFERENCE, PredictionSource.API} == {"inference", "api"}


# Requests


def test_request_takes_the_published_positions() -> None:
    request = PredictionRequest("flux-pro", {"a": 1}, {"url": "u"}, True, True)
    assert request.to_dict() == {
        "model": "flux-pro",
        "input": {"a": 1},
        "webhook": {"url": "u"},
        "await": True,
        "stream": True,
    }


def test_request_leaves_out_what_is_unset() -> None:
    request = PredictionRequest("flux-pro", {})
    assert (request.webhook, request.await_, request.stream) == (None, False, False)
    assert request.to_dict() == {"model": "flux-pro", "input": {}}


@pytest.mark.parametrize(
    "payload",
    [
        {"model": "m", "input": {"a": 1}},
        {"model": "m", "input": {}, "await": True, "stream": True, "webhook": {"url": "u"}},
        {"model": "m", "input": {}, "webhook": "https://u", "webhook_events_filter": ["start"]},
    ],
)
def test_request_round_trips_every_key(payload: JsonObject) -> None:
    request = PredictionRequest.from_dict(payload)
    assert request.to_dict() == payload
    assert json.loads(request.encode()) == payload
    assert PredictionRequest.from_dict(request.to_dict()) == request


def test_request_without_input_has_an_empty_one() -> None:
    assert PredictionRequest.from_dict({"model": "m"}).input == {}


def test_request_without_model_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="no 'model'"):
        PredictionRequest.from_dict({"input": {}})


@pytest.mark.parametrize("model", ["", " ", ".", "..", "a\nb", "x" * 513, None, 5, b"m", "\ud800"])
def test_request_refuses_what_is_no_slug(model: Any) -> None:
    with pytest.raises(InvalidRequestError, match="model must be"):
        PredictionRequest(model, {}).encode()


@pytest.mark.parametrize("given", [None, 5, "prompt", [("a", 1)]])
def test_request_refuses_input_that_is_no_dict(given: Any) -> None:
    with pytest.raises(InvalidRequestError, match="input must be a dict, not"):
        PredictionRequest("m", given).encode()


def test_request_copy_is_deep() -> None:
    request = PredictionRequest("m", {"a": [1]}, extra={"k": [1]})
    copied = request.copy()
    request.input["a"].append(2)
    request.extra["k"].append(2)
    assert copied.to_dict() == {"model": "m", "input": {"a": [1]}, "k": [1]}


def test_request_encode_settles_keys() -> None:
    request = PredictionRequest("m", {}, await_=True)
    assert json.loads(request.encode(**{"await": False})) == {
        "model": "m",
        "input": {},
        "await": False,
    }


def test_request_is_encoded_compactly_in_utf8() -> None:
    assert PredictionRequest("m", {"p": "è"}).encode() == '{"model":"m","input":{"p":"è"}}'.encode()


def test_queue_item_holds_its_request() -> None:
    request = PredictionRequest("m", {})
    assert QueueItem(request).request is request


# JSON

loop: list[Any] = []
loop.append(loop)
tangle: JsonObject = {}
tangle |= {"a": tangle, "b": [tangle, tangle], "c": tangle}
nest: list[Any] = []
for _ in range(100_000):
    nest = [nest]


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ({"input": {"image": io.BytesIO()}}, "input.image: Object of type BytesIO"),
        ({"input": {"images": ["u", b"raw"]}}, "input.images.1: Object of type bytes"),
        ({"input": {"n": 1j}}, "input.n: Object of type complex"),
        ({"input": {"s": {1}}}, "input.s: Object of type set"),
        ({"input": {"n": float("nan")}}, "input.n: Out of range float"),
        ({"input": {"n": (1, float("inf"))}}, "input.n.1: Out of range float"),
        ({"input": {"t": "\ud800"}}, "input.t: "),
        ({"input": {(1, 2): 3}}, "input: keys must be"),
        ({"input": {"a": {"\ud800": 3}}}, r"input\.a: "),
        ({"input": loop}, "refers to itself or is nested too deeply"),
        ({"input": nest}, "refers to itself or is nested too deeply"),
        ({"input": {"a": tangle, "b": tangle}}, "refers to itself or is nested too deeply"),
        (object(), "the body: Object of type object"),
    ],
)
def test_json_refusal_names_the_culprit(value: object, named: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"JSON cannot carry .*{named}"):
        to_json(value)


@settings(max_examples=60)
@given(json_values)
def test_json_carries_all_json(value: Any) -> None:
    assert json.loads(to_json(value)) == value


# Options

OPTIONS: list[tuple[Callable[[Any], object], str, str, str]] = [
    (RetryOptions.from_dict, "retry_dely", "retry_delay", "retry"),
    (ClientOptions.from_dict, "time_out", "timeout", "options"),
    (WaitOptions.from_dict, "intervall", "interval", "wait()'s options"),
    (RunOptions.from_dict, "webhooks", "webhook", "run()'s options"),
    (PredictionsListOptions.from_dict, "perpage", "per_page", "predictions.list()'s options"),
    (ModelFieldsOptions.from_dict, "field", "fields", "models' options"),
]


@pytest.mark.parametrize(("build", "wrong", "meant", "where"), OPTIONS)
def test_unknown_option_is_refused_with_what_was_meant(
    build: Callable[[Any], object], wrong: str, meant: str, where: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        build({wrong: 1})
    assert f"{where} has no option {wrong!r}. Did you mean {meant!r}?" in str(caught.value)
    with pytest.raises(ConfigurationError, match=f"no option 'zzz'. Known: .*{meant}"):
        build({"zzz": 1})


@pytest.mark.parametrize(
    ("build", "fields"),
    [
        (RetryOptions.from_dict, {"retries": 3, "retry_delay": 10, "retry_on": [500]}),
        (ClientOptions.from_dict, {"base_url": "u", "timeout": 5, "headers": {"a": "b"}}),
        (WaitOptions.from_dict, {"interval": 10, "max_wait": 60_000}),
        (RunOptions.from_dict, {"input": {"a": 1}, "webhook": {"url": "u"}, "stream": True}),
        (RunOptions.from_dict, {"max_wait": 5, "interval": 6}),
        (
            PredictionsListOptions.from_dict,
            {"page": 2, "since": "2026-01-01", "until": "2026-01-02", "model": "m", "per_page": 5},
        ),
        (ModelFieldsOptions.from_dict, {"fields": ["input_schema"]}),
    ],
)
def test_options_keep_each_field_of_a_dict(
    build: Callable[[Any], object], fields: JsonObject
) -> None:
    options = build(fields)
    assert {name: getattr(options, name) for name in fields} == fields
    assert copy.deepcopy(options) == pickle.loads(pickle.dumps(options)) == options


def test_retry_options_have_the_published_defaults() -> None:
    options = RetryOptions()
    assert (options.retries, options.retry_delay) == (0, 1000)
    assert options.retry_on == [429, 500, 502, 503, 504] == list(RetryOptions.DEFAULT_RETRY_ON)
    assert RetryOptions(retry_on=None).retry_on == options.retry_on  # type: ignore[arg-type]
    options.retry_on.append(418)
    assert RetryOptions().retry_on == [429, 500, 502, 503, 504]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"retries": -1}, "retries"),
        ({"retries": 101}, "retries"),
        ({"retries": 1.5}, "retries"),
        ({"retries": True}, "retries"),
        ({"retries": "3"}, "retries"),
        ({"retry_delay": -1}, "retry_delay"),
        ({"retry_delay": float("nan")}, "retry_delay"),
        ({"retry_delay": None}, "retry_delay"),
        ({"retry_on": 500}, "retry_on"),
        ({"retry_on": "500"}, "retry_on"),
        ({"retry_on": [99]}, "retry_on"),
        ({"retry_on": ["500"]}, "retry_on"),
    ],
)
def test_retry_options_name_what_is_wrong(options: JsonObject, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        RetryOptions.from_dict(options)


@pytest.mark.parametrize(
    "filters", [{"page": 0}, {"page": True}, {"per_page": 51}, {"per_page": 0}, {"since": " "}]
)
def test_filters_out_of_range_are_invalid_requests_that_name_what_is_wrong(
    filters: JsonObject,
) -> None:
    with pytest.raises(InvalidRequestError, match=next(iter(filters))):
        PredictionsListOptions.from_dict(filters).params()


def test_client_options_have_the_published_defaults() -> None:
    options = ClientOptions()
    assert (options.base_url, options.timeout, options.headers) == (None, 60_000, {})


def test_client_options_read_retry_and_copy_headers() -> None:
    headers = {"X-A": "1"}
    options = ClientOptions(headers=headers, retry={"retries": 3})
    headers["X-B"] = "2"
    assert options.headers == {"X-A": "1"}
    assert options.retry == RetryOptions(3)
    assert "X-A" not in repr(options)


@pytest.mark.parametrize("headers", [5, "abc", [1], ["ab"]])
def test_client_options_refuse_headers_that_are_no_dict(headers: Any) -> None:
    with pytest.raises(ConfigurationError, match="headers must be a dict"):
        ClientOptions(headers=headers)


@pytest.mark.parametrize("given", [5, "options", [1]])
@pytest.mark.parametrize("build", [RetryOptions.of, ClientOptions.of, WaitOptions.of])
def test_options_refuse_what_is_no_dict(build: Callable[[Any], object], given: Any) -> None:
    with pytest.raises(ConfigurationError, match="must be a dict, not"):
        build(given)


def test_options_are_taken_as_they_are() -> None:
    retry, client, wait = RetryOptions(3), ClientOptions(), WaitOptions(7)
    assert RetryOptions.of(retry) is retry
    assert ClientOptions.of(client) is client
    assert WaitOptions.of(wait) is wait


def test_wait_options_are_adaptive_only_by_default() -> None:
    assert WaitOptions().interval == 5000
    assert repr(WaitOptions()) == "WaitOptions(interval=5000, max_wait=None)"
    assert isinstance(WaitOptions().interval, Default)
    assert isinstance(WaitOptions.of(None).interval, Default)
    assert isinstance(WaitOptions.from_dict({"max_wait": 5}).interval, Default)
    assert not isinstance(WaitOptions(5000).interval, Default)
    assert not isinstance(WaitOptions.from_dict({"interval": 5000}).interval, Default)
    assert isinstance(copy.deepcopy(WaitOptions()).interval, Default)
    assert isinstance(pickle.loads(pickle.dumps(WaitOptions())).interval, Default)


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), True, "5", 7 * 86_400_000 + 1])
@pytest.mark.parametrize("name", ["interval", "max_wait"])
def test_wait_options_name_what_is_wrong(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} .*milliseconds.*{value}"):
        WaitOptions.from_dict({name: value})


def test_wait_options_allow_no_wait_but_no_busy_loop() -> None:
    assert WaitOptions(max_wait=0).max_wait == 0
    with pytest.raises(ConfigurationError, match="interval"):
        WaitOptions(interval=0)


def test_run_options_to_dict_is_part_of_the_body() -> None:
    assert RunOptions({"a": 1}, {"url": "u"}, True, max_wait=5).to_dict() == {
        "input": {"a": 1},
        "webhook": {"url": "u"},
        "stream": True,
    }
    assert RunOptions({}).to_dict() == RunOptions.from_dict({}).to_dict() == {"input": {}}


def test_list_options_speak_the_wires_names() -> None:
    options = PredictionsListOptions(2, "2026-01-01", "2026-01-31", "v/slug", per_page=50)
    assert options.params() == (
        ("page", "2"),
        ("per_page", "50"),
        ("from", "2026-01-01"),
        ("to", "2026-01-31"),
        ("model", "v/slug"),
    )
    assert PredictionsListOptions(status="failed").params() == (("status", "failed"),)
    assert PredictionsListOptions().params() == ()


@pytest.mark.parametrize(
    ("filters", "named"),
    [
        ({"page": 0}, "page"),
        ({"page": "1"}, "page"),
        ({"page": True}, "page"),
        ({"per_page": 0}, "per_page"),
        ({"per_page": 51}, "per_page"),
        ({"per_page": 2.0}, "per_page"),
        ({"since": ""}, "since"),
        ({"until": 20260101}, "until"),
        ({"model": " "}, "model"),
        ({"model": ["m"]}, "model"),
        ({"status": 5}, "status"),
    ],
)
def test_list_options_name_what_is_wrong(filters: JsonObject, named: str) -> None:
    with pytest.raises(SkytellsError, match=f"^{named} must be"):
        PredictionsListOptions.from_dict(filters).params()


def test_model_fields_options_copy_their_list() -> None:
    fields = ["input_schema"]
    options = ModelFieldsOptions(fields)
    fields.append("x")
    assert options.fields == ["input_schema"]
    assert ModelFieldsOptions().fields == ModelFieldsOptions(None).fields == []  # type: ignore[arg-type]


# Pages


def test_pagination_has_the_published_defaults_and_repr() -> None:
    pagination = Pagination({})
    assert pagination.to_dict() == {
        "current_page": 1,
        "per_page": 0,
        "total": 0,
        "last_page": 1,
    }
    assert repr(pagination) == "Pagination(current_page=1, total=0, last_page=1)"
    assert pagination == Pagination({"total": None, "per_page": "zero"})
    assert pagination != Pagination({"total": 1})
    assert pagination != pagination.to_dict()


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(["current_page", "per_page", "total"]), json_values))
def test_pagination_holds_whole_numbers_whatever_was_sent(data: JsonObject) -> None:
    assert all(type(number) is int for number in Pagination(data).to_dict().values())


def test_page_is_a_sequence_of_predictions() -> None:
    page = PaginatedResponse(
        {"data": [{"id": "p1"}, {"id": "p2"}], "pagination": {"total": "2", "last_page": 3}}
    )
    assert [p.id for p in page] == ["p1", "p2"]
    assert (len(page), page[1].id, page[-1].id) == (2, "p2", "p2")
    assert page.data[0] == {"id": "p1"}
    assert (page.pagination.total, page.pagination.last_page) == (2, 3)
    assert page["data"] == [{"id": "p1"}, {"id": "p2"}]
    assert page["pagination"]["total"] == 2
    assert repr(page) == f"PaginatedResponse(count=2, pagination={page.pagination!r})"
    assert PaginatedResponse(page.to_dict()) == page == copy.deepcopy(page)
    assert pickle.loads(pickle.dumps(page)) == page
    with pytest.raises(KeyError):
        page["nope"]


@pytest.mark.parametrize("data", [{}, {"data": None, "pagination": None}, {"pagination": [1]}])
def test_empty_page_is_true_and_empty(data: JsonObject) -> None:
    page = PaginatedResponse(data)
    assert page
    assert list(page) == page["data"] == []
    assert page.pagination == Pagination({})


def test_page_is_unhashable_and_unequal_to_other_things() -> None:
    page: Any = PaginatedResponse({})
    assert page != {}
    for thing in (page, page.pagination):
        with pytest.raises(TypeError, match="unhashable"):
            hash(thing)


def test_page_to_dict_is_a_copy() -> None:
    page = PaginatedResponse({"data": [{"id": "p1", "input": {}}]})
    page.to_dict()["data"][0]["input"]["a"] = 1
    assert page[0]["input"] == {}


def test_page_holds_records() -> None:
    assert isinstance(PaginatedResponse({"data": [{"id": "p1"}]})[0], PredictionResponse)


def test_mapping_that_is_no_dict_is_a_payload() -> None:
    payload = MappingProxyType({"model": "m", "input": {"a": 1}})
    assert PredictionRequest.from_dict(payload).input == {"a": 1}
