"""Pictures: a gradient in the seed's colours, and on it in words what was asked for (Pillow).

A picture has 128 shades for the gradient and 128 for the letters, so it stays small. It is filled up
to a size that follows from its sides alone: the platform tells the size before it draws.
"""

from __future__ import annotations

import colorsys
import io
import struct
import unicodedata
import zlib
from collections.abc import Iterator
from random import Random
from typing import Final, TypeAlias

from PIL import Image, ImageDraw, ImageFont, ImageOps
from PIL.PngImagePlugin import PngInfo

from .recipes import Picture

Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont

_BANDS: Final = 32
_PAPER: Final = (17, 20, 28)
_INK: Final = (255, 255, 255)
_SMALLEST_FONT: Final = 8
_SMALLEST_SIDE: Final = 40
_DRAWN: Final = 500
"""How many characters of a prompt are drawn; the notes inside the file hold more."""

_NOTED: Final = 1000
_END: Final = 12
"""The bytes of the chunk that ends a PNG."""

_PLAIN: Final = {ord(fancy): plain for fancy, plain in zip("‘’“”–—«»", '\'\'""--""', strict=True)}


def png(recipe: Picture) -> bytes:
    """A PNG of the recipe's size in bytes, with prompt and note as text inside, too."""
    notes, out = PngInfo(), io.BytesIO()
    notes.add_itxt("Description", _carried(recipe.prompt)[:_NOTED])
    notes.add_itxt("Software", _carried(recipe.note)[:_NOTED])
    drawn = poster(recipe, recipe.width, recipe.height)
    drawn.save(out, "PNG", compress_level=6, pnginfo=notes)
    content = out.getvalue()
    filler = _chunk(b"fiLl", bytes(recipe.size - len(content) - _END))
    return content[:-_END] + filler + content[-_END:]


def poster(recipe: Picture, width: int, height: int) -> Image.Image:
    """A picture of 256 colours with words in its middle, where there is room for them."""
    dice = Random(recipe.chance)
    image = _ground(dice, width, height)
    if min(width, height) >= _SMALLEST_SIDE:
        lettering = _lettering(recipe, round(width * 0.86), round(height * 0.8))
        left, top = (width - lettering.width) // 2, (height - lettering.height) // 2
        image.paste(lettering, (left, top))
    image.putpalette(_palette(dice))
    return image


def font(pixels: float) -> Font:
    """Pillow's own font, which is the same on every machine."""
    return ImageFont.load_default(max(pixels, _SMALLEST_FONT))


def _ground(dice: Random, width: int, height: int) -> Image.Image:
    """Hills in shades 0 to 127, drawn as bands of equal height like those of a map."""
    hills = Image.frombytes("L", (4, 4), bytes(dice.randrange(128) for _ in range(16)))
    broad = ImageOps.fit(hills, (width, height), Image.Resampling.BICUBIC)
    return Image.eval(broad, _band)


def _band(shade: int) -> int:
    step = 128 // _BANDS
    return min(shade, 127) // step * step


def _palette(dice: Random) -> list[int]:
    """The colours: two hues for shades 0 to 127, paper to ink for 128 to 255."""
    hue, turn = dice.random(), dice.uniform(0.08, 0.3)
    hills = [
        colorsys.hls_to_rgb((hue + turn * part) % 1.0, 0.25 + 0.4 * part, 0.55)
        for part in (shade / 127 for shade in range(128))
    ]
    letters = [
        round(paper + (ink - paper) * shade / 127)
        for shade in range(128)
        for paper, ink in zip(_PAPER, _INK, strict=True)
    ]
    return [round(255 * value) for colour in hills for value in colour] + letters


def _lettering(recipe: Picture, width: int, height: int) -> Image.Image:
    """The words on paper, in shades 128 to 255; at most as large as said."""
    side = min(width, height)
    margin, small = max(4, side // 16), font(max(side / 22, min(11, side / 8)))
    note = _wrapped(recipe.note, small, width - 2 * margin)
    room = height - 2 * margin - round(1.3 * _line(small) * len(note))
    large, lines = _fitted(_drawable(recipe.prompt), side / 7, width - 2 * margin, room)
    rows = [(line, large) for line in lines] + [(line, small) for line in note]
    across = max((row_font.getlength(row) for row, row_font in rows), default=0)
    down = sum(round(1.3 * _line(row_font)) for _, row_font in rows)
    paper = Image.new("L", (min(width, round(across) + 2 * margin), down + 2 * margin))
    draw, top = ImageDraw.Draw(paper), margin
    for row, row_font in rows:
        draw.text((margin, top), row, fill=255 if row_font is large else 190, font=row_font)
        top += round(1.3 * _line(row_font))
    shown = paper.crop((0, 0, paper.width, min(height, paper.height)))
    return Image.eval(shown, lambda shade: 128 + shade // 2)


def _fitted(text: str, pixels: float, width: int, height: int) -> tuple[Font, list[str]]:
    """The largest font, and the lines, with which a text fits; cut short if none does."""
    while True:
        tried = font(pixels)
        lines = _wrapped(text, tried, width)
        rows = max(1, int(height / (1.3 * _line(tried))))
        if len(lines) <= rows:
            return tried, lines
        if pixels <= _SMALLEST_FONT:
            return tried, [*lines[: rows - 1], f"{lines[rows - 1][:-3]}..."]
        pixels *= 0.85


def _wrapped(text: str, with_font: Font, width: int) -> list[str]:
    lines, line = list[str](), ""
    for word in _pieces(text, with_font, width):
        longer = f"{line} {word}".strip()
        if with_font.getlength(longer) <= width:
            line = longer
        else:
            lines.append(line)
            line = word
    return [*lines, line] if line else lines


def _pieces(text: str, with_font: Font, width: int) -> Iterator[str]:
    """The words of a text, those that are wider than a line in parts."""
    most = max(1, int(width / with_font.getlength("m")))
    for word in text.split():
        if with_font.getlength(word) <= width:
            yield word
        else:
            yield from (word[start : start + most] for start in range(0, len(word), most))


def _line(of_font: Font) -> float:
    return of_font.getbbox("Ag")[3]


def _drawable(text: str) -> str:
    """What the font has letters for: accents fall away, other scripts become question marks."""
    plain = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    shown = letters.encode("ascii", "replace").decode("ascii")
    return shown if len(shown) <= _DRAWN else f"{shown[:_DRAWN]}..."


def _carried(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")


def _chunk(name: bytes, data: bytes) -> bytes:
    check = zlib.crc32(data, zlib.crc32(name))
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)
