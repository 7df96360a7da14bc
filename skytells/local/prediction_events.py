"""The event stream of a prediction. No network, no clock.

    event: status      data: {"id": …, "status": "processing"}
    event: progress    data: {"id": …, "progress": 50.0}          at every tenth
    event: output      data: {"id": …, "output": […]}             once, if there is any
    event: done        data: the prediction                       the last event

With the variant `output-pieces`, text output is sent in pieces, as plain text:

    event: output      data: You asked

The platform's documentation does not describe the stream behind `urls.stream`; this format is the
local platform's own.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Collection, Iterator

from .jobs import Job
from .json_values import JsonObject
from .prediction_json import prediction_json
from .variants import spell_status


class PredictionEvents:
    """The events of a prediction for one listener, from the moment at which it connects.

    A listener that was not updated for a while, as when the clock was moved, receives every step.

    Args:
        job: The prediction.
        origin: Scheme, host and port of URLs.
        now: The moment on the platform's clock.
        variants: The forms of the prediction.
    """

    def __init__(self, job: Job, origin: str, now: float, variants: Collection[str] = ()) -> None:
        self.finished: bool = False
        self._job = job
        self._origin = origin
        self._variants = variants
        self._updated = now
        self._status = ""
        self._tenths = 0.0
        self._moments = _moments(job)
        self._words = (job.text or "").split() if "output-pieces" in variants else []
        self._words_sent = 0

    def next_moment(self) -> float | None:
        """When the next event is due, unless the prediction ends early."""
        place = bisect_right(self._moments, self._updated)
        return self._moments[place] if place < len(self._moments) else None

    def update(self, now: float) -> Iterator[bytes]:
        """The events until now, encoded."""
        first = bisect_right(self._moments, self._updated)
        last = bisect_right(self._moments, now + 1e-6)
        for moment in (self._updated, *self._moments[first:last], now):
            if not self.finished:
                yield from self._at(moment)
        self._updated = max(now, self._updated)

    def _at(self, moment: float) -> Iterator[bytes]:
        status = self._job.stage(moment).status
        progress = self._job.schedule.progress(self._job.age(moment))
        if status != self._status:
            self._status = status
            yield self._event("status", status=spell_status(status, self._variants))
        self.finished = self._job.finished(moment)
        if self.finished:
            yield from self._end(moment)
        elif progress // 10 > self._tenths:
            self._tenths = progress // 10
            yield self._event("progress", progress=progress)
            yield from self._pieces(self._tenths / 10)

    def _end(self, moment: float) -> Iterator[bytes]:
        prediction = prediction_json(self._job, moment, self._origin, variants=self._variants)
        if self._words and prediction["output"] is not None:
            yield from self._pieces(1.0)
        elif prediction["output"] is not None:
            yield self._event("output", output=prediction["output"])
        yield encode_event("done", prediction)

    def _pieces(self, share: float) -> Iterator[bytes]:
        """The words up to a share of all, without those that were sent."""
        for place in range(self._words_sent, int(share * len(self._words))):
            space = " " if place else ""
            yield f"event: output\ndata: {space}{self._words[place]}\n\n".encode("utf-8", "replace")
            self._words_sent = place + 1

    def _event(self, name: str, **data: object) -> bytes:
        return encode_event(name, {"id": self._job.id, **data})


def encode_event(name: str, data: JsonObject) -> bytes:
    """A server-sent event.

    Example:
        >>> encode_event("done", {})
        b'event: done\\ndata: {}\\n\\n'
    """
    return f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode("ascii")


def _moments(job: Job) -> list[float]:
    """When something changes: at every stage, and at every tenth of the work."""
    schedule = job.schedule
    tenth = (schedule.seconds - schedule.starts) / 10
    ages = {stage.since for stage in schedule.stages}
    ages |= {round(schedule.starts + tenth * n, 6) for n in range(10)}
    return sorted(job.created + age for age in ages)
