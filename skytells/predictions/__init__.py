"""Predictions: `requests` are values, flows are made of them, `api` is what users hold.

A name loads its module when it is first used: to fetch a prediction takes few of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._data.lazy import load

if TYPE_CHECKING:
    from .api import AsyncPredictionsAPI, PredictionsAPI
    from .handle import AsyncPrediction, Prediction
    from .stream import AsyncPredictionStream, PredictionStream
    from .wait_all import AsyncCompleted, Completed

__all__ = [
    "AsyncCompleted",
    "AsyncPrediction",
    "AsyncPredictionStream",
    "AsyncPredictionsAPI",
    "Completed",
    "Prediction",
    "PredictionStream",
    "PredictionsAPI",
]


def __getattr__(name: str) -> object:
    return load(__name__, name, "api", "handle", "stream", "wait_all")
