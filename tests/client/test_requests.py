"""What goes over the wire: every call's method, path, query, headers and body, to the byte."""

from __future__ import annotations

import platform as machine
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import respx

from skytells import (
    NetworkError,
    PredictionRequest,
    RequestTimeoutError,
    ServerError,
    SkytellsClient,
    __version__,
)

from ..conftest import Build

BASE = "https://api.skytells.ai/v1"
KEY = "sk-key"
P1 = {"id": "p1", "status": "succeeded"}
PYTHON = ".".join(machine.python_version_tuple()[:2])

COMMON = {
    "host": "api.skytells.ai",
    "accept": "application/json",
    "accept-encoding": "gzip",
    "user-agent": f"skytells-python/{__version__} python/{PYTHON}",
    "x-api-key": KEY,
}

Act = Callable[[SkytellsClient], object]

# method, target, body, answer, and what makes the client ask so
CALLS: dict[str, tuple[str, str, bytes | None, object, Act]] = {
    "run": (
        "POST",
        "/predict",
        '{"model":"flux-pro","input":{"prompt":"Ein Kätzchen"},"await":true}'.encode(),
        P1,
        lambda c: c.run("flux-pro", input={"prompt": "Ein Kätzchen"}),
    ),
    "run with a callback": (
        "POST",
        "/predict",
        b'{"model":"flux-pro","input":{},"await":false}',
        P1,
        lambda c: c.run("flux-pro", {}, print),
    ),
    "run with webhook and stream": (
        "POST",
        "/predict",
        b'{"model":"m","input":{},"webhook":{"url":"https://me"},"await":true,"stream":true}',
        P1,
        lambda c: c.run("m", {}, webhook={"url": "https://me"}, stream=True),
    ),
    "predict": (
        "POST",
        "/predict",
        b'{"model":"m","input":{"n":[1,2.5,null,true]},"extra":"x"}',
        P1,
        lambda c: c.predict({"extra": "x", "input": {"n": [1, 2.5, None, True]}, "model": "m"}),
    ),
    "create": (
        "POST",
        "/predict",
        b'{"model":"vendor/slug","input":{},"await":false}',
        P1,
        lambda c: c.predictions.create(model="vendor/slug"),
    ),
    "create from a request": (
        "POST",
        "/predict",
        b'{"model":"m","input":{},"webhook":"https://me","await":true,"stream":true}',
        P1,
        lambda c: c.predictions.create(PredictionRequest("m", {}, "https://me", True, True)),
    ),
    "get": ("GET", "/predictions/p1", None, P1, lambda c: c.predictions.get("p1")),
    "wait": ("GET", "/predictions/p1", None, P1, lambda c: c.wait("p1")),
    "list": ("GET", "/predictions", None, {"data": []}, lambda c: c.predictions.list()),
    "list with filters": (
        "GET",
        "/predictions?page=2&per_page=50&from=2026-01-01&to=2026-01-31&model=a%2Fb&status=failed",
        None,
        [],
        lambda c: c.predictions.list(
            2, "2026-01-01", "2026-01-31", "a/b", per_page=50, status="failed"
        ),
    ),
    "iterate": (
        "GET",
        "/predictions?per_page=50&model=m",
        None,
        {"data": [P1]},
        lambda c: list(c.predictions.iterate(model="m")),
    ),
    "cancel": ("POST", "/predictions/p1/cancel", b"", P1, lambda c: c.cancel_prediction("p1")),
    "delete": (
        "DELETE",
        "/predictions/p1/delete",
        None,
        P1,
        lambda c: c.delete_prediction("p1"),
    ),
    "stream": ("GET", "/predictions/p1/stream", None, P1, lambda c: c.stream_prediction("p1")),
    "models": ("GET", "/models", None, [], lambda c: c.models.list()),
    "models with fields": (
        "GET",
        "/models?fields=input_schema%2Coutput_schema",
        None,
        [],
        lambda c: c.models.list(["input_schema", "output_schema"]),
    ),
    "model": (
        "GET",
        "/model/FLUX.2-pro?fields=input_schema",
        None,
        {"name": "x"},
        lambda c: c.models.get("FLUX.2-pro"),
    ),
    "model without its schema": (
        "GET",
        "/model/FLUX.2-pro",
        None,
        {"name": "x"},
        lambda c: c.models.get("FLUX.2-pro", fields=[]),
    ),
    "model of a vendor": (
        "GET",
        "/model/a%2Fb?fields=input_schema",
        None,
        {"name": "x"},
        lambda c: c.models.get("a/b", options={"fields": ["input_schema"]}),
    ),
    "request": (
        "PUT",
        "/things/1?deep=true&n=1",
        b'{"a":1}',
        {},
        lambda c: c.request("put", "/things/1", params={"deep": True, "n": 1}, json={"a": 1}),
    ),
}


def sent(route: respx.Route) -> httpx.Request:
    """The one request that a route has seen."""
    calls: Any = route.calls
    [call] = calls
    request: httpx.Request = call.request
    return request


@pytest.mark.parametrize("name", CALLS)
def test_request_is_exactly_so(build: Build, respx_mock: respx.MockRouter, name: str) -> None:
    method, target, body, answer, act = CALLS[name]
    route = respx_mock.route().respond(json=answer)
    act(build(KEY))
    request = sent(route)
    assert (request.method, str(request.url)) == (method, f"{BASE}{target}")
    assert request.content == (body or b"")
    typed = {"content-type": "application/json"} if body else {}
    length = {"content-length": str(len(body))} if body is not None else {}
    assert dict(request.headers) == COMMON | typed | length


def test_request_without_key_has_no_key_header(build: Build, respx_mock: respx.MockRouter) -> None:
    route = respx_mock.get(f"{BASE}/models").respond(json=[])
    build().models.list()
    assert "x-api-key" not in sent(route).headers


def test_request_carries_headers_of_the_user_over_the_standard_ones(
    build: Build, respx_mock: respx.MockRouter
) -> None:
    route = respx_mock.get("/v1/models").respond(json=[])
    build(KEY, headers={"X-Team": "a", "User-Agent": "mine/1"}).models.list()
    headers = sent(route).headers
    assert (headers["x-team"], headers["user-agent"]) == ("a", "mine/1")
    assert headers["x-api-key"] == KEY


def test_request_goes_below_the_path_of_the_base_url(
    build: Build, respx_mock: respx.MockRouter
) -> None:
    route = respx_mock.get("https://[::1]:8443/edge/v2/models").respond(json=[])
    build(KEY, base_url="https://[::1]:8443/edge/v2/").models.list()
    assert sent(route).headers["host"] == "[::1]:8443"


def test_respx_failures_become_our_errors(build: Build, respx_mock: respx.MockRouter) -> None:
    client = build(KEY, retry={"retries": 0})
    route = respx_mock.post(f"{BASE}/predict")
    outcomes: list[tuple[Any, type[Exception], bool]] = [
        (httpx.ConnectError, NetworkError, False),
        (httpx.ReadTimeout, RequestTimeoutError, True),
        (httpx.ReadError, NetworkError, True),
        (httpx.Response(500, json={}), ServerError, True),
    ]
    for outcome, kind, maybe_sent in outcomes:
        route.mock(side_effect=[outcome])
        with pytest.raises(kind) as caught:
            client.predictions.create(model="m", input={})
        assert vars(caught.value)["maybe_sent"] is maybe_sent


def test_respx_sees_retries(build: Build, respx_mock: respx.MockRouter, hasty: None) -> None:
    route = respx_mock.get(f"{BASE}/predictions/p1")
    route.side_effect = [httpx.Response(503), httpx.ConnectError, httpx.Response(200, json=P1)]
    assert build(KEY).predictions.get("p1").id == "p1"
    assert route.call_count == 3


def test_response_headers_and_status_reach_errors(
    build: Build, respx_mock: respx.MockRouter
) -> None:
    respx_mock.get(f"{BASE}/models").respond(
        400, json={"error": {"message": "No."}}, headers={"x-request-id": "req_1"}
    )
    with pytest.raises(Exception, match=r"^No\.") as caught:
        build(KEY).models.list()
    assert vars(caught.value)["request_id"] == "req_1"
