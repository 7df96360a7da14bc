"""What the transport promises, against servers that keep no promise."""

from __future__ import annotations

import asyncio
import copy
import gzip
import io
import logging
import pickle
import select
import socket
import ssl
import threading
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, cast

import pytest
import trustme

from skytells import (
    AsyncSkytellsClient,
    ConfigurationError,
    InvalidResponseError,
    NetworkError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    SkytellsClient,
    SkytellsError,
)
from skytells._http.environment import tls_context

from ..conftest import Build, unfaced
from .conftest import Serve, limit_connections
from .misbehaving import Peer, Step
from .steps import answers, closes, drips, floods, head, ignores, reply, resets, sends, stalls

KEY = "sk-do-not-show-me"
ONCE = {"retries": 0}
AT_ONCE = {"retries": 2, "retry_delay": 0}
P1 = {"id": "p1", "status": "succeeded"}
ORDER: dict[str, Any] = {"model": "flux-pro", "input": {"prompt": "A cat"}}

Act = Callable[[SkytellsClient], object]


def get(client: SkytellsClient) -> object:
    return client.predictions.get("p1")


def create(client: SkytellsClient) -> object:
    return client.predictions.create(ORDER)


def failure(act: Act, client: SkytellsClient) -> SkytellsError:
    """The error that an act ends in; one that is not ours fails the test."""
    with pytest.raises(SkytellsError) as caught:
        act(client)
    return caught.value


# One deadline for the whole call, in every phase.

HOSTILE: dict[str, Step] = {
    "never reads": ignores(),
    "never answers": stalls(),
    "stops in the status line": sends(b"HTTP/1.1 20", then=Peer.hold),
    "stops in the headers": sends(b"HTTP/1.1 200 OK\r\ncontent-", then=Peer.hold),
    "drips the headers": drips(b"HTTP/1.1 200 OK\r\n", b"x-a: b\r\n"),
    "sends early hints without end": drips(b"", head(status=103)),
    "sends early hints at full speed": floods(b"", head(status=103)),
    "stops before the body": sends(head("content-length: 9"), then=Peer.hold),
    "drips the body": drips(head("content-length: 99999"), b" "),
    "drips a body without length": drips(head(), b" "),
    "drips chunks": drips(head("transfer-encoding: chunked"), b"1\r\n \r\n"),
    "drips gzip": drips(
        head("content-encoding: gzip", "content-length: 99999") + gzip.compress(b"", mtime=0)[:10],
        b"\0\0\0\xff\xff",
    ),
    "drips the body of an error": drips(head("content-length: 99999", status=500), b" "),
    "stops after the last byte but one": sends(reply(P1)[:-1], then=Peer.hold),
}


@pytest.mark.parametrize("phase", HOSTILE)
def test_timeout_bounds_the_whole_call(build: Build, serve: Serve, phase: str) -> None:
    server = serve(HOSTILE[phase])
    error = failure(get, build(KEY, base_url=server.url, timeout=300))
    assert isinstance(error, RequestTimeoutError)
    assert (error.error_id, error.http_status) == ("REQUEST_TIMEOUT", 408)
    # On a busy machine the time may be over before the server has begun.
    assert server.is_alone()


def test_timeout_bounds_the_writing_of_a_request_that_nobody_reads(
    build: Build, serve: Serve
) -> None:
    server = serve(ignores())
    client = build(KEY, base_url=server.url, timeout=1_000)
    error = failure(
        lambda c: c.predictions.create(model="m", input={"prompt": "x" * 20_000_000}), client
    )
    assert isinstance(error, RequestTimeoutError)
    assert error.maybe_sent


def test_timeout_bounds_the_connecting(build: Build) -> None:
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        # They fill the backlog, so that the next one's SYN is dropped.
        for sock in (first, second):
            sock.setblocking(False)
            with suppress(BlockingIOError):
                sock.connect(listener.getsockname())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        error = failure(create, build(KEY, base_url=url, timeout=200))
    assert isinstance(error, RequestTimeoutError)
    assert not error.maybe_sent


def test_timeout_bounds_the_resolver(
    build: Build, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, done = serve(answers(P1)), threading.Event()

    def unresolving(*args: object, **options: object) -> object:
        done.wait(20)
        raise OSError("no such host")

    monkeypatch.setattr(socket, "getaddrinfo", unresolving)
    client = build(KEY, base_url=f"http://localhost:{server.port}/v1", timeout=200)
    try:
        error = failure(create, client)
    finally:
        done.set()
    assert isinstance(error, RequestTimeoutError)
    assert not error.maybe_sent
    assert server.connections == 0


def test_timeout_bounds_the_tls_handshake(build: Build, serve: Serve) -> None:
    tls_context()  # it may take longer than the time-out to load, with others at work
    server = serve(ignores())
    error = failure(create, build(KEY, base_url=f"https://127.0.0.1:{server.port}", timeout=300))
    assert isinstance(error, RequestTimeoutError)
    assert not error.maybe_sent
    assert server.is_alone()


def test_timeout_bounds_all_tries_together(build: Build, serve: Serve) -> None:
    server = serve(answers(status=503))
    client = build(KEY, base_url=server.url, timeout=300, retry={"retries": 100, "retry_delay": 50})
    error = failure(get, client)
    assert error.http_status in {503, 408}
    assert len(server.requests) < 50


def test_timeout_leaves_the_client_usable(build: Build, serve: Serve) -> None:
    server = serve(stalls(), answers(P1))
    client = build(KEY, base_url=server.url, timeout=1_000)
    failure(get, client)
    assert client.with_options(timeout=20_000).predictions.get("p1").id == "p1"
    assert server.connections == 2


def test_timeout_none_waits_for_a_slow_answer(build: Build, serve: Serve) -> None:
    def slow(peer: Peer) -> None:
        peer.read()
        peer.drip(reply(P1), pause=0.001)

    assert build(KEY, base_url=serve(slow).url, timeout=None).predictions.get("p1").id == "p1"


# Answers that are no answers.

GARBAGE: dict[str, Step] = {
    "no HTTP at all": sends(b"SSH-2.0-OpenSSH_9.6\r\n", then=Peer.close),
    "a status that is no number": sends(b"HTTP/1.1 abc OK\r\n\r\n", then=Peer.close),
    "another version of HTTP": sends(b"HTTP/9.9 200 OK\r\n\r\n", then=Peer.close),
    "an HTTP/2 preface": sends(b"\0\0\x12\x04\0\0\0\0\0", then=Peer.close),
    "a header without a colon": sends(head("what is this"), then=Peer.close),
    "a header with a NUL": sends(head("x-a: b\0c"), then=Peer.close),
    "two lengths that differ": sends(head("content-length: 1", "content-length: 2"), b"1"),
    "a negative length": sends(head("content-length: -1"), then=Peer.close),
    "a length that is no number": sends(head("content-length: many"), then=Peer.close),
    "headers without end": floods(b"HTTP/1.1 200 OK\r\n", b"x-a: " + b"b" * 1000 + b"\r\n"),
    "one endless header": floods(b"HTTP/1.1 200 OK\r\nx-a: ", b"b" * 1000),
    "an unknown transfer encoding": sends(head("transfer-encoding: magic"), then=Peer.close),
    "a chunk of no size": sends(head("transfer-encoding: chunked"), b"zz\r\n", then=Peer.close),
    "a chunk of a negative size": sends(
        head("transfer-encoding: chunked"), b"-1\r\n", then=Peer.close
    ),
    "a chunk of an enormous size": sends(
        head("transfer-encoding: chunked"), b"F" * 30 + b"\r\n", then=Peer.close
    ),
    "a chunk that is longer than it says": sends(
        head("transfer-encoding: chunked"), b"1\r\nabc\r\n0\r\n\r\n", then=Peer.close
    ),
    "chunks without the last one": sends(
        head("transfer-encoding: chunked"), b"2\r\n{}\r\n", then=Peer.close
    ),
    "less than the length": sends(reply(P1)[:-1], then=Peer.close),
    "less than the length, then a reset": sends(reply(P1)[:-1], then=Peer.reset),
    "half of the headers": sends(b"HTTP/1.1 200 OK\r\nconte", then=Peer.close),
    "nothing": closes(),
    "nothing, unread": closes(unread=True),
    "a reset": resets(),
    "a reset, unread": resets(unread=True),
    "a switch of protocols": sends(head("upgrade: websocket", status=101), then=Peer.close),
    "corrupt gzip": answers(b"\x1f\x8b not gzip at all", headers={"content-encoding": "gzip"}),
    "gzip that is cut": answers(
        gzip.compress(b"{}" * 99)[:-5], headers={"content-encoding": "gzip"}
    ),
    "gzip without its trailer": answers(
        gzip.compress(b'{"id":"p1"}')[:-8], headers={"content-encoding": "gzip"}
    ),
    "plain text that says gzip": answers(P1, headers={"content-encoding": "gzip"}),
    "an encoding that nobody asked for": answers(P1, headers={"content-encoding": "br"}),
    "JSON that is cut": answers(b'{"id": "p1", "sta'),
    "invalid UTF-8": answers(b'{"id": "\xff\xfe"}'),
    "JSON without end": answers(b"[" * 100_000),
    "NaN": answers(b'{"id": "p1", "metrics": {"progress": NaN}}'),
    "null": answers(None),
    "a number": answers(7),
    "a list": answers([P1]),
    "an object without id": answers({"status": "succeeded"}),
    "an id that is none": answers({"id": "", "status": "succeeded"}),
    "HTML": answers(b"<html>", headers={"content-type": "text/html"}),
    "an empty answer": answers(b""),
}


@pytest.mark.parametrize("what", GARBAGE)
@pytest.mark.parametrize("act", [get, create])
def test_garbage_becomes_an_error_of_ours(build: Build, serve: Serve, act: Act, what: str) -> None:
    server = serve(GARBAGE[what])
    error = failure(act, build(KEY, base_url=server.url, retry=ONCE))
    assert isinstance(error, NetworkError | ServerError)
    assert error.maybe_sent is (act is create)
    assert len(server.requests) <= 1
    assert error.message.rstrip()[-1] in ".!?"
    cause = error.__cause__
    assert cause is None or (cause.__traceback__, cause.__cause__, cause.__context__) == (None,) * 3


def test_early_hints_are_passed_over(build: Build, serve: Serve) -> None:
    server = serve(sends(head("link: </a>", status=103) * 3 + head(status=100) + reply(P1)))
    assert build(KEY, base_url=server.url).predictions.get("p1").id == "p1"


def test_chunks_without_length_make_one_body(build: Build, serve: Serve) -> None:
    body = b'3\r\n{"i\r\n9;ext=1\r\nd": "p1"}\r\n0\r\ntrailer: x\r\n\r\n'
    server = serve(sends(head("transfer-encoding: chunked"), body))
    assert build(KEY, base_url=server.url).predictions.get("p1").id == "p1"


def test_body_may_end_with_the_connection(build: Build, serve: Serve) -> None:
    server = serve(sends(head(), b'{"id": "p1"}', then=Peer.close))
    assert build(KEY, base_url=server.url).predictions.get("p1").id == "p1"


# Bodies are bounded, before memory is spent.


def bomb(size: int) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as file:
        for _ in range(size // 1_000_000):
            file.write(b" " * 1_000_000)
    return packed.getvalue()


TOO_MUCH: dict[str, Step] = {
    "a length above the limit": sends(head("content-length: 5000"), then=Peer.hold),
    "a length of a petabyte": sends(head(f"content-length: {10**15}"), then=Peer.hold),
    "a body without end": floods(head(), b" " * 4096),
    "chunks without end": floods(head("transfer-encoding: chunked"), b"1\r\n \r\n"),
    "a gzip bomb": sends(
        head("content-encoding: gzip", "transfer-encoding: chunked")
        + b"%x\r\n%s\r\n" % (len(bomb(64_000_000)), bomb(64_000_000)),
        then=Peer.hold,
    ),
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_body_above_the_limit_is_refused(build: Build, serve: Serve, what: str) -> None:
    server = serve(TOO_MUCH[what])
    error = failure(get, build(KEY, base_url=server.url, max_response_bytes=4096))
    assert isinstance(error, InvalidResponseError)
    assert "max_response_bytes" in error.message
    assert server.was_cut()
    assert len(server.requests) == 1


def test_body_of_an_error_is_cut_at_a_megabyte(build: Build, serve: Serve) -> None:
    server = serve(floods(head(status=500), b" " * 65536))
    error = failure(get, build(KEY, base_url=server.url, retry=ONCE))
    assert (type(error), error.http_status) == (ServerError, 500)
    assert server.was_cut()


def test_body_at_the_limit_is_read(build: Build, serve: Serve) -> None:
    body = b'{"id":"p1"}'.ljust(4096)
    server = serve(
        answers(body), answers(gzip.compress(body), headers={"content-encoding": "gzip"})
    )
    client = build(KEY, base_url=server.url, max_response_bytes=4096)
    assert client.predictions.get("p1").id == "p1"
    assert client.predictions.get("p1").id == "p1"


@pytest.mark.parametrize("name", ["gzip", "x-gzip", "GZIP", " gzip "])
def test_gzip_is_asked_for_and_decoded(build: Build, serve: Serve, name: str) -> None:
    body = gzip.compress(b'{"id":') + gzip.compress(b'"p1"}')
    server = serve(answers(body, headers={"content-encoding": name}))
    assert build(KEY, base_url=server.url).predictions.get("p1").id == "p1"
    assert server.requests[0].headers["accept-encoding"] == "gzip"


# Redirects are not followed, and the key stays with its origin.


@pytest.mark.parametrize("status", range(300, 309))
@pytest.mark.parametrize("act", [get, create])
def test_redirect_is_never_followed(build: Build, serve: Serve, act: Act, status: int) -> None:
    stranger = serve(answers(P1))
    server = serve(sends(head(f"location: {stranger.url}/x", "content-length: 0", status=status)))
    error = failure(act, build(KEY, base_url=server.url))
    assert (error.error_id, error.http_status) == ("UNEXPECTED_REDIRECT", status)
    assert "127.0.0.1" in error.message
    assert stranger.connections == 0
    assert len(server.requests) == 1


@pytest.mark.parametrize("location", ["/v1/elsewhere", "", "//[", "\x01", "http://h" + "x" * 5000])
def test_redirect_to_anywhere_is_not_followed(build: Build, serve: Serve, location: str) -> None:
    server = serve(sends(head(f"location: {location}", "content-length: 0", status=302)))
    error = failure(get, build(KEY, base_url=server.url, retry=ONCE))
    assert isinstance(error, InvalidResponseError | NetworkError)
    assert len(server.requests) == 1
    assert len(error.message) < 1000


def test_addresses_in_an_answer_are_data(build: Build, serve: Serve) -> None:
    stranger = serve(answers(P1))
    urls = dict.fromkeys(("get", "cancel", "delete", "stream"), f"{stranger.url}/x")
    server = serve(answers(P1 | {"urls": urls}))
    client = build(KEY, base_url=server.url)
    prediction = client.run("flux-pro", input={})
    prediction.refresh()
    prediction.cancel()
    prediction.delete()
    client.stream_prediction("p1")
    assert stranger.connections == 0
    assert len(server.requests) == 5


def test_cookies_are_not_kept(build: Build, serve: Serve) -> None:
    cookie = SimpleCookie({"session": "stolen"}).output(header="").strip()
    server = serve(answers(P1, headers={"set-cookie": cookie}))
    client = build(KEY, base_url=server.url)
    get(client)
    get(client)
    assert all("cookie" not in request.headers for request in server.requests)


def test_netrc_is_not_read(
    build: Build, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret")
    monkeypatch.setenv("NETRC", str(netrc))
    server = serve(answers(P1))
    get(build(KEY, base_url=server.url))
    assert "authorization" not in server.requests[0].headers


# Connections.


def test_keep_alive_serves_twenty_calls_on_one_connection(build: Build, serve: Serve) -> None:
    server = serve(answers(P1))
    client = build(KEY, base_url=server.url)
    for act in [get, create] * 10:
        act(client)
    assert len(server.requests) == 20
    assert server.connections == 1


def test_keep_alive_is_shared_by_with_options(build: Build, serve: Serve) -> None:
    server = serve(answers(P1))
    client = build(KEY, base_url=server.url)
    get(client)
    get(client.with_options(timeout=5000, headers={"x-team": "a"}))
    assert server.connections == 1


def test_keep_alive_survives_errors(build: Build, serve: Serve) -> None:
    server = serve(answers({"error": "no"}, 404), answers(b"<html>", 502), answers(P1))
    client = build(KEY, base_url=server.url, retry=ONCE)
    failure(get, client)
    failure(get, client)
    get(client)
    assert server.connections == 1


def test_connection_that_is_to_close_is_not_reused(build: Build, serve: Serve) -> None:
    server = serve(answers(P1, headers={"connection": "close"}))
    client = build(KEY, base_url=server.url)
    get(client)
    get(client)
    assert server.connections == 2


def test_connection_that_closed_while_idle_is_replaced(build: Build, serve: Serve) -> None:
    server = serve(sends(reply(P1), then=Peer.close), answers(P1))
    client = build(KEY, base_url=server.url, retry=ONCE)
    get(client)
    assert server.is_alone()
    create(client)
    assert server.targets() == ["GET /v1/predictions/p1", "POST /v1/predict"]


@pytest.mark.parametrize("end", [closes(), closes(unread=True), resets(), resets(unread=True)])
def test_read_is_sent_again_when_a_kept_connection_dies(
    build: Build, serve: Serve, end: Step
) -> None:
    server = serve(answers(P1), end, answers(P1))
    client = build(KEY, base_url=server.url, retry=AT_ONCE)
    get(client)
    get(client)
    assert server.connections == 2


@pytest.mark.parametrize("end", [closes(), closes(unread=True), resets(), resets(unread=True)])
def test_paid_post_is_not_sent_again_when_a_kept_connection_dies(
    build: Build, serve: Serve, end: Step
) -> None:
    server = serve(answers(P1), end, answers(P1))
    client = build(KEY, base_url=server.url)
    get(client)
    error = failure(create, client)
    assert isinstance(error, NetworkError)
    assert error.maybe_sent
    assert "find_unconfirmed" in error.message
    assert server.connections == 1


def test_paid_post_takes_a_new_connection_when_the_kept_one_is_old(
    build: Build, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(answers(P1))
    client = build(KEY, base_url=server.url)
    get(client)
    monkeypatch.setattr("skytells._http.requests.PAID_IDLE_SECONDS", -1.0)
    get(client)
    assert server.connections == 1
    create(client)
    assert server.connections == 2


@pytest.mark.parametrize("gap", [b"", b"\r\n"])
def test_unsolicited_answer_reaches_nobody(build: Build, serve: Serve, gap: bytes) -> None:
    other = reply({"id": "stranger", "status": "succeeded"})
    server = serve(sends(reply(P1) + gap + other), answers(P1))
    client = build(KEY, base_url=server.url, retry=ONCE)
    get(client)
    assert client.predictions.create(ORDER).id == "p1"
    assert server.connections == 2


def test_unsolicited_answer_between_calls_reaches_nobody(build: Build, serve: Serve) -> None:
    sent = threading.Event()

    def step(peer: Peer) -> None:
        peer.read()
        peer.send(reply(P1))
        received.wait(20)
        peer.send(reply({"id": "stranger", "status": "succeeded"}))
        sent.set()

    received = threading.Event()
    server = serve(step, answers(P1))
    client = build(KEY, base_url=server.url, retry=ONCE)
    get(client)
    received.set()
    assert sent.wait(20)
    assert client.predictions.create(ORDER).id == "p1"


def test_answer_about_another_prediction_is_refused(build: Build, serve: Serve) -> None:
    server = serve(answers({"id": "p2", "status": "succeeded"}))
    client = build(KEY, base_url=server.url)
    acts = client.predictions.get, client.cancel_prediction, client.delete_prediction
    for act in acts:
        with pytest.raises(InvalidResponseError):
            act("p1")


def test_pool_that_is_exhausted_makes_threads_wait_until_the_timeout(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_connections(monkeypatch, 1)
    server = serve(stalls(), answers(P1))
    with SkytellsClient(KEY, base_url=server.url, timeout=20_000) as client:
        holding = threading.Thread(target=failure, args=(get, client))
        holding.start()
        assert server.has_seen(1)
        error = failure(create, client.with_options(timeout=100))
        assert isinstance(error, RequestTimeoutError)
        assert not error.maybe_sent
        assert len(server.requests) == 1
        server.close()
        holding.join()


async def test_pool_that_is_exhausted_makes_tasks_wait_until_the_timeout(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_connections(monkeypatch, 1)
    server = serve(stalls(), answers(P1))
    async with AsyncSkytellsClient(KEY, base_url=server.url) as client:
        holding = asyncio.create_task(client.predictions.get("p1"))
        await asyncio.to_thread(server.has_seen, 1)
        with pytest.raises(RequestTimeoutError) as caught:
            await client.with_options(timeout=100).predictions.create(ORDER)
        assert not caught.value.maybe_sent
        assert len(server.requests) == 1
        holding.cancel()
        await asyncio.wait([holding])
        assert (await client.predictions.get("p1")).id == "p1"


def test_client_that_is_closed_refuses_to_go_on(build: Build, serve: Serve) -> None:
    server = serve(answers(P1))
    client = build(KEY, base_url=server.url)
    derived = client.with_options(timeout=5000)
    get(client)
    client.close()
    client.close()
    for closed in (client, derived):
        error = failure(get, closed)
        assert isinstance(error, ConfigurationError)
        assert "closed" in error.message
    assert server.is_alone()
    assert len(server.requests) == 1


# What is tried again.


@contextmanager
def on_retry(act: Callable[[], object]) -> Generator[None]:
    """Do something the moment the client decides to try again."""

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "trying again" in record.msg:
                act()

    logger, listener = logging.getLogger("skytells"), Listener(logging.INFO)
    level = logger.level
    logger.addHandler(listener)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(listener)
        logger.setLevel(level)


@pytest.mark.parametrize("act", [get, create])
def test_refused_connection_is_tried_again(
    build: Build, serve: Serve, act: Act, hasty: None
) -> None:
    server = serve(answers(P1), listening=False)
    with on_retry(server.listen):
        act(build(KEY, base_url=server.url))
    assert len(server.requests) == 1


def test_refused_connection_is_surely_unsent(build: Build, serve: Serve) -> None:
    server = serve(answers(P1), listening=False)
    error = failure(create, build(KEY, base_url=server.url, retry=AT_ONCE))
    assert isinstance(error, NetworkError)
    assert (error.error_id, error.http_status, error.maybe_sent) == ("NETWORK_ERROR", 0, False)
    assert [attempt.outcome for attempt in error.attempts] == ["NetworkError"] * 3


def test_host_without_address_is_a_network_error(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unresolving(*args: object, **options: object) -> object:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unresolving)
    error = failure(create, build(KEY, base_url="https://nowhere.invalid", retry=ONCE))
    assert isinstance(error, NetworkError)
    assert "nowhere.invalid" in error.message
    assert not error.maybe_sent


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 529])
def test_read_is_tried_again_twice(build: Build, serve: Serve, status: int, hasty: None) -> None:
    server = serve(answers(status=status), resets(), answers(P1))
    client = build(KEY, base_url=server.url)
    assert client.predictions.get("p1").id == "p1"
    counts = [request.headers.get("x-skytells-retry-count") for request in server.requests]
    assert counts == [None, "1", "2"]


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 413, 422, 451, 501])
def test_refusal_is_not_tried_again(build: Build, serve: Serve, status: int) -> None:
    server = serve(answers({"error": {"message": "No."}}, status))
    assert failure(get, build(KEY, base_url=server.url)).http_status == status
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 529])
def test_paid_post_is_not_sent_again_after_an_answer_of_trouble(
    build: Build, serve: Serve, status: int
) -> None:
    server = serve(answers(status=status))
    options = {"retries": 3, "retry_delay": 0, "retry_on": [408, 500, 502, 503, 504, 529]}
    error = failure(create, build(KEY, base_url=server.url, retry=options))
    assert error.maybe_sent
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [425, 429])
def test_paid_post_that_was_turned_away_is_sent_again(
    build: Build, serve: Serve, status: int, hasty: None
) -> None:
    server = serve(answers(status=status), answers(P1))
    create(build(KEY, base_url=server.url))
    assert server.requests[0].body == server.requests[1].body


@pytest.mark.parametrize("end", [closes(), resets(), stalls()])
def test_paid_post_whose_answer_was_lost_is_sent_once(
    build: Build, serve: Serve, end: Step
) -> None:
    server = serve(end)
    error = failure(create, build(KEY, base_url=server.url, timeout=1_000, retry=AT_ONCE))
    assert error.maybe_sent
    assert error.request is not None
    assert error.request.model == "flux-pro"
    assert len(server.requests) == 1


def test_delete_whose_answer_was_lost_is_done_when_it_is_gone(build: Build, serve: Serve) -> None:
    server = serve(resets(), answers({"error": "gone"}, 404))
    client = build(KEY, base_url=server.url, retry=AT_ONCE)
    assert client.delete_prediction("p1").id == "p1"
    assert server.targets() == ["DELETE /v1/predictions/p1/delete"] * 2


def test_retry_after_is_waited_for(build: Build, serve: Serve) -> None:
    server = serve(answers(status=429, headers={"retry-after": "0.05"}))
    error = failure(get, build(KEY, base_url=server.url, retry={"retries": 1, "retry_delay": 0}))
    assert isinstance(error, RateLimitError)
    assert error.retry_after == 0.05
    assert [attempt.pause for attempt in error.attempts] == [0.05, None]


@pytest.mark.parametrize("asked", ["99999999", "61", "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_retry_after_that_is_too_long_is_handed_to_the_caller(
    build: Build, serve: Serve, asked: str
) -> None:
    server = serve(answers(status=429, headers={"retry-after": asked}))
    error = failure(create, build(KEY, base_url=server.url))
    assert error.retry_after is not None
    assert error.retry_after > 60
    assert len(server.requests) == 1


def test_retry_after_beyond_the_timeout_is_handed_to_the_caller(build: Build, serve: Serve) -> None:
    server = serve(answers(status=429, headers={"retry-after": "30"}))
    assert failure(get, build(KEY, base_url=server.url, timeout=5000)).retry_after == 30
    assert len(server.requests) == 1


# The key shows itself nowhere.


def failing(build: Build, serve: Serve) -> tuple[SkytellsClient, SkytellsError]:
    server = serve(answers({"error": {"message": f"bad key {KEY}"}}, 401), resets())
    client = build(KEY, base_url=server.url, retry=ONCE)
    assert KEY not in str(failure(get, client))
    return client, failure(create, client)


def test_key_is_absent_from_tracebacks_with_locals(build: Build, serve: Serve) -> None:
    _, error = failing(build, serve)
    told = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert KEY not in told
    assert "NetworkError" in told


@pytest.mark.parametrize("answer", [resets(), answers({"error": KEY}, 500), answers([KEY])])
def test_key_is_absent_from_all_that_an_error_carries(
    build: Build, serve: Serve, answer: Step
) -> None:
    error = failure(get, build(KEY, base_url=serve(answer).url, retry=ONCE))
    shown = [str(error), repr(error), repr(vars(error)), repr(error.__cause__)]
    assert not [text for text in shown if KEY in text]
    assert KEY.encode() not in pickle.dumps(error)
    assert KEY.encode() not in pickle.dumps(copy.deepcopy(error))


def test_key_is_absent_from_logs(
    build: Build, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        for name in ("skytells", "httpcore", "httpx", "asyncio"):
            caplog.set_level(logging.DEBUG, name)
        failing(build, serve)
        get(build(KEY, base_url=serve(answers(P1)).url))
    told = "\n".join(f"{record.getMessage()} {record.args}" for record in caplog.records)
    assert "/predictions/{id}" in told
    assert "A cat" not in told
    assert KEY not in told


def test_key_is_absent_from_the_client_itself(build: Build, serve: Serve) -> None:
    client: Any = unfaced(build(KEY, base_url=serve(answers(P1)).url, headers={"x-team": "a"}))
    inside = cast("dict[str, Any]", vars(client))
    parts: list[Any] = [client, inside, *inside.values()]
    parts += [vars(part) for part in parts if hasattr(part, "__dict__")]
    assert not [part for part in parts if KEY in f"{part!r} {part}"]
    assert "api_key=set" in repr(client)


# TLS and proxies.


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    return trustme.CA()


def certified(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate: Any = authority.issue_cert(name)
    certificate.configure_cert(context)
    return context


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return authority


def test_tls_works_with_an_authority_from_the_environment(
    build: Build, serve: Serve, trusted: trustme.CA
) -> None:
    server = serve(answers(P1), tls=certified(trusted))
    client = build(KEY, base_url=server.url)
    get(client)
    create(client)
    assert server.connections == 1
    assert server.requests[0].headers["x-api-key"] == KEY


def test_tls_certificate_that_is_not_trusted_is_refused_at_once(
    build: Build, serve: Serve, authority: trustme.CA
) -> None:
    server = serve(answers(P1), tls=certified(authority))
    error = failure(create, build(KEY, base_url=server.url))
    assert isinstance(error, NetworkError)
    assert "SSL_CERT_FILE" in error.message
    assert (error.maybe_sent, error.retryable, len(error.attempts)) == (False, False, 1)
    assert server.connections == 1
    assert server.requests == []


def test_tls_certificate_of_another_host_is_refused(
    build: Build, serve: Serve, trusted: trustme.CA
) -> None:
    server = serve(answers(P1), tls=certified(trusted, "elsewhere.example"))
    error = failure(get, build(KEY, base_url=server.url))
    assert isinstance(error, NetworkError)
    assert len(error.attempts) == 1
    assert server.requests == []


def test_tls_server_that_speaks_plain_is_a_network_error(build: Build, serve: Serve) -> None:
    def plain(peer: Peer) -> None:
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        peer.close()

    server = serve(plain)
    client = build(KEY, base_url=f"https://127.0.0.1:{server.port}", retry=ONCE)
    error = failure(create, client)
    assert isinstance(error, NetworkError)
    assert not error.maybe_sent


@pytest.mark.parametrize(
    "phase", ["never answers", "drips the body", "sends early hints at full speed"]
)
def test_tls_timeout_bounds_the_whole_call(
    build: Build, serve: Serve, trusted: trustme.CA, phase: str
) -> None:
    server = serve(HOSTILE[phase], tls=certified(trusted))
    assert isinstance(
        failure(get, build(KEY, base_url=server.url, timeout=300)), RequestTimeoutError
    )
    assert server.is_alone()


def tunnels(peer: Peer) -> None:
    """What a proxy does with a CONNECT: from then on it passes bytes on, unseen."""
    host, port = peer.read().target.split(":")
    with socket.create_connection((host, int(port))) as upstream:
        peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        other = {peer.sock: upstream, upstream: peer.sock}
        with suppress(OSError):
            while True:
                for sock in select.select(list(other), [], [])[0]:
                    data = sock.recv(65536)
                    if not data:
                        return peer.close()
                    other[sock].sendall(data)
    return peer.close()


def test_proxy_of_the_environment_tunnels_and_never_sees_the_key(
    build: Build, serve: Serve, trusted: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = serve(tunnels), serve(answers(P1), tls=certified(trusted))
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:word@127.0.0.1:{proxy.port}")
    client = build(KEY, base_url=server.url)
    get(client)
    create(client)
    client.close()
    assert len(server.requests) == 2
    assert [request.target for request in proxy.requests] == [f"localhost:{server.port}"]
    assert "proxy-authorization" in proxy.requests[0].headers
    assert KEY.encode() not in proxy.requests[0].raw
    assert "proxy-authorization" not in server.requests[0].headers


def test_proxy_is_passed_by_for_hosts_of_no_proxy(
    build: Build, serve: Serve, trusted: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = serve(tunnels), serve(answers(P1), tls=certified(trusted))
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv("NO_PROXY", "localhost")
    get(build(KEY, base_url=server.url))
    assert proxy.connections == 0


def test_proxy_is_never_used_for_plain_http(
    build: Build, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = serve(answers(P1)), serve(answers(P1))
    for name in ("HTTP_PROXY", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    get(build(KEY, base_url=server.url))
    assert proxy.connections == 0


@pytest.mark.parametrize("refusal", [closes(), resets(), answers(status=407), answers(status=502)])
def test_proxy_that_refuses_leaves_a_paid_post_unsent(
    build: Build,
    serve: Serve,
    refusal: Step,
    authority: trustme.CA,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy = serve(refusal)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    error = failure(create, build(KEY, base_url="https://api.example", retry=AT_ONCE))
    assert isinstance(error, NetworkError)
    assert not error.maybe_sent
    assert not [request for request in proxy.requests if request.method != "CONNECT"]


def test_proxy_that_stalls_is_bounded_by_the_timeout(
    build: Build, serve: Serve, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(stalls())
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    error = failure(create, build(KEY, base_url="https://api.example", timeout=300))
    assert isinstance(error, RequestTimeoutError)
    assert not error.maybe_sent
    assert proxy.is_alone()


def test_proxy_of_another_kind_is_refused_with_advice(
    build: Build, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "ftp://me:password@127.0.0.1:1")
    error = failure(create, build(KEY, base_url="https://api.example"))
    assert isinstance(error, ConfigurationError)
    assert "http_client" in error.message
    assert "password" not in error.message
