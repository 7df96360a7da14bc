"""The edge: the API below another path, for fewer models and without webhooks."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.types import Scope

from .platform import Platform
from .prediction_json import Json, Refusal
from .requests import is_object

BASE: Final = "/edge"
"""The path below which the edge answers."""


def enter(scope: Scope) -> None:
    """Turn a request to the edge into one to the API that knows where it came in."""
    path: str = scope.get("path", "")
    if path.startswith(f"{BASE}/v1/"):
        scope["path"] = path.removeprefix(BASE)
        scope.setdefault("state", {})["edge"] = True


def check(platform: Platform, request: Request, body: Json) -> None:
    """Refuse what the edge does not serve, if that is where a request came in.

    Raises:
        Refusal: 400, a webhook is asked for; 404, or 422 as other documents have it, the model is
            not at the edge.
    """
    if not getattr(request.state, "edge", False) or not is_object(body):
        return
    if body.get("webhook"):
        raise Refusal(400, "INVALID_PARAMETER", "The edge calls no webhooks.")
    slug = body.get("model")
    if not isinstance(slug, str):
        return
    model = platform.model(slug)
    if not (model.edge_compatible or model.openai_compatible):
        status, error_id = 404, "MODEL_NOT_FOUND"
        if "edge-422" in request.state.variants:
            status, error_id = 422, "MODEL_NOT_SUPPORTED"
        raise Refusal(status, error_id, f"{slug} does not support Edge routing.")
