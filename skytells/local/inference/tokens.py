"""Tokens: pieces of text that no tokenizer would cut so, but that add up to the text."""

from __future__ import annotations

import re
from typing import Final

_PIECE: Final = re.compile(r"\s*\S{1,6}|\s+")


def pieces(text: str) -> list[str]:
    """A text in pieces of up to six characters, with the space before them.

    Example:
        >>> pieces("Good morning.")
        ['Good', ' mornin', 'g.']
    """
    return _PIECE.findall(text)


def count(text: str) -> int:
    """How many pieces there are."""
    return len(pieces(text))
