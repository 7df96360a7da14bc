"""Models: what the catalogue says, and `client.models`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._data.lazy import load

if TYPE_CHECKING:
    from .api import AsyncModelsAPI, ModelsAPI

__all__ = ["AsyncModelsAPI", "ModelsAPI"]


def __getattr__(name: str) -> object:
    return load(__name__, name, "api", "cache", "find", "requests")
