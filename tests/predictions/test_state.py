"""What a client remembers of the predictions that were accepted."""

from __future__ import annotations

import threading

from skytells.predictions.state import SubmissionLog
from skytells.types import PredictionResponse


def test_accepted_knows_each_prediction_once() -> None:
    accepted = SubmissionLog()
    assert accepted.add(PredictionResponse(id="a"))
    assert not accepted.add(PredictionResponse(id="a", status="succeeded"))
    assert "a" in accepted
    assert "b" not in accepted
    assert accepted.ids() == ["a"]


def test_accepted_forgets_the_oldest() -> None:
    accepted = SubmissionLog(most=3)
    for id in "abcde":
        accepted.add(PredictionResponse(id=id))
    assert accepted.ids() == ["c", "d", "e"]


def test_accepted_is_taken_by_one_thread_only() -> None:
    accepted, taken = SubmissionLog(), list[bool]()
    prediction = PredictionResponse(id="p1")
    threads = [
        threading.Thread(target=lambda: taken.append(accepted.add(prediction))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken.count(True) == 1
