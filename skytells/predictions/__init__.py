"""Predictions: `calls` are values, `flows` are made of them, `api` is what users hold."""

from __future__ import annotations

from .api import AsyncPredictionsAPI, PredictionsAPI

__all__ = ["AsyncPredictionsAPI", "PredictionsAPI"]
