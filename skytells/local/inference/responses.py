"""The JSON of responses, whole and in the events of a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Final

from skytells.local.json_values import JsonObject, object_in

from .tokens import logprobs, split_tokens
from .types import Choice, Completion, CompletionRequest, ToolCall

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


def response_json(request: CompletionRequest, completion: Completion) -> JsonObject:
    """A response."""
    if completion.failure is not None:
        return failed_response(request, completion, completion.failure)
    choice = completion.choices[0]
    reason = _INCOMPLETE.get(choice.finish_reason)
    return {
        **_in_progress(request, completion),
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "completed_at": completion.created,
        "output": [item for item, _ in _items(request, completion)],
        "usage": _usage(completion),
        "content_filters": _filters(completion, choice),
    }


def failed_response(request: CompletionRequest, completion: Completion, message: str) -> JsonObject:
    """A response that failed."""
    error = {"code": "server_error", "message": message}
    return {**_in_progress(request, completion), "status": "failed", "error": error}


def response_events(request: CompletionRequest, completion: Completion) -> Iterator[JsonObject]:
    """The events of a stream."""
    numbers = count()
    for event in _events(request, completion):
        yield {**event, "sequence_number": next(numbers)}


def _events(request: CompletionRequest, completion: Completion) -> Iterator[JsonObject]:
    begun = _in_progress(request, completion)
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    if completion.failure is None:
        for index, (item, events) in enumerate(_items(request, completion)):
            place = {"output_index": index}
            begin = item | {"status": "in_progress"} | _EMPTY[item["type"]]
            yield {"type": "response.output_item.added", **place, "item": begin}
            for event in events:
                yield {**event, **place, "item_id": item["id"]}
            yield {"type": "response.output_item.done", **place, "item": item}
    response = response_json(request, completion)
    yield {"type": f"response.{response['status']}", "response": response}


_EMPTY: Final[dict[str, JsonObject]] = {
    "message": {"content": []},
    "function_call": {"arguments": ""},
    "reasoning": {"summary": []},
}
"""The fields of an item that are empty when it is added."""


def _in_progress(request: CompletionRequest, completion: Completion) -> JsonObject:
    echoed = {
        name: default if request.body.get(name) is None else request.body[name]
        for name, default in _ECHOED.items()
    }
    return {
        "id": f"resp_{completion.id}",
        "object": "response",
        "created_at": completion.created,
        "status": "in_progress",
        "background": False,
        "completed_at": None,
        "system_fingerprint": None,
        "error": None,
        "incomplete_details": None,
        "model": completion.model,
        "output": [],
        "usage": None,
        "content_filters": None,
        **echoed,
    }


def _items(
    request: CompletionRequest, completion: Completion
) -> Iterator[tuple[JsonObject, Iterable[JsonObject]]]:
    """The output items, each with its events between `added` and `done`."""
    choice = completion.choices[0]
    reasoning = object_in(request.body, "reasoning")
    if reasoning.get("effort") not in (None, "none"):
        yield _reasoning(completion, with_summary=bool(reasoning.get("summary")))
    for index, call in enumerate(choice.calls):
        yield _function_call(f"fc_{completion.id}{index}", call)
    if not choice.calls and choice.text is not None:
        yield _message(request, completion, choice, choice.text)


def _reasoning(
    completion: Completion, *, with_summary: bool
) -> tuple[JsonObject, list[JsonObject]]:
    text = "The question was read once more."
    part = {"type": "summary_text", "text": text}
    item = {
        "id": f"rs_{completion.id}",
        "type": "reasoning",
        "status": "completed",
        "summary": [part] if with_summary else [],
    }
    name, at = "response.reasoning_summary", {"summary_index": 0}
    events = [
        {"type": f"{name}_part.added", **at, "part": {"type": "summary_text", "text": ""}},
        *({"type": f"{name}_text.delta", **at, "delta": token} for token in split_tokens(text)),
        {"type": f"{name}_text.done", **at, "text": text},
        {"type": f"{name}_part.done", **at, "part": part},
    ]
    return item, events if with_summary else []


def _function_call(id: str, call: ToolCall) -> tuple[JsonObject, list[JsonObject]]:
    item = {
        "id": id,
        "type": "function_call",
        "status": "completed",
        "call_id": call.id,
        "name": call.name,
        "arguments": call.arguments,
    }
    name = "response.function_call_arguments"
    events = [
        *({"type": f"{name}.delta", "delta": token} for token in split_tokens(call.arguments)),
        {"type": f"{name}.done", "name": call.name, "arguments": call.arguments},
    ]
    return item, events


def _message(
    request: CompletionRequest, completion: Completion, choice: Choice, text: str
) -> tuple[JsonObject, list[JsonObject]]:
    probabilities = _logprobs(request, text)
    part = _text_part(text, probabilities)
    item = {
        "id": f"msg_{completion.id}",
        "type": "message",
        "role": "assistant",
        "status": "incomplete" if choice.finish_reason in _INCOMPLETE else "completed",
        "content": [part],
    }
    name, at = "response.output_text", {"content_index": 0}
    deltas = [
        {"type": f"{name}.delta", **at, "delta": token, "logprobs": _logprobs(request, token)}
        for token in split_tokens(text)
    ]
    events = [
        {"type": "response.content_part.added", **at, "part": _text_part("", [])},
        *deltas,
        {"type": f"{name}.done", **at, "text": text, "logprobs": probabilities},
        {"type": "response.content_part.done", **at, "part": part},
    ]
    return item, events


def _text_part(text: str, probabilities: list[JsonObject]) -> JsonObject:
    annotations: list[JsonObject] = []
    return {
        "type": "output_text",
        "text": text,
        "annotations": annotations,
        "logprobs": probabilities,
    }


def _logprobs(request: CompletionRequest, text: str) -> list[JsonObject]:
    if _LOGPROBS not in (request.body.get("include") or ()):
        return []
    return logprobs(split_tokens(text), request.body.get("top_logprobs") or 0)


def _usage(completion: Completion) -> JsonObject:
    return {
        "input_tokens": completion.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": completion.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": completion.reasoning_tokens},
        "total_tokens": completion.prompt_tokens + completion.completion_tokens,
    }


def _filters(completion: Completion, choice: Choice) -> list[JsonObject]:
    """The results of the content filters, for the prompt and for the text."""
    results = [("prompt", completion.prompt_filters, "")]
    if choice.filters:
        results.append(("completion", choice.filters, choice.text or ""))
    return [
        {
            "blocked": any(result["filtered"] for result in filters.values()),
            "source_type": source,
            "content_filter_raw": [],
            "content_filter_results": filters,
            "content_filter_offsets": {
                "start_offset": 0,
                "end_offset": len(text),
                "check_offset": 0,
            },
        }
        for source, filters, text in results
    ]
