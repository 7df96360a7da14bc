"""Streams that are cut, end too soon, or never."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from skytells import RequestTimeoutError, WaitTimeoutError

from ....behaviour.misbehaving import Peer
from ....behaviour.steps import answers, closes, resets, stalls
from ...cases import PENDING, SOON, Due, Fault, Gives, Raises, several
from ...forms import FORMS, LINES, Form, cuts, dripping, end, flooding, said, speaks
from .due import EVENTFUL, broken, faults, heard, looked, piece

IDLE: Final[Mapping[str, Any]] = {"idle_timeout": 250}


def torn(form: Form) -> bytes:
    """The beginning of an event."""
    return form.said[:7]


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
            if name == "chat":
                # The finish reason has come, and nothing else has begun to come.
                finished = form.whole.index(b"\n\ndata: [DONE]")
                fine |= set(range(finished, finished + len(b"\n\ndat") + 1))
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
breaks: list[Fault] = [
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

unfinished: list[Fault] = faults(
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

stalled: list[Fault] = [
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
            speaks(*(piece(place) for place in range(130)), pause=0.001),
        ),
    ],
    given={"idle_timeout": 1000},
)
