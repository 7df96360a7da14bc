"""The platform over real sockets, with a plain HTTP client."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import httpx
import pytest
from starlette.types import ASGIApp

import skytells.local
from skytells import SkytellsClient
from skytells.local import LocalPlatform, Platform
from skytells.local.app import create_app
from skytells.local.json_values import JsonObject
from skytells.local.server import Server

BODY: JsonObject = {"model": "flux-pro", "input": {"prompt": "a fox"}}


def created(http: httpx.Client, **change: object) -> JsonObject:
    answer = http.post("/predict", json={**BODY, **change})
    assert answer.status_code == 200, answer.text
    prediction: JsonObject = answer.json()
    return prediction


def error_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and id of a refusal, after a look at its envelope."""
    body = answer.json()
    assert body["status"] is False
    assert body["response"] == body["error"]["message"]
    assert body["error"]["http_status"] == answer.status_code
    return answer.status_code, body["error"]["error_id"]


def until_taken(platform: LocalPlatform, count: int) -> None:
    """Return once the platform has taken so many orders."""
    while len(platform.predictions) < count:
        time.sleep(0.001)


def held(platform: LocalPlatform, http: httpx.Client, **change: object) -> JsonObject:
    """Post an order that waits, and return once the platform has taken it."""
    taken = len(platform.predictions)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(created, http, **{"await": True, **change})
        until_taken(platform, taken + 1)
        assert not answer.done()
        platform.advance(60.0)
        return answer.result()


@pytest.mark.parametrize("path", ["/predict", "/predictions"])
def test_both_paths_create_a_prediction(http: httpx.Client, path: str) -> None:
    answer = http.post(path, json=BODY)
    assert answer.json()["status"] == "pending"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"].startswith("req_")


def test_a_prediction_moves_with_the_clock(platform: LocalPlatform, http: httpx.Client) -> None:
    url = created(http)["urls"]["get"]
    platform.advance(5.0)
    halfway = http.get(url).json()
    assert halfway["status"] == "processing"
    assert 0 < halfway["metrics"]["progress"] < 100
    platform.advance(3.0)
    assert http.get(url).json()["status"] == "succeeded"


def test_time_passes_by_itself_at_a_speed() -> None:
    with skytells.local.serve(speed=1000.0) as platform:
        headers = {"x-api-key": platform.key}
        answer = httpx.post(
            f"{platform.url}/predict", json={**BODY, "await": True}, headers=headers
        )
    assert answer.json()["status"] == "succeeded"


def test_await_is_held_until_the_clock_is_moved(
    platform: LocalPlatform, http: httpx.Client
) -> None:
    assert held(platform, http)["status"] == "succeeded"


def test_await_ends_with_a_failure_as_a_plain_answer(
    platform: LocalPlatform, http: httpx.Client
) -> None:
    platform.script("flux-pro", fails="NSFW content detected.")
    answer = held(platform, http)
    assert (answer["status"], answer["error"]) == ("failed", "NSFW content detected.")


def test_await_is_ignored_for_video(http: httpx.Client) -> None:
    assert created(http, model="veo-3.1-fast", **{"await": True})["status"] == "pending"


def test_await_ends_when_the_prediction_is_cancelled(
    platform: LocalPlatform, http: httpx.Client
) -> None:
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(created, http, **{"await": True})
        until_taken(platform, 1)
        http.post(f"/predictions/{platform.predictions[0]['id']}/cancel")
        assert answer.result()["status"] == "cancelled"


def test_close_ends_pending_requests() -> None:
    with ThreadPoolExecutor(1) as pool, skytells.local.serve(speed=0) as platform:
        http = httpx.Client(base_url=platform.url, headers={"x-api-key": "k"})
        answer = pool.submit(created, http, **{"await": True})
        until_taken(platform, 1)
        platform.close()
        assert answer.result()["status"] == "pending"
        http.close()


def test_assets_are_served_without_a_key(platform: LocalPlatform, http: httpx.Client) -> None:
    for model, lead in (("flux-pro", b"\x89PNG"), ("veo-3.1-fast", b"\0\0\0\x20ftyp")):
        url = created(http, model=model)["urls"]["get"]
        platform.advance(200.0)
        prediction = http.get(url).json()
        asset = httpx.get(prediction["output"][0])
        (file,) = prediction["metadata"]["storage"]["files"]
        assert asset.content.startswith(lead)
        assert asset.headers["content-type"] == file["type"]
        assert len(asset.content) == file["size"]
        assert "x-api-key" not in platform.requests[-1].headers


def test_deleted_assets_are_gone(platform: LocalPlatform, http: httpx.Client) -> None:
    prediction = created(http)
    platform.advance(60.0)
    url = http.get(prediction["urls"]["get"]).json()["output"][0]
    assert http.get(url).status_code == 200
    http.delete(prediction["urls"]["delete"])
    assert error_of(http.get(url)) == (404, "NOT_FOUND")


def test_the_two_ways_to_delete_answer_differently(http: httpx.Client) -> None:
    first, second = created(http)["id"], created(http)["id"]
    assert http.delete(f"/predictions/{first}").json() == {"success": True}
    assert http.delete(f"/predictions/{second}/delete").json()["id"] == second
    for gone in (first, second):
        assert error_of(http.get(f"/predictions/{gone}")) == (404, "PREDICTION_NOT_FOUND")


def test_cancel_answers_the_prediction(http: httpx.Client) -> None:
    cancel = created(http)["urls"]["cancel"]
    assert http.post(cancel).json()["status"] == "cancelled"
    assert error_of(http.post(cancel)) == (409, "PREDICTION_NOT_CANCELLABLE")


def test_the_stream_url_is_there_with_a_variant(http: httpx.Client) -> None:
    plain = created(http)
    url = plain["urls"]["get"]
    assert "stream" not in plain["urls"]
    assert http.get(f"{url}/stream").json()["urls"]["stream"] == f"{url}/events"
    assert "stream" in created(http, stream=True)["urls"]


def test_the_stream_route_tells_events_itself_when_asked_to(platform: LocalPlatform) -> None:
    platform.fault(variants=["stream-events"])
    with httpx.Client(base_url=platform.url, headers={"x-api-key": "k"}) as http:
        stream = created(http, stream=True)["urls"]["stream"]
        assert stream.endswith("/stream")
        platform.advance(60.0)
        answer = http.get(stream)
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "event: done" in answer.text
        assert http.get(created(http)["urls"]["get"] + "/stream").json()["status"] == "pending"


def test_the_list_is_filtered_by_the_query(http: httpx.Client) -> None:
    created(http)
    wanted = created(http, model="truefusion")
    answer = http.get("/predictions", params={"model": "truefusion", "per_page": 5}).json()
    assert [prediction["id"] for prediction in answer["data"]] == [wanted["id"]]
    assert answer["pagination"]["total"] == 1
    assert error_of(http.get("/predictions?per_page=99")) == (400, "INVALID_PARAMETER")


@pytest.mark.parametrize("path", ["/model", "/models"])
@pytest.mark.parametrize("slug", ["FLUX.2-pro", "black-forest-labs%2FFLUX.2-pro"])
def test_a_model_is_found_by_either_path_and_slug(http: httpx.Client, path: str, slug: str) -> None:
    answer = http.get(f"{path}/{slug}").json()
    assert (answer["namespace"], answer["type"]) == ("FLUX.2-pro", "image")
    assert "input_schema" not in answer


def test_models_are_a_bare_array_with_the_fields_asked_for(http: httpx.Client) -> None:
    plain = http.get("/models").json()
    full = http.get("/models", params={"fields": "input_schema,output_schema"}).json()
    assert len(plain) == len(full) == len(skytells.local.MODELS)
    assert "input_schema" not in plain[0]
    assert full[0]["input_schema"]["required"] == ["prompt"]
    assert full[0]["output_schema"]["type"] == "array"


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "/model/nope", None, (404, "MODEL_NOT_FOUND")),
        ("GET", "/predictions/nope", None, (404, "PREDICTION_NOT_FOUND")),
        ("GET", "/nothing/here", None, (404, "NOT_FOUND")),
        ("PATCH", "/models", None, (404, "NOT_FOUND")),
        ("POST", "/predict", b"{", (400, "INVALID_PARAMETER")),
        ("POST", "/predict", b"[]", (400, "INVALID_PARAMETER")),
        ("POST", "/predict", b"{}", (422, "VALIDATION_ERROR")),
        ("POST", "/predict", b'{"model":"nope","input":{}}', (404, "MODEL_NOT_FOUND")),
        ("POST", "/predict", b'{"model":"flux-pro","input":{}}', (422, "VALIDATION_ERROR")),
    ],
)
def test_a_wrong_request_is_answered_with_an_envelope(
    http: httpx.Client, method: str, path: str, body: bytes | None, expected: tuple[int, str]
) -> None:
    headers = {"content-type": "application/json"}
    assert error_of(http.request(method, path, content=body, headers=headers)) == expected


def test_the_base_url_has_the_name_that_clients_give_it(platform: LocalPlatform) -> None:
    assert platform.base_url == platform.url
    with SkytellsClient(platform.key, base_url=platform.base_url) as client:
        assert client.models.get("flux-pro").namespace == "flux-pro"


def test_a_missing_key_is_refused(platform: LocalPlatform) -> None:
    assert error_of(httpx.get(f"{platform.url}/models")) == (401, "UNAUTHORIZED")


def test_a_platform_with_a_key_takes_that_one_only() -> None:
    with skytells.local.serve(key="sk-mine") as platform:
        url = f"{platform.url}/models"
        assert platform.key == "sk-mine"
        assert error_of(httpx.get(url, headers={"x-api-key": "sk-other"})) == (401, "UNAUTHORIZED")
        assert httpx.get(url, headers={"x-api-key": "sk-mine"}).status_code == 200


def test_a_missing_prediction_can_be_a_502() -> None:
    with skytells.local.serve(variants=["missing-502"]) as platform:
        url = f"{platform.url}/predictions/nope"
        answer = httpx.get(url, headers={"x-api-key": "k"})
    assert error_of(answer) == (502, "PREDICTION_NOT_FOUND")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil", ""])
def test_a_foreign_host_name_is_refused(
    platform: LocalPlatform, http: httpx.Client, host: str
) -> None:
    answer = http.get("/models", headers={"host": host})
    assert error_of(answer) == (403, "SECURITY_VIOLATION")
    assert platform.requests == []


def test_urls_follow_the_name_that_was_called(platform: LocalPlatform) -> None:
    url = platform.url.replace("127.0.0.1", "localhost")
    answer = httpx.post(f"{url}/predict", json=BODY, headers={"x-api-key": "k"}).json()
    assert answer["urls"]["get"].startswith(f"{url}/predictions/")


def test_requests_are_remembered_as_they_travelled(
    platform: LocalPlatform, http: httpx.Client
) -> None:
    http.get("/model/vendor%2Fslug", params={"fields": "input_schema"})
    created(http)
    first, second = platform.requests
    assert (first.method, first.path) == ("GET", "/v1/model/vendor%2Fslug")
    assert first.query == {"fields": "input_schema"}
    assert first.headers["x-api-key"] == platform.key
    assert first.body is None
    assert second.body == BODY


def test_predictions_are_shown_as_on_the_wire(platform: LocalPlatform, http: httpx.Client) -> None:
    first, second = created(http), created(http)
    assert platform.predictions == [second, first]


def test_a_prompt_may_hold_half_a_surrogate_pair(
    platform: LocalPlatform, http: httpx.Client
) -> None:
    body = b'{"model":"flux-pro","input":{"prompt":"\\ud800"}}'
    headers = {"content-type": "application/json; charset=utf-8"}
    url = http.post("/predict", content=body, headers=headers).json()["urls"]["get"]
    platform.advance(60.0)
    assert http.get(url).json()["input"] == {"prompt": "\ud800"}


def test_a_closed_platform_leaves_no_thread_and_no_socket() -> None:
    platform = skytells.local.serve()
    assert "serving" in repr(platform)
    platform.close()
    platform.close()
    assert "closed" in repr(platform)
    assert "skytells-local" not in [thread.name for thread in threading.enumerate()]
    with pytest.raises(httpx.ConnectError):
        httpx.get(platform.url)


def test_many_requests_may_wait_at_once(platform: LocalPlatform, http: httpx.Client) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = [pool.submit(created, http, **{"await": True}) for _ in range(20)]
        until_taken(platform, 20)
        platform.advance(60.0)
        assert {answer.result()["status"] for answer in answers} == {"succeeded"}


def test_a_host_that_others_can_reach_must_be_permitted() -> None:
    with pytest.raises(ValueError, match="allow_remote"):
        skytells.local.serve(host="0.0.0.0")
    with skytells.local.serve(host="0.0.0.0", allow_remote=True) as platform:
        headers = {"x-api-key": "k", "host": "box.example"}
        assert platform.url.startswith("http://127.0.0.1:")
        assert httpx.get(f"{platform.url}/models", headers=headers).status_code == 200


def test_serving_without_the_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skytells.local.app", None)
    with pytest.raises(ImportError, match=r'pip install "skytells\[local\]"'):
        skytells.local.serve()


def test_a_client_is_made_for_this_platform(
    platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[JsonObject] = []

    def make(api_key: str, **options: object) -> None:
        made.append({"api_key": api_key, **options})

    clients = SimpleNamespace(SkytellsClient=make, AsyncSkytellsClient=make)
    monkeypatch.setitem(sys.modules, "skytells.client", clients)
    platform.client(timeout=5_000)
    platform.async_client()
    where = {
        "api_key": "sk-local",
        "base_url": platform.url,
        "orchestrator_key": "wfb_local",
        "orchestrator_base_url": platform.orchestrator_url,
    }
    assert made == [{**where, "timeout": 5_000}, where]


def test_a_client_that_disconnects_causes_no_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with skytells.local.serve() as platform:
        port = httpx.URL(platform.url).port or 0
        with socket.create_connection(("127.0.0.1", port)) as caller:
            caller.sendall(b"POST /v1/predict HTTP/1.1\r\nhost: localhost\r\n")
            caller.sendall(b"content-length: 100\r\n\r\n{")
        assert httpx.get(platform.url).status_code == 404
    assert caplog.records == []


def test_a_server_that_cannot_start_says_why() -> None:
    listener = socket.socket()
    listener.close()
    with pytest.raises(OSError, match="descriptor"):
        Server(create_app(Platform()), listener).start()


def test_importing_needs_neither_starlette_nor_uvicorn() -> None:
    code = "import sys, skytells.local; print({'starlette', 'uvicorn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_answers_do_not_wait_for_an_acknowledgement(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[socket.socket] = []

    def create(app: ASGIApp, listener: socket.socket) -> Server:
        served.append(listener)
        return Server(app, listener)

    monkeypatch.setattr("skytells.local.server.Server", create)
    with skytells.local.serve():
        # asyncio turns Nagle's delay off only for sockets that spell their protocol out.
        assert served[0].proto == socket.IPPROTO_TCP
