"""The edge: the API under another path, for fewer models and without webhooks."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.types import Scope

from .errors import ApiError
from .http import variants_of
from .json_values import Json, is_object
from .platform import Platform

BASE: Final = "/edge"
"""The path under which the edge is served."""


def rewrite_path(scope: Scope) -> None:
    """Turn a request to the edge into one to the API that is marked."""
    path: str = scope.get("path", "")
    if path.startswith(f"{BASE}/v1/"):
        scope["path"] = path.removeprefix(BASE)
        scope.setdefault("state", {})["edge"] = True


def check_edge(platform: Platform, request: Request, body: Json) -> None:
    """Reject what the edge does not serve, if the request was sent there.

    Raises:
        ApiError: 400, it has a webhook; 404 (422 with the variant `edge-422`), the model is not at
            the edge.
    """
    if not getattr(request.state, "edge", False) or not is_object(body):
        return
    if body.get("webhook"):
        raise ApiError(400, "INVALID_PARAMETER", "The edge does not support webhooks.")
    slug = body.get("model")
    if not isinstance(slug, str):
        return
    model = platform.model(slug)
    if not (model.edge_compatible or model.openai_compatible):
        status, error_id = 404, "MODEL_NOT_FOUND"
        if "edge-422" in variants_of(request):
            status, error_id = 422, "MODEL_NOT_SUPPORTED"
        raise ApiError(status, error_id, f"{slug} does not support Edge routing.")
