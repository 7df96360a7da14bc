"""What httpx lets one set counts for calls: hooks, mounts, transports, certificates, addresses."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import trustme

import skytells.local
from skytells import AsyncSkytellsClient, NetworkError, RequestTimeoutError, SkytellsClient
from skytells.transports import AsyncTransport, Transport

from ..conftest import Build, Colour, unfaced
from .conftest import Serve
from .misbehaving import Peer, Server
from .steps import answers, closes, reply, resets
from .test_transport import KEY, ONCE, P1, certified, create, failure, get

OUTPUT: Final = b"the bytes of a picture"


class Clients:
    """Builds an `httpx` client of the test's colour, and a client of the SDK that sends with it."""

    def __init__(self, colour: Colour, build: Build, ending: ExitStack) -> None:
        self._sync = colour == "sync"
        self.build = build
        self._ending = ending

    def __call__(self, url: str, http_client: Any = None, **options: Any) -> SkytellsClient:
        return self.build(KEY, base_url=url, http_client=http_client, **options)

    def http(self, **options: Any) -> Any:
        if self._sync:
            return self._ending.enter_context(httpx.Client(**options))
        return httpx.AsyncClient(**options)  # its connections close with the event loop

    def transport(self, **options: Any) -> Any:
        return (Transport if self._sync else AsyncTransport)(**options)

    def hook(self, see: Callable[[Any], object]) -> Any:
        """A hook of httpx that hands on what it gets."""

        async def asee(message: Any) -> None:
            see(message)

        return see if self._sync else asee


@pytest.fixture
def clients(colour: Colour, build: Build) -> Iterator[Clients]:
    with ExitStack() as ending:
        yield Clients(colour, build, ending)


def hooks(clients: Clients, seen: list[str]) -> dict[str, list[Any]]:
    def request(message: httpx.Request) -> None:
        seen.append(f"{message.method} {message.url.path} {message.content.decode()[:9]}")
        message.headers["x-hooked"] = "yes"

    def response(message: httpx.Response) -> None:
        seen.append(f"{message.status_code} {message.headers['x-answer']}")

    return {"request": [clients.hook(request)], "response": [clients.hook(response)]}


SEEN: Final = ["GET /v1/predictions/p1 ", "200 a", 'POST /v1/predict {"model":', "200 a"]


def test_hooks_of_the_default_client_see_requests_and_responses(
    clients: Clients, serve: Serve
) -> None:
    server, seen = serve(answers(P1, 200, {"x-answer": "a"})), list[str]()
    client = clients(server.url)
    for name, added in hooks(clients, seen).items():
        client.http_client.event_hooks[name] += added
    get(client)
    create(client)
    assert seen == SEEN
    assert [request.headers["x-hooked"] for request in server.requests] == ["yes", "yes"]


@pytest.mark.parametrize(
    "location",
    [
        "http://[::1/",
        "javascript:alert(1)",
        "https:elsewhere",
        "http://xn--\xc3/",
        "//[",
        "\x01",
        "",
    ],
)
def test_the_default_client_depends_on_no_hook_of_its_own(
    location: str, clients: Clients, serve: Serve
) -> None:
    server = serve(answers(P1, 307, {"location": location}))
    client = clients(server.url, retry=ONCE)
    unfaced(client.http_client).event_hooks = {}
    own = clients(server.url, clients.http(transport=clients.transport()), retry=ONCE)
    for each in (client, own):
        error = failure(create, each)
        assert (error.status_code, error.error_id) == (307, "UNEXPECTED_REDIRECT")
    assert len(server.requests) == 2


def test_hooks_and_mounts_of_a_client_of_ones_own_count(clients: Clients, serve: Serve) -> None:
    server, seen = serve(answers(P1, 200, {"x-answer": "a"})), list[str]()
    mounts = {"all://elsewhere.example": httpx.MockTransport(lambda _: httpx.Response(500))}
    http = clients.http(
        transport=clients.transport(), event_hooks=hooks(clients, seen), mounts=mounts
    )
    client = clients(server.url, http)
    get(client)
    create(client)
    assert seen == SEEN
    http.event_hooks = {}
    assert failure(get, clients("https://elsewhere.example", http, retry=ONCE)).status_code == 500
    assert len(server.requests) == 2


def test_what_a_hook_raises_reaches_the_caller_as_an_error_that_says_where(
    clients: Clients, serve: Serve
) -> None:
    server = serve(answers(P1))
    client = clients(server.url, retry=ONCE)

    def refuse(request: httpx.Request) -> None:
        raise PermissionError("not in this process")

    client.http_client.event_hooks["request"].append(clients.hook(refuse))
    error = failure(create, client)
    assert "not in this process" in error.message
    assert server.requests == []


def test_mock_transport_answers_in_place_of_a_server(clients: Clients) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.headers["x-api-key"] == KEY
        return httpx.Response(200, json={**P1, "path": request.url.path})

    client = clients("https://api.example/v1", clients.http(transport=httpx.MockTransport(handler)))
    assert client.predictions.get("p1")["path"] == "/v1/predictions/p1"
    assert create(client)["path"] == "/v1/predict"  # type: ignore[index]  # a record


async def test_asgi_transport_serves_the_local_platform_without_a_socket() -> None:
    with skytells.local.in_process(speed=1000.0) as platform:
        transport = httpx.ASGITransport(platform.asgi)
        async with httpx.AsyncClient(transport=transport) as http:
            client = AsyncSkytellsClient(platform.key, base_url=platform.url, http_client=http)
            prediction = await client.run("flux-pro", input={"prompt": "A cat"})
            assert prediction.status == "succeeded"
            assert len(await prediction.bytes(0, allow_private=True)) > 1000


# What `Transport` can be told


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    return trustme.CA()


def context_of(authority: trustme.CA, identity: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    trusting: Any = authority  # its types are partial
    trusting.configure_trust(context)
    if identity:
        trusting.issue_cert("me@example.com").configure_cert(context)
    return context


def test_a_client_certificate_goes_in_by_the_transport(
    clients: Clients, serve: Serve, authority: trustme.CA
) -> None:
    demanding = certified(authority)
    demanding.verify_mode = ssl.CERT_REQUIRED
    trusting: Any = authority
    trusting.configure_trust(demanding)
    server = serve(answers(P1), tls=demanding)
    known, unknown = (
        clients(
            server.url,
            clients.http(transport=clients.transport(verify=context_of(authority, identity))),
            retry=ONCE,
        )
        for identity in (True, False)
    )
    get(known)
    assert isinstance(failure(create, unknown), NetworkError)
    assert len(server.requests) == 1


def test_a_local_address_is_connected_from(clients: Clients, serve: Serve) -> None:
    peers = list[str]()

    def step(peer: Peer) -> None:
        peers.append(peer.sock.getpeername()[0])
        answers(P1)(peer)

    http = clients.http(transport=clients.transport(local_address="127.0.0.9"))
    get(clients(serve(step).url, http))
    assert peers == ["127.0.0.9"]


def test_no_more_connections_are_open_than_may_be(serve: Serve) -> None:
    server, most = serve(held(5)), 3
    with httpx.Client(transport=Transport(max_connections=most)) as http:
        client = SkytellsClient(KEY, base_url=server.url, http_client=http)
        threads = [threading.Thread(target=get, args=(client,)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(server.requests) == 20
    assert server.connections == most


async def test_no_more_connections_are_open_in_an_event_loop_than_may_be(serve: Serve) -> None:
    server, most = serve(held(5)), 3
    async with httpx.AsyncClient(transport=AsyncTransport(max_connections=most)) as http:
        client = AsyncSkytellsClient(KEY, base_url=server.url, http_client=http)
        await asyncio.gather(*(client.predictions.get("p1") for _ in range(20)))
    assert len(server.requests) == 20
    assert server.connections == most


def held(milliseconds: int) -> Callable[[Peer], None]:
    def step(peer: Peer) -> None:
        peer.read()
        peer.pause(milliseconds / 1000)
        peer.send(reply(P1))

    return step


# A later httpx, whose transport has no inner pool


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skytells._http.transport._has_inner_pool", _no_inner_pool)


def _no_inner_pool(close: object) -> bool:
    return False


@contextmanager
def warned() -> Generator[None]:
    with pytest.warns(RuntimeWarning, match="newer than this version of skytells") as warnings:
        yield
    assert len(warnings) == 1


def test_a_later_httpx_serves_with_a_warning(clients: Clients, later: None) -> None:
    with skytells.local.serve(speed=1000.0) as platform, warned():
        client = clients.build(platform.key, base_url=platform.url)
        prediction = client.run("flux-pro", input={"prompt": "A cat"}, interval=1)
        assert len(prediction.bytes(0, allow_private=True)) > 1000
        for n in range(10):
            client.queue({"model": "flux-pro", "input": {"prompt": f"{n}"}})
        ended = client.wait_all(client.dispatch(), interval=1)
        assert {str(each.status) for each in ended} == {"succeeded"}
        client.close()


def test_a_later_httpx_keeps_timeouts(clients: Clients, serve: Serve, later: None) -> None:
    def drip(peer: Peer) -> None:
        peer.read()
        peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n")
        while True:
            peer.drip(b" ")

    server = serve(drip)
    with warned():
        error = failure(get, clients(server.url, timeout=200))
    assert isinstance(error, RequestTimeoutError)
    assert server.was_cut()


@pytest.mark.parametrize(("step", "sent"), [(resets(), True), (closes(unread=True), None)])
def test_a_later_httpx_sends_a_paid_post_once(
    step: Any, sent: bool | None, clients: Clients, serve: Serve, later: None, hasty: None
) -> None:
    server = serve(step)
    with warned():
        error = failure(create, clients(server.url, retry={"retries": 2, "retry_delay": 0}))
    assert isinstance(error, NetworkError)
    assert error.maybe_sent
    assert server.connections == 1


def test_a_later_httpx_follows_no_redirect_and_keeps_no_cookie(
    clients: Clients, serve: Serve, later: None
) -> None:
    def moved(server: Server) -> dict[str, str]:
        return {"location": f"{server.url}/stolen", "set-cookie": "a=b"}

    elsewhere = serve(answers(P1))
    server = serve(answers(P1, 307, moved(elsewhere)), answers(P1))
    with warned():
        client = clients(server.url, retry=ONCE)
        assert failure(get, client).status_code == 307
        get(client)
        client.close()
    assert elsewhere.requests == []
    assert "cookie" not in server.requests[-1].headers
    assert server.is_alone()


def test_a_later_httpx_cannot_warm_up_and_says_so(
    clients: Clients, serve: Serve, later: None
) -> None:
    with warned(), pytest.raises(skytells.ConfigurationError, match="warm_up"):
        clients(serve(answers(P1)).url).warm_up()
