"""A paid request whose answer was lost, looked up in the list of predictions."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from .. import types
from .._core.operation import Clock, Flow, Sleep
from .._data.checks import is_list
from .._data.json import sent
from ..errors import InvalidRequestError, SkytellsError
from ..types.predict import PredictionResponse
from .requests import list_by_the_servers_clock
from .state import SubmissionLog

if TYPE_CHECKING:
    from ..errors import RequestInfo

RECONCILE_PAUSES: Final = (0.0, 1.0, 3.0)


def reconcile(error: SkytellsError, submissions: SubmissionLog) -> Flow[PredictionResponse]:
    """Find the prediction of a paid request whose answer was lost; raise `error` if none is sure."""
    for pause in RECONCILE_PAUSES:
        if pause:
            yield Sleep(pause)
        try:
            found = yield from unconfirmed(error, submissions)
        except SkytellsError:
            continue
        error.candidates = tuple(found)
        if not found or (error.request is not None and submissions.expects(error.request)):
            continue
        likely = _likely(found, error.request)
        if len(likely) == 1 and submissions.add(likely[0]):
            error.candidates = ()
            return likely[0]
        break
    raise error


def _likely(
    found: list[PredictionResponse], request: RequestInfo | None
) -> list[PredictionResponse]:
    """Those with exactly the input that was asked for; else, those to which defaults were added."""
    asked = sent(request.input if request is not None else {})
    same = [p for p in found if p.input == asked]
    # Any input at all is an empty one with something added.
    return same or (found if asked else [])


def unconfirmed(
    error: SkytellsError, submissions: SubmissionLog, *, wall_clock: Clock = time.time
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
        found |= {p.id: p for p in recent if p.id not in submissions and _has_input(p, asked)}
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
