"""How a prediction that is over reaches the user: its outputs, its file names, its failure."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from ..errors import DownloadError, SkytellsError
from . import failures, output
from .options import STDOUT

if TYPE_CHECKING:
    from ..client import SkytellsClient
    from ..types.predict import PredictionResponse


@contextmanager
def told_on_failure(as_json: bool) -> Generator[None]:
    """Tell what is known of a prediction when an error or Ctrl-C ends the waiting for it."""
    try:
        yield
    except SkytellsError as error:
        if as_json and error.prediction is not None:
            output.document(error.prediction.to_dict())
        raise
    except KeyboardInterrupt as interrupt:
        if failures.prediction_id(interrupt) is None:
            output.note("The request may have arrived: see `skytells predictions list`.")
        raise


def deliver(
    client: "SkytellsClient",
    prediction: "PredictionResponse",
    *,
    as_json: bool,
    to: str | None,
) -> None:
    """Keep the outputs, print them or their files, and exit with what went wrong, if it did."""
    from ..types.outputs import parts_of

    output.note(_summary(prediction))
    results, failure = parts_of(prediction.output), None
    if to == STDOUT:
        results, failure = _written(client, prediction, results), None
    elif to is not None:
        results, failure = _kept(client, prediction, to)
    if as_json:
        more = {} if to is None else {"downloaded": results}
        output.document(prediction.to_dict() | more)
    else:
        for line in results:
            output.result(line)
    if failure is not None:
        raise typer.Exit(failures.code_of(failure))
    if prediction.status != "succeeded":
        raise typer.Exit(failures.NOT_SUCCEEDED)


def _written(
    client: "SkytellsClient", prediction: "PredictionResponse", results: list[str]
) -> list[str]:
    """Write the one output to stdout; what is left to print is nothing."""
    if len(results) > 1:
        for result in results:
            output.note(result)
        raise typer.BadParameter(
            f"--download - writes one output, and there are {len(results)}; give a folder: "
            f"skytells predictions wait {prediction.id} --download PATH"
        )
    if results:
        with client.predictions.open(prediction) as content:
            for chunk in content:
                sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    return []


def _kept(
    client: "SkytellsClient", prediction: "PredictionResponse", to: str
) -> tuple[list[str], SkytellsError | None]:
    """Keep all that can be kept; returns the files, and what went wrong first."""
    try:
        return list(map(str, client.predictions.save(prediction, to))), None
    except DownloadError as error:
        wrong = [each for each in error.errors if each is not None] or [error]
        for each in wrong:
            failures.complain(each)
        return [str(path) for path in error.paths if path is not None], wrong[0]


def _summary(prediction: "PredictionResponse") -> str:
    parts = [f"{prediction.id} {prediction.status}"]
    if prediction.metrics and prediction.metrics.total_time is not None:
        parts.append(f"{prediction.metrics.total_time:g} s")
    spent = credits_of(prediction)
    if spent is not None:
        parts.append(f"{spent:g} credits")
    return ", ".join(parts)


def credits_of(prediction: "PredictionResponse") -> float | None:
    """What a prediction cost, if the server says so."""
    billing = prediction.metadata.billing if prediction.metadata else None
    return billing.credits_used if billing else None
