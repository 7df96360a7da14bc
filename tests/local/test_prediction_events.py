"""The event stream behind `urls.stream`, with a stopped clock."""

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


def events_of(platform: Platform) -> tuple[PredictionEvents, str]:
    job = platform.create(PredictionRequest("flux-pro", {"prompt": "a fox"}))
    return PredictionEvents(job, ORIGIN, platform.now()), job.id


def received(events: PredictionEvents, platform: Platform) -> list[tuple[str, JsonObject]]:
    text = b"".join(events.update(platform.now())).decode().split("\n\n")[:-1]
    lines = [event.split("\n") for event in text]
    return [
        (name.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
        for name, data in lines
    ]


def summary(events: list[tuple[str, JsonObject]]) -> list[str]:
    return [
        f"{name} {data.get('status', data.get('progress', ''))}".strip() for name, data in events
    ]


def test_the_events_begin_with_the_status(platform: Platform) -> None:
    events, job_id = events_of(platform)
    assert received(events, platform) == [("status", {"id": job_id, "status": "pending"})]
    assert received(events, platform) == []


def test_the_events_include_every_step_when_the_clock_is_moved(platform: Platform) -> None:
    events, _ = events_of(platform)
    platform.advance(60.0)
    assert summary(received(events, platform)) == [
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
    assert events.finished


def test_the_events_end_with_the_prediction(platform: Platform) -> None:
    events, job_id = events_of(platform)
    platform.advance(60.0)
    name, last = received(events, platform)[-1]
    assert name == "done"
    assert last == prediction_json(platform.get(job_id), platform.now(), ORIGIN)


def test_the_moment_of_the_next_event_is_known(platform: Platform) -> None:
    events, _ = events_of(platform)
    received(events, platform)
    moment = events.next_moment()
    assert moment is not None
    platform.advance(moment)
    assert summary(received(events, platform)) == ["status starting"]
    platform.advance(60.0)
    received(events, platform)
    assert events.next_moment() is None


def test_the_events_of_a_cancelled_prediction_have_no_output(platform: Platform) -> None:
    events, job_id = events_of(platform)
    received(events, platform)
    platform.cancel(job_id)
    assert summary(received(events, platform)) == ["status cancelled", "done cancelled"]


def test_the_events_of_a_finished_prediction_are_few(platform: Platform) -> None:
    _, job_id = events_of(platform)
    platform.advance(60.0)
    events = PredictionEvents(platform.get(job_id), ORIGIN, platform.now())
    assert summary(received(events, platform)) == ["status succeeded", "output", "done succeeded"]
    assert received(events, platform) == []


def test_text_is_sent_in_pieces_with_a_variant(platform: Platform) -> None:
    job = platform.create(PredictionRequest("local-text", {"prompt": "a \ud83d fox"}))
    events = PredictionEvents(job, ORIGIN, platform.now(), {"output-pieces"})
    told: list[bytes] = []
    for _ in range(40):
        platform.advance(0.1)
        told += events.update(platform.now())
    pieces = [t.removeprefix(b"event: output\ndata: ")[:-2] for t in told if b": output" in t]
    text = prediction_json(job, platform.now(), ORIGIN)["output"]
    assert b"".join(pieces) == text.encode("utf-8", "replace")
    assert told[-1].startswith(b"event: done")
    assert told.index(b"event: output\ndata: You\n\n") < len(told) - len(pieces)


def test_the_events_have_the_spelling_of_a_variant(platform: Platform) -> None:
    job = platform.create(PredictionRequest("flux-pro", {"prompt": "a fox"}))
    events = PredictionEvents(job, ORIGIN, platform.now(), {"queued", "canceled"})
    platform.cancel(job.id)
    platform.advance(1.0)
    assert summary(received(events, platform)) == ["status canceled", "done canceled"]
