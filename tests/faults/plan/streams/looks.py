"""Readers who leave, and predictions that are looked at instead."""

from __future__ import annotations

from skytells import InvalidResponseError, NotFoundError

from ....behaviour.misbehaving import Peer
from ....behaviour.steps import answers, closes, resets
from ...cases import P1, PENDING, WELL, Fault, Gives, Raises, shown
from ...forms import FORMS, said, speaks, whole
from .due import faults, looked, refusal

# Its reader leaves

leaves: list[Fault] = faults(
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

looking: list[Fault] = faults(
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
