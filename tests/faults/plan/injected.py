"""X: a ready `httpx` client in place of our own connections."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any, Final

import httpx

from skytells import InvalidResponseError, NetworkError, RequestTimeoutError

from ...behaviour.misbehaving import Peer
from ...behaviour.steps import answers, closes, drips, floods, head, reply, resets, sends, stalls
from ..cases import (
    P1,
    PASSING,
    SOON,
    STALLED,
    UNREADABLE,
    WELL,
    Family,
    Raises,
    World,
    block,
    each,
    found,
    unconfigured,
    unreadable,
    unsent,
)
from ..stage import Stage
from .bodies import LIMIT, bombs
from .network import deaf

BODY: Final = reply(P1)


def injects(*worlds: World, **options: Any) -> World:
    """The client stands on one of httpx, which keeps no connection at rest."""

    def world(stage: Stage) -> None:
        kind: Any = httpx.Client if stage.colour == "sync" else httpx.AsyncClient
        limits = httpx.Limits(max_keepalive_connections=0)
        stage.options["http_client"] = kind(**{"limits": limits, "timeout": None, **options})
        for other in worlds:
            other(stage)

    return world


USUAL: Final = injects()
breaking = block(
    "X",
    1,
    PASSING,
    [
        ("The connection closes instead of an answer", closes()),
        ("The connection is reset instead of an answer", resets()),
        ("It closes in the headers", sends(b"HTTP/1.1 200 OK\r\ncont", then=Peer.close)),
        ("It closes in the body", sends(BODY[:-3], then=Peer.close)),
        ("It is reset in the body", sends(BODY[:-3], then=Peer.reset)),
        ("Another protocol", sends(b"SSH-2.0\r\n", then=Peer.close)),
        ("A header with NUL", sends(head("x-a: b\0c"), then=Peer.close)),
        (
            "A chunk of no size",
            sends(head("transfer-encoding: chunked"), b"zz\r\n", then=Peer.close),
        ),
        ("Headers without end", floods(b"HTTP/1.1 200 OK\r\n", b"x-a: " + b"b" * 999 + b"\r\n")),
    ],
    world=USUAL,
)
breaking += block(
    "X",
    10,
    each(unsent(attempts=3)),
    [("Nobody listens", {"listening": False, "world": injects(deaf)})],
)
STALLING = block(
    "X",
    11,
    STALLED,
    [
        ("Nothing is answered", stalls()),
        ("The answer stops in the headers", sends(b"HTTP/1.1 200 OK\r\ncont", then=Peer.hold)),
        ("The answer stops in the body", sends(BODY[:-3], then=Peer.hold)),
        ("A body comes byte by byte", drips(head("content-length: 99999"), b" ")),
        ("Chunks come byte by byte", drips(head("transfer-encoding: chunked"), b"1\r\n \r\n")),
    ],
    world=USUAL,
    options={"timeout": SOON},
)
reading = block(
    "X",
    20,
    UNREADABLE,
    [
        (
            "gzip that is cut",
            answers(gzip.compress(b'{"id": "p1"}')[:-8], 200, {"content-encoding": "gzip"}),
        ),
        ("An encoding that was not asked for", answers(P1, 200, {"content-encoding": "br"})),
        (
            "`null`",
            {
                "script": (answers(None),),
                "due": {"get": unreadable(), "create": unreadable(maybe_sent=True)},
            },
        ),
    ],
    world=USUAL,
)
reading += block(
    "X",
    23,
    {
        "get": unreadable(says="max_response_bytes"),
        "create": unreadable(says="max_response_bytes", maybe_sent=True),
    },
    [
        ("A gzip bomb", bombs()),
        ("A body without end", floods(head(), b" " * 4096)),
        ("A length of a petabyte", sends(head(f"content-length: {2**50}"), then=Peer.hold)),
    ],
    world=USUAL,
    options={"max_response_bytes": LIMIT},
)
reading += block(
    "X",
    26,
    each(found()),
    [
        ("Nothing is wrong", WELL),
        ("gzip", answers(gzip.compress(b'{"id": "p1"}'), 200, {"content-encoding": "gzip"})),
    ],
    world=USUAL,
)
leading = block(
    "X",
    30,
    each(Raises(kind=InvalidResponseError, error_id="UNEXPECTED_REDIRECT", status=302, attempts=1)),
    [
        (
            "A redirect, and the client would follow it",
            sends(head("location: http://127.0.0.1:1/x", "content-length: 0", status=302)),
        )
    ],
    world=injects(follow_redirects=True),
)
leading += block(
    "X",
    31,
    each(found(sent={"x-api-key": "sk-do-not-show-me-0123456789"})),
    [("The client has a key of another's among its headers", WELL)],
    world=injects(headers={"x-api-key": "sk-other"}),
)


class ExoticError(Exception):
    """What nobody has heard of."""


def failing(error: Exception) -> World:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error

    return injects(transport=httpx.MockTransport(fail))


FOREIGN: Final[tuple[tuple[Exception, bool], ...]] = (
    (httpx.ConnectError("no"), False),
    (httpx.ConnectTimeout("no"), False),
    (httpx.PoolTimeout("no"), False),
    (httpx.UnsupportedProtocol("no"), False),
    (httpx.ReadTimeout("no"), True),
    (httpx.WriteTimeout("no"), True),
    (httpx.ReadError("no"), True),
    (httpx.WriteError("no"), True),
    (httpx.RemoteProtocolError("no"), True),
    (httpx.LocalProtocolError("no"), True),
    (httpx.ProxyError("no"), True),
    (httpx.DecodingError("no"), True),
    (httpx.TooManyRedirects("no"), True),
    (httpx.InvalidURL("no"), True),
    (httpx.CookieConflict("no"), True),
    (httpx.StreamClosed(), True),
    (UnicodeEncodeError("ascii", "ü", 0, 1, "no"), True),
    (ValueError("no"), True),
    (KeyError("no"), True),
    (RuntimeError("no"), True),
    (OSError(24, "Too many open files"), True),
    (MemoryError(), True),
    (RecursionError(), True),
    (ExoticError("\x1b[31mno\r\n" * 999), True),
)
RAISING = [
    fault
    for number, (error, maybe_sent) in enumerate(FOREIGN, 40)
    for fault in block(
        "X",
        number,
        {
            "create": Raises(
                kind=RequestTimeoutError
                if isinstance(error, httpx.TimeoutException)
                else NetworkError,
                maybe_sent=maybe_sent,
                requests=0,
                attempts=1,
            )
        },
        [(f"The client raises `{type(error).__name__}`", {"world": failing(error)})],
        options={"retry": {"retries": 0}},
        lasting=True,
    )
]


def closed(stage: Stage) -> None:
    """Its user has closed it."""
    inner = stage.options["http_client"]
    asyncio.run(inner.aclose()) if stage.colour == "async" else inner.close()


CLOSED = block(
    "X",
    70,
    each(unconfigured("closed")),
    [("The client was closed by its user", {"world": injects(), "between": closed})],
    lasting=True,
)

FAMILY: Final = Family(
    "X",
    "A client of the user's own",
    "With `http_client=` the sockets are not ours: what holds all the same.",
    [*breaking, *STALLING, *reading, *leading, *RAISING, *CLOSED],
)
