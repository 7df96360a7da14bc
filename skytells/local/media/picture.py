"""Pictures: what is known of them before they are drawn.

Pillow is imported when the first one is drawn, so that a platform starts without it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Picture:
    """A PNG with words on it.

    Arguments:
        chance: decides the colours.
        prompt: what is written on it.
        note: what is written below.
        width: in pixels.
        height: in pixels.
    """

    chance: str
    prompt: str
    note: str
    width: int
    height: int

    @property
    def size(self) -> int:
        """More than any drawing of these sides takes; the file is filled up to it."""
        return 8192 + self.width * self.height // 4

    def make(self) -> bytes:
        """Draw it."""
        from .drawing import drawn, png

        image = drawn(self.chance, f"{self.prompt}\n{self.note}", self.width, self.height)
        return png(image, {"Description": self.prompt, "Software": self.note}, self.size)
