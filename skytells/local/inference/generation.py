"""Generation of completions, which depend on the request only: the same request, the same text."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Final
from zlib import crc32

from skytells.local.errors import ApiError
from skytells.local.json_values import Json, JsonObject, object_in
from skytells.local.media.text import generate_text
from skytells.local.scripts import Script

from .content_filters import (
    HIGH,
    MEDIUM,
    completion_filters,
    exceeded,
    prompt_filters,
    severity_levels,
)
from .schemas import instance, without_schemas, written_schema
from .tokens import count_tokens, split_tokens
from .types import Choice, Completion, CompletionRequest, Message, Tool, ToolCall

ROUTER: Final = "deepbrain-router"
"""The model that selects another one."""

_MAX_TOKENS: Final = 8192
_ROUTING_TOKENS: Final = 16
_REASONING_TOKENS: Final = {"minimal": 4, "low": 16, "medium": 64, "high": 256}
_MESSAGE_TOKENS: Final = 4
_IMAGE_TOKENS: Final = 85
_QUOTED: Final = 300
_WORD: Final = re.compile(r"[a-z]{4,}")
_WRITTEN_CALL: Final = re.compile(r"""["']name["']: ?["']([a-zA-Z0-9_-]+)["']""")


def generate(
    request: CompletionRequest, script: Script, models: Collection[str], *, id: str, created: int
) -> Completion:
    """Generate a completion.

    Args:
        request: The request.
        script: The script of the model.
        models: The slugs that a router may select from.
        id: Unique hexadecimal digits.
        created: Seconds since the epoch.

    Raises:
        ApiError: 451, the prompt is refused by the content filters; 400, no completion fits the
            schema of the request.
    """
    levels = severity_levels(_text_to_filter(request), script.filters)
    if (harm := exceeded(levels, HIGH)) is not None:
        raise ApiError(
            451,
            "CONTENT_POLICY_VIOLATION",
            f"The prompt was refused by the content filter for {harm}: change the prompt.",
            {"category": harm},
        )
    reasoning = _reasoning_tokens(request)
    if exceeded(levels, MEDIUM):
        choices = [Choice(None, (), "content_filter", {})] * request.count
        reasoning = 0
    else:
        limit = (request.max_tokens or _MAX_TOKENS) - reasoning
        choices = [
            _choice(request, script, levels, limit, f"{id}{index}", index)
            for index in range(request.count)
        ]
    reasoning = min(reasoning, request.max_tokens or reasoning) * request.count
    prompt_tokens = _prompt_tokens(request)
    return Completion(
        id=id,
        created=created,
        model=_selected_model(request.model, prompt_tokens, models),
        choices=choices,
        prompt_filters=prompt_filters(levels),
        prompt_tokens=prompt_tokens,
        reasoning_tokens=reasoning,
        completion_tokens=sum(map(_choice_tokens, choices)) + reasoning,
        seconds=script.seconds,
        failure=script.fails,
    )


def _choice(
    request: CompletionRequest,
    script: Script,
    levels: Mapping[str, int],
    limit: int,
    id: str,
    index: int,
) -> Choice:
    """A choice with at most `limit` tokens of text."""
    calls = _calls(request, script, id) if limit > 0 else ()
    if calls:
        filters = completion_filters(severity_levels(""))
        return Choice(None, calls, script.finish or "tool_calls", filters)
    text = _text(request, script, index, limit)
    text = text[: min((text.find(stop) for stop in request.stop if stop in text), default=None)]
    own = severity_levels(text)
    own |= {name: max(own[name], levels[name]) for name in own if name.startswith("protected")}
    filters = completion_filters(own)
    tokens, limit = split_tokens(text), max(limit, 0)
    if script.finish == "content_filter":
        filters |= {"hate": {"filtered": True, "severity": "medium"}}
    if any(result["filtered"] for result in filters.values()):
        text = "".join(tokens[: min(len(tokens) // 2, limit)])
        return Choice(text, (), "content_filter", filters)
    if script.finish == "length":
        limit = min(limit, len(tokens) // 2)
    finish_reason = "length" if len(tokens) > limit else "stop"
    return Choice("".join(tokens[:limit]), (), finish_reason, filters)


def _text(request: CompletionRequest, script: Script, index: int, limit: int) -> str:
    if script.says is not None:
        return script.says
    source = "\n".join([request.prompt, *(result.text for result in request.tool_results)])
    if request.schema:
        return _json_instance(request.schema, source)
    instructions = (m.text for m in request.messages if m.role in ("system", "user"))
    if schema := written_schema(instructions):
        with suppress(ValueError):
            return json.dumps(instance(schema, without_schemas(source)))
    words = _words(request, index)
    # A router leaves few tokens, so it falls back to shorter texts.
    shorter = [f"{words.partition('. ')[0].rstrip('.')}.", "Here is an answer."]
    texts: list[str] = [words, *(shorter if request.model == ROUTER else ())]
    if request.schema is not None:
        texts = [json.dumps({"answer": text}) for text in texts]
    return next((text for text in texts if count_tokens(text) <= limit), texts[0])


def _json_instance(schema: JsonObject, source: str) -> str:
    try:
        return json.dumps(instance(schema, source))
    except ValueError as error:
        raise ApiError(
            400,
            "INVALID_PARAMETER",
            f"No completion fits the schema: {error}.",
            param="response_format",
        ) from error


def _words(request: CompletionRequest, index: int) -> str:
    if results := request.tool_results:
        return " ".join(f"{result.tool} says: {result.text.strip()}." for result in results)
    conversation = [(message.role, message.text) for message in request.messages]
    seed = crc32(ascii((conversation, request.body.get("seed"), index)).encode())
    words = generate_text(request.model, {"prompt": request.prompt[:_QUOTED], "seed": seed})
    match request.messages[-1].images:
        case 0:
            return words
        case 1:
            return f"There is 1 picture. {words}"
        case images:
            return f"There are {images} pictures. {words}"


def _calls(request: CompletionRequest, script: Script, id: str) -> Sequence[ToolCall]:
    calls = script.calls
    if calls is None:
        tools = _tools_to_call(request)
        calls = [(tool.name, json.dumps(_arguments(tool, request.prompt))) for tool in tools]
    if calls and script.finish == "length":
        name, arguments = calls[-1]
        calls = [*calls[:-1], (name, arguments[: len(arguments) // 2])]
    return [
        ToolCall(f"call_{id}{place}", name, arguments)
        for place, (name, arguments) in enumerate(calls)
    ]


def _tools_to_call(request: CompletionRequest) -> Sequence[Tool]:
    """The tools that the prompt mentions, unless `tool_choice` says otherwise.

    If a call is required, tools that were not called since the user's request come first, so that a
    program that requires a call each time reaches the tool that ends its loop.
    """
    required = request.must_call
    if required is False or (required is None and request.tool_results):
        return ()
    tools = request.tools
    if required:
        called = _called_tools(request.messages)
        tools = [tool for tool in tools if tool.name not in called] or tools
    words = set(_WORD.findall(request.prompt.lower()))
    mentioned = [tool for tool in tools if _is_mentioned(tool.name, request.prompt, words)]
    if required and not mentioned:
        mentioned = list(tools[:1])
    return mentioned if request.parallel else mentioned[:1]


def _called_tools(messages: Sequence[Message]) -> set[str]:
    """The tools that were called since the user's last request.

    Some programs write calls as text, and send the results as user messages.
    """
    called: set[str] = set()
    for place in reversed(range(len(messages))):
        message = messages[place]
        called |= {call.name for call in message.calls}
        if message.role == "assistant":
            called |= set(_WRITTEN_CALL.findall(message.text))
        before = messages[place - 1] if place else None
        written = before and before.role == "assistant" and _WRITTEN_CALL.search(before.text)
        if message.role == "user" and not written:
            break
    return called


def _is_mentioned(name: str, prompt: str, words: set[str]) -> bool:
    """Whether a prompt contains the name of a tool, or one of the longer words in it."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
    return name in prompt or not words.isdisjoint(_WORD.findall(spaced))


def _arguments(tool: Tool, prompt: str) -> Json:
    try:
        return instance({"type": "object", **tool.parameters}, prompt)
    except ValueError as error:
        raise ApiError(
            400,
            "INVALID_PARAMETER",
            f"No arguments fit the parameters of {tool.name}: {error}.",
            param="tools",
        ) from error


def _text_to_filter(request: CompletionRequest) -> str:
    return "\n".join(m.text for m in request.messages if m.role != "assistant")


def _prompt_tokens(request: CompletionRequest) -> int:
    messages = sum(
        count_tokens(message.text) + _MESSAGE_TOKENS + _IMAGE_TOKENS * message.images
        for message in request.messages
    )
    return messages + sum(
        count_tokens(json.dumps(tool.parameters)) + _MESSAGE_TOKENS for tool in request.tools
    )


def _reasoning_tokens(request: CompletionRequest) -> int:
    """Tokens that are not shown: of a router, and of reasoning effort."""
    reasoning = object_in(request.body, "reasoning")
    effort = request.body.get("reasoning_effort") or reasoning.get("effort")
    routing = _ROUTING_TOKENS if request.model == ROUTER else 0
    return routing + _REASONING_TOKENS.get(str(effort), 0)


def _choice_tokens(choice: Choice) -> int:
    calls = sum(count_tokens(call.name + call.arguments) for call in choice.calls)
    return count_tokens(choice.text or "") + calls


def _selected_model(model: str, prompt_tokens: int, models: Collection[str]) -> str:
    selected = "gpt-5-nano" if prompt_tokens < 64 else "gpt-5"
    return selected if model == ROUTER and selected in models else model
