"""Predictions: what takes more than one exchange. Waiting, running, reconciling, dispatching."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from .. import types
from .._core.operation import Flow
from .._core.polling import wait_options
from .._data.checks import as_mapping, check_callback, clean
from ..errors import (
    ApiErrorId,
    DownloadError,
    PredictionFailedError,
    SkytellsError,
)
from ..types.predict import PredictionResponse, PredictionStatus
from ..types.shared import OnProgressCallback
from .prepare import prepare
from .recover import reconcile
from .state import History, Preflight, SubmissionLog
from .wait import check_handler, wait

if TYPE_CHECKING:
    from ..types.requests import Input, RunOptions
    from ..webhooks.handler import WebhookHandler


def run_options(
    input: Input | None,
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
    submissions: SubmissionLog,
    preflight: Preflight,
    history: History | None = None,
    validate: bool = False,
    handler: WebhookHandler | None = None,
) -> Flow[PredictionResponse]:
    """Create a prediction and see it through to its end."""
    check_callback(on_progress)
    check_handler(handler)
    how = wait_options(None, options.max_wait, options.interval)
    watchers = (on_progress, handler, options.max_wait, options.interval)
    watched = any(watcher is not None for watcher in watchers)
    request = types.PredictionRequest(
        model, options.input, options.webhook, await_=not watched, stream=options.stream
    )
    # A watched run is created in the background, so that its id is known from the start.
    prepared = yield from prepare(request, submissions.add, preflight, validate, not watched)
    try:
        with submissions.expecting(prepared.request):
            prediction = yield from prepared.send()
    except SkytellsError as error:
        if not error.maybe_sent:
            raise
        prediction = yield from reconcile(error, submissions)
        prepared.end(prediction)
    if not prediction.done:
        prediction = yield from wait(prediction, how, on_progress, history, handler)
    if prediction.status == PredictionStatus.FAILED:
        raise failed(prediction)
    return prediction


def check_destination(outputs: str | os.PathLike[str]) -> Flow[object]:
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
