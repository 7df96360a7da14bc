"""What a client learns of how long models take."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skytells.predictions.state import History
from skytells.types import PredictionResponse

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


def ended(seconds: float, **fields: Any) -> PredictionResponse:
    return PredictionResponse.from_wire(
        {
            "id": "p1",
            "status": "succeeded",
            "model": {"name": "m"},
            "created_at": BEGUN.isoformat(),
            "completed_at": (BEGUN + timedelta(seconds=seconds)).isoformat(),
        }
        | fields
    )


def learnt(*seconds: float, **fields: Any) -> History:
    history = History()
    for duration in seconds:
        history.add(ended(duration, **fields))
    return history


def test_history_knows_nothing_of_what_it_has_rarely_seen() -> None:
    history = learnt(5, 5)
    assert history.typical("m") is None
    history.add(ended(5))
    assert history.typical("m") is not None
    assert history.typical("other") is None
    assert history.typical(None) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "failed"},
        {"status": "cancelled"},
        {"model": None},
        {"created_at": None},
        {"completed_at": None},
        {"completed_at": "soon"},
    ],
)
def test_history_learns_only_from_what_succeeded_and_is_dated(fields: dict[str, Any]) -> None:
    assert learnt(5, 5, 5, 5, **fields).typical("m") is None


def test_history_reads_the_model_in_either_form() -> None:
    assert learnt(5, 5, 5, model="m").typical("m") is not None


def test_history_is_not_moved_by_one_outlier() -> None:
    typical = learnt(10, 11, 10, 9, 10, 1000).typical("m")
    assert typical is not None
    assert 5 < typical.soonest < typical.median < typical.latest < 20


def test_history_forgets_what_is_long_ago() -> None:
    typical = learnt(*[100.0] * 50, *[1.0] * 20).typical("m")
    assert typical is not None
    assert typical.latest < 2


@settings(max_examples=60)
@given(st.lists(st.floats(-10, 1e6), min_size=3, max_size=25))
def test_history_gives_bounds_in_order(seconds: list[float]) -> None:
    typical = learnt(*seconds).typical("m")
    assert typical is not None
    assert 0 < typical.soonest < typical.median < typical.latest
