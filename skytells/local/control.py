"""The control endpoints under `/_platform`: what `LocalPlatform` can do, over HTTP.

They require no key, and reject what a page of another origin makes a browser send.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .access import check_same_origin
from .errors import ApiError
from .faults import parse_fault
from .http import JsonResponse, error_response, origin
from .jobs import Job
from .json_values import Json, JsonObject
from .platform import Platform
from .prediction_json import prediction_json
from .requests import parse_json, parse_object
from .webhooks import Delivery

Handler: TypeAlias = Callable[[Platform, Request], Awaitable[Json]]

_SHOWN: Final = 100


def control_routes(platform: Platform) -> list[Route]:
    """The routes under `/_platform` of a platform."""
    return [
        Route(f"/_platform/{path}", _endpoint(platform, handler), methods=[method])
        for method, path, handler in _ROUTES
    ]


def _endpoint(
    platform: Platform, handler: Handler
) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            check_same_origin(request)
            return JsonResponse(await handler(platform, request))
        except ApiError as error:
            return error_response(request, error)
        except (ValueError, TypeError) as error:
            return error_response(request, ApiError(400, "INVALID_PARAMETER", str(error)))

    return endpoint


async def _state(platform: Platform, request: Request) -> Json:
    now, here = platform.now(), origin(request)
    return {
        "now": now,
        "date": platform.clock.date(),
        "speed": platform.clock.speed,
        "credits": platform.account.balance,
        "variants": sorted(platform.variants),
        "faults": [fault.as_json() for fault in platform.faults],
        "predictions": [prediction_json(job, now, here) for job in platform.all()[:_SHOWN]],
        "deliveries": [_delivery(sent) for sent in reversed(platform.outbox.deliveries[-_SHOWN:])],
    }


async def _add_fault(platform: Platform, request: Request) -> Json:
    fault = parse_fault(parse_json(await request.body()))
    platform.faults.add(fault)
    return fault.as_json()


async def _clear_faults(platform: Platform, _: Request) -> Json:
    platform.faults.clear()
    return {"success": True}


async def _advance(platform: Platform, request: Request) -> Json:
    platform.advance(**await _fields(request))
    return {"now": platform.now()}


async def _speed(platform: Platform, request: Request) -> Json:
    platform.set_speed(**await _fields(request))
    return {"speed": platform.clock.speed}


async def _script(platform: Platform, request: Request) -> Json:
    fields = await _fields(request)
    platform.script(fields.pop("model", ""), **fields)
    return {"success": True}


async def _cancel(platform: Platform, request: Request) -> Json:
    return _prediction(platform, request, platform.cancel(request.path_params["id"]))


async def _fail(platform: Platform, request: Request) -> Json:
    fields = await _fields(request)
    return _prediction(platform, request, platform.fail(request.path_params["id"], **fields))


async def _finish(platform: Platform, request: Request) -> Json:
    return _prediction(platform, request, platform.finish(request.path_params["id"]))


_ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("GET", "state", _state),
    ("POST", "faults", _add_fault),
    ("DELETE", "faults", _clear_faults),
    ("POST", "advance", _advance),
    ("POST", "speed", _speed),
    ("POST", "script", _script),
    ("POST", "predictions/{id}/cancel", _cancel),
    ("POST", "predictions/{id}/fail", _fail),
    ("POST", "predictions/{id}/finish", _finish),
)


async def _fields(request: Request) -> JsonObject:
    """The fields of a body, which may be empty."""
    return parse_object(parse_json(await request.body() or b"{}"))


def _prediction(platform: Platform, request: Request, job: Job) -> JsonObject:
    return prediction_json(job, platform.now(), origin(request))


def _delivery(delivery: Delivery) -> JsonObject:
    return {
        "url": delivery.url,
        "event": delivery.event,
        "body": delivery.body,
        "headers": delivery.headers,
        "attempt": delivery.attempt,
        "status": delivery.status,
        "error": delivery.error,
    }
