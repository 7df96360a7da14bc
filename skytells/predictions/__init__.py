"""Predictions: `calls` are values, `flows` are made of them, `api` is what users hold.

A name loads its module when it is first used: to look at a prediction takes few of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._data.lazy import load

if TYPE_CHECKING:
    from .api import AsyncPredictionsAPI, PredictionsAPI
    from .flows import cancel_and_look, dispatch, place_for, run, run_options, unconfirmed
    from .placing import check, create
    from .waiting import Told, blocking, wait, wait_options
    from .watch import AsyncCompleted, Completed, Watch

__all__ = [
    "AsyncCompleted",
    "AsyncPredictionsAPI",
    "Completed",
    "PredictionsAPI",
    "Told",
    "Watch",
    "blocking",
    "cancel_and_look",
    "check",
    "create",
    "dispatch",
    "place_for",
    "run",
    "run_options",
    "unconfirmed",
    "wait",
    "wait_options",
]


def __getattr__(name: str) -> object:
    return load(__name__, name, "api", "waiting", "placing", "flows", "watch")
