"""L: answers that lead elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from skytells import InvalidResponseError

from ...behaviour.misbehaving import Step
from ...behaviour.steps import answers, head, sends
from ..cases import KEY, P1, WELL, Due, Family, Gives, Raises, World, block, each, found, several
from ..stage import Stage

EVERY: Final = ("get", "list", "model", "cancel", "delete", "create", "predict")


def redirected(code: int, says: str = "") -> dict[str, Due]:
    due = Raises(
        kind=InvalidResponseError,
        error_id="UNEXPECTED_REDIRECT",
        status=code,
        attempts=1,
        pauses=(),
        says=says,
    )
    return dict.fromkeys(EVERY, due)


def leads(code: int, location: Callable[[Stage], str]) -> World:
    """A server that redirects everything to some place."""

    def world(stage: Stage) -> None:
        stage.server.recover(redirects(code, location(stage)))

    return world


def redirects(code: int, location: str) -> Step:
    return sends(head(f"location: {location}", "content-length: 0", status=code))


codes = [
    fault
    for number, code in enumerate((300, 301, 302, 303, 305, 306, 307, 308), 1)
    for fault in block(
        "L",
        number,
        redirected(code, "127.0.0.1"),
        [(f"{code} to another origin", {"world": leads(code, lambda s: f"{s.stranger.url}/x")})],
    )
]
codes += [
    fault
    for number, code in enumerate((301, 302, 303, 307, 308), 10)
    for fault in block(
        "L",
        number,
        redirected(code, "the same host"),
        [(f"{code} to the same origin", redirects(code, "/v1/elsewhere"))],
    )
]
codes += block(
    "L",
    16,
    dict.fromkeys(
        EVERY,
        Raises(kind=InvalidResponseError, error_id="UNEXPECTED_REDIRECT", status=304, attempts=1),
    ),
    [("304, though nothing is cached", (sends(b"HTTP/1.1 304 Not Modified\r\n\r\n"), WELL))],
)
TARGETS: Final[Mapping[str, Callable[[Stage], str]]] = {
    "another port": lambda s: f"http://127.0.0.1:{s.stranger.port}/v1/predictions/p1",
    "another host": lambda s: "https://stranger.example/v1/predictions/p1",
    "no scheme": lambda s: f"//127.0.0.1:{s.stranger.port}/x",
    "a user's name": lambda s: f"http://me:secret@127.0.0.1:{s.stranger.port}/x",
    "itself": lambda s: f"{s.server.url}/predictions/p1",
    "a path": lambda s: "/login?next=%2Fv1",
    "a relative path": lambda s: "../login",
    "nothing": lambda s: "",
    "a file": lambda s: "file:///etc/passwd",
    "a script": lambda s: "javascript:alert(1)",
    "data": lambda s: "data:application/json,{}",
    "an address that cannot be read": lambda s: "//[",
    "a port that is none": lambda s: "http://127.0.0.1:many/",
    "a host of a thousand characters": lambda s: "https://" + "a" * 1000 + ".example/",
    "a host with colours": lambda s: "https://\x1b[31mred.example/",
    "an IPv6 address": lambda s: "https://[::1]/",
    "the key": lambda s: f"https://{KEY}.stranger.example/?key={KEY}",
}
places = [
    fault
    for first, code in several((20, 302), (40, 307))
    for number, (what, location) in enumerate(TARGETS.items(), first)
    for fault in block(
        "L",
        number,
        {name: redirected(code)[name] for name in ("get", "create")},
        [(f"{code} to {what}", {"world": leads(code, location)})],
    )
]
places += block(
    "L",
    60,
    {name: redirected(302)[name] for name in ("get", "create")},
    [
        ("302 without a location", sends(head("content-length: 0", status=302))),
        (
            "302 with a prediction as its body",
            answers(P1, 302, {"location": "https://stranger.example/"}),
        ),
        (
            "302 with two locations",
            sends(
                head(
                    "location: /a", "location: https://b.example/", "content-length: 0", status=302
                )
            ),
        ),
        ("302 without end", redirects(302, "/v1/predict")),
    ],
)


def everywhere(stage: Stage) -> None:
    """Whatever of an answer is an address leads to the stranger."""
    url = f"{stage.stranger.url}/x"
    body = {
        **P1,
        "urls": dict.fromkeys(("get", "cancel", "delete", "stream"), url),
        "next": url,
        "output": [url],
        "webhook": {"url": url, "events": ["completed"]},
    }
    headers = {
        "location": url,
        "content-location": url,
        "refresh": f"0; url={url}",
        "link": f"<{url}>; rel=next",
        "alt-svc": f'h2="127.0.0.1:{stage.stranger.port}"',
        "set-cookie": "session=stolen",
    }
    stage.server.recover(answers(body, 200, headers))


data = block(
    "L",
    70,
    {
        name: Gives(requests=2, connections=1, facts={"id": "p1"})
        for name in ("get", "stream", "cancel", "delete", "create", "run", "predict")
    },
    [
        (
            "Each address in an answer is a stranger's, and its cookie too",
            {"world": everywhere, "before": ("get",)},
        )
    ],
)
data += block(
    "L",
    71,
    {"list": Gives(facts={"ids": ["p1"]}), "iterate": Gives(facts={"ids": ["p1"]})},
    [
        (
            "The next page is a stranger's",
            (
                answers(
                    {
                        "data": [P1],
                        "next": "http://127.0.0.1:1/x",
                        "pagination": {"next_page_url": "http://127.0.0.1:1/x"},
                    }
                ),
                WELL,
            ),
        )
    ],
)
data += block(
    "L",
    72,
    each(found()),
    [("201 with a location", (answers(P1, 201, {"location": "http://127.0.0.1:1/x"}), WELL))],
)

FAMILY: Final = Family(
    "L",
    "Redirects",
    "Every redirect, to every kind of place, for every method: none is followed, none is tried "
    "again, and the key stays with its origin. Addresses in answers are data.",
    [*codes, *places, *data],
)
