"""The routes of the Orchestrator, under a path of their own."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from skytells.local.errors import ApiError
from skytells.local.faults import Fault
from skytells.local.http import JsonResponse, bearer_token, variants_of
from skytells.local.json_values import Json
from skytells.local.platform import Platform
from skytells.local.requests import parse_json
from skytells.local.streaming import StreamContent, stream_response

from .generation import generate_workflow
from .parsing import invalid
from .service import Orchestrator

Handler: TypeAlias = Callable[[Platform, Request], Awaitable[Response]]
_JsonHandler: TypeAlias = Callable[[Orchestrator, Request, Json], Json]

BASE: Final = "/orchestrator"
"""The path under which the Orchestrator is served."""

_NDJSON: Final = "application/x-ndjson"
_SUCCESS: Final = {"success": True}
_CORS: Final = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "POST, OPTIONS",
    "access-control-allow-headers": "Content-Type, Authorization",
}


def _executions(service: Orchestrator, request: Request, _: Json) -> Json:
    now, variants = service.now(), variants_of(request)
    return [one.summary(now, variants) for one in service.executions(_id(request))]


def _delete_executions(service: Orchestrator, request: Request, _: Json) -> Json:
    return {**_SUCCESS, "deletedCount": service.delete_executions(_id(request))}


def _status(service: Orchestrator, request: Request, _: Json) -> Json:
    return service.execution(_id(request)).progress(service.now(), variants_of(request))


def _logs(service: Orchestrator, request: Request, _: Json) -> Json:
    return service.execution(_id(request)).logs(service.now(), variants_of(request))


def _delete_workflow(service: Orchestrator, request: Request, _: Json) -> Json:
    service.delete(_id(request))
    return _SUCCESS


def _delete_integration(service: Orchestrator, request: Request, _: Json) -> Json:
    service.account.delete_integration(_id(request))
    return _SUCCESS


_JSON_ROUTES: Final[tuple[tuple[str, str, _JsonHandler], ...]] = (
    ("GET", "workflows", lambda s, _, __: [one.summary() for one in s.workflows()]),
    ("POST", "workflows/create", lambda s, _, body: s.create(body).as_json()),
    ("GET", "workflows/{id}", lambda s, r, _: s.workflow(_id(r)).as_json()),
    ("PATCH", "workflows/{id}", lambda s, r, body: s.update(_id(r), body).as_json()),
    ("DELETE", "workflows/{id}", _delete_workflow),
    ("POST", "workflows/{id}/duplicate", lambda s, r, _: s.duplicate(_id(r)).as_json()),
    ("GET", "workflows/{id}/executions", _executions),
    ("DELETE", "workflows/{id}/executions", _delete_executions),
    ("GET", "workflows/executions/{id}/status", _status),
    ("GET", "workflows/executions/{id}/logs", _logs),
    ("GET", "integrations", lambda s, r, _: s.account.integrations(r.query_params.get("type"))),
    ("POST", "integrations", lambda s, _, body: s.account.create_integration(body)),
    ("GET", "integrations/{id}", lambda s, r, _: s.account.integration(_id(r))),
    ("PUT", "integrations/{id}", lambda s, r, body: s.account.update_integration(_id(r), body)),
    ("DELETE", "integrations/{id}", _delete_integration),
    ("POST", "integrations/{id}/test", lambda s, r, _: s.account.test_integration(_id(r))),
    ("GET", "api-keys", lambda s, _, __: s.account.keys()),
    ("POST", "api-keys", lambda s, _, body: s.account.create_key(body)),
    ("GET", "user", lambda s, _, __: s.account.profile),
    ("PATCH", "user", lambda s, _, body: s.account.update_profile(body)),
)


def _json_handler(handler: _JsonHandler) -> Handler:
    async def respond(platform: Platform, request: Request) -> Response:
        return JsonResponse(handler(platform.orchestrator, request, await _json(request)))

    return respond


def _with_key(handler: Handler, *, or_session: bool = True) -> Handler:
    """A handler that requires a key; with the variant `session-only` most require a session."""

    async def authorised(platform: Platform, request: Request) -> Response:
        api_key = request.headers.get("x-api-key")
        platform.orchestrator.account.authorise(bearer_token(request), api_key)
        if or_session and "session-only" in variants_of(request):
            raise ApiError(401, "UNAUTHORIZED", "Unauthorized: sign in with a browser.")
        return await handler(platform, request)

    return authorised


async def _trigger(platform: Platform, request: Request) -> Response:
    execution = platform.orchestrator.trigger(_id(request), await _json(request, empty={}))
    return JsonResponse({"executionId": execution.id, "status": "running"}, headers=_CORS)


async def _preflight(_: Platform, __: Request) -> Response:
    return Response(status_code=204, headers=_CORS)


async def _code(platform: Platform, request: Request) -> Response:
    code = platform.orchestrator.workflow(_id(request)).code()
    return Response(code.encode("utf-8", "replace"), media_type="text/plain; charset=utf-8")


async def _download(platform: Platform, request: Request) -> Response:
    package = platform.orchestrator.workflow(_id(request)).package()
    headers = {"content-disposition": 'attachment; filename="workflow.zip"'}
    return Response(package, headers=headers, media_type="application/zip")


async def _generate(platform: Platform, request: Request) -> Response:
    match await _json(request):
        case {"prompt": str(prompt)} if prompt.strip():
            lines = [json.dumps(operation) for operation in generate_workflow(prompt)]
        case _:
            raise invalid("prompt is required")
    fault: Fault = request.state.fault or Fault()
    content = StreamContent(
        frames=[f"{line}\n".encode() for line in lines[:-1]] + [lines[-1].encode()],
        failure=json.dumps({"error": fault.message}).encode(),
        garbage=b"{]<not json>\n",
        media_type=_NDJSON,
    )
    return stream_response(platform, request, content, {})


async def _json(request: Request, empty: Json = None) -> Json:
    body = await request.body()
    return parse_json(body) if body else empty


def _id(request: Request) -> str:
    id: str = request.path_params["id"]
    return id


ORCHESTRATOR: Final[tuple[tuple[str, str, Handler], ...]] = tuple(
    (method, f"{BASE}/api/{path}", handler)
    for method, path, handler in (
        *((method, path, _with_key(_json_handler(one))) for method, path, one in _JSON_ROUTES),
        ("GET", "workflows/{id}/code", _with_key(_code)),
        ("GET", "workflows/{id}/download", _with_key(_download)),
        ("POST", "workflows/{id}/webhook", _with_key(_trigger, or_session=False)),
        ("OPTIONS", "workflows/{id}/webhook", _preflight),
        ("POST", "ai/generate", _with_key(_generate)),
    )
)
"""The routes: method, path and handler."""
