"""S: streams that are cut, stall, say what they should not, or never end."""

from __future__ import annotations

from typing import Final

from ...cases import Family
from . import answers, ends, events, looks

FAMILY: Final = Family(
    "S",
    "Streams",
    "What `chat.completions.stream()`, `responses.stream()`, `orchestrator.ai.generate()` and "
    "`predictions.stream()` make of streams that go wrong. Each row is played in the form that the "
    "operation speaks. An error holds the events that came before it, and the connection is free again "
    "at once. `follow` is `predictions.stream()`, which falls back to looking at its prediction.",
    [
        *ends.every_cut,
        *ends.breaks,
        *ends.unfinished,
        *ends.stalled,
        *answers.failures,
        *answers.instead,
        *events.unreadable,
        *events.lawful,
        *events.trailing,
        *events.large,
        *looks.leaves,
        *looks.looking,
    ],
)
"""Streams."""
