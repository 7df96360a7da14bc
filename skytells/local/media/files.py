"""Assets: what each is called, its type and size at once; its bytes when somebody asks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from . import parameters as ask
from .film import Film
from .picture import Picture
from .sound import AudioFormat, Tune

Recipe: TypeAlias = Picture | Film | Tune
"""What is to be made, and how many bytes it will have; equal ones make equal bytes."""

LARGEST: Final = 2048
"""The longest side of a picture in pixels."""

LONGEST_SOUND: Final = 60.0
"""The longest sound in seconds."""

_MEDIA_TYPES: Final[Mapping[AudioFormat, str]] = {
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}


@dataclass(frozen=True)
class File:
    """An asset of a prediction.

    Arguments:
        name: the last part of its URL.
        media_type: such as `image/png`.
        recipe: how it is made.
    """

    name: str
    media_type: str
    recipe: Recipe

    @property
    def size(self) -> int:
        """How many bytes it has; known without making them."""
        return self.recipe.size

    @property
    def etag(self) -> str:
        """What tells it from every other asset, in HTTP's spelling."""
        return f'"{hashlib.sha256(ascii(self.recipe).encode("ascii")).hexdigest()[:32]}"'

    @property
    def content(self) -> bytes:
        """Its bytes; those of the last few assets are remembered."""
        return _content(self.recipe)


def files(kind: str, slug: str, asked: ask.Asked) -> tuple[File, ...]:
    """The assets that a model makes of an input; none if it answers in words.

    Arguments:
        kind: the type of the model.
        slug: its name.
        asked: the input.

    Example:
        >>> [file] = files("image", "flux-pro", {"prompt": "a fox", "width": 64, "height": 64})
        >>> file.name, file.media_type, file.size
        ('0.png', 'image/png', 9216)
    """
    match kind:
        case "image":
            total = ask.count(asked)
            return tuple(_image(slug, asked, place, total) for place in range(total))
        case "video":
            return (File("0.mp4", "video/mp4", Film(ask.chance(slug, asked))),)
        case "audio" | "music":
            return (_audio(slug, asked),)
        case _:
            return ()


def _image(slug: str, asked: ask.Asked, place: int, total: int) -> File:
    width, height = ask.size(asked, cap=LARGEST)
    which = f", {place + 1} of {total}" if total > 1 else ""
    seed = ask.seed(asked)
    note = f"{slug}, {'no seed' if seed is None else f'seed {seed}'}{which}"
    chance = ask.chance(slug, asked, which)
    picture = Picture(chance, ask.prompt(asked), note, width, height)
    return File(f"{place}.png", "image/png", picture)


def _audio(slug: str, asked: ask.Asked) -> File:
    form = ask.audio_format(asked)
    seconds = ask.seconds(asked, usual=8, cap=LONGEST_SOUND)
    tune = Tune(ask.chance(slug, asked), ask.sample_rate(asked), seconds, form)
    return File(f"0.{form}", _MEDIA_TYPES[form], tune)


@lru_cache(maxsize=8)
def _content(recipe: Recipe) -> bytes:
    return recipe.make()
