"""Connections that are opened ahead of calls, over real sockets."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from skytells import (
    AsyncSkytellsClient,
    ConfigurationError,
    NetworkError,
    RequestTimeoutError,
    SkytellsClient,
)
from skytells._http.network import IDLE_SECONDS
from skytells._http.requests import PAID_IDLE_SECONDS

from ..conftest import Build
from .conftest import Serve, limit_connections
from .misbehaving import Peer, Server
from .steps import answers, reply, sends
from .test_transport import certified, create, get

Warm = Callable[..., Any]
ANSWER = answers({"id": "p1", "status": "succeeded"})


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    authority = trustme.CA()
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return authority


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds by which the pool's clock is ahead."""
    ahead, real = [0.0], time.monotonic
    monkeypatch.setattr("skytells._http.pool.time.monotonic", lambda: real() + ahead[0])
    return ahead


def warmed(server: Server, client: SkytellsClient, connections: int) -> None:
    assert client.warm_up(connections) == connections
    assert server.has_taken(connections)
    assert server.requests == []  # nothing was sent


def test_calls_find_the_connections_that_were_opened(serve: Serve, build: Build) -> None:
    server = serve(ANSWER)
    client = build("sk-key", base_url=server.url)
    warmed(server, client, 3)
    for act in (get, create, get, create):
        act(client)
    assert server.connections == 3
    assert len(server.requests) == 4


def test_one_connection_is_opened_unless_more_are_asked_for(serve: Serve, build: Build) -> None:
    server = serve(ANSWER)
    client = build("sk-key", base_url=server.url)
    assert client.warm_up() == 1
    get(client)
    assert server.connections == 1


async def test_calls_side_by_side_have_a_connection_each(serve: Serve) -> None:
    server = serve(ANSWER)
    async with AsyncSkytellsClient("sk-key", base_url=server.url) as client:
        assert await client.warm_up(30) == 30
        assert server.has_taken(30)
        await asyncio.gather(*(client.predictions.get("p1") for _ in range(30)))
    assert server.connections == 30
    assert server.is_alone()  # they end with the client


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_is_agreed_on_ahead(
    serve: Serve, build: Build, trusted: trustme.CA, version: ssl.TLSVersion
) -> None:
    """TLS 1.3 sends tickets once it is agreed on: what is there to read is not the end, then."""
    context = certified(trusted)
    context.minimum_version = context.maximum_version = version
    server = serve(ANSWER, tls=context)
    client = build("sk-key", base_url=server.url)
    warmed(server, client, 2)
    for act in (create, create, get):
        act(client)
    assert server.connections == 2


def test_it_is_http_1_that_is_agreed_on(serve: Serve, build: Build, trusted: trustme.CA) -> None:
    context = certified(trusted)
    context.set_alpn_protocols(["h2", "http/1.1"])
    agreed = list[str | None]()

    def answer(peer: Peer) -> None:
        assert isinstance(peer.sock, ssl.SSLSocket)
        agreed.append(peer.sock.selected_alpn_protocol())
        ANSWER(peer)

    client = build("sk-key", base_url=serve(answer, tls=context).url)
    client.warm_up()
    get(client)
    assert agreed == ["http/1.1"]


@pytest.mark.parametrize("tls", [False, True])
def test_a_connection_that_the_server_has_closed_is_replaced(
    serve: Serve, build: Build, trusted: trustme.CA, tls: bool
) -> None:
    server = serve(ANSWER, tls=certified(trusted) if tls else None)
    client = build("sk-key", base_url=server.url, retry={"retries": 0})
    warmed(server, client, 1)
    server.hang_up()
    assert server.is_alone()
    create(client)
    assert server.connections == 2


def test_a_server_that_speaks_first_is_not_listened_to(serve: Serve, build: Build) -> None:
    server = serve(ANSWER)
    client = build("sk-key", base_url=server.url, retry={"retries": 0})
    warmed(server, client, 1)
    server.say(b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n" + b'{"id": "p1"}')
    assert client.predictions.get("p1")["status"] == "succeeded"
    assert server.connections == 2


def test_an_answer_too_many_reaches_nobody(serve: Serve, build: Build) -> None:
    other = b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n" + b'{"id": "p2"}'
    server = serve(sends(reply({"id": "p1"}) + other), ANSWER)
    client = build("sk-key", base_url=server.url, retry={"retries": 0})
    warmed(server, client, 1)
    assert [client.predictions.get("p1").id for _ in range(2)] == ["p1"] * 2
    assert server.connections == 2


def test_they_rest_as_long_as_others_do(serve: Serve, build: Build, clock: list[float]) -> None:
    server = serve(ANSWER)
    client = build("sk-key", base_url=server.url)
    warmed(server, client, 1)
    clock[0] += PAID_IDLE_SECONDS + 1
    create(client)
    assert server.connections == 2
    clock[0] += IDLE_SECONDS + 1
    get(client)
    assert server.connections == 3


def test_with_options_clients_share_them(serve: Serve, build: Build) -> None:
    server = serve(ANSWER)
    client = build("sk-key", base_url=server.url)
    client.with_options(timeout=5_000).warm_up(2)
    get(client)
    assert server.connections == 2


def test_no_more_rest_than_the_pool_holds(
    serve: Serve, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_connections(monkeypatch, 2)
    server = serve(ANSWER)
    client = build("sk-key", base_url=server.url)
    assert client.warm_up(5) == 5
    assert server.has_taken(5)
    assert server.settles_at(2)


def test_a_proxys_connections_are_its_own(
    serve: Serve, build: Build, trusted: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(ANSWER)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    client = build("sk-key", base_url="https://api.skytells.test/v1")
    assert client.warm_up(3) == 0
    assert proxy.connections == 0


def test_nobody_there_is_a_network_error(serve: Serve, build: Build) -> None:
    server = serve(ANSWER)
    server.close()
    with pytest.raises(NetworkError, match="Check the network") as caught:
        build("sk-key", base_url=server.url).warm_up(3)
    assert not caught.value.maybe_sent


def test_a_certificate_that_is_not_trusted_is_refused(
    serve: Serve, build: Build, trusted: trustme.CA
) -> None:
    server = serve(ANSWER, tls=certified(trustme.CA()))
    with pytest.raises(NetworkError, match="SSL_CERT_FILE"):
        build("sk-key", base_url=server.url).warm_up()
    assert server.is_alone()


def test_timeout_bounds_it(serve: Serve, build: Build, trusted: trustme.CA) -> None:
    silent = serve(ANSWER)  # it answers no handshake
    address = f"https://localhost:{silent.port}/v1"
    with pytest.raises(RequestTimeoutError, match="raise timeout="):
        build("sk-key", base_url=address, timeout=100).warm_up(2)
    assert silent.is_alone()


async def test_a_task_that_is_cancelled_leaves_nothing_open(
    serve: Serve, trusted: trustme.CA
) -> None:
    silent = serve(ANSWER)
    address = f"https://localhost:{silent.port}/v1"
    async with AsyncSkytellsClient("sk-key", base_url=address) as client:
        task = asyncio.create_task(client.warm_up(2))
        assert await asyncio.to_thread(silent.has_taken, 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(silent.is_alone)


@pytest.mark.parametrize("connections", [0, -1, 101, 1.0, True, "3"])
def test_a_number_that_cannot_be_meant_is_refused(build: Build, connections: Any) -> None:
    with pytest.raises(ConfigurationError, match="connections must be a whole number from 1"):
        build("sk-key", base_url="http://127.0.0.1:9/v1").warm_up(connections)


def test_a_closed_client_opens_none(serve: Serve, build: Build) -> None:
    client = build("sk-key", base_url=serve(ANSWER).url)
    client.close()
    with pytest.raises(ConfigurationError, match="closed"):
        client.warm_up()


def test_a_client_of_the_users_own_has_to_do_it_itself() -> None:
    with httpx.Client() as inner, pytest.raises(ConfigurationError, match="your http_client"):
        SkytellsClient("sk-key", http_client=inner).warm_up()


async def test_an_async_client_of_the_users_own_has_to_do_it_itself() -> None:
    async with httpx.AsyncClient() as inner:
        client = AsyncSkytellsClient("sk-key", http_client=inner)
        with pytest.raises(ConfigurationError, match="your http_client"):
            await client.warm_up()
