"""`skytells run`: a model, its input, and what comes out."""

import json
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from .._progress import Bar
from .._wire import as_object
from . import outcome, output
from .options import (
    AsJson,
    BaseUrl,
    Download,
    MaxWait,
    Slug,
    Timeout,
    connect,
    milliseconds,
)

if TYPE_CHECKING:
    from ..types.predict import PredictionResponse

Given: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        "-i",
        metavar="KEY=VALUE",
        help="A parameter of the model. A value that is JSON is sent as such, any other as a "
        "text; KEY:=VALUE insists on JSON. May be repeated.",
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
    no_wait: NoWait = False,
    max_wait: MaxWait = None,
    timeout: Timeout = 60.0,
    base_url: BaseUrl = None,
) -> None:
    """Run a model, wait for its prediction, and print the outputs.

    Prints the address of each output, or its text; with --download, the files.
    """
    parameters = read_input(input_file, given or [])
    if no_wait and (local or download is not None or max_wait is not None):
        raise typer.BadParameter("--no-wait leaves: no --local, --download or --max-wait with it.")
    with connect(base_url, timeout, local=local) as client:
        if no_wait:
            with outcome.told_on_failure(as_json):
                created = client.predictions.create(model=slug, input=parameters)
            _announce(created, as_json)
            return
        with outcome.told_on_failure(as_json), Bar(keep=False) as bar:
            limit = milliseconds(max_wait)
            prediction = client.run(slug, parameters, bar.see, max_wait=limit)
        outcome.deliver(client, prediction.response, as_json=as_json, folder=download)


def _announce(created: "PredictionResponse", as_json: bool) -> None:
    if as_json:
        output.document(created.to_dict())
    else:
        output.result(created.id)


def read_input(file: typer.FileText | None, pairs: list[str]) -> dict[str, Any]:
    """The model's input: a file's object, and the pairs of the command line over it."""
    return _file(file) | _pairs(pairs)


def _file(file: typer.FileText | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        value = as_object(json.load(file))
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"--input-file is not JSON: {error}") from None
    if value is None:
        raise typer.BadParameter('--input-file must hold a JSON object, such as {"prompt": "…"}.')
    return value


def _pairs(pairs: list[str]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        strict, key = key.endswith(":"), key.removesuffix(":")
        if not equals or not key:
            raise typer.BadParameter(f"--input {pair!r} is not KEY=VALUE.")
        if key in read:
            raise typer.BadParameter(f"--input {key} is given twice; a list is {key}:='[…]'.")
        read[key] = _value(text, key, strict=strict)
    return read


def _value(text: str, key: str, *, strict: bool) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        if strict:
            raise typer.BadParameter(f"--input {key}:= is not JSON: {error}") from None
        return text


def _refuse(name: str) -> Any:
    # Python reads NaN and Infinity, but they are not JSON.
    raise ValueError(f"{name} is not JSON")
