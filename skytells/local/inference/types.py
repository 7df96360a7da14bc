"""What inference is asked for, whichever route it came by."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from skytells.local.prediction_json import JsonObject


@dataclass(frozen=True)
class Turn:
    """Something that was said.

    Arguments:
        role: `system`, `user`, `assistant` or `tool`.
        text: the words of it.
        pictures: how many pictures came with it.
        tool: the tool that says it, if one does.
        call_id: the call that the tool answers.
        calls: the tools that the model called.
    """

    role: str
    text: str
    pictures: int = 0
    tool: str | None = None
    call_id: str | None = None
    calls: Sequence[Call] = ()


@dataclass(frozen=True)
class Call:
    """A call of a tool; the arguments are JSON."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Tool:
    """A function that may be called."""

    name: str
    parameters: JsonObject


@dataclass(frozen=True)
class Ask:
    """A question, with all that bears on its answer.

    Arguments:
        model: the slug.
        turns: what was said so far.
        field: where they are in the body: `messages` or `input`.
        body: the fields as they came, which answers repeat.
        tools: what may be called.
        must_call: whether a tool has to be called; `None` leaves it to the model.
        several: whether more than one may be called at once.
        shape: the JSON Schema of the answer; `None` asks for plain words.
        longest: tokens that may be written.
        stops: the answer ends before any of these.
        count: how many answers.
        stream: whether it comes in events.
    """

    model: str
    turns: Sequence[Turn]
    field: str
    body: JsonObject = dataclasses.field(repr=False)
    tools: Sequence[Tool] = ()
    must_call: bool | None = None
    several: bool = True
    shape: JsonObject | None = None
    longest: int | None = None
    stops: Sequence[str] = ()
    count: int = 1
    stream: bool = False

    @property
    def prompt(self) -> str:
        """What the user said last."""
        return next((turn.text for turn in reversed(self.turns) if turn.role == "user"), "")


@dataclass(frozen=True)
class Talk:
    """What is remembered of a question and its answer; long texts are cut.

    Arguments:
        model: who answered.
        prompt: what the user said last, or what was embedded.
        said: the words, or the calls.
        tokens: how many were read and written.
        credits: what it cost.
    """

    model: str
    prompt: str
    said: str
    tokens: int
    credits: float


@dataclass(frozen=True)
class Said:
    """One answer of those that were asked for.

    Arguments:
        text: the words, if there are any.
        calls: the tools that are called.
        finish: `stop`, `length`, `tool_calls` or `content_filter`.
        filters: what the content filters say of it.
    """

    text: str | None
    calls: Sequence[Call]
    finish: str
    filters: JsonObject


@dataclass(frozen=True)
class Answer:
    """What a model answers.

    Arguments:
        id: a number of its own, in hexadecimal digits.
        created: seconds since the epoch.
        model: the slug of the model that answered, which a router chose.
        said: the answers.
        filters: what the content filters say of the prompt.
        read: tokens of the prompt.
        thought: tokens of those written that nobody sees.
        written: tokens of the answers and thoughts.
        seconds: platform seconds that it takes.
        failure: what inference says that failed on the way.
    """

    id: str
    created: int
    model: str
    said: Sequence[Said]
    filters: JsonObject
    read: int
    thought: int
    written: int
    seconds: float = 0.0
    failure: str | None = None
