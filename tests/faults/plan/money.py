"""M: what costs money and has no answer. `run()` looks for it; the others say that it may have been sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import Any, Final

from skytells import (
    AuthenticationError,
    InvalidResponseError,
    NetworkError,
    NotFoundError,
    PaymentRequiredError,
    PredictionFailedError,
    RequestTimeoutError,
    ServerError,
    WaitTimeoutError,
)

from ...behaviour.misbehaving import Peer, Step
from ...behaviour.steps import answers, closes, resets, sends, stalls
from ..acts import ORDER
from ..cases import P1, PENDING, SOON, WELL, Due, Family, Raises, block, found

MADE: Final[Mapping[str, Any]] = {
    **P1,
    "model": {"name": "flux-pro"},
    "input": dict(ORDER["input"]),
}
POSTED: Final = "POST /v1/predict"
LISTED: Final = "GET /v1/predictions?page=1&per_page=50&model=flux-pro"
LOOKED: Final = "GET /v1/predictions/p1"


def lists(
    *rows: Mapping[str, Any], age: float = 0.0, skew: float = 0.0, dated: bool = True
) -> Step:
    """Answers with predictions made so many seconds ago, by a clock that is so far ahead."""

    def step(peer: Peer) -> None:
        now = time.time() + skew
        made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - age))
        found = [{"created_at": made, **row} for row in rows]
        answers({"data": found}, headers={"date": formatdate(now, usegmt=True)} if dated else {})(
            peer
        )

    return step


def unsure(
    kind: type[Exception] = NetworkError, requests: int = 4, *pauses: float, **facts: Any
) -> dict[str, Due]:
    """The outcome stays unknown; three looks were made."""
    due = Raises(
        kind=kind,
        maybe_sent=True,
        requests=requests,
        pauses=pauses or (1.0, 3.0),
        facts={"asked for": "flux-pro", "candidates": [], **facts},
    )
    return {"run": due}


FOUND: Final = {"run": found(2, targets=(POSTED, LISTED), pauses=())}
LOST: Final[Mapping[str, tuple[Step, type[Exception]]]] = {
    "The answer is reset": (resets(), NetworkError),
    "The answer never begins, and the connection closes": (closes(), NetworkError),
    "The answer is cut": (
        sends(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{", then=Peer.close),
        NetworkError,
    ),
    "The answer is no HTTP": (sends(b"SSH-2.0\r\n", then=Peer.close), NetworkError),
    "The answer is 500": (answers({"error": "No."}, 500), ServerError),
    "The answer is 502 from something in front": (
        answers(b"<html>", 502, {"content-type": "text/html"}),
        ServerError,
    ),
    "The answer is 503": (answers({"error": "No."}, 503), ServerError),
    "The answer is 504": (answers({"error": "No."}, 504), ServerError),
    "The answer is 408": (answers({"error": "No."}, 408), ServerError),
    "The answer is 200 and `null`": (answers(None), InvalidResponseError),
    "The answer is 200 and a page": (
        answers(b"<html>", 200, {"content-type": "text/html"}),
        ServerError,
    ),
    "The answer is 200 and JSON that is cut": (answers(b'{"id": "p'), InvalidResponseError),
    "The answer is 204": (sends(b"HTTP/1.1 204 No Content\r\n\r\n"), InvalidResponseError),
}
reconciled = block(
    "M",
    1,
    FOUND,
    [
        (f"{what}; the list shows one like it", (step, lists(MADE)))
        for what, (step, _) in LOST.items()
    ],
)
reconciled += block(
    "M",
    15,
    FOUND,
    [("The answer never comes; the list shows one like it", (stalls(), lists(MADE)))],
    options={"timeout": SOON},
)
told = [
    fault
    for number, (what, (step, kind)) in enumerate(LOST.items(), 20)
    for fault in block(
        "M",
        number,
        {
            name: Raises(
                kind=kind,
                maybe_sent=True,
                pauses=(),
                facts={"asked for": "flux-pro"},
                says="find_unconfirmed",
            )
            for name in ("create", "predict")
        },
        [(f"{what}, and nobody looks", (step, WELL))],
    )
]
told += block(
    "M",
    34,
    {
        name: Raises(
            kind=RequestTimeoutError,
            maybe_sent=True,
            facts={"asked for": "flux-pro"},
            says="find_unconfirmed",
        )
        for name in ("create", "predict")
    },
    [("The answer never comes, and nobody looks", (stalls(), WELL))],
    options={"timeout": SOON},
)

NEVER = lists()
others = block(
    "M",
    40,
    unsure(),
    [
        ("The list shows nothing", (resets(), NEVER)),
        (
            "The list shows one with another input",
            (resets(), lists({**MADE, "input": {"prompt": "A dog"}})),
        ),
        ("The list shows one without an input", (resets(), lists({**MADE, "input": None}))),
        (
            "The list shows one whose input is no object",
            (resets(), lists({**MADE, "input": "A cat on a mat"})),
        ),
        ("The list shows one from before", (resets(), lists(MADE, age=60.0))),
        ("The list shows one without a date", (resets(), lists({**MADE, "created_at": None}))),
        (
            "The list shows one with a date that cannot be read",
            (resets(), lists({**MADE, "created_at": "yesterday"})),
        ),
        ("The list is no page", (resets(), answers({"data": None}))),
        ("The list is refused", (resets(), answers({"error": "No."}, 403))),
        (
            "The list is a page of HTML",
            (resets(), answers(b"<html>", 200, {"content-type": "text/html"})),
        ),
    ],
)
others += block(
    "M",
    52,
    {
        "run": Raises(
            kind=NetworkError,
            maybe_sent=True,
            requests=2,
            pauses=(),
            facts={"candidates": ["p1", "p2"]},
        )
    },
    [("The list shows two that are equal", (resets(), lists(MADE, {**MADE, "id": "p2"})))],
)
others += block(
    "M",
    53,
    {"run": Raises(kind=NetworkError, maybe_sent=True, requests=5, facts={"candidates": []})},
    [("The list shows the one that an earlier call made", (WELL, resets(), lists(MADE)))],
    before=("create",),
)
others += block(
    "M",
    54,
    FOUND,
    [
        ("The server's clock is an hour ahead", (resets(), lists(MADE, skew=3600.0))),
        ("The server's clock is a day behind", (resets(), lists(MADE, skew=-86400.0))),
        ("The server does not tell the time", (resets(), lists(MADE, dated=False))),
        (
            "The server has added defaults to the input",
            (resets(), lists({**MADE, "input": {**ORDER["input"], "width": 1024}})),
        ),
        (
            "The list shows others as well",
            (
                resets(),
                lists(MADE, {**MADE, "id": "p2", "input": {"prompt": "A dog"}}, {"id": "p3"}),
            ),
        ),
    ],
)
others += block(
    "M",
    60,
    {"run": found(3, targets=(POSTED, LISTED, LISTED), pauses=(1.0,))},
    [("The list shows it at the second look", (resets(), NEVER, lists(MADE)))],
)
others += block(
    "M",
    61,
    {"run": found(4, pauses=(1.0, 3.0))},
    [("The list shows it at the third look", (resets(), NEVER, NEVER, lists(MADE)))],
)
others += block(
    "M",
    62,
    {"run": found(4, pauses=(0.5, 1.0))},
    [("The list itself has passing trouble", (resets(), answers({}, 503), resets(), lists(MADE)))],
)
RUNNING: Final = {**MADE, "status": "processing"}
others += block(
    "M",
    63,
    {"run": found(3, targets=(POSTED, LISTED, LOOKED))},
    [("It is found while it runs", (resets(), lists(RUNNING), WELL))],
)
FAILED: Final = {**MADE, "status": "failed", "error": "Too many cats."}
others += block(
    "M",
    64,
    {
        "run": Raises(
            kind=PredictionFailedError,
            error_id="PREDICTION_FAILED",
            status=0,
            requests=2,
            says="Too many cats.",
            facts={"prediction_id": "p1"},
        )
    },
    [("It is found, and has failed", (resets(), lists(FAILED)))],
)

# run() otherwise


def refusal(status: int, kind: type[Exception], error_id: str) -> dict[str, Any]:
    return {
        "script": (answers({"error": {"message": "No.", "error_id": error_id}}, status),),
        "due": {
            "run": Raises(
                kind=kind, error_id=error_id, status=status, pauses=(), facts={"candidates": []}
            )
        },
    }


runs = block(
    "M",
    70,
    {},
    [
        ("A refused key", refusal(401, AuthenticationError, "UNAUTHORIZED")),
        ("No credits", refusal(402, PaymentRequiredError, "INSUFFICIENT_CREDITS")),
        ("No such model", refusal(404, NotFoundError, "MODEL_NOT_FOUND")),
    ],
)
runs += block(
    "M",
    75,
    {"run": found(2, targets=(POSTED, LOOKED))},
    [
        ("The model ignores `await`", (answers(PENDING), WELL)),
        (
            "The prediction is queued, and says `status: false`",
            (answers({"status": False, "id": "p1"}), WELL),
        ),
        ("The prediction has no status yet", (answers({"id": "p1"}), WELL)),
        (
            "The prediction has a status that nobody knows",
            (answers({"id": "p1", "status": "dreaming"}), WELL),
        ),
    ],
)
runs += block(
    "M",
    80,
    {
        "run": Raises(
            kind=PredictionFailedError,
            error_id="PREDICTION_FAILED",
            status=0,
            requests=1,
            says="Too many cats.",
            facts={"prediction_id": "p1"},
        )
    },
    [
        ("It fails, and says why in `error`", (answers(FAILED),)),
        (
            "It fails, and says why in `response`",
            (answers({**P1, "status": "failed", "response": "Too many cats."}),),
        ),
    ],
)
runs += block(
    "M",
    82,
    {
        "run": Raises(
            kind=PredictionFailedError,
            error_id="PREDICTION_FAILED",
            status=0,
            requests=1,
            says="no reason",
        )
    },
    [("It fails without a reason", (answers({**P1, "status": "failed"}),))],
)
runs += block(
    "M",
    83,
    {"run": found(1, facts={"status": "cancelled"})},
    [("It is cancelled meanwhile", (answers({**P1, "status": "canceled"}),))],
)
runs += block(
    "M",
    84,
    {
        "run": Raises(
            kind=WaitTimeoutError,
            error_id="WAIT_TIMEOUT",
            status=408,
            requests=4,
            pauses=(5.0, 5.0, 2.0),
            facts={"prediction_id": "p1", "last status": "processing"},
            says="client.wait('p1')",
        )
    },
    [("It does not end within `max_wait`", (answers(PENDING),))],
    given={"max_wait": 12_000, "interval": 5_000},
)
runs += block(
    "M",
    85,
    {"run": found(4, pauses=None)},
    [("Looks have passing trouble", (answers(PENDING), answers({}, 503), resets(), WELL))],
    given={"interval": 5_000},
)
runs += block(
    "M",
    86,
    {"run": Raises(kind=NotFoundError, requests=2, facts={"prediction_id": "p1"})},
    [("It is gone while it is waited for", (answers(PENDING), answers({"error": "No."}, 404)))],
)


def raises(error: BaseException) -> Callable[[object], None]:
    def on_progress(_: object) -> None:
        raise error

    return on_progress


runs += block(
    "M",
    87,
    {
        "run": Raises(
            kind=ZeroDivisionError,
            requests=2,
            facts={"note": True, "prediction_id": "p1"},
            words="the callback's own error, which names the prediction",
        )
    },
    [("The callback raises", (answers(PENDING), WELL))],
    given={"on_progress": raises(ZeroDivisionError("mine"))},
)
runs += block(
    "M",
    88,
    {
        "run": Raises(
            kind=KeyboardInterrupt,
            requests=2,
            facts={"note": True, "prediction_id": "p1"},
            words="the interrupt, which names the prediction",
        )
    },
    [("The user interrupts", (answers(PENDING), WELL))],
    given={"on_progress": raises(KeyboardInterrupt())},
)

FAMILY: Final = Family(
    "M",
    "Money",
    "Paid requests whose answer is lost: never sent twice. `run()` looks for the prediction, goes on "
    "with it if there is exactly one, and otherwise says that it may have been sent.",
    [*reconciled, *told, *others, *runs],
)
