"""The command `skytells`; it needs `pip install "skytells[cli]"`.

`app` puts the commands together, and each group of them has a module. `failures` decides the exit
code of each kind of error. Results go to stdout, everything else to stderr.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Final

__all__ = ["main"]

_LIBRARIES: Final = ("typer", "rich")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit.

    Args:
        arguments: The command line without the program's name; by default that of the process.
    """
    if any(find_spec(library) is None for library in _LIBRARIES):
        sys.stderr.write('The command skytells needs an extra: pip install "skytells[cli]"\n')
        sys.exit(2)
    from .app import app

    app(arguments, prog_name="skytells")
