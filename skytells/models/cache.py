"""What the catalogue said of late: models, kept for ten minutes. Thread-safe."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ..types.models import Model, ModelList

TTL: Final = 600.0
"""Seconds for which an answer of the catalogue is taken to be true."""

_MOST = 1000


class _Cached:
    """A model as it was sent, the extra fields that are known of it, and until when that is true."""

    __slots__ = ("fields", "until", "wire")

    def __init__(self, wire: dict[str, Any], fields: frozenset[str], until: float) -> None:
        self.wire: dict[str, Any] = wire
        self.fields: frozenset[str] = fields
        self.until: float = until


class ModelCache:
    """The models that a client has seen. What was kept with more fields serves for fewer.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._models: dict[str, _Cached] = {}
        self._all: list[_Cached] = []
        self._lock = threading.Lock()

    def model(self, slug: str, fields: Iterable[str] = ()) -> Model | None:
        """A model of which at least these extra fields are known."""
        with self._lock:
            cached_model = self._models.get(slug)
        return None if cached_model is None else self._shown(cached_model, frozenset(fields))

    def cached(self, slug: str) -> Mapping[str, Any]:
        """What is known of a model, as it was sent and not to be changed; nothing, if none is."""
        with self._lock:
            cached_model = self._models.get(slug)
        return (
            cached_model.wire
            if cached_model is not None and self._clock() < cached_model.until
            else {}
        )

    def models(self, fields: Iterable[str] = ()) -> ModelList | None:
        """All models, where they were listed with at least these extra fields."""
        from ..types.models import ModelList  # here: predictions need nothing of the catalogue

        asked = frozenset(fields)
        with self._lock:
            everything = self._all
        shown = [self._shown(cached_model, asked) for cached_model in everything]
        found = ModelList(model for model in shown if model is not None)
        return found if found and len(found) == len(shown) else None

    def put(self, slug: str, fields: Iterable[str], model: Model) -> None:
        """Keep an answer about one model."""
        cached_model = _Cached(model.to_dict(), frozenset(fields), self._clock() + TTL)
        with self._lock:
            self._put(slug, cached_model)

    def put_all(self, fields: Iterable[str], models: Iterable[Model]) -> None:
        """Keep a list of all models, which serves for each of them as well."""
        asked, until = frozenset(fields), self._clock() + TTL
        everything = [_Cached(model.to_dict(), asked, until) for model in models]
        with self._lock:
            self._all = everything
            for cached_model in everything:
                slug = cached_model.wire.get("namespace")
                if isinstance(slug, str):
                    # A list may leave out schemas that it was asked for.
                    there = asked & cached_model.wire.keys()
                    self._put(slug, _Cached(cached_model.wire, there, until))

    def _put(self, slug: str, cached_model: _Cached) -> None:
        known = self._models.get(slug)
        if known is not None and known.fields > cached_model.fields and self._clock() < known.until:
            return
        if len(self._models) >= _MOST:
            self._models.clear()
        self._models[slug] = cached_model

    def forget(self, slug: str | None = None) -> None:
        """Forget a model, or all."""
        with self._lock:
            if slug is not None:
                self._models.pop(slug, None)
            else:
                self._models.clear()
                self._all = []

    def _shown(self, cached_model: _Cached, asked: frozenset[str]) -> Model | None:
        if self._clock() >= cached_model.until or not asked <= cached_model.fields:
            return None
        from ..types.models import Model  # here, as above

        unasked = cached_model.fields - asked
        # A copy: what the caller does to it stays with the caller.
        return Model.from_wire(
            deepcopy({k: v for k, v in cached_model.wire.items() if k not in unasked})
        )
