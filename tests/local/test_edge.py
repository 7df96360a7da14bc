"""The edge of the local platform, over a real socket."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from skytells.local import LocalPlatform
from skytells.local.json_values import JsonObject

FOX: JsonObject = {"model": "flux-edge", "input": {"prompt": "A fox"}}


@pytest.fixture
def http(platform: LocalPlatform) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=platform.edge_url, headers={"x-api-key": platform.key}) as http:
        yield http


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["error_id"]


def test_the_edge_is_the_same_platform_at_another_address(
    platform: LocalPlatform, http: httpx.Client
) -> None:
    assert platform.edge_url == platform.url.replace("/v1", "/edge/v1")
    made = http.post("/predict", json=FOX).json()
    assert http.get(f"/predictions/{made['id']}").json()["id"] == made["id"]
    assert made["urls"]["get"] == f"{platform.url}/predictions/{made['id']}"
    assert [request.path for request in platform.requests] == [
        "/edge/v1/predict",
        f"/edge/v1/predictions/{made['id']}",
    ]


def test_the_edge_has_some_models_only(platform: LocalPlatform, http: httpx.Client) -> None:
    at_edge = [
        model["namespace"]
        for model in http.get("/models").json()
        if model["metadata"]["edge_compatible"]
    ]
    assert at_edge == ["flux-edge"]
    elsewhere = FOX | {"model": "flux-pro"}
    assert refusal(http.post("/predictions", json=elsewhere)) == (404, "MODEL_NOT_FOUND")
    platform.fault(variants=["edge-422"], times=1)
    assert refusal(http.post("/predictions", json=elsewhere)) == (422, "MODEL_NOT_SUPPORTED")
    assert platform.predictions == []


def test_the_edge_calls_no_webhooks(http: httpx.Client) -> None:
    hook = {"url": "https://example.com/hook", "events": ["completed"]}
    assert refusal(http.post("/predict", json=FOX | {"webhook": hook}))[0] == 400
    assert http.post("/predict", json=FOX | {"webhook": None}).status_code == 200


def test_the_edge_serves_chat_with_the_inference_envelope(http: httpx.Client) -> None:
    asked: JsonObject = {"model": "gpt-5", "messages": [{"role": "user", "content": "A fox"}]}
    assert http.post("/chat/completions", json=asked).status_code == 200
    answer = http.post("/chat/completions", json=asked | {"model": "flux-pro"})
    assert refusal(answer) == (404, "MODEL_NOT_FOUND")
    assert answer.json()["error"]["code"] == "model_not_found"


@pytest.mark.parametrize("body", [[], {}, {"model": 5}, {"model": "nobody", "input": {}}])
def test_the_edge_leaves_other_errors_to_the_platform(
    platform: LocalPlatform, http: httpx.Client, body: object
) -> None:
    there = httpx.post(f"{platform.url}/predict", json=body, headers={"x-api-key": platform.key})
    assert refusal(http.post("/predict", json=body)) == refusal(there)


def test_the_edge_checks_the_key_first(http: httpx.Client) -> None:
    stranger = {"x-api-key": ""}
    answer = http.post("/predict", json=FOX | {"model": "flux-pro"}, headers=stranger)
    assert refusal(answer)[0] == 401


@pytest.mark.parametrize("path", ["/edge/*", "/predict", "/edge/v1/predict"])
def test_a_fault_may_apply_to_the_edge(
    platform: LocalPlatform, http: httpx.Client, path: str
) -> None:
    platform.fault(path=path, error="FORBIDDEN", times=1)
    assert refusal(http.post("/predict", json=FOX)) == (403, "FORBIDDEN")


def test_the_orchestrator_is_not_at_the_edge(platform: LocalPlatform, http: httpx.Client) -> None:
    edge = platform.edge_url.removesuffix("/v1")
    assert http.get(f"{edge}/orchestrator/api/workflows").status_code == 404
    assert http.get(f"{edge}/v1").status_code == 404
