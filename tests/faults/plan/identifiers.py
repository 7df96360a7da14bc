"""I: ids, slugs, queries, paths and payloads with hostile values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

from ...behaviour.misbehaving import Peer
from ...behaviour.steps import answers, reply
from ..acts import ORDER
from ..cases import P1, Due, Family, Gives, block, refused, several, shown, unconfigured

BY_ID: Final = ("get", "stream", "cancel", "delete", "model")
ENDS: Final = {
    "get": "GET /v1/predictions/{}",
    "stream": "GET /v1/predictions/{}/stream",
    "cancel": "POST /v1/predictions/{}/cancel",
    "delete": "DELETE /v1/predictions/{}/delete",
    "model": "GET /v1/model/{}",
}


def echoes(peer: Peer) -> None:
    """Answers about whatever was asked for."""
    id = unquote(peer.read().target.split("/")[3])
    peer.send(reply({"id": id, "status": "succeeded", "namespace": id}))


def as_segment(id: str) -> dict[str, Due]:
    """The id is one segment of the path, whatever it holds."""
    return {
        name: Gives(
            facts={"slug" if name == "model" else "id": id},
            targets=[end.format(quote(id, safe=""))],
            words="the result, asked for as one segment",
        )
        for name, end in ENDS.items()
    }


STRANGE: Final = (
    *(
        "a/b",
        "../models",
        "..%2fmodels",
        "a/../../b",
        "/etc/passwd",
        "//stranger.example/x",
        "..a",
        "...",
    ),
    *(
        "a?b=c",
        "a#b",
        "a&b=c",
        "a;b",
        "a=b",
        "a+b",
        "a b",
        " a",
        "a%2Fb",
        "%2e%2e",
        "%",
        "%zz",
        "a\\b",
    ),
    *(
        "https://stranger.example/",
        "p1@stranger",
        "p1:80",
        "ü",
        "😀",
        "\u202eb",
        "a\u200bb",
    ),
    *("%00", "'\"<>`{}|^", "x" * 512, "~.-_"),
)
segments = [
    fault
    for number, id in enumerate(STRANGE, 1)
    for fault in block(
        "I",
        number,
        as_segment(id),
        [(f"The id is {shown(id)}", {"script": (echoes,), "given": {"id": id}})],
    )
]
segments += block(
    "I",
    40,
    dict.fromkeys(BY_ID, refused()),
    [
        (f"The id is {shown(id)}", {"given": {"id": id}})
        for id in several(
            *(
                "",
                " ",
                "\t",
                "\u2003",
                ".",
                "..",
                "a\nb",
                "a\r\nx-evil: 1",
                "a\0b",
                "\x1b[31m",
                "\x7f",
            ),
            *(
                "\ud800",
                "\u2028",
                "x" * 513,
                None,
                7,
                1.5,
                True,
                b"p1",
                [],
                ["p1"],
                {},
                ("p1",),
                object,
            ),
        )
    ],
)

# Queries

FILTERS: Final[tuple[tuple[str, Any, str], ...]] = (
    ("model", "a&page=9", "model=a%26page%3D9"),
    ("model", "a#b", "model=a%23b"),
    ("model", "a?b", "model=a%3Fb"),
    ("model", "vendor/slug", "model=vendor%2Fslug"),
    ("model", "a b+c", "model=a+b%2Bc"),
    ("model", "ü😀", "model=%C3%BC%F0%9F%98%80"),
    ("model", "a\r\nx-evil: 1", "model=a%0D%0Ax-evil%3A+1"),
    ("model", "a\0", "model=a%00"),
    ("status", "failed&x=1", "status=failed%26x%3D1"),
    ("since", "2026-01-01&to=x", "from=2026-01-01%26to%3Dx"),
    ("until", "2026-01-01#", "to=2026-01-01%23"),
    ("page", 1, "page=1"),
    ("per_page", 50, "per_page=50"),
)
PAGE: Final = answers({"data": [P1]})
queries = [
    fault
    for number, (name, value, query) in enumerate(FILTERS, 70)
    for fault in block(
        "I",
        number,
        {
            "list": Gives(
                facts={"ids": ["p1"]},
                targets=[f"GET /v1/predictions?{query}"],
                words=f"the page, asked for by `{query}`",
            )
        },
        [(f"The list's `{name}` is {shown(value)}", {"script": (PAGE,), "given": {name: value}})],
    )
]
queries += block(
    "I",
    90,
    {"list": refused()},
    [
        (f"The list's `{name}` is {shown(value)}", {"given": {name: value}})
        for name, value in several(
            *(("model", ""), ("model", " "), ("model", 7), ("model", ["a"]), ("model", "\ud800")),
            *(("since", ""), ("since", 20260101), ("until", {}), ("status", ""), ("status", True)),
        )
    ],
)
queries += block(
    "I",
    105,
    {"list": refused()},
    [
        (f"The list's `{name}` is {shown(value)}", {"given": {name: value}})
        for name, value in several(
            *(
                ("page", 0),
                ("page", -1),
                ("page", True),
                ("page", "1"),
                ("page", 1.5),
                ("page", 10**12),
            ),
            *(("per_page", 0), ("per_page", 51), ("per_page", "50"), ("per_page", False)),
        )
    ],
)
queries += block(
    "I",
    115,
    {"list": unconfigured()},
    [
        (f"The list's `options` is {shown(value)}", {"given": {"options": value}})
        for value in ({"pages": 1}, [1], "page=1")
    ],
)
queries += block(
    "I",
    120,
    {"models": refused("fields")},
    [
        (f"The models' `fields` is {shown(value)}", {"given": {"fields": value}})
        for value in several("input_schema", ["a,b"], [""], [7], {"input_schema": True}, b"x", 7)
    ],
)

# request()

requests = block(
    "I",
    130,
    {"request": refused()},
    [
        (f"`request()` with the path {shown(path)}", {"given": {"path": path}})
        for path in several(
            *(
                "",
                "models",
                "//stranger.example/x",
                "https://stranger.example/",
                "/a/../b",
                "/./a",
                "/..",
            ),
            *(
                "/a?b=c",
                "/a#b",
                "/a b",
                "/a\r\nx-evil: 1",
                "/a\tb",
                "/ü",
                "/a\\b",
                "/a\0b",
                "/a\x7fb",
                "/a\x1bb",
            ),
            *("/%2e%2e/x", "/a/%2E%2E/b", "/.%2e"),
        )
    ],
)
requests += block(
    "I",
    155,
    {"request": refused()},
    [
        (f"`request()` with the method {shown(method)}", {"given": {"method": method}})
        for method in ("", "TRACE", "CONNECT", "GET /x", "GET\r\n", "OPTIONS", "FETCH")
    ],
)
requests += block(
    "I",
    165,
    {
        "request": Gives(
            facts={"wire": dict(P1)}, targets=["GET /v1/models?a%26b=c+d%2Fe&x=1&x=2&on=true"]
        )
    },
    [
        (
            "`request()` with a query that would inject",
            {"given": {"params": {"a&b": "c d/e", "x": [1, 2], "on": True, "off": None}}},
        )
    ],
)

# Payloads

LOOP: Final[dict[str, Any]] = {}
LOOP["self"] = LOOP
DEEP: Final[dict[str, Any]] = {}
_inner = DEEP
for _ in range(5000):
    _inner["a"] = _inner = {}


def order(**changes: Any) -> dict[str, Any]:
    return {"given": {"payload": {**ORDER, **changes}}}


PAYLOADS: Final[Mapping[str, Any]] = {
    "No payload at all": {"given": {"payload": None}},
    "A payload that is a text": {"given": {"payload": "flux-pro"}},
    "A payload that is a list": {"given": {"payload": [dict(ORDER)]}},
    "A payload without a model": {"given": {"payload": {"input": {}}}},
    **{
        f"The model is {shown(slug)}": order(model=slug)
        for slug in several(
            "",
            " ",
            ".",
            "..",
            "a\nb",
            "a\0b",
            "x" * 513,
            "\ud800",
            None,
            7,
            True,
            b"flux-pro",
            ["flux-pro"],
        )
    },
    **{
        f"The input is {shown(value)}": order(input=value)
        for value in several(None, "A cat", 7, [1], b"x")
    },
    **{
        f"The input holds {shown(value)}": order(input={"x": {"y": [value]}})
        for value in several(
            float("nan"), float("inf"), frozenset({1}), {1, 2}, object, 1j, "\ud800", range(3)
        )
    },
    "The input holds itself": order(input=LOOP),
    "The input is five thousand levels deep": order(input=DEEP),
    "The input has a key that is no text": order(input={(1, 2): 3}),
    "A further key holds bytes": order(extra=b"x"),
}
ORDERS = block("I", 170, dict.fromkeys(("create", "predict", "queue"), refused()), PAYLOADS.items())

FAMILY: Final = Family(
    "I",
    "Ids, queries, payloads",
    "Hostile values for ids, slugs, filters, paths and inputs: each travels as one value, or is "
    "refused before the wire.",
    [*segments, *queries, *requests, *ORDERS],
)
