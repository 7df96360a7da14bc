"""Chat: what one sends, and what comes back, whole or in pieces."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import (
    Annotated,
    Any,
    BinaryIO,
    Generic,
    Literal,
    Required,
    TypeAlias,
    TypedDict,
    TypeVar,
)

from pydantic import BeforeValidator, Field
from pydantic_core import to_json

from .._data.checks import is_list, is_object
from .._data.record import Record

T = TypeVar("T")


class FinishReason(StrEnum):
    """Why a model stopped."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"
    FUNCTION_CALL = "function_call"


def text_of(content: object) -> str | None:
    """The text of a message's content: a string, or an array of parts, as some models send."""
    if content is None or isinstance(content, str):
        return content
    if not is_list(content):
        return None
    parts = [part.get("text") if is_object(part) else part for part in content]
    return "".join(part for part in parts if isinstance(part, str))


def json_text(value: object) -> object:
    """JSON as a text; what some servers send as an object or a list is written out."""
    return value if value is None or isinstance(value, str) else to_json(value).decode()


Text: TypeAlias = Annotated[str | None, BeforeValidator(text_of)]
JsonText: TypeAlias = Annotated[str, BeforeValidator(json_text)]
OptionalJsonText: TypeAlias = Annotated[str | None, BeforeValidator(json_text)]
Reason: TypeAlias = Annotated[FinishReason | str | None, Field(union_mode="left_to_right")]


class FilterResult(Record):
    """What a content filter found of one category."""

    filtered: bool | None = None
    """Whether it was held back."""
    severity: str | None = None
    """`safe`, `low`, `medium` or `high`, for categories that have degrees."""
    detected: bool | None = None
    """Whether it was found, for categories that have no degrees."""


FilterResults: TypeAlias = dict[str, FilterResult]
"""What content filters found, by category, such as `violence`."""


class PromptFilterResult(Record):
    """What content filters found in one prompt."""

    prompt_index: int | None = None
    content_filter_results: FilterResults | None = None


class CompletionTokens(Record):
    """What the tokens of a completion were used for."""

    accepted_prediction_tokens: int | None = None
    audio_tokens: int | None = None
    reasoning_tokens: int | None = None
    rejected_prediction_tokens: int | None = None


class PromptTokens(Record):
    """What the tokens of a prompt were."""

    audio_tokens: int | None = None
    cached_tokens: int | None = None


class Usage(Record):
    """Tokens that a request has used."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    completion_tokens_details: CompletionTokens | None = None
    prompt_tokens_details: PromptTokens | None = None


class FunctionCall(Record):
    """A function that the model wants called, and with what."""

    name: str = ""
    arguments: JsonText = ""
    """JSON, as the model wrote it; it may be invalid."""


class ToolCall(Record):
    """One call that the model asks for."""

    id: str = ""
    type: str | None = None
    function: FunctionCall = Field(default_factory=FunctionCall)


class ChatMessage(Record):
    """A message of the model; it can be sent back as it is, among the messages of the next request."""

    role: str | None = None
    content: Text = None
    refusal: str | None = None
    annotations: list[dict[str, Any]] | None = None
    tool_calls: list[ToolCall] | None = None


class Choice(Record):
    """One answer of a completion."""

    index: int = 0
    message: ChatMessage = Field(default_factory=ChatMessage)
    finish_reason: Reason = None
    logprobs: dict[str, Any] | None = None
    content_filter_results: FilterResults | None = None


class ChatCompletion(Record):
    """An answer of `chat.completions.create()`.

    Example:
        >>> completion = ChatCompletion(choices=[{"message": {"content": "Hi!"}}])
        >>> completion.text, completion.message["content"]
        ('Hi!', 'Hi!')
    """

    id: str | None = None
    object: str | None = None
    created: int | None = None
    """Seconds since the epoch."""
    model: str | None = None
    """The model that answered; after routing, another than was asked."""
    choices: list[Choice] = Field(default_factory=list[Choice])
    usage: Usage | None = None
    system_fingerprint: str | None = None
    prompt_filter_results: list[PromptFilterResult] | None = None

    @property
    def message(self) -> ChatMessage:
        """The message of the first choice; an empty one where there is none."""
        return self.choices[0].message if self.choices else ChatMessage()

    @property
    def text(self) -> str:
        """The text of the first choice; empty where it has none."""
        return self.message.content or ""

    @property
    def finish_reason(self) -> Reason:
        """Why the first choice ended."""
        return self.choices[0].finish_reason if self.choices else None

    @property
    def tool_calls(self) -> list[ToolCall]:
        """What the first choice wants called."""
        return self.message.tool_calls or []


class ParsedCompletion(ChatCompletion, Generic[T]):
    """An answer of `chat.completions.parse()`: a completion, with its first answer as an object."""

    parsed: T
    """What the model answered, as the type that was asked for."""


class FunctionCallDelta(Record):
    """A piece of a function call."""

    name: str | None = None
    arguments: OptionalJsonText = None


class ToolCallDelta(Record):
    """A piece of a tool call; `index` says of which."""

    index: int = 0
    id: str | None = None
    type: str | None = None
    function: FunctionCallDelta | None = None


class Delta(Record):
    """A piece of a message."""

    role: str | None = None
    content: Text = None
    refusal: str | None = None
    tool_calls: list[ToolCallDelta] | None = None


class ChunkChoice(Record):
    """A piece of one answer."""

    index: int = 0
    delta: Delta = Field(default_factory=Delta)
    finish_reason: Reason = None
    logprobs: dict[str, Any] | None = None
    content_filter_results: FilterResults | None = None
    content_filter_offsets: dict[str, Any] | None = None


class ChatCompletionChunk(Record):
    """A piece of a completion, as `chat.completions.stream()` gives it; `choices` may be empty."""

    id: str | None = None
    object: str | None = None
    created: int | None = None
    """Seconds since the epoch."""
    model: str | None = None
    choices: list[ChunkChoice] = Field(default_factory=list[ChunkChoice])
    usage: Usage | None = None
    system_fingerprint: str | None = None
    prompt_filter_results: list[PromptFilterResult] | None = None

    @property
    def text(self) -> str:
        """What it adds to the text of the first choice; empty where it adds none."""
        # Off the wire: the typed face of three records would cost ten times as much.
        for choice in self.get("choices") or ():
            if is_object(choice) and not choice.get("index"):
                delta = choice.get("delta")
                return (text_of(delta.get("content")) or "") if is_object(delta) else ""
        return ""


class TextPart(TypedDict):
    """Text within a message."""

    type: Literal["text"]
    text: str


ImageSource: TypeAlias = str | os.PathLike[str] | bytes | bytearray | BinaryIO
"""A picture: its URL or data URI, or a file, which is read when it is sent: a path, bytes, an open file."""

Detail: TypeAlias = Literal["auto", "low", "high"]
"""How closely a model looks at a picture."""


class ImageUrl(TypedDict, total=False):
    """A picture, and how closely it is looked at."""

    url: Required[ImageSource]
    detail: Detail


class ImagePart(TypedDict):
    """An image within a message."""

    type: Literal["image_url"]
    image_url: ImageUrl


class SystemMessageParam(TypedDict, total=False):
    """What the model is told about its task."""

    role: Required[Literal["system", "developer"]]
    content: Required[str | Sequence[TextPart]]
    name: str


class UserMessageParam(TypedDict, total=False):
    """What a user says, and shows."""

    role: Required[Literal["user"]]
    content: Required[str | Sequence[TextPart | ImagePart]]
    name: str


class FunctionCallParam(TypedDict):
    """A function that the model wanted called."""

    name: str
    arguments: str


class ToolCallParam(TypedDict):
    """A call that the model asked for."""

    id: str
    type: Literal["function"]
    function: FunctionCallParam


class AssistantMessageParam(TypedDict, total=False):
    """What the model said."""

    role: Required[Literal["assistant"]]
    content: str | Sequence[TextPart] | None
    name: str
    refusal: str | None
    tool_calls: Sequence[ToolCallParam]


class ToolMessageParam(TypedDict):
    """What a call has given."""

    role: Literal["tool"]
    tool_call_id: str
    content: str | Sequence[TextPart]


MessageParam: TypeAlias = (
    SystemMessageParam
    | UserMessageParam
    | AssistantMessageParam
    | ToolMessageParam
    | ChatMessage
    | Mapping[str, Any]
)
"""A message as it is sent; an answer's message, and any other mapping, will do as well."""


class FunctionParam(TypedDict, total=False):
    """A function that the model may want called."""

    name: Required[str]
    description: str
    parameters: Mapping[str, Any]
    """JSON schema of its arguments."""
    strict: bool


class ToolParam(TypedDict):
    """A tool that the model may use."""

    type: Literal["function"]
    function: FunctionParam


class NamedFunction(TypedDict):
    """The name of a function."""

    name: str


class NamedToolChoice(TypedDict):
    """The tool that the model must use."""

    type: Literal["function"]
    function: NamedFunction


ToolChoice: TypeAlias = Literal["none", "auto", "required"] | NamedToolChoice


class JsonSchema(TypedDict, total=False):
    """A schema that an answer is to follow."""

    name: Required[str]
    schema: Mapping[str, Any]
    description: str
    strict: bool


class PlainFormat(TypedDict):
    """Any text, or any JSON object."""

    type: Literal["text", "json_object"]


class SchemaFormat(TypedDict):
    """JSON of a schema."""

    type: Literal["json_schema"]
    json_schema: JsonSchema


ResponseFormat: TypeAlias = PlainFormat | SchemaFormat


class StreamOptions(TypedDict, total=False):
    """What a stream holds besides."""

    include_usage: bool
    """A last chunk with `usage`."""
    include_obfuscation: bool
    """Padding, which makes chunks of equal length."""


class AnswerParams(TypedDict, total=False):
    """Parameters that all ways to have a chat model answer take."""

    max_tokens: int
    """Most tokens of the answer. A router spends some before the model writes: give it 512 or more."""
    max_completion_tokens: int
    temperature: float
    """From 0 to 2."""
    top_p: float
    """From 0 to 1."""
    stop: str | Sequence[str]
    presence_penalty: float
    """From -2 to 2."""
    frequency_penalty: float
    """From -2 to 2."""
    logprobs: bool
    top_logprobs: int
    logit_bias: Mapping[str, float]
    seed: int
    user: str
    """Your own id of the end user."""
    tool_choice: ToolChoice
    parallel_tool_calls: bool
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high"]
    metadata: Mapping[str, str]
    extra_body: Mapping[str, Any]
    """Whatever else the body is to hold."""


class ToolRunParams(AnswerParams, total=False):
    """Parameters of `chat.completions.run_tools()`, besides `model`, `messages` and `tools`."""

    response_format: ResponseFormat | Mapping[str, Any]
    """What form the text has."""


class ParseParams(AnswerParams, total=False):
    """Parameters of `chat.completions.parse()`, besides `model`, `messages` and `response_format`."""

    n: int
    """How many answers."""
    tools: Sequence[ToolParam | Mapping[str, Any] | Callable[..., object]]
    """What the model may want called: typed functions, `skytells.tool`s, or schemas."""
    stream_options: StreamOptions


class ChatParams(ParseParams, total=False):
    """Parameters of a chat completion, besides `model` and `messages`."""

    response_format: ResponseFormat | Mapping[str, Any]
    """What form the text has; to have an object, use `parse()`."""
