"""Responses: what one sends, and what comes back, whole or as events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal, Required, TypeAlias, TypedDict

from pydantic import Field

from .._data.record import Record
from .chat import Detail, FilterResults, ImageSource, NamedFunction, OptionalJsonText


class ResponseStatus(StrEnum):
    """Where a response is in its life. It spells `cancelled` with two l."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @classmethod
    def _missing_(cls, value: object) -> ResponseStatus | None:
        return cls.CANCELLED if value == "canceled" else None


class OutputContent(Record):
    """A part of what a model says."""

    type: str | None = None
    text: str | None = None
    refusal: str | None = None
    annotations: list[dict[str, Any]] | None = None
    logprobs: list[dict[str, Any]] | None = None


class OutputItem(Record):
    """One thing that a response gives: a message, a function call, reasoning, or something new.

    Only a message has `role` and `content`; only a call has `call_id`, `name` and `arguments`; only
    reasoning has a `summary`.
    """

    id: str | None = None
    type: str | None = None
    status: str | None = None
    role: str | None = None
    content: list[OutputContent] | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: OptionalJsonText = None
    """JSON, as the model wrote it; it may be invalid."""
    summary: list[OutputContent] | None = None
    """What reasoning tells of itself, where that was asked for."""
    phase: str | None = None


class CachedTokens(Record):
    """What the tokens of an input were."""

    cached_tokens: int | None = None


class ReasoningTokens(Record):
    """What the tokens of an output were used for."""

    reasoning_tokens: int | None = None


class ResponseUsage(Record):
    """Tokens that a response has used."""

    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    input_tokens_details: CachedTokens | None = None
    output_tokens_details: ReasoningTokens | None = None


class ResponseError(Record):
    """Why a response failed."""

    code: str | None = None
    message: str | None = None


class IncompleteDetails(Record):
    """Why a response is incomplete."""

    reason: str | None = None
    """`max_output_tokens`, `content_filter`, or something new."""


class ContentFilter(Record):
    """What content filters found in a prompt, or in what was written."""

    blocked: bool | None = None
    source_type: str | None = None
    """`prompt` or `completion`."""
    content_filter_results: FilterResults | None = None
    content_filter_raw: list[Any] | None = None
    content_filter_offsets: dict[str, Any] | None = None


class Response(Record):
    """An answer of `responses.create()`.

    Example:
        >>> part = {"type": "output_text", "text": "Hi!"}
        >>> Response(output=[{"type": "reasoning"}, {"content": [part]}]).output_text
        'Hi!'
    """

    id: str | None = None
    object: str | None = None
    created_at: float | None = None
    """Seconds since the epoch."""
    completed_at: float | None = None
    """Seconds since the epoch."""
    status: Annotated[ResponseStatus | str | None, Field(union_mode="left_to_right")] = None
    model: str | None = None
    """The model that answered; after routing, another than was asked."""
    output: list[OutputItem] = Field(default_factory=list[OutputItem])
    usage: ResponseUsage | None = None
    error: ResponseError | None = None
    incomplete_details: IncompleteDetails | None = None
    content_filters: list[ContentFilter] | None = None
    instructions: str | list[Any] | None = None
    previous_response_id: str | None = None
    store: bool | None = None
    background: bool | None = None
    metadata: dict[str, Any] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    top_logprobs: int | None = None
    max_output_tokens: int | None = None
    max_tool_calls: int | None = None
    reasoning: dict[str, Any] | None = None
    text: dict[str, Any] | None = None
    truncation: str | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None

    @property
    def output_text(self) -> str:
        """All text of the answer; empty where there is none."""
        contents = [part for item in self.output for part in item.content or ()]
        return "".join(part.text or "" for part in contents if part.type == "output_text")

    @property
    def function_calls(self) -> list[OutputItem]:
        """What the model wants called."""
        return [item for item in self.output if item.type == "function_call"]


class ResponseEvent(Record):
    """An event of `responses.stream()`. Of a type that is not known here, its fields are items only.

    `isinstance`, or `match event: case TextDeltaEvent(): …`, tells the kinds apart.
    """

    type: str = ""
    sequence_number: int | None = None


class ResponseStateEvent(ResponseEvent):
    """The response as it is now: `response.created`, `.in_progress`, `.completed`, `.incomplete`."""

    response: Response = Field(default_factory=Response)


class OutputItemEvent(ResponseEvent):
    """An item begins or is complete: `response.output_item.added`, `.done`."""

    output_index: int = 0
    item: OutputItem = Field(default_factory=OutputItem)


class ContentPartEvent(ResponseEvent):
    """A part of an item begins or is complete: `response.content_part.added`, `.done`."""

    output_index: int = 0
    content_index: int = 0
    item_id: str | None = None
    part: OutputContent = Field(default_factory=OutputContent)


class TextDeltaEvent(ResponseEvent):
    """A piece of text: `response.output_text.delta`."""

    output_index: int = 0
    content_index: int = 0
    item_id: str | None = None
    delta: str = ""
    logprobs: list[dict[str, Any]] | None = None


class TextDoneEvent(ResponseEvent):
    """The text of a part is complete: `response.output_text.done`."""

    output_index: int = 0
    content_index: int = 0
    item_id: str | None = None
    text: str = ""
    logprobs: list[dict[str, Any]] | None = None


class InputText(TypedDict):
    """Text within an input."""

    type: Literal["input_text"]
    text: str


class InputImage(TypedDict, total=False):
    """An image within an input."""

    type: Required[Literal["input_image"]]
    image_url: Required[ImageSource]
    detail: Detail


class InputMessage(TypedDict):
    """A message within an input."""

    role: Literal["user", "system", "developer", "assistant"]
    content: str | Sequence[InputText | InputImage]


class FunctionCallOutput(TypedDict):
    """What a call has given."""

    type: Literal["function_call_output"]
    call_id: str
    output: str


InputItem: TypeAlias = InputMessage | FunctionCallOutput | OutputItem | Mapping[str, Any]
"""A part of the input; what a response gave, and any other mapping, will do as well."""


class FunctionTool(TypedDict, total=False):
    """A function that the model may want called."""

    type: Required[Literal["function"]]
    name: Required[str]
    description: str
    parameters: Mapping[str, Any]
    """JSON schema of its arguments."""
    strict: bool


class NamedResponseTool(NamedFunction):
    """The tool that the model must use."""

    type: Literal["function"]


class Reasoning(TypedDict, total=False):
    """How much a model thinks, and what it tells of that."""

    effort: Literal["none", "low", "medium", "high"] | None
    summary: Literal["auto", "concise", "detailed"] | None


class TextOptions(TypedDict, total=False):
    """What form the text has."""

    format: Mapping[str, Any]
    """As `{"type": "json_schema", "name": …, "schema": …}`."""
    verbosity: Literal["low", "medium", "high"]


class ResponseParams(TypedDict, total=False):
    """Parameters of a response, besides `model` and `input`."""

    instructions: str | None
    """What the model is told about its task."""
    max_output_tokens: int | None
    max_tool_calls: int | None
    temperature: float
    """From 0 to 2."""
    top_p: float
    """From 0 to 1."""
    frequency_penalty: float
    presence_penalty: float
    top_logprobs: int
    tools: Sequence[FunctionTool | Mapping[str, Any] | Callable[..., object]]
    """What the model may want called: typed functions, `skytells.tool`s, or schemas."""
    tool_choice: Literal["none", "auto", "required"] | NamedResponseTool
    parallel_tool_calls: bool
    reasoning: Reasoning
    text: TextOptions
    store: bool
    """Whether the response is kept, for `previous_response_id`; by default it is not."""
    previous_response_id: str | None
    """Id of the response that this one goes on from; it must have been stored."""
    truncation: Literal["auto", "disabled"]
    service_tier: str
    metadata: Mapping[str, str]
    user: str
    """Your own id of the end user."""
    prompt_cache_key: str
    prompt_cache_retention: str
    include: Sequence[str]
    extra_body: Mapping[str, Any]
    """Whatever else the body is to hold."""


_EVENTS: dict[str, type[ResponseEvent]] = {
    "response.queued": ResponseStateEvent,
    "response.created": ResponseStateEvent,
    "response.in_progress": ResponseStateEvent,
    "response.completed": ResponseStateEvent,
    "response.incomplete": ResponseStateEvent,
    "response.cancelled": ResponseStateEvent,
    "response.output_item.added": OutputItemEvent,
    "response.output_item.done": OutputItemEvent,
    "response.content_part.added": ContentPartEvent,
    "response.content_part.done": ContentPartEvent,
    "response.output_text.delta": TextDeltaEvent,
    "response.output_text.done": TextDoneEvent,
}


def event_of(wire: dict[str, Any]) -> ResponseEvent:
    """An event as the kind that its type says."""
    return _EVENTS.get(str(wire.get("type")), ResponseEvent).from_wire(wire)
