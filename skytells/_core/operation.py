"""An operation is a value; a client performs it.

- A `Call[T]` describes one HTTP request and how its reply becomes a `T`. It is a flow of length one.
- A `Flow[T]` is a generator that yields effects and returns a `T`. Flows compose with
  `found = yield from get_prediction(id)`, and that keeps its precise type.
- A driver (one in each client) performs the effects and resumes the flow with what they gave. What
  an effect raises is raised inside the flow, at its `yield`.

A flow does no I/O, reads no clock that was not handed to it, and yields nothing inside `finally`.

Effects are plain classes: named tuples and dataclasses compile their methods when a module loads,
which would double what this one costs before a first answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, cast

from ..errors import ApiErrorId, SkytellsError

if TYPE_CHECKING:
    from ..types.requests import PredictionRequest
    from .wire import Body, Keep, Origin, Reply, WireRequest

E = TypeVar("E")
T = TypeVar("T")
Clock: TypeAlias = Callable[[], float]


class Safety(Enum):
    """Whether a request may be sent twice."""

    SAFE = "reads only"
    CONVERGENT = "ends in the same state however often it is sent"
    PAID = "may start work that costs money each time it is sent"


class Service(Enum):
    """Which service of the platform a request goes to; each has its own address and its own key."""

    API = "predictions, models, inference"
    ORCHESTRATOR = "workflows"


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One HTTP exchange as a value; `yield from call` gives what its reply is read as.

    Args:
        method: HTTP method.
        path: Path below the base URL, its segments already encoded.
        read: What turns a 2xx reply into the result.
        safety: Whether the request may be sent twice.
        params: The query, in order.
        body: The JSON body, encoded.
        timeout: A limit in seconds that, where lower, stands for the client's own.
        once: Whether it is tried once only, whatever the client's policy.
        name: What stands for the path in logs; it holds no ids.
        request: What was asked for, kept on an error whose outcome is unknown.
        headers: Headers of this call, by lower-case name; they replace the client's.
        keep: Whether the body of a 2xx reply with these headers stays open, as `reply.stream`.
        service: Which service of the platform it goes to.
        raw: Whether a 2xx reply is something else than JSON.
        model: The slug of a model whose tokens it pays for; its answer tells how many they were.
    """

    method: str
    path: str
    read: Callable[[Reply], T]
    safety: Safety = Safety.SAFE
    params: tuple[tuple[str, str], ...] = ()
    body: bytes | None = field(default=None, repr=False)
    timeout: float | None = None
    once: bool = False
    name: str = ""
    request: PredictionRequest | None = field(default=None, repr=False)
    headers: tuple[tuple[bytes, bytes], ...] = ()
    keep: Keep | None = None
    service: Service = Service.API
    raw: bool = False
    model: str | None = None

    def poll(self, seconds: float | None) -> Call[T]:
        """The same call as one look of many: tried once, for so many seconds at most."""
        return replace(self, timeout=seconds, once=True)

    def __iter__(self) -> Flow[T]:
        return cast(T, (yield self))


class Send:
    """Send one request and read its whole reply by `deadline`, in seconds on the monotonic clock.

    Where `keep` says so, a 2xx reply is not read: its body stays open, as `reply.stream`.
    """

    __slots__ = ("deadline", "keep", "request")

    def __init__(
        self, request: WireRequest, deadline: float | None, keep: Keep | None = None
    ) -> None:
        self.request: WireRequest = request
        self.deadline: float | None = deadline
        self.keep: Keep | None = keep


class OpenConnection:
    """Open a connection to an origin by `deadline`, and keep it for a request that is to come.

    Gives whether there is one: a proxy's are opened with their first request.
    """

    __slots__ = ("deadline", "origin")

    def __init__(self, origin: Origin, deadline: float | None) -> None:
        self.origin: Origin = origin
        self.deadline: float | None = deadline


class ReadBody:
    """Hand an open body, chunk by chunk, to a function, until it ends or `deadline` passes.

    Args:
        body: What to read.
        into: Takes each chunk.
        deadline: When it must end, in seconds on the monotonic clock.
        idle_timeout: Seconds that may pass without a chunk.
        most: Bytes after which the rest stays on the wire, for the next `Pour`.
    """

    __slots__ = ("body", "deadline", "idle_timeout", "into", "most")

    def __init__(
        self,
        body: Body,
        into: Callable[[bytes], object],
        deadline: float | None = None,
        idle_timeout: float | None = None,
        most: int | None = None,
    ) -> None:
        self.body: Body = body
        self.into: Callable[[bytes], object] = into
        self.deadline: float | None = deadline
        self.idle_timeout: float | None = idle_timeout
        self.most: int | None = most

    def limit(self) -> float | None:
        """When the next chunk must have come."""
        if self.idle_timeout is None:
            return self.deadline
        due = time.monotonic() + self.idle_timeout
        return due if self.deadline is None else min(due, self.deadline)


class CloseBody:
    """Let go of an open body before its end."""

    __slots__ = ("body",)

    def __init__(self, body: Body) -> None:
        self.body: Body = body


class RunBlocking(Generic[T]):
    """Do work that blocks, such as reading a file: off the event loop, where there is one.

    As with a `Call`, `yield from offload` gives what the work returns.
    """

    __slots__ = ("work",)

    def __init__(self, work: Callable[[], T]) -> None:
        self.work: Callable[[], T] = work

    def __iter__(self) -> Flow[T]:
        return cast(T, (yield self))


class CallUser(Generic[T]):
    """Call a function of the user's, and await what it gives, where that is something to await.

    As with a `Call`, `yield from ask` gives what came of it.
    """

    __slots__ = ("work",)

    def __init__(self, work: Callable[[], Awaitable[T] | T]) -> None:
        self.work: Callable[[], Awaitable[T] | T] = work

    def __iter__(self) -> Flow[T]:
        return cast(T, (yield self))


class Wakeup(Generic[T]):
    """What may end a sleep before its time, from any thread; what it was given stays until `take()`."""

    def __init__(self) -> None:
        self._given: list[T] = []
        self._listeners: list[Callable[[], object]] = []
        self._lock = threading.Lock()

    def notify(self, value: T) -> None:
        """Wake whoever sleeps by this, now or later."""
        with self._lock:
            self._given.append(value)
            for wake in self._listeners:
                wake()

    def take(self) -> list[T]:
        """What it was given since the last time, in order."""
        with self._lock:
            given, self._given = self._given, []
        return given

    @contextmanager
    def listening(self, wake: Callable[[], object]) -> Generator[None]:
        """Within this block, `wake` is called when this is notified, or at once if it has been."""
        with self._lock:
            self._listeners.append(wake)
            if self._given:
                wake()
        try:
            yield
        finally:
            with self._lock:
                self._listeners.remove(wake)


class Sleep:
    """Pause for so many seconds, or until the wakeup is notified."""

    __slots__ = ("seconds", "wakeup")

    def __init__(self, seconds: float, wakeup: Wakeup[Any] | None = None) -> None:
        self.seconds: float = seconds
        self.wakeup: Wakeup[Any] | None = wakeup


class Progress(Generic[T]):
    """Hand the state of what is waited for to the user's callback."""

    __slots__ = ("callback", "state")

    def __init__(self, callback: Callable[[T], object], state: T) -> None:
        self.callback: Callable[[T], object] = callback
        self.state: T = state


class Gather(Generic[T]):
    """Perform operations concurrently, at most `limit` at once.

    Outcomes are put into `outcomes` at the place of their operation, the moment they are known: an
    interrupt loses none of them. A place that was never begun stays `None`. An interrupted thread
    waits for what is under way to end; `cancel` is called to make that soon.
    """

    __slots__ = ("cancel", "limit", "operations", "outcomes")

    def __init__(
        self,
        operations: Sequence[Operation[T]],
        limit: int,
        outcomes: list[T | Exception | None],
        cancel: Callable[[], object] | None = None,
    ) -> None:
        self.operations: Sequence[Operation[T]] = operations
        self.limit: int = limit
        self.outcomes: list[T | Exception | None] = outcomes
        self.cancel: Callable[[], object] | None = cancel

    def begin(self, place: int) -> Operation[T]:
        """The operation at a place; until its outcome is known, it counts as interrupted."""
        operation = self.operations[place]
        self.outcomes[place] = interrupted(operation, time.time())
        return operation


def interrupted(call: Operation[Any], began_at: float) -> SkytellsError:
    """The error of an operation that was given up before its end."""
    if not isinstance(call, Call):
        return SkytellsError("Interrupted before its end.", ApiErrorId.ABORTED, "a flow")
    error = SkytellsError(
        "Interrupted before its answer came. It may have been accepted; look with "
        "client.predictions.find_unconfirmed(error).",
        ApiErrorId.ABORTED,
        f"{call.method} {call.name}",
        maybe_sent=call.safety is Safety.PAID,
    )
    error.request, error.started_at = call.request, began_at
    return error


if TYPE_CHECKING:
    Effect: TypeAlias = (
        Call[Any]
        | Send
        | OpenConnection
        | ReadBody
        | CloseBody
        | RunBlocking[Any]
        | CallUser[Any]
        | Sleep
        | Progress[Any]
        | Gather[Any]
    )
    Flow: TypeAlias = Generator[Effect, Any, T]
else:
    Effect = Any  # a union of generics takes long to make
    Flow = Generator[Any, Any, T]
Operation: TypeAlias = Call[T] | Flow[T]


class Done(Generic[T]):
    """A flow has ended with this value."""

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value: T = value


class Raised:
    """An effect has ended with this exception."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error: BaseException = error


def advance(flow: Generator[E, Any, T], answer: object = None) -> E | Done[T]:
    """Resume a flow with what its last effect gave, up to its next effect or its end."""
    try:
        return flow.throw(answer.error) if isinstance(answer, Raised) else flow.send(answer)
    except StopIteration as stop:
        return Done(stop.value)


def shortened(error: SkytellsError) -> SkytellsError:
    """An error without the frames of this package that lead to where it was raised, its causes too.

    A driver raises it so: what a user sees is a method of the client, the driver, and the place. The
    frames of other code stay, such as those of a callback that it came through.
    """
    cause: BaseException | None = error
    while isinstance(cause, SkytellsError):
        cause.__traceback__ = _shortened(cause.__traceback__)
        cause = cause.__cause__
    return error


def _shortened(traceback: TracebackType | None) -> TracebackType | None:
    shorter, at, entries = None, traceback, list[TracebackType]()
    while at is not None:
        entries.append(at)
        at = at.tb_next
    for entry in reversed(entries):
        if shorter is None or not _is_ours(entry.tb_frame):
            shorter = TracebackType(shorter, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return shorter


def _is_ours(frame: FrameType) -> bool:
    module = str(frame.f_globals.get("__name__"))
    return module.partition(".")[0] == __name__.partition(".")[0]
