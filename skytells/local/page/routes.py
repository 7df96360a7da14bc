"""The page over HTTP: GET shows it, POST ends a prediction by hand and shows it again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from skytells.local.access import check_same_origin, origin
from skytells.local.fault_injection import refused
from skytells.local.platform import Platform
from skytells.local.prediction_json import Refusal

from .html import page, policy

Handler: TypeAlias = Callable[[Platform, Request], Awaitable[Response]]

_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": policy(),
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}


def page_routes(platform: Platform) -> list[Route]:
    """The routes of the page of a platform."""
    return [
        Route("/", _endpoint(platform, _show), methods=["GET"]),
        Route("/", _endpoint(platform, _act), methods=["POST"]),
    ]


def _endpoint(
    platform: Platform, handler: Handler
) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    async def answer(request: Request) -> Response:
        try:
            return await handler(platform, request)
        except Refusal as refusal:
            return refused(request, refusal)

    return answer


async def _show(platform: Platform, request: Request) -> Response:
    return HTMLResponse(page(platform, origin(request)), headers=_HEADERS)


async def _act(platform: Platform, request: Request) -> Response:
    check_same_origin(request)
    form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
    actions = {"cancel": platform.cancel, "fail": platform.fail, "finish": platform.finish}
    action, which = actions.get(form.get("do", "")), form.get("id", "")
    if action is None:
        raise Refusal(400, "INVALID_PARAMETER", f"do must be one of {', '.join(actions)}.")
    with suppress(Refusal):  # over or gone by now: the page shows which
        action(which)
    return RedirectResponse("/", 303)
