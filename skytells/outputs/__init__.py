"""Outputs, kept before the platform deletes them: `names` and `address` judge what a prediction
says, `transfer` fetches, `disk` writes, `saving` and `reading` are what users call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._data.lazy import load

if TYPE_CHECKING:
    from .previews import Preview
    from .reading import AsyncOutputReader, OutputReader

__all__ = ["AsyncOutputReader", "OutputReader", "Preview"]


def __getattr__(name: str) -> object:
    return load(__name__, name, "reading", "previews")
