"""E: errors that the server describes, in every form, each field absent, wrong or hostile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from skytells import (
    AuthenticationError,
    InvalidRequestError,
    NotFoundError,
    PaymentRequiredError,
    PermissionDeniedError,
    PredictionFailedError,
    RateLimitError,
    ServerError,
    SkytellsError,
)

from ...behaviour.misbehaving import Step
from ...behaviour.steps import answers, sends
from ..cases import KEY, ONCE, Family, Raises, block, several, wired

GOOD: Final[Mapping[str, Any]] = {
    "message": "No cats today.",
    "error_id": "INVALID_INPUT",
    "details": "input.prompt",
}


def said(error: object, status: int = 422, **headers: str) -> Step:
    return answers({"error": error}, status, {k.replace("_", "-"): v for k, v in headers.items()})


def due(
    error_id: str = "INVALID_INPUT",
    kind: type[SkytellsError] = InvalidRequestError,
    status: int = 422,
    **facts: Any,
) -> dict[str, Raises]:
    says = facts.pop("says", "")
    maybe_sent = status >= 500 or status in {200, 408}
    both: dict[str, Any] = {
        "kind": kind,
        "error_id": error_id,
        "status": status,
        "says": says,
        "facts": facts,
    }
    return {"get": Raises(**both), "create": Raises(**both, maybe_sent=maybe_sent)}


def statused(status: int, kind: type[SkytellsError], error_id: str = "UNKNOWN_ERROR") -> Any:
    return {
        "script": (said({"message": "No."}, status),),
        "due": due(error_id, kind, status, response={"error": {"message": "No."}}),
    }


CLASSES: Final[Mapping[int, type[SkytellsError]]] = {
    **dict.fromkeys((400, 405, 406, 409, 411, 412, 413, 414, 415, 416), InvalidRequestError),
    **dict.fromkeys((417, 418, 421, 422, 423, 424, 426, 428, 431, 451, 499), InvalidRequestError),
    401: AuthenticationError,
    402: PaymentRequiredError,
    403: PermissionDeniedError,
    404: NotFoundError,
    410: NotFoundError,
    408: ServerError,
    425: ServerError,
    429: RateLimitError,
    **dict.fromkeys((500, 501, 502, 503, 504, 505, 507, 508, 510, 511, 520, 522), ServerError),
    **dict.fromkeys((524, 529, 530, 598, 599), ServerError),
}
statuses = block(
    "E",
    1,
    {},
    [(f"HTTP {status}", statused(status, kind)) for status, kind in sorted(CLASSES.items())],
    options={"retry": ONCE},
)
statuses += block(
    "E",
    47,
    due("HTTP_ERROR", status=600, kind=ServerError),
    [
        (
            f"HTTP {status}",
            {"script": (answers({}, status),), "due": due("HTTP_ERROR", ServerError, status)},
        )
        for status in (600, 777, 999)
    ],
    options={"retry": ONCE},
)

PLAIN: Final = {"error": dict(GOOD)}
forms = block(
    "E",
    50,
    due(says="No cats today.", details="input.prompt"),
    [
        ("`{error: {message, error_id, details}}`", answers(PLAIN, 422)),
        ("The same, flat", answers(dict(GOOD), 422)),
        ("The same, with a wrong `http_status`", said({**GOOD, "http_status": 200})),
        ("The same, with an `http_status` in words", said({**GOOD, "http_status": "500"})),
        (
            "The same, with a `status` that contradicts",
            answers({"status": "success", **PLAIN}, 422),
        ),
        ("The same, and more besides", answers({**PLAIN, "output": [1], "id": "p9"}, 422)),
        ("The same, as `text/plain`", answers(PLAIN, 422, {"content-type": "text/plain"})),
    ],
)
forms += block(
    "E",
    58,
    due("API_ERROR", says="No cats today."),
    [
        ("`{error: text}`", answers({"error": "No cats today."}, 422)),
        ("`{response: text}`", answers({"status": False, "response": "No cats today."}, 422)),
        (
            "`{error: null, response: text}`",
            answers({"error": None, "response": "No cats today."}, 422),
        ),
    ],
)
forms += block(
    "E",
    62,
    due("HTTP_ERROR", says="No cats today."),
    [
        ("`{message: text}`", answers({"message": "No cats today."}, 422)),
        ("`{error_message: text}`", answers({"error_message": "No cats today."}, 422)),
    ],
)
forms += block(
    "E",
    65,
    due(
        "INFERENCE_ERROR", error_type="invalid_request_error", error_code="bad", request_id="req_1"
    ),
    [
        (
            "The inference API's form",
            said(
                {
                    **GOOD,
                    "error_id": "INFERENCE_ERROR",
                    "type": "invalid_request_error",
                    "code": "bad",
                    "param": "model",
                    "request_id": "req_1",
                }
            ),
        ),
    ],
)
forms += block(
    "E",
    66,
    due("API_ERROR", InvalidRequestError, 422, error_code="7"),
    [("The console API's form", answers({"error": "No.", "code": 7}, 422))],
)
NAMELESS = due("HTTP_ERROR", says="HTTP 422")
forms += block(
    "E",
    70,
    NAMELESS,
    [
        (f"{wired(value)} for an error", answers(value, 422))
        for value in several({}, {"errors": []}, {"detail": [{"loc": ["body"]}]}, {"error": None})
    ]
    + [
        (f"{wired(value)} in `error`", answers({"error": value}, 422))
        for value in several("", " ", 7.5, False, [], ["No."])
    ]
    + [
        (f"{wired(value)} for an error", answers(value, 422))
        for value in several(None, True, 7, "No.", [], [GOOD])
    ],
)
forms += block(
    "E",
    90,
    due("SERVER_ERROR", ServerError, 502, says="HTTP 502"),
    [
        ("502 with a page", answers(b"<html>Bad gateway", 502, {"content-type": "text/html"})),
        ("502 with text", answers(b"upstream connect error", 502, {"content-type": "text/plain"})),
        ("502 with nothing", answers(b"", 502)),
        ("502 with JSON that is cut", answers(b'{"error": {"mess', 502)),
        ("502 with bytes", answers(bytes(range(256)), 502)),
        ("502 with a content type that is none", answers(b"x", 502, {"content-type": "\x1b[31m"})),
    ],
    options={"retry": ONCE},
)
forms += block(
    "E",
    97,
    due("SERVER_ERROR", InvalidRequestError, 422, says="HTTP 422"),
    [("A refusal with a page", answers(b"<html>Forbidden", 422, {"content-type": "text/html"}))],
)

fields = block(
    "E",
    100,
    due("UNKNOWN_ERROR", says="No cats today."),
    [
        (f"`error_id` is {wired(value)}", said({**GOOD, "error_id": value}))
        for value in several(None, "", " ", 7.5, True, [], {"id": "X"})
    ]
    + [("`error_id` is absent", said({"message": "No cats today."}))],
)
fields += block(
    "E",
    110,
    due(says="HTTP 422"),
    [
        (f"`message` is {wired(value)}", said({**GOOD, "message": value}))
        for value in several(None, "", " \n", 7.5, False, [], ["No."], {"en": "No."})
    ]
    + [("`message` is absent", said({"error_id": "INVALID_INPUT"}))],
)
fields += block(
    "E",
    120,
    due(details="No cats today."),
    [
        (f"`details` is {wired(value)}", said({**GOOD, "details": value}))
        for value in several(None, "", 7.5, True, {}, [])
    ]
    + [("`details` is absent", said({"message": "No cats today.", "error_id": "INVALID_INPUT"}))],
)
fields += [
    fault
    for number, value in enumerate(
        several({"field": "prompt"}, [{"field": "prompt"}], "input.prompt"), 130
    )
    for fault in block(
        "E",
        number,
        due(details=value),
        [(f"`details` is {wired(value)}", said({**GOOD, "details": value}))],
    )
]
fields += block(
    "E",
    135,
    due(request_id="req_2", error_type=None, error_code=None),
    [
        ("The request id comes as a header", said(dict(GOOD), x_request_id="req_2")),
        (
            "The body's request id is no text",
            said({**GOOD, "request_id": [7]}, x_request_id="req_2"),
        ),
        (
            "`type` and `code` are no texts",
            said({**GOOD, "type": True, "code": ["x"]}, x_request_id="req_2"),
        ),
    ],
)

fields += block(
    "E",
    138,
    due("7", request_id="7", error_type="7", error_code="7", details="7", says="7."),
    [
        (
            "Numbers stand where texts are due",
            said(
                dict.fromkeys(("message", "error_id", "details", "request_id", "type", "code"), 7)
            ),
        )
    ],
)

meanings = [
    fault
    for number, (status, error_id, kind) in enumerate(
        several(
            (502, "PREDICTION_FAILED", PredictionFailedError),
            (502, "PREDICTION_NOT_FOUND", NotFoundError),
            (500, "MODEL_NOT_FOUND", NotFoundError),
            (400, "INSUFFICIENT_CREDITS", PaymentRequiredError),
            (429, "INSUFFICIENT_CREDITS", PaymentRequiredError),
            (503, "PAYMENT_REQUIRED", PaymentRequiredError),
            (422, "SOMETHING_NEW", InvalidRequestError),
            (422, "invalid_input", InvalidRequestError),
            (403, "ACCOUNT_SUSPENDED", PermissionDeniedError),
            (401, "ACCOUNT_SUSPENDED", AuthenticationError),
        ),
        140,
    )
    for fault in block(
        "E",
        number,
        due(error_id, kind, status),
        [(f"{status} that says `{error_id}`", said({**GOOD, "error_id": error_id}, status))],
    )
]
meanings += block(
    "E",
    152,
    due("INVALID_INPUT", SkytellsError, 200, says="No cats today."),
    [
        (
            "200 that says `status: false`, and no id",
            {
                "script": (answers({"status": False, **PLAIN}),),
                "due": {
                    name: Raises(kind=SkytellsError, error_id="INVALID_INPUT", status=200)
                    for name in ("get", "create")
                },
            },
        )
    ],
)
meanings += block(
    "E",
    153,
    {
        "get": Raises(
            kind=AuthenticationError,
            error_id="UNAUTHORIZED",
            status=401,
            says="No API key is set",
            facts={},
        )
    },
    [
        (
            "401, and there is no key",
            said({"message": "Who are you?", "error_id": "UNAUTHORIZED"}, 401),
        )
    ],
    options={"api_key": None},
)

HOSTILE: Final[Mapping[str, str]] = {
    "line ends": "No.\r\nERROR root: all is lost",
    "a terminal's colours": "No.\x1b[2J\x1b[31mcats",
    "a terminal's title": "\x1b]0;owned\x07No.",
    "text that runs backwards": "No \u202estac\u202c.",
    "invisible characters": "No\u200b\u2060\ufeff cats.",
    "line separators": "No\u2028cats\u2029today\x85.",
    "NUL": "No\0cats.",
    "a bell": "\x07\x08\x7f",
    "nothing but blanks of all kinds": "\u00a0\u2003\t",
    "a million characters": "x" * 1_000_000,
    "a hundred thousand lines": "x\n" * 100_000,
    "a format": "%s %d {0} {error!r} %(x)s",
    "the key": f"The key {KEY} is wrong",
    "the key, over and over": KEY * 500,
}
PRINTABLE = {
    name: Raises(
        kind=InvalidRequestError,
        error_id="INVALID_INPUT",
        status=422,
        facts={"message length": True},
        words="an error whose message is printable, bounded and without the key",
    )
    for name in ("get", "create")
}
hostility = block(
    "E",
    160,
    PRINTABLE,
    [(f"A message with {what}", said({**GOOD, "message": text})) for what, text in HOSTILE.items()],
)
KEYLESS = {
    name: Raises(kind=InvalidRequestError, words="an error without the key")
    for name in ("get", "create")
}
hostility += block(
    "E",
    175,
    KEYLESS,
    [
        ("The key in `error_id`", said({**GOOD, "error_id": KEY})),
        ("The key in `details`", said({**GOOD, "details": {"headers": {"x-api-key": KEY}}})),
        ("The key in a field that nobody knows", said({**GOOD, "request": {KEY: KEY}})),
        ("The key in `request_id`", said({**GOOD, "request_id": KEY})),
        ("The key in the request id's header", said(dict(GOOD), x_request_id=KEY)),
        ("The key in the content type", answers(b"No.", 422, {"content-type": KEY})),
        (
            "The key in the reason phrase",
            sends(b"HTTP/1.1 422 " + KEY.encode() + b"\r\ncontent-length: 0\r\n\r\n"),
        ),
        ("The key in a page", answers(f"<html>{KEY}".encode(), 422, {"content-type": "text/html"})),
        (
            "The key in JSON's escapes",
            answers(
                (
                    '{"error": {"message": "' + "".join(f"\\u{ord(c):04x}" for c in KEY) + '"}}'
                ).encode(),
                422,
            ),
        ),
    ],
)

FAMILY: Final = Family(
    "E",
    "Errors",
    "What the server says of its errors: every status, every form, each field absent, of another "
    "kind, contradictory or hostile. The status on the wire decides.",
    [*statuses, *forms, *fields, *meanings, *hostility],
)
