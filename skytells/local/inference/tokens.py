"""Tokens: pieces of text that no tokenizer would cut so, but that add up to the text."""

from __future__ import annotations

import re
from typing import Final

from skytells.local.prediction_json import JsonObject

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


def logprobs(tokens: list[str], alternatives: int) -> list[JsonObject]:
    """The probabilities of tokens as the API gives them, each with so many alternatives to it.

    Example:
        >>> [one["token"] for one in logprobs(["Good"], 2)[0]["top_logprobs"]]
        ['Good', 'Good1']
    """
    return [
        {**_logprob(token, 0), "top_logprobs": [_logprob(token, n) for n in range(alternatives)]}
        for token in tokens
    ]


def _logprob(token: str, place: int) -> JsonObject:
    """The probability of a token, or of an alternative to it that is the less likely the later."""
    text = f"{token}{place}" if place else token
    encoded = list(text.encode("utf-8", "replace"))
    return {"token": text, "logprob": -0.1 - 3.0 * place, "bytes": encoded}
