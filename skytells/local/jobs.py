"""A prediction as the platform stores it, and its state at any moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from .catalogue import Model
from .clock import Clock
from .media.files import File, generate_files
from .media.text import generate_text
from .requests import PredictionRequest
from .schedule import TERMINAL, Schedule, Stage


class EarlyEnd(NamedTuple):
    """An end other than the scheduled one."""

    moment: float
    status: str
    failure: str | None = None


@dataclass(eq=False)
class Job:
    """A prediction. Moments are those of the platform's clock, in its seconds.

    Args:
        created: The moment of creation.
        clock: Gives the date of a moment.
        lifetime: Calendar seconds for which its assets are kept after the end.
        origin: Scheme, host and port that the request was sent to.
        key: The API key of the request.
        ended: How it ended before its schedule, if it did.
        deleted: Whether its output was deleted.
    """

    id: str
    model: Model
    request: PredictionRequest
    schedule: Schedule
    created: float
    clock: Clock
    lifetime: float
    origin: str
    key: str = field(repr=False)
    ended: EarlyEnd | None = None
    deleted: bool = False

    @property
    def ends(self) -> float:
        """The moment of its end, as things stand."""
        return self.created + self.schedule.seconds if self.ended is None else self.ended.moment

    def date(self, moment: float) -> float:
        """The date of a moment, in seconds since the epoch."""
        return self.clock.date(moment)

    def age(self, now: float) -> float:
        """Platform seconds since creation, rounded so that ten steps of 0.1 are 1."""
        return round(now - self.created, 6)

    def stage(self, now: float) -> Stage:
        """Its status, and the moment since which it holds."""
        if self.ended is not None and now >= self.ended.moment:
            return Stage(self.ended.moment, self.ended.status)
        stage = self.schedule.at(self.age(now))
        return stage._replace(since=self.created + stage.since)

    def finished(self, now: float) -> bool:
        """Whether its status is final."""
        return self.stage(now).status in TERMINAL

    def started(self, now: float) -> float | None:
        """When work began, if it has."""
        starts = self.created + self.schedule.starts
        if self.ended is not None and self.ended.status == "succeeded":
            starts = min(starts, self.ended.moment)
        age = self.age(min(now, self.ends))
        return starts if self.age(starts) <= age else None

    def completed(self, now: float) -> float | None:
        """When it finished, if it has."""
        return self.stage(now).since if self.finished(now) else None

    def failure(self, now: float) -> str | None:
        """The message of a failed prediction."""
        if self.stage(now).status != "failed":
            return None
        return self.schedule.failure if self.ended is None else self.ended.failure

    def has_output(self, now: float) -> bool:
        """Whether it succeeded and was not deleted."""
        return self.stage(now).status == "succeeded" and not self.deleted

    def has_assets(self, now: float) -> bool:
        """Whether its output is still available: text always, files for their lifetime."""
        if not self.has_output(now):
            return False
        return not self.files or self.clock.date() - self.date(self.ends) < self.lifetime

    def price(self) -> float:
        """Its price if it succeeds, in credits."""
        work = self.schedule.seconds - self.schedule.starts
        return self.model.credits(self.request.input, work, len(self.files))

    def credits(self, now: float) -> float:
        """What it cost, in credits; only successful predictions are charged."""
        started, completed = self.started(now), self.completed(now)
        if started is None or completed is None or self.stage(now).status != "succeeded":
            return 0.0
        return self.model.credits(self.request.input, completed - started, len(self.files))

    @cached_property
    def files(self) -> tuple[File, ...]:
        """Its assets, which are generated when they are read."""
        return generate_files(self.model.type, self.model.namespace, self.request.input)

    @cached_property
    def text(self) -> str | None:
        """Its output if the model makes text."""
        return None if self.files else generate_text(self.model.namespace, self.request.input)


@dataclass(frozen=True)
class JobPage:
    """A page of a list of predictions."""

    jobs: Sequence[Job]
    number: int
    per_page: int
    total: int
