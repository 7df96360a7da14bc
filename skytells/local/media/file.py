"""Assets: what each is called, its type and size at once; its bytes when somebody asks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from . import asked as ask
from .recipes import Film, Picture, Recipe, Tune

LARGEST: Final = 2048
"""The longest side of a picture in pixels."""

LARGEST_FILM: Final = 480
"""The longest side of a film in pixels."""

LONGEST_FILM: Final = 30.0
"""The longest film in seconds."""

LONGEST_SOUND: Final = 60.0
"""The longest sound in seconds."""

_SMALLEST_FILM: Final = 64


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
            return (_video(slug, asked),)
        case "audio" | "music":
            return (_audio(slug, asked),)
        case _:
            return ()


def _image(slug: str, asked: ask.Asked, place: int, total: int) -> File:
    width, height = ask.size(asked, cap=LARGEST)
    which = f", {place + 1} of {total}" if total > 1 else ""
    recipe = _picture(slug, asked, width, height, which)
    return File(f"{place}.png", "image/png", recipe)


def _video(slug: str, asked: ask.Asked) -> File:
    sides = ask.size(asked, cap=LARGEST_FILM, ratio=(16, 9))
    width, height = (max(side // 2 * 2, _SMALLEST_FILM) for side in sides)
    fps = ask.fps(asked)
    frames = max(1, round(fps * ask.seconds(asked, usual=5, cap=LONGEST_FILM)))
    return File("0.mp4", "video/mp4", Film(_picture(slug, asked, width, height), fps, frames))


def _audio(slug: str, asked: ask.Asked) -> File:
    rate = ask.sample_rate(asked)
    frames = round(rate * ask.seconds(asked, usual=8, cap=LONGEST_SOUND))
    return File("0.wav", "audio/wav", Tune(ask.chance(slug, asked), rate, frames))


def _picture(slug: str, asked: ask.Asked, width: int, height: int, which: str = "") -> Picture:
    seed = ask.seed(asked)
    note = f"{slug}, {'no seed' if seed is None else f'seed {seed}'}{which}"
    return Picture(ask.chance(slug, asked, which), ask.prompt(asked), note, width, height)


@lru_cache(maxsize=8)
def _content(recipe: Recipe) -> bytes:
    return recipe.make()
