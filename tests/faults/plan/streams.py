"""S: streams that are cut, stall, say what they should not, or never end."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from skytells import (
    AuthenticationError,
    InvalidRequestError,
    InvalidResponseError,
    NetworkError,
    NotFoundError,
    PaymentRequiredError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    SkytellsError,
    WaitTimeoutError,
)
from skytells.streaming import decoders

from ...behaviour.events import chunk
from ...behaviour.misbehaving import Peer, Step
from ...behaviour.steps import answers, closes, head, reply, resets, sends, stalls
from ..cases import (
    KEY,
    P1,
    PENDING,
    SOON,
    WELL,
    Due,
    Family,
    Gives,
    Raises,
    block,
    several,
    shown,
    wired,
)
from ..forms import (
    FORMS,
    LINES,
    Form,
    Part,
    cuts,
    dripping,
    end,
    flooding,
    junk,
    said,
    speaks,
    whole,
)
from ..stage import Stage

PAID: Final = ("chat", "responses", "generate")
EVENTFUL: Final = ("chat", "responses")
IDLE: Final[Mapping[str, Any]] = {"idle_timeout": 250}


def orchestrated(stage: Stage) -> None:
    """The Orchestrator is on the same server, and has a key of its own."""
    stage.options |= {
        "orchestrator_key": f"wfb_{KEY}",
        "orchestrator_base_url": stage.server.url.removesuffix("/v1"),
    }


def broken(
    kind: type[SkytellsError] = NetworkError,
    error_id: str = "NETWORK_ERROR",
    status: int = 0,
    *,
    received: int | None = 0,
    on: Iterable[str] = PAID,
    **more: Any,
) -> dict[str, Due]:
    """What costs money raises, keeps what came, and is not asked for again."""
    facts = {} if received is None else {"received": received}
    more = {"maybe_sent": True, **more}
    due = Raises(kind=kind, error_id=error_id, status=status, facts=facts, **more)
    return dict.fromkeys(on, due)


def heard(text: str = "Hi", *, on: Iterable[str] = PAID) -> dict[str, Due]:
    """All came."""
    return dict.fromkeys(on, Gives(facts={"text": text}, words="all that was said"))


def looked(text: str | None = "Hi", requests: int = 2, **more: Any) -> dict[str, Due]:
    """A prediction that is followed is looked at instead, and comes to its end."""
    facts = {"status": "succeeded"} | ({} if text is None else {"text": text})
    words = "looks, and gives the prediction"
    return {"follow": Gives(requests=requests, facts=facts, words=words, **more)}


def faults(
    first: int, due: Mapping[str, Due], rows: Iterable[tuple[str, Any]], **common: Any
) -> list[Any]:
    return block("S", first, due, rows, world=orchestrated, **common)


def piece(place: int) -> Part:
    """One byte of it, if it has so many."""
    return lambda form: form.whole[place : place + 1]


def torn(form: Form) -> bytes:
    """The beginning of an event."""
    return form.said[:7]


def nulled(form: Form) -> bytes:
    """An event that says that there is no error."""
    return form.said.replace(b"{", b'{"error":null,', 1)


def huge(form: Form) -> bytes:
    return form.said.replace(b"Hi", b"x" * 3_000_000)


def overflowing(peer: Peer) -> None:
    while True:
        peer.send(chunk(b": more\n\n"))


def unasked(peer: Peer) -> None:
    peer.send(reply({"id": "p9", "status": "succeeded"}))


def nonsense(peer: Peer) -> None:
    """Where the length of a chunk is due."""
    peer.send(b"zz\r\n")
    peer.close()


# It is cut


def each_cut(*, chunked: bool) -> dict[str, Due]:
    """What is due at each place of each form: an error with just the events that came whole."""
    due: dict[str, Due] = {}
    for name, form in FORMS.items():
        places = range(len(form.whole))
        lines = form.kind == LINES
        blank = b"\n" if lines else b"\n\n"
        if name == "follow":
            facts: dict[str, Any] = {"outcomes of each": ["Heard" for _ in places]}
        elif chunked:
            came = [form.whole[:place].count(blank) for place in places]
            facts = {"received by each": [("NetworkError", count) for count in came]}
        else:
            # The last event may lack its blank line; a form without an end may end anywhere.
            fine = {0, len(places) - 1} if lines else {len(places) - 1, len(places) - 2}
            facts = {"outcomes of each": ["Heard" if p in fine else "NetworkError" for p in places]}
        requests = len(places) * (2 if name == "follow" else 1)
        words = "each time the prediction" if name == "follow" else "each time what came whole"
        due[name] = Gives(requests=requests, facts=facts, words=words)
    return due


every_cut = [
    *faults(
        1,
        each_cut(chunked=True),
        [("Cut after each byte in turn, within a chunk", {"script": (cuts(chunked=True),)})],
        given={"everywhere": True},
    ),
    *faults(
        2,
        each_cut(chunked=False),
        [
            (
                "Cut after each byte in turn, where nothing tells that there was more",
                {"script": (cuts(chunked=False),)},
            )
        ],
        given={"everywhere": True},
    ),
]

ENDS: Final = several(
    ("after the head", (), 0),
    ("after an event", (said,), 1),
    ("in the midst of an event", (said, torn), 1),
)
breaks = [
    fault
    for number, (where, parts, count) in enumerate(ENDS, 3)
    for fault in faults(
        number,
        {**broken(received=count), **looked("Hi" if count else "")},
        [(f"Closed {where}", speaks(*parts, framing="cut"))],
    )
]
breaks += faults(
    6,
    # A reset may overtake what was sent before it.
    {**broken(received=None), **looked(None)},
    [
        (f"Reset {where}", speaks(*parts, framing="cut", then=Peer.reset))
        for where, parts, _ in ENDS
    ],
)
breaks += faults(
    9,
    {**broken(received=1), **looked()},
    [
        ("A chunk whose length is none", speaks(said, framing="cut", then=nonsense)),
        ("A length that is not reached", speaks(said, framing=4096, then=Peer.close)),
    ],
)
breaks += faults(
    11,
    {**broken(), **looked("")},
    [("Closed instead of an answer", closes()), ("Reset instead of an answer", resets())],
)

# It ends, and does not say that this was all

unfinished = faults(
    13,
    {
        **broken(received=1, on=EVENTFUL, says="before it was complete"),
        **heard(on=["generate"]),
        **looked(),
    },
    [
        ("Ends well without its last event", speaks(said)),
        ("Ends without it, and nothing tells that there was more", speaks(said, framing="close")),
    ],
)
unfinished += faults(
    15,
    {
        **broken(on=EVENTFUL, says="before it was complete"),
        **heard("", on=["generate"]),
        **looked(""),
    },
    [
        ("No event at all", speaks()),
        ("Nothing but heartbeats", speaks(b"\n\n", b"\n\n")),
    ],
)
unfinished += faults(
    17,
    {**broken(received=1, says="before it was complete"), **looked(None)},
    [("Ends well in the midst of an event", speaks(said, lambda form: form.said[:-4]))],
)

# It is silent, or never ends

stalled = [
    fault
    for number, (where, parts, count) in enumerate(ENDS)
    for fault in faults(
        18 + number,
        {
            **broken(RequestTimeoutError, "REQUEST_TIMEOUT", 408, received=count, says="250 ms"),
            **looked("Hi" if count else ""),
        },
        [(f"Silence {where}", speaks(*parts, framing="cut", then=Peer.hold))],
        given=IDLE,
    )
]
stalled += faults(
    21,
    {
        **broken(RequestTimeoutError, "REQUEST_TIMEOUT", 408, received=1, says="idle_timeout"),
        **looked(),
    },
    [
        ("Heartbeats, and no event", speaks(said, framing="cut", then=dripping(b"\n"))),
        ("An event that drips and never ends", speaks(said, framing="cut", then=dripping(b"x"))),
    ],
    given=IDLE,
)
stalled += faults(
    23,
    broken(RequestTimeoutError, "REQUEST_TIMEOUT", 408, received=None, says="total_timeout"),
    [("Events without end", flooding(said))],
    given={"total_timeout": 150},
)
stalled += faults(
    24,
    broken(RequestTimeoutError, "REQUEST_TIMEOUT", 408, received=1, says="within 250 ms"),
    [("Silence, where only the whole has a limit", speaks(said, framing="cut", then=Peer.hold))],
    given={"total_timeout": 250, "idle_timeout": None},
)
LATE: Final = Raises(kind=WaitTimeoutError, status=408, error_id="WAIT_TIMEOUT", requests=2)
stalled += faults(
    25,
    {"follow": LATE},
    [
        ("Events without end, past `max_wait`", (flooding(said), answers(PENDING))),
        (
            "Silence past `max_wait`",
            (speaks(said, framing="cut", then=Peer.hold), answers(PENDING)),
        ),
    ],
    given={"max_wait": 150},
)
stalled += faults(
    27,
    {
        **broken(RequestTimeoutError, "REQUEST_TIMEOUT", 408, attempts=1),
        **looked(""),
    },
    [("A head that does not come", stalls())],
    options={"timeout": SOON},
)
stalled += faults(
    28,
    {**heard(), **looked()},
    [
        ("Pauses shorter than the idle time", speaks(said, b"\n\n", end, pause=0.03)),
        (
            "Single bytes, slowly",
            speaks(*(piece(place) for place in range(100)), pause=0.001),
        ),
    ],
    given={"idle_timeout": 1000},
)

# It says that it failed


def in_band(kind: type[SkytellsError], error_id: str, status: int = 200) -> dict[str, Due]:
    """What is due for an error among the events: what costs money raises it, with what came."""
    return {**broken(kind, error_id, status, received=1), **looked()}


def tells(wire: object, name: str = "") -> Step:
    """An error after an event, in words that all forms share."""
    return speaks(said, junk(json.dumps(wire).encode(), name))


BROKE: Final = {"message": "It broke.", "status": 503, "error_id": "SERVICE_UNAVAILABLE"}
failures = faults(
    30,
    in_band(ServerError, "SERVICE_UNAVAILABLE", 503),
    [("An error with a status", tells({"error": BROKE}))],
)
failures += faults(
    31,
    in_band(ServerError, "UNKNOWN_ERROR"),
    [
        ("An error without one", tells({"error": {"message": "It broke."}})),
        ("An event of the type `error`", tells({"type": "error", "message": "It broke."})),
        ("An error that says no more", tells({"error": {"at": "all"}})),
        (
            "An error with the key, control characters and ten thousand words",
            tells({"error": {"message": f"\x1b[31m{KEY}\u202e" + "no " * 10_000}}),
        ),
    ],
)
failures += faults(
    35,
    in_band(ServerError, "API_ERROR"),
    [("An error that is a string", tells({"error": "It broke."}))],
)
failures += faults(
    36,
    {
        **broken(RateLimitError, "UNKNOWN_ERROR", 200, received=1, on=EVENTFUL),
        **looked(),
    },
    [
        (
            "An event called `error`",
            tells({"message": "Slow down.", "code": "rate_limit_exceeded"}, "error"),
        )
    ],
)
failures += faults(
    37,
    broken(ServerError, "UNKNOWN_ERROR", 200, received=1, on=["responses"]),
    [
        (
            "A response that failed",
            tells({"type": "response.failed", "response": {"error": {"message": "It broke."}}}),
        ),
    ],
)
failures += faults(
    38,
    broken(ServerError, "API_ERROR", 200, received=1, on=["responses"]),
    [("A response that failed, and says no more", tells({"type": "response.failed"}))],
)
failures += faults(39, {**heard(), **looked()}, [("An error that is null", speaks(nulled, end))])

# Another answer is there than a stream


def refusal(status: int, error_id: str) -> Step:
    return answers({"error": {"message": "No.", "error_id": error_id, "status": status}}, status)


STATUSES: Final = several(
    (401, "UNAUTHORIZED", AuthenticationError, False),
    (402, "INSUFFICIENT_CREDITS", PaymentRequiredError, False),
    (404, "MODEL_NOT_FOUND", NotFoundError, False),
    (422, "VALIDATION_ERROR", InvalidRequestError, False),
    (429, "RATE_LIMITED", RateLimitError, False),
    (500, "INFERENCE_ERROR", ServerError, True),
    (503, "SERVICE_UNAVAILABLE", ServerError, True),
)
instead = [
    fault
    for number, (status, error_id, kind, lost) in enumerate(STATUSES, 40)
    for fault in faults(
        number,
        {**broken(kind, error_id, status, maybe_sent=lost), **looked("")},
        [(f"{status} instead of a stream", refusal(status, error_id))],
        options={"retry": {"retries": 0}},
    )
]
instead += faults(
    47,
    {
        **broken(InvalidResponseError, "UNEXPECTED_REDIRECT", 307, maybe_sent=False),
        **looked(""),
    },
    [
        (
            "A redirect",
            sends(head("location: https://elsewhere.example/", "content-length: 0", status=307)),
        )
    ],
)
NO_STREAM: Final = broken(InvalidResponseError, "INVALID_RESPONSE", 200, on=EVENTFUL)
instead += faults(
    48,
    {**NO_STREAM, **looked("")},
    [
        (f"{wired(wire)} with 200 instead of a stream", answers(wire))
        for wire in several([], None, 7, {"choices": []})
    ],
)
instead += faults(
    52,
    {**broken(ServerError, "SERVICE_UNAVAILABLE", 503, on=EVENTFUL), **looked("")},
    [("An error with 200 instead of a stream", answers({"error": BROKE}))],
)
PAGE: Final = broken(ServerError, "SERVER_ERROR", 200)
instead += faults(
    53,
    {**PAGE, **looked("")},
    [("A page of HTML", answers(b"<html>Log in</html>", headers={"content-type": "text/html"}))],
)
instead += faults(
    54,
    {**{name: PAGE[name] for name in EVENTFUL}, **looked("")},
    [
        (f"Events that say {kind}", speaks(whole, content_type=kind))
        for kind in ("text/plain", "application/octet-stream")
    ],
)
instead += faults(
    56,
    {**broken(InvalidResponseError, "INVALID_JSON", 200, on=EVENTFUL), **looked("")},
    [
        ("Events that say JSON lines", speaks(whole, content_type=LINES)),
        ("Events that say JSON", speaks(whole, content_type="application/json")),
        ("Events that do not say what they are", speaks(whole, content_type="")),
    ],
)
instead += faults(
    59,
    {**heard(), **looked()},
    [
        (
            "A type in capitals, with parameters",
            speaks(whole, content_type="TEXT/Event-Stream;x=1"),
        ),
        ("An encoding that is none", speaks(whole, content_encoding="identity")),
    ],
)
instead += faults(
    61,
    {
        **broken(InvalidResponseError, "INVALID_RESPONSE", 200, on=PAID),
        **looked(""),
    },
    [
        (f"`{kind}`, which was not asked for", speaks(whole, content_encoding=kind))
        for kind in ("br", "deflate", "zstd", "gzip")
    ],
)
instead += faults(
    65,
    {**broken(ServerError, "SERVER_ERROR", 200, on=EVENTFUL), **looked("")},
    [
        (
            "Real gzip, which was not asked for",
            speaks(lambda form: gzip.compress(form.whole, mtime=0), content_encoding="gzip"),
        )
    ],
)

# It says what nobody can read

unreadable = faults(
    66,
    {**broken(InvalidResponseError, "INVALID_JSON", 200, received=1), **looked(None)},
    [
        (f"An event that is {shown(data)}", speaks(said, junk(data), end))
        for data in (b"{", b"nonsense", b"{}{}", b"NaN", b"\xff\xfe", b"\0\0\0\0", b"{'a': 1}")
    ],
)
unreadable += faults(
    73,
    {**broken(InvalidResponseError, "INVALID_RESPONSE", 200, received=1), **looked(None)},
    [
        (f"An event that is {shown(data)}", speaks(said, junk(data), end))
        for data in (b"[1]", b"null", b"7", b'"text"')
    ],
)
unreadable += faults(
    77,
    {**broken(InvalidResponseError, "INVALID_RESPONSE", 200, on=EVENTFUL, received=1), **looked()},
    [("An event without data", speaks(said, b"data\n\n", end))],
)
unreadable += faults(
    78,
    {**broken(InvalidResponseError, "INVALID_JSON", 200, received=1), **looked(None)},
    [
        (
            "JSON nested a hundred thousand times",
            speaks(said, junk(b'{"a":' * 100_000 + b"1" + b"}" * 100_000), end),
        )
    ],
)

# It is lawful, and odd

lawful = faults(
    79,
    {**heard(), **looked()},
    [
        ("Everything in one chunk", speaks(whole)),
        ("Each byte in a chunk", speaks(*(piece(place) for place in range(100)))),
        ("CR and LF", speaks(lambda form: form.whole.replace(b"\n", b"\r\n"))),
        ("A byte order mark", speaks(b"\xef\xbb\xbf", whole)),
        ("Its last event without what ends it", speaks(lambda form: form.whole.rstrip(b"\n"))),
        ("A length instead of chunks", speaks(whole, framing="length")),
        ("An end of the connection instead of chunks", speaks(whole, framing="close")),
        ("Empty lines in between", speaks(b"\n\n\n", said, b"\n\n", end)),
    ],
)
lawful += faults(
    87,
    {**heard(on=EVENTFUL), **looked()},
    [
        ("CR alone", speaks(lambda form: form.whole.replace(b"\n", b"\r"))),
        ("Comments", speaks(b": hi\n\n", said, b":\n\n", end)),
        ("Ids and pauses", speaks(b"id: 7\nretry: 9\n\n", said, b"id: 8\n", end)),
        ("No space after the colon", speaks(lambda form: form.whole.replace(b": ", b":"))),
        ("Fields that there are not", speaks(b"novel: x\n", said, b"datax: {\n\n", end)),
    ],
)
lawful += faults(
    92,
    {**heard("x" * 3_000_000), **looked("x" * 3_000_000)},
    [("An event of three megabytes", speaks(huge, end))],
)

# It goes on after its end

trailing = faults(
    93,
    {**heard(on=EVENTFUL), **looked()},
    [
        ("More events after the last", speaks(whole, said, said)),
        ("Junk after the last", speaks(whole, junk(b"{"), b"\xff\n\n")),
        ("An error after the last", speaks(whole, junk(b'{"error": "late"}'))),
        ("Silence after the last", speaks(whole, framing="cut", then=Peer.hold)),
        ("Events without end after the last", speaks(whole, framing="cut", then=overflowing)),
        ("Closed after the last, within a chunk", speaks(whole, framing="cut")),
    ],
)
trailing += faults(
    99,
    {**heard(on=EVENTFUL), **looked()},
    [("Another answer behind it, which nobody asked for", speaks(whole, then=unasked))],
)

# It is too much


def small(stage: Stage) -> None:
    """An event may have a hundred thousand bytes."""
    orchestrated(stage)
    for decoder in (decoders.EventDecoder, decoders.LineDecoder):
        stage.monkeypatch.setattr(decoder.__init__, "__defaults__", (100_000,))


large = block(
    "S",
    100,
    {
        **broken(InvalidResponseError, "INVALID_RESPONSE", 200, received=0, says="100,000 bytes"),
        **looked(""),
    },
    [
        ("An event without end", flooding(b"data: x" * 999, chunked=False)),
        ("An event of many short lines, without end", flooding(b"data: x\r" * 999, chunked=False)),
    ],
    world=small,
)

# Its reader leaves

leaves = faults(
    102,
    dict.fromkeys(FORMS, Gives(facts={"events": 1}, words="the connection is freed")),
    [("Its reader leaves after an event", speaks(said, framing="cut", then=Peer.hold))],
    given={"leave": 1},
)
leaves += faults(
    103,
    dict.fromkeys(FORMS, Gives(requests=0, facts={"events": 0}, words="nothing is sent")),
    [("Its reader never begins", speaks(whole))],
    given={"leave": 0},
)

# A prediction is followed, and looking at it goes wrong

looking = faults(
    104,
    looked(requests=4),
    [
        (
            "Cut, and then two looks that fail",
            (speaks(said, framing="cut"), *[answers({}, 503)] * 2, WELL),
        ),
        (
            "Cut, and then two looks that break",
            (speaks(said, framing="cut"), resets(), closes(), WELL),
        ),
    ],
    options={"retry": {"retries": 0}},
)
looking += faults(
    106,
    {
        "follow": Raises(
            kind=NotFoundError,
            error_id="PREDICTION_NOT_FOUND",
            status=404,
            requests=2,
            facts={"received": 1},
        )
    },
    [
        (
            "Complete, and then there is no such prediction",
            (speaks(said, framing="cut"), refusal(404, "PREDICTION_NOT_FOUND")),
        )
    ],
)
looking += faults(
    107,
    {
        "follow": Raises(
            kind=InvalidResponseError,
            error_id="INVALID_RESPONSE",
            status=200,
            requests=2,
            facts={"received": 2},
        )
    },
    [("Complete, and then another's prediction", (speaks(whole), answers({**P1, "id": "p2"})))],
)
looking += faults(
    108,
    looked(requests=3),
    [
        (
            "It says that it is done while it still runs",
            (speaks(whole), answers(PENDING), WELL),
        )
    ],
)
looking += faults(
    109,
    looked(""),
    [
        (
            f"`urls.stream` is {shown(url)}",
            (answers({**PENDING, "urls": {"stream": url}}), WELL),
        )
        for url in (
            "https://elsewhere.example/v1/predictions/p1/stream",
            "http://127.0.0.1:1/v1/predictions/p1/stream",
            "/v1/predictions/p1/stream",
            "file:///etc/passwd",
            "http://[",
        )
    ],
)

FAMILY: Final = Family(
    "S",
    "Streams",
    "What `chat.completions.stream()`, `responses.stream()`, `orchestrator.ai.generate()` and "
    "`predictions.stream()` make of streams that go wrong. Each row is played in the form that the "
    "operation speaks. An error holds the events that came before it, and the connection is free again "
    "at once. `follow` is `predictions.stream()`, which falls back to looking at its prediction.",
    [
        *every_cut,
        *breaks,
        *unfinished,
        *stalled,
        *failures,
        *instead,
        *unreadable,
        *lawful,
        *trailing,
        *large,
        *leaves,
        *looking,
    ],
)
"""Streams."""
