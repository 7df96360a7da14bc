"""The polling schedule: the package's own flows, driven on a virtual clock.

Durations are log-normal (sigma 0.4) around the medians of five classes; a poll takes 0.12 s.
"""

from __future__ import annotations

import math
import random
import statistics
from dataclasses import dataclass, field

from common import Figures, serve

from skytells import WaitOptions
from skytells._core.operation import Call, Done, Gather, Operation, Raised, Sleep, advance
from skytells.predictions.state import History
from skytells.predictions.wait import wait
from skytells.predictions.wait_all import PredictionBatch
from skytells.types import PaginatedResponse, PredictionResponse

CLASSES = (0.8, 4.0, 12.0, 60.0, 180.0)
ROUND_TRIP = 0.12


def _moment(seconds: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(1.8e9 + seconds, UTC).isoformat()


@dataclass
class World:
    """A clock, and jobs that end by it."""

    ends: dict[str, float]
    slug: str = "flux-pro"
    now: float = 0.0
    began: float = 0.0
    requests: int = 0
    seen: dict[str, float] = field(default_factory=dict[str, float])

    def clock(self) -> float:
        return self.now

    def state(self, id: str) -> PredictionResponse:
        done = self.now >= self.ends[id]
        if done:
            self.seen.setdefault(id, self.now + ROUND_TRIP / 2)
        return PredictionResponse(
            id=id,
            status="succeeded" if done else "processing",
            model={"name": self.slug, "type": "image"},
            created_at=_moment(self.began),
            completed_at=_moment(self.ends[id]) if done else None,
        )

    def perform(self, operation: Operation[object]) -> object:
        flow = iter(operation)
        effect = advance(flow)
        while not isinstance(effect, Done):
            try:
                answer: object = self.give(effect)
            except Exception as error:
                answer = Raised(error)
            effect = advance(flow, answer)
        return effect.value

    def give(self, effect: object) -> object:
        match effect:
            case Sleep(seconds=seconds):
                self.now += seconds
            case Call():
                return self.poll(effect)
            case Gather():
                for place, call in enumerate(effect.operations):
                    # Side by side: one round trip for each eight.
                    effect.outcomes[place] = self.poll(call, 1 / effect.limit)
        return None

    def poll(self, call: Call[object], share: float = 1.0) -> object:
        self.requests += 1
        self.now += share * ROUND_TRIP / 2
        if call.path == "/predictions":
            found = self.page(int(dict(call.params).get("page", 1)))
        else:
            found = self.state(call.path.rsplit("/", 1)[1])
        self.now += share * ROUND_TRIP / 2
        return found

    def page(self, number: int) -> PaginatedResponse:
        ids = list(self.ends)[::-1]
        rows = [self.state(id).to_dict() for id in ids[50 * number - 50 : 50 * number]]
        pages = math.ceil(len(ids) / 50)
        about = {"current_page": number, "per_page": 50, "total": len(ids), "last_page": pages}
        return PaginatedResponse({"data": rows, "pagination": about})


def schedule(interval: float | None, with_history: bool, jobs: int) -> Figures:
    """Mean delay after completion over the job's time, and polls for each job."""
    chance = random.Random(7)
    options = WaitOptions() if interval is None else WaitOptions(interval=interval)
    figures: Figures = {}
    for median in CLASSES:
        history = History() if with_history else None
        delays, polls = list[float](), list[float]()
        for _ in range(jobs):
            duration = chance.lognormvariate(math.log(median), 0.4)
            world = World({"p": duration})
            first = world.state("p")
            world.perform(
                wait(first, options, None, history, clock=world.clock, chance=chance.random)
            )
            delays.append((world.now - duration) / duration)
            polls.append(world.requests)
        figures[f"delay_{median:g}"] = statistics.fmean(delays) * 100
        figures[f"polls_{median:g}"] = statistics.fmean(polls)
    for kind in ("delay", "polls"):
        figures[kind] = statistics.fmean(figures[f"{kind}_{median:g}"] for median in CLASSES)
    return figures


def together(shared: bool, jobs: int) -> Figures:
    """Many jobs (median 12 s) waited for at once: requests for each, and the mean delay."""
    chance = random.Random(7)
    ends = {f"p{n}": chance.lognormvariate(math.log(12), 0.4) for n in range(jobs)}
    requests, delays = 0, list[float]()
    if shared:
        world = World(ends)
        batch = PredictionBatch(
            [world.state(id) for id in ends],
            WaitOptions(),
            clock=world.clock,
            chance=chance.random,
        )
        world.perform(batch.all())
        requests = world.requests
        delays = [world.seen[id] - end for id, end in ends.items()]
    else:
        for id, end in ends.items():
            world = World({id: end})
            options = WaitOptions()
            world.perform(wait(world.state(id), options, clock=world.clock, chance=chance.random))
            requests += world.requests
            delays.append(world.now - end)
    return {"requests": requests / jobs, "delay_s": statistics.fmean(delays)}


if __name__ == "__main__":
    serve(schedule=schedule, together=together)
