"""The routes of inference."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from skytells.local.errors import ApiError, inference_error
from skytells.local.faults import Fault
from skytells.local.http import JsonResponse, variants_of
from skytells.local.json_values import Json, JsonObject
from skytells.local.platform import Platform
from skytells.local.requests import check_content_type, parse_json
from skytells.local.streaming import StreamContent, stream_response
from skytells.local.waiting import sleep_until

from .chat import chat_chunks, chat_completion
from .responses import failed_response, response_events, response_json
from .sse import encode_events
from .types import Completion, CompletionRequest

Handler: TypeAlias = Callable[[Platform, Request], Awaitable[Response]]


async def _chat(platform: Platform, http: Request) -> Response:
    stream = http.query_params.get("stream", "").lower() in ("1", "true")
    request, completion = platform.inference.chat(await _json(http), stream=stream)
    if request.stream:
        chunks = list(chat_chunks(request, completion))
        return _stream(platform, http, completion, chunks, {"error": _error(http)}, done=True)
    body = chat_completion(request, completion)
    return await _respond(platform, request.model, completion.seconds, body)


async def _responses(platform: Platform, http: Request) -> Response:
    request, completion = platform.inference.respond(await _json(http))
    if request.stream:
        events = list(response_events(request, completion))
        failure = _failure_event(http, request, completion)
        done = "responses-done" in variants_of(http)
        return _stream(platform, http, completion, events, failure, done=done)
    body = response_json(request, completion)
    return await _respond(platform, request.model, completion.seconds, body)


async def _embeddings(platform: Platform, http: Request) -> Response:
    body = await _json(http)
    # In a thread, since thousands of vectors would block the event loop.
    request, result, seconds = await run_in_threadpool(platform.inference.embed, body)
    return await _respond(platform, request.model, seconds, result)


async def endpoint_not_found(_: Platform, http: Request) -> Response:
    """The handler for paths of inference that do not exist."""
    message = f"There is no {http.method} {http.url.path} here."
    raise ApiError(404, "ENDPOINT_NOT_FOUND", message)


async def _json(http: Request) -> Json:
    check_content_type(http.headers.get("content-type"))
    try:
        return parse_json(await http.body())
    except ApiError as error:
        raise ApiError(400, "INVALID_REQUEST", error.message, error.details) from error


async def _respond(platform: Platform, model: str, seconds: float, body: JsonObject) -> Response:
    headers = platform.inference.limit_headers(model)
    await sleep_until(platform, platform.now() + seconds)
    return await run_in_threadpool(JsonResponse, body, headers=headers)


def _stream(
    platform: Platform,
    http: Request,
    completion: Completion,
    events: list[JsonObject],
    failure: JsonObject,
    *,
    done: bool,
) -> Response:
    variants = variants_of(http)
    content = StreamContent(
        frames=encode_events(events, variants, done=done),
        failure=encode_events([failure], variants, done=False)[0],
        seconds=completion.seconds,
    )
    headers = platform.inference.limit_headers(completion.model)
    return stream_response(platform, http, content, headers)


def _failure_event(http: Request, request: CompletionRequest, completion: Completion) -> JsonObject:
    """The event of a responses stream that a fault makes fail."""
    error = _error(http)
    fault: Fault | None = http.state.fault
    if fault and fault.stream == "failed":
        response = failed_response(request, completion, error["message"])
        return {"type": "response.failed", "response": response, "sequence_number": 0}
    return {
        "type": "error",
        "code": error["code"],
        "message": error["message"],
        "param": None,
        "sequence_number": 0,
    }


def _error(http: Request) -> JsonObject:
    fault: Fault = http.state.fault or Fault()
    return inference_error(fault.api_error("INFERENCE_ERROR"), http.state.request_id)


INFERENCE: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("POST", "/v1/chat/completions", _chat),
    ("POST", "/v1/responses", _responses),
    ("POST", "/v1/embeddings", _embeddings),
)
"""The routes: method, path and handler. All accept the key in either header."""

NOT_FOUND_PATHS: Final = (
    "/v1/chat/{rest:path}",
    "/v1/responses",
    "/v1/responses/{rest:path}",
    "/v1/embeddings",
)
"""Other paths and methods that have the inference envelope for their errors."""
