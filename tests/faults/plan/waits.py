"""W: waiting for what has been paid for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from skytells import (
    AuthenticationError,
    InvalidRequestError,
    InvalidResponseError,
    NetworkError,
    NotFoundError,
    PermissionDeniedError,
    PredictionFailedError,
    ServerError,
    SkytellsError,
    WaitTimeoutError,
)

from ...behaviour.misbehaving import Peer, Step
from ...behaviour.steps import answers, closes, resets, sends, stalls
from ..cases import (
    PENDING,
    SOON,
    WELL,
    Due,
    Family,
    Gives,
    Raises,
    block,
    refused,
    several,
    shown,
    unconfigured,
    wired,
)
from .money import raises

RUNS: Final = answers(PENDING)
ENDED: Final = {"status": "succeeded"}


def trouble(status: int, **headers: str) -> Step:
    return answers({"error": "No."}, status, {k.replace("_", "-"): v for k, v in headers.items()})


PASSING: Final[Mapping[str, Step]] = {
    **{f"{status}": trouble(status) for status in (408, 425, 429, 500, 502, 503, 504, 529)},
    "502 with a page": answers(b"<html>", 502, {"content-type": "text/html"}),
    "a reset": resets(),
    "a connection that closes": closes(),
    "no HTTP": sends(b"SSH-2.0\r\n", then=Peer.close),
    "an answer that is cut": sends(
        b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{", then=Peer.close
    ),
}
borne = block(
    "W",
    1,
    {"wait": Gives(requests=4, facts=ENDED)},
    [(f"One look meets {what}", (RUNS, step, RUNS, WELL)) for what, step in PASSING.items()],
)
borne += block(
    "W",
    15,
    {"wait": Gives(requests=2, facts=ENDED)},
    [
        ("The first look meets 503", (trouble(503), WELL)),
        ("The first look meets a reset", (resets(), WELL)),
    ],
)
borne += block(
    "W",
    17,
    {"wait": Gives(requests=9, facts=ENDED)},
    [("Eight looks in a row meet trouble", (*[trouble(503), resets()] * 4, WELL))],
)
borne += block(
    "W",
    18,
    {"wait": Gives(requests=18, facts=ENDED)},
    [
        (
            "Twice eight looks meet trouble, one between does not",
            (*[trouble(503)] * 8, RUNS, *[resets()] * 8, WELL),
        )
    ],
)
borne += block(
    "W",
    19,
    {
        "wait": Raises(
            kind=ServerError,
            error_id="API_ERROR",
            status=503,
            requests=9,
            facts={"prediction_id": "p1", "last status": "processing"},
        )
    },
    [("Trouble does not pass: 503", (trouble(503),))],
)
borne += block(
    "W",
    20,
    {
        "wait": Raises(
            kind=NetworkError,
            error_id="NETWORK_ERROR",
            status=0,
            requests=9,
            facts={"prediction_id": "p1"},
        )
    },
    [("Trouble does not pass: resets", (resets(),))],
)
borne += block(
    "W",
    21,
    {"wait": Gives(requests=3, facts=ENDED, pauses=(1.0, 1.0, 30.0))},
    [
        (
            "A look is told to come back in thirty seconds",
            (RUNS, trouble(429, retry_after="30"), WELL),
        )
    ],
    given={"interval": 1000},
)
borne += block(
    "W",
    22,
    {"wait": Gives(requests=3, facts=ENDED, pauses=(1.0, 1.0, 60.0))},
    [("A look is told to come back in a year", (RUNS, trouble(429, retry_after="31536000"), WELL))],
    given={"interval": 1000},
)
borne += block(
    "W",
    23,
    {"wait": Gives(requests=3, facts=ENDED, pauses=(1.0, 1.0, 1.0))},
    [
        (
            "A look is told to come back before the interval",
            (RUNS, trouble(503, retry_after="0"), WELL),
        )
    ],
    given={"interval": 1000},
)
borne += block(
    "W",
    24,
    {"wait": Gives(requests=5, facts=ENDED, pauses=(0.1, 0.1, 1.0, 2.0, 4.0))},
    [("Looks back off while there is trouble", (RUNS, resets(), resets(), resets(), WELL))],
    given={"interval": 100},
)


def final(
    status: int, kind: type[SkytellsError], error_id: str = "API_ERROR", **more: Any
) -> dict[str, Any]:
    body = more.pop("body", {"error": "No."})
    return {
        "script": (RUNS, answers(body, status)),
        "due": {
            "wait": Raises(
                kind=kind,
                error_id=error_id,
                status=status,
                requests=2,
                facts={"prediction_id": "p1", "last status": "processing"},
            )
        },
    }


def named(error_id: str) -> dict[str, Any]:
    return {"error": {"message": "No.", "error_id": error_id}}


FINAL = block(
    "W",
    30,
    {},
    [
        ("A look is refused with 400", final(400, InvalidRequestError)),
        ("A look is refused with 401", final(401, AuthenticationError)),
        ("A look is refused with 403", final(403, PermissionDeniedError)),
        ("A look finds nothing: 404", final(404, NotFoundError)),
        ("A look finds nothing: 410", final(410, NotFoundError)),
        (
            "A look finds nothing: 502 that says so",
            final(502, NotFoundError, "PREDICTION_NOT_FOUND", body=named("PREDICTION_NOT_FOUND")),
        ),
        (
            "A look is told of a failure by 502",
            final(502, PredictionFailedError, "PREDICTION_FAILED", body=named("PREDICTION_FAILED")),
        ),
        (
            "A look is answered with `null`",
            final(200, InvalidResponseError, "INVALID_RESPONSE", body=None),
        ),
        (
            "A look is answered with JSON that is cut",
            final(200, InvalidResponseError, "INVALID_JSON", body=b'{"id'),
        ),
        (
            "A look is answered about another prediction",
            final(
                200,
                InvalidResponseError,
                "INVALID_RESPONSE",
                body={"id": "p2", "status": "succeeded"},
            ),
        ),
        ("A look is redirected", final(302, InvalidResponseError, "UNEXPECTED_REDIRECT")),
    ],
)

states = [
    fault
    for number, (spelling, status) in enumerate(
        several(
            ("succeeded", "succeeded"),
            ("failed", "failed"),
            ("cancelled", "cancelled"),
            ("canceled", "cancelled"),
        ),
        45,
    )
    for fault in block(
        "W",
        number,
        {"wait": Gives(requests=2, facts={"status": status})},
        [(f"It ends as `{spelling}`", (RUNS, answers({"id": "p1", "status": spelling})))],
    )
]
states += block(
    "W",
    50,
    {"wait": Gives(requests=3, facts=ENDED)},
    [
        (
            f"On its way its status is {wired(status)}",
            (RUNS, answers({"id": "p1", "status": status}), WELL),
        )
        for status in several(
            "pending",
            "starting",
            "queued",
            "warming-up",
            "Succeeded",
            "",
            None,
            7,
            True,
            False,
            [],
            {},
        )
    ]
    + [("On its way it has no status", (RUNS, answers({"id": "p1"}), WELL))],
)
states += block(
    "W",
    65,
    {"wait": Gives(requests=0, facts={"id": "p1"})},
    [
        (
            f"It has ended before: {wired(status)}",
            {"given": {"target": {"id": "p1", "status": status}}},
        )
        for status in ("succeeded", "failed", "cancelled", "canceled")
    ],
)
states += block(
    "W",
    70,
    {"wait": refused()},
    [
        (f"{shown(target)} is waited for", {"given": {"target": target}})
        for target in several(
            None,
            7,
            True,
            "",
            " ",
            ".",
            "..",
            "a\nb",
            [],
            ["p1"],
            {},
            {"id": None},
            {"id": ""},
            {"status": "pending"},
            b"p1",
        )
    ],
)


def timed_out(requests: int, *pauses: float) -> dict[str, Due]:
    due = Raises(
        kind=WaitTimeoutError,
        error_id="WAIT_TIMEOUT",
        status=408,
        requests=requests,
        pauses=pauses,
        says="client.wait('p1')",
        facts={"prediction_id": "p1", "last status": "processing", "retryable": True},
    )
    return {"wait": due}


limits = block(
    "W",
    90,
    {},
    [
        (
            "`max_wait` ends between two looks",
            {"given": {"max_wait": 12_000, "interval": 5_000}, "due": timed_out(3, 5.0, 5.0, 2.0)},
        ),
        (
            "`max_wait` ends with a look",
            {"given": {"max_wait": 10_000, "interval": 5_000}, "due": timed_out(2, 5.0, 5.0)},
        ),
        (
            "`max_wait` is less than `interval`",
            {"given": {"max_wait": 1_000, "interval": 5_000}, "due": timed_out(1, 1.0)},
        ),
        (
            "`max_wait` is 0",
            {"given": {"max_wait": 0, "interval": 5_000}, "due": timed_out(1, 0.0)},
        ),
        (
            "`max_wait` is 0, and only the id is known",
            {"given": {"target": "p1", "max_wait": 0}, "due": timed_out(1)},
        ),
        (
            "`max_wait` is a thousandth of a millisecond",
            {"given": {"max_wait": 0.001}, "due": timed_out(1, 0.000001)},
        ),
        (
            "`interval` is a week",
            {"given": {"max_wait": 1_000, "interval": 604_800_000}, "due": timed_out(1, 1.0)},
        ),
    ],
    script=(RUNS,),
)
limits += block(
    "W",
    97,
    {"wait": Gives(requests=1, facts=ENDED, pauses=(1.0,))},
    [("It ends just by the last look", (WELL,))],
    given={"max_wait": 1_000, "interval": 5_000},
)
limits += block(
    "W",
    98,
    {
        "wait": Raises(
            kind=WaitTimeoutError,
            error_id="WAIT_TIMEOUT",
            status=408,
            requests=2,
            pauses=(1.0, 4.0),
            facts={"prediction_id": "p1", "__cause__.http_status": 503},
        )
    },
    [("The last looks have met trouble", (trouble(503, retry_after="30"),))],
    given={"max_wait": 5_000, "interval": 1_000},
)
limits += block(
    "W",
    99,
    {"wait": Gives(requests=2, facts=ENDED)},
    [("A look is never answered", (stalls(), WELL))],
    options={"timeout": SOON},
)
limits += block(
    "W",
    100,
    {"wait": unconfigured("interval")},
    [
        (f"`interval` is {shown(value)}", {"given": {"interval": value}})
        for value in several(0, -1, True, "5", float("nan"), float("inf"), 10**12)
    ],
)
limits += block(
    "W",
    110,
    {"wait": unconfigured("max_wait")},
    [
        (f"`max_wait` is {shown(value)}", {"given": {"max_wait": value}})
        for value in several(-1, True, "5", float("nan"), float("inf"), 10**12)
    ],
)
limits += block(
    "W",
    117,
    {"wait": unconfigured("max_wait")},
    [("An option that is misspelt", {"given": {"options": {"maxwait": 5}}})],
)


class MineError(Exception):
    """Of the user's own."""


callbacks = block(
    "W",
    120,
    {
        "wait": Raises(
            kind=MineError,
            requests=1,
            facts={"note": True, "prediction_id": "p1"},
            words="the callback's own error, which names the prediction",
        )
    },
    [("The callback raises", (RUNS,))],
    given={"on_progress": raises(MineError("mine"))},
)
callbacks += block(
    "W",
    121,
    {
        "wait": Raises(
            kind=KeyboardInterrupt,
            requests=1,
            facts={"note": True, "prediction_id": "p1"},
            words="the interrupt, which names the prediction",
        )
    },
    [("The user interrupts", (RUNS,))],
    given={"on_progress": raises(KeyboardInterrupt())},
)
callbacks += block(
    "W",
    122,
    {
        "wait": Raises(
            kind=SystemExit,
            requests=1,
            facts={"note": True, "prediction_id": "p1"},
            words="the exit, which names the prediction",
        )
    },
    [("The program is told to end", (RUNS,))],
    given={"on_progress": raises(SystemExit(3))},
)

PAIR: Final = [{"id": "p1", "status": "succeeded"}, {"id": "p2", "status": "failed"}]
TRIO: Final = {"targets": ("p1", "p2", "p3")}
THIRD: Final = {"id": "p3", "status": "succeeded"}
many = block(
    "W",
    130,
    {"wait_all": Gives(requests=2, facts={"ids": ["p1", "p2", "p3"]})},
    [
        (
            "Three are looked for, and the list has 503 at first",
            (trouble(503), answers({"data": [*PAIR, THIRD]})),
        ),
        (
            "Three are looked for, and the list is reset at first",
            (resets(), answers({"data": [*PAIR, THIRD]})),
        ),
        (
            "Three are looked for, and one is not on the list",
            (answers({"data": PAIR}), answers(THIRD)),
        ),
    ],
    given=TRIO,
)
many += block(
    "W",
    135,
    {
        "wait_all": Raises(
            kind=WaitTimeoutError,
            error_id="WAIT_TIMEOUT",
            status=408,
            requests=3,
            facts={"prediction_id": "p1"},
        )
    },
    [
        (
            "One of three does not end",
            (answers({"data": [PENDING, *PAIR[1:], THIRD]}), answers(PENDING)),
        )
    ],
    given={**TRIO, "max_wait": 2_000, "interval": 1_000},
)
many += block(
    "W",
    136,
    {"wait_all": Gives(requests=0, facts={"count": 0})},
    [("None are waited for", {"given": {"targets": ()}})],
)
many += block(
    "W",
    137,
    {"wait_all": Gives(requests=1, facts={"ids": ["p1", "p1"]})},
    [("One is waited for twice", {"given": {"targets": ("p1", "p1")}})],
)
many += block(
    "W",
    138,
    {"wait_all": refused()},
    [("One of them is none", {"given": {"targets": ("p1", 7)}})],
)

FAMILY: Final = Family(
    "W",
    "Waiting",
    "Trouble at each look, states that nobody knows, limits and callbacks. Passing trouble is borne "
    "up to eight times in a row; whatever ends a wait names the prediction.",
    [*borne, *FINAL, *states, *limits, *callbacks, *many],
)
