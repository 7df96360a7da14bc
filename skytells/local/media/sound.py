"""Sounds: a little melody, quick to make because each note is played many times; or an MP3.

An MP3 repeats `tune.mp3`, the same melody for every prediction. It was made once with PyAV: samples
of `_samples()`, encoded by LAME as frames that need none before them.
"""

from __future__ import annotations

import io
import math
import struct
import wave
from array import array
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import cycle, islice
from pathlib import Path
from random import Random
from typing import Final, Literal

AudioFormat = Literal["mp3", "wav", "pcm"]
"""What a sound can be written as; `pcm` is what a WAV holds, without its header."""

_HEADER: Final = 44
_NOTE_SECONDS: Final = 0.25
_SCALE: Final = (0, 2, 4, 7, 9, 12, 14, 16)
"""Steps of a pentatonic scale: any two of them sound well together."""

_FRAME: Final = 144
"""The bytes of a frame of the MP3: 32 kbit/s at 32 kHz, mono."""

_FRAME_SECONDS: Final = 0.036


@dataclass(frozen=True)
class Tune:
    """A sound, mono, with 16 bits a sample.

    Arguments:
        chance: decides key and melody.
        rate: samples per second, which an MP3 has 32,000 of.
        seconds: how long it plays.
        format: how it is written.
    """

    chance: str
    rate: int
    seconds: float
    format: AudioFormat

    @property
    def size(self) -> int:
        """The bytes of the file."""
        if self.format == "mp3":
            return len(self._tag()) + _FRAME * self._frames()
        return 2 * round(self.rate * self.seconds) + (_HEADER if self.format == "wav" else 0)

    def make(self) -> bytes:
        """The file."""
        if self.format == "mp3":
            return self._tag() + b"".join(islice(cycle(_mp3_frames()), self._frames()))
        samples = _samples(Random(self.chance), self.rate, round(self.rate * self.seconds))
        return samples.tobytes() if self.format == "pcm" else _wav(samples, self.rate)

    def _frames(self) -> int:
        return math.ceil(self.seconds / _FRAME_SECONDS)

    def _tag(self) -> bytes:
        """An ID3 tag whose title tells the file from others."""
        title = sha256(self.chance.encode("ascii")).hexdigest().encode("ascii")
        frame = struct.pack(">4sIHB", b"TIT2", len(title) + 1, 0, 0) + title
        return struct.pack(">3sHBI", b"ID3", 0x300, 0, len(frame)) + frame


@cache
def _mp3_frames() -> list[bytes]:
    content = Path(__file__).with_name("tune.mp3").read_bytes()
    return [content[place : place + _FRAME] for place in range(0, len(content), _FRAME)]


def _samples(dice: Random, rate: int, count: int) -> array[int]:
    """A melody that wanders up and down a scale."""
    base = 220.0 * 2 ** (dice.randrange(12) / 12)
    length = round(rate * _NOTE_SECONDS)
    notes = [_note(base * 2 ** (step / 12), rate, length) for step in _SCALE]
    place, samples = dice.randrange(len(notes)), array("h")
    while len(samples) < count:
        samples.extend(notes[place])
        place = min(max(place + dice.choice((-2, -1, -1, 0, 1, 1, 2)), 0), len(notes) - 1)
    return samples[:count]


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
