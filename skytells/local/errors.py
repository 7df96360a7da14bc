"""The shapes in which the platform says no: each part of it has its own, and documents know more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from .prediction_json import InvalidRequest, JsonObject, Refusal

Envelope = Literal["unified", "error", "inference", "flat", "simple", "bare", "failed-prediction"]
"""The shapes of errors that the platform's documents and clients know."""

_INFERENCE: Final = ("/v1/chat", "/v1/responses", "/v1/embeddings")

_KINDS: Final[Mapping[int, tuple[str, str | None]]] = {
    400: ("invalid_request_error", None),
    401: ("authentication_error", "invalid_api_key"),
    402: ("insufficient_quota", None),
    403: ("permission_error", None),
    404: ("invalid_request_error", None),
    422: ("invalid_request_error", None),
    429: ("rate_limit_error", "rate_limit_exceeded"),
    451: ("content_policy_error", "content_filter"),
}


def shape_of(path: str) -> Envelope:
    """The shape of the part of the platform that a path belongs to.

    Example:
        >>> shape_of("/v1/chat/completions"), shape_of("/v1/predict")
        ('inference', 'unified')
    """
    if path.startswith(_INFERENCE):
        return "inference"
    return "bare" if path.startswith("/orchestrator/") else "unified"


def shaped(envelope: Envelope, refusal: Refusal, request_id: str) -> JsonObject:
    """The body of a refusal in a shape.

    Arguments:
        envelope: the shape.
        refusal: what is said.
        request_id: the id of the request, which one of the shapes names.
    """
    match envelope:
        case "error":
            return {"error": refusal.envelope()["error"]}
        case "inference":
            return {"error": inference_error(refusal, request_id)}
        case "flat":
            return {"error_id": refusal.error_id, "message": refusal.message}
        case "simple":
            return {"status": False, "response": refusal.message}
        case "bare":
            return {"error": refusal.message}
        case _:
            return refusal.envelope()


def inference_error(refusal: Refusal, request_id: str) -> JsonObject:
    """What chat, responses and embeddings say of a refusal."""
    kind, usual = _KINDS.get(refusal.status, ("api_error", None))
    code = usual or refusal.error_id.lower()
    exact = {"code": refusal.code} if isinstance(refusal, InvalidRequest) else {}
    details = {} if refusal.details is None else {"details": refusal.details}
    return {
        "message": refusal.message,
        "type": kind,
        "code": code,
        "error_id": refusal.error_id,
        "status": refusal.status,
        "param": refusal.param,
        "request_id": request_id,
        **details,
        **exact,
    }
