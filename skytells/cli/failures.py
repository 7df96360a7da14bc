"""Errors as a shell wants them: a message on stderr, and an exit code for each kind."""

import os
import re
import sys
from typing import Any, Final

import typer
from typer.core import TyperGroup

from .. import errors
from .._data.checks import clean
from .output import note

CODES: Final[dict[type[errors.SkytellsError], int]] = {
    errors.SkytellsError: 1,
    errors.ConfigurationError: 2,
    errors.InvalidRequestError: 2,
    errors.AuthenticationError: 3,
    errors.PermissionDeniedError: 3,
    errors.PaymentRequiredError: 4,
    errors.NotFoundError: 5,
    errors.RateLimitError: 6,
    errors.PredictionFailedError: 7,
    errors.RequestTimeoutError: 8,
    errors.WaitTimeoutError: 8,
    errors.NetworkError: 9,
    errors.ServerError: 10,
}
"""The exit code of each class of errors; a class that is not listed has that of its base."""

NOT_SUCCEEDED: Final = CODES[errors.PredictionFailedError]
INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141
"""As of a program that SIGPIPE ends."""

# What messages advise in Python, and how a shell says it.
_IN_SHELL: Final = (
    (r"pass one, as SkytellsClient\('sk-…'\), or set SKYTELLS_API_KEY", "set SKYTELLS_API_KEY"),
    (r"client\.models\.list\(\)", "`skytells models list`"),
    (r"client\.predictions\.list\(\)", "`skytells predictions list`"),
    (r"client\.models\.get\([^)]*\)", "`skytells models get SLUG`"),
    (r"client\.wait\('([^']*)'\)", r"`skytells predictions wait \1`"),
    (r"client\.cancel_prediction\('([^']*)'\)", r"`skytells predictions cancel \1`"),
    (r"client\.predictions\.save\('([^']*)'\)", r"`skytells predictions wait \1 --download PATH`"),
    (r"client\.run\(…, download_to='outputs/'\)", "`skytells run … --download PATH`"),
    (r"client\.predictions\.find_unconfirmed\(error\)", "`skytells predictions list`"),
    (r"timeout= \(milliseconds\)", "--timeout (seconds)"),
    (r", or raise retry=\{[^}]*\}", ""),
)


class Commands(TyperGroup):
    """A group of commands whose errors become messages and exit codes."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except errors.SkytellsError as error:
            complain(error)
            raise typer.Exit(code_of(error)) from None
        except BrokenPipeError:
            # What reads has seen enough. Else Python would complain of stdout when it exits.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(PIPE_CLOSED) from None
        except KeyboardInterrupt as interrupt:
            note(_interrupted(prediction_id(interrupt)))
            raise typer.Exit(INTERRUPTED) from None


def code_of(error: errors.SkytellsError) -> int:
    """The exit code for an error; for an output that was not kept, that of the reason."""
    if isinstance(error, errors.DownloadError) and isinstance(
        error.__cause__, errors.SkytellsError
    ):
        error = error.__cause__
    return next(CODES[kind] for kind in type(error).__mro__ if kind in CODES)


def complain(error: errors.SkytellsError) -> None:
    """Say on stderr what went wrong and what to do next."""
    message = error.message
    for python, shell in _IN_SHELL:
        message = re.sub(python, shell, message)
    note(f"error: {_without_key(message)}")
    if error.request_id:
        note(f"request id: {clean(error.request_id, 100)}")


def _without_key(message: str) -> str:
    # A server may quote the key that it refuses.
    key = os.environ.get("SKYTELLS_API_KEY", "").strip()
    return message.replace(key, "sk-…") if key else message


def prediction_id(interrupt: KeyboardInterrupt) -> str | None:
    """The prediction that was waited for when Ctrl-C came."""
    return vars(interrupt).get("prediction_id")


def _interrupted(id: str | None) -> str:
    if id is None:
        return "Interrupted."
    return (
        f"Interrupted. Prediction {id} is still running:\n"
        f"  skytells predictions wait {id}\n"
        f"  skytells predictions cancel {id}"
    )
