"""`skytells predictions`: list, get, cancel, delete, wait."""

import json
from itertools import islice
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

import skytells

from ..predictions.progress_bar import Bar
from . import outcome, output
from .options import (
    AsJson,
    BaseUrl,
    Download,
    Id,
    MaxWait,
    Timeout,
    check_places,
    connect,
    milliseconds,
)

if TYPE_CHECKING:
    from ..types.predict import PredictionResponse

app: typer.Typer = typer.Typer(help="Look at predictions, wait for them, cancel and delete them.")


def _statuses(incomplete: str) -> list[str]:
    return [status for status in skytells.PredictionStatus if status.startswith(incomplete)]


Limit: TypeAlias = Annotated[
    int, typer.Option("--limit", "-n", min=0, help="How many at most; 0 for all.")
]
Model: TypeAlias = Annotated[
    str | None, typer.Option(metavar="SLUG", help="Only those of this model.")
]
Status: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="STATUS", help="Only those in it.", autocompletion=_statuses),
]
Since: TypeAlias = Annotated[
    str | None, typer.Option(metavar="YYYY-MM-DD", help="Only from this day on.")
]
Until: TypeAlias = Annotated[
    str | None, typer.Option(metavar="YYYY-MM-DD", help="Only up to this day.")
]


@app.command("list")
def list_(
    limit: Limit = 20,
    model: Model = None,
    status: Status = None,
    since: Since = None,
    until: Until = None,
    as_json: AsJson = False,
    timeout: Timeout = 60.0,
    base_url: BaseUrl = None,
) -> None:
    """List predictions, newest first. --json prints one object on each line."""
    per_page = min(limit, 50) or 50
    with connect(base_url, timeout) as client:
        pager = client.predictions.iterate(since, until, model, per_page=per_page, status=status)
        found = islice(pager, limit or None)
        if as_json:
            for prediction in found:
                output.document(prediction.to_dict(), one_line=True)
            return
        columns = ("ID", "STATUS", "MODEL", "CREATED", "CREDITS")
        output.table(columns, [_row(prediction) for prediction in found])


@app.command()
def get(id: Id, as_json: AsJson = False, timeout: Timeout = 60.0, base_url: BaseUrl = None) -> None:
    """Show a prediction."""
    with connect(base_url, timeout) as client:
        prediction = client.predictions.get(id)
    if as_json:
        output.document(prediction.to_dict())
        return
    output.table(("", ""), _details(prediction))


@app.command()
def wait(
    id: Id,
    max_wait: MaxWait = None,
    download: Download = None,
    as_json: AsJson = False,
    timeout: Timeout = 60.0,
    base_url: BaseUrl = None,
) -> None:
    """Wait until a prediction has ended, and print its outputs as `skytells run` does."""
    from ..predictions.run import failed

    check_places(download, as_json)
    with connect(base_url, timeout) as client:
        with outcome.told_on_failure(as_json), Bar(keep=False) as bar:
            prediction = client.wait(id, on_progress=bar.see, max_wait=milliseconds(max_wait))
            if prediction.failure is not None:
                raise failed(prediction)
        outcome.deliver(client, prediction, as_json=as_json, to=download)


@app.command()
def cancel(
    id: Id, as_json: AsJson = False, timeout: Timeout = 60.0, base_url: BaseUrl = None
) -> None:
    """Cancel a prediction that is still running."""
    with connect(base_url, timeout) as client:
        answer = client.predictions.cancel(id)
    _confirm(answer, f"Cancelled {id}.", as_json)


@app.command()
def delete(
    id: Id, as_json: AsJson = False, timeout: Timeout = 60.0, base_url: BaseUrl = None
) -> None:
    """Delete a prediction and its files for good."""
    with connect(base_url, timeout) as client:
        answer = client.predictions.delete(id)
    _confirm(answer, f"Deleted {id}.", as_json)


def _confirm(answer: "PredictionResponse", message: str, as_json: bool) -> None:
    if as_json:
        output.document(answer.to_dict())
    output.note(message)


def _row(prediction: "PredictionResponse") -> tuple[object, ...]:
    spent = outcome.credits_of(prediction)
    return prediction.id, prediction.status, prediction.slug, prediction.created_at, spent


def _details(prediction: "PredictionResponse") -> list[tuple[str, object]]:
    from ..types.outputs import parts_of

    rows: list[tuple[str, object]] = [
        ("id", prediction.id),
        ("status", prediction.status),
        ("failure", prediction.failure),
        ("model", prediction.slug),
        ("created", prediction.created_at),
        ("completed", prediction.completed_at),
        ("progress", prediction.metrics and prediction.metrics.progress),
        ("credits", outcome.credits_of(prediction)),
        *(
            (f"input.{name}", value if isinstance(value, str) else json.dumps(value))
            for name, value in (prediction.input or {}).items()
        ),
        *(("output", item) for item in parts_of(prediction.output)),
    ]
    return [(name, value) for name, value in rows if value is not None]
