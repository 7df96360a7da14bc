"""What users of `client.http_client` and of `Transport` may do without a leak, a hang or a loss."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, cast

import httpx
import pytest

from skytells import (
    AsyncSkytellsClient,
    NetworkError,
    RequestTimeoutError,
    SkytellsClient,
    SkytellsError,
)
from skytells.transports import AsyncTransport, Transport

from ..conftest import Build, Colour, unfaced
from .conftest import Serve, limit_connections
from .misbehaving import Peer
from .steps import answers, reply
from .test_lifecycle import echoes
from .test_transport import HOSTILE, KEY, ONCE, P1, create, failure, get


@pytest.fixture
def own(colour: Colour) -> Iterator[Any]:
    """A client of the user's own over the SDK's transport."""
    with ExitStack() as ending:
        if colour == "sync":
            yield ending.enter_context(httpx.Client(transport=Transport(), timeout=None))
        else:  # its connections close with the event loop
            yield httpx.AsyncClient(transport=AsyncTransport(), timeout=None)


@pytest.mark.parametrize("act", [get, create])
@pytest.mark.parametrize("phase", HOSTILE)
def test_the_timeout_is_exact_over_the_transport_in_a_client_of_ones_own(
    phase: str, act: Any, own: Any, build: Build, serve: Serve
) -> None:
    server = serve(HOSTILE[phase])
    error = failure(act, build(KEY, base_url=server.url, http_client=own, timeout=150))
    assert isinstance(error, RequestTimeoutError)
    assert server.was_cut()


def test_a_paid_post_takes_a_new_connection_in_a_client_of_ones_own(
    own: Any, build: Build, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, now = serve(answers(P1)), [0.0]
    monkeypatch.setattr("skytells._http.pool.time.monotonic", lambda: now[0])
    client = build(KEY, base_url=server.url, http_client=own, timeout=None)
    get(client)
    create(client)
    assert server.connections == 1
    now[0] = 3.0
    get(client)
    assert server.connections == 1
    now[0] = 6.0
    create(client)
    assert server.connections == 2


@pytest.mark.parametrize("event", ["request", "response"])
def test_a_hook_that_fails_costs_no_connection(
    event: str, colour: Colour, build: Build, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_connections(monkeypatch, 1)
    server, fails = serve(answers(P1)), [True]
    client = build(KEY, base_url=server.url, retry=ONCE, timeout=2000)

    def hook(message: object) -> None:
        if fails[0]:
            raise LookupError("of the hook")

    async def ahook(message: object) -> None:
        hook(message)

    client.http_client.event_hooks[event].append(hook if colour == "sync" else ahook)
    for _ in range(3):
        assert isinstance(failure(create, client), SkytellsError)
    fails[0] = False
    get(client)
    assert server.settles_at(1)


def test_a_paid_post_whose_answer_a_hook_refused_may_have_been_sent(
    colour: Colour, build: Build, serve: Serve, hasty: None
) -> None:
    server = serve(answers(P1))
    client = build(KEY, base_url=server.url)

    def hook(message: object) -> None:
        raise LookupError("of the hook")

    async def ahook(message: object) -> None:
        hook(message)

    client.http_client.event_hooks["response"].append(hook if colour == "sync" else ahook)
    error = failure(create, client)
    assert isinstance(error, NetworkError)
    assert error.maybe_sent
    assert [request.method for request in server.requests].count("POST") == 1


def test_a_response_that_is_dropped_unread_frees_its_connection(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_connections(monkeypatch, 1)
    server = serve(answers(P1))
    with SkytellsClient(KEY, base_url=server.url, timeout=2000) as client:
        for _ in range(3):
            http = client.http_client
            http.send(http.build_request("GET", f"{server.url}/dropped"), stream=True)
            gc.collect()  # it is in a cycle
            get(client)
    assert server.is_alone()


async def test_a_response_that_is_dropped_unread_frees_its_connection_in_an_event_loop(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_connections(monkeypatch, 1)
    server = serve(answers(P1))
    async with AsyncSkytellsClient(KEY, base_url=server.url, timeout=2000) as client:
        for _ in range(3):
            http = client.http_client
            await http.send(http.build_request("GET", f"{server.url}/dropped"), stream=True)
            gc.collect()  # it is in a cycle
            assert (await client.predictions.get("p1")).id == "p1"
    assert await asyncio.to_thread(server.is_alone)


def test_a_request_of_the_users_own_goes_without_the_key(
    colour: Colour, build: Build, serve: Serve
) -> None:
    elsewhere = serve(answers(P1))
    server = serve(answers(P1, 302, {"location": elsewhere.url, "set-cookie": "a=b"}))
    client = build(KEY, base_url=server.url, headers={"x-team": "a"})
    failure(get, client)
    response = client.http_client.get(f"{server.url}/own", follow_redirects=True)
    assert response.json() == P1
    assert KEY.encode() not in server.requests[1].raw + elsewhere.requests[0].raw
    assert "cookie" not in elsewhere.requests[0].headers
    assert KEY not in repr(cast("dict[str, object]", vars(unfaced(client.http_client))))


def test_the_logs_of_httpx_and_httpcore_have_no_key(
    build: Build, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(answers(P1, 200, {"x-echo": "fine"}), answers({"error": KEY}, 401))
    client = build(KEY, base_url=server.url, retry=ONCE)
    with caplog.at_level(logging.DEBUG):
        client.warm_up()
        get(client)
        failure(create, client)
    loggers = {record.name.partition(".")[0] for record in caplog.records}
    assert {"httpx", "httpcore", "skytells"} <= loggers
    assert KEY not in caplog.text
    assert not [record for record in caplog.records if KEY in repr(record.args)]


async def test_thousands_of_calls_may_be_in_flight(serve: Serve) -> None:
    server, most = serve(echoes), 5000
    async with AsyncSkytellsClient(KEY, base_url=server.url) as client:
        ids = [f"p{n}" for n in range(most)]
        found = await asyncio.gather(*map(client.predictions.get, ids))
        assert [p.id for p in found] == ids
        assert server.connections <= 500
    assert len(server.requests) == most
    assert await asyncio.to_thread(server.is_alone)


async def test_thousands_of_paid_posts_in_flight_are_sent_once_each(serve: Serve) -> None:
    def accepts(peer: Peer) -> None:
        prompt = peer.read().json["input"]["prompt"]
        peer.send(reply({"id": prompt, "status": "starting"}, 201))

    server, most = serve(accepts), 2000
    async with AsyncSkytellsClient(KEY, base_url=server.url) as client:
        prompts = [f"p{n}" for n in range(most)]
        found = await asyncio.gather(
            *(client.predictions.create(model="m", input={"prompt": p}) for p in prompts)
        )
    assert [p.id for p in found] == prompts
    assert sorted(r.json["input"]["prompt"] for r in server.requests) == sorted(prompts)
