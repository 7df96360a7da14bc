"""What an input asks for, within what the local platform makes; anything odd means the usual.

Models spell the same wish in several ways (`num_outputs`, `number_of_images`, `n`), and what their
schema doesn't declare arrives unchecked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from .sound import AudioFormat

Asked = Mapping[str, Any]
"""The input of a prediction."""

USUAL: Final = 1024
"""The longer side in pixels where no size was asked for."""

_SIDES: Final = ("width", "height")
_LARGEST_SEED: Final = 2**63

_RATIO: Final = re.compile(r"([1-9][0-9]?):([1-9][0-9]?)")
_PIXELS: Final = re.compile(r"([1-9][0-9]{0,5})[x*]([1-9][0-9]{0,5})")
_RESOLUTION: Final = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,3})?) ?(p|k|mp)", re.IGNORECASE)


def size(asked: Asked, *, cap: int) -> tuple[int, int]:
    """Width and height in pixels; what is too large shrinks and keeps its shape.

    Arguments:
        asked: the input: `width` and `height`, or `size`, or `aspect_ratio` and `resolution`.
        cap: the longest side.

    Example:
        >>> size({"aspect_ratio": "16:9", "resolution": "720p"}, cap=2048)
        (1280, 720)
    """
    across, down = _pixels(asked) or _shaped(asked)
    scale = min(1.0, cap / max(across, down))
    return max(1, round(across * scale)), max(1, round(down * scale))


def count(asked: Asked) -> int:
    """How many assets, 1 to 8."""
    return int(_number(asked, ("num_outputs", "number_of_images", "n"), 1, low=1, high=8))


def seconds(asked: Asked, *, usual: float, cap: float) -> float:
    """How long it plays, at least half a second."""
    return _number(asked, ("duration_seconds", "duration", "seconds"), usual, low=0.5, high=cap)


def sample_rate(asked: Asked) -> int:
    """Samples per second, 8,000 to 48,000."""
    return round(_number(asked, ("sample_rate",), 44_100, low=8_000, high=48_000))


def audio_format(asked: Asked) -> AudioFormat:
    """How a sound is written; as MP3 where nothing else was asked for."""
    match asked.get("audio_format"):
        case "wav" | "pcm" as form:
            return form
        case _:
            return "mp3"


def prompt(asked: Asked) -> str:
    """The words of an input: its prompt, else its lyrics or text."""
    names = ("prompt", "lyrics", "text")
    return next((words for words in map(asked.get, names) if isinstance(words, str)), "")


def seed(asked: Asked) -> int | None:
    """The seed, if one was given."""
    given = asked.get("seed")
    return min(max(given, -_LARGEST_SEED), _LARGEST_SEED) if isinstance(given, int) else None


def chance(slug: str, asked: Asked, *more: object) -> str:
    """What decides what chance brings: model, prompt and seed, and nothing else that was asked."""
    return ascii((slug, prompt(asked), seed(asked), *more))


def _pixels(asked: Asked) -> tuple[int, int] | None:
    across, down = (int(_number(asked, (name,), 0, low=0, high=1e6)) for name in _SIDES)
    if across and down:
        return across, down
    found = _match(_PIXELS, asked.get("size")) or _match(_PIXELS, asked.get("resolution"))
    return (int(found[1]), int(found[2])) if found else None


def _shaped(asked: Asked) -> tuple[float, float]:
    found = _match(_RATIO, asked.get("aspect_ratio"))
    across, down = (int(found[1]), int(found[2])) if found else (1, 1)
    scale = _scale(across, down, _match(_RESOLUTION, asked.get("resolution")))
    return across * scale, down * scale


def _scale(across: int, down: int, resolution: re.Match[str] | None) -> float:
    amount = float(resolution[1]) if resolution else 0.0
    if resolution is None or not amount:
        return USUAL / max(across, down)
    match resolution[2].lower():
        case "p":
            return amount / min(across, down)
        case "k":
            return amount * 1024 / max(across, down)
        case _:
            return math.sqrt(amount * 1e6 / (across * down))


def _number(
    asked: Asked, names: tuple[str, ...], usual: float, *, low: float, high: float
) -> float:
    given = (_positive(asked.get(name)) for name in names)
    return float(min(max(next(filter(None, given), usual), low), high))


def _positive(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # False for NaN; and `min` makes fit what is infinite, or too large for a float.
    return min(value, 10**9) if value > 0 else None


def _match(pattern: re.Pattern[str], value: object) -> re.Match[str] | None:
    return pattern.fullmatch(value) if isinstance(value, str) else None
