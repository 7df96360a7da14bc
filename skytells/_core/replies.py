"""Reply → error, in one place: five envelopes, one tree.

The HTTP status of the reply decides; what a body says of itself is information. Text that a server
sent is made printable and bounded before it stands in a message.
"""

from __future__ import annotations

import re
from datetime import UTC
from html import unescape
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from pydantic_core import from_json

from .._data.checks import as_list, as_object, clean
from ..errors import (
    ApiErrorId,
    AuthenticationError,
    Details,
    InvalidRequestError,
    InvalidResponseError,
    NetworkError,
    NotFoundError,
    PaymentRequiredError,
    PermissionDeniedError,
    PredictionFailedError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    SkytellsError,
)
from .wire import Reply

# How much of a body that is not JSON is looked at, in bytes.
_EXCERPT: Final = 4096
_TAG: Final = r"(?is)<(script|style)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>"
_BY_STATUS: Final[dict[int, type[SkytellsError]]] = {
    401: AuthenticationError,
    402: PaymentRequiredError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: ServerError,
    410: NotFoundError,
    425: ServerError,
    429: RateLimitError,
}
_BY_ID: Final[dict[str, type[SkytellsError]]] = {
    "PREDICTION_FAILED": PredictionFailedError,
    "INSUFFICIENT_CREDITS": PaymentRequiredError,
    "PAYMENT_REQUIRED": PaymentRequiredError,
}
_ADVICE: Final[dict[type[SkytellsError], str]] = {
    AuthenticationError: "Check the key at https://skytells.ai/dashboard/api-keys.",
    PaymentRequiredError: "Add credits at https://skytells.ai/dashboard, then run it again.",
    PermissionDeniedError: "Check what this account and key may use, or ask support.",
    NotFoundError: "Check what was asked for, and base_url.",
    RateLimitError: "Send less at once, or raise retry={'retries': …}.",
    InvalidRequestError: "Correct the request before sending it again.",
    ServerError: "Try again in a moment; if it persists, ask support.",
    PredictionFailedError: "Change the input, or try again.",
    SkytellsError: "Check what was asked for; if it persists, ask support.",
}
_ADVICE_BY_ID: Final = {
    "MODEL_NOT_FOUND": "Check the spelling; client.models.list() names every model.",
    "MODEL_NOT_SUPPORTED": "A chat model answers client.chat.completions.create(), and others "
    "client.run().",
    "PREDICTION_NOT_FOUND": "Check the id; client.predictions.list() shows the latest.",
    "VALIDATION_ERROR": "See client.models.get(slug, fields=['input_schema']) for what it takes.",
    "INVALID_INPUT": "See client.models.get(slug, fields=['input_schema']) for what it takes.",
    "CONTENT_POLICY_VIOLATION": "Ask for something else; client.safety.evaluate(error) tells what "
    "it was refused for.",
    "CONTEXT_LENGTH_EXCEEDED": "Send fewer or shorter messages, or ask a model that reads more.",
    "INFERENCE_TIMEOUT": "Ask for fewer tokens, or read the answer as a stream while it is made.",
}


class _Envelope(NamedTuple):
    """What an error's body says, in whichever of its forms."""

    message: str | None
    error_id: str | None
    details: Details | None
    error_type: str | None = None
    error_code: str | None = None
    request_id: str | None = None


def error_of(reply: Reply, advice: str | None = None, remark: str = "") -> SkytellsError:
    """The error that a reply other than a plain success means.

    Args:
        reply: The reply.
        advice: What to do about it, where that is known better than here.
        remark: What else may be the reason.
    """
    if 300 <= reply.status < 400:
        return _redirect(reply)
    body, text = _body(reply)
    said = _envelope(body)
    cls = _class(reply.status, said.error_id)
    advice = advice or _ADVICE_BY_ID.get((said.error_id or "").upper()) or _ADVICE.get(cls, "")
    message = clean(said.message or "") or _unnamed(reply, text)
    return cls(
        " ".join(
            part
            for part in (f"{message}{'' if message[-1:] in '.!?' else '.'}", advice, remark)
            if part
        ),
        said.error_id or _default_id(reply, body),
        said.details or text or message,
        reply.status,
        error_type=said.error_type,
        error_code=said.error_code,
        request_id=said.request_id or reply.headers.get("x-request-id"),
        retry_after=retry_after(reply.headers),
        response=body,
    )


def _class(status: int, error_id: str | None) -> type[SkytellsError]:
    if error_id in _BY_ID:
        return _BY_ID[error_id]
    if error_id and error_id.endswith("NOT_FOUND"):
        return NotFoundError
    if status >= 500:
        return ServerError
    return _BY_STATUS.get(status, InvalidRequestError if status >= 400 else SkytellsError)


def _body(reply: Reply) -> tuple[dict[str, Any] | None, str]:
    """The JSON object of a body; of one that is not JSON, its text."""
    try:
        return as_object(reply.json()), ""
    except SkytellsError:
        event = _event(reply.body)
        return event, "" if event else _text_of(reply)


def _event(body: bytes) -> dict[str, Any] | None:
    """The JSON object of a body that is framed as an event of a stream."""
    data = [line[5:] for line in body.splitlines() if line.startswith(b"data:")]
    try:
        return as_object(from_json(data[0])) if data else None
    except ValueError:
        return None


def _text_of(reply: Reply) -> str:
    """The text of a body that is not JSON; of HTML, without its tags."""
    text = reply.body[:_EXCERPT].decode("utf-8", "replace")
    if "html" in reply.headers.get("content-type", "") or text.lstrip().startswith("<"):
        text = unescape(re.sub(_TAG, " ", text))
    return clean(text, 200)


def _envelope(body: dict[str, Any] | None) -> _Envelope:
    body = body or {}
    inner = as_object(body.get("error"))
    said = body if inner is None else inner
    details: Any = said.get("details", body.get("detail"))
    return _Envelope(
        message=_text(
            said.get("message"),
            body.get("error"),
            body.get("response"),
            said.get("error_message"),
            _detail(body.get("detail")),
        ),
        error_id=_text(said.get("error_id")),
        details=as_object(details) or as_list(details) or _text(details, body.get("response")),
        error_type=_text(said.get("type")),
        error_code=_text(said.get("code")),
        request_id=_text(said.get("request_id")),
    )


def _detail(detail: object) -> str | None:
    """What FastAPI says: a text, or a list of what is wrong and where."""
    problems = [problem for each in as_list(detail) or [] if (problem := as_object(each))]
    told = (
        f"{'.'.join(map(str, as_list(p.get('loc')) or ['input']))}: {p['msg']}"
        for p in problems
        if isinstance(p.get("msg"), str)
    )
    return _text(detail, "; ".join(told))


def _text(*candidates: object) -> str | None:
    """The first that is text with something in it, or a number."""
    for text in candidates:
        if isinstance(text, int) and not isinstance(text, bool):
            return str(text)
        if isinstance(text, str) and text.strip():
            return text
    return None


def _default_id(reply: Reply, body: dict[str, Any] | None) -> str:
    if body is None:
        html = reply.status >= 500 or "json" not in reply.headers.get("content-type", "json")
        return ApiErrorId.SERVER_ERROR if html else ApiErrorId.HTTP_ERROR
    if isinstance(body.get("error"), dict):
        return ApiErrorId.UNKNOWN_ERROR
    return ApiErrorId.API_ERROR if _text(body.get("response"), body.get("error")) else "HTTP_ERROR"


def _unnamed(reply: Reply, text: str) -> str:
    kind = clean(reply.headers.get("content-type", ""), 60)
    what = f" with {kind}" if reply.body and kind and "json" not in kind else ""
    why = f": {text}" if text else " and gave no reason"
    return f"The server answered HTTP {reply.status}{what}{why}"


def _redirect(reply: Reply) -> SkytellsError:
    try:
        host = urlsplit(reply.headers.get("location", "")).hostname or "the same host"
    except ValueError:
        host = "an address that cannot be read"
    message = (
        f"The server redirects to {clean(host, 100)}. Redirects are not followed, so that the key "
        "and the request stay where they were sent; check base_url."
    )
    return InvalidResponseError(
        message, ApiErrorId.UNEXPECTED_REDIRECT, f"Status: {reply.status}", reply.status
    )


def wrong_kind(due: str, reply: Reply) -> SkytellsError:
    """The error for a successful answer that is not what was asked for."""
    excerpt = clean(reply.body[:1000].decode("utf-8", "replace"), 200) or "nothing"
    return InvalidResponseError(
        f"The server answered {reply.status} where {due} was due, with something else. Check "
        "base_url, and any proxy between.",
        ApiErrorId.INVALID_RESPONSE,
        f"Status: {reply.status}, Content: {excerpt}",
        reply.status,
    )


def attribute(error: SkytellsError, status: int, headers: dict[str, str]) -> None:
    """Give an error that was raised while a reply was read the status and the id of that reply.

    A status that the reply's body states is kept. An error of the connection has none.
    """
    if not isinstance(error, NetworkError | RequestTimeoutError):
        error.http_status = error.http_status or status
    error.request_id = error.request_id or headers.get("x-request-id")


def retry_after(headers: dict[str, str]) -> float | None:
    """Seconds that the server asks to wait: a number, or a date relative to its own clock."""
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text):
        return float(text)
    if not text or len(text) > 64:
        return None
    then, now = http_date(text), http_date(headers.get("date", ""))
    if then is None:
        return None
    if now is None:
        import time

        now = time.time()
    return max(0.0, then - now)


def http_date(text: str) -> float | None:
    """An HTTP date in seconds since the epoch."""
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(text)
        # The old form names no zone; it is GMT, as all of HTTP's dates.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


def has_id(row: object) -> bool:
    """Whether a JSON value is an object that says which one it is."""
    id = (as_object(row) or {}).get("id")
    return isinstance(id, str | int) and not isinstance(id, bool) and id != ""
