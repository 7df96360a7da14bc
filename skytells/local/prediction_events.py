"""What the event stream of a prediction says, and when. No network, no clock of its own.

    event: status      data: {"id": …, "status": "processing"}
    event: progress    data: {"id": …, "progress": 50.0}          at every tenth
    event: output      data: {"id": …, "output": […]}             once, if there is any
    event: done        data: the prediction                       the last one

With the variant `output-pieces`, what a model says comes bit by bit instead, as plain text:

    event: output      data: You asked

The format behind `urls.stream` is documented nowhere; this one is our own.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Collection, Iterator
from typing import Final

from .jobs import Job
from .prediction_json import JsonObject, prediction_json, spelled

EVENT_STREAM: Final = "text/event-stream"
"""The media type of what `event` makes."""


class Story:
    """A prediction, told to one listener from the moment it began to listen.

    A listener who was not told for a while, as when a clock was moved, hears of every step.

    Arguments:
        job: the prediction.
        origin: scheme, host and port that URLs begin with.
        now: the moment, as the platform's clock shows it.
        variants: how the prediction is spelled.
    """

    def __init__(self, job: Job, origin: str, now: float, variants: Collection[str] = ()) -> None:
        self.over: bool = False
        self._job = job
        self._origin = origin
        self._variants = variants
        self._told = now
        self._status = ""
        self._tenths = 0.0
        self._marks = _marks(job)
        self._words = (job.text or "").split() if "output-pieces" in variants else []
        self._spoken = 0

    def next_moment(self) -> float | None:
        """When there is more to tell, unless the prediction ends early."""
        place = bisect_right(self._marks, self._told)
        return self._marks[place] if place < len(self._marks) else None

    def news(self, now: float) -> Iterator[bytes]:
        """What happened until now, as lines of an event stream."""
        first = bisect_right(self._marks, self._told)
        last = bisect_right(self._marks, now + 1e-6)
        for moment in (self._told, *self._marks[first:last], now):
            if not self.over:
                yield from self._at(moment)
        self._told = max(now, self._told)

    def _at(self, moment: float) -> Iterator[bytes]:
        status = self._job.stage(moment).status
        progress = self._job.life.progress(self._job.age(moment))
        if status != self._status:
            self._status = status
            yield self._event("status", status=spelled(status, self._variants))
        self.over = self._job.finished(moment)
        if self.over:
            yield from self._end(moment)
        elif progress // 10 > self._tenths:
            self._tenths = progress // 10
            yield self._event("progress", progress=progress)
            yield from self._pieces(self._tenths / 10)

    def _end(self, moment: float) -> Iterator[bytes]:
        last = prediction_json(self._job, moment, self._origin, variants=self._variants)
        if self._words and last["output"] is not None:
            yield from self._pieces(1.0)
        elif last["output"] is not None:
            yield self._event("output", output=last["output"])
        yield event("done", last)

    def _pieces(self, share: float) -> Iterator[bytes]:
        """What of its words has not been said, up to a share of all."""
        for place in range(self._spoken, int(share * len(self._words))):
            space = " " if place else ""
            yield f"event: output\ndata: {space}{self._words[place]}\n\n".encode("utf-8", "replace")
            self._spoken = place + 1

    def _event(self, name: str, **data: object) -> bytes:
        return event(name, {"id": self._job.id, **data})


def event(name: str, data: JsonObject) -> bytes:
    """An event as it travels.

    Example:
        >>> event("done", {})
        b'event: done\\ndata: {}\\n\\n'
    """
    return f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode("ascii")


def _marks(job: Job) -> list[float]:
    """The moments at which something changes: every stage, and every tenth of the work."""
    life = job.life
    tenth = (life.seconds - life.starts) / 10
    ages = {stage.since for stage in life.stages} | {
        round(life.starts + tenth * n, 6) for n in range(10)
    }
    return sorted(job.created + age for age in ages)
