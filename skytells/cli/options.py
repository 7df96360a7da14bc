"""The options that several commands share, and the client that they describe."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

import skytells

from ..errors import ConfigurationError
from .output import note

if TYPE_CHECKING:
    from skytells.local import LocalPlatform

STDOUT: Final = "-"
"""The place for outputs that stands for standard output."""
LOCAL_SPEED: Final = 10.0
"""Platform seconds per second of `--local`."""

_SLUGS_TIMEOUT: Final = 2_000


def _slugs(incomplete: str) -> list[str]:
    """Slugs for shell completion; none where the platform does not answer at once."""
    try:
        with skytells.SkytellsClient(timeout=_SLUGS_TIMEOUT) as client:
            slugs = [model.slug or "" for model in client.models.list()]
    except skytells.SkytellsError:
        return []
    return [slug for slug in slugs if slug.startswith(incomplete)]


def _place(path: str | None) -> str | None:
    """The place for outputs, whose folder is made before anything is paid for."""
    from ..outputs.disk import Target

    if path == STDOUT and sys.stdout.isatty():
        raise typer.BadParameter("- writes the bytes of a file: redirect them, as in > fox.png.")
    try:
        if path not in {None, STDOUT}:
            Target.prepare(path or "")
    except OSError as error:
        raise typer.BadParameter(f"outputs cannot be kept there: {error}") from None
    return path


Slug: TypeAlias = Annotated[
    str, typer.Argument(metavar="SLUG", help="Slug of the model.", autocompletion=_slugs)
]
Id: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help="Id of the prediction.")]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]
BaseUrl: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Where the API is; otherwise SKYTELLS_BASE_URL says it."),
]
Timeout: TypeAlias = Annotated[
    float, typer.Option(metavar="SECONDS", min=0, help="Longest time for one call of the API.")
]
MaxWait: TypeAlias = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", min=0, help="Longest wait; without it there is no limit."),
]
Download: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--download",
        "-o",
        metavar="PATH",
        callback=_place,
        help="Keep the outputs there: in a folder, or, with a suffix, in a file of that name. No "
        "file is overwritten. With - the one output is written to stdout.",
    ),
]


def check_places(download: str | None, as_json: bool) -> None:
    """Refuse to write JSON and an output to the same place."""
    if download == STDOUT and as_json:
        raise typer.BadParameter("--json and --download - both write to stdout: choose one.")


def milliseconds(seconds: float | None) -> float | None:
    """Seconds of the command line in the unit of the client."""
    return None if seconds is None else seconds * 1000


@contextmanager
def connect(
    base_url: str | None, timeout: float, *, local: bool = False
) -> "Generator[skytells.SkytellsClient]":
    """A client; its key comes from the environment, or belongs to a local platform of its own."""
    if not local:
        with skytells.SkytellsClient(base_url=base_url, timeout=milliseconds(timeout)) as client:
            yield client
        return
    if base_url is not None:
        raise typer.BadParameter("--local starts a platform; leave out --base-url.")
    with _platform() as platform, platform.client(timeout=milliseconds(timeout)) as client:
        try:
            yield client
        except KeyboardInterrupt:
            # A new one, without the id of a prediction that nobody can go on waiting for.
            raise KeyboardInterrupt from None
        finally:
            note("The local platform has ended, and its predictions and addresses with it.")


def _platform() -> "LocalPlatform":
    import skytells.local

    try:
        return skytells.local.serve(speed=LOCAL_SPEED)
    except ImportError as error:
        raise ConfigurationError.of(f"{error}.") from None
