"""Chat as the platform spells it: whole, and in the chunks of a stream."""

from __future__ import annotations

from collections.abc import Iterator

from skytells.local.prediction_json import JsonObject
from skytells.local.requests import part_of

from .tokens import logprobs, pieces
from .types import Answer, Ask, Call, Said


def completion(ask: Ask, answer: Answer) -> JsonObject:
    """The answer as a whole."""
    return {
        "id": f"chatcmpl-{answer.id}",
        "object": "chat.completion",
        "created": answer.created,
        "model": answer.model,
        "system_fingerprint": None,
        "choices": [_choice(ask, said, index) for index, said in enumerate(answer.said)],
        "prompt_filter_results": _prompt_filters(answer),
        "usage": usage(answer),
    }


def chunks(ask: Ask, answer: Answer) -> Iterator[JsonObject]:
    """The answer as a stream says it; the first chunk tells of the prompt, and has no choices."""
    wanted = part_of(ask.body, "stream_options").get("include_usage")
    counted: JsonObject = {"usage": None} if wanted else {}
    yield {
        "id": "",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "",
        "choices": [],
        "prompt_filter_results": _prompt_filters(answer),
        **counted,
    }
    for index, said in enumerate(answer.said):
        for choice in _deltas(ask, said):
            yield _chunk(answer, [{"index": index, **choice}]) | counted
    if counted:
        yield _chunk(answer, []) | {"usage": usage(answer)}


def usage(answer: Answer) -> JsonObject:
    """What was read and written, in tokens."""
    return {
        "prompt_tokens": answer.read,
        "completion_tokens": answer.written,
        "total_tokens": answer.read + answer.written,
        "completion_tokens_details": {
            "accepted_prediction_tokens": 0,
            "audio_tokens": 0,
            "reasoning_tokens": answer.thought,
            "rejected_prediction_tokens": 0,
        },
        "prompt_tokens_details": {"audio_tokens": 0, "cached_tokens": 0},
    }


def _choice(ask: Ask, said: Said, index: int) -> JsonObject:
    calls = [_call(call) for call in said.calls]
    return {
        "index": index,
        "message": {
            "role": "assistant",
            "content": said.text,
            "refusal": None,
            "annotations": [],
            **({"tool_calls": calls} if calls else {}),
        },
        "finish_reason": said.finish,
        "logprobs": _logprobs(ask, pieces(said.text or "")),
        "content_filter_results": said.filters,
    }


def _call(call: Call) -> JsonObject:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _chunk(answer: Answer, choices: list[JsonObject]) -> JsonObject:
    return {
        "id": f"chatcmpl-{answer.id}",
        "object": "chat.completion.chunk",
        "created": answer.created,
        "model": answer.model,
        "system_fingerprint": None,
        "choices": choices,
    }


def _deltas(ask: Ask, said: Said) -> Iterator[JsonObject]:
    """What one choice says from chunk to chunk."""
    start = {"role": "assistant", "content": None if said.text is None else "", "refusal": None}
    yield _delta(start)
    for place, call in enumerate(said.calls):
        begun = {**_call(call), "function": {"name": call.name, "arguments": ""}}
        yield _delta({"tool_calls": [{"index": place, **begun}]})
        for piece in pieces(call.arguments):
            part = {"index": place, "function": {"arguments": piece}}
            yield _delta({"tool_calls": [part]})
    for piece in pieces(said.text or ""):
        logprobs = _logprobs(ask, [piece])
        yield _delta({"content": piece}, logprobs) | {"content_filter_results": said.filters}
    yield {**_delta({}), "finish_reason": said.finish, "content_filter_results": said.filters}


def _delta(delta: JsonObject, logprobs: JsonObject | None = None) -> JsonObject:
    return {"delta": delta, "finish_reason": None, "logprobs": logprobs}


def _logprobs(ask: Ask, tokens: list[str]) -> JsonObject | None:
    if not ask.body.get("logprobs"):
        return None
    content = logprobs(tokens, ask.body.get("top_logprobs") or 0)
    return {"content": content, "refusal": None}


def _prompt_filters(answer: Answer) -> list[JsonObject]:
    return [{"prompt_index": 0, "content_filter_results": answer.filters}]
