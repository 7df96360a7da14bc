"""Content filters in the form of Azure OpenAI, decided by words: what is `high` is refused.

A harm has a severity; from `medium` on it is filtered, and nothing is answered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from skytells.local.prediction_json import JsonObject

SEVERITIES: Final = ("safe", "low", "medium", "high")
"""How bad content is."""

HARMS: Final = ("hate", "violence", "sexual", "self_harm")
"""What content is judged by, each with a severity."""

SUBJECTS: Final = (*HARMS, "jailbreak", "protected_material_code", "protected_material_text")
"""All that content is looked through for; what is not a harm is there or it isn't."""

WORDS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "hate": (("low", "insult"), ("medium", "slur"), ("high", "genocide")),
    "violence": (("low", "punch"), ("medium", "stab"), ("high", "massacre")),
    "sexual": (("low", "kiss"), ("medium", "nude"), ("high", "porn")),
    "self_harm": (("low", "hopeless"), ("medium", "self-harm"), ("high", "suicide")),
    "jailbreak": (("medium", "ignore all previous instructions"), ("medium", "jailbreak")),
    "protected_material_text": (("medium", "full song lyrics"),),
    "protected_material_code": (("low", "licensed source code"),),
}
"""The words that content is judged by."""

_PATTERNS: Final = {
    name: [
        (SEVERITIES.index(severity), re.compile(rf"\b{words}\w{{0,3}}\b", re.IGNORECASE))
        for severity, words in rules
    ]
    for name, rules in WORDS.items()
}
_PROMPT: Final = (*HARMS, "jailbreak")
_COMPLETION: Final = (*HARMS, "protected_material_code", "protected_material_text")


def judged(text: str, told: Mapping[str, str] | None = None) -> dict[str, int]:
    """How bad a text is in each respect, 0 to 3.

    Arguments:
        text: what is judged.
        told: what a script says of it instead.

    Example:
        >>> judged("They fought, and one was stabbed.")["violence"]
        2
    """
    found = {
        name: max((level for level, words in rules if words.search(text)), default=0)
        for name, rules in _PATTERNS.items()
    }
    return found | {name: SEVERITIES.index(level) for name, level in (told or {}).items()}


def worst(levels: Mapping[str, int], least: int) -> str | None:
    """The first respect in which a prompt is at least so bad."""
    return next((name for name in _PROMPT if levels[name] >= least), None)


def prompt_filters(levels: Mapping[str, int]) -> JsonObject:
    """What is said of a prompt."""
    return {name: _filter(name, levels[name]) for name in _PROMPT}


def completion_filters(levels: Mapping[str, int]) -> JsonObject:
    """What is said of an answer."""
    return {name: _filter(name, levels[name]) for name in _COMPLETION}


def _filter(name: str, level: int) -> JsonObject:
    filtered = level >= SEVERITIES.index("medium")
    if name in HARMS:
        return {"filtered": filtered, "severity": SEVERITIES[level]}
    return {"filtered": filtered, "detected": level > 0}
