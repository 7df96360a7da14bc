"""Safety: what content filters found, and whether that is acceptable; `client.safety`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._data.lazy import load

if TYPE_CHECKING:
    from .api import AsyncSafetyAPI, SafetyAPI
    from .findings import evaluate, filtered_categories, is_refusal, parse, was_filtered
    from .templates import (
        SafetyCategory,
        SafetyFinding,
        SafetyReport,
        SafetySeverity,
        SafetyTemplate,
        SafetyTemplates,
    )

__all__ = [
    "AsyncSafetyAPI",
    "SafetyAPI",
    "SafetyCategory",
    "SafetyFinding",
    "SafetyReport",
    "SafetySeverity",
    "SafetyTemplate",
    "SafetyTemplates",
    "evaluate",
    "filtered_categories",
    "is_refusal",
    "parse",
    "was_filtered",
]


def __getattr__(name: str) -> object:
    return load(__name__, name, "templates", "findings", "api")
