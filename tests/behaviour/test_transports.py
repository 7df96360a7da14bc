"""Faster transports by `http_client=`: HTTP/2, aiohttp, httpx2, over real sockets and TLS."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any, Final, cast

import aiohttp
import httpx
import httpx2
import httpx_aiohttp
import pytest
import trustme
from h2.errors import ErrorCodes

from skytells import (
    AsyncSkytellsClient,
    NetworkError,
    RequestTimeoutError,
    SkytellsClient,
    SkytellsError,
)
from skytells._http.environment import tls_context

from ..conftest import Blocking
from .conftest import Serve
from .http2 import Answer, Stream, over_http2, says
from .misbehaving import Peer, Server, Step
from .steps import answers, closes, drips, head, reply, resets, sends, stalls
from .test_open_bodies import poured
from .test_transport import AT_ONCE, KEY, ONCE, ORDER, P1, certified, create, failure, get

MAKES: Final[dict[str, Callable[[], Any]]] = {
    "sync http2": lambda: httpx.Client(http2=True),
    "sync httpx2": lambda: httpx2.Client(verify=tls_context()),
    "async http2": lambda: httpx.AsyncClient(http2=True),
    "async aiohttp": lambda: over_aiohttp(),
    "async httpx2": lambda: httpx2.AsyncClient(verify=tls_context()),
}


def over_aiohttp() -> httpx.AsyncClient:
    """A client over aiohttp that keeps no cookies, as a user may build it."""

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(ssl=tls_context())
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    return httpx.AsyncClient(transport=httpx_aiohttp.AiohttpTransport(client=session))


BYTES: Final = bytes(range(256)) * 8000


class Way:
    """A transport under test, and a server that speaks as it does."""

    def __init__(self, name: str, serve: Serve, authority: trustme.CA, ending: ExitStack) -> None:
        self.name = name
        self.http2 = name.endswith("http2")
        self._serve, self._ending = serve, ending
        self._authority = authority
        self._runner = ending.enter_context(asyncio.Runner())

    def server(self, *turns: tuple[Step, Answer], **options: Any) -> Server:
        """Takes one of each pair, as the transport speaks HTTP/1.1 or HTTP/2."""
        context = certified(self._authority)
        if self.http2:
            context.set_alpn_protocols(["h2"])
            return self._serve(over_http2(*(answer for _, answer in turns)), tls=context, **options)
        return self._serve(*(step for step, _ in turns), tls=context, **options)

    def client(self, server: Server, **options: Any) -> SkytellsClient:
        if self.name.startswith("sync"):
            inner = self._ending.enter_context(MAKES[self.name]())
            return SkytellsClient(KEY, base_url=server.url, http_client=inner, **options)

        async def built() -> tuple[Any, Any]:
            inner = MAKES[self.name]()
            return inner, AsyncSkytellsClient(
                KEY, base_url=server.url, http_client=inner, **options
            )

        inner, client = self._runner.run(built())

        async def end() -> None:
            await inner.aclose()
            # aiohttp lets a connection that it gives up say goodbye; here nobody would answer.
            await asyncio.to_thread(server.close)

        self._ending.callback(lambda: self._runner.run(end()))
        return cast("SkytellsClient", Blocking(client, self._runner))


@pytest.fixture
def trusted(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return authority


@pytest.fixture(params=list(MAKES))
def way(request: pytest.FixtureRequest, serve: Serve, trusted: trustme.CA) -> Iterator[Way]:
    with ExitStack() as ending:
        yield Way(request.param, serve, trusted, ending)


def both(body: object, status: int = 200, **headers: str) -> tuple[Step, Answer]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return answers(body, status, named), says(body, *named.items(), status=status)


def cut(stream: Stream) -> None:
    stream.peer.reset()


def in_pieces(stream: Stream) -> None:
    stream.head(("content-type", "text/event-stream"))
    stream.data(b"one ")
    stream.data(b"two", ends=True)


def dripping(stream: Stream) -> None:
    stream.head(("content-type", "application/json"))
    for _ in range(1000):
        stream.data(b" ")
        stream.peer.pause()


def breaking_off(stream: Stream) -> None:
    stream.head(("content-type", "application/json"))
    stream.data(b'{"id": ')
    stream.reset(ErrorCodes.INTERNAL_ERROR)


SILENT: Final[tuple[Step, Answer]] = (stalls(), lambda stream: None)
PIECES: Final = (
    sends(head("transfer-encoding: chunked"), b"4\r\none \r\n", b"3\r\ntwo\r\n0\r\n\r\n"),
    in_pieces,
)


def test_calls_go_over_one_connection_that_is_kept(way: Way) -> None:
    server = way.server(both(P1))
    client = way.client(server)
    get(client)
    create(client)
    assert client.predictions.get("p1")["status"] == "succeeded"
    assert server.connections == 1
    assert [request.method for request in server.requests] == ["GET", "POST", "GET"]
    assert server.requests[1].json["input"] == ORDER["input"]
    for request in server.requests:
        assert request.headers["x-api-key"] == KEY
        assert request.headers["user-agent"].startswith("skytells-python/")


def test_an_error_of_the_server_is_ours(way: Way) -> None:
    server = way.server(both({"error": {"message": "No such prediction."}}, 404))
    error = failure(get, way.client(server))
    assert error.http_status == 404
    assert "No such prediction." in error.message


def test_a_paid_post_that_was_cut_is_not_sent_again(way: Way) -> None:
    server = way.server((resets(), cut))
    error = failure(create, way.client(server, retry=AT_ONCE))
    assert isinstance(error, NetworkError)
    assert error.maybe_sent
    assert len(server.requests) == 1


def test_a_paid_post_whose_answer_was_cut_is_not_sent_again(way: Way) -> None:
    server = way.server((sends(reply(P1)[:-3], then=Peer.close), breaking_off))
    error = failure(create, way.client(server, retry=AT_ONCE))
    assert error.maybe_sent
    assert len(server.requests) == 1


def test_a_paid_post_that_found_nobody_is_surely_unsent(way: Way) -> None:
    server = way.server(both(P1), listening=False)
    error = failure(create, way.client(server, retry=AT_ONCE))
    assert isinstance(error, NetworkError)
    assert not error.maybe_sent
    assert len(error.attempts) == 3


def test_a_paid_post_on_a_connection_that_died_at_rest_is_sent_once_at_most(way: Way) -> None:
    server = way.server(both(P1))
    client = way.client(server, retry=ONCE)
    get(client)
    server.hang_up()
    assert server.is_alone()
    with suppress(SkytellsError):
        create(client)
    posts = [request for request in server.requests if request.method == "POST"]
    assert len(posts) <= 1


def test_a_read_that_was_cut_is_tried_again(way: Way, hasty: None) -> None:
    server = way.server((closes(), cut), both(P1))
    assert way.client(server).predictions.get("p1").id == "p1"
    assert len(server.requests) == 2


def test_a_refusal_to_do_more_now_is_honoured(way: Way, hasty: None) -> None:
    server = way.server(both({}, 429, retry_after="0"), both(P1))
    create(way.client(server))
    assert len(server.requests) == 2


def test_timeout_bounds_a_call(way: Way) -> None:
    server = way.server(SILENT)
    error = failure(create, way.client(server, timeout=1_000))
    assert isinstance(error, RequestTimeoutError)
    assert error.maybe_sent
    assert len(server.requests) == 1


def test_timeout_bounds_an_answer_that_drips(way: Way) -> None:
    server = way.server((drips(head("content-length: 99999"), b" "), dripping))
    error = failure(get, way.client(server, timeout=500, retry=ONCE))
    assert isinstance(error, RequestTimeoutError)


def test_an_open_body_comes_in_pieces(way: Way) -> None:
    server = way.server(PIECES)
    client = way.client(server)
    assert [client.perform(poured()) for _ in range(2)] == [b"one two"] * 2
    assert server.connections == 1


def test_an_open_body_is_bounded_by_its_deadline(way: Way) -> None:
    def half(stream: Stream) -> None:
        stream.head(("content-type", "text/event-stream"))
        stream.data(b"one ")

    begun = sends(head("transfer-encoding: chunked"), b"4\r\none \r\n", then=Peer.hold)
    # A thread's reads over a client of the user's have the time-out that its opening had.
    client = way.client(way.server((begun, half), both(P1)), timeout=1_000)
    with pytest.raises(RequestTimeoutError):
        client.perform(poured(0.3))
    get(client.with_options(timeout=10_000))  # it goes on


def test_an_output_is_downloaded_without_the_key(way: Way) -> None:
    def file(stream: Stream) -> None:
        stream.head(("content-type", "image/png"), ("content-length", "9"))
        stream.data(b"a picture", ends=True)

    server = way.server((sends(reply(b"a picture", 200, {"content-type": "image/png"})), file))
    made = {**P1, "output": [f"https://localhost:{server.port}/a.png"]}
    assert way.client(server).predictions.bytes(made, allow_private=True) == b"a picture"
    [request] = server.requests
    assert request.target == "/a.png"
    assert KEY not in str(request.headers)


def test_a_redirect_is_not_followed(way: Way) -> None:
    elsewhere = way.server(both(P1))
    server = way.server(both({}, 307, location=f"https://localhost:{elsewhere.port}/v1/x"))
    for act in (get, create):
        assert failure(act, way.client(server)).error_id == "UNEXPECTED_REDIRECT"
    assert elsewhere.requests == []


def test_a_cookie_is_not_kept(way: Way) -> None:
    server = way.server(both(P1, set_cookie="session=secret; Path=/"))
    client = way.client(server)
    for act in (get, create, get):
        act(client)
    assert not any("cookie" in request.headers for request in server.requests)


def test_a_certificate_that_is_not_trusted_is_refused_at_once(
    way: Way, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = way.server(both(P1))
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.pem"))
    error = failure(create, way.client(server))
    assert isinstance(error, NetworkError)
    assert "SSL_CERT_FILE" in error.message
    assert (error.maybe_sent, error.retryable, len(error.attempts)) == (False, False, 1)


@pytest.mark.parametrize("name", ["async http2", "async aiohttp", "async httpx2"])
async def test_a_task_that_is_cancelled_frees_what_it_held(
    name: str, serve: Serve, trusted: trustme.CA
) -> None:
    context, headers, arrived = certified(trusted), ("content-length", "9"), asyncio.Event()

    async def begun(response: object) -> None:
        # From here on the task waits for the body: no byte of its request is under way any more.
        arrived.set()

    if name.endswith("http2"):
        context.set_alpn_protocols(["h2"])
        server = serve(over_http2(lambda stream: stream.head(headers), says(P1)), tls=context)
    else:
        begins = sends(head("content-length: 9"), then=Peer.hold)
        server = serve(begins, answers(P1), tls=context)
    async with MAKES[name]() as inner:
        inner.event_hooks = {"response": [begun]}
        client = AsyncSkytellsClient(KEY, base_url=server.url, http_client=inner)
        task = asyncio.create_task(client.predictions.create(ORDER))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert cast("Any", caught.value).unconfirmed.maybe_sent
        await asyncio.gather(*(client.predictions.get("p1") for _ in range(20)))
    assert await asyncio.to_thread(server.is_alone)


async def test_many_calls_share_one_connection_over_http2(
    serve: Serve, trusted: trustme.CA
) -> None:
    context = certified(trusted)
    context.set_alpn_protocols(["h2"])
    server = serve(over_http2(says(P1)), tls=context)
    async with httpx.AsyncClient(http2=True) as inner:
        client = AsyncSkytellsClient(KEY, base_url=server.url, http_client=inner)
        await asyncio.gather(*(client.predictions.get("p1") for _ in range(250)))
    assert server.connections == 1
    assert len(server.requests) == 250


def test_http2_falls_back_where_the_server_does_not_speak_it(
    serve: Serve, trusted: trustme.CA
) -> None:
    server = serve(answers(P1), tls=certified(trusted))
    with httpx.Client(http2=True) as inner:
        get(SkytellsClient(KEY, base_url=server.url, http_client=inner))
    assert len(server.requests) == 1


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_cookies_of_the_users_own_are_sent_and_those_of_servers_are_not(
    colour: str, serve: Serve
) -> None:
    server = serve(answers(P1, 200, {"set-cookie": "session=theirs; Path=/"}))
    if colour == "sync":
        with httpx.Client(cookies={"gateway": "mine"}) as inner:
            client = SkytellsClient(KEY, base_url=server.url, http_client=inner)
            get(client)
            get(client)
    else:

        async def main() -> None:
            async with httpx.AsyncClient(cookies={"gateway": "mine"}) as inner:
                client = AsyncSkytellsClient(KEY, base_url=server.url, http_client=inner)
                await client.predictions.get("p1")
                await client.predictions.get("p1")

        asyncio.run(main())
    assert [request.headers["cookie"] for request in server.requests] == ["gateway=mine"] * 2
