"""The parameters in an input, within the limits of the local platform; invalid ones are ignored.

Models have several names for one parameter (`num_outputs`, `number_of_images`, `n`), and inputs that
their schema does not name are not checked before.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from .sound import AudioFormat

Input = Mapping[str, Any]
"""The input of a prediction."""

DEFAULT_SIDE: Final = 1024
"""The longer side in pixels by default."""

_SIDES: Final = ("width", "height")
_LARGEST_SEED: Final = 2**63

_RATIO: Final = re.compile(r"([1-9][0-9]?):([1-9][0-9]?)")
_PIXELS: Final = re.compile(r"([1-9][0-9]{0,5})[x*]([1-9][0-9]{0,5})")
_RESOLUTION: Final = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,3})?) ?(p|k|mp)", re.IGNORECASE)


def size(given: Input, *, cap: int) -> tuple[int, int]:
    """Width and height in pixels; a size that is too large is scaled down.

    Args:
        given: The input: `width` and `height`, or `size`, or `aspect_ratio` and `resolution`.
        cap: The longest side.

    Example:
        >>> size({"aspect_ratio": "16:9", "resolution": "720p"}, cap=2048)
        (1280, 720)
    """
    across, down = _pixels(given) or _from_ratio(given)
    scale = min(1.0, cap / max(across, down))
    return max(1, round(across * scale)), max(1, round(down * scale))


def count(given: Input) -> int:
    """The number of assets, 1 to 8."""
    return int(_number(given, ("num_outputs", "number_of_images", "n"), 1, low=1, high=8))


def seconds(given: Input, *, default: float, cap: float) -> float:
    """The duration, at least half a second."""
    return _number(given, ("duration_seconds", "duration", "seconds"), default, low=0.5, high=cap)


def sample_rate(given: Input) -> int:
    """Samples per second, 8,000 to 48,000."""
    return round(_number(given, ("sample_rate",), 44_100, low=8_000, high=48_000))


def audio_format(given: Input) -> AudioFormat:
    """The format of a sound, MP3 by default."""
    match given.get("audio_format"):
        case "wav":
            return "wav"
        case "pcm":
            return "pcm"
        case _:
            return "mp3"


def prompt(given: Input) -> str:
    """The prompt of an input, or else its lyrics or text."""
    names = ("prompt", "lyrics", "text")
    return next((words for words in map(given.get, names) if isinstance(words, str)), "")


def seed(given: Input) -> int | None:
    """The seed, if one was given."""
    value = given.get("seed")
    return min(max(value, -_LARGEST_SEED), _LARGEST_SEED) if isinstance(value, int) else None


def random_seed(slug: str, given: Input, *more: object) -> str:
    """The seed of what is random in an output: model, prompt and seed, and nothing else."""
    return ascii((slug, prompt(given), seed(given), *more))


def _pixels(given: Input) -> tuple[int, int] | None:
    across, down = (int(_number(given, (name,), 0, low=0, high=1e6)) for name in _SIDES)
    if across and down:
        return across, down
    found = _match(_PIXELS, given.get("size")) or _match(_PIXELS, given.get("resolution"))
    return (int(found[1]), int(found[2])) if found else None


def _from_ratio(given: Input) -> tuple[float, float]:
    found = _match(_RATIO, given.get("aspect_ratio"))
    across, down = (int(found[1]), int(found[2])) if found else (1, 1)
    scale = _scale(across, down, _match(_RESOLUTION, given.get("resolution")))
    return across * scale, down * scale


def _scale(across: int, down: int, resolution: re.Match[str] | None) -> float:
    amount = float(resolution[1]) if resolution else 0.0
    if resolution is None or not amount:
        return DEFAULT_SIDE / max(across, down)
    match resolution[2].lower():
        case "p":
            return amount / min(across, down)
        case "k":
            return amount * 1024 / max(across, down)
        case _:
            return math.sqrt(amount * 1e6 / (across * down))


def _number(
    given: Input, names: tuple[str, ...], default: float, *, low: float, high: float
) -> float:
    values = (_positive(given.get(name)) for name in names)
    return float(min(max(next(filter(None, values), default), low), high))


def _positive(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # False for NaN; `min` limits what is infinite, or too large for a float.
    return min(value, 10**9) if value > 0 else None


def _match(pattern: re.Pattern[str], value: object) -> re.Match[str] | None:
    return pattern.fullmatch(value) if isinstance(value, str) else None
