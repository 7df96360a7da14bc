"""P: a proxy in between, as the environment names it."""

from __future__ import annotations

import select
import socket
import sys
from contextlib import suppress
from typing import Any, Final

from skytells import RequestTimeoutError

from ...behaviour.misbehaving import Peer, Step
from ...behaviour.steps import answers, closes, drips, head, resets, sends, stalls
from ..cases import SOON, Family, World, block, each, found, unconfigured, unsent
from ..stage import Stage
from .network import certified

TLS: Final[dict[str, Any]] = {"tls": certified()}


def tunnels(peer: Peer) -> None:
    """What a proxy does with a CONNECT: from then on it passes bytes on, unseen."""
    host, port = peer.read().target.split(":")
    assert host == "localhost"
    with socket.create_connection(("127.0.0.1", int(port))) as upstream:
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


def proxied(
    *steps: Step, variable: str = "HTTPS_PROXY", url: str = "http://127.0.0.1:{port}"
) -> World:
    """The environment names the stranger as a proxy, which does these steps and then tunnels."""

    def world(stage: Stage) -> None:
        stage.proxy.recover(*steps, tunnels)
        stage.monkeypatch.setenv(variable, url.format(port=stage.proxy.port))
        stage.mend.append(lambda: stage.proxy.recover(tunnels))

    return world


ESTABLISHED: Final = b"HTTP/1.1 200 Connection established\r\n\r\n"
PASSING = block(
    "P",
    1,
    each(found(pauses=(0.5,))),
    [
        ("The proxy wants a password at first", {"world": proxied(answers(status=407))}),
        ("The proxy refuses with 403 at first", {"world": proxied(answers(status=403))}),
        ("The proxy cannot reach the server at first", {"world": proxied(answers(status=502))}),
        (
            "The proxy redirects at first",
            {
                "world": proxied(
                    sends(head("location: http://a.example/", "content-length: 0", status=302))
                )
            },
        ),
        ("The proxy closes the connection at first", {"world": proxied(closes())}),
        ("The proxy resets the connection at first", {"world": proxied(resets())}),
        (
            "The proxy answers garbage at first",
            {"world": proxied(sends(b"SSH-2.0\r\n", then=Peer.close))},
        ),
        (
            "The tunnel is cut before TLS at first",
            {"world": proxied(sends(ESTABLISHED, then=Peer.close))},
        ),
        (
            "The tunnel leads to no TLS at first",
            {"world": proxied(sends(ESTABLISHED + b"HTTP/1.1 400 Bad\r\n\r\n", then=Peer.close))},
        ),
    ],
    **TLS,
)
STALLED = block(
    "P",
    11,
    each(unsent(RequestTimeoutError)),
    [
        ("The proxy never answers", {"world": proxied(stalls())}),
        (
            "The proxy answers byte by byte",
            {"world": proxied(drips(b"HTTP/1.1 200 OK\r\n", b"x-a: b\r\n"))},
        ),
        ("The tunnel is never spoken in", {"world": proxied(sends(ESTABLISHED, then=Peer.hold))}),
    ],
    options={"timeout": SOON},
    **TLS,
)
FINE = block(
    "P",
    20,
    each(found()),
    [
        ("A proxy in between", {"world": proxied()}),
        (
            "A proxy with a name and a password",
            {"world": proxied(url="http://me:pass%20word@127.0.0.1:{port}")},
        ),
        ("A proxy for everything", {"world": proxied(variable="ALL_PROXY")}),
        ("A proxy without a scheme", {"world": proxied(url="127.0.0.1:{port}")}),
    ],
    **TLS,
)


def aside(stage: Stage) -> None:
    """A proxy that must not be asked: the stranger."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        stage.monkeypatch.setenv(name, f"http://127.0.0.1:{stage.stranger.port}")


def excepted(stage: Stage) -> None:
    aside(stage)
    stage.monkeypatch.setenv("NO_PROXY", "example.com,localhost")


ASIDE = block(
    "P",
    30,
    each(found()),
    [
        ("A proxy, and plain http: it would read the key", {"world": aside}),
        ("A proxy, and a host that NO_PROXY names", {"world": excepted, **TLS}),
    ],
)


def named(url: str) -> World:
    def world(stage: Stage) -> None:
        stage.monkeypatch.setenv("HTTPS_PROXY", url)
        stage.mend.append(lambda: stage.monkeypatch.delenv("HTTPS_PROXY"))

    return world


def without_socksio(stage: Stage) -> None:
    stage.monkeypatch.setitem(sys.modules, "socksio", None)
    named("socks5://me:password@127.0.0.1:1")(stage)


wrong = block(
    "P",
    40,
    each(unconfigured("httpx[socks]")),
    [("The proxy is a SOCKS proxy, and its package is missing", {"world": without_socksio})],
    **TLS,
)
wrong += block(
    "P",
    41,
    each(unconfigured("http_client")),
    [
        ("The proxy is another kind of server", {"world": named("ftp://127.0.0.1:1")}),
        ("The proxy has no host", {"world": named("http://:3128")}),
    ],
    **TLS,
)
wrong += block(
    "P",
    43,
    each(unconfigured()),
    [
        ("The proxy's port is no number", {"world": named("http://127.0.0.1:many")}),
        ("The proxy's port is too large", {"world": named("http://127.0.0.1:99999")}),
        ("The proxy's address cannot be read", {"world": named("http://[127.0.0.1")}),
    ],
    **TLS,
)

wrong += block(
    "P",
    46,
    each(unsent(attempts=3)),
    [
        ("Nobody listens where the proxy should be", {"world": named("http://127.0.0.1:1")}),
        ("The proxy goes by an IPv6 address, and is not there", {"world": named("http://[::1]:1")}),
    ],
    lasting=True,
    **TLS,
)

FAMILY: Final = Family(
    "P",
    "Proxies",
    "A proxy of the environment that fails, stalls or is none. It never sees the key, and what it "
    "refuses was surely not sent.",
    [*PASSING, *STALLED, *FINE, *ASIDE, *wrong],
)
