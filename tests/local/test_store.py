"""The platform keeps a bounded number of things, and is deterministic for a seed."""

from __future__ import annotations

import pytest

from skytells.local import Clock, Platform
from skytells.local.errors import ApiError
from skytells.local.prediction_json import prediction_json
from skytells.local.requests import PredictionRequest
from skytells.local.store import RecentItems

FOX = PredictionRequest("flux-pro", {"prompt": "a fox", "width": 64, "height": 64})


def test_the_latest_items_are_kept_by_number_and_size() -> None:
    recent = RecentItems[str](count=3, size=10)
    for name in "abcd":
        recent.add(name, 1)
    assert list(recent) == ["b", "c", "d"]
    recent.add("e", 9)
    assert list(recent) == ["d", "e"]
    recent.add("f", 99)
    assert list(recent) == ["f"]


def test_the_oldest_finished_predictions_are_dropped() -> None:
    platform = Platform(clock=Clock(speed=0), keep=10)
    first = platform.create(FOX)
    platform.advance(60.0)
    for _ in range(100):
        platform.create(FOX)
        platform.advance(60.0)
    assert len(platform.all()) <= 11
    with pytest.raises(ApiError, match="PREDICTION_NOT_FOUND"):
        platform.get(first.id)


def test_running_predictions_are_never_dropped() -> None:
    platform = Platform(clock=Clock(speed=0), keep=1)
    jobs = [platform.create(FOX) for _ in range(100)]
    assert platform.all() == jobs[::-1]
    platform.advance(60.0)
    for _ in range(20):
        platform.create(FOX)
    assert len(platform.all()) < 100


def test_large_predictions_are_dropped_sooner() -> None:
    platform = Platform(clock=Clock(speed=0))
    for _ in range(10):
        platform.create(FOX, size=100 * 1024 * 1024)
        platform.advance(60.0)
    assert len(platform.all()) < 4


def test_a_platform_that_keeps_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="keep"):
        Platform(keep=0)


def test_thousands_of_predictions_run_at_once() -> None:
    platform = Platform(clock=Clock(speed=0), keep=100_000, concurrency=100_000)
    jobs = [platform.create(FOX) for _ in range(5000)]
    platform.advance(60.0)
    assert platform.account.balance == 1_000_000.0 - 250.0
    assert all(job.finished(platform.now()) for job in jobs)


def test_the_same_calls_give_the_same_answers_under_the_same_seed() -> None:
    def told(seed: int) -> list[object]:
        platform = Platform(clock=Clock(speed=0, start=0.0), seed=seed)
        jobs = [platform.create(FOX) for _ in range(3)]
        platform.cancel(jobs[1].id)
        platform.advance(60.0)
        said = [prediction_json(job, platform.now(), "") for job in jobs]
        return [*said, *(job.files[0].content for job in jobs)]

    assert told(7) == told(7)
    assert told(7) != told(8)


def test_files_are_gone_five_minutes_after_the_end() -> None:
    platform = Platform(clock=Clock(speed=0))
    job = platform.create(FOX)
    platform.advance(8.0 + 299.0)
    before = prediction_json(job, platform.now(), "")
    assert before["metadata"]["data_available"] is True
    assert platform.asset(job.id, "0.png").size > 0
    platform.advance(1.0)
    after = prediction_json(job, platform.now(), "")
    assert after["metadata"]["data_available"] is False
    assert after["metadata"]["storage"] is None
    assert (after["status"], after["output"]) == ("succeeded", before["output"])
    assert after["metadata"]["billing"] == before["metadata"]["billing"]
    with pytest.raises(ApiError, match="404"):
        platform.asset(job.id, "0.png")


def test_text_is_kept_when_files_would_be_deleted() -> None:
    platform = Platform(clock=Clock(speed=0), asset_lifetime=1.0)
    job = platform.create(PredictionRequest("local-text", {"prompt": "hello"}))
    platform.advance(600.0)
    assert prediction_json(job, platform.now(), "")["metadata"]["data_available"] is True


def test_files_do_not_age_faster_on_a_fast_clock() -> None:
    real = [0.0]
    platform = Platform(clock=Clock(speed=1000, ticker=lambda: real[0]))
    job = platform.create(FOX)
    real[0] = 299.0
    assert job.has_assets(platform.now())
    platform.advance(2.0)
    assert not job.has_assets(platform.now())
