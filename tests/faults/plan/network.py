"""N: the way to the server and back."""

from __future__ import annotations

import datetime as dt
import gzip
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any, Final

from skytells import RequestTimeoutError

from ...behaviour.misbehaving import Peer, Step
from ...behaviour.steps import (
    closes,
    drips,
    floods,
    head,
    ignores,
    reply,
    resets,
    sends,
    stalls,
)
from ..acts import ORDER
from ..cases import (
    FINE,
    ONCE,
    P1,
    PASSING,
    SOON,
    STALLED,
    WELL,
    Family,
    World,
    block,
    found,
    late,
    lost,
    unsent,
)
from ..stage import Stage, authority

BRIEF: Final = {"timeout": SOON}
CHUNKED: Final = head("transfer-encoding: chunked")
BODY: Final = reply(P1)
Tls = Callable[[], ssl.SSLContext]


# Connecting


def deaf(stage: Stage) -> None:
    """Nobody listens until all is over."""
    stage.mend.append(once(stage.server.listen))


def deaf_at_first(stage: Stage) -> None:
    """Somebody listens by the time of the second try."""
    stage.clockwork.on_pause = once(stage.server.listen)
    stage.mend.append(stage.clockwork.on_pause)


def once(act: Callable[[], object]) -> Callable[[], object]:
    left = [act]
    return lambda: left.pop()() if left else None


def unheard(stage: Stage) -> None:
    """What was written and not read leaves the connection half open; in the end it is cut."""
    stage.mend.append(stage.server.hang_up)


def swallows(stage: Stage) -> None:
    """A backlog that is full."""
    callers = stage.server.fill()

    def empty() -> None:
        for caller in callers:
            caller.close()
        stage.server.listen()

    stage.mend.append(once(empty))


def resolves(look_up: Callable[[Any], list[str]]) -> World:
    """The server goes by a name, and this is how it is looked up."""

    def world(stage: Stage) -> None:
        stage.options["base_url"] = f"http://localhost:{stage.server.port}/v1"
        real = socket.getaddrinfo

        def resolve(host: Any, *rest: Any, **options: Any) -> Any:
            addresses = ["127.0.0.1"] if mended else look_up(host)
            return [entry for address in addresses for entry in real(address, *rest, **options)]

        mended: list[bool] = []
        stage.monkeypatch.setattr(socket, "getaddrinfo", resolve)
        stage.mend.append(lambda: mended.append(True))

    return world


def fails(times: int) -> World:
    """The resolver fails so many times for each test."""

    def world(stage: Stage) -> None:
        left = [None] * times

        def look_up(_: object) -> list[str]:
            if left:
                left.pop()
                raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
            return ["127.0.0.1"]

        resolves(look_up)(stage)

    return world


def unspeakable(_: object) -> list[str]:
    raise UnicodeError("encoding with 'idna' codec failed (UnicodeError: label too long)")


def hangs(stage: Stage) -> None:
    """The resolver does not come back until all is over."""
    done = threading.Event()

    def look_up(_: object) -> list[str]:
        done.wait(20)
        return ["127.0.0.1"]

    resolves(look_up)(stage)
    stage.mend.append(done.set)


CONNECTING = block(
    "N",
    1,
    unsent(attempts=3, pauses=(0.5, 1.0)),
    [
        ("Nobody listens", {"listening": False, "world": deaf}),
        (
            "Nobody listens at first",
            {"listening": False, "world": deaf_at_first, "due": found(pauses=(0.5,))},
        ),
        (
            "Nobody listens, and no retries are wanted",
            {"listening": False, "world": deaf, "due": unsent(), "options": {"retry": ONCE}},
        ),
        ("The host has no address", {"world": fails(99)}),
        ("The resolver fails at first", {"world": fails(1), "due": found(pauses=(0.5,))}),
        (
            "The resolver never comes back",
            {"world": hangs, "due": unsent(RequestTimeoutError), "options": BRIEF},
        ),
        (
            "Connecting is never answered",
            {
                "world": swallows,
                "listening": False,
                "due": unsent(RequestTimeoutError),
                "options": BRIEF,
            },
        ),
        (
            "The host's name is one that cannot be encoded",
            {"world": resolves(unspeakable), "due": unsent(attempts=3)},
        ),
        (
            "The first of two addresses refuses",
            {"world": resolves(lambda _: ["127.0.0.9", "127.0.0.1"]), "due": found()},
        ),
    ],
)


# handshakes


def certified(
    who: str = "trusted", name: str = "localhost", *, expired: bool = False, mutual: bool = False
) -> Tls:
    """A server's side of handshakes, its certificate issued by somebody for some name."""

    def context() -> ssl.SSLContext:
        past = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in (2019, 2020))
        dates: dict[str, Any] = dict(zip(("not_before", "not_after"), past, strict=True))
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate: Any = authority(who).issue_cert(name, **(dates if expired else {}))
        certificate.configure_cert(made)
        if mutual:
            made.verify_mode = ssl.CERT_REQUIRED
            made.load_verify_locations(cadata=authority("trusted").cert_pem.bytes().decode())
        return made

    return context


def by_https(stage: Stage) -> None:
    """The client speaks handshakes, whatever the server does; in the end it does, too."""
    stage.options["base_url"] = f"https://localhost:{stage.server.port}/v1"
    stage.mend.append(lambda: stage.server.speak(certified()()))


def by_http(stage: Stage) -> None:
    """The client speaks plainly, and so does the server in the end."""
    stage.options["base_url"] = f"http://127.0.0.1:{stage.server.port}/v1"
    stage.mend.append(lambda: stage.server.speak(None))


def says_unread(data: bytes) -> Step:
    def step(peer: Peer) -> None:
        peer.send(data)
        peer.close()

    return step


handshakes = block(
    "N",
    10,
    unsent(connections=1, facts={"retryable": False}, says="SSL_CERT_FILE"),
    [
        ("The certificate's authority is not known", {"tls": certified("stranger")}),
        ("The certificate is another host's", {"tls": certified(name="elsewhere.example")}),
        ("The certificate has expired", {"tls": certified(expired=True)}),
    ],
    world=by_https,
)
handshakes += block(
    "N",
    13,
    unsent(attempts=3),
    [
        (
            "Plain text answers the handshakes handshake",
            (says_unread(b"HTTP/1.1 400 Bad\r\n\r\n"),),
        ),
        ("The connection closes in the handshakes handshake", (closes(unread=True),)),
        ("The connection is reset in the handshakes handshake", (resets(unread=True),)),
        (
            "The handshakes handshake is never answered",
            {"script": (ignores(),), "options": BRIEF, "due": unsent(RequestTimeoutError)},
        ),
    ],
    world=by_https,
)
handshakes += block(
    "N",
    17,
    PASSING,
    [
        ("TLS is cut in an answer", sends(BODY[:-3], then=Peer.close)),
        ("TLS is reset in an answer", sends(BODY[:-3], then=Peer.reset)),
        (
            "Nothing is answered over TLS",
            {"script": (stalls(), WELL), "due": STALLED, "options": {"timeout": 2 * SOON}},
        ),
        ("Nothing is wrong with TLS", {"due": found(connections=1)}),
    ],
    world=by_https,
    tls=certified(),
)
handshakes += block(
    "N",
    21,
    {"get": lost(0, maybe_sent=False, attempts=3), "create": lost(0, attempts=1)},
    [
        (
            "The server speaks handshakes, and base_url says http",
            {"tls": certified(), "world": by_http},
        ),
        (
            "The server wants a certificate of the client",
            {"tls": certified(mutual=True), "world": by_https},
        ),
    ],
)


# Waiting for an answer

stalling = block(
    "N",
    30,
    STALLED,
    [
        ("Nothing is answered", stalls()),
        ("The answer stops in the status line", sends(b"HTTP/1.1 20", then=Peer.hold)),
        ("The answer stops in the headers", sends(b"HTTP/1.1 200 OK\r\ncont", then=Peer.hold)),
        ("The answer stops before the body", sends(head("content-length: 9"), then=Peer.hold)),
        ("The answer stops in the body", sends(BODY[:-3], then=Peer.hold)),
        ("The answer stops in a chunk", sends(CHUNKED, b"9\r\n{", then=Peer.hold)),
        ("The answer stops before the last chunk", sends(CHUNKED, b"2\r\n{}\r\n", then=Peer.hold)),
        ("Headers come byte by byte", drips(b"HTTP/1.1 200 OK\r\n", b"x-a: b\r\n")),
        ("A header has no end, byte by byte", drips(b"HTTP/1.1 200 OK\r\nx-a: ", b"b")),
        ("A body with a length comes byte by byte", drips(head("content-length: 99999"), b" ")),
        ("A body without a length comes byte by byte", drips(head(), b" ")),
        ("Chunks come byte by byte", drips(CHUNKED, b"1\r\n \r\n")),
        (
            "gzip comes byte by byte",
            drips(
                head("content-encoding: gzip", "content-length: 99999")
                + gzip.compress(b"", mtime=0)[:10],
                b"\0\0\0\xff\xff",  # a block of nothing
            ),
        ),
        (
            "An error's body comes byte by byte",
            drips(head("content-length: 99999", status=500), b" "),
        ),
        (
            "A refusal's body never comes",
            sends(head("content-length: 9", status=422), then=Peer.hold),
        ),
        ("Early hints without end, byte by byte", drips(b"", head(status=103))),
        ("Early hints without end, at full speed", floods(b"", head(status=103))),
        ("100 Continue without end", floods(b"", head(status=100))),
    ],
    options=BRIEF,
)
stalling += block(
    "N",
    48,
    {"get": late(requests=0), "create": late(requests=0, maybe_sent=True)},
    [
        ("The request is never read", (ignores(),)),
        (
            "A large request is never read",
            {
                "script": (ignores(),),
                "due": {"create": late(requests=0, maybe_sent=True)},
                "world": unheard,
                "given": {"payload": {**ORDER, "input": {"prompt": "A cat on a mat" * 1_500_000}}},
            },
        ),
    ],
    options=BRIEF,
)


# Connections that break

breaking = block(
    "N",
    60,
    PASSING,
    [
        ("The connection closes instead of an answer", closes()),
        ("The connection is reset instead of an answer", resets()),
        ("It closes in the status line", sends(b"HTTP/1.1 20", then=Peer.close)),
        ("It is reset in the status line", sends(b"HTTP/1.1 20", then=Peer.reset)),
        ("It closes in the headers", sends(b"HTTP/1.1 200 OK\r\ncont", then=Peer.close)),
        ("It is reset in the headers", sends(b"HTTP/1.1 200 OK\r\ncont", then=Peer.reset)),
        ("It closes after early hints", sends(head(status=103), then=Peer.close)),
        ("It closes before the body", sends(head("content-length: 9"), then=Peer.close)),
        ("It is reset before the body", sends(head("content-length: 9"), then=Peer.reset)),
        ("It closes one byte short of the body", sends(BODY[:-1], then=Peer.close)),
        ("It is reset one byte short of the body", sends(BODY[:-1], then=Peer.reset)),
        ("It closes in the size of a chunk", sends(CHUNKED, b"2", then=Peer.close)),
        ("It closes in a chunk", sends(CHUNKED, b"9\r\n{", then=Peer.close)),
        ("It is reset in a chunk", sends(CHUNKED, b"9\r\n{", then=Peer.reset)),
        ("It closes before the last chunk", sends(CHUNKED, b"2\r\n{}\r\n", then=Peer.close)),
        ("It closes in the trailers", sends(CHUNKED, b"2\r\n{}\r\n0\r\nx-a", then=Peer.close)),
    ],
)
breaking += block(
    "N",
    76,
    {"get": found(1), "cancel": found(1), "create": lost(0)},
    [
        ("The connection closes before the request is read", closes(unread=True)),
        ("The connection is reset before the request is read", resets(unread=True)),
    ],
)


# What is no HTTP


def garbage(*pieces: bytes) -> Step:
    return sends(*pieces, then=Peer.close)


GARBAGE = block(
    "N",
    80,
    PASSING,
    [
        ("Another protocol", garbage(b"SSH-2.0-OpenSSH_9.6\r\n")),
        ("An HTTP/2 preface", garbage(b"\0\0\x12\x04\0\0\0\0\0")),
        ("A handshakes alert", garbage(b"\x15\x03\x01\0\x02\x02\x28")),
        ("A body without a head", garbage(b'{"id": "p1", "status": "succeeded"}')),
        ("A page without a head", garbage(b"<html>\r\n<body>\r\n\r\n")),
        ("A blank line, and no more", garbage(b"\r\n\r\n")),
        ("NUL bytes", garbage(b"\0" * 64)),
        ("A status that is no number", garbage(b"HTTP/1.1 abc OK\r\n\r\n")),
        ("A status of two digits", garbage(b"HTTP/1.1 20 OK\r\n\r\n")),
        ("A status of four digits", garbage(b"HTTP/1.1 2000 OK\r\n\r\n")),
        ("A negative status", garbage(b"HTTP/1.1 -200 OK\r\n\r\n")),
        ("A status of no digits", garbage(b"HTTP/1.1  OK\r\n\r\n")),
        ("A header without a colon", garbage(head("what is this"))),
        ("A header without a name", garbage(head(": b"))),
        ("A header whose name has a space", garbage(head("x a: b"))),
        ("A header with NUL", garbage(head("x-a: b\0c"))),
        ("Two lengths that differ", garbage(head("content-length: 1", "content-length: 2"), b"1")),
        ("A negative length", garbage(head("content-length: -1"))),
        ("A length that is no number", garbage(head("content-length: many"))),
        ("A length of a hundred digits", garbage(head("content-length: " + "9" * 100))),
        ("An unknown transfer encoding", garbage(head("transfer-encoding: magic"))),
        ("Two transfer encodings", garbage(head("transfer-encoding: gzip, chunked"))),
        ("A chunk of no size", garbage(CHUNKED, b"zz\r\n")),
        ("A chunk of negative size", garbage(CHUNKED, b"-1\r\n")),
        ("A chunk of enormous size", garbage(CHUNKED, b"F" * 30 + b"\r\n")),
        ("A chunk longer than it says", garbage(CHUNKED, b"1\r\nabc\r\n0\r\n\r\n")),
        ("A switch of protocols", garbage(head("upgrade: websocket", status=101))),
        ("Headers without end", floods(b"HTTP/1.1 200 OK\r\n", b"x-a: " + b"b" * 999 + b"\r\n")),
        ("One header without end", floods(b"HTTP/1.1 200 OK\r\nx-a: ", b"b" * 1000)),
        ("A status line without end", floods(b"HTTP/1.1 200 ", b"b" * 1000)),
    ],
)

# Odd, and right


def slow(peer: Peer) -> None:
    peer.read()
    peer.drip(BODY, pause=0.0)


MANY: Final = [f"x-{number}: {'b' * 40}" for number in range(500)]
JSON: Final = b'{"id": "p1"}'
ODD = block(
    "N",
    120,
    FINE,
    [
        (
            "Early hints and 100 Continue before the answer",
            sends(head("link: </a>", status=103) * 3 + head(status=100) + BODY),
        ),
        ("The answer comes byte by byte, in time", slow),
        ("A status line without a reason", sends(BODY.replace(b" Reason", b"", 1))),
        (
            "A chunk extension and a trailer",
            sends(CHUNKED, b"c;a=1\r\n" + JSON + b"\r\n0\r\nx-a: b\r\n\r\n"),
        ),
        ("A body that ends with the connection", sends(head(), JSON, then=Peer.close)),
        ("An answer in HTTP/1.0", sends(BODY.replace(b"1.1", b"1.0", 1), then=Peer.close)),
        ("Lines that end without CR", sends(BODY.replace(b"\r\n", b"\n"))),
        (
            "Both a length and chunks",
            sends(
                head("content-length: 3", "transfer-encoding: chunked"),
                b"c\r\n" + JSON + b"\r\n0\r\n\r\n",
            ),
        ),
        ("The same length twice", sends(head("content-length: 12", "content-length: 12"), JSON)),
        ("Five hundred headers", sends(head(*MANY, "content-length: 12"), JSON)),
        (
            "A header of sixty thousand bytes",
            sends(head("x-a: " + "b" * 60_000, "content-length: 12"), JSON),
        ),
        (
            "Headers that are not ASCII",
            sends(head("content-length: 12")[:-2] + b"x-a: \xfc\xff\r\n\r\n", JSON),
        ),
        ("A folded header", sends(head("x-a: b", " c", "content-length: 12"), JSON)),
    ],
)

FAMILY: Final = Family(
    "N",
    "Network",
    "The way to the server and back: connecting, handshakes, stalls, drips, breaks, and what is no HTTP.",
    [*CONNECTING, *handshakes, *stalling, *breaking, *GARBAGE, *ODD],
)
