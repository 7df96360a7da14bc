"""Chat: the API that both clients offer as `client.chat`, and its streams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeVar, Unpack, overload

from .._data.checks import DEFAULT_IDLE, blocking
from .._inference.signatures import AnyTool
from .._inference.tools import blocking_tools
from ..streaming.reading import Limits
from ..types.chat import (
    ChatCompletion,
    ChatParams,
    MessageParam,
    ParsedCompletion,
    ParseParams,
    ToolRunParams,
)
from .parse import parse_completion
from .requests import CHUNKS, create_completion, stream_completion
from .run_tools import MAX_ROUNDS, OnRound, ToolRun, run_tools
from .stream import AsyncChatStream, ChatStream

if TYPE_CHECKING:
    from .._core.protocols import AsyncPerformer, Performer

T = TypeVar("T")


class CompletionsAPI:
    """Chat completions; `client.chat.completions`."""

    def __init__(self, client: Performer) -> None:
        self._client = client

    @overload
    def create(
        self,
        *,
        model: str,
        messages: Sequence[MessageParam],
        stream: Literal[False] = False,
        **params: Unpack[ChatParams],
    ) -> ChatCompletion: ...
    @overload
    def create(
        self,
        *,
        model: str,
        messages: Sequence[MessageParam],
        stream: Literal[True],
        **params: Unpack[ChatParams],
    ) -> ChatStream: ...
    def create(
        self,
        *,
        model: str,
        messages: Sequence[MessageParam],
        stream: bool = False,
        **params: Unpack[ChatParams],
    ) -> ChatCompletion | ChatStream:
        """Let a model answer a conversation.

        Args:
            model: Slug of the model; `"deepbrain-router"` chooses one.
            messages: The conversation so far, as `[{"role": "user", "content": "Hello"}]`.
            stream: As other libraries have it; `stream()` is the better way to stream.
            params: `max_tokens`, `temperature`, `tools`, `response_format` and the other fields of
                `ChatParams`; what it does not have goes into `extra_body`.

        Raises:
            InvalidRequestError: It was refused, by the content policy too.
            SkytellsError: It failed; or, with `maybe_sent`, it may have been paid for.

        Example:
            >>> completion = client.chat.completions.create(
            ...     model="gpt-5", messages=[{"role": "user", "content": "Say hi"}]
            ... )
            >>> completion.finish_reason
            <FinishReason.STOP: 'stop'>
        """
        if stream:
            return self.stream(model=model, messages=messages, **params).open()
        return self._client.perform(create_completion(model, messages, params))

    def parse(
        self,
        *,
        model: str,
        messages: Sequence[MessageParam],
        response_format: type[T],
        **params: Unpack[ParseParams],
    ) -> ParsedCompletion[T]:
        """Let a model answer with an object of a type of yours.

        The type's JSON schema is sent along, in strict mode where the type can be said in it, and the
        answer is checked by the type itself.

        Args:
            model: Slug of the model.
            messages: The conversation so far.
            response_format: The type: a pydantic class, a dataclass, a `TypedDict`, `list[…]` of
                them. Descriptions of its fields are told to the model.
            params: As for `create()`.

        Returns:
            The completion, with the object as `parsed`.

        Raises:
            AnswerError: The answer is no such object: refused, held back, cut off, something else.
                The completion is `error.completion`, and its text `error.completion.text`.
            InvalidRequestError: It was refused, by the content policy too.
            SkytellsError: It failed; or, with `maybe_sent`, it may have been paid for.

        Example:
            >>> from pydantic import BaseModel
            >>> class Trip(BaseModel):
            ...     city: str
            ...     days: int
            >>> messages = [{"role": "user", "content": "Plan 3 days in Paris"}]
            >>> answer = client.chat.completions.parse(
            ...     model="gpt-5", messages=messages, response_format=Trip
            ... )
            >>> answer.parsed
            Trip(city='Paris', days=3)
        """
        return self._client.perform(parse_completion(model, messages, response_format, params))

    def stream(
        self,
        *,
        model: str,
        messages: Sequence[MessageParam],
        idle_timeout: float | None = DEFAULT_IDLE,
        total_timeout: float | None = None,
        **params: Unpack[ChatParams],
    ) -> ChatStream:
        """Let a model answer a conversation, and read the answer while it is being made.

        The request is sent when the stream is entered, or first iterated.

        Args:
            model: Slug of the model.
            messages: The conversation so far.
            idle_timeout: Longest pause between two chunks, in milliseconds; `None` has no limit.
            total_timeout: Longest time from the head of the answer to its end, in milliseconds.
            params: As for `create()`.

        Raises:
            SkytellsError: While it is read: it failed, or ended too soon. `error.received` holds
                the chunks that came.

        Example:
            >>> messages = [{"role": "user", "content": "Say hi"}]
            >>> with client.chat.completions.stream(model="gpt-5", messages=messages) as stream:
            ...     text = "".join(stream.text)
        """
        opening = stream_completion(model, messages, params)
        return ChatStream(self._client, opening, CHUNKS, Limits.of(idle_timeout, total_timeout))

    def run_tools(
        self,
        *,
        model: str,
        messages: Sequence[MessageParam],
        tools: Sequence[AnyTool],
        max_rounds: int = MAX_ROUNDS,
        on_progress: OnRound | None = None,
        **params: Unpack[ToolRunParams],
    ) -> ToolRun:
        """Let a model answer with the help of functions: call those that it wants, and ask it again.

        Arguments that do not fit the types of a function, and the text of a `ToolError`, go back to
        the model. Functions are called one after another, in the order in which the model wants them.

        Args:
            model: Slug of the model.
            messages: The conversation so far. If it ends with calls that have no answer yet, these
                are called first.
            tools: Typed functions, or what `skytells.tool` made of them.
            max_rounds: How often the model may be asked, 1 to 1000; each time is paid for.
            on_progress: Called with the run after each answer, before what that wants is called.
            params: As for `create()`. A `tool_choice` that forces a call holds for the first round.

        Raises:
            InvalidRequestError: A tool or a parameter cannot be used; nothing was sent.
            ToolRunError: A function raised, the model called on after `max_rounds`, or its calls
                were cut. `error.tool_run` holds the conversation.
            SkytellsError: A request failed; `error.tool_run` holds the conversation before it.

        Example:
            >>> def weather(city: str) -> str:
            ...     \"\"\"The weather in a city now.\"\"\"
            ...     return f"18 °C in {city}"
            >>> run = client.chat.completions.run_tools(
            ...     model="gpt-5",
            ...     messages=[{"role": "user", "content": "How is the weather in Paris?"}],
            ...     tools=[weather],
            ... )
            >>> run.text, run.rounds
            ('weather says: 18 °C in Paris.', 2)
        """
        return self._client.perform(
            run_tools(
                model, messages, blocking_tools(tools), max_rounds, blocking(on_progress), params
            )
        )


class AsyncCompletionsAPI:
    """Chat completions; `client.chat.completions`. As `CompletionsAPI`, awaited."""

    def __init__(self, client: AsyncPerformer) -> None:
        self._client = client

    @overload
    async def create(
        self,
        *,
        model: str,
        messages: Sequence[MessageParam],
        stream: Literal[False] = False,
        **params: Unpack[ChatParams],
    ) -> ChatCompletion: ...
    @overload
    async def create(
        self,
        *,
        model: str,
        messages: Sequence[MessageParam],
        stream: Literal[True],
        **params: Unpack[ChatParams],
    ) -> AsyncChatStream: ...
    async def create(
        self,
        *,
        model: str,
        messages: Sequence[MessageParam],
        stream: bool = False,
        **params: Unpack[ChatParams],
    ) -> ChatCompletion | AsyncChatStream:
        """Let a model answer a conversation; as `CompletionsAPI.create`."""
        if stream:
            return await self.stream(model=model, messages=messages, **params).open()
        return await self._client.perform(create_completion(model, messages, params))

    async def parse(
        self,
        *,
        model: str,
        messages: Sequence[MessageParam],
        response_format: type[T],
        **params: Unpack[ParseParams],
    ) -> ParsedCompletion[T]:
        """Let a model answer with an object of a type of yours; as `CompletionsAPI.parse`."""
        return await self._client.perform(
            parse_completion(model, messages, response_format, params)
        )

    def stream(
        self,
        *,
        model: str,
        messages: Sequence[MessageParam],
        idle_timeout: float | None = DEFAULT_IDLE,
        total_timeout: float | None = None,
        **params: Unpack[ChatParams],
    ) -> AsyncChatStream:
        """Let a model answer a conversation, and read the answer while it is being made; not awaited itself. As `CompletionsAPI.stream`."""
        opening = stream_completion(model, messages, params)
        return AsyncChatStream(
            self._client, opening, CHUNKS, Limits.of(idle_timeout, total_timeout)
        )

    async def run_tools(
        self,
        *,
        model: str,
        messages: Sequence[MessageParam],
        tools: Sequence[AnyTool],
        max_rounds: int = MAX_ROUNDS,
        on_progress: OnRound | None = None,
        **params: Unpack[ToolRunParams],
    ) -> ToolRun:
        """Let a model answer with the help of functions; as `CompletionsAPI.run_tools`.

        `async` functions that the model wants at once run side by side; plain ones one after
        another, off the event loop.
        """
        return await self._client.perform(
            run_tools(model, messages, tools, max_rounds, on_progress, params)
        )
