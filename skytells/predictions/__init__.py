"""Predictions: `calls` are values, `flows` are made of them, `api` is what users hold.

A name loads its module when it is first used: to look at a prediction takes few of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

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

_HOMES = {
    "api": ("AsyncPredictionsAPI", "PredictionsAPI"),
    "flows": ("cancel_and_look", "dispatch", "place_for", "run", "run_options", "unconfirmed"),
    "placing": ("check", "create"),
    "waiting": ("Told", "blocking", "wait", "wait_options"),
    "watch": ("AsyncCompleted", "Completed", "Watch"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_HOME[name]}", __name__), name)
    return value
