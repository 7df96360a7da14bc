"""Films: the same two seconds for every prediction, from a file of the package.

`film.mp4` has 320 by 180 pixels and 12 frames per second, in H.264 (constrained baseline) with its
index before the frames. It was made once: frames drawn with Pillow, encoded with PyAV (libx264).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path


@dataclass(frozen=True)
class Film:
    """An MP4.

    Args:
        random_seed: Makes the file unique: its digest is in a box that players ignore.
    """

    random_seed: str

    @property
    def size(self) -> int:
        """The size of the file in bytes."""
        return len(self.generate())

    def generate(self) -> bytes:
        """The file."""
        digest = sha256(self.random_seed.encode("ascii")).hexdigest().encode("ascii")
        return _film() + struct.pack(">I4s", 8 + len(digest), b"free") + digest


@cache
def _film() -> bytes:
    return Path(__file__).with_name("film.mp4").read_bytes()
