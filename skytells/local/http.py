"""HTTP responses and headers that all routes share."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response

from .errors import ApiError, envelope_of, error_body
from .json_values import Json


class JsonResponse(Response):
    """JSON in ASCII: an input may contain half a surrogate pair, which UTF-8 cannot encode."""

    media_type = "application/json"

    def render(self, content: Json) -> bytes:
        """Encode the body."""
        return json.dumps(content, separators=(",", ":")).encode("ascii")


def error_response(request: Request, error: ApiError) -> JsonResponse:
    """An error in the envelope of its route; the access log will name it."""
    request.state.error = error.error_id
    request_id: str = getattr(request.state, "request_id", "")
    body = error_body(envelope_of(request.url.path), error, request_id)
    return JsonResponse(body, error.status, headers=error.headers)


def origin(request: Request) -> str:
    """Scheme, host and port that a request was sent to."""
    return str(request.base_url).rstrip("/")


def bearer_token(request: Request) -> str | None:
    """The key in `Authorization: Bearer`."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def variants_of(request: Request) -> frozenset[str]:
    """The variants of a request's response: those of the platform, and those of a fault."""
    variants: frozenset[str] = request.state.variants
    return variants
