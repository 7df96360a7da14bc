"""Files that are whole or not there: written under a name that nobody looks for, then renamed."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from .._data.checks import shown
from ..errors import InvalidRequestError
from .names import numbered
from .transfer import Piece


@dataclass(frozen=True, slots=True)
class Target:
    """Where outputs are to be kept: a folder, and the name in it, where one is given."""

    folder: Path
    name: str | None

    @classmethod
    def prepare(cls, given: str | os.PathLike[str]) -> Self:
        """Take a path as a folder or a file, and see to it that the folder is there.

        It is a folder if it is one, ends with a slash, or has no suffix.

        Raises:
            InvalidRequestError: It is no path.
            OSError: There is no such folder, and it cannot be made or written to.
        """
        try:
            text = os.fspath(given)
            if not isinstance(text, str) or "\0" in text:  # pyright: ignore[reportUnnecessaryIsInstance]
                raise TypeError
        except TypeError:
            raise InvalidRequestError.of(
                f"Outputs are kept at a path, such as 'outputs/' or 'cat.png'; not {shown(given)}."
            ) from None
        path = Path(text)
        separators = tuple(filter(None, (os.sep, os.altsep)))
        if path.is_dir() or not path.suffix or text.endswith(separators):
            folder, name = path, None
        else:
            folder, name = path.parent, path.name
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(f"{folder} cannot be written to")
        return cls(folder, name)


class Names:
    """The names in a folder that the outputs of one prediction are given, no name twice.

    Args:
        folder: Where the outputs are kept.
        overwrite: Whether what was there before has to make way.
    """

    def __init__(self, folder: Path, *, overwrite: bool) -> None:
        self.folder: Path = folder
        self._overwrite = overwrite
        self._given: set[str] = set()
        self._lock = threading.Lock()

    def give(self, part: Path, name: str) -> Path:
        """Move a file to its name, or to the first of its numbered forms that it may have."""
        with self._lock:
            # In lower case: to some file systems `A.png` and `a.png` are one.
            free = (each for each in numbered(name) if each.lower() not in self._given)
            path = next(p for each in free if self._moved(part, p := self.folder / each))
            self._given.add(path.name.lower())
            return path

    def _moved(self, part: Path, path: Path) -> bool:
        if not self._overwrite:
            return _moved(part, path)
        part.replace(path)
        return True


class PartialFile:
    """A file on its way to its name.

    A task that is cancelled leaves its thread running: what that does, and the clearing up, take
    turns, and nothing is begun after it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / f".skytells-{secrets.token_hex(8)}.part"
        self._file: BinaryIO | None = None
        self._discarded = False
        self._turns = threading.Lock()

    def write(self, piece: Piece) -> None:
        """Put a piece where it belongs; what was there from its place on is gone."""
        with self._turn() as file:
            if piece.offset != file.tell():
                file.seek(piece.offset)
                file.truncate()
            file.writelines(piece.chunks)

    def settle(self, names: Names, name: str) -> Path:
        """Give the file its name, or the first of `name-2`, `name-3` … that it may have."""
        with self._turn() as file:
            file.flush()
            os.fsync(file.fileno())
            file.close()
            settled = names.give(self._path, name)
        _sync_folder(self._folder)
        return settled

    def discard(self) -> None:
        """Leave nothing behind, whatever has been done."""
        with self._turns:
            self._discarded = True
            with suppress(OSError):
                if self._file is not None:
                    self._file.close()
            with suppress(OSError):
                self._path.unlink(missing_ok=True)

    @contextmanager
    def _turn(self) -> Generator[BinaryIO]:
        with self._turns:
            if self._discarded:
                raise InterruptedError("given up")
            if self._file is None:
                # "x": nothing that is there, a link least of all, is written through.
                self._file = self._path.open("xb")
            yield self._file


def _moved(part: Path, path: Path) -> bool:
    """Move a file to a name that is free, at one blow; false if it is not."""
    try:
        os.link(part, path)
    except FileExistsError:
        return False
    except OSError:
        # A file system without links: the name is taken first.
        try:
            path.open("xb").close()
        except FileExistsError:
            return False
        part.replace(path)
        return True
    part.unlink()
    return True


def _sync_folder(folder: Path) -> None:
    """Have the name survive a loss of power, where the system knows of that."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
