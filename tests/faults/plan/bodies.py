"""B: answers whose body is not what is due."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from skytells import ServerError

from ...behaviour.misbehaving import Peer, Step
from ...behaviour.steps import answers, floods, head, sends
from ..cases import (
    FINE,
    P1,
    UNREADABLE,
    Due,
    Family,
    Gives,
    Raises,
    block,
    found,
    several,
    shown,
    unreadable,
    wired,
)

GARBLED: Final = {
    "get": unreadable("INVALID_JSON"),
    "cancel": unreadable("INVALID_JSON"),
    "create": unreadable("INVALID_JSON", maybe_sent=True),
}
"""Due where a body that says JSON is none."""
NO_JSON: Final = {
    "get": unreadable("SERVER_ERROR", kind=ServerError),
    "cancel": unreadable("SERVER_ERROR", kind=ServerError),
    "create": unreadable("SERVER_ERROR", kind=ServerError, maybe_sent=True),
}
"""Due where a body does not even say JSON."""


def empty(status: int = 200) -> dict[str, Due]:
    """Due where there is no body: for an acknowledgement that is enough."""
    return {
        "get": unreadable(status=status),
        "cancel": Gives(facts={"id": "p1", "status": "cancelled", "wire": {}}),
        "delete": Gives(facts={"id": "p1", "status": "deleted", "wire": {}}),
        "create": unreadable(maybe_sent=True, status=status),
    }


NO_PREDICTION: Final = {"get": unreadable(), "create": unreadable(maybe_sent=True)}


def said(body: bytes, kind: str = "application/json", **headers: str) -> Step:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return answers(body, headers={"content-type": kind, **named})


def gz(body: bytes = b'{"id": "p1"}') -> bytes:
    return gzip.compress(body, mtime=0)


KINDS: Final[list[Any]] = [
    *(True, False, 0, 7, -1.5, "", "text", [], [P1], ["p1"], {}),
    *({"data": dict(P1)}, {"prediction": dict(P1)}, {"status": "succeeded"}),
    *({"id": None, "status": "succeeded"}, {"id": "", "status": "succeeded"}),
    *({"id": True}, {"id": ["p1"]}, {"id": {"id": "p1"}}, {"id": 1.5}, {"ID": "p1"}),
]
JSON_KINDS = block(
    "B",
    1,
    NO_PREDICTION,
    [(f"{wired(value)} where a prediction is due", answers(value)) for value in [None, *KINDS]],
)

ACKNOWLEDGED = {"success": True}
endings = block(
    "B",
    30,
    {name: unreadable() for name in ("cancel", "delete")},
    [
        (f"{wired(value)} where an acknowledgement is due", answers(value))
        for value in several(
            *(True, 7, "ok", [], [P1], {"success": "yes"}, {"success": 1}),
            *({"success": False}, {"success": None}, {"id": "p2"}, {"id": None}),
        )
    ],
)
endings += block(
    "B",
    45,
    {
        name: Gives(facts={"id": "p1", "status": status})
        for name, status in several(("cancel", "cancelled"), ("delete", "deleted"))
    },
    [
        (f"{wired(value)} acknowledges", answers(value))
        for value in several(None, {}, {"success": True}, {"message": "Done."})
    ],
)

pages = block(
    "B",
    50,
    {name: unreadable() for name in ("list", "iterate")},
    [
        (f"{wired(value)} where a page is due", answers(value))
        for value in several(
            *(None, True, 7, "text", {}, {"data": None}, {"data": {}}, {"data": "text"}),
            *({"data": [None]}, {"data": [7]}, {"data": [{}]}, {"data": [[]]}, [None]),
            *({"data": [{"id": None}]}, {"data": [dict(P1), {"status": "failed"}]}, {"items": []}),
        )
    ],
)
pages += block(
    "B",
    70,
    {name: Gives(facts={"ids": ["p1"]}) for name in ("list", "iterate")},
    [
        (f"{wired(value)} as a page", answers(value))
        for value in several(
            [P1],
            {"data": [P1]},
            {"data": [P1], "pagination": None},
            {"data": [P1], "pagination": "none"},
            {"data": [P1], "pagination": {"last_page": "many", "total": None}},
            {"data": [P1], "pagination": {"last_page": 0}},
            {"data": [P1], "pagination": {"last_page": -7, "current_page": []}},
            {"data": [P1], "next": "https://stranger.example/page/2"},
        )
    ],
)
pages += block(
    "B",
    80,
    {"iterate": Gives(requests=2, facts={"ids": ["p1"]})},
    [
        (
            "The same page comes again and again",
            (answers({"data": [P1], "pagination": {"last_page": 2}}),),
        ),
        (
            "A later page is empty although there should be more",
            (
                answers({"data": [P1], "pagination": {"last_page": 99}}),
                answers({"data": [], "pagination": {"last_page": 99}}),
            ),
        ),
    ],
)

models = block(
    "B",
    85,
    {"models": unreadable()},
    [
        (f"{wired(value)} where models are due", answers(value))
        for value in several(None, True, 7, "text", {}, {"data": None}, [None], [7], [[]], [{}])
    ],
)
models += block(
    "B",
    96,
    {"model": unreadable()},
    [
        (f"{wired(value)} where a model is due", answers(value))
        for value in several(None, True, 7, "text", [], {}, [{"name": "FLUX"}])
    ],
)

NO_BODY = block(
    "B",
    105,
    empty(),
    [
        ("A body of nothing", said(b"")),
        ("A body of blanks", said(b" \r\n\t ")),
        (
            "204 No Content",
            {"script": (sends(b"HTTP/1.1 204 No Content\r\n\r\n"),), "due": empty(204)},
        ),
        ("205 Reset Content", {"script": (answers(b"", 205),), "due": empty(205)}),
        ("No body, and no content type", sends(head("content-length: 0"))),
        ("A gzipped body of nothing", said(gz(b""), content_encoding="gzip")),
        ("Nothing, that says gzip", said(b"", content_encoding="gzip")),
    ],
)

texts = block(
    "B",
    115,
    GARBLED,
    [
        (f"{what}, as JSON", said(body))
        for what, body in several(
            ("JSON that is cut", b'{"id": "p1", "sta'),
            ("JSON with more behind it", b'{"id": "p1"} {"id": "p2"}'),
            ("JSON with a comma too many", b'{"id": "p1",}'),
            ("JSON with a comment", b'{"id": "p1"} // fine'),
            ("Single quotes", b"{'id': 'p1'}"),
            ("A bare word", b"OK"),
            ("HTML", b"<!doctype html><title>Welcome</title>"),
            ("XML", b"<?xml version='1.0'?><id>p1</id>"),
            ("Bytes", bytes(range(256))),
            ("Invalid UTF-8", b'{"id": "p1", "response": "\xff\xfe"}'),
            ("A lone surrogate", b'{"id": "p1", "response": "\\ud800"}'),
            ("UTF-16", '{"id": "p1"}'.encode("utf-16")),
            ("A raw line end in a string", b'{"id": "p1", "response": "a\nb"}'),
            ("`NaN`", b'{"id": "p1", "metrics": {"progress": NaN}}'),
            ("`Infinity`", b'{"id": "p1", "metrics": {"progress": Infinity}}'),
            ("`-Infinity`", b'{"id": "p1", "metrics": {"progress": -Infinity}}'),
            ("A hundred thousand brackets", b"[" * 100_000),
            ("A hundred thousand braces", b'{"id":' * 100_000),
            ("A hundred thousand brackets, closed", b"[" * 100_000 + b"]" * 100_000),
            ("JSON in a callback", b'callback({"id": "p1"})'),
        )
    ],
)
texts += block(
    "B",
    140,
    NO_JSON,
    [
        (f"{what}, as {shown(kind)}", said(body, kind))
        for what, kind, body in several(
            ("HTML", "text/html; charset=utf-8", b"<html>Welcome to this hotel"),
            ("Text", "text/plain", b"p1 has succeeded"),
            ("XML", "application/xml", b"<id>p1</id>"),
            ("An image", "image/png", b"\x89PNG\r\n\x1a\n"),
            ("A form", "application/x-www-form-urlencoded", b"id=p1"),
            ("Events", "text/event-stream", b"data: {}\n\n"),
            ("Garbage", "\x01\x1b[31m", b"garbage"),
        )
    ],
)
texts += block(
    "B",
    150,
    FINE,
    [
        ("JSON with a byte order mark", said(b'\xef\xbb\xbf{"id": "p1"}')),
        ("JSON with blanks around it", said(b' \r\n{"id": "p1"}\r\n ')),
        ("JSON, as `text/html`", said(b'{"id": "p1"}', "text/html")),
        ("JSON, as `application/problem+json`", said(b'{"id": "p1"}', "application/problem+json")),
        (
            "JSON, as `application/json; charset=latin-1`",
            said(b'{"id": "p1"}', "application/json; charset=latin-1"),
        ),
        ("JSON, as nothing", sends(head("content-length: 12"), b'{"id": "p1"}')),
        ("The id twice: the last one counts", said(b'{"id": "p2", "id": "p1"}')),
        ("NUL in a text", said(b'{"id": "p1", "response": "a\\u0000b"}')),
        ("A number of four hundred digits", said(b'{"id": "p1", "n": ' + b"9" * 400 + b"}")),
        ("A number beyond all floats", said(b'{"id": "p1", "n": 1e999}')),
        ("A text of a megabyte", said(b'{"id": "p1", "response": "' + b"x" * 1_000_000 + b'"}')),
        (
            "A hundred levels in a field that nobody knows",
            said(b'{"id": "p1", "x": ' + b"[" * 100 + b"]" * 100 + b"}"),
        ),
        ("201 Created", answers(P1, 201)),
        ("202 Accepted", answers(P1, 202)),
        ("203 from a cache", answers(P1, 203)),
        ("206 Partial Content, whole", answers(P1, 206)),
        ("299", answers(P1, 299)),
    ],
)

FIELDS: Final[Mapping[str, Any]] = {
    "status": None,
    "metrics": "many",
    "metadata": [1],
    "urls": ["https://stranger.example"],
    "model": 7,
    "input": "A cat",
    "created_at": {"year": 2026},
    "webhook": 7,
    "type": [],
    "source": {},
    "stream": "perhaps",
    "error": {"message": "No."},
    "response": 12,
}
odd_fields = block(
    "B",
    170,
    {"get": found(), "create": found()},
    [
        (f"`{name}` is {wired(value)}", answers({**P1, name: value}))
        for name, value in FIELDS.items()
    ],
)
odd_fields += block(
    "B",
    185,
    {
        "get": Gives(facts={"id": "p1", "status": "pending"}),
        "create": Gives(facts={"id": "p1", "status": "pending"}),
    },
    [
        (
            "`status: false` with an id: queued",
            answers({"status": False, "id": "p1", "response": "Queued."}),
        ),
        ("No status", answers({"id": "p1"})),
    ],
)
odd_fields += block(
    "B",
    187,
    {"get": found(facts={"status": "SUCCEEDED"})},
    [("A status in capitals is another status", answers({"id": "p1", "status": "SUCCEEDED"}))],
)

PACKED: Final = {"content_encoding": "gzip"}
encodings = block(
    "B",
    190,
    UNREADABLE,
    [
        ("Plain text that says gzip", said(b'{"id": "p1"}', **PACKED)),
        ("gzip whose head is garbled", said(b"\x1f\x8b not gzip at all", **PACKED)),
        ("gzip whose body is garbled", said(gz()[:12] + b"\xff\xff\xff" + gz()[15:], **PACKED)),
        ("gzip whose checksum is wrong", said(gz()[:-8] + b"\0\0\0\0" + gz()[-4:], **PACKED)),
        ("gzip whose length is wrong", said(gz()[:-4] + b"\0\0\0\0", **PACKED)),
        ("gzip without its trailer", said(gz()[:-8], **PACKED)),
        ("gzip that is cut", said(gz(b'{"id": "p1"}' + b" " * 999)[:-12], **PACKED)),
        ("gzip with something else behind it", said(gz() + b"and more", **PACKED)),
        ("zlib that says gzip", said(zlib.compress(b'{"id": "p1"}'), **PACKED)),
        ("brotli, which was not asked for", said(b"\x0b\x05\x80", content_encoding="br")),
        (
            "deflate, which was not asked for",
            said(zlib.compress(b'{"id": "p1"}'), content_encoding="deflate"),
        ),
        ("zstd, which was not asked for", said(b"\x28\xb5\x2f\xfd", content_encoding="zstd")),
        ("gzip twice", said(gz(gz()), content_encoding="gzip, gzip")),
        ("An encoding that there is not", said(b'{"id": "p1"}', content_encoding="\x1b[31mmagic")),
    ],
)
encodings += block(
    "B",
    205,
    FINE,
    [
        ("gzip", said(gz(), **PACKED)),
        ("gzip in several members", said(gz(b'{"id": ') + gz(b'"p1"}'), **PACKED)),
        ("gzip that is called x-gzip", said(gz(), content_encoding="x-gzip")),
        ("gzip in capitals", said(gz(), content_encoding="GZIP")),
        ("An encoding that is none", said(b'{"id": "p1"}', content_encoding="identity")),
    ],
)

LIMIT: Final = 4096


@lru_cache
def bomb(megabytes: int) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as file:
        for _ in range(megabytes):
            file.write(b" " * 1_000_000)
    return packed.getvalue()


def bombs(status: int = 200) -> Step:
    """Built when it is asked for: it takes a while."""

    def step(peer: Peer) -> None:
        size = len(bomb(64))
        sends(head("content-encoding: gzip", f"content-length: {size}", status=status), bomb(64))(
            peer
        )

    return step


TOO_LARGE: Final = {
    "get": unreadable(says="max_response_bytes"),
    "cancel": unreadable(says="max_response_bytes"),
    "create": unreadable(says="max_response_bytes", maybe_sent=True),
}
sizes = block(
    "B",
    215,
    TOO_LARGE,
    [
        (
            "A length of one byte too many",
            sends(head(f"content-length: {LIMIT + 1}"), then=Peer.hold),
        ),
        ("A length of a gigabyte", sends(head(f"content-length: {2**30}"), then=Peer.hold)),
        ("A length of a petabyte", sends(head(f"content-length: {2**50}"), then=Peer.hold)),
        ("A body without end", floods(head(), b" " * 4096)),
        ("Chunks without end", floods(head("transfer-encoding: chunked"), b"1\r\n \r\n")),
        ("A gzip bomb", bombs()),
        ("gzip without end", floods(head("content-encoding: gzip"), gz(b" " * 4096))),
    ],
    options={"max_response_bytes": LIMIT},
)
sizes += block(
    "B",
    223,
    FINE,
    [
        ("A body of just the allowed size", said(b'{"id":"p1"}'.ljust(LIMIT))),
        (
            "A gzipped body of just the allowed size",
            said(gz(b'{"id":"p1"}'.ljust(LIMIT)), **PACKED),
        ),
    ],
    options={"max_response_bytes": LIMIT},
)
FAILED: Final = Raises(kind=ServerError, error_id="SERVER_ERROR", status=500)
sizes += block(
    "B",
    226,
    {
        "get": FAILED,
        "create": Raises(kind=ServerError, error_id="SERVER_ERROR", status=500, maybe_sent=True),
    },
    [
        ("An error's body without end", floods(head(status=500), b" " * 65536)),
        (
            "An error's body of a petabyte",
            sends(head(f"content-length: {2**50}", status=500), b" " * 2**21, then=Peer.hold),
        ),
        ("An error's body as a gzip bomb", bombs(500)),
    ],
    options={"retry": {"retries": 0}},
)

FAMILY: Final = Family(
    "B",
    "Bodies",
    "Answers that came whole and are not what is due: other JSON, no JSON, other encodings, too "
    "much. What costs money may have begun all the same, and the error says so.",
    [
        *JSON_KINDS,
        *endings,
        *pages,
        *models,
        *NO_BODY,
        *texts,
        *odd_fields,
        *encodings,
        *sizes,
    ],
)
