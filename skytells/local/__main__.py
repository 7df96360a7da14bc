"""`python -m skytells.local`: serve the local platform until Ctrl-C."""

from __future__ import annotations

import argparse
import logging
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from .handle import LocalPlatform, serve


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until Ctrl-C.

    Args:
        arguments: The command line; that of the process by default.
    """
    parser = _parser()
    options = vars(parser.parse_args(arguments))
    level = logging.WARNING if options.pop("quiet") else logging.INFO
    with suppress(KeyboardInterrupt), _serve(parser, options) as platform:
        _log_to_stderr(level)
        # A container is stopped with SIGTERM.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        print(_welcome(platform), flush=True)
        while True:
            time.sleep(3600)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m skytells.local", description="Serve a local emulation of the platform."
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen at (%(default)s)")
    add("--port", type=int, default=8787, help="port to listen at, 0 for a free one (%(default)s)")
    add("--speed", type=float, default=1.0, help="platform seconds per second (%(default)s)")
    add("--seed", type=int, default=0, help="seed of ids (%(default)s)")
    add("--key", help="the only API key that is accepted (any)")
    add("--allow-remote", action="store_true", help="permit a host that other machines can reach")
    add("--quiet", action="store_true", help="do not log requests")
    return parser


def _serve(parser: argparse.ArgumentParser, options: dict[str, Any]) -> LocalPlatform:
    try:
        return serve(**options)
    except OSError as error:
        parser.error(f"cannot listen there, try another --host or --port: {error}")
    except (ImportError, ValueError) as error:
        parser.error(str(error))


def _log_to_stderr(level: int) -> None:
    line = "time=%(asctime)s.%(msecs)03dZ %(message)s"
    formatter = logging.Formatter(line, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    log = logging.getLogger("skytells.local")
    log.handlers, log.propagate = [handler], False
    log.setLevel(level)


def _welcome(platform: LocalPlatform) -> str:
    return (
        f"The local platform is at {platform.url} (Ctrl-C stops it).\n\n"
        f"export SKYTELLS_BASE_URL={platform.url}\n"
        f"export SKYTELLS_API_KEY={platform.key}\n"
        f"export SKYTELLS_ORCHESTRATOR_BASE_URL={platform.orchestrator_url}\n"
        f"export SKYTELLS_ORCHESTRATOR_KEY={platform.orchestrator_key}\n"
    )


if __name__ == "__main__":
    main()
