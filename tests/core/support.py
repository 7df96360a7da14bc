"""What the unit tests share: JSON out of thin air, replies, and a platform driven by hand."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeAlias, TypeVar

from hypothesis import strategies as st

from skytells._core.attempt import attempt_call
from skytells._core.config import Config, configure
from skytells._core.operation import (
    Call,
    CallUser,
    CloseBody,
    Done,
    Effect,
    Gather,
    OpenConnection,
    Operation,
    Progress,
    Raised,
    ReadBody,
    RunBlocking,
    Send,
    Sleep,
    advance,
)
from skytells._core.retry import RetryBudget, RetryPolicy
from skytells._core.wire import Reply, WireRequest
from skytells.budget import Budget
from skytells.models.cache import ModelCache
from skytells.models.find import find_model
from skytells.predictions.state import Preflight

T = TypeVar("T")
JsonObject: TypeAlias = dict[str, Any]

KEY = "sk-0123456789abcdef"

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


def json_objects(*names: str) -> st.SearchStrategy[JsonObject]:
    """JSON objects in which the given names are as likely as any other."""
    keys = st.sampled_from(names) | st.text(max_size=8)
    return st.dictionaries(keys, json_values, max_size=6)


def reply(body: object = None, status: int = 200, **headers: str) -> Reply:
    """A reply with a JSON body; `bytes` stand as they are. `retry_after` is `retry-after`."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"content-type": "application/json"} | named, raw)


def preflight(budget: Budget | None = None, models: ModelCache | None = None) -> Preflight:
    """What a client with this budget and this cache asks before it sends paid work."""
    models = models or ModelCache()
    return Preflight(partial(find_model, models), models.cached, budget)


def config(
    *, key: str | None = KEY, retries: int | None = None, timeout: float | None = None
) -> Config:
    """A client's settings; `timeout` in seconds."""
    settings = configure(
        key,
        None,
        base_url="https://api.example.com/v1",
        timeout=None,
        headers=None,
        retry=None,
        allow_http=False,
        max_response_bytes=1024 * 1024,
    )
    if retries is not None:
        settings = replace(settings, retry=RetryPolicy(retries=retries))
    return replace(settings, timeout=timeout)


Serve: TypeAlias = Callable[[WireRequest], Reply]


@dataclass
class Hand:
    """A driver whose network is a function and whose clock moves only when it is told to.

    Args:
        serve: Answers a request, or raises what a transport would.
        config: The client's settings.
        rtt: Seconds that each exchange takes.
        chance: What stands for each random number.
    """

    serve: Serve
    config: Config = field(default_factory=config)
    rtt: float = 0.0
    chance: float = 0.5
    budget: RetryBudget = field(default_factory=RetryBudget)
    now: float = 1000.0
    naps: list[float] = field(default_factory=list[float])
    exchanges: list[Send] = field(default_factory=list[Send])

    def clock(self) -> float:
        return self.now

    @property
    def sent(self) -> list[str]:
        """What went over the wire: `POST /v1/predict`, …"""
        return [f"{e.request.method} {e.request.target}" for e in self.exchanges]

    def perform(self, operation: Operation[T]) -> T:
        flow = iter(operation)
        effect = advance(flow)
        while not isinstance(effect, Done):
            try:
                answer = self._give(effect)
            except BaseException as error:
                answer = Raised(error)
            effect = advance(flow, answer)
        return effect.value

    def _give(self, effect: Effect) -> object:
        match effect:
            case Call():
                return self.perform(self.exchange(effect))
            case Send():
                self.exchanges.append(effect)
                self.now += self.rtt
                return self.serve(effect.request)
            case Sleep(seconds=seconds):
                self.naps.append(seconds)
                self.now += seconds
            case RunBlocking(work=work) | CallUser(work=work):
                return work()
            case Progress(callback=callback, state=state):
                callback(state)
            case OpenConnection() | ReadBody() | CloseBody():
                raise NotImplementedError
            case Gather():
                for place in range(len(effect.operations)):
                    try:
                        effect.outcomes[place] = self.perform(effect.begin(place))
                    except Exception as error:
                        effect.outcomes[place] = error
        return None

    def exchange(self, call: Call[T]) -> Operation[T]:
        return attempt_call(
            call,
            self.config,
            self.budget,
            clock=self.clock,
            wall_clock=lambda: self.now + 1e9,
            chance=lambda: self.chance,
        )


def script(*answers: Reply | BaseException) -> Serve:
    """Serve these answers one after another, the last of them for ever."""
    rest = list(answers)

    def serve(request: WireRequest) -> Reply:
        answer = rest.pop(0) if len(rest) > 1 else rest[0]
        if isinstance(answer, BaseException):
            raise copy.copy(answer)
        return answer

    return serve


def call_of(operation: Operation[Any]) -> Call[Any]:
    """The call that an operation begins with."""
    call = operation if isinstance(operation, Call) else next(operation)
    assert isinstance(call, Call)
    return call


def header(request: WireRequest, name: str) -> list[str]:
    """All values of a request's header."""
    return [value.decode() for n, value in request.headers if n == name.encode()]


def body_of(request: WireRequest) -> Mapping[str, Any]:
    """The JSON that a request carries."""
    found: Mapping[str, Any] = json.loads(request.body or b"{}")
    return found
