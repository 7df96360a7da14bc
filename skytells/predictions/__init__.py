"""Predictions: `calls` are values, `flows` are made of them, `api` is what users hold."""

from __future__ import annotations

from .api import AsyncPredictionsAPI, PredictionsAPI
from .watch import AsyncCompleted, Completed

__all__ = ["AsyncCompleted", "AsyncPredictionsAPI", "Completed", "PredictionsAPI"]
