"""What mocks httpx sees the calls of the default client; a mocked call never reaches the network."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeAlias
from unittest.mock import patch

import httpx
import pytest
import respx
from pytest_httpx import HTTPXMock
from respx.models import AllMockedAssertionError

from skytells import InvalidRequestError, NetworkError, RequestTimeoutError, SkytellsClient

from ..conftest import Build, Colour
from .conftest import Serve
from .misbehaving import Server
from .steps import answers
from .test_transport import AT_ONCE, KEY, P1, create, failure, get

# They have no types.
pook: Any = import_module("pook")
vcr: Any = import_module("vcr")

MOCKED: Final = {"id": "mocked", "status": "succeeded", "output": ["https://example.com/cat.png"]}
EVENTS: Final = (
    b'data: {"choices":[{"delta":{"content":"Hel"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)

Answering: TypeAlias = Callable[[str, int, bytes], AbstractContextManager[object]]
"""Has a mock answer each request to an address with a status and a body."""


def kind(body: bytes) -> dict[str, str]:
    return {"content-type": "text/event-stream" if body == EVENTS else "application/json"}


@contextmanager
def by_respx(using: Any, url: str, status: int, body: bytes) -> Generator[None]:
    with respx.mock(using=using) as router:
        router.route(url__startswith=url).respond(status, headers=kind(body), content=body)
        yield


@contextmanager
def pook_on() -> Generator[None]:
    # `pook.use()` stays active where the block raises.
    pook.on()
    try:
        yield
    finally:
        pook.off()
        pook.reset()


@contextmanager
def by_pook(url: str, status: int, body: bytes) -> Generator[None]:
    with pook_on():
        for name in ("get", "post"):
            mock: Any = getattr(pook, name)(pook.regex(f"{url}.*"))
            mock.persist().reply(status).headers(kind(body)).body(body)
        yield


@contextmanager
def by_patch(url: str, status: int, body: bytes) -> Generator[None]:
    def answer(client: object, request: httpx.Request, **options: Any) -> httpx.Response:
        return httpx.Response(status, headers=kind(body), content=body, request=request)

    async def aanswer(client: object, request: httpx.Request, **options: Any) -> httpx.Response:
        return answer(client, request)

    with patch("httpx.Client.send", answer), patch("httpx.AsyncClient.send", aanswer):
        yield


@pytest.fixture(params=["respx", "respx on httpcore", "pytest-httpx", "pook", "patch"])
def mock(request: pytest.FixtureRequest) -> Answering:
    """Each of the tools, as one function."""

    @contextmanager
    def by_pytest_httpx(url: str, status: int, body: bytes) -> Generator[None]:
        request.node.add_marker(pytest.mark.httpx_mock(can_send_already_matched_responses=True))
        httpx_mock: HTTPXMock = request.getfixturevalue("httpx_mock")
        httpx_mock.add_response(status_code=status, headers=kind(body), content=body)
        yield

    def by_respx_on(using: str) -> Answering:
        return lambda url, status, body: by_respx(using, url, status, body)

    ways: dict[str, Answering] = {
        "respx": by_respx_on("httpx"),
        "respx on httpcore": by_respx_on("httpcore"),
        "pytest-httpx": by_pytest_httpx,
        "pook": by_pook,
        "patch": by_patch,
    }
    return ways[request.param]


@pytest.fixture
def server(serve: Serve) -> Server:
    """What no mocked request may reach."""
    return serve(answers(P1))


@pytest.fixture(params=[0, 2], ids=["cold", "warm"])
def client(request: pytest.FixtureRequest, build: Build, server: Server) -> SkytellsClient:
    """A default client, with and without connections that are open before the mock is there."""
    client = build(KEY, base_url=server.url, retry=AT_ONCE)
    if request.param:
        get(client)
        assert client.warm_up(request.param) == request.param
        server.requests.clear()
    return client


def test_a_mocked_call_never_reaches_the_server(
    mock: Answering, client: SkytellsClient, server: Server
) -> None:
    with mock(server.url, 201, httpx.Response(201, json=MOCKED).content):
        prediction = client.predictions.create(model="flux-pro", input={"prompt": "A cat"})
        assert prediction.id == "mocked"
        assert client.run("flux-pro", input={"prompt": "A cat"}).id == "mocked"
    assert server.requests == []


def test_a_mocked_stream_is_read_event_by_event(
    mock: Answering, client: SkytellsClient, server: Server
) -> None:
    with mock(server.url, 200, EVENTS):
        chunks = client.chat.completions.create(
            model="gpt-5", messages=[{"role": "user", "content": "Hello"}], stream=True
        )
        assert [chunk.choices[0].delta.content for chunk in chunks] == ["Hel"]
    assert server.requests == []


def test_a_mocked_refusal_is_an_error_of_ours(
    mock: Answering, client: SkytellsClient, server: Server
) -> None:
    body = b'{"error": {"message": "No prompt.", "error_id": "VALIDATION_ERROR"}}'
    with mock(server.url, 422, body):
        assert isinstance(failure(create, client), InvalidRequestError)
    assert server.requests == []


@pytest.mark.parametrize("using", ["httpx", "httpcore"])
def test_calls_go_to_the_server_again_after_a_mock(
    using: Any, client: SkytellsClient, server: Server
) -> None:
    with by_respx(using, server.url, 200, b'{"id": "p1", "status": "processing"}'):
        assert client.predictions.get("p1").status == "processing"
    assert client.predictions.get("p1").status == "succeeded"
    assert len(server.requests) == 1


@contextmanager
def _nothing_of_respx(using: Any) -> Generator[None]:
    with respx.mock(using=using):
        yield


@contextmanager
def _nothing_of_vcr(path: Path) -> Generator[None]:
    with vcr.VCR(record_mode="none").use_cassette(str(path / "none.yaml")):
        yield


@pytest.mark.parametrize("act", [get, create])
@pytest.mark.parametrize("tool", ["respx", "respx on httpcore", "vcrpy", "pook"])
def test_what_a_mock_raises_reaches_the_test_as_it_is(
    tool: str, act: Any, client: SkytellsClient, server: Server, tmp_path: Path
) -> None:
    mocks: dict[str, tuple[AbstractContextManager[None], type[Exception]]] = {
        "respx": (_nothing_of_respx("httpx"), AllMockedAssertionError),
        "respx on httpcore": (_nothing_of_respx("httpcore"), AllMockedAssertionError),
        "vcrpy": (_nothing_of_vcr(tmp_path), vcr.errors.CannotOverwriteExistingCassetteException),
        "pook": (pook_on(), pook.exceptions.PookNoMatches),
    }
    mocking, expected = mocks[tool]
    with mocking, pytest.raises(expected) as caught:
        act(client)
    assert type(caught.value) is expected
    assert server.requests == []


@pytest.mark.httpx_mock(assert_all_requests_were_expected=False)
@pytest.mark.parametrize("act", [get, create])
def test_what_pytest_httpx_raises_reaches_the_test_as_it_is(
    act: Any, client: SkytellsClient, server: Server, httpx_mock: HTTPXMock
) -> None:
    with pytest.raises(httpx.TimeoutException, match="No response can be found"):
        act(client)
    assert len(httpx_mock.get_requests()) == 1
    assert server.requests == []


@pytest.mark.parametrize("using", ["httpx", "httpcore"])
def test_a_mocked_failure_of_the_network_is_an_error_of_ours(
    using: Any, client: SkytellsClient, server: Server
) -> None:
    kinds: Any = import_module(using)
    with respx.mock(using=using) as router:
        route = router.route()
        route.side_effect = kinds.ConnectTimeout("late")
        assert isinstance(error := failure(create, client), RequestTimeoutError)
        assert (error.maybe_sent, route.call_count) == (False, 3)
        route.side_effect = kinds.ReadError("cut")
        assert isinstance(error := failure(create, client), NetworkError)
        assert (error.maybe_sent, route.call_count) == (True, 4)
    assert server.requests == []


@pytest.mark.parametrize("status", [401, 402, 403, 404, 409, 422, 429, 500, 503])
@pytest.mark.parametrize("reads", [False, True])
def test_a_hook_that_raises_for_status_does_not_change_the_error(
    status: int, reads: bool, colour: Colour, build: Build, serve: Serve
) -> None:
    headers = {"x-request-id": "r1", "retry-after": "0"}
    server = serve(answers({"error": {"message": "No.", "error_id": "NO"}}, status, headers))
    plain, hooked = (
        build(KEY, base_url=server.url, retry=AT_ONCE),
        build(KEY, base_url=server.url, retry=AT_ONCE),
    )

    def sync_hook(response: httpx.Response) -> None:
        if reads:
            response.read()
        response.raise_for_status()

    async def async_hook(response: httpx.Response) -> None:
        if reads:
            await response.aread()
        response.raise_for_status()

    hook = sync_hook if colour == "sync" else async_hook
    hooked.http_client.event_hooks["response"].append(hook)
    for act in (get, create):
        expected, error = failure(act, plain), failure(act, hooked)
        assert type(error) is type(expected)
        assert (error.status_code, error.request_id) == (status, "r1")
        assert len(error.attempts) == len(expected.attempts)
        assert error.maybe_sent == expected.maybe_sent
        # httpx closes a response that a hook refuses: what was not read by then is gone.
        assert (error.message == expected.message) is reads
