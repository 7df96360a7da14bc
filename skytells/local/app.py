"""The platform over HTTP: a table of routes and a few lines for each. The rules are the core's."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import cache
from typing import Any, Final, TypeAlias

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from . import edge, requests
from .access import bearer, looks_real, origin
from .assets import asset_answer
from .control import control_routes
from .fault_injection import JsonAnswer, befall, refused
from .faults import HEADER, Fault, read_header
from .inference.routes import ELSEWHERE, INFERENCE, nothing
from .jobs import Job
from .middleware import Front
from .orchestrator.routes import ORCHESTRATOR
from .page import page_routes
from .platform import Platform
from .platform import Request as Seen
from .prediction_events import EVENT_STREAM, Story
from .prediction_json import Json, Refusal, page_json, prediction_json
from .waiting import Watch
from .webhook_sender import Sender

Handler: TypeAlias = Callable[[Platform, Request], Awaitable[Response]]

_LOG: Final = logging.getLogger("skytells.local")
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def create_app(platform: Platform, *, allow_remote: bool = False) -> Starlette:
    """An ASGI application that serves a platform.

    Arguments:
        platform: what is served.
        allow_remote: take requests whose `Host` is not a loopback name.

    Example:
        >>> app = create_app(Platform())
    """
    routes = [
        Route(path, _endpoint(platform, handler), methods=[method])
        for method, path, handler in _ROUTES
    ]
    elsewhere = [Route(path, _endpoint(platform, nothing), methods=_METHODS) for path in ELSEWHERE]
    rest = Route("/{rest:path}", _endpoint(platform, _unknown), methods=_METHODS)
    sender = Sender(platform, allow_remote=allow_remote)
    app = Starlette(
        routes=[*page_routes(platform), *control_routes(platform), *routes, *elsewhere, rest],
        middleware=[Middleware(Front, sender=sender, allow_remote=allow_remote)],
    )
    app.state.warn_of_real_key = cache(_warn_of_real_key)
    return app


def _endpoint(
    platform: Platform, handler: Handler
) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    async def answer(request: Request) -> Response:
        request_id = request.state.request_id = platform.request_id()
        try:
            seen = await _seen(request)
            platform.see(seen, len(await request.body()))
            response = await _faulty(platform, handler, request, seen)
        except Refusal as refusal:
            response = refused(request, refusal)
        except ClientDisconnect:
            # Nobody is there to read it, but a server that logs a traceback would look broken.
            response = Response(status_code=400)
        response.headers["x-request-id"] = request_id
        return response

    return answer


async def _faulty(platform: Platform, handler: Handler, request: Request, seen: Seen) -> Response:
    """Let a request go its way, unless it is to go wrong."""
    fault = _fault_of(platform, request, seen)
    variants = platform.variants | frozenset(fault.variants if fault else ())
    request.state.variants, request.state.fault = variants, fault

    if fault and (refusal := fault.refusal()):
        request.state.error = refusal[1]

    async def proceed() -> Response:
        try:
            return await handler(platform, request)
        except Refusal as refusal:
            if refusal.error_id == "PREDICTION_NOT_FOUND" and "missing-502" in variants:
                refusal.status = 502
            return refused(request, refusal)

    return await proceed() if fault is None else await befall(platform, fault, proceed, request)


def _fault_of(platform: Platform, request: Request, seen: Seen) -> Fault | None:
    header = request.headers.get(HEADER)
    if header is None:
        return platform.faults.meet(seen.method, seen.path, _model_named(platform, request, seen))
    try:
        return read_header(header)
    except ValueError as error:
        raise Refusal(400, "INVALID_PARAMETER", f"The header {HEADER} is wrong: {error}") from error


def _model_named(platform: Platform, request: Request, seen: Seen) -> str | None:
    """The bare slug of the model that a request concerns, if any."""
    path = request.path_params
    with suppress(Refusal, TypeError, KeyError):  # the body may be any JSON, or none
        if "id" in path:
            return platform.get(path["id"]).model.namespace
        return platform.model(path["slug"] if "slug" in path else seen.body["model"]).namespace
    return None


def _keyed(handler: Handler, *, either: bool = False) -> Handler:
    async def answer(platform: Platform, request: Request) -> Response:
        key = request.headers.get("x-api-key") or (bearer(request) if either else None)
        platform.authorise(key)
        if key and key != platform.key and looks_real(key):
            request.app.state.warn_of_real_key()
        edge.check(platform, request, _json_or_none(await request.body()))
        return await handler(platform, request)

    return answer


async def _create(platform: Platform, request: Request) -> Response:
    body = await request.body()
    requests.check_json_type(request.headers.get("content-type"))
    order = requests.read_order(requests.read_json(body))
    key = request.headers.get("x-api-key")
    job = platform.create(order, origin=origin(request), key=key, weight=len(body))
    limits = platform.account.standing(job.model.namespace).headers()
    if order.wait and job.model.type != "video":
        await _over(platform, job)
    response = _prediction(platform, request, job)
    response.headers.update(limits)
    return response


async def _list(platform: Platform, request: Request) -> Response:
    page = platform.find(requests.read_search(request.query_params.multi_items()))
    variants = _variants(request)
    return JsonAnswer(page_json(page, platform.now(), origin(request), variants=variants))


async def _get(platform: Platform, request: Request) -> Response:
    return _prediction(platform, request, platform.get(request.path_params["id"]))


async def _stream(platform: Platform, request: Request) -> Response:
    if "stream-events" in _variants(request):
        return await _events(platform, request)
    job = platform.get(request.path_params["id"])
    return _prediction(platform, request, job, with_stream=True)


async def _events(platform: Platform, request: Request) -> Response:
    job = platform.get(request.path_params["id"])
    story = Story(job, origin(request), platform.now(), _variants(request))
    if not job.order.stream:
        return _prediction(platform, request, job, with_stream=True)
    headers = {"cache-control": "no-cache"}
    return StreamingResponse(_told(platform, story), headers=headers, media_type=EVENT_STREAM)


async def _cancel(platform: Platform, request: Request) -> Response:
    job = platform.cancel(request.path_params["id"])
    if "cancel-success" in _variants(request):
        return JsonAnswer({"success": True})
    return _prediction(platform, request, job)


async def _delete(platform: Platform, request: Request) -> Response:
    return _prediction(platform, request, platform.delete(request.path_params["id"]))


async def _remove(platform: Platform, request: Request) -> Response:
    platform.delete(request.path_params["id"])
    return JsonAnswer({"success": True})


async def _models(platform: Platform, request: Request) -> Response:
    fields = _fields(request)
    return JsonAnswer([model.as_json(fields) for model in platform.models])


async def _model(platform: Platform, request: Request) -> Response:
    return JsonAnswer(platform.model(request.path_params["slug"]).as_json(_fields(request)))


async def _asset(platform: Platform, request: Request) -> Response:
    file = platform.asset(request.path_params["id"], request.path_params["name"])
    return await asset_answer(request, file)


async def _unknown(_: Platform, request: Request) -> Response:
    raise Refusal(404, "NOT_FOUND", f"There is no {request.method} {request.url.path} here.")


_ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("POST", "/v1/predict", _keyed(_create)),
    ("POST", "/v1/predictions", _keyed(_create)),
    ("GET", "/v1/predictions", _keyed(_list)),
    ("GET", "/v1/predictions/{id}", _keyed(_get)),
    ("GET", "/v1/predictions/{id}/stream", _keyed(_stream)),
    ("GET", "/v1/predictions/{id}/events", _keyed(_events)),
    ("POST", "/v1/predictions/{id}/cancel", _keyed(_cancel)),
    ("DELETE", "/v1/predictions/{id}", _keyed(_remove)),
    ("DELETE", "/v1/predictions/{id}/delete", _keyed(_delete)),
    ("GET", "/v1/models", _keyed(_models, either=True)),
    ("GET", "/v1/models/{slug:path}", _keyed(_model, either=True)),
    ("GET", "/v1/model/{slug:path}", _keyed(_model, either=True)),
    ("GET", "/assets/{id}/{name}", _asset),
    *((method, path, _keyed(handler, either=True)) for method, path, handler in INFERENCE),
    *ORCHESTRATOR,
)


async def _over(platform: Platform, job: Job) -> None:
    """Return when the prediction is over, or the platform closes."""
    with Watch(platform) as watch:
        while not (platform.closed or job.finished(platform.now())):
            await watch.until(job.ends)


async def _told(platform: Platform, story: Story) -> AsyncIterator[bytes]:
    """Tell a story as it goes on, until it is over or the platform closes."""
    with Watch(platform) as watch:
        while True:
            for event in story.news(platform.now()):
                yield event
            if story.over or platform.closed:
                return
            await watch.until(story.next_moment())


def _prediction(
    platform: Platform, request: Request, job: Job, *, with_stream: bool = False
) -> Response:
    request.state.prediction = job.id
    body = prediction_json(
        job,
        platform.now(),
        origin(request),
        with_stream=with_stream,
        variants=_variants(request),
    )
    return JsonAnswer(body)


def _variants(request: Request) -> frozenset[str]:
    variants: frozenset[str] = request.state.variants
    return variants


def _warn_of_real_key() -> None:
    _LOG.warning("A key that looks real is used on the local platform, which takes any: sk-***")


def _fields(request: Request) -> list[str]:
    return request.query_params.get("fields", "").split(",")


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
