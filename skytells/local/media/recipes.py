"""Recipes: values that say what to make, how large it will be, and how; equal ones make equal bytes.

Pillow is imported when the first picture is drawn, so that a platform starts without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final, Protocol

from . import h264, mp4, sound

CLOCK_BLOCKS: Final = 4
"""How many blocks the clock of a film takes."""

_SAMPLES: Final = 384
"""The bytes of a block of a film: brightness of 16 by 16 pixels, two colours of 8 by 8."""


class Recipe(Protocol):
    """How to make an asset."""

    def __hash__(self) -> int: ...

    @property
    def size(self) -> int:
        """How many bytes it makes."""
        ...

    def make(self) -> bytes:
        """Make them."""
        ...


@dataclass(frozen=True)
class Picture:
    """A PNG with words on it.

    Arguments:
        chance: decides the colours.
        prompt: written in large letters.
        note: written in small ones below.
        width: in pixels.
        height: in pixels.
    """

    chance: str
    prompt: str
    note: str
    width: int
    height: int

    @property
    def size(self) -> int:
        """More than any drawing of these sides takes; the file is filled up to it."""
        return 8192 + self.width * self.height // 4

    def make(self) -> bytes:
        """Draw it."""
        from .drawing import png

        return png(self)


@dataclass(frozen=True)
class Film:
    """An MP4: a picture, and below it a clock and a bar that move.

    Arguments:
        picture: what doesn't move. Its sides are those of the film, and even.
        fps: frames per second.
        frames: how many frames.
    """

    picture: Picture
    fps: int
    frames: int

    @property
    def size(self) -> int:
        """All blocks of the first frame, and the most that can change after it."""
        across, down = h264.blocks(self.picture.width), h264.blocks(self.picture.height)
        clocks = min(self.frames, 10 * self.frames // self.fps + 1)
        blocks = across * down + CLOCK_BLOCKS * clocks + self.frames + across
        return blocks * (_SAMPLES + 8) + 32 * self.frames + mp4.overhead(self.frames)

    def make(self) -> bytes:
        """Draw and encode it."""
        from .film import film

        return film(self)


@dataclass(frozen=True)
class Tune:
    """A WAV with a melody.

    Arguments:
        chance: decides key and melody.
        rate: samples per second.
        frames: how many samples.
    """

    chance: str
    rate: int
    frames: int

    @property
    def size(self) -> int:
        """The header and two bytes a sample."""
        return sound.wav_size(self.frames)

    def make(self) -> bytes:
        """Play it."""
        return sound.tune(Random(self.chance), rate=self.rate, frames=self.frames)
