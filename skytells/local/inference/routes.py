"""Inference over HTTP: a few lines for each route. The rules are those of the desk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from skytells.local.errors import inference_error
from skytells.local.fault_injection import JsonAnswer
from skytells.local.faults import Fault
from skytells.local.platform import Platform
from skytells.local.prediction_json import Json, JsonObject, Refusal
from skytells.local.requests import check_json_type, read_json
from skytells.local.streaming import Telling, streamed, until

from .chat import chunks, completion
from .responses import events, failed, response
from .sse import frames
from .types import Answer, Ask

Handler: TypeAlias = Callable[[Platform, Request], Awaitable[Response]]


async def _chat(platform: Platform, request: Request) -> Response:
    wanted = request.query_params.get("stream", "").lower() in ("1", "true")
    ask, answer = platform.inference.chat(await _json(request), stream=wanted)
    if ask.stream:
        error = {"error": _error(request)}
        return _stream(platform, request, answer, list(chunks(ask, answer)), error, end=True)
    return await _whole(platform, ask.model, answer.seconds, completion(ask, answer))


async def _responses(platform: Platform, request: Request) -> Response:
    ask, answer = platform.inference.respond(await _json(request))
    if ask.stream:
        told = list(events(ask, answer))
        instead = _failure(request, ask, answer)
        return _stream(platform, request, answer, told, instead, end=False)
    return await _whole(platform, ask.model, answer.seconds, response(ask, answer))


async def _embeddings(platform: Platform, request: Request) -> Response:
    given = await _json(request)
    # Thousands of vectors take a while, which nobody else should wait for.
    embed, made, seconds = await run_in_threadpool(platform.inference.embed, given)
    return await _whole(platform, embed.model, seconds, made)


async def nothing(_: Platform, request: Request) -> Response:
    """Refuse what is asked for at an address of inference that does not exist."""
    path = request.url.path
    raise Refusal(404, "ENDPOINT_NOT_FOUND", f"There is no {request.method} {path} here.")


async def _json(request: Request) -> Json:
    check_json_type(request.headers.get("content-type"))
    try:
        return read_json(await request.body())
    except Refusal as refusal:
        raise Refusal(400, "INVALID_REQUEST", refusal.message, refusal.details) from refusal


async def _whole(platform: Platform, model: str, seconds: float, body: JsonObject) -> Response:
    limits = platform.inference.limits(model)
    await until(platform, platform.now() + seconds)
    return await run_in_threadpool(JsonAnswer, body, headers=limits)


def _stream(
    platform: Platform,
    request: Request,
    answer: Answer,
    told: list[JsonObject],
    instead: JsonObject,
    *,
    end: bool,
) -> Response:
    variants: frozenset[str] = request.state.variants
    telling = Telling(
        frames=frames(told, variants, end=end or "responses-done" in variants),
        instead=frames([instead], variants, end=False)[0],
        seconds=answer.seconds,
    )
    return streamed(platform, request, telling, platform.inference.limits(answer.model))


def _failure(request: Request, ask: Ask, answer: Answer) -> JsonObject:
    """What a stream of a response says when a fault lets it fail."""
    error = _error(request)
    fault: Fault | None = request.state.fault
    if fault and fault.stream == "failed":
        whole = failed(ask, answer, "server_error", error["message"])
        return {"type": "response.failed", "response": whole, "sequence_number": 0}
    return {
        "type": "error",
        "code": error["code"],
        "message": error["message"],
        "param": None,
        "sequence_number": 0,
    }


def _error(request: Request) -> JsonObject:
    fault: Fault | None = request.state.fault
    refusal = (fault or Fault()).says("INFERENCE_ERROR")
    return inference_error(refusal, request.state.request_id)


INFERENCE: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("POST", "/v1/chat/completions", _chat),
    ("POST", "/v1/responses", _responses),
    ("POST", "/v1/embeddings", _embeddings),
)
"""The routes, all of which take the key in either header."""

ELSEWHERE: Final = (
    "/v1/chat/{rest:path}",
    "/v1/responses",
    "/v1/responses/{rest:path}",
    "/v1/embeddings",
)
"""Where inference says that there is nothing."""
