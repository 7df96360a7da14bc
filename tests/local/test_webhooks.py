"""Webhooks: the outbox with a stopped clock, and real deliveries."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Unpack

import httpx
import pytest

import skytells.local
from skytells.local import Clock, LocalPlatform, Platform, PlatformOptions
from skytells.local.json_values import Json, JsonObject
from skytells.local.requests import PredictionRequest
from skytells.local.webhooks import BACKOFF, SIGNATURE, Delivery, sign, url_error, wants

FOX: JsonObject = {"prompt": "a fox"}
URL = "http://localhost/hook"


def platform_with(**options: Unpack[PlatformOptions]) -> Platform:
    return Platform(clock=Clock(speed=0), **options)


def created(platform: Platform, events: list[str] | None = None, url: str = URL) -> str:
    webhook = {"url": url, "events": events or []}
    request = PredictionRequest("flux-pro", FOX, webhook=webhook)
    return platform.create(request, origin="http://localhost", key="sk-mine").id


def sent(platform: Platform, status: int = 200) -> list[Delivery]:
    """Deliver what is due, as if every application responded so."""
    taken: list[Delivery] = []
    for notification in platform.outbox.take_due(platform.now()):
        delivery = replace(platform.outbox.build(notification), status=status)
        platform.outbox.record(notification, delivery, platform.now())
        taken.append(delivery)
    return taken


def events(deliveries: list[Delivery]) -> list[tuple[str, str]]:
    return [(delivery.event, delivery.body["status"]) for delivery in deliveries]


def test_a_webhook_is_notified_of_start_and_success_when_they_happen() -> None:
    platform = platform_with()
    created(platform)
    assert sent(platform) == []
    platform.advance(2.0)
    assert events(sent(platform)) == [("started", "started")]
    platform.advance(60.0)
    assert events(sent(platform)) == [("completed", "succeeded")]
    assert platform.outbox.next_moment is None


def test_each_event_has_the_state_of_its_moment() -> None:
    platform = platform_with()
    created(platform)
    platform.advance(60.0)
    first, last = sent(platform)
    assert events([first, last]) == [("started", "started"), ("completed", "succeeded")]
    assert first.body["output"] is None
    assert last.body["output"][0].startswith("http://localhost/assets/")


def test_a_failure_is_notified() -> None:
    platform = platform_with()
    platform.script("flux-pro", fails="NSFW content detected.")
    created(platform, ["failed"])
    platform.advance(60.0)
    (delivery,) = sent(platform)
    assert delivery.body["response"] == "NSFW content detected."


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (Platform.cancel, ("canceled", "cancelled")),
        (Platform.delete, ("canceled", "cancelled")),
        (Platform.fail, ("failed", "failed")),
        (Platform.finish, ("completed", "succeeded")),
    ],
)
def test_an_early_end_is_notified_at_once_and_only_once(
    end: Callable[[Platform, str], object], told: tuple[str, str]
) -> None:
    platform = platform_with()
    end(platform, created(platform))
    assert events(sent(platform)) == [told]
    platform.advance(60.0)
    assert sent(platform) == []


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["completed"], ["completed"]),
        (["prediction.succeeded"], ["completed"]),
        (["prediction.started", "failed"], ["started"]),
        (["output", 7], []),
        ([], ["started", "completed"]),
    ],
)
def test_only_the_requested_events_are_notified(asked: list[str], told: list[str]) -> None:
    platform = platform_with()
    created(platform, asked)
    platform.advance(60.0)
    assert [delivery.event for delivery in sent(platform)] == told


@pytest.mark.parametrize("name", ["canceled", "cancelled", "prediction.cancelled"])
def test_a_cancellation_is_known_by_every_spelling(name: str) -> None:
    assert wants([name], "canceled")


def test_a_prediction_without_a_webhook_causes_no_notification() -> None:
    platform = platform_with()
    platform.create(PredictionRequest("flux-pro", FOX))
    platform.create(PredictionRequest("flux-pro", FOX, webhook={"url": None, "events": []}))
    assert platform.outbox.next_moment is None


@pytest.mark.parametrize(("secret", "key"), [(None, "sk-mine"), ("whsec", "whsec")])
def test_the_body_is_signed_with_the_key_or_the_secret(secret: str | None, key: str) -> None:
    platform = platform_with(webhook_secret=secret)
    created(platform)
    platform.advance(60.0)
    for delivery in sent(platform):
        wanted = hmac.new(key.encode(), delivery.raw, hashlib.sha256).hexdigest()
        assert delivery.headers[SIGNATURE] == wanted == sign(delivery.raw, key)


def test_the_wrapped_form_names_the_event() -> None:
    platform = platform_with(webhook_wrapped=True)
    job_id = created(platform)
    platform.advance(60.0)
    for delivery, name in zip(
        sent(platform), ("prediction.started", "prediction.succeeded"), strict=True
    ):
        assert delivery.body.keys() == {"type", "created_at", "data"}
        assert delivery.body["type"] == name
        assert delivery.body["data"]["id"] == job_id


def test_a_delivery_is_repeated_with_backoff_until_it_is_given_up() -> None:
    platform = platform_with()
    created(platform, ["completed"])
    platform.advance(8.0)
    attempts = [sent(platform, 500)]
    for pause in BACKOFF:
        platform.advance(pause - 0.5)
        assert sent(platform) == []
        platform.advance(0.5)
        attempts.append(sent(platform, 500))
    assert [delivery.attempt for (delivery,) in attempts] == [1, 2, 3, 4, 5, 6]
    assert len({delivery.headers[SIGNATURE] for (delivery,) in attempts}) == 1
    assert platform.outbox.next_moment is None
    assert [delivery.status for delivery in platform.outbox.deliveries] == [500] * 6


def test_a_delivery_answered_with_2xx_is_not_repeated() -> None:
    platform = platform_with()
    created(platform, ["completed"])
    platform.advance(8.0)
    assert sent(platform, 503)[0].delivered is False
    platform.advance(1.0)
    assert sent(platform, 204)[0].delivered is True
    assert platform.outbox.next_moment is None


def test_events_are_duplicated_on_demand() -> None:
    platform = platform_with(webhook_copies=2)
    created(platform, ["completed"])
    platform.advance(8.0)
    first, second = sent(platform)
    assert (first.raw, first.attempt) == (second.raw, second.attempt)
    with pytest.raises(ValueError, match="webhook_copies"):
        platform_with(webhook_copies=0)


@pytest.mark.parametrize(
    "url", ["http://localhost:1/", "https://127.0.0.2/", "http://[::1]/x", "http://app.localhost/"]
)
def test_a_url_on_this_machine_is_called(url: str) -> None:
    assert url_error(url, allow_remote=False) is None


@pytest.mark.parametrize(
    "url", ["https://example.com/", "http://127.0.0.1.example.com/", "http://10.0.0.1/"]
)
def test_a_url_elsewhere_is_called_only_if_that_is_allowed(url: str) -> None:
    assert "allow_remote" in (url_error(url, allow_remote=False) or "")
    assert url_error(url, allow_remote=True) is None


@pytest.mark.parametrize("url", ["ftp://localhost/", "hook", "http://", "http://[half"])
def test_what_is_no_url_is_not_called(url: str) -> None:
    assert "not a" in (url_error(url, allow_remote=True) or "")


class Application:
    """Somebody's application: takes webhooks and answers as told, 200 when told nothing."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.got: list[tuple[JsonObject, bytes]] = []
        application = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                application.got.append((dict(self.headers), body))
                self.send_response(application.answers.pop(0) if application.answers else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def application() -> Iterator[Application]:
    application = Application()
    yield application
    application.close()


def post(platform: LocalPlatform, webhook: Json, model: str = "flux-pro") -> JsonObject:
    body = {"model": model, "input": FOX, "webhook": webhook}
    headers = {"x-api-key": "sk-mine"}
    answer: JsonObject = httpx.post(f"{platform.url}/predict", json=body, headers=headers).json()
    return answer


def until_delivered(platform: LocalPlatform, count: int) -> list[Delivery]:
    while len(platform.deliveries) < count:
        time.sleep(0.001)
    return platform.deliveries


def test_an_application_gets_signed_events_in_order(
    platform: LocalPlatform, application: Application
) -> None:
    prediction = post(platform, application.url)
    platform.advance(60.0)
    deliveries = until_delivered(platform, 2)
    bodies = [json.loads(raw) for _, raw in application.got]
    assert [body["status"] for body in bodies] == ["started", "succeeded"]
    assert {body["id"] for body in bodies} == {prediction["id"]}
    for headers, raw in application.got:
        assert headers[SIGNATURE] == sign(raw, "sk-mine")
        assert headers["Content-Type"] == "application/json"
    assert [delivery.status for delivery in deliveries] == [200, 200]
    assert httpx.get(bodies[1]["output"][0]).status_code == 200


def test_a_failed_delivery_is_repeated_as_the_clock_goes_on(
    platform: LocalPlatform, application: Application
) -> None:
    application.answers = [500, 302]
    post(platform, {"url": application.url, "events": ["completed"]})
    for count, step in enumerate((8.0, BACKOFF[0], BACKOFF[1]), start=1):
        platform.advance(step)
        until_delivered(platform, count)
    assert [(d.attempt, d.status) for d in platform.deliveries] == [(1, 500), (2, 302), (3, 200)]
    assert len({raw for _, raw in application.got}) == 1


def test_an_application_that_is_not_there_is_an_error(platform: LocalPlatform) -> None:
    post(platform, {"url": "http://127.0.0.1:1/hook", "events": ["completed"]})
    platform.advance(8.0)
    (delivery,) = until_delivered(platform, 1)
    assert delivery.status is None
    assert (delivery.error or "").startswith("ConnectError")


def test_another_machine_is_never_called(platform: LocalPlatform) -> None:
    post(platform, "https://example.com/hook")
    platform.advance(8.0)
    deliveries = until_delivered(platform, 2)
    assert all("allow_remote" in (delivery.error or "") for delivery in deliveries)


def test_the_sender_starts_again_after_it_was_idle(
    platform: LocalPlatform, application: Application
) -> None:
    for count in (1, 2, 3):
        post(platform, {"url": application.url, "events": ["completed"]})
        platform.advance(8.0)
        until_delivered(platform, count)
    assert len(application.got) == 3


def test_a_quick_prediction_does_not_wait_for_the_deliveries_of_a_slow_one(
    application: Application,
) -> None:
    with skytells.local.serve() as platform:
        for slug, seconds in (("truefusion", 3600.0), ("flux-pro", 0.0)):
            platform.script(slug, seconds=seconds)
            post(platform, {"url": application.url, "events": ["completed"]}, slug)
            time.sleep(0.1)  # the sender is at rest
        (delivery,) = until_delivered(platform, 1)
        assert delivery.body["model"]["name"] == "flux-pro"


@pytest.mark.parametrize(
    ("asked", "path", "told"),
    [
        ("canceled", "/v1/predictions/{}/cancel", "canceled"),
        ("canceled", "/v1/predictions/{}/delete", "canceled"),
        ("canceled", "/_platform/predictions/{}/cancel", "canceled"),
        ("failed", "/_platform/predictions/{}/fail", "failed"),
        ("completed", "/_platform/predictions/{}/finish", "completed"),
        ("completed", "/_platform/advance", "completed"),
        ("completed", "/_platform/speed", "completed"),
    ],
)
def test_an_end_over_http_is_notified_without_another_request(
    platform: LocalPlatform, application: Application, asked: str, path: str, told: str
) -> None:
    prediction = post(platform, {"url": application.url, "events": [asked]})
    time.sleep(0.05)  # the sender is at rest, if it was ever called
    body = {"advance": {"seconds": 60}, "speed": {"speed": 1e9}}.get(path.rpartition("/")[2])
    url = platform.url.removesuffix("/v1") + path.format(prediction["id"])
    method = "DELETE" if path.endswith("/delete") else "POST"
    assert httpx.request(method, url, json=body, headers={"x-api-key": "sk-mine"}).is_success
    assert [delivery.event for delivery in until_delivered(platform, 1)] == [told]


def test_an_end_on_the_page_is_notified(platform: LocalPlatform, application: Application) -> None:
    prediction = post(platform, {"url": application.url, "events": ["failed"]})
    page = platform.url.removesuffix("v1")
    httpx.post(page, data={"do": "fail", "id": prediction["id"]})
    assert [delivery.event for delivery in until_delivered(platform, 1)] == ["failed"]


@pytest.mark.parametrize("way", ["advance", "speed"])
def test_an_end_in_python_is_notified(
    platform: LocalPlatform, application: Application, way: str
) -> None:
    post(platform, {"url": application.url, "events": ["completed"]})
    if way == "advance":
        platform.advance(60.0)
    else:
        platform.speed = 1e9
    assert [delivery.event for delivery in until_delivered(platform, 1)] == ["completed"]


def test_in_process_the_next_event_loop_delivers_what_the_last_one_left(
    application: Application,
) -> None:
    async def order() -> None:
        async with platform.async_client() as client:
            await client.predictions.create(model="flux-pro", input=FOX, webhook=hook)

    async def look() -> None:
        async with platform.async_client() as client:
            await client.models.list()
            await asyncio.to_thread(until_delivered, platform, 1)

    hook = {"url": application.url, "events": ["completed"]}
    with skytells.local.in_process(speed=0) as platform:
        asyncio.run(order())
        platform.advance(60.0)
        asyncio.run(look())
        assert [delivery.event for delivery in platform.deliveries] == ["completed"]


def test_close_leaves_no_webhook_behind(platform: LocalPlatform, application: Application) -> None:
    post(platform, application.url)
    platform.close()
    assert application.got == []
