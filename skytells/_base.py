"""What both clients are, apart from their colour: settings, a queue, and the wires' ends."""

from __future__ import annotations

import threading
import warnings
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import unquote

from ._catalogue import Catalogue
from ._checks import Default, as_mapping, is_list
from ._config import Config
from ._flow import Call, Safety
from ._history import History
from ._retry import RetryBudget
from ._wire import Reply
from .errors import InvalidRequestError
from .predictions.calls import Payload, as_request
from .predictions.flows import Accepted
from .predictions.placing import Desk, check
from .types.predict import PredictionRequest, QueueItem, to_json

KEEP: Final = Default(0)
"""A number of milliseconds that is to stay as it is."""

_METHODS: Final = {
    "GET": Safety.SAFE,
    "HEAD": Safety.SAFE,
    "PUT": Safety.CONVERGENT,
    "DELETE": Safety.CONVERGENT,
    "POST": Safety.PAID,
    "PATCH": Safety.PAID,
}


@dataclass(frozen=True, slots=True)
class Shared:
    """What a client and its `with_options` copies have in common, beside their connections."""

    accepted: Accepted = field(default_factory=Accepted)
    budget: RetryBudget = field(default_factory=RetryBudget)
    history: History = field(default_factory=History)
    catalogue: Catalogue = field(default_factory=Catalogue)

    def under(self, key: str | None) -> Shared:
        """What a copy with this key shares: another account may see other models."""
        return self if key is None else replace(self, catalogue=Catalogue())


class ClientBase:
    """Settings and state of a client of either colour."""

    def __init__(self, config: Config, shared: Shared | None) -> None:
        self._config = config
        self._shared = shared or Shared()
        self._desk = Desk(self._shared.catalogue, config.budget)
        self._queue: deque[QueueItem] = deque()
        self._queue_lock = threading.Lock()

    @property
    def base_url(self) -> str:
        """Where the API is."""
        return self._config.api.url

    @property
    def recent_predictions(self) -> Sequence[str]:
        """Ids of the last thousand predictions that this client created, oldest first."""
        return self._shared.accepted.ids()

    def queue(self, payload: Payload) -> None:
        """Put a request into the queue that `dispatch()` sends. It is checked and copied now.

        Args:
            payload: `{"model": …, "input": …}` or a `PredictionRequest`.

        Raises:
            InvalidRequestError: It cannot be sent.
        """
        request = as_request(payload)
        check(request, self._desk)
        request = request.copy()
        with self._queue_lock:
            self._queue.append(QueueItem(request))

    def _take_queue(self) -> list[PredictionRequest]:
        with self._queue_lock:
            requests = [item.request for item in self._queue]
            self._queue.clear()
        return requests

    def _give_back(self, requests: Sequence[PredictionRequest]) -> None:
        with self._queue_lock:
            self._queue.extendleft(QueueItem(request) for request in reversed(requests))

    def __repr__(self) -> str:
        if "_config" not in vars(self):
            # Its settings were refused; a traceback with locals shows it all the same.
            return f"{type(self).__name__}(not built)"
        key = "set" if self._config.api.key is not None else "not set"
        other = ", orchestrator_key=set" if self._config.orchestrator.key is not None else ""
        return f"{type(self).__name__}(base_url={self.base_url!r}, api_key={key}{other})"


def raw_call(
    method: str, path: str, params: Mapping[str, object] | None, json: object
) -> Call[Any]:
    """A call of an endpoint that this package does not wrap."""
    safety = _METHODS.get(method.upper())
    if safety is None:
        raise InvalidRequestError.of(f"method must be one of {', '.join(_METHODS)}.")
    if not path.startswith("/") or path.startswith("//") or not path.isascii():
        raise InvalidRequestError.of(f"path must begin with one '/', below base_url; got {path!r}.")
    odd = not path.isprintable() or any(c in path for c in "?#\\ ")
    if odd or {"..", "."} & {unquote(part) for part in path.split("/")}:
        raise InvalidRequestError.of(
            "path must be without query, fragment, spaces and dot segments; the query goes in "
            "params=."
        )
    given = as_mapping(params or {}, "params", InvalidRequestError)
    query = tuple(pair for name, value in given.items() for pair in _param(name, value))
    body = None if json is None else to_json(json)
    return Call(method.upper(), path, Reply.json, safety, query, body, name="(request)")


def _param(name: str, value: object) -> list[tuple[str, str]]:
    if value is None:
        return []
    values = value if is_list(value) else [value]
    return [(str(name), str(v).lower() if isinstance(v, bool) else str(v)) for v in values]


def deprecated(old: str, new: str) -> None:
    """Warn the caller of a method that calls this."""
    message = f"{old}() is deprecated; use {new} instead."
    warnings.warn(message, DeprecationWarning, stacklevel=3)
