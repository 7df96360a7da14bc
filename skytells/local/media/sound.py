"""Sounds: a WAV with a little melody, quick to make because each note is played many times."""

from __future__ import annotations

import io
import math
import wave
from array import array
from random import Random
from typing import Final

_HEADER: Final = 44
_NOTE_SECONDS: Final = 0.25
_SCALE: Final = (0, 2, 4, 7, 9, 12, 14, 16)
"""Steps of a pentatonic scale: any two of them sound well together."""


def wav_size(frames: int) -> int:
    """The bytes of a WAV with so many samples."""
    return _HEADER + 2 * frames


def tune(dice: Random, *, rate: int, frames: int) -> bytes:
    """A WAV, mono, 16 bits: a melody that wanders up and down a scale.

    Arguments:
        dice: decides the key and the melody.
        rate: samples per second.
        frames: how many samples.
    """
    base = 220.0 * 2 ** (dice.randrange(12) / 12)
    length = round(rate * _NOTE_SECONDS)
    notes = [_note(base * 2 ** (step / 12), rate, length) for step in _SCALE]
    place, samples = dice.randrange(len(notes)), array("h")
    while len(samples) < frames:
        samples.extend(notes[place])
        place = min(max(place + dice.choice((-2, -1, -1, 0, 1, 1, 2)), 0), len(notes) - 1)
    return _wav(samples[:frames], rate)


def _note(pitch: float, rate: int, length: int) -> array[int]:
    """A plucked note: a tone and its octave that die away, beginning and ending in silence."""
    turn, attack = math.tau * pitch / rate, max(1, length // 50)
    return array(
        "h",
        (
            round(
                9_000
                * min(1.0, place / attack)
                * (1 - place / length) ** 2
                * (math.sin(turn * place) + 0.4 * math.sin(2 * turn * place))
            )
            for place in range(length)
        ),
    )


def _wav(samples: array[int], rate: int) -> bytes:
    sound = io.BytesIO()
    with wave.open(sound, "wb") as out:
        out.setparams((1, 2, rate, len(samples), "NONE", "not compressed"))
        out.writeframes(samples.tobytes())
    return sound.getvalue()
