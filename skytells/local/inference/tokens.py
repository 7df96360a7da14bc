"""Tokens: pieces of a text. No tokenizer splits it so, but they add up to the text."""

from __future__ import annotations

import re
from typing import Final

from skytells.local.json_values import JsonObject

_PIECE: Final = re.compile(r"\s*\S{1,6}|\s+")


def split_tokens(text: str) -> list[str]:
    """A text in pieces of up to six characters, with the space before them.

    Example:
        >>> split_tokens("Good morning.")
        ['Good', ' mornin', 'g.']
    """
    return _PIECE.findall(text)


def count_tokens(text: str) -> int:
    """The number of tokens of a text."""
    return len(split_tokens(text))


def logprobs(tokens: list[str], alternatives: int) -> list[JsonObject]:
    """The log probabilities of tokens, each with a number of alternatives.

    Example:
        >>> [one["token"] for one in logprobs(["Good"], 2)[0]["top_logprobs"]]
        ['Good', 'Good1']
    """
    return [
        {**_logprob(token, 0), "top_logprobs": [_logprob(token, n) for n in range(alternatives)]}
        for token in tokens
    ]


def _logprob(token: str, place: int) -> JsonObject:
    text = f"{token}{place}" if place else token
    encoded = list(text.encode("utf-8", "replace"))
    return {"token": text, "logprob": -0.1 - 3.0 * place, "bytes": encoded}
