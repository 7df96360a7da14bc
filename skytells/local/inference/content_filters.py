"""Content filters in the form of Azure OpenAI, which decide by words.

Each harm has a severity. From `medium` on the content is filtered and nothing is generated; a prompt
with `high` is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from skytells.local.json_values import JsonObject

SEVERITIES: Final = ("safe", "low", "medium", "high")
"""The severities, in ascending order."""

MEDIUM: Final = SEVERITIES.index("medium")
HIGH: Final = SEVERITIES.index("high")

HARMS: Final = ("hate", "violence", "sexual", "self_harm")
"""Categories that have a severity."""

CATEGORIES: Final = (*HARMS, "jailbreak", "protected_material_code", "protected_material_text")
"""All categories; those that are not harms are detected or not."""

_WORDS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "hate": (("low", "insult"), ("medium", "slur"), ("high", "genocide")),
    "violence": (("low", "punch"), ("medium", "stab"), ("high", "massacre")),
    "sexual": (("low", "kiss"), ("medium", "nude"), ("high", "porn")),
    "self_harm": (("low", "hopeless"), ("medium", "self-harm"), ("high", "suicide")),
    "jailbreak": (("medium", "ignore all previous instructions"), ("medium", "jailbreak")),
    "protected_material_text": (("medium", "full song lyrics"),),
    "protected_material_code": (("low", "licensed source code"),),
}
_PATTERNS: Final = {
    name: [
        (SEVERITIES.index(severity), re.compile(rf"\b{words}\w{{0,3}}\b", re.IGNORECASE))
        for severity, words in rules
    ]
    for name, rules in _WORDS.items()
}
_PROMPT: Final = (*HARMS, "jailbreak")
_COMPLETION: Final = (*HARMS, "protected_material_code", "protected_material_text")


def severity_levels(text: str, scripted: Mapping[str, str] | None = None) -> dict[str, int]:
    """The severity of a text in each category, 0 to 3.

    Args:
        text: The text.
        scripted: Severities that a script sets.

    Example:
        >>> severity_levels("They fought, and one was stabbed.")["violence"]
        2
    """
    found = {
        name: max((level for level, words in rules if words.search(text)), default=0)
        for name, rules in _PATTERNS.items()
    }
    return found | {name: SEVERITIES.index(level) for name, level in (scripted or {}).items()}


def exceeded(levels: Mapping[str, int], least: int) -> str | None:
    """The first category in which a prompt reaches a severity."""
    return next((name for name in _PROMPT if levels[name] >= least), None)


def prompt_filters(levels: Mapping[str, int]) -> JsonObject:
    """The filter results of a prompt."""
    return {name: _result(name, levels[name]) for name in _PROMPT}


def completion_filters(levels: Mapping[str, int]) -> JsonObject:
    """The filter results of a completion."""
    return {name: _result(name, levels[name]) for name in _COMPLETION}


def _result(name: str, level: int) -> JsonObject:
    if name in HARMS:
        return {"filtered": level >= MEDIUM, "severity": SEVERITIES[level]}
    return {"filtered": level >= MEDIUM, "detected": level > 0}
