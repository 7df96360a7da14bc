"""Files among a model's inputs: a path, bytes or an open file travels as a data URI.

A string is never taken for a path, whatever it looks like.
"""

from __future__ import annotations

import base64
import inspect
import io
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeGuard

from ..errors import InvalidRequestError
from .arrays import encoded
from .checks import PLAIN, is_array, is_file, is_mapping, is_picture
from .json import has_input_form
from .schema import properties, takes_audio, takes_uri

MAX_FILE: Final = 10 * 1024 * 1024
"""Bytes that a file inside a request may have."""

PLACEHOLDER: Final = "data:,"
"""What stands for a file that is not read yet: a URI, as the file will be."""

Steps: TypeAlias = tuple[str | int, ...]
_ROOT: Final[Steps] = ("input",)


def filled(value: object, fill: Callable[[Any, Steps], object], steps: Steps = ()) -> Any:
    """A copy of an input with each file replaced by what `fill` makes of it and its place."""
    try:
        return _filled(value, fill, steps)
    except RecursionError:
        where = path_of(steps) or "The input"
        raise InvalidRequestError.of(
            f"{where} refers to itself or is nested too deeply. Give what JSON can carry."
        ) from None


def _filled(value: Any, fill: Callable[[Any, Steps], object], steps: Steps) -> Any:
    if isinstance(value, PLAIN):
        return value
    if has_input_form(value):
        return value.__skytells_input__()
    if is_mapping(value):
        return {key: _filled(item, fill, (*steps, key)) for key, item in value.items()}
    if is_array(value):
        return [_filled(item, fill, (*steps, place)) for place, item in enumerate(value)]
    return fill(value, steps) if is_file(value) else value


def without_files(input: Mapping[str, Any]) -> dict[str, Any]:
    """An input with something in place of each file."""
    copy: dict[str, Any] = filled(input, _placeholder)
    return copy


def _placeholder(_: object, __: Steps) -> str:
    return PLACEHOLDER


def check_files(input: Mapping[str, Any]) -> None:
    """Refuse files that cannot be sent, as far as that can be seen without reading them."""
    filled(input, _check, _ROOT)


def check_places(input: Mapping[str, Any], schema: Mapping[str, Any], name: str) -> None:
    """Refuse files where the model's schema takes no URI, and name the fields where it does."""
    misplaced = list[str]()

    def look(_: object, steps: Steps) -> None:
        if not takes_uri(schema, schema, steps[1:]):
            misplaced.append(path_of(steps))

    filled(input, look, _ROOT)
    if misplaced:
        fields = [
            field
            for field, part in properties(schema).items()
            if takes_uri(part, schema, ()) or takes_uri(part, schema, (0,))
        ]
        where = f"It takes files in: {', '.join(fields)}." if fields else "It takes no files."
        raise InvalidRequestError.of(
            f"{name} takes no file in {', '.join(misplaced)}. {where} Nothing was sent."
        )


def read_files(input: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """An input with each file as a data URI. This reads them, and so may block."""

    def read(file: Any, steps: Steps) -> str:
        return data_uri(file, steps, audio=takes_audio(schema, steps[1:]))

    copy: dict[str, Any] = filled(input, read, _ROOT)
    return copy


def _check(file: Any, steps: Steps) -> None:
    where = path_of(steps)
    file = _inner(file)
    if is_picture(file):
        return
    if _is_path(file):
        _check_path(Path(file), where)
    elif isinstance(file, io.TextIOBase):
        raise _text(where)
    elif inspect.iscoroutinefunction(getattr(file, "read", None)):
        raise _no_bytes(file, where)
    elif isinstance(file, bytes | bytearray):
        _check_size(len(file), where)


def _inner(file: Any) -> Any:
    """The file inside an upload of Starlette or FastAPI, whose own `read()` has to be awaited."""
    inner = getattr(file, "file", None)
    awaited = inspect.iscoroutinefunction(getattr(file, "read", None))
    return inner if awaited and callable(getattr(inner, "read", None)) else file


def _is_path(file: object) -> TypeGuard[os.PathLike[str]]:
    return isinstance(file, os.PathLike)


def _check_path(path: Path, where: str) -> None:
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        raise _unreadable(where, str(path), error) from None
    if not stat.S_ISREG(found.st_mode):
        raise InvalidRequestError.of(f"{where}: {path} is not a file. Give the path of one.")
    _check_size(found.st_size, where)


def data_uri(file: Any, steps: Steps, *, audio: bool = False) -> str:
    """A file as a data URI; this reads it, and so may block.

    Args:
        file: The file.
        steps: Its place, for messages.
        audio: Whether an array is a sound there, and not a picture.
    """
    _check(file, steps)
    where = path_of(steps)
    name: object = ""
    if isinstance(file, bytes | bytearray):
        data = bytes(file)
    elif is_picture(file):
        data = encoded(file, where, audio=audio)
    elif _is_path(file):
        name, data = str(Path(file)), _read_path(Path(file), where)
    else:
        # Of an upload, `name` is that of the form's field, or of a temporary file.
        name = getattr(file, "filename", None) or getattr(file, "name", "")
        data = _read(_inner(file), where)
    if not data:
        raise InvalidRequestError.of(
            f"{where}: the file is empty. If it was read before, go back with seek(0)."
        )
    _check_size(len(data), where)
    kind = _kind(name if isinstance(name, str) else "", data)
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _read_path(path: Path, where: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(where, str(path), error) from None


def _read(file: Any, where: str) -> bytes:
    """What is left of an open file, up to a little more than may be sent."""
    data = bytearray()
    while len(data) <= MAX_FILE:
        try:
            piece: object = file.read(MAX_FILE + 1 - len(data))
        except (OSError, ValueError) as error:
            raise _unreadable(where, "the file", error) from None
        if isinstance(piece, str):
            raise _text(where)
        if not isinstance(piece, bytes):
            raise _no_bytes(file, where)
        if not piece:
            break
        data += piece
    return bytes(data)


def _check_size(size: int, where: str) -> None:
    if size > MAX_FILE:
        raise InvalidRequestError.of(
            f"{where}: the file is larger than {MAX_FILE // 1024**2} MiB, too large for a request. "
            "Host it, and give its URL instead."
        )


def _text(where: str) -> InvalidRequestError:
    return InvalidRequestError.of(f"{where}: the file is open as text. Open it with mode 'rb'.")


def _no_bytes(file: object, where: str) -> InvalidRequestError:
    return InvalidRequestError.of(
        f"{where}: read() of the {type(file).__name__} gives no bytes. Read it yourself, and give "
        "the bytes."
    )


def _unreadable(where: str, what: str, error: Exception) -> InvalidRequestError:
    reason = getattr(error, "strerror", None) or str(error)
    return InvalidRequestError.of(f"{where}: {what} cannot be read: {reason}. Check the path.")


def path_of(steps: Steps) -> str:
    """Where something is, as `messages[0].content`."""
    path = "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in steps)
    return path.removeprefix(".")


_MAGIC: Final = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"%PDF-", "application/pdf"),
)


def _kind(name: str, data: bytes) -> str:
    """The media type, by the file's name, else by how it begins."""
    import mimetypes  # here: it reads the system's tables

    named, packed = mimetypes.guess_type(name)
    if named is not None and packed is None:
        return named
    found = (kind for place, magic, kind in _MAGIC if data[place:].startswith(magic))
    return next(found, "application/octet-stream")
