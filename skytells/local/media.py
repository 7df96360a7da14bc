"""What predictions produce: real bytes from the standard library, the same for the same prompt.

Pictures are PNG, moving ones animated PNG, sound is WAV. Each row of a picture is stored as its
difference from the row above, so that a large picture costs little to make and to keep.
"""

from __future__ import annotations

import io
import math
import re
import struct
import wave
import zlib
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any, Final

LONGEST: Final = 256
"""The longer side in pixels of a picture whose size was not asked for."""

CAP: Final = 1024
"""The longest side in pixels; larger pictures are made smaller, keeping their shape."""

_FRAMES: Final = 8
_RATIO: Final = re.compile(r"([1-9][0-9]?):([1-9][0-9]?)")
_RATE: Final = 8000


@dataclass(frozen=True)
class File:
    """An asset: its name, its media type and its bytes."""

    name: str
    media_type: str
    content: bytes


def files(kind: str, asked: Mapping[str, Any]) -> tuple[File, ...]:
    """The assets that a model of a kind makes of an input; none for text."""
    if kind == "image":
        return tuple(_image(asked, place) for place in range(_count(asked)))
    if kind == "video":
        width, height = size(asked, cap=LONGEST)
        return (File("0.apng", "image/apng", animation(_dice(asked, 0), width, height)),)
    if kind in ("audio", "music"):
        return (File("0.wav", "audio/wav", tune(_dice(asked, 0))),)
    return ()


def text(asked: Mapping[str, Any]) -> str:
    """The sentence that a text model answers with."""
    mood = _dice(asked, 0).choice(("plain", "careful", "cheerful", "short"))
    return f"A {mood} answer to: {asked.get('prompt', '')}"


def size(asked: Mapping[str, Any], *, cap: int = CAP) -> tuple[int, int]:
    """Width and height in pixels, as asked for by `width` and `height` or by `aspect_ratio`.

    Example:
        >>> size({"aspect_ratio": "16:9"})
        (256, 144)
    """
    across, down = _positive(asked.get("width")), _positive(asked.get("height"))
    if across and down:
        scale = min(1.0, cap / max(across, down))
    else:
        across, down = _ratio(asked.get("aspect_ratio"))
        scale = LONGEST / max(across, down)
    return max(1, round(across * scale)), max(1, round(down * scale))


def picture(dice: Random, width: int, height: int) -> bytes:
    """A PNG with a gradient of two colours."""
    data = zlib.compress(_rows(dice, width, height, shift=0), 1)
    return _png(width, height, _chunk(b"IDAT", data))


def animation(dice: Random, width: int, height: int) -> bytes:
    """An animated PNG: a gradient that moves to the right."""
    seed = dice.random()
    frames = [
        zlib.compress(_rows(Random(seed), width, height, shift=width * frame // _FRAMES), 1)
        for frame in range(_FRAMES)
    ]
    chunks = [_chunk(b"acTL", struct.pack(">II", _FRAMES, 0))]
    chunks += [_control(0, width, height), _chunk(b"IDAT", frames[0])]
    for number, data in enumerate(frames[1:]):
        chunks.append(_control(2 * number + 1, width, height))
        chunks.append(_chunk(b"fdAT", struct.pack(">I", 2 * number + 2) + data))
    return _png(width, height, *chunks)


def tune(dice: Random, seconds: float = 1.0) -> bytes:
    """A WAV with four notes."""
    length = int(_RATE * seconds / 4)
    notes = [220 * 2 ** (dice.randrange(24) / 12) for _ in range(4)]
    samples = array("h")
    for note in notes:
        turn = math.tau * note / _RATE
        samples.extend(int(8000 * math.sin(turn * place)) for place in range(length))
    sound = io.BytesIO()
    with wave.open(sound, "wb") as out:
        out.setparams((1, 2, _RATE, len(samples), "NONE", "not compressed"))
        out.writeframes(samples.tobytes())
    return sound.getvalue()


def _image(asked: Mapping[str, Any], place: int) -> File:
    return File(f"{place}.png", "image/png", picture(_dice(asked, place), *size(asked)))


def _dice(asked: Mapping[str, Any], place: int) -> Random:
    return Random(ascii((asked.get("prompt"), asked.get("seed"), place)))


def _count(asked: Mapping[str, Any]) -> int:
    wanted = _positive(asked.get("num_outputs")) or _positive(asked.get("number_of_images")) or 1
    return min(wanted, 8)


def _positive(value: object) -> int:
    return min(value, 1_000_000) if isinstance(value, int) and value > 0 else 0


def _ratio(value: object) -> tuple[int, int]:
    found = _RATIO.fullmatch(value) if isinstance(value, str) else None
    return (int(found[1]), int(found[2])) if found else (1, 1)


def _rows(dice: Random, width: int, height: int, shift: int) -> bytes:
    """Rows with their filter bytes: the first in full, the others as steps from the one above."""
    left, right = ([dice.randrange(128) for _ in range(3)] for _ in range(2))
    down = [dice.randrange(128) for _ in range(3)]
    first = bytearray(b"\x00")
    for column in range(width):
        part = ((column + shift) % width) / width
        first += bytes(int(a + (b - a) * part) for a, b in zip(left, right, strict=True))
    lines = [[edge * row // height for edge in down] for row in range(height)]
    steps = [
        bytes(b - a for a, b in zip(above, line, strict=True)) for above, line in pairwise(lines)
    ]
    return bytes(first) + b"".join(b"\x02" + step * width for step in steps)


def _png(width: int, height: int, *chunks: bytes) -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"".join((b"\x89PNG\r\n\x1a\n", header, *chunks, _chunk(b"IEND", b"")))


def _control(number: int, width: int, height: int) -> bytes:
    return _chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, width, height, 0, 0, 1, 8, 0, 0))


def _chunk(name: bytes, data: bytes) -> bytes:
    check = zlib.crc32(data, zlib.crc32(name))
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)
