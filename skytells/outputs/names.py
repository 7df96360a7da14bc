"""What outputs are called on disk: names that stay in their folder, on any system."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import PurePath
from typing import Final

from ..types.outputs import KINDS

LONGEST: Final = 110

_SUFFIX: Final = re.compile(r"\.[A-Za-z0-9]{1,10}$")
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)
_SUFFIXES: Final = {kind: suffix for suffix, kind in reversed(KINDS.items())} | {
    "audio/x-wav": ".wav",
    "audio/mp3": ".mp3",
    "image/jpg": ".jpg",
}


def safe_name(name: str) -> str:
    """A name as it may stand in a folder: ASCII letters, digits, and `._- `; empty if none are left.

    It holds no separator, begins with no dot or dash, ends with no dot or space, is none that
    Windows keeps for devices, and has at most 110 characters, its suffix kept.

    >>> safe_name("../../etc/pässwd"), safe_name("nul.txt"), safe_name(".png")
    ('etc_passwd', '_nul.txt', 'output.png')
    """
    plain = unicodedata.normalize("NFKD", name[:1000]).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9._ -]+", "_", plain).rstrip(". ")
    found = _SUFFIX.search(plain)
    suffix = found[0] if found else ""
    stem = plain.removesuffix(suffix).lstrip("._- ")
    if not stem:
        return f"output{suffix}" if suffix.lower() in KINDS else ""
    if _RESERVED.match(stem):
        stem = f"_{stem}"
    return stem[: LONGEST - len(suffix)].rstrip(". ") + suffix


def suffix_for(kind: str | None) -> str:
    """The suffix for a media type, where it is known."""
    return _SUFFIXES.get((kind or "").partition(";")[0].strip().lower(), "")


def distinct(names: list[str]) -> list[str]:
    """The same names, each once, in whatever case: the second `a.png` is `a-2.png`."""
    taken: set[str] = set()
    chosen: list[str] = []
    for name in names:
        free = next(n for n in numbered(name) if n.lower() not in taken)
        taken.add(free.lower())
        chosen.append(free)
    return chosen


def numbered(name: str) -> Iterator[str]:
    """A name, and what stands for it where it is taken: `a.png`, `a-2.png`, `a-3.png` …"""
    path, number = PurePath(name), 1
    while True:
        yield name if number == 1 else f"{path.stem}-{number}{path.suffix}"
        number += 1
