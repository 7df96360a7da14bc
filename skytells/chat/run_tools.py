"""The loop of tools: a model calls, functions answer, until the model has what it needs.

What the model can mend goes back to it: arguments that do not fit, a tool that there is none of, and a
`ToolError`. Whatever else a function raises is a mistake that more paid rounds would not mend, so it ends the
run. No error loses what was paid for: each carries the run so far, and its messages can be run on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from inspect import isawaitable
from typing import Any, Final, TypeAlias

from pydantic import ValidationError

from .._core.operation import CallUser, Flow, Gather, Progress, Raised, RunBlocking
from .._data.checks import is_array, is_mapping, shown, whole
from .._inference.images import read_images
from .._inference.tools import Tool, ToolError, content_of, problems_of, toolbox
from ..errors import ApiErrorId, InvalidRequestError, SkytellsError, ToolRunError
from ..types.chat import ChatCompletion, ChatMessage, FinishReason, MessageParam, ToolCall, Usage
from .requests import create_completion

MAX_ROUNDS: Final = 10
_MOST_ROUNDS: Final = 1000
_AT_ONCE: Final = 16
_ONE_ANSWER: Final = frozenset({"n", "stream", "stream_options"})
_CUT: Final = {FinishReason.LENGTH: "max_tokens", FinishReason.CONTENT_FILTER: "the content filter"}


@dataclass(repr=False, eq=False, slots=True)
class ToolRun:
    """A conversation in which a model had tools called; of an error, as far as it came."""

    messages: list[MessageParam]
    """All that was said: what was given, each answer, and what each call gave. It can be sent again."""
    completions: list[ChatCompletion] = field(default_factory=list[ChatCompletion])
    """Every answer that was paid for, in order."""

    @property
    def completion(self) -> ChatCompletion:
        """The last answer; an empty one where none came."""
        return self.completions[-1] if self.completions else ChatCompletion()

    @property
    def text(self) -> str:
        """The text of the last answer; empty where it has none."""
        return self.completion.text

    @property
    def rounds(self) -> int:
        """How often the model was asked."""
        return len(self.completions)

    @property
    def calls(self) -> list[ToolCall]:
        """What the model wanted called, in order."""
        return [call for completion in self.completions for call in completion.tool_calls]

    @property
    def usage(self) -> Usage:
        """Tokens that all rounds have used together."""
        used = [completion.usage for completion in self.completions if completion.usage]
        names = ("prompt_tokens", "completion_tokens", "total_tokens")
        return Usage.from_wire({name: sum(getattr(one, name) for one in used) for name in names})

    def __repr__(self) -> str:
        return f"ToolRun(rounds={self.rounds}, calls={len(self.calls)}, text={shown(self.text)})"


OnRound: TypeAlias = Callable[[ToolRun], object]
"""Called with the run after each answer of the model; the async client awaits what it returns, if it can."""


def run_tools(
    model: str,
    messages: Sequence[MessageParam],
    tools: object,
    max_rounds: int,
    on_progress: OnRound | None,
    params: Mapping[str, Any],
) -> Flow[ToolRun]:
    """Ask a model, call what it wants called, and ask again with what that gave."""
    box = toolbox(tools)
    whole(max_rounds, "max_rounds", 1, _MOST_ROUNDS, InvalidRequestError)
    if not _ONE_ANSWER.isdisjoint(params):
        raise InvalidRequestError.of(
            "run_tools asks for one whole answer after another: leave out n, stream and stream_options."
        )
    params = {**params, "tools": list(box.values())}
    create_completion(model, messages, params)  # refused before anything is called
    # Once: an open file that is shown is read by the first round, and has nothing for the second.
    run = ToolRun([*(yield from read_images(messages, "messages"))])
    try:
        yield from _rounds(run, model, box, max_rounds, on_progress, params)
    except SkytellsError as error:
        error.tool_run = run
        raise
    except BaseException as interrupt:
        interrupt.add_note("run_tools() was interrupted: see this exception's tool_run.")
        with suppress(TypeError):  # an exception without a __dict__
            vars(interrupt)["tool_run"] = run
        raise
    return run


def _rounds(
    run: ToolRun,
    model: str,
    box: Mapping[str, Tool[..., object]],
    most: int,
    on_progress: OnRound | None,
    params: dict[str, Any],
) -> Flow[None]:
    yield from _answer_calls(run.messages, box)
    while True:
        completion = yield from create_completion(model, run.messages, params)
        run.completions.append(completion)
        calls = completion.tool_calls
        if calls and completion.finish_reason in _CUT:
            raise _cut(completion.finish_reason)
        if completion.choices:
            run.messages.append(_sendable(completion.message))
        if on_progress is not None:
            yield Progress(on_progress, run)
        if not calls:
            return
        if run.rounds == most:
            raise _too_many(most)
        yield from _answer_calls(run.messages, box)
        # What was forced has been done; forced again, the model could never come to an end.
        if params.get("tool_choice") not in ("auto", "none"):
            params.pop("tool_choice", None)


def _answer_calls(messages: list[MessageParam], box: Mapping[str, Tool[..., object]]) -> Flow[None]:
    """Call what the end of a conversation wants called and has no answer yet, and add the answers.

    They stand in the order of the calls, whichever ended first.
    """
    place = len(messages)
    while place and messages[place - 1].get("role") == "tool":
        place -= 1
    calls = _calls_of(messages[place - 1]) if place else []
    given = messages[place:]
    answers = [_taken(given, call.id) for call in calls]
    due = {at: call for at, call in enumerate(calls) if answers[at] is None}
    failures: dict[int, Exception] = {}

    def one(at: int) -> Flow[None]:
        try:
            told = yield from _told(due[at], box)
            answers[at] = {"role": "tool", "tool_call_id": due[at].id, "content": told}
        except Exception as error:
            failures[at] = error

    def in_turn(places: Sequence[int]) -> Flow[None]:
        for at in places:
            yield from one(at)
            if at in failures:
                return

    side_by_side = [at for at, call in due.items() if _is_async(box, call)]
    others = in_turn([at for at in due if at not in side_by_side])
    outcomes: list[Exception | None] = [None] * (1 + len(side_by_side))
    try:
        if side_by_side:
            yield Gather[None]([others, *map(one, side_by_side)], _AT_ONCE, outcomes)
        else:
            yield from others
    finally:
        messages[place:] = [answer for answer in answers if answer is not None] + given
    for at, error in [*sorted(failures.items()), *zip(side_by_side, outcomes[1:], strict=True)]:
        if error is not None:
            raise _failed(due[at], error) from error


def _sendable(message: ChatMessage) -> ChatMessage:
    """A message of the model as it can be sent back; not every server says whose it is."""
    return message if message.role else ChatMessage.from_wire({**message, "role": "assistant"})


def _calls_of(message: Mapping[str, Any]) -> list[ToolCall]:
    calls = message.get("tool_calls")
    if message.get("role") != "assistant" or not is_array(calls):
        return []
    return [ToolCall.from_wire(dict(call)) for call in calls if is_mapping(call)]


def _taken(given: list[MessageParam], id: str) -> MessageParam | None:
    """The answer to a call, taken from those that were given."""
    for at, message in enumerate(given):
        if message.get("tool_call_id") == id:
            return given.pop(at)
    return None


def _is_async(box: Mapping[str, Tool[..., object]], call: ToolCall) -> bool:
    tool = box.get(call.function.name)
    return tool is not None and tool.is_async


def _told(call: ToolCall, box: Mapping[str, Tool[..., object]]) -> Flow[str]:
    """What the model is told about a call."""
    tool = box.get(call.function.name)
    if tool is None:
        return f"There is no tool {shown(call.function.name)}. There are: {', '.join(box)}."
    try:
        try:
            work = tool.bind(call.function.arguments)
        except ValidationError as error:
            return problems_of(error)
        if tool.is_async:
            value = yield from CallUser(work)
        else:
            value = yield from RunBlocking(lambda: _outcome(work))
            if isinstance(value, Raised):
                raise value.error
            if isawaitable(value):
                value = yield from CallUser(partial(_itself, value))
    except ToolError as error:
        return str(error) or f"{tool.name} did not work."
    return content_of(value)


def _itself(value: object) -> object:
    return value


def _outcome(work: Callable[[], object]) -> object:
    """What a function gave or raised: not every exception can leave a thread, a `StopIteration` for one."""
    try:
        return work()
    except Exception as error:
        return Raised(error)


def _failed(call: ToolCall, error: Exception) -> ToolRunError:
    name = call.function.name
    failed = ToolRunError(
        f"The tool {name!r} failed with {type(error).__name__}, which is the cause of this. Mend it, and "
        "go on with messages=error.tool_run.messages: what was answered is not called again.",
        ApiErrorId.TOOL_FAILED,
        {"tool": name, "tool_call_id": call.id},
    )
    if isinstance(error, SkytellsError):
        failed.prediction = error.prediction
    return failed


def _cut(reason: object) -> ToolRunError:
    what = _CUT[FinishReason(str(reason))]
    return ToolRunError(
        f"The answer was cut by {what} while it called tools, so none of these was called. Go on with "
        "messages=error.tool_run.messages, and another limit or prompt.",
        ApiErrorId.TOOL_CALLS_CUT,
        f"finish_reason: {reason}",
    )


def _too_many(most: int) -> ToolRunError:
    return ToolRunError(
        f"The model still calls tools, and max_rounds={most} is reached. Raise it, or go on with "
        "messages=error.tool_run.messages, which begins with the calls that are due.",
        ApiErrorId.TOOL_ROUNDS_EXCEEDED,
        f"max_rounds: {most}",
    )
