"""The routes of the page: GET shows it, POST ends a prediction and shows it again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from skytells.local.access import check_same_origin
from skytells.local.errors import ApiError
from skytells.local.http import error_response, origin
from skytells.local.platform import Platform

from .html import content_security_policy, page

Handler: TypeAlias = Callable[[Platform, Request], Awaitable[Response]]

_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": content_security_policy(),
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}


def page_routes(platform: Platform) -> list[Route]:
    """The routes of the page of a platform."""
    return [
        Route("/", _endpoint(platform, _show), methods=["GET"]),
        Route("/", _endpoint(platform, _end_prediction), methods=["POST"]),
    ]


def _endpoint(
    platform: Platform, handler: Handler
) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return await handler(platform, request)
        except ApiError as error:
            return error_response(request, error)

    return endpoint


async def _show(platform: Platform, request: Request) -> Response:
    return HTMLResponse(page(platform, origin(request)), headers=_HEADERS)


async def _end_prediction(platform: Platform, request: Request) -> Response:
    check_same_origin(request)
    form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
    actions = {"cancel": platform.cancel, "fail": platform.fail, "finish": platform.finish}
    action, job_id = actions.get(form.get("do", "")), form.get("id", "")
    if action is None:
        raise ApiError(400, "INVALID_PARAMETER", f"do must be one of {', '.join(actions)}.")
    with suppress(ApiError):  # it has finished or is gone, which the page shows
        action(job_id)
    return RedirectResponse("/", 303)
