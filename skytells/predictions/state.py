"""What a client knows of its predictions: before they are sent, once they are accepted, and over time."""

from __future__ import annotations

import math
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .._data.json import to_json

if TYPE_CHECKING:
    from .._core.operation import Flow
    from .._core.polling import Typical
    from ..budget import Budget
    from ..errors import RequestInfo
    from ..types.models import Model
    from ..types.predict import PredictionResponse


class Preflight:
    """What a client asks before it sends paid work.

    Args:
        find_model: Gives a model of the catalogue.
        cached_model: What is cached of a model, as it was received; empty if nothing is.
        budget: What may be spent.
    """

    __slots__ = ("budget", "cached_model", "find_model")

    def __init__(
        self,
        find_model: Callable[[str], Flow[Model]],
        cached_model: Callable[[str], Mapping[str, Any]],
        budget: Budget | None = None,
    ) -> None:
        self.find_model: Callable[[str], Flow[Model]] = find_model
        self.cached_model: Callable[[str], Mapping[str, Any]] = cached_model
        self.budget: Budget | None = budget


class SubmissionLog:
    """The predictions that this client knows to be accepted: what it created, and what it adopted."""

    def __init__(self, most: int = 1000) -> None:
        self._most = most
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._under_way: Counter[bytes] = Counter()
        self._lock = threading.Lock()

    def add(self, prediction: PredictionResponse) -> bool:
        """Remember one; false if it was known already."""
        with self._lock:
            if prediction.id in self._ids:
                return False
            self._ids[prediction.id] = None
            if len(self._ids) > self._most:
                self._ids.popitem(last=False)
            return True

    def __contains__(self, id: object) -> bool:
        return id in self._ids

    def ids(self) -> list[str]:
        """The ids, oldest first."""
        with self._lock:
            return list(self._ids)

    @contextmanager
    def expecting(self, request: RequestInfo) -> Generator[None]:
        """Within this block, the id of what a request starts is not known yet."""
        key = _fingerprint(request)
        with self._lock:
            self._under_way[key] += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way[key] -= 1
                self._under_way += Counter()  # drops what has come to nothing

    def expects(self, request: RequestInfo) -> bool:
        """Whether a prediction like this one may be another caller's."""
        with self._lock:
            return self._under_way[_fingerprint(request)] > 0


def _fingerprint(request: RequestInfo) -> bytes:
    return to_json([request.model, dict(request.input)])


_KEPT = 20


_NEEDED = 3


_LEAST_SPREAD = 0.1


class History:
    """The last durations by model, as one client saw them. Thread-safe."""

    def __init__(self) -> None:
        self._durations: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def add(self, prediction: PredictionResponse) -> None:
        """Learn from a prediction that has succeeded."""
        slug, begun, ended = prediction.slug, prediction.created, prediction.completed
        if prediction.status != "succeeded" or not slug or begun is None or ended is None:
            return
        # Dates may be whole seconds; a duration of nothing would be no bound at all.
        seconds = max(0.1, (ended - begun).total_seconds())
        with self._lock:
            self._durations.setdefault(slug, deque(maxlen=_KEPT)).append(math.log(seconds))

    def typical(self, slug: str | None) -> Typical | None:
        """What is typical of a model, once enough is known."""
        with self._lock:
            known = list(self._durations.get(slug or "", ()))
        if len(known) < _NEEDED:
            return None
        # Here: statistics load the arithmetic of decimals and fractions, and polling is not needed yet.
        import statistics

        from .._core.polling import Typical

        middle = statistics.median(known)
        # The median deviation, as of a normal distribution: one outlier does not move it.
        spread = 1.4826 * statistics.median(abs(value - middle) for value in known)
        reach = 2 * max(spread, _LEAST_SPREAD)
        return Typical(math.exp(middle - reach), math.exp(middle), math.exp(middle + reach))
