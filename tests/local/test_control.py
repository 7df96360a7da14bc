"""The control endpoints, limits and streams over real sockets, and the platform in process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

import skytells.local
from skytells import SkytellsError
from skytells.local import LocalPlatform
from skytells.local.json_values import JsonObject

BODY: JsonObject = {"model": "flux-pro", "input": {"prompt": "a fox"}}


@pytest.fixture
def control(platform: LocalPlatform) -> Iterator[httpx.Client]:
    base = platform.url.removesuffix("/v1")
    with httpx.Client(base_url=f"{base}/_platform") as control:
        yield control


def test_the_clock_is_moved(control: httpx.Client, http: httpx.Client) -> None:
    url = http.post("/predict", json=BODY).json()["urls"]["get"]
    assert control.post("/advance", json={"seconds": 60}).json() == {"now": 60.0}
    assert http.get(url).json()["status"] == "succeeded"


def test_the_clock_is_given_another_speed(
    control: httpx.Client, http: httpx.Client, platform: LocalPlatform
) -> None:
    url = http.post("/predict", json=BODY).json()["urls"]["get"]
    assert control.post("/speed", json={"speed": 1e9}).json() == {"speed": 1e9}
    assert platform.speed == 1e9
    assert http.get(url).json()["status"] == "succeeded"
    assert control.post("/speed", json={"speed": 0}).json() == {"speed": 0}
    now = control.get("/state").json()["now"]
    assert now == control.get("/state").json()["now"]


def test_a_pending_request_notices_a_change_of_speed(
    platform: LocalPlatform, http: httpx.Client
) -> None:
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(http.post, "/predict", json={**BODY, "await": True})
        while not platform.predictions:
            pass
        platform.speed = 1e9
        assert answer.result().json()["status"] == "succeeded"


@pytest.mark.parametrize("body", [{"speed": -1}, {"speed": "fast"}, {}, {"quick": 1}])
def test_a_speed_that_is_invalid_is_refused(control: httpx.Client, body: JsonObject) -> None:
    assert control.post("/speed", json=body).status_code == 400


def test_faults_are_made_and_cleared(control: httpx.Client, http: httpx.Client) -> None:
    fault = {"path": "/models", "status": 503}
    assert control.post("/faults", json=fault).json() == fault
    assert http.get("/models").status_code == 503
    assert control.get("/state").json()["faults"] == [fault]
    assert control.delete("/faults").json() == {"success": True}
    assert http.get("/models").status_code == 200


def test_a_script_is_set(control: httpx.Client, http: httpx.Client) -> None:
    control.post("/script", json={"model": "flux-pro", "statuses": ["queued"], "times": 1})
    assert http.post("/predict", json=BODY).json()["status"] == "queued"
    assert http.post("/predict", json=BODY).json()["status"] == "pending"


@pytest.mark.parametrize(
    ("verb", "body", "status"),
    [
        ("cancel", None, "cancelled"),
        ("finish", None, "succeeded"),
        ("fail", None, "failed"),
        ("fail", {"message": "NSFW content detected."}, "failed"),
    ],
)
def test_a_prediction_is_ended_by_hand(
    control: httpx.Client, http: httpx.Client, verb: str, body: JsonObject | None, status: str
) -> None:
    job = http.post("/predict", json=BODY).json()
    ended = control.post(f"/predictions/{job['id']}/{verb}", json=body or {}).json()
    assert ended["status"] == status
    assert ended == http.get(job["urls"]["get"]).json()
    if body:
        assert ended["response"] == body["message"]
    assert control.post(f"/predictions/{job['id']}/{verb}").status_code == 409


def test_a_prediction_ended_by_hand_ends_a_pending_request(
    platform: LocalPlatform, control: httpx.Client, http: httpx.Client
) -> None:
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(http.post, "/predict", json={**BODY, "await": True})
        while not platform.predictions:
            assert not answer.done()
        control.post(f"/predictions/{platform.predictions[0]['id']}/finish")
        assert answer.result().json()["status"] == "succeeded"


def test_the_state_lists_everything(control: httpx.Client, http: httpx.Client) -> None:
    webhook = {"url": "http://example.com/", "events": ["completed"]}
    job = http.post("/predict", json={**BODY, "webhook": webhook}).json()
    control.post("/advance", json={"seconds": 60})
    while not (state := control.get("/state").json())["deliveries"]:
        pass
    assert state["predictions"][0]["id"] == job["id"]
    assert (state["now"], state["speed"], state["credits"]) == (60.0, 0, 999_999.95)
    assert state["deliveries"][0]["event"] == "completed"
    assert "allow_remote" in state["deliveries"][0]["error"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/advance", {"seconds": -1}),
        ("/advance", {"hours": 1}),
        ("/advance", {"seconds": "long"}),
        ("/advance", []),
        ("/faults", {"colour": "red"}),
        ("/faults", []),
        ("/script", {"model": "flux-por"}),
        ("/script", {"model": "flux-pro", "times": 0}),
        ("/script", {}),
    ],
)
def test_what_is_invalid_is_a_400(control: httpx.Client, path: str, body: object) -> None:
    answer = control.post(path, json=body)
    assert (answer.status_code, answer.json()["status"]) == (400, False)


def test_what_does_not_exist_is_a_404(control: httpx.Client) -> None:
    assert control.post("/predictions/nope/cancel").status_code == 404


@pytest.mark.parametrize("header", [{"origin": "https://evil.example"}, {"host": "evil.example"}])
def test_pages_from_elsewhere_control_nothing(
    control: httpx.Client, header: dict[str, str]
) -> None:
    assert control.post("/advance", json={"seconds": 1}, headers=header).status_code == 403


def test_faults_do_not_apply_to_the_control_endpoints(control: httpx.Client) -> None:
    control.post("/faults", json={"status": 500})
    assert control.get("/state").status_code == 200


def test_limits_are_enforced_and_reported() -> None:
    with skytells.local.serve(speed=0, rpm=1) as platform:
        http = httpx.Client(base_url=platform.url, headers={"x-api-key": "k"})
        first, second = (http.post("/predict", json=BODY) for _ in range(2))
        assert first.headers["x-skytells-ratelimit-remaining-requests"] == "0"
        assert first.headers["x-ratelimit-limit-rpm"] == "1"
        assert "retry-after" not in first.headers
        assert second.status_code == 429
        assert second.json()["error"]["error_id"] == "RATE_LIMIT_EXCEEDED"
        assert second.headers["retry-after"] == "60"
        assert second.headers["x-ratelimit-remaining-rpm"] == "0"
        http.close()


def test_credits_are_spent_and_given() -> None:
    with skytells.local.serve(speed=0, credits=0.05) as platform:
        http = httpx.Client(base_url=platform.url, headers={"x-api-key": "k"})
        statuses = [http.post("/predict", json=BODY).status_code for _ in range(2)]
        platform.advance(60.0)
        assert platform.credits == 0.0
        platform.credits = 1.0
        statuses.append(http.post("/predict", json=BODY).status_code)
        assert statuses == [200, 402, 200]
        http.close()


def test_a_stream_of_events_ends_with_the_prediction(
    platform: LocalPlatform, http: httpx.Client
) -> None:
    job = http.post("/predict", json={**BODY, "stream": True}).json()
    with http.stream("GET", job["urls"]["stream"]) as answer:
        lines = answer.iter_lines()
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert next(lines) == "event: status"
        platform.advance(60.0)
        names = [line for line in lines if line.startswith("event: ")]
    assert names[-3:] == ["event: status", "event: output", "event: done"]
    assert httpx.get(job["urls"]["stream"]).status_code == 401


def test_without_a_stream_the_same_address_answers_with_json(http: httpx.Client) -> None:
    job = http.post("/predict", json=BODY).json()
    assert "stream" not in job["urls"]
    url = http.get(f"{job['urls']['get']}/stream").json()["urls"]["stream"]
    answer = http.get(url)
    assert answer.headers["content-type"] == "application/json"
    assert (answer.json()["id"], answer.json()["status"]) == (job["id"], "pending")


def test_a_client_is_configured_for_both_products(platform: LocalPlatform) -> None:
    assert platform.orchestrator_url == platform.url.replace("/v1", "/orchestrator")
    with platform.client() as client:
        assert "orchestrator_key=set" in repr(client)
    with platform.client(orchestrator_key="wfb_mine") as client:
        assert "wfb_mine" not in repr(client)


def test_close_ends_a_stream_of_events(platform: LocalPlatform, http: httpx.Client) -> None:
    job = http.post("/predict", json={**BODY, "stream": True}).json()
    with http.stream("GET", job["urls"]["stream"]) as answer:
        lines = answer.iter_lines()
        next(lines)
        platform.close()
        assert "event: done" not in list(lines)


def test_a_key_that_looks_real_causes_one_warning(
    http: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    key = "sk-" + "a1" * 20
    with caplog.at_level(logging.WARNING, "skytells.local"):
        for _ in range(2):
            assert http.get("/models", headers={"x-api-key": key}).status_code == 200
    assert len(caplog.records) == 1
    assert key not in caplog.text


async def until(done: Callable[[], object]) -> None:
    while not done():  # noqa: ASYNC110  # a platform has no event for every wish
        await asyncio.sleep(0)


async def test_a_client_runs_on_a_platform_in_process() -> None:
    with skytells.local.in_process(speed=1000.0) as platform:
        async with platform.async_client() as client:
            prediction = await client.run("flux-pro", input={"prompt": "a fox"})
            models = await client.models.list()
    assert prediction.status == "succeeded"
    assert len(models) == len(skytells.local.MODELS)
    assert [request.path for request in platform.requests] == ["/v1/predict", "/v1/models"]


async def test_an_awaited_answer_comes_with_the_clock_in_process() -> None:
    with skytells.local.in_process(speed=0) as platform:
        async with platform.async_client() as client:
            running = asyncio.create_task(client.run("flux-pro", input={"prompt": "a fox"}))
            await until(lambda: platform.predictions)
            platform.advance(60.0)
            assert (await running).status == "succeeded"


async def test_faults_apply_to_a_platform_in_process() -> None:
    with skytells.local.in_process(speed=0) as platform:
        client = platform.async_client()
        platform.fault(drop="after", times=1)
        platform.fault(body="truncated", times=1)
        for _ in range(2):
            with pytest.raises(SkytellsError, match="closed the connection"):
                await client.predictions.create(model="flux-pro", input={"prompt": "a fox"})
        assert len(platform.predictions) == 2


async def test_webhooks_leave_a_platform_in_process() -> None:
    with skytells.local.in_process(speed=0) as platform:
        await platform.async_client().predictions.create(
            model="flux-pro", input={"prompt": "a fox"}, webhook="http://example.com/hook"
        )
        platform.advance(60.0)
        await until(lambda: len(platform.deliveries) == 2)
    assert [delivery.event for delivery in platform.deliveries] == ["started", "completed"]


async def test_any_asgi_transport_reaches_a_platform() -> None:
    with skytells.local.in_process() as platform:
        transport = httpx.ASGITransport(platform.asgi)
        async with httpx.AsyncClient(transport=transport, base_url=platform.url) as http:
            assert (await http.get("/models")).status_code == 401


def test_a_blocking_client_cannot_reach_a_platform_in_process() -> None:
    with (
        skytells.local.in_process() as platform,
        pytest.raises(ValueError, match="async_client"),
    ):
        platform.client()
