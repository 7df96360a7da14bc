"""Faults: the rules by themselves, and their effect on real requests."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

import skytells.local
from skytells.local import Fault, LocalPlatform
from skytells.local.errors import error_body
from skytells.local.faults import HEADER, FaultRules, parse_fault, parse_fault_header
from skytells.local.json_values import JsonObject

BODY: JsonObject = {"model": "flux-pro", "input": {"prompt": "a fox"}}


def met(book: FaultRules, count: int = 1) -> list[bool]:
    """Which of so many requests a fault befalls."""
    return [book.match("POST", "/v1/predict", "flux-pro") is not None for _ in range(count)]


@pytest.mark.parametrize(
    ("fault", "befalls"),
    [
        ({}, True),
        ({"method": "post"}, True),
        ({"method": "GET"}, False),
        ({"path": "/predict"}, True),
        ({"path": "/v1/predict"}, True),
        ({"path": "/*"}, True),
        ({"path": "/predictions/*"}, False),
        ({"model": "flux-pro"}, True),
        ({"model": "flux"}, False),
    ],
)
def test_a_fault_applies_to_matching_requests(fault: JsonObject, befalls: bool) -> None:
    assert parse_fault(fault).matches("POST", "/v1/predict", "flux-pro") is befalls


def test_a_fault_without_a_number_always_applies() -> None:
    book = FaultRules()
    book.add(Fault(status=500))
    assert met(book, 3) == [True, True, True]
    book.clear()
    assert met(book) == [False]


def test_a_fault_applies_to_a_number_of_requests() -> None:
    book = FaultRules()
    book.add(Fault(status=500, times=2))
    assert met(book, 4) == [True, True, False, False]
    assert list(book) == []


def test_a_fault_applies_to_the_nth_request_only() -> None:
    book = FaultRules()
    book.add(Fault(method="POST", nth=2, drop="before"))
    assert book.match("GET", "/v1/models", None) is None
    assert met(book, 4) == [False, True, False, False]


def test_the_oldest_matching_fault_applies() -> None:
    book = FaultRules()
    book.add(Fault(status=500, times=1))
    book.add(Fault(status=503))
    statuses = [book.match("GET", "/v1/models", None) for _ in range(2)]
    assert [fault.status for fault in statuses if fault] == [500, 503]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"error": "INSUFFICIENT_CREDITS"}, (402, "INSUFFICIENT_CREDITS")),
        ({"error": "NOVEL"}, (500, "NOVEL")),
        ({"error": "NOVEL", "status": 418}, (418, "NOVEL")),
        ({"status": 429}, (429, "RATE_LIMIT_EXCEEDED")),
        ({"status": 599}, (599, "INTERNAL_ERROR")),
        ({"status": 204}, None),
        ({"latency": 1.0}, None),
    ],
)
def test_an_error_has_a_matching_status_and_id(
    fields: JsonObject, expected: tuple[int, str] | None
) -> None:
    fault = parse_fault(fields)
    error = fault.api_error()
    assert ((error.status, error.error_id) if fault.replaces_response else None) == expected


@pytest.mark.parametrize(
    ("envelope", "keys"),
    [
        ("unified", {"status", "response", "error"}),
        ("error", {"error"}),
        ("inference", {"error"}),
        ("flat", {"error_id", "message"}),
        ("simple", {"status", "response"}),
    ],
)
def test_an_error_has_the_envelope_of_the_fault(envelope: str, keys: set[str]) -> None:
    fault = parse_fault({"error": "INTERNAL_ERROR", "envelope": envelope, "message": "Ouch."})
    assert fault.envelope
    body = error_body(fault.envelope, fault.api_error(), "req_1")
    assert body.keys() == keys
    assert "Ouch." in str(body)


def test_the_inference_envelope_has_status_and_request_id() -> None:
    error = error_body("inference", Fault(error="UNAUTHORIZED").api_error(), "req_1")["error"]
    assert (error["status"], error["request_id"]) == (401, "req_1")
    assert (error["type"], error["code"]) == ("authentication_error", "invalid_api_key")


@pytest.mark.parametrize(
    ("fault", "culprit"),
    [
        ({"nth": 0}, "nth"),
        ({"times": True}, "times"),
        ({"latency": -1}, "latency"),
        ({"latency": None}, "latency"),
        ({"slow": "long"}, "slow"),
        ({"status": 99}, "status"),
        ({"drop": "during"}, "before, after"),
        ({"body": "purple"}, "truncated"),
        ({"envelope": "brown"}, "unified"),
        ({"path": 7}, "path"),
        ({"variants": ["upside-down"]}, "upside-down"),
        ({"variants": 7}, "variants"),
        ({"colour": "red"}, "'colour'"),
        ([], "object"),
    ],
)
def test_an_invalid_fault_is_refused_by_the_name_of_its_field(fault: object, culprit: str) -> None:
    with pytest.raises(ValueError, match=culprit):
        parse_fault(fault)


@pytest.mark.parametrize(
    "text",
    [
        '{"error": "NOVEL", "latency": 0.5, "variants": ["canceled", "queued"]}',
        "error=NOVEL, latency=0.5, variants=queued canceled",
    ],
)
def test_a_header_holds_json_or_pairs(text: str) -> None:
    fault = parse_fault_header(text)
    assert fault == Fault(error="NOVEL", latency=0.5, variants=("canceled", "queued"))
    assert parse_fault(fault.as_json()) == fault


@pytest.fixture(scope="module")
def platform() -> Iterator[LocalPlatform]:
    with skytells.local.serve(speed=0) as platform:
        yield platform


@pytest.fixture
def http(platform: LocalPlatform) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=platform.url, headers={"x-api-key": platform.key}) as http:
        yield http
    platform.clear_faults()


def posted(http: httpx.Client, **fault: object) -> httpx.Response:
    """The answer to an order that a fault befalls."""
    pairs = ",".join(f"{name}={value}" for name, value in fault.items())
    return http.post("/predict", json=BODY, headers={HEADER: pairs} if pairs else {})


def test_a_connection_is_dropped_before_the_request_is_processed(
    platform: LocalPlatform, http: httpx.Client
) -> None:
    before = len(platform.predictions)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        posted(http, drop="before")
    assert len(platform.predictions) == before


def test_a_response_is_lost_after_the_request_was_processed(
    platform: LocalPlatform, http: httpx.Client
) -> None:
    before = len(platform.predictions)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        posted(http, drop="after")
    assert len(platform.predictions) == before + 1


def test_a_truncated_body_is_shorter_than_its_content_length(http: httpx.Client) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
        posted(http, body="truncated")


def test_a_slow_body_arrives_in_pieces_and_whole(http: httpx.Client) -> None:
    with http.stream("POST", "/predict", json=BODY, headers={HEADER: "slow=0.02"}) as answer:
        pieces = list(answer.iter_raw())
    assert len(pieces) > 1
    assert b"".join(pieces).endswith(b"}")


@pytest.mark.parametrize(
    ("fault", "status", "start"),
    [
        ({"body": "garbage"}, 200, b"\x00"),
        ({"body": "html"}, 502, b"<html>"),
        ({"body": "html", "status": 504}, 504, b"<html>"),
        ({"body": "empty"}, 200, b""),
        ({"body": "empty", "status": 503}, 503, b""),
        ({"status": 204}, 204, b""),
        ({"status": 202}, 202, b'{"id"'),
        ({"error": "NOVEL", "status": 418}, 418, b'{"status":false'),
    ],
)
def test_a_response_is_damaged_by_a_fault(
    http: httpx.Client, fault: JsonObject, status: int, start: bytes
) -> None:
    answer = posted(http, **fault)
    assert answer.status_code == status
    assert answer.content.startswith(start)
    assert bool(answer.content) is bool(start)
    assert answer.headers["x-request-id"].startswith("req_")


def test_a_fault_redirects(http: httpx.Client) -> None:
    answer = posted(http, redirect="http://localhost:1/v1/predict")
    assert (answer.status_code, answer.headers["location"]) == (
        307,
        "http://localhost:1/v1/predict",
    )


def test_a_429_has_retry_after(http: httpx.Client) -> None:
    assert posted(http, status=429).headers["retry-after"] == "1"
    assert posted(http, status=429, retry_after=12).headers["retry-after"] == "12"
    assert "retry-after" not in posted(http, status=503).headers


def test_a_fault_makes_the_prediction_in_a_response_fail(http: httpx.Client) -> None:
    answer = posted(http, envelope="failed-prediction", message="NSFW content detected.")
    said = answer.json()
    assert (answer.status_code, said["status"], said["output"]) == (200, "failed", None)
    assert said["response"] == said["error"] == "NSFW content detected."


def test_a_header_that_is_invalid_is_a_400(http: httpx.Client) -> None:
    answer = posted(http, colour="red")
    assert answer.status_code == 400
    assert "'colour'" in answer.json()["response"]


def test_a_fault_from_python_applies_to_the_requests_of_a_model(
    platform: LocalPlatform, http: httpx.Client
) -> None:
    job = posted(http).json()
    platform.fault(model="flux-pro", status=503, times=3)
    assert http.get("/model/flux-edge").status_code == 200
    assert http.get("/models").status_code == 200
    assert posted(http).status_code == 503
    assert http.get(job["urls"]["get"]).status_code == 503
    assert http.get("/model/black-forest-labs%2Fflux-pro").status_code == 503
    assert posted(http).status_code == 200


def test_faults_can_be_cleared(platform: LocalPlatform, http: httpx.Client) -> None:
    platform.fault(error="NOVEL")
    assert posted(http, status=202).status_code == 202  # the header comes first
    assert http.get("/models").json()["error"]["error_id"] == "NOVEL"
    platform.clear_faults()
    assert http.get("/models").status_code == 200


def test_an_asset_can_be_truncated(platform: LocalPlatform, http: httpx.Client) -> None:
    url = posted(http).json()["urls"]["get"]
    platform.advance(60.0)
    asset = http.get(url).json()["output"][0]
    platform.fault(path="/assets/*", body="truncated", times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
        httpx.get(asset)
    assert httpx.get(asset).status_code == 200


@pytest.mark.parametrize(
    ("variant", "method", "path", "expected"),
    [
        ("queued", "GET", "", "queued"),
        ("model-slug", "GET", "", "flux-pro"),
        ("status-false", "GET", "", '"status":false,"id"'),
        ("canceled", "POST", "/cancel", '"canceled"'),
        ("cancel-success", "POST", "/cancel", '{"success":true}'),
    ],
)
def test_a_response_has_another_spelling(
    http: httpx.Client, variant: str, method: str, path: str, expected: str
) -> None:
    url = posted(http).json()["urls"]["get"]
    answer = http.request(method, url + path, headers={HEADER: f"variants={variant}"})
    assert answer.status_code == 200
    assert expected in answer.text


def test_a_list_comes_without_pagination_with_a_variant(http: httpx.Client) -> None:
    answer = http.get("/predictions", headers={HEADER: "variants=bare-list"})
    assert isinstance(answer.json(), list)


def test_a_missing_prediction_is_a_502_with_a_variant(http: httpx.Client) -> None:
    answer = http.get("/predictions/nope", headers={HEADER: "variants=missing-502"})
    assert answer.status_code == answer.json()["error"]["http_status"] == 502


def test_variants_of_a_platform_change_all_its_responses() -> None:
    with skytells.local.serve(speed=0, variants=["queued", "bare-list"]) as platform:
        http = httpx.Client(base_url=platform.url, headers={"x-api-key": "k"})
        assert http.post("/predict", json=BODY).json()["status"] == "queued"
        assert len(http.get("/predictions?status=queued").json()) == 1
        http.close()
