"""`python -m skytells.local`: serve the local platform until Ctrl-C."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Sequence
from contextlib import suppress

from .handle import LocalPlatform, serve


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until Ctrl-C.

    Arguments:
        arguments: the command line; that of the process by default.
    """
    parser = _parser()
    asked = parser.parse_args(arguments)
    try:
        platform = serve(**vars(asked))
    except OSError as error:
        parser.error(f"cannot listen there, try another --host or --port: {error}")
    except (ImportError, ValueError) as error:
        parser.error(str(error))
    with platform, suppress(KeyboardInterrupt):
        print(_welcome(platform), flush=True)
        threading.Event().wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m skytells.local", description="Serve a local stand-in for the platform."
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen at (%(default)s)")
    add("--port", type=int, default=8787, help="port to listen at, 0 for a free one (%(default)s)")
    add("--speed", type=float, default=1.0, help="platform seconds per second (%(default)s)")
    add("--seed", type=int, default=0, help="makes ids repeatable (%(default)s)")
    add("--key", help="the only API key it takes (any)")
    add("--allow-remote", action="store_true", help="permit a host that others can reach")
    return parser


def _welcome(platform: LocalPlatform) -> str:
    return (
        f"The local platform is at {platform.url} (Ctrl-C stops it).\n\n"
        f"export SKYTELLS_BASE_URL={platform.url}\n"
        f"export SKYTELLS_API_KEY={platform.key}\n"
    )


if __name__ == "__main__":
    main()
