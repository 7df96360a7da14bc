"""A prediction as the platform keeps it, and what can be said of it at any moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from . import media
from .catalogue import Model
from .clock import Clock
from .requests import Order
from .schedule import TERMINAL, Life, Stage


class Ending(NamedTuple):
    """An end that somebody brought about: when, how, and what a failure says."""

    moment: float
    status: str
    failure: str | None = None


@dataclass(eq=False)
class Job:
    """A prediction and its fate. Moments are what the platform's clock shows, in its seconds.

    Arguments:
        created: the moment of creation.
        clock: what tells the date of a moment.
        lifetime: seconds on the calendar for which its assets stay after the end.
        origin: scheme, host and port by which it was ordered.
        key: the API key that ordered it.
        ending: how it ended early, if it did.
        deleted: whether its output is gone.
    """

    id: str
    model: Model
    order: Order
    life: Life
    created: float
    clock: Clock
    lifetime: float
    origin: str
    key: str = field(repr=False)
    ending: Ending | None = None
    deleted: bool = False

    @property
    def ends(self) -> float:
        """When it is over, as things stand."""
        return self.created + self.life.seconds if self.ending is None else self.ending.moment

    def date(self, moment: float) -> float:
        """The date of a moment of its life, in seconds since the epoch."""
        return self.clock.date(moment)

    def age(self, now: float) -> float:
        """Platform seconds since creation, rounded: ten steps of 0.1 must make 1."""
        return round(now - self.created, 6)

    def stage(self, now: float) -> Stage:
        """Its status, and the moment since which it holds."""
        if self.ending is not None and now >= self.ending.moment:
            return Stage(self.ending.moment, self.ending.status)
        stage = self.life.at(self.age(now))
        return stage._replace(since=self.created + stage.since)

    def finished(self, now: float) -> bool:
        """Whether its status will never change again."""
        return self.stage(now).status in TERMINAL

    def started(self, now: float) -> float | None:
        """When work began, or `None`."""
        starts = self.created + self.life.starts
        if self.ending is not None and self.ending.status == "succeeded":
            starts = min(starts, self.ending.moment)
        age = self.age(min(now, self.ends))
        return starts if self.age(starts) <= age else None

    def completed(self, now: float) -> float | None:
        """When it was over, or `None`."""
        return self.stage(now).since if self.finished(now) else None

    def failure(self, now: float) -> str | None:
        """What a failed prediction says."""
        if self.stage(now).status != "failed":
            return None
        return self.life.failure if self.ending is None else self.ending.failure

    def has_output(self, now: float) -> bool:
        """Whether it succeeded and was not deleted."""
        return self.stage(now).status == "succeeded" and not self.deleted

    def has_assets(self, now: float) -> bool:
        """Whether its output can still be had: words stay, files do for their lifetime."""
        if not self.has_output(now):
            return False
        return not self.files or self.clock.date() - self.date(self.ends) < self.lifetime

    def price(self) -> float:
        """What it will cost if it succeeds, in credits."""
        work = self.life.seconds - self.life.starts
        return self.model.credits(self.order.input, work, len(self.files))

    def credits(self, now: float) -> float:
        """What it cost, in credits; only success is charged."""
        started, completed = self.started(now), self.completed(now)
        if started is None or completed is None or self.stage(now).status != "succeeded":
            return 0.0
        return self.model.credits(self.order.input, completed - started, len(self.files))

    @cached_property
    def files(self) -> tuple[media.File, ...]:
        """Its assets; their bytes are made when somebody asks."""
        return media.files(self.model.type, self.model.namespace, self.order.input)

    @cached_property
    def text(self) -> str | None:
        """Its answer in words, for models that have no assets."""
        return None if self.files else media.text(self.model.namespace, self.order.input)


@dataclass(frozen=True)
class Page:
    """Some of the predictions that a search found."""

    jobs: Sequence[Job]
    number: int
    per_page: int
    total: int
