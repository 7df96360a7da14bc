"""Errors that the platform returns, and the envelopes that its routes send them in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from .json_values import JsonObject

Envelope = Literal["unified", "error", "inference", "flat", "simple", "bare", "failed-prediction"]
"""The forms of error bodies that the platform's documentation and clients know."""

_INFERENCE: Final = ("/v1/chat", "/v1/responses", "/v1/embeddings")

_TYPES: Final[Mapping[int, tuple[str, str | None]]] = {
    400: ("invalid_request_error", None),
    401: ("authentication_error", "invalid_api_key"),
    402: ("insufficient_quota", None),
    403: ("permission_error", None),
    404: ("invalid_request_error", None),
    422: ("invalid_request_error", None),
    429: ("rate_limit_error", "rate_limit_exceeded"),
    451: ("content_policy_error", "content_filter"),
}


class ApiError(Exception):
    """An error response of the platform.

    Args:
        status: The HTTP status.
        error_id: The machine-readable name.
        message: The human-readable message.
        details: More about it, or `None`.
        param: The field that is wrong, for envelopes that name it.
        headers: Headers of the response, such as `Retry-After`.
    """

    def __init__(
        self,
        status: int,
        error_id: str,
        message: str,
        details: str | JsonObject | None = None,
        *,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, error_id, message, details)
        self.status = status
        self.error_id = error_id
        self.message = message
        self.details = details
        self.param = param
        self.headers: dict[str, str] = dict(headers or {})

    def __str__(self) -> str:
        return f"{self.status} {self.error_id}: {self.message}"


class InvalidRequestError(ApiError):
    """A request that OpenAI's API rejects too, with the `param` and `code` that it returns."""

    def __init__(self, message: str, param: str | None, code: str | None = None) -> None:
        super().__init__(400, "INVALID_PARAMETER", message, param=param)
        self.code = code


def envelope_of(path: str) -> Envelope:
    """The envelope of the routes that a path belongs to.

    Example:
        >>> envelope_of("/v1/chat/completions"), envelope_of("/v1/predict")
        ('inference', 'unified')
    """
    if path.startswith(_INFERENCE):
        return "inference"
    return "bare" if path.startswith("/orchestrator/") else "unified"


def error_body(envelope: Envelope, error: ApiError, request_id: str) -> JsonObject:
    """The body of an error response.

    Args:
        envelope: Its form.
        error: What is reported.
        request_id: The id of the request, which the inference envelope includes.
    """
    details = {
        "http_status": error.status,
        "message": error.message,
        "details": error.details,
        "error_id": error.error_id,
    }
    match envelope:
        case "error":
            return {"error": details}
        case "inference":
            return {"error": inference_error(error, request_id)}
        case "flat":
            return {"error_id": error.error_id, "message": error.message}
        case "simple":
            return {"status": False, "response": error.message}
        case "bare":
            return {"error": error.message}
        case _:
            return {"status": False, "response": error.message, "error": details}


def inference_error(error: ApiError, request_id: str) -> JsonObject:
    """The error object of chat, responses and embeddings."""
    kind, code = _TYPES.get(error.status, ("api_error", None))
    code = code or error.error_id.lower()
    if isinstance(error, InvalidRequestError):
        code = error.code
    return {
        "message": error.message,
        "type": kind,
        "code": code,
        "error_id": error.error_id,
        "status": error.status,
        "param": error.param,
        "request_id": request_id,
        **({} if error.details is None else {"details": error.details}),
    }
