"""The platform over HTTP: a table of routes and a few lines for each. The rules are the core's."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, TypeAlias

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from . import checks
from .answers import Json, Refusal, page_json, prediction_json
from .core import Platform
from .core import Request as Seen
from .jobs import Job

Handler: TypeAlias = Callable[[Platform, Request], Awaitable[Response]]

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_LOOPBACK: Final = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]*)?", re.IGNORECASE)


def create_app(platform: Platform, *, allow_remote: bool = False) -> Starlette:
    """An ASGI application that serves a platform.

    Arguments:
        platform: what is served.
        allow_remote: take requests whose `Host` is not a loopback name.

    Example:
        >>> app = create_app(Platform())
    """
    routes = [
        Route(path, _endpoint(platform, handler, allow_remote), methods=[method])
        for method, path, handler in _ROUTES
    ]
    rest = Route("/{rest:path}", _endpoint(platform, _unknown, allow_remote), methods=_METHODS)
    return Starlette(routes=[*routes, rest])


class _Answer(Response):
    """JSON in ASCII: an input may hold half a surrogate pair, which UTF-8 cannot carry."""

    media_type = "application/json"

    def render(self, content: Json) -> bytes:
        return json.dumps(content, separators=(",", ":")).encode("ascii")


def _endpoint(
    platform: Platform, handler: Handler, allow_remote: bool
) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    async def answer(request: Request) -> Response:
        try:
            if not allow_remote:
                _check_host(request)
            platform.see(await _seen(request))
            response = await handler(platform, request)
        except Refusal as refusal:
            response = _Answer(refusal.envelope(), refusal.status)
        except ClientDisconnect:
            # Nobody is there to read it, but a server that logs a traceback would look broken.
            response = Response(status_code=400)
        response.headers["x-request-id"] = platform.request_id()
        return response

    return answer


def _keyed(handler: Handler) -> Handler:
    async def answer(platform: Platform, request: Request) -> Response:
        platform.authorise(request.headers.get("x-api-key"))
        return await handler(platform, request)

    return answer


async def _create(platform: Platform, request: Request) -> Response:
    order = checks.read_order(checks.read_json(await request.body()))
    job = platform.create(order)
    if order.wait and job.model.type != "video":
        await _over(platform, job)
    return _prediction(platform, request, job)


async def _list(platform: Platform, request: Request) -> Response:
    page = platform.find(checks.read_search(request.query_params.multi_items()))
    return _Answer(page_json(page, platform.now(), _origin(request)))


async def _get(platform: Platform, request: Request) -> Response:
    return _prediction(platform, request, platform.get(request.path_params["id"]))


async def _stream(platform: Platform, request: Request) -> Response:
    job = platform.get(request.path_params["id"])
    return _prediction(platform, request, job, with_stream=True)


async def _cancel(platform: Platform, request: Request) -> Response:
    return _prediction(platform, request, platform.cancel(request.path_params["id"]))


async def _delete(platform: Platform, request: Request) -> Response:
    return _prediction(platform, request, platform.delete(request.path_params["id"]))


async def _remove(platform: Platform, request: Request) -> Response:
    platform.delete(request.path_params["id"])
    return _Answer({"success": True})


async def _models(platform: Platform, request: Request) -> Response:
    fields = _fields(request)
    return _Answer([model.as_json(fields) for model in platform.models])


async def _model(platform: Platform, request: Request) -> Response:
    return _Answer(platform.model(request.path_params["slug"]).as_json(_fields(request)))


async def _asset(platform: Platform, request: Request) -> Response:
    file = platform.asset(request.path_params["id"], request.path_params["name"])
    return Response(file.content, media_type=file.media_type)


async def _unknown(platform: Platform, request: Request) -> Response:
    raise Refusal(404, "NOT_FOUND", f"There is no {request.method} {request.url.path} here.")


_ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("POST", "/v1/predict", _keyed(_create)),
    ("POST", "/v1/predictions", _keyed(_create)),
    ("GET", "/v1/predictions", _keyed(_list)),
    ("GET", "/v1/predictions/{id}", _keyed(_get)),
    ("GET", "/v1/predictions/{id}/stream", _keyed(_stream)),
    ("POST", "/v1/predictions/{id}/cancel", _keyed(_cancel)),
    ("DELETE", "/v1/predictions/{id}", _keyed(_remove)),
    ("DELETE", "/v1/predictions/{id}/delete", _keyed(_delete)),
    ("GET", "/v1/models", _keyed(_models)),
    ("GET", "/v1/models/{slug:path}", _keyed(_model)),
    ("GET", "/v1/model/{slug:path}", _keyed(_model)),
    ("GET", "/assets/{id}/{name}", _asset),
)


async def _over(platform: Platform, job: Job) -> None:
    """Return when the prediction is over, or the platform closes."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()
    with platform.watching(lambda: loop.call_soon_threadsafe(changed.set)):
        while not (platform.closed or job.finished(platform.now())):
            with suppress(TimeoutError):
                async with asyncio.timeout(platform.clock.real_seconds_until(job.ends)):
                    await changed.wait()
            changed.clear()


def _prediction(
    platform: Platform, request: Request, job: Job, *, with_stream: bool = False
) -> Response:
    body = prediction_json(job, platform.now(), _origin(request), with_stream=with_stream)
    return _Answer(body)


def _origin(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _fields(request: Request) -> list[str]:
    return request.query_params.get("fields", "").split(",")


def _check_host(request: Request) -> None:
    # A page on the web can make its own name point at 127.0.0.1, but not change this header.
    if not _LOOPBACK.fullmatch(request.headers.get("host", "")):
        raise Refusal(403, "SECURITY_VIOLATION", "This platform answers to loopback names only.")


async def _seen(request: Request) -> Seen:
    path: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return Seen(
        method=request.method,
        path=path.decode("ascii", "replace"),
        query=dict(request.query_params),
        headers=dict(request.headers),
        body=_json_or_none(await request.body()),
    )


def _json_or_none(body: bytes) -> Json:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
