"""Outputs, kept before the platform deletes them: `names` and `address` judge what a prediction
says, `transfer` fetches, `disk` writes, `saving` and `reading` are what users call."""

from __future__ import annotations

from .previews import Preview
from .reading import AsyncOutputReader, OutputReader

__all__ = ["AsyncOutputReader", "OutputReader", "Preview"]
