"""The Orchestrator over HTTP, below a path of its own: a line or two for each route."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from skytells.local.access import bearer
from skytells.local.fault_injection import JsonAnswer
from skytells.local.faults import Fault
from skytells.local.platform import Platform
from skytells.local.prediction_json import Json, JsonObject, Refusal
from skytells.local.requests import read_json
from skytells.local.streaming import Telling, streamed

from .generation import draft
from .parsing import bad
from .service import Orchestrator

Handler: TypeAlias = Callable[[Platform, Request], Awaitable[Response]]
_Told: TypeAlias = Callable[[Orchestrator, Request, Json], Json]

BASE: Final = "/orchestrator"
"""The path below which the Orchestrator answers."""

_NDJSON: Final = "application/x-ndjson"
_DONE: Final = {"success": True}
_CORS: Final = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "POST, OPTIONS",
    "access-control-allow-headers": "Content-Type, Authorization",
}


def _forgotten(studio: Orchestrator, request: Request) -> JsonObject:
    return {**_DONE, "deletedCount": studio.forget(_id(request))}


def _deleted(delete: Callable[[str], None], request: Request) -> JsonObject:
    delete(_id(request))
    return _DONE


def _executions(studio: Orchestrator, request: Request, _: Json) -> Json:
    now, variants = studio.now(), _variants(request)
    return [one.summary(now, variants) for one in studio.executions(_id(request))]


def _status(studio: Orchestrator, request: Request, _: Json) -> Json:
    return studio.execution(_id(request)).progress(studio.now(), _variants(request))


def _logs(studio: Orchestrator, request: Request, _: Json) -> Json:
    return studio.execution(_id(request)).logs(studio.now(), _variants(request))


_TOLD: Final[tuple[tuple[str, str, _Told], ...]] = (
    ("GET", "workflows", lambda s, _, __: [one.summary() for one in s.workflows()]),
    ("POST", "workflows/create", lambda s, _, body: s.create(body).as_json()),
    ("GET", "workflows/{id}", lambda s, r, _: s.workflow(_id(r)).as_json()),
    ("PATCH", "workflows/{id}", lambda s, r, body: s.change(_id(r), body).as_json()),
    ("DELETE", "workflows/{id}", lambda s, r, _: _deleted(s.delete, r)),
    ("POST", "workflows/{id}/duplicate", lambda s, r, _: s.duplicate(_id(r)).as_json()),
    ("GET", "workflows/{id}/executions", _executions),
    ("DELETE", "workflows/{id}/executions", lambda s, r, _: _forgotten(s, r)),
    ("GET", "workflows/executions/{id}/status", _status),
    ("GET", "workflows/executions/{id}/logs", _logs),
    ("GET", "integrations", lambda s, r, _: s.belongings.integrations(r.query_params.get("type"))),
    ("POST", "integrations", lambda s, _, body: s.belongings.integrate(body)),
    ("GET", "integrations/{id}", lambda s, r, _: s.belongings.integration(_id(r))),
    ("PUT", "integrations/{id}", lambda s, r, body: s.belongings.reintegrate(_id(r), body)),
    ("DELETE", "integrations/{id}", lambda s, r, _: _deleted(s.belongings.disintegrate, r)),
    ("POST", "integrations/{id}/test", lambda s, r, _: s.belongings.tested(_id(r))),
    ("GET", "api-keys", lambda s, _, __: s.belongings.keys()),
    ("POST", "api-keys", lambda s, _, body: s.belongings.make_key(body)),
    ("GET", "user", lambda s, _, __: s.belongings.user),
    ("PATCH", "user", lambda s, _, body: s.belongings.rename_user(body)),
)


def _telling(tell: _Told) -> Handler:
    async def answer(platform: Platform, request: Request) -> Response:
        return JsonAnswer(tell(platform.orchestrator, request, await _json(request)))

    return answer


def _keyed(handler: Handler, *, by_session: bool = True) -> Handler:
    async def answer(platform: Platform, request: Request) -> Response:
        platform.orchestrator.belongings.authorise(
            bearer(request), request.headers.get("x-api-key")
        )
        if by_session and "session-only" in _variants(request):
            raise Refusal(401, "UNAUTHORIZED", "Unauthorized: sign in with a browser.")
        return await handler(platform, request)

    return answer


async def _trigger(platform: Platform, request: Request) -> Response:
    execution = platform.orchestrator.trigger(_id(request), await _json(request, empty={}))
    return JsonAnswer({"executionId": execution.id, "status": "running"}, headers=_CORS)


async def _preflight(_: Platform, __: Request) -> Response:
    return Response(status_code=204, headers=_CORS)


async def _code(platform: Platform, request: Request) -> Response:
    code = platform.orchestrator.workflow(_id(request)).code()
    return Response(code.encode("utf-8", "replace"), media_type="text/plain; charset=utf-8")


async def _download(platform: Platform, request: Request) -> Response:
    packed = platform.orchestrator.workflow(_id(request)).package()
    headers = {"content-disposition": 'attachment; filename="workflow.zip"'}
    return Response(packed, headers=headers, media_type="application/zip")


async def _generate(platform: Platform, request: Request) -> Response:
    match await _json(request):
        case {"prompt": str(prompt)} if prompt.strip():
            lines = [json.dumps(operation) for operation in draft(prompt)]
        case _:
            raise bad("prompt is required")
    fault: Fault | None = request.state.fault
    telling = Telling(
        frames=[f"{line}\n".encode() for line in lines[:-1]] + [lines[-1].encode()],
        instead=json.dumps({"error": (fault or Fault()).message}).encode(),
        garbage=b"{]<not json>\n",
        media_type=_NDJSON,
    )
    return streamed(platform, request, telling, {})


async def _json(request: Request, empty: Json = None) -> Json:
    body = await request.body()
    return read_json(body) if body else empty


def _id(request: Request) -> str:
    id: str = request.path_params["id"]
    return id


def _variants(request: Request) -> frozenset[str]:
    variants: frozenset[str] = request.state.variants
    return variants


ORCHESTRATOR: Final[tuple[tuple[str, str, Handler], ...]] = tuple(
    (method, f"{BASE}/api/{path}", handler)
    for method, path, handler in (
        *((method, path, _keyed(_telling(tell))) for method, path, tell in _TOLD),
        ("GET", "workflows/{id}/code", _keyed(_code)),
        ("GET", "workflows/{id}/download", _keyed(_download)),
        ("POST", "workflows/{id}/webhook", _keyed(_trigger, by_session=False)),
        ("OPTIONS", "workflows/{id}/webhook", _preflight),
        ("POST", "ai/generate", _keyed(_generate)),
    )
)
"""The routes."""
