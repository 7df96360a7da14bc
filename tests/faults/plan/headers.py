"""K, H: the key, and headers of the user's own."""

from __future__ import annotations

from typing import Any, Final

from skytells import AuthenticationError

from ...behaviour.steps import answers
from ..cases import (
    KEY,
    WELL,
    Due,
    Family,
    Raises,
    World,
    block,
    found,
    several,
    shown,
    unconfigured,
)

PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F)))


def sent(**headers: str | None) -> dict[str, Due]:
    """The prediction, the first request having had these headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    told = "; ".join(
        f"`{name}` {'absent' if value is None else 'as given'}" for name, value in named.items()
    )
    return {"get": found(sent=named, words=f"the result, {told}")}


BAD: Final[tuple[Any, ...]] = (
    *(
        "",
        " ",
        "\n",
        "\t",
        "sk a",
        "sk-x\r\nx-evil: 1",
        "sk-x\0y",
        "sk-x\x1b[31m",
        "sk-x\x7f",
        "sk-\u00fc",
    ),
    *(
        "\u202esk",
        "\uff33\uff2b",
        "sk-\ud800",
        "s" * 513,
        b"sk-x",
        7,
        1.5,
        True,
        False,
        [],
        ["sk-x"],
        {},
        object,
        "wfb_another-product's",
        "sk_pat_the-console's",
    ),
)
key_faults = block(
    "K",
    1,
    {"get": unconfigured("api_key")},
    [(f"The key is {shown(value)}", {"options": {"api_key": value}}) for value in BAD],
)
key_faults += [
    fault
    for number, (what, given, wire) in enumerate(
        several(
            ("has blanks around it", "  sk-x  ", "sk-x"),
            ("ends with a line end, as from a file", "sk-x\r\n", "sk-x"),
            ("is one character", "x", "x"),
            ("is 512 characters", "s" * 512, "s" * 512),
            ("is each printable character", PRINTABLE, PRINTABLE),
            ("is of no known form", "key_x", "key_x"),
        ),
        30,
    )
    for fault in block(
        "K", number, sent(x_api_key=wire), [(f"The key {what}", {"options": {"api_key": given}})]
    )
]


def environment(value: str) -> World:
    return lambda stage: stage.monkeypatch.setenv("SKYTELLS_API_KEY", value)


key_faults += block(
    "K",
    40,
    {"get": unconfigured("SKYTELLS_API_KEY")},
    [
        (f"The environment's key is {shown(value)}", {"world": environment(value)})
        for value in several(" ", "sk a", "sk-x\r\nx-evil: 1", "sk-\u00fc", "s" * 513)
    ],
    options={"api_key": None},
)
key_faults += block(
    "K",
    46,
    {},
    [
        (
            "The environment has a key",
            {
                "world": environment("sk-env"),
                "options": {"api_key": None},
                "due": sent(x_api_key="sk-env"),
            },
        ),
        (
            "The environment's key is empty",
            {"world": environment(""), "options": {"api_key": None}, "due": sent(x_api_key=None)},
        ),
        (
            "The environment has a key, and another one is given",
            {
                "world": environment("sk-env"),
                "options": {"api_key": "sk-given"},
                "due": sent(x_api_key="sk-given"),
            },
        ),
        (
            "There is no key",
            {"options": {"api_key": None}, "due": sent(x_api_key=None, authorization=None)},
        ),
    ],
)
key_faults += block(
    "K",
    51,
    {"get": Raises(kind=AuthenticationError, error_id="UNAUTHORIZED", status=401)},
    [
        (
            "The key is refused",
            (
                answers(
                    {"error": {"message": f"No such key: {KEY}", "error_id": "UNAUTHORIZED"}}, 401
                ),
                WELL,
            ),
        )
    ],
)
key_faults += block(
    "K",
    52,
    {"with_options": unconfigured("api_key")},
    [
        (f"`with_options()` is given the key {shown(value)}", {"given": {"api_key": value}})
        for value in several("", "sk a", "sk-x\r\nx: 1", 7, b"sk-x")
    ],
)
key_faults += block(
    "K",
    58,
    {"with_options": found(sent={"x-api-key": "sk-other"})},
    [("`with_options()` is given another key", {"given": {"api_key": "sk-other"}})],
)

KEYS: Final = Family(
    "K",
    "Keys",
    "Keys that are none, from arguments and from the environment. The value never stands in a "
    "message, and travels in one header to one origin.",
    key_faults,
)

RESERVED: Final = (
    *(
        "x-api-key",
        "X-API-Key",
        "X-Api-KEY",
        "authorization",
        "Authorization",
        "cookie",
        "host",
        "Host",
    ),
    *(
        "content-length",
        "transfer-encoding",
        "connection",
        "upgrade",
        "te",
        "trailer",
        "accept-encoding",
    ),
    *("proxy-authorization", "expect", "keep-alive", "proxy-connection"),
)
header_faults = block(
    "H",
    1,
    {"get": unconfigured("headers")},
    [
        (f"A header of the user's is {shown(name)}", {"options": {"headers": {name: "1"}}})
        for name in RESERVED
    ],
)
header_faults += block(
    "H",
    30,
    {"get": unconfigured("headers")},
    [
        (f"A header's name is {shown(name)}", {"options": {"headers": {name: "1"}}})
        for name in several(
            "",
            " ",
            "x a",
            "x:",
            "x\r\ny",
            "x\0",
            "\u00fc",
            "x\u2028",
            "(x)",
            "x@y",
            7,
            None,
            b"x-a",
            True,
        )
    ],
)
header_faults += block(
    "H",
    50,
    {"get": unconfigured("headers")},
    [
        (f"A header's value is {shown(value)}", {"options": {"headers": {"x-a": value}}})
        for value in several(
            "a\r\nx-evil: 1",
            "a\nb",
            "a\rb",
            "a\0b",
            "\u00fc",
            "\u2028",
            "\x1b[31m",
            "\x7f",
            "\ud800",
            7,
            None,
            True,
            b"a",
            ["a"],
        )
    ],
)
header_faults += block(
    "H",
    70,
    {"get": unconfigured("headers")},
    [
        (f"The headers are {shown(value)}", {"options": {"headers": value}})
        for value in several("x-a: b", ["x-a: b"], [("x-a", "b")], 7, True)
    ],
)
header_faults += block(
    "H",
    76,
    {"with_options": unconfigured("headers")},
    [
        (f"`with_options()` is given the headers {shown(value)}", {"given": {"headers": value}})
        for value in several({"x-api-key": "sk-other"}, {"x-a": "a\r\nb"}, {"x a": "b"}, ["x-a"])
    ],
)
header_faults += [
    fault
    for number, (what, headers, wire) in enumerate(
        several(
            (
                "a name of every allowed character",
                {"x!#$%&'*+-.^_`|~9": "1"},
                {"x!#$%&'*+-.^_`|~9": "1"},
            ),
            ("a value with blanks around it", {"x-a": "  a b \t"}, {"x-a": "a b"}),
            ("an empty value", {"x-a": ""}, {"x-a": ""}),
            ("another user agent", {"User-Agent": "mine/1"}, {"user-agent": "mine/1"}),
            ("one name in two spellings: the last counts", {"X-A": "1", "x-a": "2"}, {"x-a": "2"}),
            (
                "a value that looks like a header",
                {"x-a": "x-api-key: sk-other"},
                {"x-a": "x-api-key: sk-other", "x-api-key": KEY},
            ),
        ),
        80,
    )
    for fault in block(
        "H",
        number,
        {"get": found(sent=wire, words="the result, the header sent once")},
        [(f"A header has {what}", {"options": {"headers": headers}})],
    )
]

HEADERS: Final = Family(
    "H",
    "Headers",
    "Headers of the user's own: none can set, double or smuggle what the client sets itself.",
    header_faults,
)
