"""What a model that chats says, decided by what it is asked: the same answer for the same question."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from itertools import takewhile
from typing import TYPE_CHECKING, Final
from zlib import crc32

from skytells.local import media
from skytells.local.prediction_json import JsonObject, Refusal
from skytells.local.requests import part_of

from . import content_filters as filters
from .schemas import instance, without_schemas, written_schema
from .tokens import count, pieces
from .types import Answer, Ask, Call, Said, Tool, Turn

if TYPE_CHECKING:
    from skytells.local.scripts import Script

ROUTER: Final = "deepbrain-router"
"""The model that lets another one answer."""

_LONGEST: Final = 8192
_ROUTING: Final = 16
_THOUGHTS: Final = {"minimal": 4, "low": 16, "medium": 64, "high": 256}
_TURN: Final = 4
_PICTURE: Final = 85
_ASKING: Final = ("system", "user")
_QUOTED: Final = 300
_WORD: Final = re.compile(r"[a-z]{4,}")
_WRITTEN_CALL: Final = re.compile(r"""["']name["']: ?["']([a-zA-Z0-9_-]+)["']""")
_MEDIUM, _HIGH = 2, 3


def answer(ask: Ask, script: Script, models: Collection[str], *, id: str, created: int) -> Answer:
    """Decide what is answered.

    Arguments:
        ask: the question.
        script: what was decided about the model.
        models: the slugs that a router may choose from.
        id: a number of its own, in hexadecimal digits.
        created: seconds since the epoch.

    Raises:
        Refusal: 451, the prompt is as bad as can be; 400, no answer has the shape asked for.
    """
    levels = filters.judged(_heard(ask), script.filters)
    if (harm := filters.worst(levels, _HIGH)) is not None:
        raise Refusal(
            451,
            "CONTENT_POLICY_VIOLATION",
            f"The prompt was refused by the content filter for {harm}: ask for something else.",
            {"category": harm},
        )
    read, thought = _read(ask), _thought(ask)
    if filters.worst(levels, _MEDIUM):
        said = [Said(None, (), "content_filter", {})] * ask.count
        thought = 0
    else:
        said = [
            _said(ask, script, levels, (ask.longest or _LONGEST) - thought, f"{id}{choice}", choice)
            for choice in range(ask.count)
        ]
    written = sum(_length(one) for one in said)
    thought = min(thought, ask.longest or thought) * ask.count
    return Answer(
        id=id,
        created=created,
        model=_routed(ask.model, read, models),
        said=said,
        filters=filters.prompt_filters(levels),
        read=read,
        thought=thought,
        written=written + thought,
        seconds=script.seconds,
        failure=script.fails,
    )


def _said(
    ask: Ask, script: Script, levels: Mapping[str, int], room: int, id: str, choice: int
) -> Said:
    """One answer in so many tokens."""
    calls = _calls(ask, script, id) if room > 0 else ()
    if calls:
        judged = filters.completion_filters(filters.judged(""))
        return Said(None, calls, script.finish or "tool_calls", judged)
    text = _text(ask, script, choice, room)
    stops = [text.find(stop) for stop in ask.stops if stop in text]
    text = text[: min(stops)] if stops else text
    own = filters.judged(text)
    own |= {name: max(own[name], levels[name]) for name in own if name.startswith("protected")}
    judged = filters.completion_filters(own)
    parts = pieces(text)
    if script.finish == "content_filter" or any(one["filtered"] for one in judged.values()):
        if script.finish == "content_filter":
            judged |= {"hate": {"filtered": True, "severity": "medium"}}
        return Said(
            "".join(parts[: min(len(parts) // 2, max(room, 0))]), (), "content_filter", judged
        )
    if script.finish == "length":
        room = min(room, len(parts) // 2)
    finish = "length" if len(parts) > room else "stop"
    return Said("".join(parts[: max(room, 0)]), (), finish, judged)


def _text(ask: Ask, script: Script, choice: int, room: int) -> str:
    if script.says is not None:
        return script.says
    told = _told(ask.turns)
    heard = "\n".join([ask.prompt, *(turn.text for turn in told)])
    if ask.shape:
        try:
            return json.dumps(instance(ask.shape, heard))
        except ValueError as error:
            raise Refusal(
                400,
                "INVALID_PARAMETER",
                f"No answer has the shape that is asked for: {error}.",
                param="response_format",
            ) from error
    if schema := written_schema(turn.text for turn in ask.turns if turn.role in _ASKING):
        with suppress(ValueError):
            return json.dumps(instance(schema, without_schemas(heard)))
    words = _words(ask, told, choice)
    first = words.partition(". ")[0].rstrip(".")
    briefer = [f"{first}.", "Here is an answer."] if ask.model == ROUTER else []
    texts = [
        text if ask.shape is None else json.dumps({"answer": text}) for text in (words, *briefer)
    ]
    return next((text for text in texts if count(text) <= room), texts[0])


def _words(ask: Ask, told: Sequence[Turn], choice: int) -> str:
    pictures = ask.turns[-1].pictures
    seen = f"There {'is 1 picture' if pictures == 1 else f'are {pictures} pictures'}. "
    if told:
        return " ".join(f"{turn.tool} says: {turn.text.strip()}." for turn in told)
    said = [(turn.role, turn.text) for turn in ask.turns]
    chance = crc32(ascii((said, ask.body.get("seed"), choice)).encode())
    asked = {"prompt": ask.prompt[:_QUOTED], "seed": chance}
    return (seen if pictures else "") + media.text(ask.model, asked)


def _told(turns: Sequence[Turn]) -> list[Turn]:
    """What tools said since the last that somebody else did."""
    return list(takewhile(lambda turn: turn.role == "tool", reversed(turns)))[::-1]


def _calls(ask: Ask, script: Script, id: str) -> Sequence[Call]:
    chosen = script.calls
    if chosen is None:
        wanted = _wanted(ask)
        chosen = [(tool.name, json.dumps(_arguments(tool, ask.prompt))) for tool in wanted]
    if chosen and script.finish == "length":
        name, given = chosen[-1]
        chosen = [*chosen[:-1], (name, given[: len(given) // 2])]
    return [Call(f"call_{id}{place}", name, given) for place, (name, given) in enumerate(chosen)]


def _wanted(ask: Ask) -> Sequence[Tool]:
    """The tools that are called: those that the prompt mentions, unless told otherwise.

    Where one must be called, those that were not called since the user spoke go first: a program
    that asks again and again for some call comes to the one that ends its loop.
    """
    if ask.must_call is False or (ask.must_call is None and _told(ask.turns)):
        return ()
    tools = ask.tools
    if ask.must_call:
        called = _called(ask)
        tools = [tool for tool in tools if tool.name not in called] or tools
    said = set(_WORD.findall(ask.prompt.lower()))
    named = [tool for tool in tools if _mentioned(tool.name, ask.prompt, said)]
    if ask.must_call and not named:
        named = list(tools)[:1]
    return named if ask.several else named[:1]


def _called(ask: Ask) -> set[str]:
    """The tools that were called since the user last asked for something.

    Programs that know no calls write them down as words, and let the user tell the results.
    """
    called: set[str] = set()
    for place in range(len(ask.turns) - 1, -1, -1):
        turn = ask.turns[place]
        written = {name for name in _WRITTEN_CALL.findall(turn.text) if turn.role == "assistant"}
        called |= written | {call.name for call in turn.calls}
        if turn.role == "user" and not (place and _writes_calls(ask.turns[place - 1])):
            break
    return called


def _writes_calls(turn: Turn) -> bool:
    return turn.role == "assistant" and bool(_WRITTEN_CALL.search(turn.text))


def _mentioned(name: str, prompt: str, said: set[str]) -> bool:
    """Whether a prompt names a tool, or uses one of the longer words in its name."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
    return name in prompt or not said.isdisjoint(_WORD.findall(spaced))


def _arguments(tool: Tool, prompt: str) -> JsonObject:
    try:
        made: JsonObject = instance({"type": "object", **tool.parameters}, prompt)
    except ValueError as error:
        raise Refusal(
            400,
            "INVALID_PARAMETER",
            f"No arguments fit the parameters of {tool.name}: {error}.",
            param="tools",
        ) from error
    return made


def _heard(ask: Ask) -> str:
    return "\n".join(turn.text for turn in ask.turns if turn.role != "assistant")


def _read(ask: Ask) -> int:
    said = sum(count(turn.text) + _TURN + _PICTURE * turn.pictures for turn in ask.turns)
    return said + sum(count(json.dumps(tool.parameters)) + _TURN for tool in ask.tools)


def _thought(ask: Ask) -> int:
    """Tokens that nobody sees: a router spends some before the model writes, and so does effort."""
    effort = ask.body.get("reasoning_effort") or part_of(ask.body, "reasoning").get("effort")
    return (_ROUTING if ask.model == ROUTER else 0) + _THOUGHTS.get(str(effort), 0)


def _length(said: Said) -> int:
    return count(said.text or "") + sum(count(call.name + call.arguments) for call in said.calls)


def _routed(model: str, read: int, models: Collection[str]) -> str:
    chosen = "gpt-5-nano" if read < 64 else "gpt-5"
    return chosen if model == ROUTER and chosen in models else model
