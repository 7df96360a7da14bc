"""Predictions: what takes more than one exchange. Waiting, running, reconciling, dispatching."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from .. import types
from .._core.history import History
from .._core.operation import Clock, Flow, Sleep, Together
from .._data.checks import as_mapping, clean, is_list
from .._data.json import sent
from ..errors import (
    ApiErrorId,
    BudgetExceededError,
    ConfigurationError,
    DispatchError,
    DownloadError,
    InvalidRequestError,
    NetworkError,
    PredictionFailedError,
    RateLimitError,
    RequestTimeoutError,
    SkytellsError,
)
from ..types.predict import PredictionList, PredictionResponse, PredictionStatus
from ..types.shared import OnProgressCallback
from .calls import cancel_prediction, get_prediction, list_by_the_servers_clock
from .desk import Accepted, Desk
from .placing import Placed, place
from .waiting import callable_or_none, handler_or_none, wait, wait_options

if TYPE_CHECKING:
    from ..types.requests import PredictionRequest, RunOptions
    from ..webhooks import WebhookHandler

Outcomes: TypeAlias = list[PredictionResponse | Exception | None]
DISPATCH_LIMIT: Final = 8
RECONCILE_PAUSES: Final = (0.0, 1.0, 3.0)


def run_options(
    input: Mapping[str, Any] | None,
    webhook: Mapping[str, Any] | str | None,
    stream: bool,
    options: RunOptions | Mapping[str, Any] | None,
    max_wait: float | None,
    interval: float | None,
) -> RunOptions:
    """How to run: keywords over options."""
    merged = types.RunOptions({})
    if isinstance(options, types.RunOptions):
        merged = options
    elif options is not None:
        merged = types.RunOptions.from_dict(as_mapping(options, "run()'s options"))
    return types.RunOptions(
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
    history: History | None = None,
    desk: Desk | None = None,
    validate: bool = False,
    handler: WebhookHandler | None = None,
) -> Flow[PredictionResponse]:
    """Create a prediction and see it through to its end."""
    callable_or_none(on_progress)
    handler_or_none(handler)
    how = wait_options(None, options.max_wait, options.interval)
    watchers = (on_progress, handler, options.max_wait, options.interval)
    watched = any(watcher is not None for watcher in watchers)
    request = types.PredictionRequest(
        model, options.input, options.webhook, await_=not watched, stream=options.stream
    )
    # A watched run is created in the background, so that its id is known from the start.
    placed = yield from place(request, accepted.add, desk or Desk(), validate, not watched)
    try:
        with accepted.expecting(placed.request):
            prediction = yield from placed.send()
    except SkytellsError as error:
        if not error.maybe_sent:
            raise
        prediction = yield from reconcile(error, accepted)
        placed.end(prediction)
    if not prediction.done:
        prediction = yield from wait(prediction, how, on_progress, history, handler)
    if prediction.status == PredictionStatus.FAILED:
        raise failed(prediction)
    return prediction


def place_for(outputs: str | os.PathLike[str]) -> Flow[object]:
    """See to it that outputs can be kept there, before anything is paid for."""
    from ..outputs.saving import ready  # here: most programs keep no outputs

    try:
        return (yield from ready(outputs))
    except DownloadError as error:
        raise DownloadError(
            f"Outputs cannot be kept there, so nothing was sent: {error.details}. Give another "
            "place as download_to=.",
            error.error_id,
            error.details,
        ) from None


def failed(prediction: PredictionResponse) -> PredictionFailedError:
    """The error for a prediction that ran and failed, in the server's own words."""
    reason = clean(prediction.failure or "").rstrip(".")
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
        error.candidates = tuple(found)
        if not found or (error.request is not None and accepted.expects(error.request)):
            continue
        likely = _likely(found, error.request)
        if len(likely) == 1 and accepted.add(likely[0]):
            error.candidates = ()
            return likely[0]
        break
    raise error


def _likely(
    found: list[PredictionResponse], request: PredictionRequest | None
) -> list[PredictionResponse]:
    """Those with exactly the input that was asked for; else, those to which defaults were added."""
    asked = sent(request.input if request is not None else {})
    same = [p for p in found if p.input == asked]
    # Any input at all is an empty one with something added.
    return same or (found if asked else [])


def unconfirmed(
    error: SkytellsError, accepted: Accepted, *, wall_clock: Clock = time.time
) -> Flow[list[PredictionResponse]]:
    """Predictions that the request of `error` may have started, which nobody here knows yet."""
    request, began_at = error.request, error.started_at
    if request is None or began_at is None:
        raise InvalidRequestError.of(
            "Only an error whose maybe_sent is true has a request that can be looked up."
        )
    asked = sent(request.input)
    options = types.PredictionsListOptions(1, model=request.model, per_page=50)
    found: dict[str, PredictionResponse] = {}
    while True:
        page, server_now = yield from list_by_the_servers_clock(options)
        # By the server's clock, whatever ours says. Its dates are whole seconds.
        earliest = datetime.fromtimestamp(server_now - (wall_clock() - began_at) - 2.0, UTC)
        recent = [p for p in page if p.created is not None and p.created >= earliest]
        found |= {p.id: p for p in recent if p.id not in accepted and _has_input(p, asked)}
        number = (options.page or 1) + 1
        if len(recent) < len(page) or not recent or number > page.pagination.last_page:
            return list(found.values())
        options = replace(options, page=number)


def _has_input(prediction: PredictionResponse, asked: dict[str, Any]) -> bool:
    """Whether a prediction's input is what was asked for; the server may have added defaults."""
    given = prediction.input or {}
    return all(key in given and _agree(given[key], value) for key, value in asked.items())


def _agree(given: object, asked: object) -> bool:
    """Whether a value is the one that was asked for; of a file, the server may tell another URI."""
    if isinstance(asked, str) and asked.startswith("data:"):
        return isinstance(given, str)
    if is_list(asked) and is_list(given):
        return len(asked) == len(given) and all(map(_agree, given, asked))
    return given == asked


def cancel_and_look(id: str) -> Flow[PredictionResponse]:
    """Cancel, and see what came of it: some answers are a mere acknowledgement."""
    answer = yield from cancel_prediction(id)
    return answer if "status" in answer else (yield from get_prediction(id))


def dispatch(
    requests: Sequence[PredictionRequest],
    accepted: Accepted,
    give_back: Callable[[Sequence[PredictionRequest]], None],
    desk: Desk | None = None,
    validate: bool = False,
) -> Flow[list[PredictionResponse]]:
    """Create all, a few at a time; what was surely not begun is given back."""
    requests = list(requests)
    outcomes: Outcomes = [None] * len(requests)
    sent: Outcomes = [None] * len(requests)
    placed: dict[int, Placed] = {}
    try:
        # In the order of the queue: where a budget does not suffice for all, the first are sent.
        for number, request in enumerate(requests):
            try:
                placed[number] = yield from place(
                    request, accepted.add, desk or Desk(), validate, request.await_
                )
                # Its files are read: should it go back into the queue, it does so with them.
                requests[number] = placed[number].request
            except SkytellsError as error:
                outcomes[number] = error
        yield Together([item.call for item in placed.values()], DISPATCH_LIMIT, sent)
    except BaseException as interrupt:
        _account(placed, sent, outcomes)
        unsent = _unsent(requests, outcomes)
        give_back(unsent)
        ids = [o.id for o in outcomes if isinstance(o, PredictionResponse)]
        interrupt.add_note(f"dispatch() was interrupted. Accepted: {', '.join(ids) or 'none'}.")
        if any(isinstance(o, Exception) for o in outcomes):
            interrupt.add_note("What failed or is not known: see this exception's dispatch_error.")
            with suppress(TypeError):  # an exception without a __dict__
                vars(interrupt)["dispatch_error"] = _dispatch_error(requests, outcomes, unsent)
        raise
    _account(placed, sent, outcomes)
    predictions = [o if isinstance(o, PredictionResponse) else None for o in outcomes]
    complete = PredictionList(p for p in predictions if p is not None)
    if len(complete) == len(outcomes):
        return complete
    unsent = _unsent(requests, outcomes)
    give_back(unsent)
    raise _dispatch_error(requests, outcomes, unsent)


def _account(placed: Mapping[int, Placed], sent: Outcomes, outcomes: Outcomes) -> None:
    """Put what became of the requests that were sent at their places, and account for it."""
    for (number, item), outcome in zip(placed.items(), sent, strict=False):
        item.end(outcome)
        outcomes[number] = outcome


def _unsent(
    requests: Sequence[PredictionRequest],
    outcomes: Sequence[PredictionResponse | Exception | None],
) -> list[PredictionRequest]:
    return [
        request
        for request, outcome in zip(requests, outcomes, strict=True)
        if outcome is None or (isinstance(outcome, SkytellsError) and _not_begun(outcome))
    ]


def _not_begun(error: SkytellsError) -> bool:
    """Whether a request surely started nothing and may succeed later: unsent, or one too many."""
    if isinstance(error, NetworkError | RequestTimeoutError | ConfigurationError):
        return not error.maybe_sent
    return isinstance(error, RateLimitError | BudgetExceededError) or error.http_status == 425


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
        f"Those accepted are in error.predictions; {len(unsent)} that were not begun are back in the queue.",
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
