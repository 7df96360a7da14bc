"""The schedule of a prediction: which statuses it passes through, and when. No clock, no state.

    pending ──> starting ──> started ──> processing ──> succeeded | failed
       └───────────┴────────────┴────────────┴────────> cancelled

It is fixed when the prediction is created; the status is a function of the prediction's age.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Final, NamedTuple

PASSING: Final = ("pending", "starting", "started", "processing")
"""The statuses before the final one, by default."""

WAITING: Final = frozenset({"pending", "queued", "starting"})
"""Statuses in which no work has begun."""

TERMINAL: Final = frozenset({"succeeded", "failed", "cancelled", "canceled"})
"""Statuses that never change. The platform's documentation spells the last one both ways."""


class Stage(NamedTuple):
    """A status, and the time in seconds since which it holds."""

    since: float
    status: str


@dataclass(frozen=True)
class Schedule:
    """The statuses of a prediction by its age.

    Args:
        seconds: Platform seconds from creation to the end.
        passing: The statuses before the final one, in order.
        end: The final status.
        failure: The message of a failed prediction.

    Example:
        >>> Schedule(11.0).at(5.0).status
        'processing'
        >>> Schedule(11.0).at(11.0).status
        'succeeded'
    """

    seconds: float
    passing: tuple[str, ...] = PASSING
    end: str = "succeeded"
    failure: str | None = None

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """Every stage with the age at which it begins; `processing` takes most of the time."""
        weights = [8 if status == "processing" else 1 for status in self.passing]
        share = self.seconds / (sum(weights) or 1)
        # Rounded as ages are, so that a stage has begun at the age at which it begins.
        begins = [round(share * sum(weights[:place]), 6) for place in range(len(weights))]
        return (*map(Stage, begins, self.passing), Stage(self.seconds, self.end))

    @cached_property
    def starts(self) -> float:
        """The age at which work begins."""
        return next(stage.since for stage in self.stages if stage.status not in WAITING)

    def at(self, age: float) -> Stage:
        """The stage at an age in platform seconds."""
        place = bisect_right(self.stages, age, key=attrgetter("since"))
        return self.stages[max(place - 1, 0)]

    def progress(self, age: float) -> float:
        """The share of the work that is done at an age, 0 to 100."""
        work = self.seconds - self.starts
        done = (age - self.starts) / work if work else float(age >= self.seconds)
        return round(100 * min(max(done, 0.0), 1.0), 1)


def scripted_schedule(
    usual: Schedule, *, fails: str | None, seconds: float | None, statuses: Sequence[str] | None
) -> Schedule:
    """The usual schedule of a model, changed as a script says.

    Raises:
        ValueError: A negative time, a final status before the end, or two different ends.
    """
    length = usual.seconds if seconds is None else seconds
    if not 0 <= length < math.inf:
        raise ValueError(f"seconds must be zero or a positive number, not {seconds!r}")
    if isinstance(statuses, str):
        raise ValueError(  # noqa: TRY004  # as for every other mistake in a script
            f"statuses must be a list of names: [{statuses!r}]"
        )
    passing, end = _split(PASSING if statuses is None else tuple(statuses))
    if fails is not None and end not in (None, "failed"):
        raise ValueError(f"a prediction cannot both fail and end as {end!r}: leave one out")
    end = "failed" if fails is not None else end or usual.end
    failure = (fails or usual.failure) if end == "failed" else None
    return Schedule(length, passing, end, failure)


def _split(statuses: tuple[str, ...]) -> tuple[tuple[str, ...], str | None]:
    """The passing statuses, and the final one if the last is final."""
    ends = bool(statuses) and statuses[-1] in TERMINAL
    passing, end = (statuses[:-1], statuses[-1]) if ends else (statuses, None)
    if early := TERMINAL.intersection(passing):
        raise ValueError(f"{min(early)!r} is final, so it must be the last of the statuses")
    return passing, end
