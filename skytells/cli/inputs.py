"""What a model is given on the command line: texts, JSON and files."""

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

import typer

from .._data.checks import as_object
from .._data.files import MAX_FILE


def read_input(file: typer.FileText | None, pairs: list[str]) -> dict[str, Any]:
    """The model's input: a file's object, and the pairs of the command line over it."""
    return _file(file) | _pairs(pairs)


def _file(file: typer.FileText | None) -> dict[str, Any]:
    if file is None:
        return {}
    text = file.read()
    if not text.strip():
        raise typer.BadParameter(f"--input-file {file.name} is empty.")
    try:
        value = as_object(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"--input-file is not JSON: {error}") from None
    if value is None:
        raise typer.BadParameter('--input-file must hold a JSON object, such as {"prompt": "…"}.')
    return value


def _pairs(pairs: list[str]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    lists: dict[str, list[Any]] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        strict, key = key.endswith(":"), key.removesuffix(":")
        one_of_many, key = key.endswith("[]"), key.removesuffix("[]")
        if not equals or not key:
            raise typer.BadParameter(f"--input {pair!r} is not KEY=VALUE.")
        if key in read or (key in lists and not one_of_many):
            raise typer.BadParameter(
                f"--input {key} is given twice; a list is '{key}[]=…' for each, or {key}:='[…]'."
            )
        value = _value(text, key, strict=strict)
        if one_of_many:
            lists.setdefault(key, []).append(value)
        else:
            read[key] = value
    return read | lists


def _value(text: str, key: str, *, strict: bool) -> Any:
    if text.startswith("@") and not strict:
        return _at(text[1:], key)
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        if strict:
            raise typer.BadParameter(f"--input {key}:= is not JSON: {error}") from None
        return text


def _at(name: str, key: str) -> Path | bytes:
    """The file of that name, `-` for stdin; the client reads it, and checks where it goes."""
    if name == "-":
        # One more than a file may have, by which the client sees that it is too large.
        data = sys.stdin.buffer.read(MAX_FILE + 1)
        if not data:
            raise typer.BadParameter(f"--input {key}=@-: stdin is empty, or was read before.")
        return data
    path = Path(os.path.expanduser(name))  # noqa: PTH111  # Path's own raises where nobody is home
    if not name or not path.exists():
        written = shlex.quote(f"{key}:={json.dumps(f'@{name}', ensure_ascii=False)}")
        raise typer.BadParameter(
            f"--input {key}=@{name}: there is no such file. A text that begins with @ is written "
            f"as JSON: -i {written}"
        )
    return path


def _refuse(name: str) -> Any:
    # Python reads NaN and Infinity, but they are not JSON.
    raise ValueError(f"{name} is not JSON")
