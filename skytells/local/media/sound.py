"""Sounds: a short melody, generated from a few notes; an MP3 repeats a file of the package.

`tune.mp3` has two seconds in frames of equal size that do not depend on each other. It was made once:
samples of `_samples()`, encoded with PyAV (LAME, without bit reservoir).
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
"""The formats of a sound; `pcm` is a WAV without its header."""

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

    Args:
        random_seed: Determines key and melody.
        rate: Samples per second; always 32,000 in an MP3.
        seconds: The duration.
        format: The format.
    """

    random_seed: str
    rate: int
    seconds: float
    format: AudioFormat

    @property
    def size(self) -> int:
        """The size of the file in bytes."""
        if self.format == "mp3":
            return len(self._tag()) + _FRAME * self._frames()
        return 2 * round(self.rate * self.seconds) + (_HEADER if self.format == "wav" else 0)

    def generate(self) -> bytes:
        """The file."""
        if self.format == "mp3":
            return self._tag() + b"".join(islice(cycle(_mp3_frames()), self._frames()))
        samples = _samples(Random(self.random_seed), self.rate, round(self.rate * self.seconds))
        return samples.tobytes() if self.format == "pcm" else _wav(samples, self.rate)

    def _frames(self) -> int:
        return math.ceil(self.seconds / _FRAME_SECONDS)

    def _tag(self) -> bytes:
        """An ID3 tag with a title that makes the file unique."""
        title = sha256(self.random_seed.encode("ascii")).hexdigest().encode("ascii")
        frame = struct.pack(">4sIHB", b"TIT2", len(title) + 1, 0, 0) + title
        return struct.pack(">3sHBI", b"ID3", 0x300, 0, len(frame)) + frame


@cache
def _mp3_frames() -> list[bytes]:
    content = Path(__file__).with_name("tune.mp3").read_bytes()
    return [content[place : place + _FRAME] for place in range(0, len(content), _FRAME)]


def _samples(random: Random, rate: int, count: int) -> array[int]:
    """A melody that moves up and down a scale."""
    base = 220.0 * 2 ** (random.randrange(12) / 12)
    length = round(rate * _NOTE_SECONDS)
    notes = [_note(base * 2 ** (step / 12), rate, length) for step in _SCALE]
    place, samples = random.randrange(len(notes)), array("h")
    while len(samples) < count:
        samples.extend(notes[place])
        place = min(max(place + random.choice((-2, -1, -1, 0, 1, 1, 2)), 0), len(notes) - 1)
    return samples[:count]


def _note(pitch: float, rate: int, length: int) -> array[int]:
    """A note: a tone and its octave that fade out."""
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
