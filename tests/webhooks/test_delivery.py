"""Webhooks over real sockets: the local platform signs and sends, a server of ours receives."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

import skytells.local
from skytells import (
    InvalidRequestError,
    Prediction,
    PredictionResponse,
    SkytellsClient,
    WaitTimeoutError,
)
from skytells.local import LocalPlatform
from skytells.webhooks import Webhook, WebhookEvent, WebhookHandler

from ..conftest import Build

HOUR = 3_600_000.0
FOX = {"prompt": "A fox"}


class Receiver:
    """A web application of the simplest kind: it hands deliveries to a handler."""

    def __init__(self, handler: WebhookHandler) -> None:
        self.handler = handler
        self.events: list[WebhookEvent] = []
        self.url = ""
        self._arrived = threading.Condition()

    def receive(self, body: bytes, headers: Any) -> None:
        told = self.handler.handle(body, headers)
        with self._arrived:
            self.events.append(told)
            self._arrived.notify_all()

    def wait_for(self, count: int) -> list[WebhookEvent]:
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.events) >= count, timeout=240)
        return self.events


@contextmanager
def receiving(handler: WebhookHandler) -> Generator[Receiver]:
    receiver = Receiver(handler)

    class View(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.receive(body, self.headers)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), View) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def standing(**options: Any) -> Generator[LocalPlatform]:
    """A platform whose time moves only when it is told to."""
    with skytells.local.serve(speed=0, **options) as platform:
        yield platform


@pytest.mark.parametrize("wrapped", [False, True], ids=["flat", "wrapped"])
@pytest.mark.parametrize("secret", [None, "whsec-mine"], ids=["general", "enterprise"])
@pytest.mark.parametrize(
    "vocabulary",
    [
        ["started", "completed"],
        ["prediction.started", "prediction.succeeded"],
        ["start", "completed"],
    ],
    ids=lambda names: names[0],
)
def test_delivery_of_each_vocabulary_is_acted_on_once(
    build: Build, vocabulary: list[str], secret: str | None, wrapped: bool
) -> None:
    options = {"webhook_secret": secret, "webhook_wrapped": wrapped, "webhook_copies": 2}
    with standing(**options) as platform:
        handler, acted = WebhookHandler(secret or platform.key), list[str]()

        @handler.on("started", "prediction.succeeded")
        def act(told: WebhookEvent) -> None:
            acted.append(str(told.type))

        with receiving(handler) as receiver:
            client = build(platform.key, base_url=platform.url)
            webhook = Webhook(receiver.url, vocabulary)
            job = client.predictions.create(model="flux-pro", input=FOX, webhook=webhook)
            assert job["webhook"] == webhook
            platform.advance(2.0)
            receiver.wait_for(2)
            platform.advance(600.0)
            told = receiver.wait_for(4)
        assert [(str(e.type), e.duplicate) for e in told] == [
            *(("started", False), ("started", True)),
            *(("completed", False), ("completed", True)),
        ]
        assert acted == ["started", "completed"]
        assert {e.prediction.id for e in told} == {job.id}
        assert all(delivery.delivered for delivery in platform.deliveries)


def test_webhook_is_accepted_wherever_a_dict_is(build: Build) -> None:
    with standing() as platform, receiving(WebhookHandler(platform.key)) as receiver:
        client = build(platform.key, base_url=platform.url)
        webhook = Webhook(receiver.url)
        order = {"model": "flux-pro", "input": FOX, "webhook": webhook}
        client.predictions.create(order)
        client.predict(order)
        client.queue(order)
        client.dispatch()
        seen: list[PredictionResponse] = []

        def finish(prediction: PredictionResponse) -> None:
            seen.append(prediction)
            platform.advance(600.0)

        client.run("flux-pro", FOX, finish, webhook=webhook)
        client.run("flux-pro", options={"input": FOX, "webhook": webhook}, on_progress=finish)
        assert [p["webhook"] for p in platform.predictions] == [webhook] * 5


# A webhook or a look, whichever is first


def background(client: SkytellsClient, receiver: Receiver) -> PredictionResponse:
    return client.predictions.create(model="flux-pro", input=FOX, webhook=Webhook(receiver.url))


@pytest.mark.parametrize("wrapped", [False, True], ids=["flat", "wrapped"])
@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
def test_webhook_ends_a_wait_at_once(build: Build, status: str, wrapped: bool) -> None:
    with (
        standing(webhook_wrapped=wrapped) as platform,
        receiving(WebhookHandler(platform.key)) as receiver,
    ):
        if status == "failed":
            platform.script("flux-pro", fails="NSFW content detected.")
        client = build(platform.key, base_url=platform.url)
        job = background(client, receiver)
        seen: list[str] = []

        def end_it(prediction: PredictionResponse) -> None:
            # After the first look, which is at once; the second would be in an hour.
            seen.append(str(prediction.status))
            if status == "cancelled" and not prediction.done:
                with platform.client() as other:
                    other.predictions.cancel(prediction.id)
            elif not prediction.done:
                platform.advance(600.0)

        ended = client.wait(job, interval=HOUR, on_progress=end_it, handler=receiver.handler)
        assert (str(ended.status), ended.id) == (status, job.id)
        assert seen == ["pending", status]
        assert client.wait(ended, handler=receiver.handler) is ended


def test_webhook_that_came_before_the_wait_is_not_missed(build: Build) -> None:
    with standing() as platform, receiving(WebhookHandler(platform.key)) as receiver:
        client = build(platform.key, base_url=platform.url)
        job = background(client, receiver)
        platform.advance(600.0)
        receiver.wait_for(1)
        assert client.wait(job, interval=HOUR, handler=receiver.handler).status == "succeeded"


def test_looks_go_on_where_no_webhook_comes(client: SkytellsClient) -> None:
    handler = WebhookHandler("sk-mine")
    job = client.predictions.create(model="flux-pro", input=FOX)
    assert client.wait(job, handler=handler).status == "succeeded"
    assert vars(handler)["_awaited"] == {}


def test_handle_hands_the_handler_on(platform: LocalPlatform) -> None:
    with platform.client() as client:
        job = client.predictions.create(model="flux-pro", input=FOX)
        with pytest.raises(InvalidRequestError, match="must be a WebhookHandler"):
            Prediction(client, job).wait(handler=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_wait_by_a_handler_still_ends_at_its_limit(build: Build) -> None:
    with standing() as platform:
        handler = WebhookHandler(platform.key)
        client = build(platform.key, base_url=platform.url)
        job = client.predictions.create(model="flux-pro", input=FOX)
        with pytest.raises(WaitTimeoutError):
            client.wait(job.id, max_wait=20, handler=handler)
        assert vars(handler)["_awaited"] == {}


@pytest.mark.parametrize("handler", [5, "handler", object()])
def test_handler_that_is_none_is_refused(
    client: SkytellsClient, platform: LocalPlatform, handler: Any
) -> None:
    for act in (
        lambda: client.wait("p1", handler=handler),
        lambda: client.wait_all(["p1"], handler=handler),
        lambda: client.as_completed(["p1"], handler=handler),
        lambda: client.run("flux-pro", FOX, handler=handler),
    ):
        with pytest.raises(InvalidRequestError, match="must be a WebhookHandler"):
            act()
    assert platform.requests == []


def test_webhook_ends_a_run_at_once(build: Build) -> None:
    with standing() as platform, receiving(WebhookHandler(platform.key)) as receiver:
        client = build(platform.key, base_url=platform.url)
        seen: list[str] = []

        def end_it(prediction: PredictionResponse) -> None:
            # After the first look, which is at once; the second would be in an hour.
            seen.append(str(prediction.status))
            if not prediction.done:
                platform.advance(600.0)

        ended = client.run(
            "flux-pro",
            FOX,
            end_it,
            webhook=Webhook(receiver.url),
            interval=HOUR,
            handler=receiver.handler,
        )
        assert ended.status == "succeeded"
        assert seen == ["pending", "succeeded"]


def test_run_by_a_handler_knows_its_id_from_the_start(
    platform: LocalPlatform, build: Build
) -> None:
    client = build(platform.key, base_url=platform.url)
    handler = WebhookHandler(platform.key)
    assert client.run("flux-pro", FOX, handler=handler).status == "succeeded"
    [posted] = [r for r in platform.requests if r.method == "POST"]
    assert posted.body["await"] is False


def test_webhooks_end_the_waiting_for_many_at_once(build: Build) -> None:
    with standing() as platform, receiving(WebhookHandler(platform.key)) as receiver:
        client = build(platform.key, base_url=platform.url)
        jobs = [background(client, receiver) for _ in range(3)]

        def end_them(prediction: PredictionResponse) -> None:
            if prediction.id == jobs[-1].id and not prediction.done:
                platform.advance(600.0)

        ended = client.wait_all(jobs, None, end_them, interval=HOUR, handler=receiver.handler)
        assert [(p.id, str(p.status)) for p in ended] == [(job.id, "succeeded") for job in jobs]
        assert vars(receiver.handler)["_awaited"] == {}


def test_webhooks_that_come_between_two_are_heard(build: Build) -> None:
    with standing() as platform, receiving(WebhookHandler(platform.key)) as receiver:
        client = build(platform.key, base_url=platform.url)
        first = background(client, receiver)
        platform.advance(600.0)
        second = background(client, receiver)
        ended: list[str] = []
        # The first is over at the first look. The second ends while nobody waits.
        for prediction in client.as_completed(
            [first, second], interval=HOUR, handler=receiver.handler
        ):
            ended.append(prediction.id)
            platform.advance(600.0)
            receiver.wait_for(2)
        assert ended == [first.id, second.id]


def test_several_waits_end_with_one_webhook(build: Build) -> None:
    with standing() as platform, receiving(WebhookHandler(platform.key)) as receiver:
        client = build(platform.key, base_url=platform.url)
        job = background(client, receiver)
        looking = threading.Barrier(4)
        ended: list[str] = []

        def wait() -> None:
            with platform.client() as own:
                looked = own.wait(
                    job.id,
                    interval=HOUR,
                    on_progress=lambda p: None if p.done else void(looking.wait()),
                    handler=receiver.handler,
                )
            ended.append(str(looked.status))

        threads = [threading.Thread(target=wait) for _ in range(3)]
        for thread in threads:
            thread.start()
        looking.wait()
        platform.advance(600.0)
        for thread in threads:
            thread.join()
        assert ended == ["succeeded"] * 3


def void(_: object) -> None:
    """Take a value and give none."""
