"""Pictures: their size in bytes is known before they are drawn.

Pillow is imported with the first picture, so that a platform starts without it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Picture:
    """A PNG with text on it.

    Args:
        random_seed: Determines the colours.
        prompt: The text.
        note: The text below.
        width: In pixels.
        height: In pixels.
    """

    random_seed: str
    prompt: str
    note: str
    width: int
    height: int

    @property
    def size(self) -> int:
        """The size of the file in bytes: more than a drawing needs, so it is padded."""
        return 8192 + self.width * self.height // 4

    def generate(self) -> bytes:
        """The file."""
        from .drawing import draw, png

        image = draw(self.random_seed, f"{self.prompt}\n{self.note}", self.width, self.height)
        return png(image, {"Description": self.prompt, "Software": self.note}, self.size)
