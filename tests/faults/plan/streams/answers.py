"""Streams that say that they failed, and answers that are no streams."""

from __future__ import annotations

import gzip
import json
from typing import Final

from skytells import (
    AuthenticationError,
    InvalidRequestError,
    InvalidResponseError,
    NotFoundError,
    PaymentRequiredError,
    RateLimitError,
    ServerError,
    SkytellsError,
)

from ....behaviour.misbehaving import Step
from ....behaviour.steps import answers, head, sends
from ...cases import KEY, Due, Fault, several, wired
from ...forms import LINES, Form, end, junk, said, speaks, whole
from .due import EVENTFUL, PAID, broken, faults, heard, looked, refusal


def nulled(form: Form) -> bytes:
    """An event that says that there is no error."""
    return form.said.replace(b"{", b'{"error":null,', 1)


# It says that it failed


def in_band(kind: type[SkytellsError], error_id: str, status: int = 200) -> dict[str, Due]:
    """What is due for an error among the events: what costs money raises it, with what came."""
    return {**broken(kind, error_id, status, received=1), **looked()}


def tells(wire: object, name: str = "") -> Step:
    """An error after an event, in words that all forms share."""
    return speaks(said, junk(json.dumps(wire).encode(), name))


BROKE: Final = {"message": "It broke.", "status": 503, "error_id": "SERVICE_UNAVAILABLE"}
failures: list[Fault] = faults(
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


STATUSES: Final = several(
    (401, "UNAUTHORIZED", AuthenticationError, False),
    (402, "INSUFFICIENT_CREDITS", PaymentRequiredError, False),
    (404, "MODEL_NOT_FOUND", NotFoundError, False),
    (422, "VALIDATION_ERROR", InvalidRequestError, False),
    (429, "RATE_LIMITED", RateLimitError, False),
    (500, "INFERENCE_ERROR", ServerError, True),
    (503, "SERVICE_UNAVAILABLE", ServerError, True),
)
instead: list[Fault] = [
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
