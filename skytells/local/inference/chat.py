"""The JSON of chat completions, whole and in the chunks of a stream."""

from __future__ import annotations

from collections.abc import Iterator

from skytells.local.json_values import JsonObject, object_in

from .tokens import logprobs, split_tokens
from .types import Choice, Completion, CompletionRequest, ToolCall


def chat_completion(request: CompletionRequest, completion: Completion) -> JsonObject:
    """A chat completion."""
    choices = [_choice(request, one, index) for index, one in enumerate(completion.choices)]
    return {
        "id": f"chatcmpl-{completion.id}",
        "object": "chat.completion",
        "created": completion.created,
        "model": completion.model,
        "system_fingerprint": None,
        "choices": choices,
        "prompt_filter_results": _prompt_filters(completion),
        "usage": _usage(completion),
    }


def chat_chunks(request: CompletionRequest, completion: Completion) -> Iterator[JsonObject]:
    """The chunks of a stream; the first has the filter results of the prompt, and no choices."""
    include_usage = object_in(request.body, "stream_options").get("include_usage")
    usage: JsonObject = {"usage": None} if include_usage else {}
    yield {
        "id": "",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "",
        "choices": [],
        "prompt_filter_results": _prompt_filters(completion),
        **usage,
    }
    for index, choice in enumerate(completion.choices):
        for delta in _deltas(request, choice):
            yield _chunk(completion, [{"index": index, **delta}]) | usage
    if include_usage:
        yield _chunk(completion, []) | {"usage": _usage(completion)}


def _usage(completion: Completion) -> JsonObject:
    return {
        "prompt_tokens": completion.prompt_tokens,
        "completion_tokens": completion.completion_tokens,
        "total_tokens": completion.prompt_tokens + completion.completion_tokens,
        "completion_tokens_details": {
            "accepted_prediction_tokens": 0,
            "audio_tokens": 0,
            "reasoning_tokens": completion.reasoning_tokens,
            "rejected_prediction_tokens": 0,
        },
        "prompt_tokens_details": {"audio_tokens": 0, "cached_tokens": 0},
    }


def _choice(request: CompletionRequest, choice: Choice, index: int) -> JsonObject:
    calls = [_tool_call(call) for call in choice.calls]
    return {
        "index": index,
        "message": {
            "role": "assistant",
            "content": choice.text,
            "refusal": None,
            "annotations": [],
            **({"tool_calls": calls} if calls else {}),
        },
        "finish_reason": choice.finish_reason,
        "logprobs": _logprobs(request, split_tokens(choice.text or "")),
        "content_filter_results": choice.filters,
    }


def _tool_call(call: ToolCall) -> JsonObject:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _chunk(completion: Completion, choices: list[JsonObject]) -> JsonObject:
    return {
        "id": f"chatcmpl-{completion.id}",
        "object": "chat.completion.chunk",
        "created": completion.created,
        "model": completion.model,
        "system_fingerprint": None,
        "choices": choices,
    }


def _deltas(request: CompletionRequest, choice: Choice) -> Iterator[JsonObject]:
    """The choice of each chunk, without its index."""
    content = None if choice.text is None else ""
    yield _delta({"role": "assistant", "content": content, "refusal": None})
    for index, call in enumerate(choice.calls):
        begin = {**_tool_call(call), "function": {"name": call.name, "arguments": ""}}
        yield _delta({"tool_calls": [{"index": index, **begin}]})
        for token in split_tokens(call.arguments):
            part = {"index": index, "function": {"arguments": token}}
            yield _delta({"tool_calls": [part]})
    filters = {"content_filter_results": choice.filters}
    for token in split_tokens(choice.text or ""):
        yield _delta({"content": token}, _logprobs(request, [token])) | filters
    yield _delta({}) | filters | {"finish_reason": choice.finish_reason}


def _delta(delta: JsonObject, probabilities: JsonObject | None = None) -> JsonObject:
    return {"delta": delta, "finish_reason": None, "logprobs": probabilities}


def _logprobs(request: CompletionRequest, tokens: list[str]) -> JsonObject | None:
    if not request.body.get("logprobs"):
        return None
    content = logprobs(tokens, request.body.get("top_logprobs") or 0)
    return {"content": content, "refusal": None}


def _prompt_filters(completion: Completion) -> list[JsonObject]:
    return [{"prompt_index": 0, "content_filter_results": completion.prompt_filters}]
