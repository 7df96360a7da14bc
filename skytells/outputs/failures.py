"""What is said when an output cannot be fetched or kept: why, and until when it can be tried again."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from ..errors import ApiErrorId, DownloadError, OutputExpiredError, SkytellsError
from ..types.predict import PredictionResponse
from .sources import Source, kept_until, lifetime


@contextmanager
def naming(prediction: PredictionResponse) -> Generator[None]:
    """Whatever leaves this block names the prediction whose outputs it was about."""
    try:
        yield
    except SkytellsError as error:
        error.prediction = prediction
        raise
    except (KeyboardInterrupt, Exception) as error:
        error.add_note(f"To fetch its outputs: client.predictions.save({prediction.id!r})")
        with suppress(TypeError):  # an exception without a __dict__
            vars(error)["prediction"] = prediction
        raise


@contextmanager
def failing(prediction: PredictionResponse, one: Source) -> Generator[None]:
    """What goes wrong in this block is a `DownloadError`."""
    try:
        yield
    except SkytellsError as error:
        raise _failed(prediction, one, error, datetime.now(UTC)) from error
    except OSError as error:
        raise unkept(error) from None


def unkept(error: OSError) -> DownloadError:
    """The error where the disk refuses."""
    return DownloadError(
        f"The outputs could not be kept: {error}. Make room or choose another place, and try again "
        "at once: the platform deletes outputs in minutes.",
        ApiErrorId.SDK_ERROR,
        str(error),
        retryable=True,
    )


def _failed(
    prediction: PredictionResponse, one: Source, error: SkytellsError, now: datetime
) -> DownloadError:
    if error.error_id == ApiErrorId.OUTPUT_EXPIRED:
        return OutputExpiredError(
            f"{one.label} of prediction {prediction.id} is gone (HTTP {error.http_status}): "
            f"{lifetime(prediction, now)}",
            *(error.error_id, error.details, error.http_status),
        )
    return DownloadError(
        f"{one.label} of prediction {prediction.id} was not kept. {error.message} "
        f"{_until(prediction, now)}",
        *(error.error_id, error.details, error.http_status),
        retry_after=error.retry_after,
        retryable=error.retryable,
    )


def _until(prediction: PredictionResponse, now: datetime) -> str:
    until = kept_until(prediction)
    when = "soon" if until is None or until < now else f"until {until:%Y-%m-%d %H:%M:%S %Z}"
    return f"To try again, {when}: client.predictions.save({prediction.id!r})."
