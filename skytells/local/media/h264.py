"""H.264 without compression (ITU-T H.264): what any player decodes and a page of Python encodes.

A picture is a grid of blocks of 16 by 16 pixels. A block is either sent as plain samples (I_PCM) or,
after the first picture, skipped: it stays as it was. So a film in which little moves is small.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

BLOCK: Final = 16
"""The side of a block in pixels."""

_CODED: Final = 25
"""The type of a block of plain samples in a key frame."""

_ZEROS: Final = re.compile(rb"\0\0(?=[\0-\3])")


class Bits:
    """Bits in the order in which H.264 writes them."""

    def __init__(self) -> None:
        self._done = bytearray()
        self._value = 0
        self._width = 0

    def put(self, value: int, width: int = 1) -> Bits:
        """Add a number of a fixed width."""
        self._value = self._value << width | value
        self._width += width
        return self

    def golomb(self, *values: int) -> Bits:
        """Add numbers that take the less room the smaller they are (Exp-Golomb)."""
        for value in values:
            self.put(value + 1, 2 * (value + 1).bit_length() - 1)
        return self

    def samples(self, content: bytes) -> None:
        """Add whole bytes, after zeros up to the next byte."""
        self._align()
        self._done += content

    def unit(self, kind: int) -> bytes:
        """All of it as a unit of a kind, with what would look like a start code broken up."""
        self.put(1)._align()
        return _ZEROS.sub(b"\0\0\3", bytes([kind]) + bytes(self._done))

    def _align(self) -> None:
        self.put(0, -self._width % 8)
        self._done += self._value.to_bytes(self._width // 8, "big")
        self._value = self._width = 0


def blocks(pixels: int) -> int:
    """How many blocks cover so many pixels."""
    return -(-pixels // BLOCK)


def sequence(width: int, height: int) -> bytes:
    """The sequence parameter set, constrained baseline profile, level 4; both sides are even."""
    across, down = blocks(width), blocks(height)
    bits = Bits().put(66, 8).put(0xC0, 8).put(40, 8)
    # Parameter set 0, frame numbers of 16 bits, shown in the order they come, one reference.
    bits.golomb(0, 12, 2, 1).put(0).golomb(across - 1, down - 1)
    # Frames, not fields; then the crop, counted in pairs of pixels; no more about the colours.
    bits.put(0b111, 3).golomb(0, (across * BLOCK - width) // 2, 0, (down * BLOCK - height) // 2)
    return bits.put(0).unit(0x67)


def picture() -> bytes:
    """The picture parameter set: variable-length codes, and slices may turn deblocking off."""
    bits = Bits().golomb(0, 0).put(0, 2).golomb(0, 0, 0).put(0, 3).golomb(0, 0, 0)
    return bits.put(0b100, 3).unit(0x68)


def key_frame(content: list[bytes]) -> bytes:
    """A picture that stands alone.

    Arguments:
        content: the samples of every block, row by row.
    """
    bits = Bits().golomb(0, 7, 0).put(0, 16).golomb(0).put(0, 2).golomb(0, 1)
    for samples in content:
        bits.golomb(_CODED).samples(samples)
    return bits.unit(0x65)


def next_frame(number: int, total: int, changed: Mapping[int, bytes]) -> bytes:
    """A picture that differs from the one before.

    Arguments:
        number: its place in the film, counted from 0.
        total: how many blocks a picture has.
        changed: the samples of the blocks that differ, by their place.
    """
    bits = Bits().golomb(0, 5, 0).put(number % 65_536, 16).put(0, 3).golomb(0, 1)
    reached = 0
    for place in sorted(changed):
        bits.golomb(place - reached, _CODED + 5).samples(changed[place])
        reached = place + 1
    if reached < total:
        bits.golomb(total - reached)
    return bits.unit(0x61)
