"""Embeddings: texts as vectors, and `client.embeddings`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._data.lazy import load

if TYPE_CHECKING:
    from .api import AsyncEmbeddingsAPI, EmbeddingsAPI

__all__ = ["AsyncEmbeddingsAPI", "EmbeddingsAPI"]


def __getattr__(name: str) -> object:
    return load(__name__, name, "api", "create", "requests")
