"""Films: a picture, and below it a clock and a bar that move; MP4 with H.264, so players take it.

Pillow encodes no format that a `<video>` element plays, and animated pictures would break the pages
of those who develop against this platform. A film in which only clock and bar move needs no
compression, and an encoder without any is short (`h264.py`).
"""

from __future__ import annotations

from typing import Final

from PIL import Image, ImageDraw

from . import h264, mp4
from .drawing import font, poster
from .recipes import CLOCK_BLOCKS, Film

_BACK: Final = (17, 20, 28)
_TRACK: Final = (60, 66, 80)
_BAR: Final = (255, 196, 61)


def film(recipe: Film) -> bytes:
    """An MP4 of the recipe's size in bytes."""
    return _Reel(recipe).film()


class _Reel:
    def __init__(self, recipe: Film) -> None:
        self._recipe = recipe
        self._width, self._height = recipe.picture.width, recipe.picture.height
        self._across, self._down = h264.blocks(self._width), h264.blocks(self._height)
        # The first of the two rows of blocks, wholly visible, in which something moves.
        self._strip = self._height // h264.BLOCK - 2

    def film(self) -> bytes:
        fps, total = self._recipe.fps, self._across * self._down
        frames = [
            h264.key_frame(_blocks(self._first())),
            *(h264.next_frame(n, total, self._changed(n)) for n in range(1, self._recipe.frames)),
        ]
        sps, pps = h264.sequence(self._width, self._height), h264.picture()
        track = mp4.Track(self._width, self._height, fps, sps, pps, frames)
        return mp4.mp4(track, size=self._recipe.size)

    def _first(self) -> Image.Image:
        side = h264.BLOCK
        image = Image.new("RGB", (self._across * side, self._down * side), _BACK)
        top = self._strip * side
        image.paste(poster(self._recipe.picture, self._width, top).convert("RGB"))
        image.paste(self._clock(0), (0, top))
        image.paste(self._bar(0), (0, top + side))
        return image

    def _changed(self, number: int) -> dict[int, bytes]:
        """The blocks of a frame that differ from the frame before, by their place."""
        row, changed = self._strip * self._across, dict[int, bytes]()
        if self._time(number) != self._time(number - 1):
            changed.update(enumerate(_blocks(self._clock(number)), row))
        side, below = h264.BLOCK, row + self._across
        first, last = (min(self._tip(n) // side, self._across - 1) for n in (number - 1, number))
        moved = self._bar(number).crop((first * side, 0, (last + 1) * side, side))
        changed.update(enumerate(_blocks(moved), below + first))
        return changed

    def _time(self, number: int) -> str:
        minutes, tenths = divmod(10 * number // self._recipe.fps, 600)
        return f"{minutes:02}:{tenths // 10:02}.{tenths % 10}"

    def _tip(self, number: int) -> int:
        return round(self._width * (number + 1) / self._recipe.frames)

    def _clock(self, number: int) -> Image.Image:
        image = Image.new("RGB", (CLOCK_BLOCKS * h264.BLOCK, h264.BLOCK), _BACK)
        ImageDraw.Draw(image).text((6, 1), self._time(number), font=font(13))
        return image

    def _bar(self, number: int) -> Image.Image:
        image = Image.new("RGB", (self._across * h264.BLOCK, h264.BLOCK), _BACK)
        draw = ImageDraw.Draw(image)
        draw.rectangle((0, 4, self._width, 11), fill=_TRACK)
        draw.rectangle((0, 4, self._tip(number), 11), fill=_BAR)
        return image


def _blocks(image: Image.Image) -> list[bytes]:
    """The samples of a picture, block by block; its sides are whole blocks."""
    light, blue, red = image.convert("YCbCr").split()
    planes = [(Image.eval(light, _light), h264.BLOCK)]
    planes += [(Image.eval(colour.reduce(2), _colour), 8) for colour in (blue, red)]
    parts = [_tiles(plane, side) for plane, side in planes]
    return [b"".join(block) for block in zip(*parts, strict=True)]


def _light(value: int) -> int:
    # Films keep to a part of the range of a byte; 0, which would need escapes, is outside.
    return 16 + value * 219 // 255


def _colour(value: int) -> int:
    return 16 + value * 224 // 255


def _tiles(plane: Image.Image, side: int) -> list[bytes]:
    content, width = plane.tobytes(), plane.width
    corners = [
        row * width + column
        for row in range(0, plane.height, side)
        for column in range(0, width, side)
    ]
    return [
        b"".join(content[at : at + side] for at in range(corner, corner + side * width, width))
        for corner in corners
    ]
