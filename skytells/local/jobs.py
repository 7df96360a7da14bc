"""A prediction as the platform keeps it, and what can be said of it at any moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from . import media
from .catalogue import Model
from .checks import Order
from .lives import TERMINAL, Life, Stage


@dataclass(eq=False)
class Job:
    """A prediction and its fate. Moments are what the platform's clock shows, in its seconds.

    Arguments:
        created: the moment of creation.
        born: the date of creation, in seconds since the epoch.
        speed: platform seconds per second of the calendar.
        cancelled: the moment of its cancellation.
        deleted: whether its output is gone.
    """

    id: str
    model: Model
    order: Order
    life: Life
    created: float
    born: float
    speed: float = 1.0
    cancelled: float | None = None
    deleted: bool = False

    @property
    def ends(self) -> float:
        """When it will be over unless it is cancelled."""
        return self.created + self.life.seconds

    def date(self, moment: float) -> float:
        """The date of a moment of its life, in seconds since the epoch."""
        return self.born + (moment - self.created) / (self.speed or 1.0)

    def age(self, now: float) -> float:
        """Platform seconds since creation, rounded: ten steps of 0.1 must make 1."""
        return round(now - self.created, 6)

    def stage(self, now: float) -> Stage:
        """Its status, and the moment since which it holds."""
        if self.cancelled is not None:
            return Stage(self.cancelled, "cancelled")
        stage = self.life.at(self.age(now))
        return stage._replace(since=self.created + stage.since)

    def finished(self, now: float) -> bool:
        """Whether its status will never change again."""
        return self.stage(now).status in TERMINAL

    def started(self, now: float) -> float | None:
        """When work began, or `None`."""
        age = self.age(now if self.cancelled is None else self.cancelled)
        return self.created + self.life.starts if self.life.starts <= age else None

    def completed(self, now: float) -> float | None:
        """When it was over, or `None`."""
        return self.stage(now).since if self.finished(now) else None

    def has_output(self, now: float) -> bool:
        """Whether it succeeded and its output is still there."""
        return self.stage(now).status == "succeeded" and not self.deleted

    def credits(self, now: float) -> float:
        """What it cost, in credits; only success is charged."""
        started, completed = self.started(now), self.completed(now)
        if started is None or completed is None or self.stage(now).status != "succeeded":
            return 0.0
        return self.model.credits(self.order.input, completed - started, len(self.files))

    @cached_property
    def files(self) -> tuple[media.File, ...]:
        """Its assets, made when first looked at."""
        return media.files(self.model.type, self.order.input)

    @cached_property
    def text(self) -> str | None:
        """Its answer in words, for models that have no assets."""
        return None if self.files else media.text(self.order.input)


@dataclass(frozen=True)
class Page:
    """Some of the predictions that a search found."""

    jobs: Sequence[Job]
    number: int
    per_page: int
    total: int
