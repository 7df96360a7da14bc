"""The security checklist, row by row; the number of the row stands in a test's name.

| Row | Topic                   | Proved here, and in detail by                                      |
|-----|-------------------------|--------------------------------------------------------------------|
| 1   | key at construction     | `core/test_config`: `test_key_…`                                   |
| 2   | key in memory           | `core/test_config`: `test_secret_…`                                |
| 3   | key in exceptions       | `behaviour/test_transport`: `test_key_is_absent_…`                 |
| 4   | key in logs             | `behaviour/test_transport`: `test_key_is_absent_from_logs`         |
| 5   | key on the wire         | `core/test_config`: `test_header_that_is_not_the_users_…`          |
| 6   | redirects               | `behaviour/test_transport`: `test_redirect_…`                      |
| 7   | URLs from responses     | `behaviour/test_transport`: `test_addresses_in_an_answer_are_data` |
| 8   | base_url                | `core/test_config`: `test_base_url_…`                              |
| 9   | TLS                     | `behaviour/test_transport`: `test_tls_…`                           |
| 10  | proxies                 | `behaviour/test_transport`: `test_proxy_…`                         |
| 11  | netrc, cookies          | `behaviour/test_transport`: `test_cookies_…`, `test_netrc_…`       |
| 12  | ids and slugs           | `core/test_any_input`: `test_id_is_one_segment_…`                  |
| 13  | headers from the user   | `core/test_config`: `test_header_value_…`                          |
| 14  | size, bombs, depth      | `behaviour/test_transport`: `test_body_…`                          |
| 15  | text in responses       | `core/test_replies`: `test_hostile_text_…`                         |
| 16  | JSON and nothing else   | here                                                               |
| 17  | webhook signatures      | `webhooks/test_security`: `test_row_17_…`                          |
| 18  | webhook replays         | `webhooks/test_security`: `test_row_18_…`                          |
| 19  | two products, two keys  | here (O01 to O03), `core/test_endpoints`                           |
| 20  | downloads               | `outputs/`: `test_address`, `test_transfer`, `test_interrupts`     |
| 21  | the local platform      | `local/test_server`, `local/page/test_page`                        |
| 22  | environment             | here                                                               |
| 23  | supply chain            | here: what can be seen in the repository                           |
"""

from __future__ import annotations

import ast
import copy
import gzip
import logging
import pickle
import re
import socket
import ssl
import subprocess
import sys
import textwrap
import tomllib
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import pytest

import skytells
from skytells import (
    ApiErrorId,
    AsyncSkytellsClient,
    ConfigurationError,
    DownloadError,
    InvalidRequestError,
    InvalidResponseError,
    PredictionResponse,
    SkytellsClient,
    SkytellsError,
)
from skytells._core.config import configure
from skytells._core.keys import Secret
from skytells._core.operation import Call, Service
from skytells._core.wire import Reply
from skytells._http.environment import tls_context
from skytells.local import serve as serve_platform

from ..behaviour.misbehaving import Peer
from ..behaviour.steps import answers, head, reply, resets, sends
from ..conftest import Build, Serve

PACKAGE = Path(skytells.__file__).parent
ROOT = PACKAGE.parent
KEY = "sk-never-to-be-seen-0123456789"
P1 = {"id": "p1", "status": "succeeded"}
ONCE = {"retries": 0}


def trees() -> Iterator[tuple[Path, ast.Module]]:
    """The package's modules."""
    for path in PACKAGE.rglob("*.py"):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def failure(client: SkytellsClient, id: str = "p1") -> SkytellsError:
    with pytest.raises(SkytellsError) as caught:
        client.predictions.get(id)
    return caught.value


@pytest.mark.parametrize("key", ["", " ", "a b", "k\n", "é", "x" * 513, "a\x00b", b"sk", 5])
def test_row_01_key_that_cannot_be_one_is_refused_and_not_shown(key: Any) -> None:
    for kind in (SkytellsClient, AsyncSkytellsClient):
        if key == "k\n":
            assert kind(key) is not None  # white space around a key is cut off
            continue
        with pytest.raises(ConfigurationError) as caught:
            kind(key)
        assert "x" * 20 not in f"{caught.value!r}{vars(caught.value)}"


def test_row_02_key_in_memory_is_masked_and_cannot_be_pickled() -> None:
    secret = Secret(KEY)
    assert KEY not in f"{secret} {secret!r} {[secret]}"
    assert not hasattr(secret, "__dict__")
    for act in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(ConfigurationError, match="cannot be pickled"):
            act(secret)


def test_row_03_key_is_in_no_frame_of_a_traceback(build: Build, serve: Serve) -> None:
    server = serve(
        resets(), answers({"error": f"no {KEY}"}, 500), answers([KEY]), resets(unread=True)
    )
    client = build(KEY, base_url=server.url, retry=ONCE)
    for _ in range(4):
        error: BaseException | None = failure(client)
        while error is not None:
            told = traceback.TracebackException.from_exception(error, capture_locals=True)
            assert KEY not in "".join(told.format())
            for frame, _ in traceback.walk_tb(error.__traceback__):
                assert not _holds_key(frame)
            error = error.__cause__ or error.__context__


def _holds_key(frame: FrameType) -> bool:
    """Whether a frame of the package has the bare key among its variables."""
    if not frame.f_code.co_filename.startswith(str(PACKAGE)):
        return False
    return any(
        isinstance(value, str | bytes) and KEY in str(value) for value in frame.f_locals.values()
    )


def test_row_04_key_is_in_no_log_of_any_library(
    build: Build, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(answers(P1), answers({"error": KEY}, 500))
    client = build(KEY, base_url=server.url, retry=ONCE)
    with caplog.at_level(logging.DEBUG):
        for name in ("skytells", "httpx", "httpcore", "httpcore.http11", "h11", "asyncio"):
            caplog.set_level(logging.DEBUG, name)
        client.predictions.get("p1")
        failure(client)
    assert caplog.records
    assert KEY not in "\n".join(f"{r.getMessage()} {r.args} {vars(r)}" for r in caplog.records)


@pytest.mark.parametrize(
    "name", ["X-Api-Key", "authorization", "Cookie", "host", "Content-Length", "Transfer-Encoding"]
)
def test_row_05_key_is_sent_once_and_no_header_stands_in_for_it(
    build: Build, serve: Serve, name: str
) -> None:
    server = serve(answers(P1))
    with pytest.raises(ConfigurationError, match="set by the client itself"):
        build(KEY, base_url=server.url, headers={name: "x"})
    build(KEY, base_url=server.url, headers={"x-team": "a"}).predictions.get("p1")
    raw = server.requests[0].raw.lower()
    assert raw.count(b"x-api-key:") == raw.count(KEY.encode()) == 1
    assert raw.count(b"\r\nhost:") == 1
    assert b"authorization:" not in raw


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_row_06_redirect_is_followed_by_no_method(
    build: Build, serve: Serve, status: int, method: str
) -> None:
    elsewhere = serve(answers(P1))
    server = serve(answers(P1, status, {"location": f"{elsewhere.url}/secret-path?q=1"}))
    client = build(KEY, base_url=server.url, retry=ONCE)
    with pytest.raises(InvalidResponseError) as caught:
        client.request(method, "/x", json={} if method != "GET" else None)
    assert caught.value.error_id == "UNEXPECTED_REDIRECT"
    assert "127.0.0.1" in str(caught.value)
    assert "secret-path" not in str(caught.value)
    assert elsewhere.requests == []
    assert len(server.requests) == 1


def test_row_07_addresses_in_answers_are_never_called(build: Build, serve: Serve) -> None:
    elsewhere = serve(answers(P1))
    urls = dict.fromkeys(("get", "cancel", "stream", "delete"), f"{elsewhere.url}/taken")
    pages = {"data": [P1], "pagination": {"last_page": 1}, "next": elsewhere.url}
    running = P1 | {"status": "processing", "urls": urls}
    server = serve(*map(answers, [running, P1 | {"urls": urls}, {"success": True}, pages]))
    client = build(KEY, base_url=server.url)
    client.wait(client.predictions.get("p1"), interval=1)
    client.delete_prediction("p1")
    assert len(list(client.predictions.iterate())) == 1
    assert elsewhere.connections == 0
    with pytest.raises(InvalidRequestError):
        client.request("GET", f"{elsewhere.url}/x")


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "http://api.example", "https://u:p@api.example", "https://a/?k=1"]
)
def test_row_08_base_url_is_https_or_this_machine_and_frozen(url: str) -> None:
    with pytest.raises(ConfigurationError):
        SkytellsClient(KEY, base_url=url)
    client: Any = SkytellsClient(KEY)
    with pytest.raises(AttributeError):
        client.base_url = "https://elsewhere.example"


def test_row_09_tls_verifies_and_cannot_be_told_not_to() -> None:
    context = tls_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    with pytest.raises(TypeError):
        SkytellsClient(KEY, verify=False)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_row_10_proxy_sees_no_plain_http_and_its_password_is_not_shown(
    build: Build, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = serve(resets()), serve(answers(P1))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://user:passw0rd@127.0.0.1:{proxy.port}")
    assert build(KEY, base_url=server.url).predictions.get("p1").id == "p1"
    assert proxy.connections == 0
    error = failure(build(KEY, base_url="https://api.invalid", retry=ONCE))
    assert proxy.requests == [] or all(r.method == "CONNECT" for r in proxy.requests)
    assert KEY.encode() not in b"".join(request.raw for request in proxy.requests)
    assert "passw0rd" not in f"{error!r} {error} {vars(error)} {error.__cause__!r}"


def test_row_11_cookies_and_netrc_are_not_used(
    build: Build, serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login netrc-user password netrc-password")
    monkeypatch.setenv("NETRC", str(netrc))
    server = serve(answers(P1, headers={"set-cookie": "session=1"}), answers(P1))
    client = build(KEY, base_url=server.url)
    client.predictions.get("p1")
    client.predictions.get("p1")
    for request in server.requests:
        assert not {"cookie", "authorization"} & set(request.headers)


@pytest.mark.parametrize("id", ["../models", "a/b", "a?x=1", "a#b", "..%2f", "a\\b", "//evil"])
def test_row_12_id_stays_one_segment(build: Build, serve: Serve, id: str) -> None:
    def step(peer: Peer) -> None:
        peer.read()
        peer.send(reply({"id": id, "status": "succeeded"}))

    server = serve(step)
    assert build(KEY, base_url=server.url).predictions.get(id).id == id
    path = server.requests[0].target
    assert path.startswith("/v1/predictions/")
    assert not set("/?#\\") & set(path.removeprefix("/v1/predictions/"))


@pytest.mark.parametrize("value", ["a\r\nx-evil: 1", "a\nb", "a\x00", "é"])
def test_row_13_header_of_the_user_carries_no_second_one(value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        SkytellsClient(KEY, headers={"x-team": value})
    assert "x-evil" not in str(caught.value)


BOMB = gzip.compress(bytes(4 * 1024 * 1024))


@pytest.mark.parametrize(
    "answer",
    [
        head("content-type: application/json", "content-length: 999999999999"),
        reply(b'{"id":"p1","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
        reply(BOMB, headers={"content-encoding": "gzip"}),
        reply(b"x", headers={"content-encoding": "br"}),
        reply(gzip.compress(b'{"id":"p1"}')[:-4], headers={"content-encoding": "gzip"}),
    ],
    ids=["declared", "deep", "bomb", "encoding", "cut"],
)
def test_row_14_answer_is_bounded_before_it_costs(
    build: Build, serve: Serve, answer: bytes
) -> None:
    client = build(
        KEY, base_url=serve(sends(answer)).url, max_response_bytes=1024 * 1024, retry=ONCE
    )
    assert isinstance(failure(client), InvalidResponseError)


def test_row_15_text_of_an_answer_is_made_printable_and_bounded(build: Build, serve: Serve) -> None:
    hostile = "\x1b[2J\x00\r\n\u202e" + "x" * 100_000
    body = {"error": {"message": hostile, "error_id": hostile[:40], "http_status": "9"}}
    error = failure(build(KEY, base_url=serve(answers(body, 400)).url))
    assert str(error).isprintable()
    assert len(str(error)) < 1000
    assert error.http_status == 400


DANGEROUS = {"pickle", "marshal", "shelve", "yaml", "dill", "subprocess", "ctypes", "runpy"}


def test_row_16_nothing_is_read_but_json_and_nothing_is_executed() -> None:
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                of = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                names = {n.split(".")[0] for n in [*of, *(alias.name for alias in node.names)]}
                assert not names & DANGEROUS, path
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec", "compile", "__import__"}, path


WFB = "wfb_never-to-be-seen-0123456789"


def test_row_19_o01_key_of_one_side_never_reaches_the_other(build: Build, serve: Serve) -> None:
    steps = [answers([{"id": "w1"}]), answers({"executionId": "e1"})]
    api, other = serve(answers(P1)), serve(*steps, *steps)
    client = build(KEY, base_url=api.url, orchestrator_key=WFB, orchestrator_base_url=other.url)
    for _ in range(2):
        client.predictions.get("p1")
        client.request("POST", "/predict", json={})
        client.orchestrator.workflows.list()
        client.orchestrator.webhooks.trigger("w1", {"x": 1})
    heard = b"".join(request.raw for request in api.requests)
    assert WFB.encode() not in heard
    assert b"authorization" not in heard.lower()
    heard = b"".join(request.raw for request in other.requests)
    assert KEY.encode() not in heard
    assert b"x-api-key" not in heard.lower()


@pytest.mark.parametrize("name", ["X-Api-Key", "Authorization"])
def test_row_19_o02_header_of_the_user_carries_no_key_to_either_side(name: str) -> None:
    with pytest.raises(ConfigurationError, match="set by the client itself"):
        SkytellsClient(KEY, orchestrator_key=WFB, headers={name: KEY})
    client = SkytellsClient(KEY, orchestrator_key=WFB, base_url="http://127.0.0.1:1", retry=ONCE)
    for service in Service:
        call = Call("GET", "/x", Reply.json, headers=((name.encode(), b"x"),), service=service)
        with pytest.raises(InvalidRequestError, match="may not carry a key"):
            client.perform(call)


@pytest.mark.parametrize(
    "swapped",
    [
        {"api_key": WFB},
        {"orchestrator_key": KEY},
        {"base_url": "https://orchestrator.skytells.ai"},
        {"orchestrator_base_url": "https://api.skytells.ai/v1"},
        {"orchestrator_base_url": "https://edge.skytells.ai"},
    ],
)
def test_row_19_o03_what_is_swapped_is_refused_at_construction(swapped: dict[str, str]) -> None:
    for kind in (SkytellsClient, AsyncSkytellsClient):
        with pytest.raises(ConfigurationError) as caught:
            kind(**swapped)  # type: ignore[arg-type]
        assert "never-to-be-seen" not in f"{caught.value!r}{vars(caught.value)}"


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.example/a.png",
        "https://127.0.0.1/a.png",
        "https://[::1]/a.png",
        "https://[::ffff:10.0.0.1]/a.png",
        "https://[64:ff9b::a00:1]/a.png",
        "https://[fe80::1]/a.png",
        "https://10.0.0.1/a.png",
        "https://100.64.0.1/a.png",
        "https://169.254.169.254/latest/meta-data",
        "https://224.0.0.1/a.png",
        "https://0.0.0.0/a.png",
        "https://2130706433/a.png",
        "https://127.1/a.png",
        "https://0x7f000001/a.png",
        "https://localhost/a.png",
        "https://a.localhost./a.png",
        "https://user@cdn.example/a.png",
        "https://cdn.example:0/a.png",
        "https://cdn.example:99999/a.png",
        "https://cdn.example\\@10.0.0.1/a.png",
        "https://cdn..example/a.png",
    ],
)
def test_row_20_output_is_fetched_from_no_private_or_odd_address(
    build: Build, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a name was resolved")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    client = build(KEY, base_url="https://api.skytells.ai/v1")
    with pytest.raises(DownloadError) as caught:
        client.predictions.bytes(PredictionResponse(id="p1", status="succeeded", output=[url]))
    assert caught.value.error_id == ApiErrorId.ADDRESS_REFUSED


def test_row_20_output_is_asked_for_without_the_key(build: Build, serve: Serve) -> None:
    server = serve(answers(b"picture"))
    url = server.url.replace("/v1", "/a.png")
    prediction = PredictionResponse(id="p1", status="succeeded", output=[url])
    client = build(KEY, base_url=server.url, headers={"x-mine": "1"})
    assert client.predictions.bytes(prediction) == b"picture"
    assert KEY.encode() not in server.requests[0].raw
    assert "x-mine" not in server.requests[0].headers


def test_row_21_local_platform_keeps_to_this_machine() -> None:
    with pytest.raises(ValueError, match="other machines"):
        serve_platform(host="0.0.0.0")


KNOWN = {
    *("SKYTELLS_API_KEY", "SKYTELLS_BASE_URL", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("SKYTELLS_ORCHESTRATOR_KEY", "SKYTELLS_ORCHESTRATOR_BASE_URL", "SKYTELLS_CONFIG_DIR"),
    *("SKYTELLS_ORCHESTRATOR_API_KEY", "ORCHESTRATOR_API_KEY"),
}


def test_row_22_environment_is_asked_for_documented_names_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: set[str] = set()

    class Environment(dict[str, str]):
        def get(self, key: Any, default: Any = None) -> Any:
            if sys._getframe(1).f_globals["__name__"].startswith("skytells"):  # pyright: ignore[reportPrivateUsage]
                asked.add(key)
            return default

    monkeypatch.setattr("os.environ", Environment())
    configure(
        None, None, base_url=None, timeout=None, headers=None, retry=None, allow_http=False,
        max_response_bytes=4096,
    )  # fmt: skip
    tls_context()
    assert asked == KNOWN


def test_row_22_import_and_construction_touch_neither_network_nor_files() -> None:
    script = """
        import sys

        written = []

        def watch(event, arguments):
            if event.startswith("socket.") or event == "subprocess.Popen":
                raise AssertionError(event)
            if event == "open" and isinstance(arguments[1], str) and set("wax+") & set(arguments[1]):
                written.append(arguments[0])

        sys.addaudithook(watch)
        sys.dont_write_bytecode = True
        import skytells
        skytells.SkytellsClient("sk-key")
        skytells.AsyncSkytellsClient("sk-key")
        assert not written, written
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_row_23_run_time_needs_two_packages_within_bounds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert [d.partition(">=")[0] for d in project["dependencies"]] == ["httpx", "pydantic"]
    assert all(re.fullmatch(r"\w+>=[\d.]+,<\d+", d) for d in project["dependencies"])
    assert (ROOT / "SECURITY.md").is_file()


def test_every_row_that_applies_has_a_test() -> None:
    rows = {int(name[9:11]) for name in globals() if name.startswith("test_row_")}
    later = {17, 18}
    assert rows == set(range(1, 24)) - later
