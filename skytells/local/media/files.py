"""Assets: their names, types and sizes are known at once; their bytes are generated when read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from .film import Film
from .parameters import (
    Input,
    audio_format,
    count,
    prompt,
    random_seed,
    sample_rate,
    seconds,
    seed,
    size,
)
from .picture import Picture
from .sound import AudioFormat, Tune

Source: TypeAlias = Picture | Film | Tune
"""What generates the bytes of an asset; equal sources generate equal bytes."""

MAX_SIDE: Final = 2048
"""The longest side of a picture in pixels."""

MAX_SECONDS: Final = 60.0
"""The longest sound in seconds."""

_MEDIA_TYPES: Final[Mapping[AudioFormat, str]] = {
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}


@dataclass(frozen=True)
class File:
    """An asset of a prediction.

    Args:
        name: The last part of its URL.
        media_type: Such as `image/png`.
        source: Generates its bytes.
    """

    name: str
    media_type: str
    source: Source

    @property
    def size(self) -> int:
        """Its size in bytes, known without generating them."""
        return self.source.size

    @property
    def etag(self) -> str:
        """Its entity tag."""
        return f'"{hashlib.sha256(ascii(self.source).encode("ascii")).hexdigest()[:32]}"'

    @property
    def content(self) -> bytes:
        """Its bytes; those of the last few assets are cached."""
        return _content(self.source)


def generate_files(kind: str, slug: str, given: Input) -> tuple[File, ...]:
    """The assets that a model makes; none if it makes text.

    Args:
        kind: The type of the model.
        slug: Its slug.
        given: The input.

    Example:
        >>> [file] = generate_files("image", "flux-pro", {"prompt": "a fox", "width": 64, "height": 64})
        >>> file.name, file.media_type, file.size
        ('0.png', 'image/png', 9216)
    """
    match kind:
        case "image":
            total = count(given)
            return tuple(_image(slug, given, place, total) for place in range(total))
        case "video":
            return (File("0.mp4", "video/mp4", Film(random_seed(slug, given))),)
        case "audio" | "music":
            return (_audio(slug, given),)
        case _:
            return ()


def _image(slug: str, given: Input, place: int, total: int) -> File:
    width, height = size(given, cap=MAX_SIDE)
    position = f", {place + 1} of {total}" if total > 1 else ""
    note = f"{slug}, {'no seed' if seed(given) is None else f'seed {seed(given)}'}{position}"
    picture = Picture(random_seed(slug, given, position), prompt(given), note, width, height)
    return File(f"{place}.png", "image/png", picture)


def _audio(slug: str, given: Input) -> File:
    kind, duration = audio_format(given), seconds(given, default=8, cap=MAX_SECONDS)
    tune = Tune(random_seed(slug, given), sample_rate(given), duration, kind)
    return File(f"0.{kind}", _MEDIA_TYPES[kind], tune)


@lru_cache(maxsize=8)
def _content(source: Source) -> bytes:
    return source.generate()
