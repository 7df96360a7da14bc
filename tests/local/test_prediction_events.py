"""The stream of events behind `urls.stream`, told on a clock that stands still."""

from __future__ import annotations

import json

import pytest

from skytells.local import Clock, Platform
from skytells.local.json_values import JsonObject
from skytells.local.prediction_events import PredictionEvents
from skytells.local.prediction_json import prediction_json
from skytells.local.requests import PredictionRequest

ORIGIN = "http://localhost"


@pytest.fixture
def platform() -> Platform:
    return Platform(clock=Clock(speed=0))


def story_of(platform: Platform) -> tuple[PredictionEvents, str]:
    job = platform.create(PredictionRequest("flux-pro", {"prompt": "a fox"}))
    return PredictionEvents(job, ORIGIN, platform.now()), job.id


def heard(story: PredictionEvents, platform: Platform) -> list[tuple[str, JsonObject]]:
    events = b"".join(story.update(platform.now())).decode().split("\n\n")[:-1]
    lines = [event.split("\n") for event in events]
    return [
        (name.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
        for name, data in lines
    ]


def summary(events: list[tuple[str, JsonObject]]) -> list[str]:
    return [
        f"{name} {data.get('status', data.get('progress', ''))}".strip() for name, data in events
    ]


def test_a_story_begins_with_the_status(platform: Platform) -> None:
    story, job_id = story_of(platform)
    assert heard(story, platform) == [("status", {"id": job_id, "status": "pending"})]
    assert heard(story, platform) == []


def test_a_story_tells_every_step_that_a_leap_of_the_clock_took(platform: Platform) -> None:
    story, _ = story_of(platform)
    platform.advance(60.0)
    assert summary(heard(story, platform)) == [
        "status pending",
        "status starting",
        "status started",
        "progress 10.0",
        "status processing",
        *(f"progress {tenth}0.0" for tenth in range(2, 10)),
        "status succeeded",
        "output",
        "done succeeded",
    ]
    assert story.finished


def test_a_story_ends_with_the_prediction_itself(platform: Platform) -> None:
    story, job_id = story_of(platform)
    platform.advance(60.0)
    name, last = heard(story, platform)[-1]
    assert name == "done"
    assert last == prediction_json(platform.get(job_id), platform.now(), ORIGIN)


def test_a_story_names_the_moment_of_its_next_step(platform: Platform) -> None:
    story, _ = story_of(platform)
    heard(story, platform)
    moment = story.next_moment()
    assert moment is not None
    platform.advance(moment)
    assert summary(heard(story, platform)) == ["status starting"]
    platform.advance(60.0)
    heard(story, platform)
    assert story.next_moment() is None


def test_a_story_of_a_cancelled_prediction_ends_without_output(platform: Platform) -> None:
    story, job_id = story_of(platform)
    heard(story, platform)
    platform.cancel(job_id)
    assert summary(heard(story, platform)) == ["status cancelled", "done cancelled"]


def test_a_story_of_what_is_over_is_short(platform: Platform) -> None:
    _, job_id = story_of(platform)
    platform.advance(60.0)
    story = PredictionEvents(platform.get(job_id), ORIGIN, platform.now())
    assert summary(heard(story, platform)) == ["status succeeded", "output", "done succeeded"]
    assert heard(story, platform) == []


def test_a_story_tells_words_bit_by_bit_when_asked_to(platform: Platform) -> None:
    job = platform.create(PredictionRequest("local-text", {"prompt": "a \ud83d fox"}))
    story = PredictionEvents(job, ORIGIN, platform.now(), {"output-pieces"})
    told: list[bytes] = []
    for _ in range(40):
        platform.advance(0.1)
        told += story.update(platform.now())
    pieces = [t.removeprefix(b"event: output\ndata: ")[:-2] for t in told if b": output" in t]
    text = prediction_json(job, platform.now(), ORIGIN)["output"]
    assert b"".join(pieces) == text.encode("utf-8", "replace")
    assert told[-1].startswith(b"event: done")
    assert told.index(b"event: output\ndata: You\n\n") < len(told) - len(pieces)


def test_a_story_is_spelled_as_asked_for(platform: Platform) -> None:
    job = platform.create(PredictionRequest("flux-pro", {"prompt": "a fox"}))
    story = PredictionEvents(job, ORIGIN, platform.now(), {"queued", "canceled"})
    platform.cancel(job.id)
    platform.advance(1.0)
    assert summary(heard(story, platform)) == ["status canceled", "done canceled"]
