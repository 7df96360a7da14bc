"""What a client has at hand for its predictions: what it looks at first, and what it has begun."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .._data.json import to_json
from ..models.cache import Catalogue

if TYPE_CHECKING:
    from ..budget import Budget
    from ..errors import RequestInfo
    from ..types.predict import PredictionResponse


class Desk:
    """What a client has at hand before it sends paid work."""

    __slots__ = ("budget", "catalogue")

    def __init__(self, catalogue: Catalogue | None = None, budget: Budget | None = None) -> None:
        self.catalogue: Catalogue = Catalogue() if catalogue is None else catalogue
        self.budget: Budget | None = budget


class Accepted:
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
        wanted = _wanted(request)
        with self._lock:
            self._under_way[wanted] += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way[wanted] -= 1
                self._under_way += Counter()  # drops what has come to nothing

    def expects(self, request: RequestInfo) -> bool:
        """Whether a prediction like this one may be another caller's."""
        with self._lock:
            return self._under_way[_wanted(request)] > 0


def _wanted(request: RequestInfo) -> bytes:
    return to_json([request.model, dict(request.input)])
