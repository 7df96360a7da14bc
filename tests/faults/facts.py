"""What is looked at in a result or an error, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, Final


def fact(outcome: Any, name: str) -> object:
    """A fact that has a name here; else an attribute, by its dotted name."""
    if name in FACTS:
        return FACTS[name](outcome)
    return attrgetter(name)(outcome)


FACTS: Final[Mapping[str, Callable[[Any], object]]] = {
    "itself": lambda outcome: outcome,
    "kind": lambda outcome: type(outcome).__name__,
    "ids": lambda outcome: [item.id for item in outcome],
    "count": len,
    "wire": dict,
    "status": lambda outcome: str(outcome.status),
    "outcomes": lambda error: [attempt.outcome for attempt in error.attempts],
    "candidates": lambda error: [candidate.id for candidate in error.candidates],
    "asked for": lambda error: error.request is not None and error.request.model,
    "last status": lambda error: error.prediction and str(error.prediction.status),
    "note": lambda error: any("p1" in note for note in error.__notes__),
    "message length": lambda error: len(error.message) < 1200,
    "accepted": lambda error: [p is not None for p in error.predictions],
    "failed": lambda error: [e is not None for e in error.errors],
    "may have begun": lambda error: [getattr(e, "maybe_sent", False) for e in error.errors],
    "back in the queue": lambda error: [r.input["place"] for r in error.unsent],
    "received": lambda error: len(error.received),
    "outcomes of each": lambda outcomes: [type(outcome).__name__ for outcome in outcomes],
    "received by each": lambda outcomes: [
        (type(outcome).__name__, len(outcome.received)) for outcome in outcomes
    ],
    "second round": lambda error: error.second,
}
