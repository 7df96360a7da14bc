"""How a prediction that is over reaches the user: its outputs, its file names, its failure."""

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .._wire import as_list, as_object
from ..errors import SkytellsError
from . import failures, output

if TYPE_CHECKING:
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


def deliver(prediction: "PredictionResponse", *, as_json: bool, folder: Path | None) -> None:
    """Keep the outputs, print them or their files, and exit with what went wrong, if it did."""
    output.note(_summary(prediction))
    outputs = list(outputs_of(prediction))
    results, failure = outputs, None
    if folder is not None:
        results, failure = _kept(outputs, folder, prediction.id)
    if as_json:
        more = {} if folder is None else {"downloaded": results}
        output.document(prediction.to_dict() | more)
    else:
        for line in results:
            output.result(line)
    if failure is not None:
        raise typer.Exit(failures.code_of(failure))
    if prediction.status != "succeeded":
        raise typer.Exit(failures.NOT_SUCCEEDED)


def outputs_of(prediction: "PredictionResponse") -> Iterator[str]:
    """The outputs one by one: addresses and texts; of an object its address, or it as JSON."""
    given: object = prediction.output
    items = as_list(given)
    if items is None:
        items = [] if given is None else [given]
    for item in items:
        address = (as_object(item) or {}).get("url", item)
        yield address if isinstance(address, str) else json.dumps(item, ensure_ascii=False)


def _kept(outputs: list[str], folder: Path, name: str) -> tuple[list[str], SkytellsError | None]:
    """Keep all that can be kept; returns the files, and what went wrong first."""
    from .download import save, save_text

    files: list[str] = []
    failure: SkytellsError | None = None
    for item in outputs:
        address = item.startswith(("https://", "http://"))
        try:
            files.append(str(save(item, folder) if address else save_text(item, folder, name)))
        except SkytellsError as error:
            failures.complain(error)
            failure = failure or error
    return files, failure


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
