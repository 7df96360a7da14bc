"""Waiting for one prediction: when to look, how long, and how much trouble to bear."""

from __future__ import annotations

import inspect
import random
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, TypeAlias, TypeVar, Union

from .. import types
from .._core.history import History, Typical
from .._core.operation import Bell, Call, Clock, Flow, Notify, Sleep
from .._core.retry import LONGEST_RETRY_AFTER, POLL_TROUBLES, backoff, is_passing, poll_pause
from .._data.checks import Default, is_mapping
from .._data.record import Record
from ..errors import ApiErrorId, InvalidRequestError, SkytellsError, WaitTimeoutError
from ..types.predict import PredictionResponse
from ..types.shared import OnProgressCallback
from .calls import get_prediction

if TYPE_CHECKING:
    from .._progress import Bar
    from ..types.requests import WaitOptions
    from ..webhooks import WebhookHandler

T = TypeVar("T")
Callback = TypeVar("Callback", bound=Callable[..., object] | bool | None)

# A look that begins at the deadline may take this long, in seconds.
LAST_LOOK: Final = 5.0
# How much rarer looks are where a webhook is expected: one in half a minute, in the end.
SAFETY_NET: Final = 6.0


class Handle(Protocol):
    """What stands for a prediction: `Prediction` or `AsyncPrediction`."""

    @property
    def response(self) -> PredictionResponse: ...


Waitable: TypeAlias = Handle | PredictionResponse | Mapping[str, Any] | str
Options: TypeAlias = Union["WaitOptions", Mapping[str, Any], None]


class Carrying:
    """Whatever leaves this block names the prediction that it leaves behind."""

    def __init__(self, id: str, prediction: PredictionResponse | None) -> None:
        self.id = id
        self.prediction = prediction

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, SkytellsError):
            error.prediction = error.prediction or self.prediction
        elif error is not None and not isinstance(error, GeneratorExit):
            error.add_note(f"Prediction {self.id} may still be running: client.wait({self.id!r})")
            with suppress(TypeError):  # an exception without a __dict__
                vars(error)["prediction_id"] = self.id


class Patience:
    """When the next look is due, until when there are looks, and what trouble is borne meanwhile."""

    def __init__(
        self,
        options: WaitOptions,
        clock: Clock = time.monotonic,
        chance: Clock = random.random,
        rarer: float = 1.0,
    ) -> None:
        self._rarer = rarer
        self._options, self._clock, self._chance = options, clock, chance
        self._began = clock()
        limit = options.max_wait
        self._deadline = None if limit is None else self._began + limit / 1000
        self._looked = False
        self._troubles = 0
        self.trouble: SkytellsError | None = None

    def pause(self, typical: Typical | None = None) -> float | None:
        """Seconds to the next look, which is at the deadline at the latest; `None` once past it."""
        now = self._clock()
        if self._looked and self._deadline is not None and now >= self._deadline:
            return None
        pause = self._options.interval / 1000
        if isinstance(self._options.interval, Default):
            pause = self._rarer * poll_pause(now - self._began, self._chance(), typical)
        if self.trouble is not None:
            pause = max(pause, backoff(1.0, self._troubles, self._chance()))
            pause = max(pause, min(LONGEST_RETRY_AFTER, self.trouble.retry_after or 0.0))
        return pause if self._deadline is None else max(0.0, min(pause, self._deadline - now))

    def look_limit(self) -> float | None:
        """Seconds that a look beginning now may take."""
        self._looked = True
        if self._deadline is None:
            return None
        return max(LAST_LOOK, self._deadline - self._clock())

    def bear(self, trouble: SkytellsError) -> None:
        """Put up with trouble while looking, if it may pass and there was not too much of it."""
        if not is_passing(trouble) or self._troubles == POLL_TROUBLES:
            raise trouble
        self.trouble, self._troubles = trouble, self._troubles + 1

    def relax(self) -> None:
        """A look has succeeded."""
        self.trouble, self._troubles = None, 0

    def timed_out(self, what: str, status: str | None, advice: str) -> WaitTimeoutError:
        """The error for what is still running at the deadline."""
        limit = f"{self._options.max_wait or 0:.0f}ms"
        error = WaitTimeoutError(
            f"{what} did not complete within {limit}. It is still running: {advice}.",
            ApiErrorId.WAIT_TIMEOUT,
            f"Timed out after {limit}. Last status: {status or 'not known'}",
            408,
            retryable=True,
        )
        error.__cause__ = self.trouble
        return error


def next_look(
    look: Call[T],
    patience: Patience,
    at_once: bool,
    typical: Typical | None = None,
    bell: Bell[T] | None = None,
) -> Flow[T | None]:
    """The next state of what is waited for; `None` where it is too late for another look.

    Args:
        look: What shows the state.
        patience: When looks are due, and how much trouble is borne.
        at_once: Whether nothing has been seen yet, so that there is no pause before the look.
        typical: How long such things take, where that is known.
        bell: What may tell the state before the look is due.
    """
    while True:
        if not at_once or patience.trouble is not None:
            pause = patience.pause(typical)
            if pause is None:
                return None
            yield Sleep(pause, bell)
        if bell is not None and (told := bell.take()):
            return told[-1]
        try:
            state = yield from look.look(patience.look_limit())
        except SkytellsError as trouble:
            patience.bear(trouble)
            continue
        patience.relax()
        return state


def timed_out(id: str, seen: PredictionResponse | None, patience: Patience) -> WaitTimeoutError:
    """The error for a prediction that is still running at the deadline."""
    error = patience.timed_out(
        f"Prediction {id}",
        seen.status if seen is not None else None,
        f"wait again with client.wait({id!r}), or stop it with client.cancel_prediction({id!r})",
    )
    error.prediction = seen
    return error


def wait(
    target: Waitable,
    options: WaitOptions,
    on_progress: OnProgressCallback | None = None,
    history: History | None = None,
    handler: WebhookHandler | None = None,
    *,
    clock: Clock = time.monotonic,
    chance: Clock = random.random,
) -> Flow[PredictionResponse]:
    """Look at a prediction until it has ended; the last look begins at the deadline.

    What `history` knows of the model spares looks that would come too early, unless somebody wants
    to see progress. A webhook that `handler` receives ends it at once; looks are rarer meanwhile.
    """
    callable_or_none(on_progress)
    id, seen = known(target)
    if seen is not None and seen.done:
        return seen
    patience = Patience(options, clock, chance, rarer_by(handler))
    # With a handler, the first look is at once: its webhook may have come before this began.
    at_once = seen is None or handler is not None
    with Carrying(id, seen) as carried, expected(handler, id) as bell:
        while True:
            slug = seen.slug if seen is not None and on_progress is None else None
            typical = history.typical(slug) if history else None
            state = yield from next_look(get_prediction(id), patience, at_once, typical, bell)
            if state is None:
                raise timed_out(id, seen, patience)
            seen, at_once = state, False
            carried.prediction = seen
            if on_progress is not None:
                yield Notify(on_progress, seen)
            if seen.done:
                if history is not None:
                    history.add(seen)
                return seen


def expected(
    handler: WebhookHandler | None, *ids: str
) -> AbstractContextManager[Bell[PredictionResponse] | None]:
    """A block in which a webhook that tells of the end of one of these rings the bell it gives."""
    handler_or_none(handler)
    return nullcontext() if handler is None else handler.expect(*ids)


def rarer_by(handler: WebhookHandler | None) -> float:
    """How much rarer looks are while webhooks are received."""
    return 1.0 if handler is None else SAFETY_NET


def handler_or_none(handler: object) -> None:
    """Refuse what receives no webhooks, before anything is paid for."""
    if handler is not None and not callable(getattr(handler, "expect", None)):
        raise InvalidRequestError.of(
            f"handler must be a WebhookHandler, not {type(handler).__name__}."
        )


def known(target: Waitable, taker: str = "wait() takes") -> tuple[str, PredictionResponse | None]:
    """The id of what is waited for and, where it is more than an id, its last state."""
    if isinstance(target, str):
        return target, None
    record = target if isinstance(target, Record) else getattr(target, "response", None)
    if isinstance(record, PredictionResponse):
        return record.id, record
    if is_mapping(target):
        wire = dict(target)
        if isinstance(wire.get("id"), str) and wire["id"]:
            return wire["id"], PredictionResponse.from_wire(wire)
    raise InvalidRequestError.of(
        f"{taker} a prediction, a dict with an 'id', or an id; got {type(target).__name__} "
        "without one."
    )


class Told:
    """Who is told of each new state while something is waited for: a function, a bar, or both.

    Args:
        on_progress: The user's function.
        progress: Whether to draw a bar; or a function, which is then the user's.
    """

    def __init__(
        self,
        on_progress: OnProgressCallback | None,
        progress: bool | OnProgressCallback = False,
    ) -> None:
        callable_or_none(on_progress)
        if callable(progress):
            if on_progress is not None:
                raise InvalidRequestError.of(
                    "Both on_progress and progress are functions; pass one of them."
                )
            on_progress, progress = progress, False
        elif not isinstance(progress, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidRequestError.of(
                f"progress must be True, False or a function, not {type(progress).__name__}."
            )
        self._function = on_progress
        self._bar: Bar | None = None
        if progress:
            from .._progress import Bar

            self._bar = Bar()

    @property
    def callback(self) -> OnProgressCallback | None:
        """What a flow calls with each new state; `None` where nobody listens."""
        return self._function if self._bar is None else self._tell

    def _tell(self, prediction: PredictionResponse) -> object:
        if self._bar is not None:
            self._bar.see(prediction)
        return None if self._function is None else self._function(prediction)

    def shown(
        self, many: Mapping[str, PredictionResponse | None] | None = None
    ) -> AbstractContextManager[object]:
        """A block in which the bar is there, if there is one; it ends with the block.

        Args:
            many: Ids and known states, where the bar is for several predictions together.
        """
        if self._bar is not None and many is not None:
            self._bar.expect(many)
        return self._bar or nullcontext()

    def during(
        self, flow: Flow[T], many: Mapping[str, PredictionResponse | None] | None = None
    ) -> Flow[T]:
        """The same flow, with the bar there until it ends, however it ends."""
        with self.shown(many):
            return (yield from flow)


def callable_or_none(callback: object) -> None:
    """Refuse what cannot be called, before anything is paid for."""
    if callback is not None and not callable(callback):
        raise InvalidRequestError.of(
            f"on_progress must be a function, not {type(callback).__name__}."
        )


def blocking(callback: Callback) -> Callback:
    """A callback for the sync client, which cannot await: refused before anything is paid for."""
    called = getattr(callback, "func", callback)
    if any(map(inspect.iscoroutinefunction, (called, type(called).__call__))):
        raise InvalidRequestError.of(
            "on_progress is async, and this client is not: pass a plain function, or use "
            "AsyncSkytellsClient."
        )
    return callback


def wait_options(options: Options, max_wait: float | None, interval: float | None) -> WaitOptions:
    """How to wait: keywords over options."""
    merged = types.WaitOptions.of(options)
    return types.WaitOptions(
        merged.interval if interval is None else interval,
        merged.max_wait if max_wait is None else max_wait,
    )
