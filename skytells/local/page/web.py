"""The page over HTTP: GET shows it, POST ends a prediction by hand and shows it again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from skytells.local.answers import Refusal
from skytells.local.core import Platform
from skytells.local.guard import check_host, check_same_origin

from .view import page, policy

Handler: TypeAlias = Callable[[Platform, Request], Awaitable[Response]]

_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": policy(),
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}


def page_routes(platform: Platform, *, allow_remote: bool = False) -> list[Route]:
    """The routes of the page.

    Arguments:
        platform: what it shows.
        allow_remote: take requests whose `Host` is not a loopback name.
    """
    return [
        Route("/", _guarded(platform, _show, allow_remote), methods=["GET"]),
        Route("/", _guarded(platform, _act, allow_remote), methods=["POST"]),
    ]


def _guarded(
    platform: Platform, handler: Handler, allow_remote: bool
) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    async def answer(request: Request) -> Response:
        try:
            if not allow_remote:
                check_host(request)
            return await handler(platform, request)
        except Refusal as refusal:
            return PlainTextResponse(refusal.message, refusal.status)

    return answer


async def _show(platform: Platform, request: Request) -> Response:
    return HTMLResponse(page(platform, str(request.base_url).rstrip("/")), headers=_HEADERS)


async def _act(platform: Platform, request: Request) -> Response:
    check_same_origin(request)
    form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
    actions = {"cancel": platform.cancel, "fail": platform.fail, "finish": platform.finish}
    action, which = actions.get(form.get("do", "")), form.get("id", "")
    if action is None:
        raise Refusal(400, "INVALID_PARAMETER", f"do must be one of {', '.join(actions)}.")
    with suppress(Refusal):  # over or gone by now: the page shows which
        action(which)
    if platform.outbox.next_moment is not None:  # a webhook may be told of this end only
        request.app.state.sender.wake()
    return RedirectResponse("/", 303)
