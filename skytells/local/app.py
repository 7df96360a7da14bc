"""The ASGI application: the routes of the platform and their request handlers."""

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

from .access import looks_real
from .assets import asset_response
from .control import control_routes
from .edge import check_edge
from .errors import ApiError
from .fault_injection import inject
from .faults import HEADER, Fault, parse_fault_header
from .http import JsonResponse, bearer_token, error_response, origin, variants_of
from .inference.routes import INFERENCE, NOT_FOUND_PATHS, endpoint_not_found
from .jobs import Job
from .json_values import Json
from .middleware import PlatformMiddleware
from .orchestrator.routes import ORCHESTRATOR
from .page.routes import page_routes
from .platform import Platform
from .platform import Request as ReceivedRequest
from .prediction_events import PredictionEvents
from .prediction_json import list_json, prediction_json
from .requests import check_content_type, parse_json, parse_list_query, parse_prediction
from .streaming import EVENT_STREAM
from .waiting import ChangeListener
from .webhook_sender import WebhookSender

Handler: TypeAlias = Callable[[Platform, Request], Awaitable[Response]]

_LOG: Final = logging.getLogger("skytells.local")
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def create_app(platform: Platform, *, allow_remote: bool = False) -> Starlette:
    """An ASGI application that serves a platform.

    Args:
        platform: The platform.
        allow_remote: Accept requests whose `Host` is not a loopback name.

    Example:
        >>> app = create_app(Platform())
    """

    def route(path: str, handler: Handler, *methods: str) -> Route:
        return Route(path, _endpoint(platform, handler), methods=methods)

    sender = WebhookSender(platform, allow_remote=allow_remote)
    app = Starlette(
        routes=[
            *page_routes(platform),
            *control_routes(platform),
            *(route(path, handler, method) for method, path, handler in _ROUTES),
            *(route(path, endpoint_not_found, *_METHODS) for path in NOT_FOUND_PATHS),
            route("/{rest:path}", _not_found, *_METHODS),
        ],
        middleware=[Middleware(PlatformMiddleware, sender=sender, allow_remote=allow_remote)],
    )
    app.state.warn_of_real_key = cache(_warn_of_real_key)
    return app


def _endpoint(
    platform: Platform, handler: Handler
) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    async def endpoint(request: Request) -> Response:
        request_id = request.state.request_id = platform.request_id()
        try:
            received = await _received(request)
            platform.record(received, len(await request.body()))
            response = await _respond(platform, handler, request, received)
        except ApiError as error:
            response = error_response(request, error)
        except ClientDisconnect:
            # Not read by anyone, but without it the server would log an exception.
            response = Response(status_code=400)
        response.headers["x-request-id"] = request_id
        return response

    return endpoint


async def _respond(
    platform: Platform, handler: Handler, request: Request, received: ReceivedRequest
) -> Response:
    """Call the handler, and inject the fault that applies to the request."""
    fault = _matching_fault(platform, request, received)
    variants = platform.variants | frozenset(fault.variants if fault else ())
    request.state.variants, request.state.fault = variants, fault

    async def process() -> Response:
        try:
            return await handler(platform, request)
        except ApiError as error:
            if error.error_id == "PREDICTION_NOT_FOUND" and "missing-502" in variants:
                error.status = 502
            return error_response(request, error)

    if fault is None:
        return await process()
    if fault.replaces_response:
        request.state.error = fault.api_error().error_id
    return await inject(platform, fault, process, request)


def _matching_fault(
    platform: Platform, request: Request, received: ReceivedRequest
) -> Fault | None:
    header = request.headers.get(HEADER)
    if header is None:
        model = _model_of(platform, request, received)
        return platform.faults.match(received.method, received.path, model)
    try:
        return parse_fault_header(header)
    except ValueError as error:
        message = f"The header {HEADER} is wrong: {error}"
        raise ApiError(400, "INVALID_PARAMETER", message) from error


def _model_of(platform: Platform, request: Request, received: ReceivedRequest) -> str | None:
    """The slug, without the vendor, of the model that a request is for."""
    path = request.path_params
    with suppress(ApiError, TypeError, KeyError):  # the body may be any JSON, or none
        if "id" in path:
            return platform.get(path["id"]).model.namespace
        return platform.model(path["slug"] if "slug" in path else received.body["model"]).namespace
    return None


def _with_key(handler: Handler, *, bearer: bool = False) -> Handler:
    """A handler that requires an API key in `x-api-key`, or also as a bearer token."""

    async def authorised(platform: Platform, request: Request) -> Response:
        key = request.headers.get("x-api-key") or (bearer_token(request) if bearer else None)
        platform.authorise(key)
        if key and key != platform.key and looks_real(key):
            request.app.state.warn_of_real_key()
        check_edge(platform, request, _json_or_none(await request.body()))
        return await handler(platform, request)

    return authorised


async def _create(platform: Platform, request: Request) -> Response:
    body = await request.body()
    check_content_type(request.headers.get("content-type"))
    prediction = parse_prediction(parse_json(body))
    key = request.headers.get("x-api-key")
    job = platform.create(prediction, origin=origin(request), key=key, size=len(body))
    limits = platform.account.limit_headers(job.model.namespace)
    if prediction.wait and job.model.type != "video":
        await _wait_for_end(platform, job)
    response = _prediction(platform, request, job)
    response.headers.update(limits)
    return response


async def _list(platform: Platform, request: Request) -> Response:
    page = platform.find(parse_list_query(request.query_params.multi_items()))
    variants = variants_of(request)
    return JsonResponse(list_json(page, platform.now(), origin(request), variants=variants))


async def _get(platform: Platform, request: Request) -> Response:
    return _prediction(platform, request, platform.get(request.path_params["id"]))


async def _stream(platform: Platform, request: Request) -> Response:
    if "stream-events" in variants_of(request):
        return await _events(platform, request)
    job = platform.get(request.path_params["id"])
    return _prediction(platform, request, job, with_stream=True)


async def _events(platform: Platform, request: Request) -> Response:
    job = platform.get(request.path_params["id"])
    if not job.request.stream:
        return _prediction(platform, request, job, with_stream=True)
    events = PredictionEvents(job, origin(request), platform.now(), variants_of(request))
    headers = {"cache-control": "no-cache"}
    return StreamingResponse(_sent(platform, events), headers=headers, media_type=EVENT_STREAM)


async def _cancel(platform: Platform, request: Request) -> Response:
    job = platform.cancel(request.path_params["id"])
    if "cancel-success" in variants_of(request):
        return JsonResponse({"success": True})
    return _prediction(platform, request, job)


async def _delete(platform: Platform, request: Request) -> Response:
    return _prediction(platform, request, platform.delete(request.path_params["id"]))


async def _remove(platform: Platform, request: Request) -> Response:
    platform.delete(request.path_params["id"])
    return JsonResponse({"success": True})


async def _models(platform: Platform, request: Request) -> Response:
    fields = _fields(request)
    return JsonResponse([model.as_json(fields) for model in platform.models])


async def _model(platform: Platform, request: Request) -> Response:
    return JsonResponse(platform.model(request.path_params["slug"]).as_json(_fields(request)))


async def _asset(platform: Platform, request: Request) -> Response:
    file = platform.asset(request.path_params["id"], request.path_params["name"])
    return await asset_response(request, file)


async def _not_found(_: Platform, request: Request) -> Response:
    message = f"There is no {request.method} {request.url.path} here."
    raise ApiError(404, "NOT_FOUND", message)


_ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("POST", "/v1/predict", _with_key(_create)),
    ("POST", "/v1/predictions", _with_key(_create)),
    ("GET", "/v1/predictions", _with_key(_list)),
    ("GET", "/v1/predictions/{id}", _with_key(_get)),
    ("GET", "/v1/predictions/{id}/stream", _with_key(_stream)),
    ("GET", "/v1/predictions/{id}/events", _with_key(_events)),
    ("POST", "/v1/predictions/{id}/cancel", _with_key(_cancel)),
    ("DELETE", "/v1/predictions/{id}", _with_key(_remove)),
    ("DELETE", "/v1/predictions/{id}/delete", _with_key(_delete)),
    ("GET", "/v1/models", _with_key(_models, bearer=True)),
    ("GET", "/v1/models/{slug:path}", _with_key(_model, bearer=True)),
    ("GET", "/v1/model/{slug:path}", _with_key(_model, bearer=True)),
    ("GET", "/assets/{id}/{name}", _asset),
    *((method, path, _with_key(handler, bearer=True)) for method, path, handler in INFERENCE),
    *ORCHESTRATOR,
)


async def _wait_for_end(platform: Platform, job: Job) -> None:
    """Return when the prediction has finished, or the platform closes."""
    with ChangeListener(platform) as listener:
        while not (platform.closed or job.finished(platform.now())):
            await listener.wait_until(job.ends)


async def _sent(platform: Platform, events: PredictionEvents) -> AsyncIterator[bytes]:
    """The events as they happen, until the last one or until the platform closes."""
    with ChangeListener(platform) as listener:
        while True:
            for event in events.update(platform.now()):
                yield event
            if events.finished or platform.closed:
                return
            await listener.wait_until(events.next_moment())


def _prediction(
    platform: Platform, request: Request, job: Job, *, with_stream: bool = False
) -> Response:
    request.state.prediction = job.id
    body = prediction_json(
        job,
        platform.now(),
        origin(request),
        with_stream=with_stream,
        variants=variants_of(request),
    )
    return JsonResponse(body)


def _warn_of_real_key() -> None:
    _LOG.warning("A key that looks real is used on the local platform, which takes any: sk-***")


def _fields(request: Request) -> list[str]:
    return request.query_params.get("fields", "").split(",")


async def _received(request: Request) -> ReceivedRequest:
    path: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return ReceivedRequest(
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
