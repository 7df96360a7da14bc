"""Embeddings: vectors of length one that are the nearer to each other the more words they share."""

from __future__ import annotations

import base64
import math
import re
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import shake_128
from itertools import islice
from typing import Final

from skytells.local.prediction_json import Json, JsonObject, Refusal
from skytells.local.requests import is_array

from .parsing import check, wrong
from .tokens import count

_FIELDS: Final[JsonObject] = {
    "model": {"type": "string"},
    "encoding_format": {"type": "string", "enum": ["float", "base64"]},
    "dimensions": {"type": "integer", "minimum": 1},
    "user": {"type": "string"},
}
_MOST: Final = 2048
_LONGEST: Final = 8192
_WORDS: Final = 256
_DIGITS: Final = 8  # of a number that travels in 32 bits
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True)
class Embed:
    """What is asked of embeddings.

    Arguments:
        model: the slug.
        texts: the words of each input; tokens count as words.
        dimensions: how long the vectors are; as long as the model's by default.
        packed: whether they come in base64.
        tokens: how many are read.
    """

    model: str
    texts: Sequence[Sequence[str]]
    dimensions: int | None
    packed: bool
    tokens: int


def read_embed(body: JsonObject) -> Embed:
    """What a body asks of embeddings.

    Raises:
        Refusal: 400, naming the field that is missing or wrong.
    """
    check(body, _FIELDS, required=("model", "input"))
    inputs = _inputs(body["input"])
    if not 1 <= len(inputs) <= _MOST:
        wrong("input", f"must have 1 to {_MOST} items")
    if not all(inputs):
        wrong("input", "must not be empty, nor have empty items")
    sizes = [count(one) if isinstance(one, str) else len(one) for one in inputs]
    if max(sizes) > _LONGEST:
        wrong("input", f"must have at most {_LONGEST} tokens in each item")
    return Embed(
        model=body["model"],
        texts=[_words(one) for one in inputs],
        dimensions=body.get("dimensions"),
        packed=body.get("encoding_format") == "base64",
        tokens=sum(sizes),
    )


def embeddings(embed: Embed, model: str, dimensions: int, closed: Callable[[], bool]) -> JsonObject:
    """The vectors as the platform sends them.

    Arguments:
        embed: what is asked for.
        model: the slug of the model that answers.
        dimensions: how long its vectors are.
        closed: whether nobody waits for them any more; it is asked before each.

    Raises:
        Refusal: 400, longer ones are asked for; 503, nobody waits.
    """
    if (embed.dimensions or 1) > dimensions:
        wrong("dimensions", f"must be at most {dimensions}")
    data: list[JsonObject] = []
    for index, words in enumerate(embed.texts):
        if closed():
            raise Refusal(503, "SERVICE_UNAVAILABLE", "The platform has closed.")
        numbers = vector(words, dimensions, embed.dimensions)
        shown: Json = _packed(numbers) if embed.packed else numbers
        data.append({"object": "embedding", "index": index, "embedding": shown})
    usage = {"prompt_tokens": embed.tokens, "total_tokens": embed.tokens}
    return {"object": "list", "model": model, "data": data, "usage": usage}


def vector(words: Iterable[str], dimensions: int, shortened: int | None = None) -> list[float]:
    """The vector of some words.

    Arguments:
        words: what is embedded; of very many, the first are.
        dimensions: how long the model's vectors are.
        shortened: keep so many of its numbers, as the models that can be shortened do.

    Example:
        >>> vector(["fox"], 1536, 2) == vector(["fox"], 1536, 2)
        True
    """
    known = list(islice(dict.fromkeys(words), _WORDS))
    total = sum(_noise(word, dimensions) for word in known)
    sums = struct.unpack(f"<{dimensions}H", total.to_bytes(2 * dimensions, "little"))
    centred = [value - 127.5 * len(known) for value in sums[:shortened]]
    length = math.sqrt(sum(value * value for value in centred))
    return [round(value / length, _DIGITS) for value in centred]


@lru_cache(maxsize=1024)
def _noise(word: str, dimensions: int) -> int:
    """As many random bytes, each with room for 256 of them: so words are added in one go."""
    lanes = bytearray(2 * dimensions)
    lanes[::2] = shake_128(word.encode("utf-8", "surrogatepass")).digest(dimensions)
    return int.from_bytes(lanes, "little")


def _packed(numbers: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode("ascii")


def _inputs(given: Json) -> list[str | list[int]]:
    """The items of an input, of which one may come without a list around it."""
    if isinstance(given, str) or (given and _are_tokens(given)):
        return [given]
    if not is_array(given) or not all(isinstance(one, str) or _are_tokens(one) for one in given):
        wrong("input", "must be a string, an array of strings, or tokens")
    inputs: list[str | list[int]] = given
    return inputs


def _are_tokens(value: Json) -> bool:
    return is_array(value) and all(type(one) is int and one >= 0 for one in value)


def _words(given: str | list[int]) -> list[str]:
    if isinstance(given, str):
        return _WORD.findall(given.lower()) or [given]
    return list(map(str, given))
