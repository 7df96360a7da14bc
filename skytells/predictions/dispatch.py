"""Many predictions created at once; no outcome of a paid request is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeAlias

from .._core.operation import Flow, Gather
from ..errors import (
    ApiErrorId,
    BudgetExceededError,
    ConfigurationError,
    DispatchError,
    NetworkError,
    RateLimitError,
    RequestTimeoutError,
    SkytellsError,
)
from ..types.predict import PredictionList, PredictionResponse
from .prepare import PreparedRequest, prepare
from .state import Preflight, SubmissionLog

if TYPE_CHECKING:
    from ..types.requests import PredictionRequest

Outcomes: TypeAlias = list[PredictionResponse | Exception | None]


DISPATCH_LIMIT: Final = 8


def dispatch(
    requests: Sequence[PredictionRequest],
    submissions: SubmissionLog,
    preflight: Preflight,
    give_back: Callable[[Sequence[PredictionRequest]], None],
    validate: bool = False,
) -> Flow[list[PredictionResponse]]:
    """Create all, a few at a time; what was surely not begun is given back."""
    requests = list(requests)
    outcomes: Outcomes = [None] * len(requests)
    sent: Outcomes = [None] * len(requests)
    prepared: dict[int, PreparedRequest] = {}
    try:
        # In the order of the queue: where a budget does not suffice for all, the first are sent.
        for number, request in enumerate(requests):
            try:
                prepared[number] = yield from prepare(
                    request, submissions.add, preflight, validate, request.await_
                )
                # Its files are read: should it go back into the queue, it does so with them.
                requests[number] = prepared[number].request
            except SkytellsError as error:
                outcomes[number] = error
        yield Gather([item.call for item in prepared.values()], DISPATCH_LIMIT, sent)
    except BaseException as interrupt:
        _account(prepared, sent, outcomes)
        unsent = _unsent(requests, outcomes)
        give_back(unsent)
        ids = [o.id for o in outcomes if isinstance(o, PredictionResponse)]
        interrupt.add_note(f"dispatch() was interrupted. Accepted: {', '.join(ids) or 'none'}.")
        if any(isinstance(o, Exception) for o in outcomes):
            interrupt.add_note("What failed or is not known: see this exception's dispatch_error.")
            with suppress(TypeError):  # an exception without a __dict__
                vars(interrupt)["dispatch_error"] = _dispatch_error(requests, outcomes, unsent)
        raise
    _account(prepared, sent, outcomes)
    predictions = [o if isinstance(o, PredictionResponse) else None for o in outcomes]
    complete = PredictionList(p for p in predictions if p is not None)
    if len(complete) == len(outcomes):
        return complete
    unsent = _unsent(requests, outcomes)
    give_back(unsent)
    raise _dispatch_error(requests, outcomes, unsent)


def _account(prepared: Mapping[int, PreparedRequest], sent: Outcomes, outcomes: Outcomes) -> None:
    """Put what became of the requests that were sent at their places, and account for it."""
    for (number, item), outcome in zip(prepared.items(), sent, strict=False):
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
