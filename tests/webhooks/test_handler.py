"""Webhooks without a network: asking for them, reading them, and acting on each once."""

from __future__ import annotations

import asyncio
import json
import pickle
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeAlias

import pytest

from skytells import (
    ConfigurationError,
    InvalidRequestError,
    PredictionRequest,
    PredictionResponse,
    RunOptions,
)
from skytells.webhooks import (
    SIGNATURE_HEADER,
    MemoryStore,
    Webhook,
    WebhookEvent,
    WebhookEventType,
    WebhookHandler,
    parse_event,
    sign,
)
from skytells.webhooks.handler import Action

from ..conftest import Colour
from ..core.support import JsonObject

KEY = "whsec_test"
Act: TypeAlias = Callable[[WebhookHandler, WebhookEvent], WebhookEvent]


@pytest.fixture
def act(colour: Colour) -> Act:
    """`dispatch()` of either colour."""
    if colour == "sync":
        return WebhookHandler.dispatch
    return lambda handler, event: asyncio.run(handler.adispatch(event))


def note(seen: list[str], word: str, told: WebhookEvent) -> None:
    """Remember a word for an event."""
    seen.append(word)


def listen(handler: WebhookHandler, *patterns: str, act: Action) -> None:
    """Register a lambda; type checkers know what it is given."""
    handler.on(*patterns)(act)


def event(status: str = "succeeded", **more: Any) -> WebhookEvent:
    return parse_event({"id": "p1", "status": status, **more})


# Asking for webhooks


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hooks",
        "https://example.com:8443/h?x=1",
        "HTTPS://EXAMPLE.COM",
        "http://localhost:8000/h",
        "http://127.0.0.1/h",
        "http://[::1]:80/h",
        "http://app.localhost/h",
    ],
)
def test_webhook_is_what_the_dict_was(url: str) -> None:
    webhook = Webhook(url, ["completed", WebhookEventType.FAILED])
    plain = {"url": url, "events": ["completed", "failed"]}
    assert dict(webhook) == webhook == plain
    assert len(webhook) == 2
    assert type(webhook["events"][1]) is str
    assert pickle.loads(pickle.dumps(webhook)) == webhook
    request = PredictionRequest("flux-pro", {}, webhook)
    assert json.loads(request.encode())["webhook"] == plain
    assert json.loads(json.dumps(request.to_dict()))["webhook"] == plain
    assert RunOptions({}, webhook).to_dict()["webhook"] == plain
    with pytest.raises(KeyError):
        webhook["secret"]


def test_webhook_tells_of_each_ending_by_default() -> None:
    assert Webhook("https://example.com")["events"] == ["completed", "failed", "canceled"]


@pytest.mark.parametrize(
    "url",
    [
        *("", "example.com", "/hooks", "ftp://example.com", "https://", "https:///x", "http://["),
        *("https://exa mple.com", "https://example.com/é", "https://x\n.com", "https://x:port/"),
        *("https://x:0/", None, 5, b"https://example.com", ["https://example.com"]),
    ],
    ids=repr,
)
def test_webhook_to_no_address_is_refused(url: Any) -> None:
    with pytest.raises(InvalidRequestError, match="address of your endpoint"):
        Webhook(url)


@pytest.mark.parametrize("host", ["example.com", "10.0.0.1", "localhost.example.com", "[::2]"])
def test_webhook_over_plain_http_is_for_this_machine(host: str) -> None:
    with pytest.raises(InvalidRequestError, match="must be https"):
        Webhook(f"http://{host}/hooks")


@pytest.mark.parametrize("events", [[], "completed", None, {"completed"}])
def test_webhook_without_a_list_of_events_is_refused(events: Any) -> None:
    with pytest.raises(InvalidRequestError, match="at least one event"):
        Webhook("https://example.com", events)


def test_webhook_for_an_unknown_event_is_refused_with_what_was_meant() -> None:
    with pytest.raises(InvalidRequestError, match=r"'complete'.*mean 'completed'"):
        Webhook("https://example.com", ["complete"])
    with pytest.raises(InvalidRequestError, match="Known: started, completed"):
        Webhook("https://example.com", [5])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]


# The vocabularies


@pytest.mark.parametrize(
    ("name", "member"),
    [
        *(("started", "STARTED"), ("prediction.started", "STARTED"), ("start", "STARTED")),
        *(("completed", "COMPLETED"), ("prediction.succeeded", "COMPLETED")),
        *(("succeeded", "COMPLETED"), ("prediction.completed", "COMPLETED")),
        *(("failed", "FAILED"), ("prediction.failed", "FAILED")),
        *(("canceled", "CANCELED"), ("cancelled", "CANCELED")),
        *(("prediction.cancelled", "CANCELED"), ("prediction.canceled", "CANCELED")),
        *(("output", "OUTPUT"), ("logs", "LOGS"), ("prediction.output", "OUTPUT")),
    ],
)
def test_event_of_each_vocabulary_is_one_type(name: str, member: str) -> None:
    assert WebhookEventType(name) is WebhookEventType[member]
    assert Webhook("https://example.com", [name])["events"] == [name]
    wrapped = {"type": name, "data": {"id": "p1", "status": "processing"}}
    assert parse_event(wrapped).type is WebhookEventType[member]


@pytest.mark.parametrize("name", ["", "COMPLETED", "prediction.", "prediction.COMPLETED", 5, None])
def test_name_of_no_event_is_no_type(name: Any) -> None:
    with pytest.raises(ValueError, match="not a valid"):
        WebhookEventType(name)


@pytest.mark.parametrize(
    ("status", "type"),
    [
        *(("succeeded", "completed"), ("failed", "failed"), ("cancelled", "canceled")),
        *(("canceled", "canceled"), ("started", "started"), ("starting", "started")),
        *(("processing", "processing"), ("pending", "pending"), ("novel", "novel")),
        (False, "pending"),
    ],
)
def test_flat_body_is_an_event_by_its_status(status: Any, type: str) -> None:
    told = parse_event(json.dumps({"id": "p1", "status": status, "type": "inference"}).encode())
    assert (told.type, told.prediction.id) == (type, "p1")
    assert told.raw["type"] == "inference"


def test_wrapped_body_keeps_its_date_and_its_own_word() -> None:
    data = {"id": 7, "status": "succeeded", "updated_at": "2026-01-01T00:00:00Z"}
    told = parse_event(
        {"type": "model.trained", "created_at": "2026-01-02T00:00:00Z", "data": data}
    )
    assert (told.type, told.prediction.id, told.duplicate) == ("model.trained", "7", False)
    assert str(told.created) == "2026-01-02 00:00:00+00:00"
    bare = parse_event({"data": data, "created_at": 5})
    assert (bare.type, bare.created_at) == ("completed", "2026-01-01T00:00:00Z")


def test_flat_body_with_data_of_its_own_is_flat() -> None:
    assert parse_event({"id": "p1", "status": "failed", "data": {"id": "x"}}).prediction.id == "p1"


@pytest.mark.parametrize(
    ("fields", "date"),
    [
        ({"updated_at": "2026-01-03T00:00:00Z", "completed_at": "2026-01-02T00:00:00Z"}, 3),
        ({"completed_at": "2026-01-02T00:00:00Z", "started_at": "2026-01-01T00:00:00Z"}, 2),
        ({"started_at": "2026-01-01T00:00:00Z"}, 1),
        ({}, None),
    ],
)
def test_flat_body_was_said_when_it_was_last_changed(fields: Any, date: int | None) -> None:
    created = event(**fields).created
    assert (created and created.day) == date


def test_event_of_the_same_kind_has_the_same_key_and_progress_another() -> None:
    assert event(output="a").key == event(output="b").key == "p1:completed"
    assert event("canceled").key == event("cancelled").key
    assert event("processing", metrics={"progress": 1}).key != event("processing").key
    assert event("processing").key == event("processing").key


def test_event_is_read_from_what_it_kept() -> None:
    told = event(output=["u"])
    assert parse_event(json.loads(json.dumps(told.raw))) == told
    assert "prompt" not in repr(event(input={"prompt": "secret"}).raw.keys())
    assert "raw" not in repr(told)


# Registering


@pytest.mark.parametrize(
    ("pattern", "statuses"),
    [
        *(("completed", "succeeded"), ("failed", "failed"), ("started", "starting started")),
        *(("canceled", "canceled cancelled"), ("cancelled", "canceled cancelled")),
        ("prediction.succeeded", "succeeded"),
        ("prediction.cancelled", "canceled cancelled"),
        ("prediction.starting", "starting"),
        ("prediction.processing", "processing"),
        ("prediction.pending", "pending"),
        ("prediction.queued", "queued"),
        ("prediction.*", "all"),
        ("*", "all"),
    ],
)
def test_pattern_matches_its_events_and_no_others(pattern: str, statuses: str) -> None:
    handler, seen = WebhookHandler(KEY), list[str]()
    listen(handler, pattern, act=lambda told: seen.append(told.prediction["status"]))
    every = "pending queued starting started processing succeeded failed canceled cancelled"
    for status in every.split():
        handler.dispatch(parse_event({"id": f"p-{status}", "status": status}))
    assert sorted(seen) == sorted((every if statuses == "all" else statuses).split())


def test_event_that_is_wrapped_is_matched_by_what_it_says() -> None:
    handler, seen = WebhookHandler(KEY), list[str]()
    for pattern in ("started", "output", "prediction.processing"):
        handler.on(pattern)(partial(note, seen, pattern))
    for status in ("started", "processing"):
        data = {"id": "p1", "status": status}
        handler.dispatch(parse_event({"type": "prediction.output", "data": data}))
    assert seen == ["output", "output", "prediction.processing"]


@pytest.mark.parametrize(
    "pattern", ["complete", "", "prediction", "prediction.", "**", "processing", None, 5, ["*"]]
)
def test_pattern_that_nothing_would_match_is_refused(pattern: Any) -> None:
    with pytest.raises(InvalidRequestError, match="No webhook matches"):
        WebhookHandler(KEY).on(pattern)


def test_pattern_close_to_one_is_refused_with_what_was_meant() -> None:
    with pytest.raises(InvalidRequestError, match=r"mean 'prediction\.succeeded'"):
        WebhookHandler(KEY).on("prediction.suceeded")


def test_function_is_called_once_however_many_patterns_fit(act: Act) -> None:
    handler, seen = WebhookHandler(KEY), list[str]()

    @handler.on("completed", "prediction.*", "*")
    def first(told: WebhookEvent) -> None:
        seen.append(f"first {told.type}")

    @handler.on()
    def second(told: WebhookEvent) -> None:
        seen.append(f"second {told.prediction.id}")

    act(handler, event())
    assert seen == ["first completed", "second p1"]
    first(event())  # the decorator gives the function back
    assert repr(handler) == "WebhookHandler(keys=1, functions=2)"
    assert second.__name__ == "second"


# Acting once


def test_repetition_is_recognised_and_calls_nothing(act: Act) -> None:
    handler, seen = WebhookHandler(KEY), list[WebhookEvent]()
    handler.on("*")(seen.append)
    assert not act(handler, event()).duplicate
    again = act(handler, event(output="said otherwise"))
    assert again.duplicate
    assert again.prediction.output == "said otherwise"
    assert not act(handler, event("failed")).duplicate
    assert [told.type for told in seen] == ["completed", "failed"]


def test_event_whose_function_fails_is_handled_again(act: Act) -> None:
    handler, seen = WebhookHandler(KEY), list[str]()

    @handler.on("*")
    def fails_once(told: WebhookEvent) -> None:
        seen.append("tried")
        if len(seen) == 1:
            raise ZeroDivisionError("not yet")

    listen(handler, "*", act=lambda told: seen.append("then"))
    with pytest.raises(ZeroDivisionError, match="not yet"):
        act(handler, event())
    assert not act(handler, event()).duplicate
    assert seen == ["tried", "tried", "then"]
    assert act(handler, event()).duplicate


def test_ctrl_c_in_a_function_leaves_the_event_to_be_handled() -> None:
    store = MemoryStore()
    handler = WebhookHandler(KEY, store=store)

    @handler.on("*")
    def interrupted(told: WebhookEvent) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        handler.dispatch(event())
    assert len(store) == 0


async def test_cancelled_task_leaves_the_event_to_be_handled() -> None:
    store, begun = MemoryStore(), asyncio.Event()
    handler = WebhookHandler(KEY, store=store)

    @handler.on("*")
    async def slow(told: WebhookEvent) -> None:
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(handler.adispatch(event()))
    await begun.wait()
    assert len(store) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(store) == 0


async def test_async_and_plain_functions_are_called_and_neither_blocks_the_loop() -> None:
    handler, threads = WebhookHandler(KEY), dict[str, threading.Thread]()

    @handler.on("*")
    def plain(told: WebhookEvent) -> None:
        threads["plain"] = threading.current_thread()

    @handler.on("*")
    async def coloured(told: WebhookEvent) -> None:
        await asyncio.sleep(0)
        threads["async"] = threading.current_thread()

    class Coloured:
        async def __call__(self, told: WebhookEvent) -> None:
            threads["object"] = threading.current_thread()

    async def two(first: str, told: WebhookEvent) -> None:
        threads[first] = threading.current_thread()

    def gives_something_to_await(told: WebhookEvent) -> Awaitable[None]:
        return two("given", told)

    handler.on("*")(Coloured())
    handler.on("*")(partial(two, "partial"))
    handler.on("*")(gives_something_to_await)
    await handler.adispatch(event())
    here = threading.current_thread()
    assert threads.pop("plain") is not here
    assert threads == {"async": here, "object": here, "partial": here, "given": here}


def test_async_function_is_refused_by_the_sync_handler_and_not_called() -> None:
    store = MemoryStore()
    handler, seen = WebhookHandler(KEY, store=store), list[str]()

    @handler.on("completed")
    async def coloured(told: WebhookEvent) -> None:
        seen.append("called")

    listen(handler, "failed", act=lambda told: coloured(told))
    for status, words in (("succeeded", "coloured is async"), ("failed", "something to await")):
        with pytest.raises(ConfigurationError, match=words):
            handler.dispatch(event(status))
    assert (seen, len(store)) == ([], 0)


def test_awaitable_that_is_no_coroutine_is_refused_too() -> None:
    handler = WebhookHandler(KEY)

    class Later:
        def __await__(self) -> Any:
            yield

    listen(handler, "*", act=lambda told: Later())
    with pytest.raises(ConfigurationError, match="something to await"):
        handler.dispatch(event())


class Remote:
    """A store as one over a network would be."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    async def claim(self, key: str) -> bool:
        await asyncio.sleep(0)
        self.keys.append(key)
        return self.keys.count(key) == 1

    async def release(self, key: str) -> None:
        await asyncio.sleep(0)
        self.keys = [known for known in self.keys if known != key]


async def test_store_may_be_async_and_shared() -> None:
    store, seen = Remote(), list[str]()
    handlers = [WebhookHandler(KEY, store=store) for _ in range(2)]
    for handler in handlers:
        listen(handler, "completed", act=lambda told: seen.append(told.key))
        listen(handler, "failed", act=lambda told: 1 / 0)
    assert [(await h.adispatch(event())).duplicate for h in handlers] == [False, True]
    with pytest.raises(ZeroDivisionError):
        await handlers[0].adispatch(event("failed"))
    assert seen == ["p1:completed"]
    assert set(store.keys) == {"p1:completed"}
    with pytest.raises(ConfigurationError, match="claim is async"):
        handlers[0].dispatch(event())


class Leases(MemoryStore):
    """A store whose claims run out where their process has died."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []

    def complete(self, key: str) -> None:
        self.done.append(key)


def test_store_is_told_when_all_is_done_and_not_before(act: Act) -> None:
    store = Leases()
    handler, seen = WebhookHandler(KEY, store=store), list[bool]()
    listen(handler, "completed", act=lambda told: seen.append(bool(store.done)))
    listen(handler, "failed", act=lambda told: 1 / 0)
    for _ in range(2):
        act(handler, event())
    with pytest.raises(ZeroDivisionError):
        act(handler, event("failed"))
    assert (seen, store.done, len(store)) == ([False], ["p1:completed"], 1)


def test_failure_of_the_store_is_told_and_nothing_is_called(act: Act) -> None:
    class Broken(MemoryStore):
        def claim(self, key: str, /) -> bool:
            raise OSError("no store")

    handler, seen = WebhookHandler(KEY, store=Broken()), list[WebhookEvent]()
    handler.on("*")(seen.append)
    with pytest.raises(OSError, match="no store"):
        act(handler, event())
    assert seen == []


def test_memory_is_bounded_and_keeps_what_is_repeated() -> None:
    store = MemoryStore(2)
    assert [store.claim(k) for k in ("a", "b", "a", "c", "a", "b")] == [
        *(True, True, False),
        *(True, False, True),
    ]
    assert len(store) == 2
    store.release("unknown")
    with pytest.raises(ConfigurationError, match="most"):
        MemoryStore(0)


def test_one_of_many_threads_acts() -> None:
    handler, seen = WebhookHandler(KEY), list[str]()
    listen(handler, "*", act=lambda told: seen.append(told.key))
    gate = threading.Barrier(8)

    def deliver() -> None:
        gate.wait()
        handler.dispatch(event())

    threads = [threading.Thread(target=deliver) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == ["p1:completed"]


# From the body to the function


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_delivery_is_verified_read_and_acted_on(colour: Colour) -> None:
    handler, seen = WebhookHandler("sk-old", " sk-new\n"), list[PredictionResponse]()
    listen(handler, "completed", act=lambda told: seen.append(told.prediction))
    body = json.dumps({"id": "p1", "status": "succeeded", "output": ["é"]}).encode()
    headers = {SIGNATURE_HEADER: sign(body, "sk-new")}
    if colour == "sync":
        told = handler.handle(body, headers)
    else:
        told = asyncio.run(handler.ahandle(body, headers))
    assert told.prediction.output == ["é"]
    assert [p.id for p in seen] == ["p1"]


@pytest.mark.parametrize(
    ("variables", "key"),
    [
        ({"SKYTELLS_WEBHOOK_SECRET": "whsec"}, "whsec"),
        ({"SKYTELLS_API_KEY": "sk-key"}, "sk-key"),
        ({"SKYTELLS_WEBHOOK_SECRET": "whsec", "SKYTELLS_API_KEY": "sk-key"}, "whsec"),
        ({"SKYTELLS_WEBHOOK_SECRET": "", "SKYTELLS_API_KEY": "sk-key"}, "sk-key"),
    ],
)
def test_key_comes_from_the_environment(
    variables: dict[str, str], key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    body: bytes = json.dumps(JsonObject(id="p1", status="failed")).encode()
    assert WebhookHandler().receive(body, {SIGNATURE_HEADER: sign(body, key)}).type == "failed"
