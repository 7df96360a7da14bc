"""Waiting for one prediction: when to look, how long, and how much trouble to bear."""

from __future__ import annotations

import random
import time
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Final, TypeVar

from .._core.operation import Clock, Flow, Progress, Wakeup
from .._core.polling import PollSchedule, next_state
from .._data.checks import check_callback
from ..errors import InvalidRequestError, WaitTimeoutError
from ..types.predict import PredictionResponse
from ..types.shared import OnProgressCallback
from .requests import get_prediction
from .state import History
from .targets import Waitable, attach_prediction, resolve_target

if TYPE_CHECKING:
    from ..types.requests import WaitOptions
    from ..webhooks.handler import WebhookHandler

T = TypeVar("T")

# How much rarer looks are where a webhook is expected: one in half a minute, in the end.
WEBHOOK_SLOWDOWN: Final = 6.0


def timed_out(id: str, seen: PredictionResponse | None, schedule: PollSchedule) -> WaitTimeoutError:
    """The error for a prediction that is still running at the deadline."""
    error = schedule.timed_out(
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
    check_callback(on_progress)
    id, seen = resolve_target(target)
    if seen is not None and seen.done:
        return seen
    schedule = PollSchedule(options, clock, chance, slowdown_by(handler))
    # With a handler, the first look is at once: its webhook may have come before this began.
    at_once = seen is None or handler is not None
    with attach_prediction(id, seen) as last, webhook_wakeup(handler, id) as wakeup:
        while True:
            slug = seen.slug if seen is not None and on_progress is None else None
            typical = history.typical(slug) if history else None
            state = yield from next_state(get_prediction(id), schedule, at_once, typical, wakeup)
            if state is None:
                raise timed_out(id, seen, schedule)
            seen, at_once = state, False
            last.prediction = seen
            if on_progress is not None:
                yield Progress(on_progress, seen)
            if seen.done:
                if history is not None:
                    history.add(seen)
                return seen


def webhook_wakeup(
    handler: WebhookHandler | None, *ids: str
) -> AbstractContextManager[Wakeup[PredictionResponse] | None]:
    """A block in which a webhook that tells of the end of one of these rings the bell it gives."""
    check_handler(handler)
    return nullcontext() if handler is None else handler.expect(*ids)


def slowdown_by(handler: WebhookHandler | None) -> float:
    """How much rarer looks are while webhooks are received."""
    return 1.0 if handler is None else WEBHOOK_SLOWDOWN


def check_handler(handler: object) -> None:
    """Refuse what receives no webhooks, before anything is paid for."""
    if handler is not None and not callable(getattr(handler, "expect", None)):
        raise InvalidRequestError.of(
            f"handler must be a WebhookHandler, not {type(handler).__name__}."
        )
