"""Errors of this package as answers of your API: RFC 9457, `application/problem+json`.

What a visitor can mend is told in words. What only the operator can is logged, and told as no more
than that: an upstream 401 is about your key, never about your visitor's.
"""

from __future__ import annotations

import logging
import math
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..errors import (
    AnswerError,
    BudgetExceededError,
    DownloadError,
    InvalidRequestError,
    NetworkError,
    NotFoundError,
    OutputExpiredError,
    PaymentRequiredError,
    PermissionDeniedError,
    PredictionFailedError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    SkytellsError,
    WaitTimeoutError,
    WebhookSignatureError,
)

_log: Final = logging.getLogger("skytells")

# The first class that fits decides.
_STATUS: Final[tuple[tuple[type[SkytellsError], HTTPStatus], ...]] = (
    (InvalidRequestError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (PredictionFailedError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (OutputExpiredError, HTTPStatus.GONE),
    (DownloadError, HTTPStatus.BAD_GATEWAY),
    (WebhookSignatureError, HTTPStatus.UNAUTHORIZED),
    (RateLimitError, HTTPStatus.SERVICE_UNAVAILABLE),
    (PaymentRequiredError, HTTPStatus.SERVICE_UNAVAILABLE),
    (BudgetExceededError, HTTPStatus.SERVICE_UNAVAILABLE),
    (RequestTimeoutError, HTTPStatus.GATEWAY_TIMEOUT),
    (WaitTimeoutError, HTTPStatus.GATEWAY_TIMEOUT),
    (ServerError, HTTPStatus.BAD_GATEWAY),
    (AnswerError, HTTPStatus.BAD_GATEWAY),
    (NetworkError, HTTPStatus.BAD_GATEWAY),
)
_BUSY: Final = frozenset({503, 529})
_REFUSED_CONTENT: Final = frozenset(
    {"SECURITY_VIOLATION", "CONTENT_POLICY_VIOLATION", "MODEL_REFUSED"}
)
_HIDDEN: Final = {
    HTTPStatus.GONE: "What was made was kept for minutes only, and is no longer there.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The service cannot do this until its operator has looked at it.",
    HTTPStatus.BAD_GATEWAY: "The service behind this one did not answer as it should. Try again later.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The service cannot take more work now. Try again later.",
    HTTPStatus.GATEWAY_TIMEOUT: "The service behind this one did not answer in time. Try again later.",
}


def add_error_handler(app: FastAPI) -> None:
    """Answer each `SkytellsError` that leaves a route with `problem(error)`, and log what is hidden.

    Args:
        app: Your application.
    """

    async def answer(_request: Request, error: Exception) -> Response:
        assert isinstance(error, SkytellsError)  # noqa: S101  # it is registered for no other
        return problem(error)

    app.add_exception_handler(SkytellsError, answer)


def problem(error: SkytellsError) -> JSONResponse:
    """An error as an answer for a visitor of your API: no key, no address, no account.

    | Error | Status |
    |---|---|
    | `InvalidRequestError`, `PredictionFailedError`, refused content | 422 |
    | `NotFoundError` | 404 |
    | `OutputExpiredError` | 410 |
    | `WebhookSignatureError` | 401 |
    | `RateLimitError`, `PaymentRequiredError`, `BudgetExceededError`, an upstream 503 | 503, with `Retry-After` if known |
    | `ServerError`, `NetworkError`, `AnswerError`, `DownloadError` | 502 |
    | `RequestTimeoutError`, `WaitTimeoutError` | 504 |
    | all others, as `AuthenticationError` and `ConfigurationError` | 500 |

    Args:
        error: Any error of this package.

    Returns:
        `application/problem+json` with `title`, `status`, `detail`, `error_id`, `maybe_sent` and,
        where there is one, `prediction_id`.

    Example:
        >>> from skytells.fastapi import problem
        >>> problem(NotFoundError("No such prediction.", "PREDICTION_NOT_FOUND", "", 404)).status_code
        404
    """
    status = _status(error)
    body = problem_body(error)
    headers: dict[str, str] = {}
    if status == HTTPStatus.SERVICE_UNAVAILABLE and error.retry_after is not None:
        headers["retry-after"] = str(math.ceil(error.retry_after))
    return JSONResponse(body, int(status), headers, media_type="application/problem+json")


def problem_body(error: SkytellsError) -> dict[str, Any]:
    """What `problem` says; what it hides is logged."""
    status = _status(error)
    hidden = _HIDDEN.get(status)
    if hidden is not None:
        _log.error("Answered %d: %s", status, error, exc_info=error)
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": hidden or _told(error),
        "error_id": str(error.error_id) if hidden is None else status.name,
        "maybe_sent": error.maybe_sent,
    }
    if error.prediction_id is not None:
        body["prediction_id"] = error.prediction_id
    return body


def _status(error: SkytellsError) -> HTTPStatus:
    if (
        isinstance(error, PermissionDeniedError | AnswerError)
        and error.error_id in _REFUSED_CONTENT
    ):
        return HTTPStatus.UNPROCESSABLE_ENTITY
    if isinstance(error, ServerError) and error.http_status in _BUSY:
        return HTTPStatus.SERVICE_UNAVAILABLE
    fitting = (status for cls, status in _STATUS if isinstance(error, cls))
    return next(fitting, HTTPStatus.INTERNAL_SERVER_ERROR)


def _told(error: SkytellsError) -> str:
    """The server's own words where there are any: our advice is for programmers."""
    if error.prediction is not None and error.prediction.failure is not None:
        return error.prediction.failure
    return error.details if isinstance(error.details, str) and error.details else error.message
