"""Requests and completions of inference, whichever route they belong to."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from skytells.local.json_values import JsonObject


@dataclass(frozen=True)
class ToolCall:
    """A call of a tool; the arguments are JSON."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Message:
    """A message of the conversation.

    Args:
        role: `system`, `user`, `assistant` or `tool`.
        text: Its text.
        images: The number of its pictures.
        tool: The tool that it is the result of.
        call_id: The tool call that it is the result of.
        calls: The tools that the model called.
    """

    role: str
    text: str
    images: int = 0
    tool: str | None = None
    call_id: str | None = None
    calls: Sequence[ToolCall] = ()


@dataclass(frozen=True)
class Tool:
    """A function that the model may call."""

    name: str
    parameters: JsonObject


@dataclass(frozen=True)
class CompletionRequest:
    """A request for a completion.

    Args:
        model: The slug.
        messages: The conversation.
        field: The field of the body that has it: `messages` or `input`.
        body: The fields of the request, which responses repeat.
        tools: The tools that may be called.
        must_call: Whether a tool must be called; `None` leaves it to the model.
        parallel: Whether several tools may be called at once.
        schema: The JSON Schema of the completion; an empty one for any JSON, `None` for text.
        max_tokens: The most tokens that may be generated.
        stop: The completion ends before any of these.
        count: The number of choices.
        stream: Whether it is sent as events.
    """

    model: str
    messages: Sequence[Message]
    field: str
    body: JsonObject = dataclasses.field(repr=False)
    tools: Sequence[Tool] = ()
    must_call: bool | None = None
    parallel: bool = True
    schema: JsonObject | None = None
    max_tokens: int | None = None
    stop: Sequence[str] = ()
    count: int = 1
    stream: bool = False

    @property
    def prompt(self) -> str:
        """The text of the last user message."""
        users = (message for message in reversed(self.messages) if message.role == "user")
        return next((message.text for message in users), "")

    @property
    def tool_results(self) -> Sequence[Message]:
        """The tool messages at the end of the conversation."""
        first = len(self.messages)
        while first and self.messages[first - 1].role == "tool":
            first -= 1
        return self.messages[first:]


@dataclass(frozen=True)
class Choice:
    """One of the requested completions.

    Args:
        text: Its text, if it has any.
        calls: The tool calls.
        finish_reason: `stop`, `length`, `tool_calls` or `content_filter`.
        filters: The results of the content filters.
    """

    text: str | None
    calls: Sequence[ToolCall]
    finish_reason: str
    filters: JsonObject


@dataclass(frozen=True)
class Completion:
    """A completion.

    Args:
        id: Unique hexadecimal digits.
        created: Seconds since the epoch.
        model: The slug of the model that generated it, which a router selected.
        choices: The choices.
        prompt_filters: The results of the content filters for the prompt.
        prompt_tokens: Tokens of the prompt.
        reasoning_tokens: Generated tokens that are not shown.
        completion_tokens: All generated tokens.
        seconds: Platform seconds that it takes.
        failure: The message if inference fails.
    """

    id: str
    created: int
    model: str
    choices: Sequence[Choice]
    prompt_filters: JsonObject
    prompt_tokens: int
    reasoning_tokens: int
    completion_tokens: int
    seconds: float = 0.0
    failure: str | None = None


@dataclass(frozen=True)
class Exchange:
    """A request and its completion as the platform's page shows them; long texts are cut.

    Args:
        model: The model.
        prompt: The last user message, or what was embedded.
        result: The text, or the tool calls.
        tokens: Tokens of the prompt and the completion.
        credits: The price.
    """

    model: str
    prompt: str
    result: str
    tokens: int
    credits: float
