"""Predictions: what takes more than one exchange. Waiting, running, reconciling, dispatching."""

from __future__ import annotations

import inspect
import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Final, Protocol, Self, TypeAlias, cast

from .._checks import Default, as_mapping, is_mapping
from .._flow import Clock, Flow, Notify, Sleep, Together
from .._record import Record
from .._retry import POLL_TROUBLES, backoff, is_passing, poll_pause
from ..errors import (
    ApiErrorId,
    DispatchError,
    InvalidRequestError,
    PredictionFailedError,
    RequestTimeoutError,
    SkytellsError,
    WaitTimeoutError,
)
from ..types.predict import (
    PredictionRequest,
    PredictionResponse,
    PredictionsListOptions,
    PredictionStatus,
    RunOptions,
    WaitOptions,
)
from ..types.shared import OnProgressCallback
from .calls import cancel_prediction, create_prediction, get_prediction, list_by_the_servers_clock


class Handle(Protocol):
    """What stands for a prediction: `Prediction` or `AsyncPrediction`."""

    @property
    def response(self) -> PredictionResponse: ...


Waitable: TypeAlias = Handle | PredictionResponse | Mapping[str, Any] | str
Options: TypeAlias = WaitOptions | Mapping[str, Any] | None

DISPATCH_LIMIT: Final = 8
# A look at the deadline may take this long, in seconds; it never begins later.
LAST_LOOK: Final = 5.0
RECONCILE_PAUSES: Final = (0.0, 1.0, 3.0)


class Accepted:
    """The predictions that this client knows to be accepted: what it created, and what it adopted."""

    def __init__(self, most: int = 1000) -> None:
        self._most = most
        self._ids: OrderedDict[str, None] = OrderedDict()
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


class _Carrying:
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


def wait(
    target: Waitable,
    options: WaitOptions,
    on_progress: OnProgressCallback | None = None,
    *,
    clock: Clock = time.monotonic,
    chance: Callable[[], float] = random.random,
) -> Flow[PredictionResponse]:
    """Look at a prediction until it has ended; the last look begins at the deadline."""
    id, seen = _known(target)
    if seen is not None and seen.done:
        return seen
    began = clock()
    deadline = None if options.max_wait is None else began + options.max_wait / 1000
    troubles = 0
    trouble: SkytellsError | None = None
    with _Carrying(id, seen) as carried:
        while True:
            now = clock()
            if seen is not None or trouble is not None:
                if deadline is not None and now >= deadline:
                    raise _timed_out(id, options, seen) from trouble
                pause = _pause(options, now - began, trouble, troubles, chance())
                yield Sleep(pause if deadline is None else min(pause, deadline - now))
            left = None if deadline is None else max(LAST_LOOK, deadline - clock())
            try:
                seen = carried.prediction = yield from get_prediction(id).look(left)
            except SkytellsError as error:
                if not is_passing(error) or troubles == POLL_TROUBLES:
                    raise
                trouble, troubles = error, troubles + 1
                continue
            trouble, troubles = None, 0
            if on_progress is not None:
                yield Notify(on_progress, seen)
            if seen.done:
                return seen


def _known(target: Any) -> tuple[str, PredictionResponse | None]:
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
        "wait() takes a prediction, a dict with an 'id', or an id; got "
        f"{type(target).__name__} without one."
    )


def _pause(
    options: WaitOptions,
    elapsed: float,
    trouble: SkytellsError | None,
    troubles: int,
    chance: float,
) -> float:
    adaptive = isinstance(options.interval, Default)
    pause = poll_pause(elapsed, chance) if adaptive else options.interval / 1000
    if trouble is None:
        return pause
    return max(pause, backoff(1.0, troubles, chance), trouble.retry_after or 0.0)


def _timed_out(id: str, options: WaitOptions, seen: PredictionResponse | None) -> WaitTimeoutError:
    status = seen.status if seen is not None else "not known"
    error = WaitTimeoutError(
        f"Prediction {id} did not complete within {options.max_wait:.0f}ms. It is still running: "
        f"wait again with client.wait({id!r}), or stop it with client.cancel_prediction({id!r}).",
        ApiErrorId.WAIT_TIMEOUT,
        f"Timed out after {options.max_wait:.0f}ms. Last status: {status}",
        408,
        retryable=True,
    )
    error.prediction = seen
    return error


def blocking(callback: OnProgressCallback | None) -> OnProgressCallback | None:
    """A callback for the sync client, which cannot await: refused before anything is paid for."""
    called = getattr(callback, "func", callback)
    if any(map(inspect.iscoroutinefunction, (called, type(called).__call__))):
        raise InvalidRequestError.of(
            "on_progress is async, and this client is not: pass a plain function, or use "
            "AsyncSkytellsClient."
        )
    return callback


def waiting(options: Options, max_wait: float | None, interval: float | None) -> WaitOptions:
    """How to wait: keywords over options."""
    merged = WaitOptions.of(options)
    return WaitOptions(
        merged.interval if interval is None else interval,
        merged.max_wait if max_wait is None else max_wait,
    )


def running(
    input: Mapping[str, Any] | None,
    webhook: Mapping[str, Any] | str | None,
    stream: bool,
    options: RunOptions | Mapping[str, Any] | None,
    max_wait: float | None,
    interval: float | None,
) -> RunOptions:
    """How to run: keywords over options."""
    merged = RunOptions({})
    if isinstance(options, RunOptions):
        merged = options
    elif options is not None:
        merged = RunOptions.from_dict(as_mapping(options, "run()'s options"))
    return RunOptions(
        # Checked as a mapping when the request is encoded.
        merged.input if input is None else cast("dict[str, Any]", input),
        merged.webhook if webhook is None else webhook,
        stream or merged.stream,
        max_wait=merged.max_wait if max_wait is None else max_wait,
        interval=merged.interval if interval is None else interval,
    )


def run(
    model: str,
    options: RunOptions,
    on_progress: OnProgressCallback | None,
    accepted: Accepted,
) -> Flow[PredictionResponse]:
    """Create a prediction and see it through to its end."""
    wait_options = waiting(None, options.max_wait, options.interval)
    watched = (
        on_progress is not None or options.max_wait is not None or options.interval is not None
    )
    request = PredictionRequest(
        model, options.input, options.webhook, await_=not watched, stream=options.stream
    )
    # A watched run is created in the background, so that its id is known from the start.
    create = create_prediction(request, accepted.add, await_=not watched)
    try:
        prediction = yield from create
    except SkytellsError as error:
        if not error.maybe_sent:
            raise
        prediction = yield from reconcile(error, accepted)
    if not prediction.done:
        prediction = yield from wait(prediction, wait_options, on_progress)
    if prediction.status == PredictionStatus.FAILED:
        raise failed(prediction)
    return prediction


def failed(prediction: PredictionResponse) -> PredictionFailedError:
    """The error for a prediction that ran and failed, in the server's own words."""
    reason = (prediction.failure or "").rstrip(".")
    error = PredictionFailedError(
        f"{reason}. Prediction {prediction.id} failed: change its input, or run it again.",
        ApiErrorId.PREDICTION_FAILED,
        f"Prediction {prediction.id} failed",
        response=prediction.to_dict(),
    )
    error.prediction = prediction
    return error


def reconcile(error: SkytellsError, accepted: Accepted) -> Flow[PredictionResponse]:
    """Find the prediction of a paid request whose answer was lost; raise `error` if none is sure."""
    for pause in RECONCILE_PAUSES:
        if pause:
            yield Sleep(pause)
        try:
            found = yield from unconfirmed(error, accepted)
        except SkytellsError:
            continue
        if len(found) == 1 and accepted.add(found[0]):
            return found[0]
        if found:
            error.candidates = tuple(found)
            break
    raise error


def unconfirmed(
    error: SkytellsError, accepted: Accepted, *, wall_clock: Clock = time.time
) -> Flow[list[PredictionResponse]]:
    """Predictions that the request of `error` may have started, which nobody here knows yet."""
    request, began_at = error.request, error.started_at
    if request is None or began_at is None:
        raise InvalidRequestError.of(
            "Only an error whose maybe_sent is true has a request that can be looked up."
        )
    day_before = datetime.fromtimestamp(began_at, UTC) - timedelta(days=1)
    options = PredictionsListOptions(1, f"{day_before:%Y-%m-%d}", None, request.model, per_page=50)
    found: list[PredictionResponse] = []
    while True:
        page, server_now = yield from list_by_the_servers_clock(options)
        # By the server's clock, whatever ours says. Its dates are whole seconds.
        earliest = datetime.fromtimestamp(server_now - (wall_clock() - began_at) - 2.0, UTC)
        recent = [p for p in page if p.created is not None and p.created >= earliest]
        found += [p for p in recent if p.id not in accepted and _is_of(request, p)]
        number = (options.page or 1) + 1
        if len(recent) < len(page) or not recent or number > page.pagination.last_page:
            return found
        options = replace(options, page=number)


def _is_of(request: PredictionRequest, prediction: PredictionResponse) -> bool:
    """Whether a prediction's input is the request's; the server may have added defaults."""
    given = prediction.input or {}
    return all(key in given and given[key] == value for key, value in request.input.items())


def cancel_and_look(id: str) -> Flow[PredictionResponse]:
    """Cancel, and see what came of it: some answers are a mere acknowledgement."""
    answer = yield from cancel_prediction(id)
    return answer if "status" in answer else (yield from get_prediction(id))


def dispatch(
    requests: Sequence[PredictionRequest],
    accepted: Accepted,
    give_back: Callable[[Sequence[PredictionRequest]], None],
) -> Flow[list[PredictionResponse]]:
    """Create all, a few at a time; what was surely never sent is given back."""
    outcomes: list[PredictionResponse | Exception | None] = [None] * len(requests)
    try:
        calls = [create_prediction(r, accepted.add, await_=r.await_) for r in requests]
        yield Together(calls, DISPATCH_LIMIT, outcomes)
    except BaseException as interrupt:
        give_back(_unsent(requests, outcomes))
        ids = [o.id for o in outcomes if isinstance(o, PredictionResponse)]
        interrupt.add_note(f"dispatch() was interrupted. Accepted: {', '.join(ids) or 'none'}.")
        raise
    predictions = [o if isinstance(o, PredictionResponse) else None for o in outcomes]
    complete = [p for p in predictions if p is not None]
    if len(complete) == len(outcomes):
        return complete
    unsent = _unsent(requests, outcomes)
    give_back(unsent)
    raise _dispatch_error(requests, outcomes, unsent)


def _unsent(
    requests: Sequence[PredictionRequest],
    outcomes: Sequence[PredictionResponse | Exception | None],
) -> list[PredictionRequest]:
    return [
        request
        for request, outcome in zip(requests, outcomes, strict=True)
        if outcome is None or (isinstance(outcome, SkytellsError) and _never_left(outcome))
    ]


def _never_left(error: SkytellsError) -> bool:
    no_answer = not error.http_status or isinstance(error, RequestTimeoutError)
    return no_answer and not error.maybe_sent


def _dispatch_error(
    requests: Sequence[PredictionRequest],
    outcomes: Sequence[PredictionResponse | Exception | None],
    unsent: Sequence[PredictionRequest],
) -> DispatchError:
    errors = [o if isinstance(o, Exception) else None for o in outcomes]
    first = next(e for e in errors if e is not None)
    known = first if isinstance(first, SkytellsError) else None
    refused = sum(1 for e in errors if e is not None)
    error = DispatchError(
        f"{refused} of {len(outcomes)} queued requests were not accepted; the first: {first} "
        f"Those accepted are in error.predictions; {len(unsent)} never sent are back in the queue.",
        known.error_id if known else ApiErrorId.SDK_ERROR,
        known.details if known else type(first).__name__,
        known.http_status if known else 0,
        retry_after=known.retry_after if known else None,
        request_id=known.request_id if known else None,
    )
    error.predictions = [o if isinstance(o, PredictionResponse) else None for o in outcomes]
    error.errors, error.requests, error.unsent = errors, list(requests), list(unsent)
    error.__cause__ = first
    return error
