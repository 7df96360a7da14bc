"""Any input makes a documented result or a `SkytellsError`, and nothing else.

Here: options, ids and slugs, whole replies. Records, envelopes, bodies, `Retry-After` and base URLs
have theirs beside their other tests. What streams send comes with streaming.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skytells._core.config import configure, reconfigure
from skytells._core.operation import Call
from skytells._core.polling import wait_options
from skytells._core.wire import Reply, WireRequest
from skytells.client.base import raw_call
from skytells.errors import ConfigurationError, InvalidRequestError, SkytellsError
from skytells.models.requests import get_model, list_models
from skytells.predictions.requests import (
    cancel_prediction,
    creating,
    delete_prediction,
    get_prediction,
    list_predictions,
    listing,
    stream_prediction,
)
from skytells.predictions.run import run_options
from skytells.predictions.targets import resolve_target
from skytells.types import (
    ClientOptions,
    ModelFieldsOptions,
    PredictionRequest,
    PredictionsListOptions,
    RetryOptions,
    RunOptions,
    WaitOptions,
)

from .anything import CALLS, judge, read_case
from .support import Hand, JsonObject, config, json_values, reply, script

CORPUS = Path(__file__).parents[2] / "fuzz" / "corpus"
WEEK = 7 * 24 * 3600.0

texts = st.text(st.characters(), max_size=20)  # half surrogate pairs among them
odd: st.SearchStrategy[Any] = (
    json_values
    | texts
    | st.floats()
    | st.integers()
    | st.sampled_from([10**400, -(10**5000), object(), Decimal("NaN"), 1j, len, {1}, b"x", ()])
    | st.binary(max_size=5)
    | st.dictionaries(st.integers() | texts, st.floats(), max_size=2)
    | st.lists(st.integers(0, 700), max_size=3)
    | st.integers(0, 200)
)


def options(*names: str) -> st.SearchStrategy[dict[Any, Any]]:
    """Dicts of the given names, most of them with what does not belong there."""
    likely = st.dictionaries(st.sampled_from(names), odd, max_size=len(names))
    return likely | likely | st.dictionaries(st.sampled_from(names) | texts | st.integers(), odd)


# Options

CLIENT = ("base_url", "timeout", "headers", "retry")
RETRY = ("retries", "retry_delay", "retry_on")
KEYWORDS: dict[str, Any] = {
    "base_url": None,
    "timeout": None,
    "headers": None,
    "retry": None,
    "allow_http": False,
    "max_response_bytes": 4096,
}


@settings(max_examples=150)
@given(odd | st.just("sk-key"), odd | options(*CLIENT), options(*KEYWORDS, "x"))
@example(None, {"timeout": 10**400}, {})
@example(None, {"retry": {"retries": -(10**5000)}}, {})
@example(None, {10**5000: 1}, {})
def test_options_of_a_client_are_settings_or_refused(
    key: Any, given_options: Any, keywords: dict[Any, Any]
) -> None:
    chosen = KEYWORDS | {name: keywords[name] for name in KEYWORDS if name in keywords}
    try:
        settled = configure(key, given_options, **chosen)
    except ConfigurationError:
        return
    assert settled.api.origin.scheme in {"http", "https"}
    assert settled.timeout is None or 0 < settled.timeout <= WEEK
    assert 0 <= settled.retry.retries <= 100
    assert 0 <= settled.retry.delay <= WEEK
    assert settled.retry.statuses <= set(range(100, 600))
    assert settled.max_response_bytes >= 1024
    for name, value in settled.headers:
        assert not set(b"\r\n\x00:") & set(name)
        assert not set(b"\r\n\x00") & set(value)
    assert settled.api.url in repr(settled) or repr(settled)


@settings(max_examples=80)
@given(options("api_key", "timeout", "headers", "retry"))
def test_options_of_a_changed_client_are_settings_or_refused(given_options: dict[Any, Any]) -> None:
    keywords = {"api_key": None, "timeout": None, "headers": None, "retry": None}
    chosen: Any = keywords | {n: given_options[n] for n in keywords if n in given_options}
    before = config()
    try:
        after = reconfigure(before, **chosen)
    except ConfigurationError:
        return
    assert after.api.origin == before.api.origin
    assert after.timeout is None or 0 < after.timeout <= WEEK


OPTIONS: dict[str, tuple[Callable[[Any], object], tuple[str, ...]]] = {
    "ClientOptions": (ClientOptions.from_dict, CLIENT),
    "RetryOptions": (RetryOptions.from_dict, RETRY),
    "WaitOptions": (WaitOptions.from_dict, ("interval", "max_wait")),
    "RunOptions": (RunOptions.from_dict, ("input", "webhook", "stream", "max_wait", "interval")),
    "PredictionsListOptions": (
        lambda given: PredictionsListOptions.from_dict(given).params(),
        ("page", "since", "until", "model", "per_page", "status"),
    ),
    "ModelFieldsOptions": (ModelFieldsOptions.from_dict, ("fields",)),
    "PredictionRequest": (
        lambda given: PredictionRequest.from_dict(given).encode(),
        ("model", "input", "webhook", "await", "stream", "extra"),
    ),
    "run(options=)": (
        lambda given: run_options(None, None, False, given, None, None),
        ("input", "webhook", "stream", "max_wait", "interval"),
    ),
    "wait(options=)": (lambda given: wait_options(given, None, None), ("interval", "max_wait")),
    "models.list(options=)": (lambda given: list_models(None, given), ("fields",)),
    "predictions.list(options=)": (
        lambda given: list_predictions(listing(None, None, None, None, given, None, None)),
        ("page", "since", "until", "model", "per_page", "status"),
    ),
    "create(payload)": (
        lambda given: creating(given, None, None, None, False, False),
        ("model", "input", "webhook", "await", "stream", "x"),
    ),
    "wait(prediction)": (resolve_target, ("id", "status", "response")),
}


@pytest.mark.parametrize("name", OPTIONS)
@settings(max_examples=60)
@given(data=st.data())
def test_options_are_taken_or_refused(name: str, data: st.DataObject) -> None:
    read, names = OPTIONS[name]
    dicts = options(*names)
    if not name.endswith("Options") and name != "PredictionRequest":
        dicts = dicts | odd
    refusal = None
    try:
        read(data.draw(dicts))
    except (ConfigurationError, InvalidRequestError) as error:
        refusal = str(error)
    assert refusal is None or 10 < len(refusal) < 1500


# Ids and slugs

BY_ID: dict[str, tuple[Callable[[Any], Call[Any]], str, str]] = {
    "get": (get_prediction, "/v1/predictions/", ""),
    "stream": (stream_prediction, "/v1/predictions/", "/stream"),
    "cancel": (cancel_prediction, "/v1/predictions/", "/cancel"),
    "delete": (delete_prediction, "/v1/predictions/", "/delete"),
    "model": (lambda slug: get_model(slug, None, None), "/v1/model/", ""),
}
PERILOUS = [
    "..",
    ".",
    "%2e%2e",
    "../models",
    "a/../b",
    "a?b=c",
    "a#b",
    "a\\b",
    "//evil",
    "a;b",
    "%00",
]


@pytest.mark.parametrize("what", BY_ID)
@settings(max_examples=60)
@given(id=texts | st.sampled_from(PERILOUS) | odd)
@example(id="a" * 512)
@example(id="..%2f")
def test_id_is_one_segment_of_the_path_or_refused(what: str, id: Any) -> None:
    build, before, after = BY_ID[what]
    try:
        call = build(id)
    except InvalidRequestError:
        return
    target = _target(call)
    assert target.startswith(before)
    assert target.endswith(after)
    segment = target[len(before) : len(target) - len(after)]
    assert unquote(segment) == id
    assert segment not in {"", ".", ".."}
    assert not set("/?#\\") & set(segment)
    # A client of the user's reads the address once more, and must not read another one.
    assert httpx.URL(f"https://api.example.com{target}").raw_path == target.encode()


@settings(max_examples=100)
@given(texts.map(lambda text: f"/{text}") | texts | st.sampled_from(PERILOUS))
@example("/a/..")
@example("/%2e%2e/x")
@example("//evil.example/x")
def test_path_of_a_request_stays_below_base_url_or_is_refused(path: str) -> None:
    try:
        call = raw_call("GET", path, None, None)
    except InvalidRequestError:
        return
    url = httpx.URL(f"https://api.example.com{_target(call)}")
    assert url.host == "api.example.com"
    assert url.raw_path.startswith(b"/v1/")
    assert url.query == b""


@settings(max_examples=60)
@given(st.dictionaries(texts, texts, max_size=3))
def test_query_of_a_request_carries_any_text_or_is_refused(params: dict[str, str]) -> None:
    call = raw_call("GET", "/x", params, None)
    if any("\ud800" <= c <= "\udfff" for text in [*params, *params.values()] for c in text):
        with pytest.raises(InvalidRequestError, match="Unicode"):
            Hand(script(reply({}))).perform(call)
        return
    target = _target(call)
    assert dict(httpx.URL(f"https://api.example.com{target}").params) == params


def _target(call: Call[Any]) -> str:
    """What the call asks the server for."""
    seen: list[WireRequest] = []

    def serve(request: WireRequest) -> Reply:
        seen.append(request)
        return reply({"error_id": "X"}, 400)

    with pytest.raises(SkytellsError):
        Hand(serve).perform(call)
    return seen[0].target


# Replies

rows: st.SearchStrategy[JsonObject] = st.fixed_dictionaries(
    {"id": json_values},
    optional={
        "index": st.integers(-1, 2) | json_values,
        "embedding": st.sampled_from(["AAAAAA==", "AAAA", "AADAfw=="])
        | st.lists(st.floats() | st.integers(), max_size=3)
        | json_values,
    },
)
items: st.SearchStrategy[JsonObject] = st.fixed_dictionaries(
    {"type": st.sampled_from(["message", "reasoning", "function_call"]) | json_values},
    optional=dict.fromkeys(("content", "summary", "arguments", "name", "status"), json_values),
)
choices: st.SearchStrategy[JsonObject] = st.fixed_dictionaries(
    {"message": json_values | st.fixed_dictionaries({"content": json_values})},
    optional={
        "index": json_values,
        "finish_reason": st.sampled_from(["stop", "length"]) | json_values,
        "content_filter_results": json_values,
        "logprobs": json_values,
    },
)
bodies: st.SearchStrategy[JsonObject] = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["p1", "p2", 1, ""]) | json_values,
        "status": st.sampled_from(["succeeded", "queued", False, True]) | json_values,
        "success": st.booleans() | json_values,
        "error": texts | st.fixed_dictionaries({"message": odd | json_values}) | json_values,
        "error_id": st.sampled_from(["MODEL_NOT_FOUND", "PREDICTION_FAILED"]) | json_values,
        "message": json_values,
        "response": json_values,
        "output": st.lists(items | json_values, max_size=2) | json_values,
        "data": st.lists(rows, max_size=3) | json_values,
        "pagination": json_values,
        "choices": st.lists(choices | json_values, max_size=2),
        "output_text": json_values,
        "usage": json_values,
        "content_filters": json_values,
        "executionId": texts | json_values,
        "key": json_values,
    },
)
HEADERS = ("retry-after", "date", "content-type", "content-length", "location", "x-request-id")


def _as_json(value: object) -> bytes:
    try:
        return json.dumps(value, default=str).encode()
    except ValueError:
        return b"1" * 5000  # Python writes no number as long as this; a server may


@settings(max_examples=300)
@given(
    st.sampled_from(sorted(CALLS)),
    st.sampled_from([200, 201, 204, 307, 401, 404, 429, 500]) | st.integers(200, 599),
    st.dictionaries(st.sampled_from(HEADERS), st.text(st.characters(max_codepoint=255))),
    (bodies | json_values).map(_as_json) | st.binary(max_size=60),
    st.sampled_from(["plain", "gzip", "cut", "lies", "br"]),
    st.integers(1, 64),
)
@example("parse", 201, {}, b'{"id": "p1", "choices": []}', "plain", 64)
@example("trigger", 200, {}, b'{"id": null, "executionId": "e1"}', "plain", 64)
def test_reply_is_a_documented_result_or_an_error_of_ours(
    name: str, status: int, headers: dict[str, str], body: bytes, form: str, size: int
) -> None:
    if form != "plain":
        headers = headers | {"content-encoding": "br" if form == "br" else "gzip"}
    if form in {"gzip", "cut"}:
        body = gzip.compress(body)[: None if form == "gzip" else -size]
    judge(CALLS[name](), status, headers, [body[i : i + size] for i in range(0, len(body), size)])


@pytest.mark.parametrize("file", sorted(CORPUS.iterdir()), ids=lambda file: file.name)
def test_reply_of_the_corpus_is_a_result_or_an_error_of_ours(file: Path) -> None:
    error = judge(*read_case(file.read_bytes()))
    assert (error is not None) == file.name.startswith("error-")


@settings(max_examples=60)
@given(st.text(max_size=60))
@example("\u202egnp.exe")
def test_reply_with_escapes_for_its_text_is_read_as_that_text(text: str) -> None:
    # Releases of pydantic before 2.7.3 read `\u202e` as ASCII, and then crash.
    written = [json.dumps(text, ensure_ascii=ascii).encode() for ascii in (True, False)]
    assert [Reply(200, {}, body).json() for body in written] == [text, text]
