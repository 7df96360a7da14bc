"""The proxies and authorities that the environment names, as httpx understands them."""

from __future__ import annotations

import ssl
import sys
import time
from collections.abc import Iterator

import pytest
import trustme
import truststore

from skytells import ConfigurationError, NetworkError, RequestTimeoutError

from ..conftest import Build
from .conftest import Serve
from .misbehaving import Server
from .socks import PHASES, socks5
from .steps import answers, drips, head, resets
from .test_transport import (
    AT_ONCE,
    KEY,
    ONCE,
    P1,
    authority,
    certified,
    create,
    failure,
    get,
    trusted,
    tunnels,
)

__all__ = ["authority", "trusted"]


@pytest.fixture
def server(serve: Serve, trusted: trustme.CA) -> Server:
    return serve(answers(P1), tls=certified(trusted))


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
@pytest.mark.parametrize("user", [None, "me"])
def test_a_socks_proxy_of_the_environment_tunnels_and_never_sees_the_key(
    scheme: str,
    user: str | None,
    build: Build,
    serve: Serve,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy = serve(socks5(user, "w@rd"))
    given = "" if user is None else f"{user}:w%40rd@"
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://{given}127.0.0.1:{proxy.port}")
    client = build(KEY, base_url=server.url)
    assert client.warm_up() == 0
    get(client)
    create(client)
    client.close()
    assert len(server.requests) == 2
    # The name, not an address: the proxy is who looks it up.
    assert [request.target for request in proxy.requests] == [f"localhost:{server.port}"]
    assert KEY.encode() not in proxy.requests[0].raw


@pytest.mark.parametrize("phase", PHASES)
def test_a_socks_proxy_that_stalls_is_bounded_by_the_timeout(
    phase: str, build: Build, serve: Serve, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(socks5("me", "hunter2", stalls_at=phase))
    monkeypatch.setenv("ALL_PROXY", f"socks5://me:hunter2@127.0.0.1:{proxy.port}")
    begun = time.monotonic()
    error = failure(create, build(KEY, base_url=server.url, timeout=300))
    assert time.monotonic() - begun < 5  # not a measure of speed: httpcore's own limits are longer
    assert isinstance(error, RequestTimeoutError)
    assert not error.maybe_sent
    assert proxy.was_cut()
    assert server.requests == []


@pytest.mark.parametrize("phase", ["greeting", "authentication", "connecting", "tunnel"])
def test_a_socks_proxy_that_refuses_leaves_a_paid_post_unsent(
    phase: str, build: Build, serve: Serve, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(socks5("me", "hunter2", refuses_at=phase))
    monkeypatch.setenv("ALL_PROXY", f"socks5://me:hunter2@127.0.0.1:{proxy.port}")
    error = failure(create, build(KEY, base_url=server.url, retry=AT_ONCE))
    assert isinstance(error, NetworkError)
    assert not error.maybe_sent
    assert "hunter2" not in f"{error} {error.details}"
    assert server.requests == []


def test_a_socks_proxy_with_a_wrong_password_is_a_network_error(
    build: Build, serve: Serve, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(socks5("me", "hunter2"))
    monkeypatch.setenv("ALL_PROXY", f"socks5://me:secret-word@127.0.0.1:{proxy.port}")
    error = failure(create, build(KEY, base_url=server.url, retry=ONCE))
    assert isinstance(error, NetworkError)
    assert (error.maybe_sent, "secret-word" in str(error)) == (False, False)


def test_a_socks_proxy_without_its_package_says_what_to_install(
    build: Build, serve: Serve, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(socks5())
    monkeypatch.setenv("ALL_PROXY", f"socks5://me:hunter2@127.0.0.1:{proxy.port}")
    monkeypatch.setitem(sys.modules, "socksio", None)
    error = failure(create, build(KEY, base_url=server.url))
    assert isinstance(error, ConfigurationError)
    assert "httpx[socks]" in error.message
    assert "hunter2" not in str(error)
    assert proxy.connections == server.connections == 0


@pytest.mark.parametrize(
    ("excepted", "passed_by"),
    [
        ("localhost:{port}", True),
        ("elsewhere.example, localhost:{port}", True),
        ("localhost", True),
        ("*", True),
        ("localhost:1", False),
        ("host", False),
    ],
)
@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
def test_no_proxy_counts_with_its_port(
    excepted: str,
    passed_by: bool,
    variable: str,
    build: Build,
    serve: Serve,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy = serve(tunnels)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv(variable, excepted.format(port=server.port))
    get(build(KEY, base_url=server.url))
    assert (proxy.connections == 0) is passed_by


def test_a_proxy_that_drips_its_answer_is_bounded_by_the_timeout(
    build: Build, serve: Serve, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in (drips(b"", head(status=103)), drips(head()[:-2], b"x-a: b\r\n")):
        proxy = serve(step)
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        error = failure(create, build(KEY, base_url=server.url, timeout=300))
        assert isinstance(error, RequestTimeoutError)
        assert not error.maybe_sent
        assert proxy.was_cut()
    assert server.requests == []


def test_a_paid_post_through_a_proxy_that_was_cut_may_have_been_sent(
    build: Build, serve: Serve, trusted: trustme.CA, monkeypatch: pytest.MonkeyPatch, hasty: None
) -> None:
    proxy, server = serve(tunnels), serve(resets(), tls=certified(trusted))
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    error = failure(create, build(KEY, base_url=server.url, retry=AT_ONCE))
    assert isinstance(error, NetworkError)
    assert error.maybe_sent
    assert [request.method for request in server.requests].count("POST") == 1


# Authorities


@pytest.fixture
def injected() -> Iterator[None]:
    """Has `truststore` undone at the end, whatever the test did."""
    yield
    truststore.extract_from_ssl()


def test_truststore_counts_for_the_next_client(
    build: Build, server: Server, injected: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    get(build(KEY, base_url=server.url))
    seen: list[str] = []

    def recorded(
        self: truststore.SSLContext, *arguments: object, **options: object
    ) -> ssl.SSLObject:
        seen.append("wrapped")
        raise ssl.SSLError("seen by truststore")

    for name in ("wrap_socket", "wrap_bio"):
        monkeypatch.setattr(truststore.SSLContext, name, recorded)
    truststore.inject_into_ssl()
    error = failure(get, build(KEY, base_url=server.url, retry=ONCE))
    assert isinstance(error, NetworkError)
    assert seen
    truststore.extract_from_ssl()
    get(build(KEY, base_url=server.url))
    assert len(server.requests) == 2


def test_authorities_of_the_environment_count_for_the_next_client(
    build: Build, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    get(build(KEY, base_url=server.url))
    monkeypatch.delenv("SSL_CERT_FILE")
    error = failure(get, build(KEY, base_url=server.url, retry=ONCE))
    assert "SSL_CERT_FILE" in error.message
    assert len(server.requests) == 1
