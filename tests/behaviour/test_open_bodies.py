"""Bodies that stay open: what streams and downloads stand on, over real sockets."""

from __future__ import annotations

import asyncio
import gc
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
    Call,
    Flow,
    NetworkError,
    NotFoundError,
    RequestTimeoutError,
    SkytellsClient,
)
from skytells._core.operation import Gather, ReadBody, RunBlocking
from skytells._core.wire import Body, Reply

from ..conftest import Build
from .conftest import Serve
from .misbehaving import Peer
from .steps import answers, drips, head, reply, sends

CHUNKED = head("transfer-encoding: chunked", "content-type: text/event-stream")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def body_of(reply: Reply) -> Body | None:
    assert reply.body == b"" or reply.stream is None
    return reply.stream


def opening(**options: Any) -> Call[Body | None]:
    return Call("GET", "/stream", body_of, keep=lambda headers: True, **options)


def poured(limit: float | None = None) -> Flow[bytes]:
    """All that an open body gives."""
    body = yield from opening()
    assert body is not None
    found = bytearray()
    yield ReadBody(body, found.extend, None if limit is None else time.monotonic() + limit)
    assert body.closed
    return bytes(found)


def test_an_open_body_gives_its_chunks_and_its_connection_serves_again(
    serve: Serve, build: Build
) -> None:
    server = serve(sends(CHUNKED, chunk(b"one "), chunk(b"two"), b"0\r\n\r\n"))
    client = build("sk-key", base_url=server.url)
    assert [client.perform(poured()) for _ in range(3)] == [b"one two"] * 3
    assert server.connections == 1


def test_an_open_body_comes_over_a_clients_own_httpx_as_well(serve: Serve, colour: str) -> None:
    server = serve(sends(CHUNKED, chunk(b"one "), chunk(b"two"), b"0\r\n\r\n"))
    if colour == "sync":
        with (
            httpx.Client() as inner,
            SkytellsClient("k", base_url=server.url, http_client=inner) as c,
        ):
            assert c.perform(poured()) == b"one two"
        return

    async def main() -> bytes:
        async with httpx.AsyncClient() as inner:
            client = AsyncSkytellsClient("k", base_url=server.url, http_client=inner)
            return await client.perform(poured())

    assert asyncio.run(main()) == b"one two"


def test_the_body_of_an_error_is_read_and_raised(serve: Serve, build: Build) -> None:
    server = serve(answers({"error_id": "NOPE_NOT_FOUND", "message": "No."}, 404))
    with pytest.raises(NotFoundError, match="No"):
        build("sk-key", base_url=server.url).perform(opening())


@pytest.mark.parametrize("unwanted", [{"content-encoding": "gzip"}, {"x-kind": "json"}])
def test_a_body_that_is_not_wanted_open_is_read_whole(
    serve: Serve, build: Build, unwanted: dict[str, str]
) -> None:
    import gzip

    data = gzip.compress(b"{}") if "content-encoding" in unwanted else b"{}"
    server = serve(sends(reply(data, headers=unwanted)))
    call = Call("GET", "/stream", lambda r: (r.stream, r.body), keep=lambda h: "x-kind" not in h)
    assert build("sk-key", base_url=server.url).perform(call) == (None, b"{}")


def test_an_open_body_that_is_cut_short_is_a_network_error(serve: Serve, build: Build) -> None:
    server = serve(sends(CHUNKED, chunk(b"one"), then=Peer.reset))
    with pytest.raises(NetworkError):
        build("sk-key", base_url=server.url).perform(poured())


def test_an_open_body_that_stalls_ends_at_its_deadline(serve: Serve, build: Build) -> None:
    server = serve(sends(CHUNKED, chunk(b"one"), then=Peer.hold))
    with pytest.raises(RequestTimeoutError):
        build("sk-key", base_url=server.url).perform(poured(0.2))
    assert server.was_cut()


def test_an_open_body_that_drips_ends_at_its_deadline(serve: Serve, build: Build) -> None:
    server = serve(drips(CHUNKED + b"ffff\r\n", b"x"))
    with pytest.raises(RequestTimeoutError):
        build("sk-key", base_url=server.url).perform(poured(0.2))
    assert server.was_cut()


LARGE = bytes(range(256)) * 10_000
DECLARED = head(f"content-length: {len(LARGE)}", "content-type: video/mp4")


@pytest.fixture(params=["http", "https"])
def tls(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ssl.SSLContext | None:
    if request.param == "http":
        return None
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate: Any = authority.issue_cert("localhost")
    certificate.configure_cert(context)
    return context


def test_a_large_body_comes_whole_and_nothing_beyond_it(
    serve: Serve, build: Build, tls: ssl.SSLContext | None
) -> None:
    """Most of it is read straight off the socket, whose connection then serves no more."""
    server = serve(sends(DECLARED, LARGE, b"surplus"), tls=tls)
    client = build("sk-key", base_url=server.url)
    assert client.perform(poured()) == LARGE
    assert client.perform(poured()) == LARGE
    assert server.connections == 2


@pytest.mark.parametrize("then", [Peer.close, Peer.reset])
def test_a_large_body_that_is_cut_short_is_a_network_error(
    serve: Serve, build: Build, tls: ssl.SSLContext | None, then: Callable[[Peer], None]
) -> None:
    server = serve(sends(DECLARED, LARGE[:-1], then=then), tls=tls)
    with pytest.raises(NetworkError):
        build("sk-key", base_url=server.url).perform(poured())


def test_a_large_body_that_stalls_ends_at_its_deadline(
    serve: Serve, build: Build, tls: ssl.SSLContext | None
) -> None:
    server = serve(sends(DECLARED, LARGE[:-1], then=Peer.hold), tls=tls)
    with pytest.raises(RequestTimeoutError):
        build("sk-key", base_url=server.url).perform(poured(1.0))
    assert server.was_cut()


def test_a_function_that_raises_while_it_is_poured_into_frees_the_connection(
    serve: Serve, build: Build
) -> None:
    server = serve(sends(CHUNKED, chunk(b"one"), then=Peer.hold))

    def full(data: bytes) -> None:
        raise OSError("No space left on device")

    def flow() -> Flow[None]:
        body = yield from opening()
        assert body is not None
        yield ReadBody(body, full)

    with pytest.raises(OSError, match="No space"):
        build("sk-key", base_url=server.url).perform(flow())
    assert server.was_cut()


def test_an_open_body_that_is_let_go_of_frees_its_connection(serve: Serve, colour: str) -> None:
    server = serve(sends(CHUNKED, chunk(b"one"), then=Peer.hold))
    if colour == "sync":
        client = SkytellsClient("sk-key", base_url=server.url)
        assert client.perform(opening()) is not None
        gc.collect()
        assert server.was_cut()
        return client.close()

    async def main() -> None:
        client = AsyncSkytellsClient("sk-key", base_url=server.url)
        assert await client.perform(opening()) is not None
        gc.collect()
        assert await asyncio.to_thread(server.was_cut)
        await client.aclose()

    return asyncio.run(main())


def test_a_task_that_is_cancelled_while_it_reads_frees_the_connection(serve: Serve) -> None:
    server = serve(sends(CHUNKED, chunk(b"one"), then=Peer.hold))

    async def main() -> None:
        async with AsyncSkytellsClient("sk-key", base_url=server.url) as client:
            task = asyncio.create_task(client.perform(poured()))
            assert await asyncio.to_thread(server.has_seen, 1)
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(server.was_cut)

    asyncio.run(main())


def test_headers_of_a_call_stand_for_those_of_the_client(serve: Serve, build: Build) -> None:
    server = serve(answers({}))
    client = build("sk-key", base_url=server.url, headers={"x-mine": "1"})
    call = Call("GET", "/a", Reply.json, headers=((b"accept", b"text/event-stream"),))
    client.perform(call)
    assert server.requests[0].headers["accept"] == "text/event-stream"
    assert server.requests[0].headers["x-mine"] == "1"


def test_work_that_blocks_is_done_and_gives_what_it_gives(build: Build, colour: str) -> None:
    import threading

    def flow() -> Flow[tuple[int, bool]]:
        here: Callable[[], int] = threading.get_ident
        thread = yield from RunBlocking(here)
        return 1, thread == threading.get_ident()

    assert build("sk-key").perform(flow()) == (1, colour == "sync")


def test_work_that_raises_raises_in_the_flow(build: Build) -> None:
    def fails() -> None:
        raise OSError("no")

    def flow() -> Flow[str]:
        try:
            yield from RunBlocking(fails)
        except OSError as error:
            return str(error)
        return ""

    assert build("sk-key").perform(flow()) == "no"


def test_flows_are_performed_together_as_calls_are(build: Build) -> None:
    def one(number: int) -> Flow[int]:
        if number == 2:
            raise ValueError(number)
        return (yield from RunBlocking(lambda: number * 10))

    outcomes: list[int | Exception | None] = [None] * 3

    def flow() -> Flow[None]:
        yield Gather([one(n) for n in range(3)], 2, outcomes)

    build("sk-key").perform(flow())
    assert outcomes[:2] == [0, 10]
    assert isinstance(outcomes[2], ValueError)
