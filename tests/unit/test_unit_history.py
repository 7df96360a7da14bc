"""What durations teach the schedule, and what they cost when they mislead."""

from __future__ import annotations

import math
import random
import statistics
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skytells._history import History, Typical
from skytells._retry import LONGEST_NAP, poll_pause
from skytells.types.predict import PredictionResponse

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def ended(seconds: float, status: str = "succeeded", model: str = "m") -> PredictionResponse:
    return PredictionResponse(
        id="p",
        status=status,
        model=model,
        created_at=BEGIN.isoformat(),
        completed_at=(BEGIN + timedelta(seconds=seconds)).isoformat(),
    )


def test_too_few_durations_teach_nothing() -> None:
    history = History()
    for _ in range(2):
        history.add(ended(10))
    assert history.typical("m") is None


def test_what_is_typical_lies_around_the_median() -> None:
    history = History()
    for seconds in (9, 10, 11, 10, 500):
        history.add(ended(seconds))
    typical = history.typical("m")
    assert typical is not None
    assert typical.median == pytest.approx(10)
    assert typical.soonest < 9 < 11 < typical.latest < 500


@pytest.mark.parametrize("status", ["failed", "cancelled", "processing"])
def test_only_successes_teach(status: str) -> None:
    history = History()
    for _ in range(5):
        history.add(ended(10, status))
    assert history.typical("m") is None


def test_models_do_not_teach_about_each_other() -> None:
    history = History()
    for _ in range(5):
        history.add(ended(10, model="other"))
    assert history.typical("m") is None
    assert history.typical(None) is None


def test_predictions_without_dates_are_no_lesson() -> None:
    history = History()
    for _ in range(5):
        history.add(PredictionResponse(id="p", status="succeeded", model="m"))
    assert history.typical("m") is None


@given(st.floats(0, 1e6), st.floats(0, 1), st.floats(0.1, 1e5))
def test_a_pause_is_bounded_whatever_is_typical(
    elapsed: float, chance: float, median: float
) -> None:
    pause = poll_pause(elapsed, chance, Typical(median / 2, median, median * 2))
    assert 0.23 < pause <= LONGEST_NAP * 1.05


def cost(durations: list[float], *, learn: bool) -> tuple[float, float]:
    """Mean delay over the duration, and mean looks, on a simulated clock with 0.12 s a request."""
    chance, history = random.Random(7), History()
    delays: list[float] = []
    looks: list[int] = []
    for seconds in durations:
        typical, now, count = history.typical("m") if learn else None, 0.0, 0
        while True:
            now += poll_pause(now, chance.random(), typical)
            seen, now, count = now + 0.06, now + 0.12, count + 1
            if seen >= seconds:
                break
        delays.append((now - seconds) / seconds)
        looks.append(count)
        history.add(ended(seconds))
    return statistics.mean(delays), statistics.mean(looks)


@pytest.mark.parametrize(("learn", "most"), [(False, 27.0), (True, 10.0)])
def test_the_schedule_is_quick_and_spares_requests(learn: bool, most: float) -> None:
    spread = random.Random(3)
    results = [
        cost([median * math.exp(spread.gauss(0, 0.4)) for _ in range(400)], learn=learn)
        for median in (0.8, 4, 12, 60, 180)
    ]
    assert statistics.mean(delay for delay, _ in results) <= 0.12
    assert statistics.mean(looks for _, looks in results) <= most
