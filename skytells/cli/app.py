"""The command's tree: `run`, `predictions`, `models`, `local`."""

from typing import Annotated, TypeAlias

import typer

import skytells

from . import models, predictions, run
from .failures import Commands
from .output import result

app: typer.Typer = typer.Typer(
    name="skytells",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
    epilog="Exit codes: 2 usage, configuration or input · 3 key or permission · 4 credits · "
    "5 not found · 6 rate limit · 7 prediction failed or cancelled · 8 timeout · 9 network · "
    "10 server · 130 interrupted · 141 output closed · 1 anything else.",
)
app.command()(run.run)
app.add_typer(predictions.app, name="predictions", no_args_is_help=True)
app.add_typer(models.app, name="models", no_args_is_help=True)


def _version(asked: bool) -> None:
    if asked:
        result(f"skytells {skytells.__version__}")
        raise typer.Exit


Version: TypeAlias = Annotated[
    bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
]


@app.callback()
def skytells_(version: Version = False) -> None:
    """The Skytells AI platform from a shell.

    The key is read from SKYTELLS_API_KEY, and from nowhere else.
    """


@app.command(
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def local(context: typer.Context) -> None:
    """Serve a local stand-in for the platform: no key, no network. See its --help."""
    from skytells.local.__main__ import main

    main(context.args)
