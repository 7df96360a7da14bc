"""`skytells.fastapi` on a real server, the local platform behind it."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, HTTPException, Request

import skytells.local
from skytells import (
    AnswerError,
    AsyncSkytellsClient,
    AuthenticationError,
    BudgetExceededError,
    ConfigurationError,
    DispatchError,
    DownloadError,
    InvalidRequestError,
    InvalidResponseError,
    NetworkError,
    NotFoundError,
    OutputExpiredError,
    PaymentRequiredError,
    PermissionDeniedError,
    PredictionFailedError,
    PredictionResponse,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    SkytellsError,
    WaitTimeoutError,
    Webhook,
    WebhookEvent,
    WebhookHandler,
    WebhookSignatureError,
)
from skytells.fastapi import (
    Client,
    add_error_handler,
    get_client,
    lifespan,
    problem,
    progress_events,
    webhook_router,
)
from skytells.local import LocalPlatform
from skytells.webhooks import SIGNATURE_HEADER, sign

from .serving import served

KEY = "whsec-mine"
FOX = {"prompt": "A fox"}
HOUR = 3_600_000.0


def until(look: Callable[[], Any]) -> Any:
    """What `look` finds, as soon as it finds something; the test's own timeout bounds it."""
    while not (found := look()):
        time.sleep(0.005)
    return found


@pytest.fixture
def standing() -> Iterator[LocalPlatform]:
    """A platform whose time moves only when it is told to."""
    with skytells.local.serve(speed=0) as platform:
        yield platform


@contextmanager
def visiting(app: FastAPI) -> Generator[httpx.Client]:
    """A visitor of an application on a real server."""
    with served(lambda _: app) as address, httpx.Client(base_url=address, timeout=30) as visitor:
        yield visitor


# One client for the application


def test_client_lives_as_long_as_the_application(standing: LocalPlatform) -> None:
    built: list[AsyncSkytellsClient] = []

    def build() -> AsyncSkytellsClient:
        built.append(standing.async_client())
        return built[-1]

    app = FastAPI(lifespan=lifespan(build))

    @app.get("/name")
    async def name(client: Client) -> str | None:
        assert client is built[0]
        return (await client.models.get("flux-pro")).name

    with visiting(app) as visitor:
        assert [visitor.get("/name").json() for _ in range(2)] == ["FLUX Pro"] * 2
    assert len(built) == 1


def test_lifespan_may_stand_within_another(standing: LocalPlatform) -> None:
    @asynccontextmanager
    async def own(app: FastAPI) -> AsyncGenerator[dict[str, Any]]:
        async with lifespan(standing.async_client)(app) as state:
            yield {**state, "word": "mine"}

    app = FastAPI(lifespan=own)

    @app.get("/")
    async def show(request: Request, client: Client) -> str:
        return f"{request.state.word} {client.base_url == standing.url}"

    with visiting(app) as visitor:
        assert visitor.get("/").json() == "mine True"


def test_application_without_a_client_says_so(caplog: pytest.LogCaptureFixture) -> None:
    app = FastAPI()

    @app.get("/")
    async def show(client: Client) -> None: ...

    add_error_handler(app)
    with visiting(app) as visitor:
        assert visitor.get("/").status_code == 500
    assert "FastAPI(lifespan=lifespan())" in caplog.text


def test_dependency_can_be_overridden(standing: LocalPlatform) -> None:
    app = FastAPI()

    @app.get("/")
    async def show(client: Client) -> str:
        return client.base_url

    app.dependency_overrides[get_client] = lambda: standing.async_client()
    with visiting(app) as visitor:
        assert visitor.get("/").json() == standing.url


def test_missing_fastapi_is_named() -> None:
    code = "import sys; sys.modules['fastapi'] = None; import skytells.fastapi"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=240
    )
    assert 'ImportError: skytells.fastapi needs FastAPI: pip install "skytells[fastapi]"' in (
        result.stderr
    )


# Webhooks


@dataclass
class Hooked:
    """An application that receives webhooks."""

    visitor: httpx.Client
    acted: list[WebhookEvent]

    def post(self, said: object, key: str = KEY, **headers: str) -> httpx.Response:
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        signed = {SIGNATURE_HEADER: sign(body, key)} | headers
        # A connection of its own: one on which a function failed is closed by the server.
        signed["connection"] = "close"
        return self.visitor.post("/webhooks/skytells", content=body, headers=signed)


@contextmanager
def hooked(**options: Any) -> Generator[Hooked]:
    handler, acted = WebhookHandler(KEY), list[WebhookEvent]()

    @handler.on("completed")
    async def keep(event: WebhookEvent) -> None:
        acted.append(event)

    @handler.on("failed")
    def fail(event: WebhookEvent) -> None:
        acted.append(event)
        raise ZeroDivisionError("not kept")

    app = FastAPI()
    app.include_router(webhook_router(handler, **options))
    with visiting(app) as visitor:
        yield Hooked(visitor, acted)


P1 = {"id": "p1", "status": "succeeded", "output": ["é"]}


@pytest.mark.parametrize("background", [True, False])
def test_webhook_is_received_and_acted_on_once(background: bool) -> None:
    with hooked(background=background) as app:
        for _ in range(2):
            answer = app.post(P1)
            assert (answer.status_code, answer.json()) == (200, {"received": True})
        until(lambda: app.acted)
    assert [event.prediction.output for event in app.acted] == [["é"]]


@pytest.mark.parametrize(
    ("said", "key", "headers", "status"),
    [
        (P1, "another", {}, 401),
        (P1, KEY, {SIGNATURE_HEADER: "0" * 64}, 401),
        (P1, KEY, {SIGNATURE_HEADER: ""}, 401),
        (b"not JSON", KEY, {}, 400),
        ({"type": "prediction.failed"}, KEY, {}, 400),
        (b"x" * 2000, KEY, {}, 413),
    ],
)
def test_delivery_that_is_not_a_webhook_is_refused_and_nothing_called(
    said: object, key: str, headers: dict[str, str], status: int
) -> None:
    with hooked(max_bytes=1000) as app:
        answer = app.post(said, key, **headers)
        assert answer.status_code == answer.json()["status"] == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert (app.acted, KEY in answer.text) == ([], False)


def test_doubled_signature_is_refused() -> None:
    with hooked() as app:
        body = json.dumps(P1).encode()
        good = sign(body, KEY)
        headers = [(SIGNATURE_HEADER, good), (SIGNATURE_HEADER, good)]
        answer = app.visitor.post("/webhooks/skytells", content=body, headers=headers)
        assert answer.status_code == 401


def logged(caplog: pytest.LogCaptureFixture, count: int) -> bool:
    return caplog.text.count("It was answered already") == count


def test_failure_in_the_background_is_logged_and_the_repetition_acted_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failed = {"id": "p2", "status": "failed"}
    with hooked() as app:
        for tried in (1, 2):
            assert app.post(failed).status_code == 200
            until(partial(logged, caplog, tried))
        assert len(app.acted) == 2
    assert "not kept" in caplog.text
    (record, _) = [record for record in caplog.records if record.name == "skytells"]
    assert record.levelname == "ERROR"
    assert "'failed' of prediction p2" in record.getMessage()


def test_failure_in_the_foreground_is_a_500_so_that_the_platform_tells_again() -> None:
    failed = {"id": "p2", "status": "failed"}
    with hooked(background=False) as app:
        assert [app.post(failed).status_code for _ in range(2)] == [500, 500]
        assert len(app.acted) == 2


@pytest.mark.parametrize(
    "raised",
    [
        NotFoundError("No such prediction.", "PREDICTION_NOT_FOUND", "", 404),
        InvalidRequestError.of("There is none."),
        HTTPException(404, "no"),
    ],
)
def test_failure_in_the_foreground_is_a_500_whatever_the_application_makes_of_errors(
    raised: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """A 4xx would tell the platform that the delivery is wrong, and not to be repeated."""
    handler, app = WebhookHandler(KEY), FastAPI()

    @handler.on("completed")
    def fail(event: WebhookEvent) -> None:
        raise raised

    add_error_handler(app)
    app.include_router(webhook_router(handler, background=False))
    with visiting(app) as visitor:
        answer = Hooked(visitor, []).post(P1)
    assert answer.status_code == 500
    assert (KEY in answer.text, "There is none" in answer.text) == (False, False)
    assert "'completed' of prediction p1" in caplog.text


async def test_delivery_that_breaks_off_is_refused() -> None:
    app = FastAPI()
    app.include_router(webhook_router(WebhookHandler(KEY), "/hook"))
    sent: list[Any] = []
    messages = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": "/hook",
        "query_string": b"",
        "headers": [],
    }
    await app(scope, receive, send)
    assert sent[0]["status"] == 401


# Errors

PREDICTION = PredictionResponse(id="p1", status="failed", response="NSFW content detected.")
SECRETIVE = "Cannot reach https://internal.example/v1 with sk-secret."


def error(cls: type[SkytellsError], id: str = "X", status: int = 0, **more: Any) -> SkytellsError:
    return cls(SECRETIVE, id, SECRETIVE, status, **more)


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        (error(AuthenticationError, "UNAUTHORIZED", 401), 500),
        (error(PermissionDeniedError, "FORBIDDEN", 403), 500),
        (error(ConfigurationError), 500),
        (error(SkytellsError), 500),
        (error(DispatchError), 500),
        (error(AnswerError, "ANSWER_CUT_OFF", 200), 502),
        (error(ServerError, "SERVER_ERROR", 500), 502),
        (error(InvalidResponseError, "INVALID_JSON", 200), 502),
        (error(NetworkError), 502),
        (error(DownloadError), 502),
        (error(OutputExpiredError, "OUTPUT_EXPIRED", 404), 410),
        (error(BudgetExceededError, "BUDGET_EXCEEDED"), 503),
        (error(ServerError, "SERVICE_UNAVAILABLE", 503), 503),
        (error(ServerError, "OVERLOADED", 529), 503),
        (error(RateLimitError, "RATE_LIMIT_EXCEEDED", 429), 503),
        (error(PaymentRequiredError, "INSUFFICIENT_CREDITS", 402), 503),
        (error(RequestTimeoutError, "REQUEST_TIMEOUT", 408), 504),
        (error(WaitTimeoutError, "WAIT_TIMEOUT", 408), 504),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_error_that_only_the_operator_can_mend_is_logged_and_hidden(
    raised: SkytellsError, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    answer = problem(raised)
    said = json.loads(bytes(answer.body))
    assert answer.status_code == said["status"] == status
    assert answer.media_type == "application/problem+json"
    assert "secret" not in bytes(answer.body).decode()
    assert "internal" not in bytes(answer.body).decode()
    assert SECRETIVE in caplog.text


@pytest.mark.parametrize(
    ("raised", "status", "detail"),
    [
        (NotFoundError("m", "PREDICTION_NOT_FOUND", "No such prediction.", 404), 404, "No such"),
        (
            InvalidRequestError("Correct it.", "INVALID_INPUT", {"prompt": "required"}, 422),
            422,
            "Co",
        ),
        (InvalidRequestError.of("page must be a whole number."), 422, "page must"),
        (PermissionDeniedError("m", "SECURITY_VIOLATION", "Prompt refused.", 403), 422, "Prompt"),
        (AnswerError("m", "MODEL_REFUSED", "I will not.", 200), 422, "I will not."),
        (WebhookSignatureError("m", "WEBHOOK_SIGNATURE_INVALID", "Not signed."), 401, "Not signed"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_error_that_a_visitor_can_mend_is_told(
    raised: SkytellsError, status: int, detail: str, caplog: pytest.LogCaptureFixture
) -> None:
    said = json.loads(bytes(problem(raised).body))
    assert (said["status"], said["error_id"]) == (status, raised.error_id)
    assert said["detail"].startswith(detail)
    assert caplog.text == ""


def test_failed_prediction_is_told_in_the_models_own_words() -> None:
    failed = PredictionFailedError("m", "PREDICTION_FAILED", "d")
    failed.prediction = PREDICTION
    said = json.loads(bytes(problem(failed).body))
    assert said == {
        "type": "about:blank",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "NSFW content detected.",
        "error_id": "PREDICTION_FAILED",
        "maybe_sent": False,
        "prediction_id": "p1",
    }


def test_visitor_is_told_when_to_come_back() -> None:
    busy = error(RateLimitError, "RATE_LIMIT_EXCEEDED", 429, retry_after=2.3)
    assert problem(busy).headers["retry-after"] == "3"
    assert "retry-after" not in problem(error(RateLimitError)).headers
    assert "retry-after" not in problem(error(NetworkError, retry_after=1.0)).headers


def test_errors_of_routes_become_problems(standing: LocalPlatform) -> None:
    app = FastAPI(lifespan=lifespan(standing.async_client))
    add_error_handler(app)

    @app.get("/{slug}")
    async def show(slug: str, client: Client) -> str | None:
        return (await client.models.get(slug)).name

    with visiting(app) as visitor:
        assert visitor.get("/flux-pro").json() == "FLUX Pro"
        answer = visitor.get("/flux-por")
    assert (answer.status_code, answer.json()["error_id"]) == (404, "MODEL_NOT_FOUND")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "client." not in answer.json()["detail"]  # advice for programmers stays here


# Progress


@dataclass
class Event:
    """A server-sent event, as a browser reads it."""

    id: str
    event: str
    data: Any


def events(lines: Iterator[str]) -> Iterator[Event | str]:
    """Events, and comments and retry times as they stand."""
    fields: dict[str, str] = {}
    for line in lines:
        if line.startswith((":", "retry:")):
            yield line
        elif line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            yield Event(fields["id"], fields["event"], json.loads(fields["data"]))
            fields = {}


def application(platform: LocalPlatform, **options: Any) -> Callable[[str], FastAPI]:
    handler = WebhookHandler(platform.key)
    if options.pop("hooks", False):
        options["handler"] = handler

    def build(address: str) -> FastAPI:
        app = FastAPI(lifespan=lifespan(platform.async_client))
        add_error_handler(app)
        app.include_router(webhook_router(handler, "/hook"))

        @app.post("/jobs")
        async def create(client: Client) -> str:
            hook = Webhook(f"{address}/hook")
            return (await client.predictions.create(model="flux-pro", input=FOX, webhook=hook)).id

        @app.get("/jobs/{id}")
        async def follow(id: str, request: Request, client: Client) -> Any:
            return await progress_events(request, client, id, **options)

        return app

    return build


@contextmanager
def listening(address: str, id: str, **headers: str) -> Generator[Iterator[Event | str]]:
    with httpx.stream("GET", f"{address}/jobs/{id}", headers=headers, timeout=30) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store, no-transform"
        yield events(answer.iter_lines())


def skip(news: Iterator[Event | str]) -> None:
    """Pass over the retry time and the first event."""
    for _ in range(2):
        next(news)


def created(address: str) -> str:
    return str(httpx.post(f"{address}/jobs").json())


def test_progress_is_told_until_the_end(standing: LocalPlatform) -> None:
    with served(application(standing, interval=5, retry=1.5)) as address:
        id = created(address)
        with listening(address, id) as news:
            assert next(news) == "retry: 1500"
            assert next(news) == Event(
                "1",
                "progress",
                {"id": id, "status": "pending", "progress": 0.0, "output": None, "failure": None},
            )
            standing.advance(4.0)
            running = next(news)
            assert isinstance(running, Event)
            assert (running.id, running.event) == ("2", "progress")
            assert running.data["status"] in {"started", "processing"}
            standing.advance(600.0)
            *_, end = news
            assert isinstance(end, Event)
            assert (end.event, end.data["status"]) == ("end", "succeeded")
            assert end.data["output"][0].startswith("http")


def test_what_has_ended_is_told_at_once_and_numbers_go_on(standing: LocalPlatform) -> None:
    with served(application(standing)) as address:
        id = created(address)
        standing.advance(600.0)
        for given, number in (("41", "42"), ("x", "1"), ("9" * 40, "1")):
            with listening(address, id, **{"last-event-id": given}) as news:
                _, end = news
                assert isinstance(end, Event)
                assert (end.id, end.event) == (number, "end")


def test_prediction_that_cannot_be_seen_is_an_answer_of_its_own(standing: LocalPlatform) -> None:
    with served(application(standing)) as address:
        answer = httpx.get(f"{address}/jobs/unknown")
        assert (answer.status_code, answer.json()["error_id"]) == (404, "PREDICTION_NOT_FOUND")


def test_silence_is_filled_with_comments(standing: LocalPlatform) -> None:
    app = application(standing, heartbeat=0.01, interval=HOUR)
    with served(app) as address, listening(address, created(address)) as news:
        assert [next(news) for _ in range(4)][2:] == [":", ":"]


def test_webhook_ends_the_stream_at_once(standing: LocalPlatform) -> None:
    app = application(standing, hooks=True, interval=HOUR)
    with served(app) as address, listening(address, created(address)) as news:
        skip(news)
        standing.advance(600.0)
        end = next(news)
        assert isinstance(end, Event)
        assert (end.event, end.data["status"]) == ("end", "succeeded")


def test_trouble_on_the_way_is_told_as_a_problem(standing: LocalPlatform) -> None:
    with served(application(standing, interval=5)) as address:
        id = created(address)
        with listening(address, id) as news:
            skip(news)
            with standing.client() as client:
                client.predictions.cancel(id)
                client.predictions.delete(id)
            *_, last = news
            assert isinstance(last, Event)
            # It may be seen between the two.
            assert (last.event, last.data["status"]) in {("problem", 404), ("end", "cancelled")}


def test_prediction_is_cancelled_when_the_browser_leaves_if_asked(standing: LocalPlatform) -> None:
    with served(application(standing, cancel_after=0.0)) as address:
        with listening(address, created(address)) as news:
            skip(news)
        until(lambda: standing.predictions[0]["status"] == "cancelled")


def test_prediction_goes_on_when_the_browser_leaves_unless_asked(standing: LocalPlatform) -> None:
    with served(application(standing)) as address, listening(address, created(address)) as news:
        skip(news)
    # The server has ended, and with it all that it might still have done.
    assert standing.predictions[0]["status"] == "pending"


class Browser:
    """An ASGI server's two ends, worked by hand."""

    def __init__(self) -> None:
        self.left = asyncio.Event()
        self.sent: list[str] = []
        self.heard = asyncio.Event()
        self.breaks = False

    async def receive(self) -> Any:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if self.breaks:
            raise OSError("gone")
        self.sent.append(message.get("body", b"").decode())
        self.heard.set()


def asking() -> Request:
    return Request(
        {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    )


async def test_browser_that_comes_back_in_time_keeps_the_prediction(
    standing: LocalPlatform,
) -> None:
    async with standing.async_client() as client:
        job = await client.predictions.create(model="flux-pro", input=FOX)
        browsers = [Browser(), Browser()]
        tasks: list[asyncio.Task[None]] = []
        for browser in browsers:
            answer = await progress_events(
                asking(), client, job.id, cancel_after=0.0, interval=HOUR
            )
            tasks.append(
                asyncio.create_task(answer({"type": "http"}, browser.receive, browser.send))
            )
            await browser.heard.wait()
        browsers[0].left.set()
        await tasks[0]  # it has seen that another listens
        assert (await client.predictions.get(job.id)).status == "pending"
        browsers[1].left.set()
        await tasks[1]
        assert (await client.predictions.get(job.id)).status == "cancelled"


async def test_prediction_that_ended_meanwhile_is_left_alone(
    standing: LocalPlatform, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "skytells")
    async with standing.async_client() as client:
        job = await client.predictions.create(model="flux-pro", input=FOX)
        browser = Browser()
        answer = await progress_events(asking(), client, job.id, cancel_after=0.0, interval=HOUR)
        task = asyncio.create_task(answer({"type": "http"}, browser.receive, browser.send))
        await browser.heard.wait()
        standing.advance(600.0)
        browser.left.set()
        await task
        assert (await client.predictions.get(job.id)).status == "succeeded"
    assert "was not cancelled" in caplog.text


async def test_server_that_says_by_an_error_that_the_browser_left(standing: LocalPlatform) -> None:
    async with standing.async_client() as client:
        job = await client.predictions.create(model="flux-pro", input=FOX)
        browser = Browser()
        browser.breaks = True
        answer = await progress_events(asking(), client, job.id, cancel_after=0.0)
        await answer({"type": "http"}, browser.receive, browser.send)
        assert (await client.predictions.get(job.id)).status == "cancelled"


async def test_stream_that_is_cancelled_cancels_no_prediction(standing: LocalPlatform) -> None:
    """As when the server is shut down."""
    async with standing.async_client() as client:
        job = await client.predictions.create(model="flux-pro", input=FOX)
        browser = Browser()
        answer = await progress_events(asking(), client, job.id, cancel_after=0.0, interval=HOUR)
        task = asyncio.create_task(answer({"type": "http"}, browser.receive, browser.send))
        await browser.heard.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await client.predictions.get(job.id)).status == "pending"


async def test_trouble_and_mistakes_in_a_stream(standing: LocalPlatform) -> None:
    async with standing.async_client() as client:
        job = await client.predictions.create(model="flux-pro", input=FOX)
        browser = Browser()
        answer = await progress_events(asking(), client, job.id, handler=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        await answer({"type": "http"}, browser.receive, browser.send)
        assert "event: problem" in browser.sent[-1]
        assert "handler must be a WebhookHandler" in browser.sent[-1]

        def confused(prediction: PredictionResponse) -> object:
            raise ZeroDivisionError

        def broken(prediction: PredictionResponse) -> object:
            raise OSError("no view")

        class Handler:
            def expect(self, id: str) -> Any:
                raise RecursionError

        mistakes: list[tuple[dict[str, Any], type[Exception]]] = [
            ({"view": confused}, ZeroDivisionError),
            ({"view": broken}, OSError),
            ({"handler": Handler()}, RecursionError),
        ]
        for options, kind in mistakes:
            answer = await progress_events(asking(), client, job.id, **options)
            with pytest.raises(kind):
                await answer({"type": "http"}, browser.receive, browser.send)


async def test_state_that_has_not_changed_is_not_told_again(standing: LocalPlatform) -> None:
    async with standing.async_client() as client:
        job = await client.predictions.create(model="flux-pro", input=FOX)
        browser, looks = Browser(), list[str]()

        def view(prediction: PredictionResponse) -> str:
            looks.append(str(prediction.status))
            if len(looks) == 4:
                standing.advance(600.0)
            return str(prediction.status)

        answer = await progress_events(asking(), client, job.id, view=view, interval=1)
        await answer({"type": "http"}, browser.receive, browser.send)
        assert looks == [*["pending"] * 4, "succeeded"]
        assert [text.count("event:") for text in browser.sent] == [0, 0, 1, 1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"cancel_after": -1},
        {"heartbeat": 0},
        {"retry": -1},
        {"retry": math.inf},
        {"heartbeat": "15"},
        {"cancel_after": True},
        {"interval": -1},
    ],
)
async def test_times_that_are_none_are_refused(
    standing: LocalPlatform, wrong: dict[str, Any]
) -> None:
    async with standing.async_client() as client:
        with pytest.raises(ConfigurationError, match=next(iter(wrong))):
            await progress_events(asking(), client, "p1", **wrong)


def test_several_threads_count_their_listeners() -> None:
    from skytells.fastapi import progress

    listeners: Any = vars(progress)["_listeners"]

    def listen() -> None:
        for _ in range(200):
            with vars(progress)["_listening"]("p1"):
                pass

    threads = [threading.Thread(target=listen) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "p1" not in listeners
