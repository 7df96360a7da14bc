"""Drawing: a gradient in colours that chance decides, and on it some words (Pillow).

A picture has 128 shades for the gradient and 128 for the letters, so it stays small.
"""

from __future__ import annotations

import colorsys
import io
import struct
import textwrap
import unicodedata
import zlib
from collections.abc import Mapping
from random import Random
from typing import Final

from PIL import Image, ImageDraw, ImageFont, ImageOps
from PIL.PngImagePlugin import PngInfo

_BANDS: Final = 32
_PAPER: Final = (17, 20, 28)
_SMALLEST_FONT: Final = 8
_SMALLEST_SIDE: Final = 40
_DRAWN: Final = 500
"""How many characters are drawn; the notes inside the file hold more."""

_NOTED: Final = 1000
_END: Final = 12
"""The bytes of the chunk that ends a PNG."""


def drawn(chance: str, text: str, width: int, height: int) -> Image.Image:
    """A picture with a text in its middle, where there is room for one."""
    dice = Random(chance)
    hills = Image.frombytes("L", (4, 4), bytes(dice.randrange(128) for _ in range(16)))
    broad = ImageOps.fit(hills, (width, height), Image.Resampling.BICUBIC)
    image = Image.eval(broad, _band)
    if min(width, height) >= _SMALLEST_SIDE:
        label = _label(text, round(width * 0.86), round(height * 0.8))
        image.paste(label, ((width - label.width) // 2, (height - label.height) // 2))
    image.putpalette(_palette(dice))
    return image


def png(image: Image.Image, notes: Mapping[str, str], size: int) -> bytes:
    """A PNG with texts inside, filled up to a size in bytes."""
    info, out = PngInfo(), io.BytesIO()
    for name, text in notes.items():
        info.add_itxt(name, text.encode("utf-8", "replace").decode().replace("\0", " ")[:_NOTED])
    image.save(out, "PNG", compress_level=6, pnginfo=info)
    content = out.getvalue()
    filler = bytes(size - len(content) - _END)
    check = zlib.crc32(filler, zlib.crc32(b"fiLl"))
    chunk = struct.pack(">I4s", len(filler), b"fiLl") + filler + struct.pack(">I", check)
    return content[:-_END] + chunk + content[-_END:]


def _band(shade: int) -> int:
    """One of a few shades, as on a map."""
    step = 128 // _BANDS
    return min(shade, 127) // step * step


def _palette(dice: Random) -> list[int]:
    """The colours: two hues for shades 0 to 127, paper to white for 128 to 255."""
    hue, turn = dice.random(), dice.uniform(0.08, 0.3)
    hills = [
        colorsys.hls_to_rgb((hue + turn * part) % 1.0, 0.25 + 0.4 * part, 0.55)
        for part in (shade / 127 for shade in range(128))
    ]
    letters = [
        round(paper + (255 - paper) * shade / 127) for shade in range(128) for paper in _PAPER
    ]
    return [round(255 * value) for colour in hills for value in colour] + letters


def _label(text: str, width: int, height: int) -> Image.Image:
    """A text on paper, in shades 128 to 255; at most as large as said, so it may be cut."""
    pixels = min(width, height) / 7
    lines = _lines(text, pixels, width)
    while pixels > _SMALLEST_FONT and 1.4 * pixels * (len(lines) + 1) > height:
        pixels *= 0.85
        lines = _lines(text, pixels, width)
    margin = round(pixels)
    label = Image.new("L", (width, min(height, round(1.4 * pixels * len(lines)) + margin)))
    font = ImageFont.load_default(max(pixels, _SMALLEST_FONT))
    for row, line in enumerate(lines):
        ImageDraw.Draw(label).text((margin, margin // 2 + 1.4 * pixels * row), line, 255, font)
    return Image.eval(label, lambda shade: 128 + shade // 2)


def _lines(text: str, pixels: float, width: int) -> list[str]:
    """A text in lines that are about so wide in letters so high."""
    columns = max(1, int(width / (0.6 * pixels)) - 2)
    return [line for part in _plain(text).split("\n") for line in textwrap.wrap(part, columns)]


def _plain(text: str) -> str:
    """What the font has letters for: accents fall away, other scripts become question marks."""
    letters = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return plain[:_DRAWN].encode("ascii", "replace").decode("ascii")
