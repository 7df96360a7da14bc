"""How long a model's predictions have taken of late: a hint for when to look."""

from __future__ import annotations

import math
import threading
from collections import deque

from ..types.predict import PredictionResponse

_KEPT = 20
_NEEDED = 3
_LEAST_SPREAD = 0.1


class Typical:
    """How long predictions of a model take, in seconds: nearly all within these bounds."""

    __slots__ = ("latest", "median", "soonest")

    def __init__(self, soonest: float, median: float, latest: float) -> None:
        self.soonest: float = soonest
        self.median: float = median
        self.latest: float = latest


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
        import statistics  # here: it loads the arithmetic of decimals and fractions

        middle = statistics.median(known)
        # The median deviation, as of a normal distribution: one outlier does not move it.
        spread = 1.4826 * statistics.median(abs(value - middle) for value in known)
        reach = 2 * max(spread, _LEAST_SPREAD)
        return Typical(math.exp(middle - reach), math.exp(middle), math.exp(middle + reach))
