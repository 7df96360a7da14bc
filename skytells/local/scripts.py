"""Scripts: how the next predictions of a model are to fare, and what a chat model is to say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, TypedDict

from .catalogue import Model
from .inference.content_filters import SEVERITIES, SUBJECTS
from .prediction_json import JsonObject
from .schedule import Life, scripted

_WORDS: Final = frozenset({"says", "calls", "finish", "filters"})
_FINISHES: Final = ("stop", "length", "content_filter")

Calls: TypeAlias = Mapping[str, JsonObject] | Sequence[tuple[str, JsonObject | str]]
"""Tools and their arguments: by name; or in order, where a string is sent as it is."""


class ScriptFields(TypedDict, total=False):
    """What a script is made of; all may be left out.

    Arguments:
        fails: predictions fail at their end, and inference fails, and say this.
        seconds: platform seconds that they take.
        statuses: what a prediction passes through instead of the usual; a final one ends it.
        says: what a chat model answers.
        calls: the tools that it calls instead, with their arguments, such as
            `{"weather": {"city": "Rome"}}`; a list of pairs calls one more than once, and arguments
            that are a string are sent as they are.
        finish: why it stops: `stop`, `length` or `content_filter`.
        filters: what its prompt is taken for: a severity by the name of a harm, such as
            `{"violence": "medium"}`.
        times: for how many requests; all by default.
        then: what is decided once these are over; without it, nothing.
    """

    fails: str | None
    seconds: float | None
    statuses: Sequence[str] | None
    says: str | None
    calls: Calls | None
    finish: str | None
    filters: Mapping[str, str] | None
    times: int | None
    then: ScriptFields | None


@dataclass(frozen=True)
class Script:
    """What was decided about a model: how a prediction fares, and the fields for inference."""

    life: Life
    seconds: float = 0.0
    fails: str | None = None
    says: str | None = None
    calls: Sequence[tuple[str, str]] | None = None
    finish: str | None = None
    filters: Mapping[str, str] | None = None


@dataclass
class _Entry:
    script: Script
    times: int | None
    then: _Entry | None


class Scripts:
    """The scripts in force, one per model at most. Its owner holds a lock while it calls."""

    def __init__(self) -> None:
        self._scripts: dict[str, _Entry] = {}

    def set(self, model: Model, fields: ScriptFields) -> None:
        """Replace the script of a model; see `Platform.script`.

        Raises:
            ValueError: the script contradicts itself.
        """
        self._scripts[model.namespace] = self._entry(model, fields)

    def _entry(self, model: Model, fields: ScriptFields) -> _Entry:
        if unknown := sorted(fields.keys() - ScriptFields.__annotations__.keys()):
            raise ValueError(f"a script has no {unknown[0]!r}: see skytells.local.ScriptFields")
        if not model.openai_compatible and (words := sorted(_WORDS.intersection(fields))):
            raise ValueError(f"{model.namespace} does not chat, so leave {words[0]!r} out")
        times, finish = fields.get("times"), fields.get("finish")
        if times is not None and times < 1:
            raise ValueError(f"times must be at least 1, not {times!r}")
        then = fields.get("then")
        if then is not None and times is None:
            raise ValueError("then has no turn where times are not limited: give times")
        if finish not in (None, *_FINISHES):
            raise ValueError(f"finish must be one of {', '.join(_FINISHES)}, not {finish!r}")
        fails, seconds = fields.get("fails"), fields.get("seconds")
        script = Script(
            life=scripted(
                normal_life(model), fails=fails, seconds=seconds, statuses=fields.get("statuses")
            ),
            seconds=seconds or 0.0,
            fails=fails,
            says=fields.get("says"),
            calls=_calls(fields.get("calls")),
            finish=finish,
            filters=_filters(fields.get("filters")),
        )
        return _Entry(script, times, None if then is None else self._entry(model, then))

    def of(self, model: Model) -> Script:
        """What holds for the next request of a model."""
        entry = self._scripts.get(model.namespace)
        return Script(normal_life(model)) if entry is None else entry.script

    def use(self, model: Model) -> None:
        """Count a request that began under a model's script."""
        entry = self._scripts.get(model.namespace)
        if entry is not None and entry.times is not None:
            entry.times -= 1
            if not entry.times:
                del self._scripts[model.namespace]
                if entry.then is not None:
                    self._scripts[model.namespace] = entry.then


def normal_life(model: Model) -> Life:
    """How a prediction of a model fares without a script."""
    return replace(Life(model.seconds), failure=f"Failed to generate {model.type}.")


def _calls(given: Calls | None) -> Sequence[tuple[str, str]] | None:
    if given is None:
        return None
    try:
        pairs = [*(given.items() if isinstance(given, Mapping) else given)]
        return [(str(n), a if isinstance(a, str) else json.dumps(a)) for n, a in pairs]
    except (TypeError, ValueError) as error:
        raise ValueError("calls must be tools and their arguments, by name or in pairs") from error


def _filters(given: Mapping[str, str] | None) -> Mapping[str, str] | None:
    for name, severity in (given or {}).items():
        if name not in SUBJECTS:
            raise ValueError(f"no filter {name!r}: take some of {', '.join(SUBJECTS)}")
        if severity not in SEVERITIES:
            raise ValueError(f"{name} must be one of {', '.join(SEVERITIES)}, not {severity!r}")
    return given
