"""`skytells run`: a model, its input, and what comes out."""

from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from ..predictions.progress_bar import Bar
from . import outcome, output
from .inputs import read_input
from .options import (
    AsJson,
    BaseUrl,
    Download,
    MaxWait,
    Slug,
    Timeout,
    check_places,
    connect,
    milliseconds,
)

if TYPE_CHECKING:
    from ..client import SkytellsClient
    from ..types.predict import PredictionResponse

Given: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        "-i",
        metavar="KEY=VALUE",
        help="A parameter of the model. A value that is JSON is sent as such, any other as a "
        "text; KEY:=VALUE insists on JSON. @FILE is a file, @- is stdin. KEY[]=VALUE is one "
        "item of a list. May be repeated.",
    ),
]
InputFile: TypeAlias = Annotated[
    typer.FileText | None,
    typer.Option(
        encoding="utf-8",
        metavar="FILE",
        help="A JSON object of parameters, - for stdin; --input wins over it.",
    ),
]
Local: TypeAlias = Annotated[
    bool,
    typer.Option("--local", help="Run on a local platform of its own: no key, no cost."),
]
Validate: TypeAlias = Annotated[
    bool,
    typer.Option("--validate", help="Check the input by the model's own schema before it is sent."),
]
Price: TypeAlias = Annotated[
    bool,
    typer.Option("--estimate", help="Print what it would cost, and run nothing."),
]
NoWait: TypeAlias = Annotated[
    bool, typer.Option("--no-wait", help="Print the id and leave the prediction running.")
]


def run(
    slug: Slug,
    given: Given = None,
    input_file: InputFile = None,
    local: Local = False,
    download: Download = None,
    as_json: AsJson = False,
    validate: Validate = False,
    estimate: Price = False,
    no_wait: NoWait = False,
    max_wait: MaxWait = None,
    timeout: Timeout = 60.0,
    base_url: BaseUrl = None,
) -> None:
    """Run a model, wait for its prediction, and print the outputs.

    Prints the address of each output, or its text; with --download, the files.
    """
    check_places(download, as_json)
    parameters = read_input(input_file, given or [])
    if no_wait and (local or download is not None or max_wait is not None):
        raise typer.BadParameter("--no-wait leaves: no --local, --download or --max-wait with it.")
    with connect(base_url, timeout, local=local) as client:
        if estimate:
            _estimate(client, slug, parameters, validate=validate, as_json=as_json)
            return
        if no_wait:
            with outcome.told_on_failure(as_json):
                created = client.predictions.create(model=slug, input=parameters, validate=validate)
            _announce(created, as_json)
            return
        with outcome.told_on_failure(as_json), Bar(keep=False) as bar:
            limit = milliseconds(max_wait)
            prediction = client.run(slug, parameters, bar.see, max_wait=limit, validate=validate)
        outcome.deliver(client, prediction.response, as_json=as_json, to=download)


def _estimate(
    client: "SkytellsClient",
    slug: str,
    parameters: dict[str, Any],
    *,
    validate: bool,
    as_json: bool,
) -> None:
    model = client.models.get(slug)
    if validate:
        model.validate(parameters)
    price = model.estimate(parameters)
    amount = None if price.amount is None else f"{price.amount:f}"
    if as_json:
        told = {"amount": amount, "currency": price.currency, "reason": price.reason}
        output.document(told)
        return
    output.note(price.reason)
    output.result("unknown" if amount is None else f"{amount} {price.currency}")


def _announce(created: "PredictionResponse", as_json: bool) -> None:
    if as_json:
        output.document(created.to_dict())
    else:
        output.result(created.id)
