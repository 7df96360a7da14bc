"""Waiting for one prediction: when to look, how long, and how much trouble to bear."""

from __future__ import annotations

import random
import time
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Final, TypeVar

from .._core.callbacks import callable_or_none
from .._core.history import History
from .._core.operation import Bell, Clock, Flow, Notify
from .._core.polling import Patience, next_look
from ..errors import InvalidRequestError, WaitTimeoutError
from ..types.predict import PredictionResponse
from ..types.shared import OnProgressCallback
from .requests import get_prediction
from .targets import Carrying, Waitable, known

if TYPE_CHECKING:
    from ..types.requests import WaitOptions
    from ..webhooks import WebhookHandler

T = TypeVar("T")

# How much rarer looks are where a webhook is expected: one in half a minute, in the end.
SAFETY_NET: Final = 6.0


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
