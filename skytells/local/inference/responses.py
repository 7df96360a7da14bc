"""Responses as the platform spells them: whole, and in the named events of a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Final

from skytells.local.prediction_json import JsonObject
from skytells.local.requests import part_of

from .tokens import logprobs, pieces
from .types import Answer, Ask, Call, Said

_ECHOED: Final[JsonObject] = {
    "instructions": None,
    "parallel_tool_calls": True,
    "tools": [],
    "tool_choice": "auto",
    "truncation": "disabled",
    "metadata": {},
    "previous_response_id": None,
    "temperature": 0.7,
    "top_p": 0.95,
    "frequency_penalty": 0.0,
    "presence_penalty": 0.0,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "reasoning": {"effort": None, "summary": None},
    "text": {"format": {"type": "text"}},
    "service_tier": "default",
    "store": False,
    "top_logprobs": 0,
    "user": None,
    "safety_identifier": None,
    "prompt_cache_key": None,
    "prompt_cache_retention": None,
}
_LOGPROBS: Final = "message.output_text.logprobs"
_INCOMPLETE: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}


def response(ask: Ask, answer: Answer) -> JsonObject:
    """The response as a whole."""
    said = answer.said[0]
    if answer.failure is not None:
        return failed(ask, answer, "server_error", answer.failure)
    reason = _INCOMPLETE.get(said.finish)
    return {
        **_begun(ask, answer),
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "completed_at": answer.created,
        "output": [item for item, _ in _items(ask, answer, said)],
        "usage": usage(answer),
        "content_filters": _filters(answer, said),
    }


def failed(ask: Ask, answer: Answer, code: str, message: str) -> JsonObject:
    """The response of inference that failed on the way."""
    error = {"code": code, "message": message}
    return {**_begun(ask, answer), "status": "failed", "error": error}


def events(ask: Ask, answer: Answer) -> Iterator[JsonObject]:
    """The response as a stream tells it."""
    numbers = count()
    for event in _told(ask, answer):
        yield {**event, "sequence_number": next(numbers)}


def usage(answer: Answer) -> JsonObject:
    """What was read and written, in tokens."""
    return {
        "input_tokens": answer.read,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": answer.written,
        "output_tokens_details": {"reasoning_tokens": answer.thought},
        "total_tokens": answer.read + answer.written,
    }


def _begun(ask: Ask, answer: Answer) -> JsonObject:
    echoed = {
        name: usual if ask.body.get(name) is None else ask.body[name]
        for name, usual in _ECHOED.items()
    }
    return {
        "id": f"resp_{answer.id}",
        "object": "response",
        "created_at": answer.created,
        "status": "in_progress",
        "background": False,
        "completed_at": None,
        "system_fingerprint": None,
        "error": None,
        "incomplete_details": None,
        "model": answer.model,
        "output": [],
        "usage": None,
        "content_filters": None,
        **echoed,
    }


def _told(ask: Ask, answer: Answer) -> Iterator[JsonObject]:
    begun = _begun(ask, answer)
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    whole = response(ask, answer)
    if answer.failure is None:
        for place, (item, steps) in enumerate(_items(ask, answer, answer.said[0])):
            where = {"output_index": place}
            empty = item | {"status": "in_progress"} | _empty(item)
            yield {"type": "response.output_item.added", **where, "item": empty}
            for step in steps:
                yield {**step, **where, "item_id": item["id"]}
            yield {"type": "response.output_item.done", **where, "item": item}
    yield {"type": f"response.{whole['status']}", "response": whole}


def _items(
    ask: Ask, answer: Answer, said: Said
) -> Iterator[tuple[JsonObject, Iterable[JsonObject]]]:
    """What comes out, and the steps in which each of it is told."""
    reasoning = part_of(ask.body, "reasoning")
    if reasoning.get("effort") not in (None, "none"):
        yield _thoughts(answer, bool(reasoning.get("summary")))
    for place, call in enumerate(said.calls):
        yield _function_call(f"fc_{answer.id}{place}", call)
    if not said.calls and said.text is not None:
        yield _message(ask, answer, said, said.text)


def _thoughts(answer: Answer, summarised: bool) -> tuple[JsonObject, list[JsonObject]]:
    text = "The question was read once more."
    part = {"type": "summary_text", "text": text}
    item = {
        "id": f"rs_{answer.id}",
        "type": "reasoning",
        "status": "completed",
        "summary": [part] if summarised else [],
    }
    name, at = "response.reasoning_summary", {"summary_index": 0}
    steps = [
        {"type": f"{name}_part.added", **at, "part": {"type": "summary_text", "text": ""}},
        *({"type": f"{name}_text.delta", **at, "delta": piece} for piece in pieces(text)),
        {"type": f"{name}_text.done", **at, "text": text},
        {"type": f"{name}_part.done", **at, "part": part},
    ]
    return item, steps if summarised else []


def _function_call(id: str, call: Call) -> tuple[JsonObject, list[JsonObject]]:
    item = {
        "id": id,
        "type": "function_call",
        "status": "completed",
        "call_id": call.id,
        "name": call.name,
        "arguments": call.arguments,
    }
    name = "response.function_call_arguments"
    steps = [
        *({"type": f"{name}.delta", "delta": piece} for piece in pieces(call.arguments)),
        {"type": f"{name}.done", "name": call.name, "arguments": call.arguments},
    ]
    return item, steps


def _message(
    ask: Ask, answer: Answer, said: Said, text: str
) -> tuple[JsonObject, list[JsonObject]]:
    probabilities = _logprobs(ask, text)
    part = _part(text, probabilities)
    item = {
        "id": f"msg_{answer.id}",
        "type": "message",
        "role": "assistant",
        "status": "incomplete" if said.finish in _INCOMPLETE else "completed",
        "content": [part],
    }
    name, at = "response.output_text", {"content_index": 0}
    deltas = [
        {"type": f"{name}.delta", **at, "delta": piece, "logprobs": _logprobs(ask, piece)}
        for piece in pieces(text)
    ]
    steps = [
        {"type": "response.content_part.added", **at, "part": _part("", [])},
        *deltas,
        {"type": f"{name}.done", **at, "text": text, "logprobs": probabilities},
        {"type": "response.content_part.done", **at, "part": part},
    ]
    return item, steps


def _part(text: str, probabilities: list[JsonObject]) -> JsonObject:
    nothing: list[JsonObject] = []
    return {
        "type": "output_text",
        "text": text,
        "annotations": nothing,
        "logprobs": probabilities,
    }


def _logprobs(ask: Ask, text: str) -> list[JsonObject]:
    """The probabilities of the tokens of a text, if they are asked for."""
    if _LOGPROBS not in (ask.body.get("include") or ()):
        return []
    return logprobs(pieces(text), ask.body.get("top_logprobs") or 0)


def _empty(item: JsonObject) -> JsonObject:
    """What an item is before it is told."""
    empty: dict[str, JsonObject] = {
        "message": {"content": []},
        "function_call": {"arguments": ""},
    }
    return empty.get(item["type"], {"summary": []})


def _filters(answer: Answer, said: Said) -> list[JsonObject]:
    """What the content filters say, of the prompt and of what was written."""
    judged = [("prompt", answer.filters, "")]
    if said.filters:
        judged.append(("completion", said.filters, said.text or ""))
    return [
        {
            "blocked": any(one["filtered"] for one in results.values()),
            "source_type": source,
            "content_filter_raw": [],
            "content_filter_results": results,
            "content_filter_offsets": {
                "start_offset": 0,
                "end_offset": len(text),
                "check_offset": 0,
            },
        }
        for source, results, text in judged
    ]
