"""Drawing with Pillow: a gradient in random colours with text on it.

A picture has 128 colours for the gradient and 128 for the text, so that its file is small.
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
_DARK: Final = (17, 20, 28)
_SMALLEST_FONT: Final = 8
_SMALLEST_SIDE: Final = 40
_MAX_DRAWN: Final = 500
_MAX_CHUNK_TEXT: Final = 1000
_END_CHUNK: Final = 12
"""The bytes of the chunk that ends a PNG."""


def draw(random_seed: str, text: str, width: int, height: int) -> Image.Image:
    """A picture with a text in its middle, if there is room for it."""
    random = Random(random_seed)
    spots = Image.frombytes("L", (4, 4), bytes(random.randrange(128) for _ in range(16)))
    gradient = ImageOps.fit(spots, (width, height), Image.Resampling.BICUBIC)
    image = Image.eval(gradient, _band)
    if min(width, height) >= _SMALLEST_SIDE:
        label = _label(text, round(width * 0.86), round(height * 0.8))
        image.paste(label, ((width - label.width) // 2, (height - label.height) // 2))
    image.putpalette(_palette(random))
    return image


def png(image: Image.Image, notes: Mapping[str, str], size: int) -> bytes:
    """A PNG with text chunks, padded to a size in bytes."""
    info, out = PngInfo(), io.BytesIO()
    for name, text in notes.items():
        info.add_itxt(
            name, text.encode("utf-8", "replace").decode().replace("\0", " ")[:_MAX_CHUNK_TEXT]
        )
    image.save(out, "PNG", compress_level=6, pnginfo=info)
    content = out.getvalue()
    padding = bytes(size - len(content) - _END_CHUNK)
    checksum = zlib.crc32(padding, zlib.crc32(b"fiLl"))
    chunk = struct.pack(">I4s", len(padding), b"fiLl") + padding + struct.pack(">I", checksum)
    return content[:-_END_CHUNK] + chunk + content[-_END_CHUNK:]


def _band(shade: int) -> int:
    """Reduce a shade to one of a few, which compress better."""
    step = 128 // _BANDS
    return min(shade, 127) // step * step


def _palette(random: Random) -> list[int]:
    """The colours: two hues for shades 0 to 127, dark to white for 128 to 255."""
    hue, turn = random.random(), random.uniform(0.08, 0.3)
    gradient = [
        colorsys.hls_to_rgb((hue + turn * part) % 1.0, 0.25 + 0.4 * part, 0.55)
        for part in (shade / 127 for shade in range(128))
    ]
    text = [round(dark + (255 - dark) * shade / 127) for shade in range(128) for dark in _DARK]
    return [round(255 * value) for colour in gradient for value in colour] + text


def _label(text: str, width: int, height: int) -> Image.Image:
    """A text on a dark background, in shades 128 to 255, cut to at most this size."""
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
    """A text in lines that fit a width in letters of a height."""
    columns = max(1, int(width / (0.6 * pixels)) - 2)
    return [line for part in _plain(text).split("\n") for line in textwrap.wrap(part, columns)]


def _plain(text: str) -> str:
    """A text in the letters of the font: without accents, other scripts as question marks."""
    letters = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return plain[:_MAX_DRAWN].encode("ascii", "replace").decode("ascii")
