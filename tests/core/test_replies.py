"""Reply → error: every envelope, with every field absent, wrong, contradictory or hostile."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skytells._core.replies import error_of, http_date, retry_after
from skytells._core.wire import Reply
from skytells.errors import (
    ApiErrorId,
    AuthenticationError,
    InvalidRequestError,
    InvalidResponseError,
    NotFoundError,
    PaymentRequiredError,
    PermissionDeniedError,
    PredictionFailedError,
    RateLimitError,
    ServerError,
    SkytellsError,
)

from .support import JsonObject, json_objects, json_values, reply
from .support import config as configured

UNIFIED: JsonObject = {
    "status": False,
    "response": "Bad input.",
    "error": {
        "http_status": 400,
        "message": "The input is bad.",
        "details": "prompt is missing",
        "error_id": "INVALID_INPUT",
    },
}
INFERENCE: JsonObject = {
    "error": {
        "message": "Invalid key.",
        "type": "authentication_error",
        "code": "invalid_api_key",
        "error_id": "UNAUTHORIZED",
        "status": 401,
        "param": None,
        "request_id": "req_1",
        "details": {"category": "auth"},
    }
}

# Envelopes


@pytest.mark.parametrize(
    ("status", "body", "message", "error_id", "details"),
    [
        (400, UNIFIED, "The input is bad.", "INVALID_INPUT", "prompt is missing"),
        (400, {"error": UNIFIED["error"]}, "The input is bad.", "INVALID_INPUT", "prompt is miss"),
        (401, INFERENCE, "Invalid key.", "UNAUTHORIZED", {"category": "auth"}),
        (429, {"error_id": "RATE_LIMIT_EXCEEDED", "message": "Slow."}, "Slow.", "RATE_LIMIT", "S"),
        (401, {"status": False, "response": "Bad key"}, "Bad key.", "API_ERROR", "Bad key"),
        (400, {"error": "Plain text", "code": "x"}, "Plain text.", "API_ERROR", "Plain text"),
        (400, {"error": "short", "message": "Long."}, "Long.", "API_ERROR", "Long."),
        (502, {"error": {"error_id": "PREDICTION_FAILED", "details": {}}}, "The server answered HTTP 502",
         "PREDICTION_FAILED", "The server answered HTTP 502"),
        (500, {"id": "p", "status": "failed", "error_id": "X", "error_message": "Why.",
               "error": None}, "Why.", "X", "Why."),
        (400, {"error": {"message": "m"}, "response": "r"}, "m.", "UNKNOWN_ERROR", "r"),
        (400, {"error": {}, "response": "From outside."}, "From outside.", "UNKNOWN_ERROR", "From"),
        (400, {"error": {"message": "m", "details": [1]}}, "m.", "UNKNOWN_ERROR", [1]),
        (400, {"error": {"error_id": "context_length_exceeded", "type": "InferenceError"}},
         "The server answered HTTP 400", "context_length_exceeded", "The server answered"),
        (400, {}, "The server answered HTTP 400 and gave no reason.", "HTTP_ERROR", "The server"),
        (400, [1, 2], "The server answered HTTP 400", "HTTP_ERROR", "The server"),
        (400, None, "The server answered HTTP 400", "HTTP_ERROR", "The server"),
        (500, b"", "The server answered HTTP 500 and gave no reason.", "SERVER_ERROR", "The"),
        (500, b"{not json", "The server answered HTTP 500: {not json.", "SERVER_ERROR", "{not"),
        (422, {"detail": "No such order."}, "No such order.", "HTTP_ERROR", "No such order."),
        (422, {"detail": [{"loc": ["body", "prompt"], "msg": "Field required", "type": "missing"}]},
         "body.prompt: Field required.", "HTTP_ERROR", [{"loc": ["body", "prompt"],
         "msg": "Field required", "type": "missing"}]),
        (503, b"event: error\ndata: [DONE]\n\n", "The server answered HTTP 503: event: error data",
         "SERVER_ERROR", "event: error data: [DONE]"),
        (502, b"upstream is down", "The server answered HTTP 502: upstream is down.",
         "SERVER_ERROR", "upstream is down"),
        (502, b"<html><head><style>p {}</style></head><body><h1>502 Bad&nbsp;Gateway</h1></body>",
         "The server answered HTTP 502: 502 Bad Gateway.", "SERVER_ERROR", "502 Bad Gateway"),
        (502, b"<script>" * 9999, "The server answered HTTP 502 and gave no reason", "SERVER_ERROR",
         "The server"),
        (502, b"x" * 5000, "The server answered HTTP 502: xxx", "SERVER_ERROR", "xxx"),
    ],
)  # fmt: skip
def test_envelope_is_read(
    status: int, body: object, message: str, error_id: str, details: Any
) -> None:
    error = error_of(reply(body, status))
    assert str(error).startswith(message)
    assert error.error_id.startswith(error_id)
    if isinstance(details, str):
        assert isinstance(error.details, str)
        assert error.details.startswith(details)
    else:
        assert error.details == details
    assert error.http_status == status
    assert error.response == (body if isinstance(body, dict) else None)


def test_an_error_that_is_framed_as_an_event_is_read() -> None:
    body = b'event: error\ndata: {"error": {"message": "Too busy", "code": "busy"}}\n\n'
    error = error_of(reply(body, 503))
    assert str(error).startswith("Too busy.")
    assert (error.error_code, error.http_status) == ("busy", 503)


def test_inference_envelope_gives_its_further_fields() -> None:
    error = error_of(reply(INFERENCE, 401, x_request_id="from-header"))
    assert (error.error_type, error.error_code) == ("authentication_error", "invalid_api_key")
    assert error.request_id == "req_1"


def test_request_id_falls_back_to_the_header() -> None:
    assert error_of(reply(UNIFIED, 400, x_request_id="req_2")).request_id == "req_2"
    assert error_of(reply(UNIFIED, 400)).request_id is None


def test_html_page_of_a_proxy_is_a_server_error() -> None:
    page = Reply(502, {"content-type": "text/html"}, b"<html>Bad gateway</html>")
    error = error_of(page)
    assert type(error) is ServerError
    assert error.error_id == ApiErrorId.SERVER_ERROR
    assert "HTTP 502 with text/html" in str(error)
    assert "<html>" not in str(error)


@pytest.mark.parametrize("status", [400, 404, 500])
def test_page_that_is_no_json_names_its_kind(status: int) -> None:
    error = error_of(Reply(status, {"content-type": "text/html"}, b"<html>"))
    assert (error.http_status, error.error_id) == (status, "SERVER_ERROR")


@pytest.mark.parametrize("wrong", [None, "", "  ", 5, True, [], {}, ["x"], {"a": 1}])
@pytest.mark.parametrize("name", sorted({*INFERENCE["error"], "http_status"}))
def test_wrong_field_of_an_envelope_is_passed_over(name: str, wrong: object) -> None:
    body = {"error": {**INFERENCE["error"], name: wrong}}
    error = error_of(reply(body, 401))
    assert type(error) is AuthenticationError
    assert error.http_status == 401
    assert type(error.message) is str
    assert error.message
    assert isinstance(error.error_id, str)
    assert error.error_id
    assert error.details
    for text in (error.error_type, error.error_code, error.request_id):
        assert text is None or (type(text) is str and text)


@pytest.mark.parametrize("name", INFERENCE["error"])
def test_missing_field_of_an_envelope_is_passed_over(name: str) -> None:
    body = {key: value for key, value in INFERENCE["error"].items() if key != name}
    error = error_of(reply({"error": body}, 401))
    assert type(error) is AuthenticationError
    assert error.http_status == 401


@pytest.mark.parametrize("said", ["500", 500, 500.0, None, True, -1, "abc"])
def test_wire_status_wins_over_what_the_body_says(said: object) -> None:
    body = {"error": {"http_status": said, "status": said, "message": "m", "error_id": "X"}}
    error = error_of(reply(body, 402))
    assert (type(error), error.http_status) == (PaymentRequiredError, 402)


# Classes and advice


@pytest.mark.parametrize(
    ("status", "error_id", "cls"),
    [
        (400, "INVALID_PARAMETER", InvalidRequestError),
        (401, "UNAUTHORIZED", AuthenticationError),
        (401, "ACCOUNT_SUSPENDED", AuthenticationError),
        (402, "X", PaymentRequiredError),
        (403, "SECURITY_VIOLATION", PermissionDeniedError),
        (404, "X", NotFoundError),
        (409, "X", InvalidRequestError),
        (410, "X", NotFoundError),
        (413, "X", InvalidRequestError),
        (422, "VALIDATION_ERROR", InvalidRequestError),
        (451, "CONTENT_POLICY_VIOLATION", InvalidRequestError),
        (429, "RATE_LIMITED", RateLimitError),
        (429, "INSUFFICIENT_CREDITS", PaymentRequiredError),
        (400, "PAYMENT_REQUIRED", PaymentRequiredError),
        (500, "INTERNAL_ERROR", ServerError),
        (503, "INFRASTRUCTURE_ERROR", ServerError),
        (599, "X", ServerError),
        (502, "PREDICTION_FAILED", PredictionFailedError),
        (502, "PREDICTION_NOT_FOUND", NotFoundError),
        (502, "MODEL_NOT_FOUND", NotFoundError),
        (200, "X", SkytellsError),
    ],
)
def test_class_follows_meaning(status: int, error_id: str, cls: type[SkytellsError]) -> None:
    error = error_of(reply({"error": {"error_id": error_id, "message": "m"}}, status))
    assert type(error) is cls
    assert (error.http_status, error.error_id) == (status, error_id)
    assert error.retryable is cls.default_retryable


@pytest.mark.parametrize(
    ("status", "error_id", "advice"),
    [
        (400, "X", "Correct the request"),
        (401, "X", "Check the key at https://"),
        (402, "X", "Add credits"),
        (403, "X", "ask support"),
        (404, "X", "base_url"),
        (404, "MODEL_NOT_FOUND", "client.models.list()"),
        (404, "PREDICTION_NOT_FOUND", "client.predictions.list()"),
        (422, "VALIDATION_ERROR", "input_schema"),
        (400, "INVALID_INPUT", "input_schema"),
        (451, "CONTENT_POLICY_VIOLATION", "client.safety.evaluate(error)"),
        (400, "context_length_exceeded", "shorter messages"),
        (504, "INFERENCE_TIMEOUT", "as a stream"),
        (429, "X", "retry="),
        (500, "X", "Try again in a moment"),
        (502, "PREDICTION_FAILED", "Change the input"),
    ],
)
@pytest.mark.parametrize("said", ["Said so", "Said so.", "Said so!"])
def test_message_ends_with_advice(status: int, error_id: str, advice: str, said: str) -> None:
    error = error_of(reply({"error": {"error_id": error_id, "message": said}}, status))
    first, _, rest = str(error).partition(said.rstrip(".!"))
    assert first == ""
    assert advice in rest
    assert rest[:2] in {". ", "! "}
    assert error.details == said


def test_missing_key_is_named_where_there_is_none() -> None:
    keyless = configured(key=None).api
    error = error_of(reply(INFERENCE, 401), keyless.advice(401))
    assert "No API key is set" in str(error)
    assert "SKYTELLS_API_KEY" in str(error)
    assert keyless.advice(500) is None
    assert configured().api.advice(401) is None


def test_hostile_text_is_one_printable_bounded_line() -> None:
    text = "\x1b[31mred\x00\r\nnext\u202egnp.exe\u200b " + "x" * 100_000
    error = error_of(reply({"error": {"message": text, "error_id": "X"}}, 400))
    assert str(error).startswith("[31mred next gnp.exe x")
    assert len(str(error)) < 700
    assert str(error).isprintable()


@pytest.mark.parametrize("text", ["\u200b", "\x00\x1b", "\ufeff\u202e"])
def test_text_of_nothing_but_hidden_characters_is_no_message(text: str) -> None:
    error = error_of(reply({"error": {"message": text}}, 400))
    assert str(error).startswith("The server answered HTTP 400 and gave no reason.")
    assert error.details


def within_error(inner: JsonObject) -> JsonObject:
    return {"error": inner}


@settings(max_examples=100)
@given(
    st.integers(200, 599),
    json_objects("status", "response", "error", "error_id", "message", "details", "id")
    | json_objects("message", "details", "error_id", "http_status", "type", "code").map(
        within_error
    )
    | json_values,
)
def test_any_body_gives_an_error_with_the_wires_status(status: int, body: object) -> None:
    error = error_of(reply(body, status))
    assert type(error.http_status) is int
    assert error.http_status == status
    assert str(error) == error.message != ""
    assert error.message.isprintable()
    assert isinstance(error.error_id, str)
    assert error.error_id
    assert isinstance(error.details, str | dict | list)


@settings(max_examples=60)
@given(st.integers(400, 599), st.binary(max_size=60), st.text(max_size=20))
def test_any_bytes_give_an_error(status: int, body: bytes, kind: str) -> None:
    error = error_of(Reply(status, {"content-type": kind}, body))
    assert error.http_status == status
    assert error.message.isprintable()


# Redirects


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308, 399])
@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("https://evil.example/steal?x=1", "redirects to evil.example."),
        ("https://user:secret@evil.example/", "redirects to evil.example."),
        ("/elsewhere", "redirects to the same host."),
        ("", "redirects to the same host."),
        ("https://[bad/", "redirects to an address that cannot be read."),
        ("https://a\x1b[31m.example/", "redirects to a"),
    ],
)
def test_redirect_is_an_error_that_names_the_host_only(
    status: int, location: str, named: str
) -> None:
    error = error_of(reply(b"", status, location=location))
    assert type(error) is InvalidResponseError
    assert (error.error_id, error.http_status) == ("UNEXPECTED_REDIRECT", status)
    assert named in str(error)
    assert "secret" not in str(error)
    assert str(error).isprintable()
    assert not error.retryable


def test_redirect_without_location_is_an_error() -> None:
    assert "the same host" in str(error_of(Reply(302, {}, b"")))


# Retry-After

NOW = 1_767_225_600.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("12", 12.0),
        (" 12 ", 12.0),
        ("1.5", 1.5),
        ("999999999", 999_999_999.0),
        (formatdate(NOW + 30, usegmt=True), 30.0),
        (formatdate(NOW - 30, usegmt=True), 0.0),
        ("Thu, 01 Jan 2026 01:00:30 +0100", 30.0),
    ],
)
def test_retry_after_is_read(text: str, seconds: float) -> None:
    headers = {"retry-after": text, "date": formatdate(NOW, usegmt=True)}
    assert retry_after(headers) == seconds
    assert error_of(Reply(429, headers, b"")).retry_after == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-1",
        "+1",
        "nan",
        "inf",
        "1e3",
        "0x10",
        "1,5",
        ".5",
        "5.",
        "1.1234567",
        "9" * 10,
        "9" * 400,
        "soon",
        "12 seconds",
        "٣",
        "Thu, 99 Foo 2026 00:00:00 GMT",
        "x" * 65,
        "()",
    ],
)
def test_retry_after_that_is_nonsense_is_passed_over(text: str) -> None:
    assert retry_after({"retry-after": text}) is None


@pytest.mark.parametrize("date", ["", "nonsense", "x" * 10_000])
def test_retry_after_date_is_relative_to_our_clock_where_the_server_has_none(date: str) -> None:
    seconds = retry_after(
        {"retry-after": formatdate(time.time() + 1000, usegmt=True), "date": date}
    )
    assert seconds is not None
    assert 900 < seconds < 1001


@settings(max_examples=200)
@given(st.text(max_size=70), st.text(max_size=70))
def test_retry_after_is_never_negative_nor_fails(text: str, date: str) -> None:
    seconds = retry_after({"retry-after": text, "date": date})
    assert seconds is None or 0 <= seconds < float("inf")


def test_http_date_is_seconds_since_the_epoch() -> None:
    assert http_date("Thu, 99 Jan 2026 00:00:00 GMT") is None
    assert http_date("Thu, 01 Jan 2026 00:00:00 GMT") == NOW
