"""What the command prints: results on stdout, everything else on stderr."""

import json
import re
import sys
from collections.abc import Sequence
from typing import Any, Final

import typer

# A server's text must not move a terminal's cursor or change its title.
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def result(text: str) -> None:
    """Print a result as it is; in a terminal, without control characters."""
    if sys.stdout.isatty():
        text = _CONTROLS.sub("�", text)
    _print(_carried(text))


def note(text: str) -> None:
    """Print a message."""
    typer.echo(_CONTROLS.sub("�", text), err=True)


def document(value: Any, *, one_line: bool = False) -> None:
    """Print JSON: in the characters of its texts if stdout can carry them, else in ASCII."""
    indent = None if one_line else 2
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        text = json.dumps(value, indent=indent)
    _print(text)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table: aligned in a terminal; tab-separated and without a head for other programs."""
    cells = [["" if value is None else _CONTROLS.sub("�", str(value)) for value in r] for r in rows]
    if sys.stdout.isatty():
        _aligned(columns, cells)
        return
    for row in cells:
        result("\t".join(" ".join(cell.split()) for cell in row))


def _aligned(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    aligned = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        aligned.add_column(column, overflow="fold")
    for row in rows:
        aligned.add_row(*map(Text, row))
    Console().print(aligned)


def _print(text: str) -> None:
    # Not by typer, which takes colours out of what a program is to read.
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _carried(text: str) -> str:
    encoding = sys.stdout.encoding
    return text.encode(encoding, "backslashreplace").decode(encoding)
