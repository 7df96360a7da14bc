"""D: a queue that is sent, and meets trouble at some place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from skytells import DispatchError

from ...behaviour.misbehaving import Peer
from ...behaviour.steps import head, reply
from ..cases import ONCE, SOON, Due, Family, Gives, Raises, World, block
from ..stage import Stage

PLACES: Final = 5
End: TypeAlias = Callable[[Peer], None]


def accepts(place: int) -> End:
    return lambda peer: peer.send(reply({"id": f"p{place}", "status": "pending"}))


def says(status: int, error_id: str = "X", **headers: str) -> End:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"error": {"message": "No.", "error_id": error_id}}
    return lambda peer: peer.send(reply(body, status, named))


def garbled(peer: Peer) -> None:
    peer.send(b"SSH-2.0\r\n")
    peer.close()


def cut(peer: Peer) -> None:
    peer.send(head("content-length: 99") + b"{")
    peer.close()


def meeting(end: End, places: Sequence[int]) -> World:
    """A server that accepts what it is sent, except, once each, what stands at these places."""

    def world(stage: Stage) -> None:
        left = set(places)

        def step(peer: Peer) -> None:
            place = peer.read().json["input"]["place"]
            bad = place in left
            left.discard(place)
            (end if bad else accepts(place))(peer)

        stage.server.recover(step)

    return world


WHERE: Final[Mapping[str, tuple[int, ...]]] = {
    "the first": (0,),
    "one in the middle": (2,),
    "the last": (4,),
    "two": (1, 3),
    "all": (0, 1, 2, 3, 4),
}


def partly(places: Sequence[int], status: int, *, begun: bool, back: bool) -> dict[str, Due]:
    bad = [place in places for place in range(PLACES)]
    due = Raises(
        kind=DispatchError,
        requests=PLACES + (len(places) if back else 0),
        facts={
            "accepted": [not is_bad for is_bad in bad],
            "failed": bad,
            "may have begun": [is_bad and begun for is_bad in bad],
            "back in the queue": list(places) if back else [],
            "second round": [f"p{place}" for place in places] if back else [],
            "http_status": status,
        },
        words="`DispatchError`: who was accepted, what failed, "
        + ("which may have begun, " if begun else "")
        + (
            "and the failed are sent by the next `dispatch()`" if back else "and none is sent again"
        ),
    )
    return {"dispatch": due}


TROUBLES: Final[Mapping[str, tuple[End, int, bool, bool]]] = {
    "is refused with 400": (says(400), 400, False, False),
    "is refused with 401": (says(401), 401, False, False),
    "is refused with 402": (says(402), 402, False, False),
    "is refused with 422": (says(422), 422, False, False),
    "is refused with 429": (says(429), 429, False, True),
    "is refused with 425": (says(425), 425, False, True),
    "is refused with 429 for want of credits": (
        says(429, "INSUFFICIENT_CREDITS"),
        429,
        False,
        False,
    ),
    "is answered with 500": (says(500), 500, True, False),
    "is answered with 503": (says(503), 503, True, False),
    "is answered with 408": (says(408), 408, True, False),
    "loses its connection": (Peer.reset, 0, True, False),
    "finds its connection closed": (Peer.close, 0, True, False),
    "is answered with no HTTP": (garbled, 0, True, False),
    "has an answer that is cut": (cut, 0, True, False),
    "is answered with `null`": (lambda peer: peer.send(reply(None)), 200, True, False),
    "is redirected": (says(302), 302, False, False),
}
faults = [
    fault
    for number, (what, (end, status, begun, back)) in enumerate(TROUBLES.items())
    for place, (where, places) in enumerate(WHERE.items(), 1)
    for fault in block(
        "D",
        10 * number + place,
        partly(places, status, begun=begun, back=back),
        [(f"Of five, {where} {what}", {"world": meeting(end, places)})],
        options={"retry": ONCE},
    )
]
faults += block(
    "D",
    170,
    partly((2,), 408, begun=True, back=False),
    [("Of five, one in the middle is never answered", {"world": meeting(Peer.hold, (2,))})],
    options={"timeout": SOON},
)
faults += block(
    "D",
    171,
    {"dispatch": Gives(requests=PLACES + 2, facts={"ids": ["p0", "p1", "p2", "p3", "p4"]})},
    [
        (
            "Of five, two are refused with 429 once: they are tried again",
            {"world": meeting(says(429), (1, 3))},
        ),
        (
            "Of five, two are told by 429 to come back later",
            {"world": meeting(says(429, retry_after="2"), (1, 3))},
        ),
    ],
)
faults += block(
    "D",
    173,
    {"dispatch": Gives(requests=0, facts={"count": 0})},
    [("The queue is empty", {"given": {"places": 0}})],
)
faults += block(
    "D",
    174,
    {"dispatch": Gives(requests=40, facts={"count": 40})},
    [("Forty, and nothing is wrong", {"world": meeting(Peer.close, ())})],
    given={"places": 40},
)

FAMILY: Final = Family(
    "D",
    "Dispatch",
    "A queue of five that meets trouble at each place. What was accepted is told, what surely was "
    "not begun goes back into the queue, and nothing is sent twice.",
    faults,
)
