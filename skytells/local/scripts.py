"""Scripts: what the next predictions of a model do, and what a chat model answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, TypedDict

from .catalogue import Model
from .inference.content_filters import CATEGORIES, SEVERITIES
from .json_values import JsonObject
from .schedule import Schedule, scripted_schedule

_INFERENCE_ONLY: Final = frozenset({"says", "calls", "finish", "filters"})
_FINISH_REASONS: Final = ("stop", "length", "content_filter")

Calls: TypeAlias = Mapping[str, JsonObject] | Sequence[tuple[str, JsonObject | str]]
"""Tools and their arguments: by name; or pairs in a list, where a string is sent as it is."""


class ScriptFields(TypedDict, total=False):
    """The fields of a script, all of which are optional.

    Args:
        fails: Predictions fail at their end, and inference fails, with this message.
        seconds: Platform seconds that they take.
        statuses: The statuses of a prediction instead of the usual ones; a final one ends it.
        says: The answer of a chat model.
        calls: The tools that it calls instead, with their arguments, such as
            `{"weather": {"city": "Rome"}}`. A list of pairs can call a tool more than once;
            arguments that are a string are sent as they are.
        finish: The finish reason: `stop`, `length` or `content_filter`.
        filters: The severities that the content filters find in the prompt, such as
            `{"violence": "medium"}`.
        times: The number of requests that it applies to; all by default.
        then: The script for the requests after these.
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
    """A checked script: the schedule of a prediction, and the fields for inference."""

    schedule: Schedule
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


class ScriptStore:
    """The current script of each model. Not thread-safe: its owner holds a lock."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    def set(self, model: Model, fields: ScriptFields) -> None:
        """Replace the script of a model.

        Raises:
            ValueError: The script contradicts itself.
        """
        self._entries[model.namespace] = _entry(model, fields)

    def get(self, model: Model) -> Script:
        """The script for the next request of a model."""
        entry = self._entries.get(model.namespace)
        return Script(usual_schedule(model)) if entry is None else entry.script

    def count_use(self, model: Model) -> None:
        """Count a request that the script of a model applied to."""
        entry = self._entries.get(model.namespace)
        if entry is None or entry.times is None:
            return
        entry.times -= 1
        if not entry.times:
            del self._entries[model.namespace]
            if entry.then is not None:
                self._entries[model.namespace] = entry.then


def usual_schedule(model: Model) -> Schedule:
    """The schedule of a model's predictions without a script."""
    return Schedule(model.seconds, failure=f"Failed to generate {model.type}.")


def _entry(model: Model, fields: ScriptFields) -> _Entry:
    if unknown := sorted(fields.keys() - ScriptFields.__annotations__.keys()):
        raise ValueError(f"a script has no {unknown[0]!r}: see skytells.local.ScriptFields")
    if not model.openai_compatible and (wrong := sorted(_INFERENCE_ONLY.intersection(fields))):
        raise ValueError(f"{model.namespace} is not a chat model: remove {wrong[0]!r}")
    times, then, finish = fields.get("times"), fields.get("then"), fields.get("finish")
    if times is not None and times < 1:
        raise ValueError(f"times must be at least 1, not {times!r}")
    if then is not None and times is None:
        raise ValueError("then applies after a number of requests: set times")
    if finish not in (None, *_FINISH_REASONS):
        raise ValueError(f"finish must be one of {', '.join(_FINISH_REASONS)}, not {finish!r}")
    fails, seconds, statuses = fields.get("fails"), fields.get("seconds"), fields.get("statuses")
    script = Script(
        schedule=scripted_schedule(
            usual_schedule(model), fails=fails, seconds=seconds, statuses=statuses
        ),
        seconds=seconds or 0.0,
        fails=fails,
        says=fields.get("says"),
        calls=_calls(fields.get("calls")),
        finish=finish,
        filters=_filters(fields.get("filters")),
    )
    return _Entry(script, times, None if then is None else _entry(model, then))


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
        if name not in CATEGORIES:
            raise ValueError(f"unknown filter {name!r}: use one of {', '.join(CATEGORIES)}")
        if severity not in SEVERITIES:
            raise ValueError(f"{name} must be one of {', '.join(SEVERITIES)}, not {severity!r}")
    return given
