"""The control endpoints under `/_platform`: what the Python handle can do, for everybody else.

They take no key, and refuse what a page of another origin makes a browser send.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .access import check_same_origin, origin
from .fault_injection import JsonAnswer, refused
from .faults import read_fault
from .jobs import Job
from .platform import Platform
from .prediction_json import Json, JsonObject, Refusal, prediction_json
from .requests import read_json, read_object
from .webhooks import Delivery

Control: TypeAlias = Callable[[Platform, Request], Awaitable[Json]]

_SHOWN: Final = 100


def control_routes(platform: Platform) -> list[Route]:
    """The routes under `/_platform` of a platform."""
    return [
        Route(f"/_platform/{path}", _endpoint(platform, control), methods=[method])
        for method, path, control in _ROUTES
    ]


def _endpoint(
    platform: Platform, control: Control
) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    async def answer(request: Request) -> Response:
        try:
            check_same_origin(request)
            return JsonAnswer(await control(platform, request))
        except Refusal as refusal:
            no = refusal
        except (ValueError, TypeError) as error:
            no = Refusal(400, "INVALID_PARAMETER", str(error))
        return refused(request, no)

    return answer


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


async def _fault(platform: Platform, request: Request) -> Json:
    fault = read_fault(read_json(await request.body()))
    platform.faults.add(fault)
    return fault.as_json()


async def _clear(platform: Platform, _: Request) -> Json:
    platform.faults.clear()
    return {"success": True}


async def _advance(platform: Platform, request: Request) -> Json:
    given = await _object(request)
    platform.advance(**given)
    return {"now": platform.now()}


async def _speed(platform: Platform, request: Request) -> Json:
    given = await _object(request)
    platform.set_speed(**given)
    return {"speed": platform.clock.speed}


async def _script(platform: Platform, request: Request) -> Json:
    given = await _object(request)
    platform.script(given.pop("model", ""), **given)
    return {"success": True}


async def _cancel(platform: Platform, request: Request) -> Json:
    return _shown(platform, request, platform.cancel(request.path_params["id"]))


async def _fail(platform: Platform, request: Request) -> Json:
    given = await _object(request)
    return _shown(platform, request, platform.fail(request.path_params["id"], **given))


async def _finish(platform: Platform, request: Request) -> Json:
    return _shown(platform, request, platform.finish(request.path_params["id"]))


_ROUTES: Final[tuple[tuple[str, str, Control], ...]] = (
    ("GET", "state", _state),
    ("POST", "faults", _fault),
    ("DELETE", "faults", _clear),
    ("POST", "advance", _advance),
    ("POST", "speed", _speed),
    ("POST", "script", _script),
    ("POST", "predictions/{id}/cancel", _cancel),
    ("POST", "predictions/{id}/fail", _fail),
    ("POST", "predictions/{id}/finish", _finish),
)


async def _object(request: Request) -> JsonObject:
    """The JSON object in the body; an empty body is an empty one."""
    return read_object(read_json(await request.body() or b"{}"))


def _shown(platform: Platform, request: Request, job: Job) -> JsonObject:
    return prediction_json(job, platform.now(), origin(request))


def _delivery(sent: Delivery) -> JsonObject:
    return {
        "url": sent.url,
        "event": sent.event,
        "body": sent.body,
        "headers": sent.headers,
        "attempt": sent.attempt,
        "status": sent.status,
        "error": sent.error,
    }
