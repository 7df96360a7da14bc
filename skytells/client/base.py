"""What both clients are, apart from their colour: settings, a queue, and the wires' ends."""

from __future__ import annotations

import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import unquote

from .. import types
from .._core.attempt import attempt_call
from .._core.config import Config
from .._core.operation import Call, Clock, Flow, Gather, OpenConnection, Safety
from .._core.retry import RetryBudget
from .._core.wire import Origin, Reply
from .._data.checks import Default, as_mapping, is_list, whole
from .._data.json import to_json
from ..errors import InvalidRequestError
from ..models.cache import ModelCache
from ..predictions.state import History, Preflight, SubmissionLog

if TYPE_CHECKING:
    from ..predictions.requests import Payload
    from ..types.models import Model
    from ..types.requests import PredictionRequest, QueueItem

C = TypeVar("C")
T = TypeVar("T")

KEEP: Final = Default(0)
"""A number of milliseconds that is to stay as it is."""

MOST_AHEAD: Final = 100
_AHEAD_AT_ONCE: Final = 16

_METHODS: Final = {
    "GET": Safety.SAFE,
    "HEAD": Safety.SAFE,
    "PUT": Safety.CONVERGENT,
    "DELETE": Safety.CONVERGENT,
    "POST": Safety.PAID,
    "PATCH": Safety.PAID,
}


@dataclass(slots=True, eq=False, repr=False)
class Shared:
    """What a client and its `with_options` copies have in common, beside their connections."""

    submissions: SubmissionLog = field(default_factory=SubmissionLog)
    budget: RetryBudget = field(default_factory=RetryBudget)
    history: History = field(default_factory=History)
    models: ModelCache = field(default_factory=ModelCache)

    def find_model(self, slug: str) -> Flow[Model]:
        """A model of the catalogue, from the cache where that has it."""
        from ..models.find import find_model  # here: few predictions need the catalogue

        return find_model(self.models, slug)

    def under(self, key: str | None) -> Shared:
        """What a copy with this key shares: another account may see other models."""
        return self if key is None else replace(self, models=ModelCache())


def built_once(build: Callable[[C], T]) -> Callable[[C], T]:
    """What a property of a client gives, built when it is first asked for.

    With `property` around it, since `cached_property` hides a family from `create_autospec`.
    """
    name = f"_{build.__name__}"

    @wraps(build)
    def cached(client: C) -> T:
        state = vars(client)
        built: T = state[name] if name in state else state.setdefault(name, build(client))
        return built

    return cached


class ClientBase:
    """Settings and state of a client of either colour."""

    def __init__(self, config: Config, shared: Shared | None) -> None:
        self._config = config
        self._shared = shared or Shared()
        self._preflight = Preflight(
            self._shared.find_model, self._shared.models.cached, config.budget
        )
        self._queue: deque[QueueItem] = deque()
        self._queue_lock = threading.Lock()

    @property
    def base_url(self) -> str:
        """Where the API is."""
        return self._config.api.url

    @property
    def recent_predictions(self) -> Sequence[str]:
        """Ids of the last thousand predictions that this client created, oldest first."""
        return self._shared.submissions.ids()

    def queue(self, payload: Payload) -> None:
        """Put a request into the queue that `dispatch()` sends. It is checked and copied now.

        Args:
            payload: `{"model": …, "input": …}` or a `PredictionRequest`.

        Raises:
            InvalidRequestError: It cannot be sent.
        """
        from ..predictions.prepare import check
        from ..predictions.requests import as_request

        request = as_request(payload)
        check(request, self._preflight)
        request = request.copy()
        with self._queue_lock:
            self._queue.append(types.QueueItem(request))

    def _performed(self, call: Call[T]) -> Flow[T]:
        """What performing a call is: its exchange and, under a budget, the count of its tokens."""
        performed = attempt_call(call, self._config, self._shared.budget)
        budget = self._config.budget
        if call.model is None or budget is None:
            return performed
        from .metering import metered  # here: it loads the arithmetic of decimals

        return metered(call.model, self._shared.find_model, budget, performed)

    def _take_queue(self) -> list[PredictionRequest]:
        with self._queue_lock:
            requests = [item.request for item in self._queue]
            self._queue.clear()
        return requests

    def _give_back(self, requests: Sequence[PredictionRequest]) -> None:
        with self._queue_lock:
            self._queue.extendleft(types.QueueItem(request) for request in reversed(requests))

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


def warming(config: Config, connections: int, clock: Clock = time.monotonic) -> Flow[int]:
    """Open connections to the API; how many there are then."""
    number = whole(connections, "connections", 1, MOST_AHEAD)
    deadline = None if config.timeout is None else clock() + config.timeout
    outcomes: list[bool | Exception | None] = [None] * number
    flows = [_connecting(config.api.origin, deadline) for _ in range(number)]
    yield Gather(flows, _AHEAD_AT_ONCE, outcomes)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
    return outcomes.count(True)


def _connecting(origin: Origin, deadline: float | None) -> Flow[bool]:
    return bool((yield OpenConnection(origin, deadline)))


def _param(name: str, value: object) -> list[tuple[str, str]]:
    if value is None:
        return []
    values = value if is_list(value) else [value]
    return [(str(name), str(v).lower() if isinstance(v, bool) else str(v)) for v in values]


def deprecated(old: str, new: str) -> None:
    """Warn the caller of a method that calls this."""
    message = f"{old}() is deprecated; use {new} instead."
    warnings.warn(message, DeprecationWarning, stacklevel=3)
