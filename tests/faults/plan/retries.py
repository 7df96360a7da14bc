"""R: what is sent again, how often, after how long, and what never is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from skytells import RateLimitError, ServerError

from ...behaviour.misbehaving import Step
from ...behaviour.steps import answers, resets
from ..cases import (
    WELL,
    Due,
    Family,
    Gives,
    Raises,
    block,
    found,
    lost,
    several,
    shown,
)
from .envelopes import CLASSES

AGAIN: Final = (408, 425, 429, 500, 502, 503, 504, 529)
"""Statuses after which a read is tried again."""
UNSTARTED: Final = (425, 429)
"""Statuses that refuse before any work begins."""
BACKOFF: Final = (0.5, 1.0)


def failing(status: int, requests: int = 1, *, paid: bool = False, **more: Any) -> Raises:
    """The status as an error, in the end."""
    begun = paid and (status >= 500 or status == 408)
    return Raises(
        kind=CLASSES[status],
        error_id="API_ERROR",
        status=status,
        maybe_sent=begun,
        requests=requests,
        attempts=requests,
        **more,
    )


def says(status: int, **headers: str) -> Step:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return answers({"error": "No."}, status, named)


def by_policy(status: int) -> dict[str, Due]:
    """What the SDK's own policy makes of a status that stays."""
    again = status in AGAIN
    read = failing(status, 3 if again else 1, pauses=BACKOFF if again else ())
    resent = status in UNSTARTED
    paid = failing(status, 3 if resent else 1, paid=True, pauses=BACKOFF if resent else ())
    return {
        **dict.fromkeys(("get", "list", "model", "cancel", "delete"), read),
        "create": paid,
        "predict": paid,
    }


def at_first(status: int) -> dict[str, Due]:
    """And of one that passes."""
    if status in UNSTARTED:
        return dict.fromkeys(("get", "cancel", "delete", "create", "predict"), found(2))
    paid = failing(status, paid=True)
    return {**dict.fromkeys(("get", "cancel", "delete"), found(2)), "create": paid, "predict": paid}


STATUSES: Final = sorted(CLASSES)
OWN = [
    fault
    for number, status in enumerate(STATUSES, 1)
    for fault in block(
        "R", number, by_policy(status), [(f"{status}, again and again", (says(status),))]
    )
]
passes = [
    fault
    for number, status in enumerate(AGAIN, 50)
    for fault in block("R", number, at_first(status), [(f"{status}, once", says(status))])
]
passes += block(
    "R",
    60,
    {"get": found(3), "cancel": found(3), "create": failing(503, paid=True)},
    [("503, then a reset", (says(503), resets(), WELL))],
)
passes += block(
    "R",
    61,
    {"get": found(3), "create": lost(2)},
    [("429, then a reset", (says(429), resets(), WELL))],
)
passes += block(
    "R",
    62,
    {"delete": Gives(requests=2, facts={"id": "p1", "status": "deleted"})},
    [
        ("A deletion's answer is lost, and then it is gone", (resets(), says(404))),
        ("A deletion is answered with 503, and then it is gone", (says(503), says(404))),
    ],
)
passes += block(
    "R",
    64,
    {"delete": failing(404)},
    [("A deletion of what there never was", (says(404),))],
)
passes += block(
    "R",
    65,
    {"delete": Raises(kind=CLASSES[404], error_id="API_ERROR", status=404, requests=2, attempts=2)},
    [("A deletion is refused as one too many, and then there is none", (says(429), says(404)))],
)

# What the user asks for.


def asked(
    status: int, retry: Mapping[str, Any], requests: Mapping[str, int], *pauses: float
) -> dict[str, Any]:
    due = {
        name: failing(status, count, paid=name == "create", pauses=pauses[: count - 1])
        for name, count in requests.items()
    }
    return {"script": (says(status),), "options": {"retry": dict(retry)}, "due": due}


def alike(get: int, create: int) -> dict[str, int]:
    return {"get": get, "cancel": get, "create": create}


THRICE: Final = {"retries": 3, "retry_delay": 1000}
explicit = block(
    "R",
    70,
    {},
    [
        ("503, and no retries are wanted", asked(503, {"retries": 0}, alike(1, 1))),
        ("429, and no retries are wanted", asked(429, {"retries": 0}, alike(1, 1))),
        ("503, and three retries are wanted", asked(503, THRICE, alike(4, 1), 1.0, 2.0, 4.0)),
        ("500, and three retries are wanted", asked(500, THRICE, alike(4, 1), 1.0, 2.0, 4.0)),
        ("429, and three retries are wanted", asked(429, THRICE, alike(4, 4), 1.0, 2.0, 4.0)),
        ("408, which the documented list leaves out", asked(408, THRICE, alike(1, 1))),
        ("425, which the documented list leaves out", asked(425, THRICE, alike(1, 1))),
        (
            "404, which is asked for",
            asked(404, {**THRICE, "retry_on": [404]}, alike(4, 1), 1.0, 2.0, 4.0),
        ),
        (
            "500, which is asked for alone",
            asked(500, {**THRICE, "retry_on": [500]}, alike(4, 1), 1.0, 2.0, 4.0),
        ),
        ("429, which is not asked for", asked(429, {**THRICE, "retry_on": [500]}, alike(1, 1))),
        (
            "425, which is asked for",
            asked(425, {**THRICE, "retry_on": [425]}, alike(4, 4), 1.0, 2.0, 4.0),
        ),
        (
            "408, which is asked for",
            asked(408, {**THRICE, "retry_on": [408]}, alike(4, 1), 1.0, 2.0, 4.0),
        ),
        ("503, and nothing is worth a retry", asked(503, {**THRICE, "retry_on": []}, alike(1, 1))),
        (
            "503, and retries without a pause",
            asked(503, {"retries": 3, "retry_delay": 0}, alike(4, 1), 0.0, 0.0, 0.0),
        ),
        (
            "503, and pauses that grow to their limit",
            asked(
                503, {"retries": 6, "retry_delay": 1000}, alike(7, 1), 1.0, 2.0, 4.0, 8.0, 8.0, 8.0
            ),
        ),
        (
            "503, and pauses that begin beyond their limit",
            asked(503, {"retries": 2, "retry_delay": 60_000}, alike(3, 1), 8.0, 8.0),
        ),
        (
            "503, and twenty retries: more than the budget of the default",
            asked(503, {"retries": 20, "retry_delay": 0}, alike(21, 1), *[0.0] * 20),
        ),
    ],
)
explicit += block(
    "R",
    90,
    {
        "get": lost(4, maybe_sent=False, attempts=4),
        "cancel": lost(4, maybe_sent=False, attempts=4),
        "create": lost(1, attempts=1),
        "predict": lost(1, attempts=1),
    },
    [("The connection is reset again and again, and three retries are wanted", (resets(),))],
    options={"retry": {"retries": 3, "retry_delay": 0, "retry_on": [500]}},
)
explicit += block(
    "R",
    91,
    {
        "get": Raises(
            kind=ServerError,
            requests=3,
            facts={"outcomes": ["503", "NetworkError", "502"], "request_id": "r3"},
        )
    },
    [
        (
            "Trouble of three kinds: the last one is raised, and all are told of",
            (says(503), resets(), says(502, x_request_id="r3")),
        )
    ],
)
explicit += block(
    "R",
    92,
    {"get": found(3, sent={"x-skytells-retry-count": None})},
    [("The first try says nothing of retries", (says(503), says(503), WELL))],
)

# Retry-After

NOW: Final = "Sun, 06 Nov 1994 08:49:37 GMT"


def after(text: str, *, date: str | None = None, status: int = 429) -> tuple[Step, Step]:
    dated = {"date": date} if date is not None else {}
    return answers({"error": "No."}, status, {"retry-after": text, **dated}), WELL


def honoured(seconds: float) -> dict[str, Due]:
    return dict.fromkeys(("get", "cancel", "create"), found(2, pauses=(seconds + 0.05,)))


IGNORED: Final[Mapping[str, Due]] = dict.fromkeys(("get", "create"), found(2, pauses=(0.5,)))


def beyond(seconds: float) -> dict[str, Due]:
    due = Raises(
        kind=RateLimitError,
        error_id="API_ERROR",
        status=429,
        pauses=(),
        facts={"retry_after": seconds},
    )
    return dict.fromkeys(("get", "create"), due)


afters = [
    fault
    for number, (text, seconds) in enumerate(
        several(
            ("1", 1.0),
            ("0", 0.0),
            ("0.5", 0.5),
            ("2.000001", 2.000001),
            ("007", 7.0),
            (" 3 ", 3.0),
            ("60", 60.0),
        ),
        100,
    )
    for fault in block(
        "R",
        number,
        honoured(seconds),
        [(f"`Retry-After` is {shown(text)}", after(text))],
        options={"timeout": None},
    )
]
afters += [
    fault
    for number, (text, date, seconds) in enumerate(
        several(
            ("Sun, 06 Nov 1994 08:49:47 GMT", NOW, 10.0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", NOW, 0.0),
            ("Sun, 06 Nov 1994 08:49:07 GMT", NOW, 0.0),
            ("Sunday, 06-Nov-94 08:49:47 GMT", NOW, 10.0),
            ("Sun Nov  6 08:49:47 1994", NOW, 10.0),
            ("Sun, 06 Nov 1994 10:49:47 +0200", NOW, 10.0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", None, 0.0),
            ("Thu, 01 Jan 1970 00:00:00 GMT", "no date", 0.0),
        ),
        110,
    )
    for fault in block(
        "R",
        number,
        honoured(seconds),
        [
            (
                f"`Retry-After` is {shown(text)}, `Date` is {shown(date or 'absent')}",
                after(text, date=date),
            )
        ],
    )
]
afters += block(
    "R",
    120,
    IGNORED,
    [
        (f"`Retry-After` is {shown(text)}", after(text))
        for text in several(
            *("", "-1", "+5", "1e3", "nan", "inf", "0x10", "1,5", "1, 2", "soon", "5s", "9" * 400),
            *("1.0000001", "\u0661", "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994", "x" * 70),
            *("Fri, 31 Dec 9999 23:59:59 -9999", "None", "\x1b[31m1"),
        )
    ],
)
afters += [
    fault
    for number, (text, seconds) in enumerate(
        several(("61", 61.0), ("60.5", 60.5), ("999999999", 999999999.0)), 145
    )
    for fault in block(
        "R",
        number,
        beyond(seconds),
        [(f"`Retry-After` is {shown(text)}", after(text))],
        options={"timeout": None},
    )
]
afters += block(
    "R",
    148,
    beyond(3600.0),
    [("`Retry-After` is an hour from `Date`", after("Sun, 06 Nov 1994 09:49:37 GMT", date=NOW))],
)
afters += [
    fault
    for number, status in enumerate((500, 502, 503, 504, 529, 408), 150)
    for fault in block(
        "R",
        number,
        {
            "get": found(2, pauses=(7.05,)),
            "create": failing(status, paid=True, facts={"retry_after": 7.0}),
        },
        [(f"`Retry-After` with {status}", after("7", status=status))],
    )
]
afters += block(
    "R",
    156,
    {
        "get": failing(404, facts={"retry_after": 7.0}),
        "create": failing(404, facts={"retry_after": 7.0}),
    },
    [("`Retry-After` with 404", after("7", status=404))],
)
afters += block(
    "R",
    157,
    dict.fromkeys(("get", "create"), found(3, pauses=(2.05, 1.0))),
    [("`Retry-After` comes once, and then not", (says(429, retry_after="2"), says(429), WELL))],
)
afters += block(
    "R",
    158,
    {"get": Raises(kind=CLASSES[402], error_id="INSUFFICIENT_CREDITS", status=429, pauses=())},
    [
        (
            "429 that means no credits",
            (
                answers(
                    {"error": {"error_id": "INSUFFICIENT_CREDITS", "message": "No credits."}},
                    429,
                    {"retry-after": "1"},
                ),
                WELL,
            ),
        )
    ],
)

# One deadline for all of it.


def running_out(retry_after: str, requests: int, *pauses: float) -> dict[str, Due]:
    due = Raises(
        kind=RateLimitError,
        error_id="API_ERROR",
        status=429,
        requests=requests,
        attempts=requests,
        pauses=pauses,
        facts={"retry_after": float(retry_after)},
    )
    return dict.fromkeys(("get", "create"), due)


DEADLINES = block(
    "R",
    160,
    {},
    [
        (
            "`Retry-After` is beyond the timeout",
            {
                "script": (says(429, retry_after="30"),),
                "options": {"timeout": 20_000},
                "due": running_out("30", 1),
            },
        ),
        (
            "`Retry-After` fits the timeout once, and not twice",
            {"script": (says(429, retry_after="40"),), "due": running_out("40", 2, 40.05)},
        ),
        (
            "The back-off is beyond the timeout",
            {
                "script": (says(503),),
                "options": {"timeout": 400},
                "due": {"get": failing(503, pauses=())},
            },
        ),
        (
            "The back-off fits the timeout three times of nine",
            {
                "script": (says(503),),
                "options": {"timeout": 8_000, "retry": {"retries": 9, "retry_delay": 1000}},
                "due": {"get": failing(503, 4, pauses=(1.0, 2.0, 4.0))},
            },
        ),
        (
            "There is no timeout",
            {
                "script": (says(429, retry_after="50"),),
                "options": {"timeout": None},
                "due": running_out("50", 3, 50.05, 50.1),
            },
        ),
    ],
)

# The budget


def spent(status: int, requests: int, *, suppressed: str | None = "budget") -> dict[str, Due]:
    due = Raises(
        kind=CLASSES[status],
        error_id="API_ERROR",
        status=status,
        requests=requests,
        facts={"retry_suppressed": suppressed},
    )
    return {"outage": due}


BUDGETS = block(
    "R",
    170,
    {},
    [
        (
            "503 on five calls: ten retries are within the budget",
            {"script": (says(503),), "given": {"calls": 5}, "due": spent(503, 15, suppressed=None)},
        ),
        (
            "503 on six calls: the budget is spent",
            {"script": (says(503),), "given": {"calls": 6}, "due": spent(503, 16)},
        ),
        (
            "503 on forty calls: each is tried once from then on",
            {"script": (says(503),), "given": {"calls": 40}, "due": spent(503, 50)},
        ),
        (
            "429 on ten calls: twenty retries are within the budget",
            {
                "script": (says(429),),
                "given": {"calls": 10},
                "due": spent(429, 30, suppressed=None),
            },
        ),
        (
            "429 on eleven calls: the budget is spent",
            {"script": (says(429),), "given": {"calls": 11}, "due": spent(429, 31)},
        ),
        (
            "503 on six calls, and two retries are asked for: they are made",
            {
                "script": (says(503),),
                "given": {"calls": 6},
                "options": {"retry": {"retries": 2, "retry_delay": 0}},
                "due": spent(503, 18, suppressed=None),
            },
        ),
        (
            "Ten successes earn one retry",
            {
                "script": (*[says(503)] * 15, *[WELL] * 10, says(503)),
                "given": {"calls": 16},
                "due": spent(503, 27),
            },
        ),
        (
            "A retry that succeeds costs nothing",
            {
                "script": (*[says(503), WELL] * 20, says(503)),
                "given": {"calls": 21},
                "due": spent(503, 43, suppressed=None),
            },
        ),
    ],
)

FAMILY: Final = Family(
    "R",
    "Retries",
    "Each status with each class of operation, each form of `Retry-After`, what the user asks for, "
    "the deadline and the budget. What costs money is sent again only after 425, 429, or unsent.",
    [*OWN, *passes, *explicit, *afters, *DEADLINES, *BUDGETS],
)
