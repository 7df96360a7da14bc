"""U, G: base URLs, and all other settings."""

from __future__ import annotations

from typing import Any, Final

from skytells import RetryOptions

from ...behaviour.misbehaving import Peer
from ...behaviour.steps import head, sends
from ..cases import (
    SOON,
    WELL,
    Family,
    Gives,
    World,
    block,
    found,
    late,
    several,
    shown,
    unconfigured,
)

BAD_URLS: Final[tuple[Any, ...]] = (
    *(
        "api.skytells.ai",
        "api.skytells.ai/v1",
        "//api.skytells.ai",
        "/v1",
        "https://",
        "https:///v1",
        "https:",
    ),
    *(
        "ftp://a.example",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:,x",
        "ws://a.example",
        "socks5://a.example",
    ),
    *(
        "http://api.skytells.ai/v1",
        "http://192.168.0.1",
        "http://0.0.0.0",
        "http://localhost.stranger.example",
    ),
    *(
        "http://127.0.0.1.stranger.example",
        "http://2130706433",
        "http://[::ffff:8.8.8.8]",
        "http://10.0.0.1:8000",
    ),
    *(
        "https://me@a.example",
        "https://me:secret@a.example",
        "https://@a.example",
        "https://:@a.example",
    ),
    *(
        "https://a.example?x=1",
        "https://a.example#x",
        "https://a.example/v1?",
        "https://a.example/v1#",
    ),
    *(
        "https://a.example:many",
        "https://a.example:99999",
        "https://a.example:-1",
        "https://a.example:0",
    ),
    *(
        "https://a b.example",
        "https://a.example/a b",
        "https://a.example\\@stranger.example",
        "https://a.example/\n",
    ),
    *(
        " https://a.example",
        "https://a.example\r\nx-evil: 1",
        "https://a\0.example",
        "https://a\t.example",
    ),
    *(
        "https://ä.example",
        "https://a.example/ü",
        "https://[::1",
        "https://[::g]",
        "https://a.example]",
    ),
    *(
        "https://a.example/v1/../x",
        "https://a.example/./v1",
        "https://a.example/%2e%2e/x",
        "https://a_b..example",
    ),
    *(
        "https://.a.example",
        "https://" + "a" * 300 + ".example",
        "https://" + "a" * 64 + ".example",
    ),
    *(7, True, b"https://a.example", ["https://a.example"], {"url": "https://a.example"}, object),
)
urls = block(
    "U",
    1,
    {"base_url": unconfigured()},
    [(f"`base_url` is {shown(url, 64)}", {"options": {"base_url": url}}) for url in BAD_URLS],
)


def accepted(url: str, means: str) -> tuple[str, dict[str, Any]]:
    due = Gives(requests=0, facts={"itself": means}, words=f"`{means}`")
    return f"`base_url` is {shown(url)}", {"options": {"base_url": url}, "due": {"base_url": due}}


urls += block(
    "U",
    70,
    {},
    [
        accepted("https://a.example/v1/", "https://a.example/v1"),
        accepted("https://a.example/v1///", "https://a.example/v1"),
        accepted("https://a.example", "https://a.example"),
        accepted("HTTPS://A.Example/V1", "https://a.example/V1"),
        accepted("https://a.example:443/v1", "https://a.example/v1"),
        accepted("https://a.example:8443", "https://a.example:8443"),
        accepted("https://[::1]:8443/v1", "https://[::1]:8443/v1"),
        accepted("http://localhost:8000", "http://localhost:8000"),
        accepted("http://me.localhost", "http://me.localhost"),
        accepted("http://127.1.2.3", "http://127.1.2.3"),
        accepted("http://[::1]", "http://[::1]"),
    ],
)


def environment(value: str) -> World:
    return lambda stage: stage.monkeypatch.setenv("SKYTELLS_BASE_URL", value)


urls += block(
    "U",
    85,
    {"base_url": unconfigured("SKYTELLS_BASE_URL")},
    [
        (f"The environment's base URL is {shown(url)}", {"world": environment(url)})
        for url in several(
            "http://stranger.example",
            "file:///etc/passwd",
            "https://me:secret@a.example",
            "a.example",
            " ",
        )
    ],
    options={"base_url": None},
)
urls += block(
    "U",
    92,
    {
        "base_url": Gives(
            requests=0, facts={"itself": "http://a.example"}, words="`http://a.example`"
        )
    },
    [
        (
            "`base_url` is plain http, and that is allowed",
            {"options": {"base_url": "http://a.example", "allow_http": True}},
        )
    ],
    lasting=True,
)
for fault in urls[len(BAD_URLS) :]:
    # There is nobody at these addresses.
    object.__setattr__(fault, "lasting", True)

ADDRESSES: Final = Family(
    "U",
    "Base URLs",
    "Where the key goes: https, or http to this machine; no user, query or fragment; nothing that "
    "could mean another host.",
    urls,
)

NAN: Final = float("nan")
INFINITE: Final = float("inf")
TIMES: Final[tuple[Any, ...]] = (
    0,
    -1,
    -0.5,
    NAN,
    INFINITE,
    True,
    False,
    "60000",
    b"1",
    [],
    {},
    10**12,
    object,
)
setting_faults = block(
    "G",
    1,
    {"get": unconfigured("timeout")},
    [(f"`timeout` is {shown(value)}", {"options": {"timeout": value}}) for value in TIMES],
)
setting_faults += block(
    "G",
    20,
    {"get": unconfigured("retry")},
    [
        (f"`retry` is {shown(value)}", {"options": {"retry": value}})
        for value in several(
            *(3, True, "3", [3], {"retrys": 3}, {"retries": 3, "delay": 1}, {3: 3}),
            *(
                {"retry_on": 500},
                {"retry_on": "500"},
                {"retry_on": [True]},
                {"retry_on": ["500"]},
                {"retry_on": [99]},
            ),
            *(
                {"retry_on": [600]},
                {"retry_delay": -1},
                {"retry_delay": NAN},
                {"retry_delay": "1"},
                {"retry_delay": True},
            ),
        )
    ],
)
setting_faults += block(
    "G",
    40,
    {"get": unconfigured("retries")},
    [
        (f"`retries` is {shown(value)}", {"options": {"retry": {"retries": value}}})
        for value in several(-1, 101, 1.5, NAN, True, "3", None, [])
    ],
)
setting_faults += block(
    "G",
    50,
    {"get": unconfigured("max_response_bytes")},
    [
        (f"`max_response_bytes` is {shown(value)}", {"options": {"max_response_bytes": value}})
        for value in several(0, -1, 1023, 1.5, NAN, True, "1e6", None, 2**41)
    ],
)
setting_faults += block(
    "G",
    60,
    {"get": unconfigured("option")},
    [
        (f"`options` is {shown(value)}", {"options": {"options": value}})
        for value in several(
            7,
            "timeout=5",
            [1],
            True,
            {"time_out": 5},
            {"baseurl": "x"},
            {"api_key": "sk-x"},
            {5: 5},
        )
    ],
)
setting_faults += block(
    "G",
    70,
    {"get": unconfigured()},
    [
        (f"`options` holds {shown(value)}", {"options": {"options": value}})
        for value in several(
            {"timeout": -1},
            {"retry": {"retries": -1}},
            {"headers": {"x-api-key": "sk-x"}},
            {"headers": "x"},
        )
    ],
)
setting_faults += block(
    "G",
    75,
    {"get": unconfigured("http_client")},
    [
        (f"`http_client` is {shown(value)}", {"options": {"http_client": value}})
        for value in several("httpx", 7, ..., dict)
    ],
)
setting_faults += block(
    "G",
    80,
    {"with_options": unconfigured("timeout")},
    [
        (f"`with_options()` is given the timeout {shown(value)}", {"given": {"timeout": value}})
        for value in several(0, -1, NAN, True, "5")
    ],
)
setting_faults += block(
    "G",
    86,
    {"with_options": unconfigured("retr")},
    [
        (f"`with_options()` is given the retry {shown(value)}", {"given": {"retry": value}})
        for value in several(3, {"retries": -1}, {"retrys": 1})
    ],
)


def slowly(peer: Peer) -> None:
    peer.read()
    peer.drip(head("content-length: 12"), pause=0.001)
    peer.send(b'{"id": "p1"}')


setting_faults += block(
    "G",
    90,
    {"get": found()},
    [
        (
            "`timeout` is `None`, and the answer is slow",
            {"script": (slowly, WELL), "options": {"timeout": None}},
        ),
        ("`timeout` is the longest that may be", {"options": {"timeout": 604_800_000}}),
        (
            "A timeout is given, and `options` has a shorter one",
            {
                "script": (slowly, WELL),
                "options": {"options": {"timeout": 0.001}, "timeout": 20_000},
            },
        ),
        ("`retry` is an object", {"options": {"retry": RetryOptions(0)}}),
    ],
)
setting_faults += block(
    "G",
    95,
    {"get": late()},
    [
        (
            "`options` has a timeout, and no other is given",
            {"script": (sends(then=Peer.hold),), "options": {"options": {"timeout": SOON}}},
        )
    ],
)

SETTINGS: Final = Family(
    "G",
    "Configuration",
    "Settings that cannot work are refused when the client is built, by name.",
    setting_faults,
)
