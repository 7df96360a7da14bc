"""Embeddings: vectors of length one that are the closer the more words their texts share."""

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

from skytells.local.errors import ApiError
from skytells.local.json_values import Json, JsonObject, is_array

from .parsing import check_fields, reject
from .tokens import count_tokens

_FIELDS: Final[JsonObject] = {
    "model": {"type": "string"},
    "encoding_format": {"type": "string", "enum": ["float", "base64"]},
    "dimensions": {"type": "integer", "minimum": 1},
    "user": {"type": "string"},
}
_MAX_INPUTS: Final = 2048
_MAX_TOKENS: Final = 8192
_MAX_WORDS: Final = 256
_DIGITS: Final = 8  # of a 32-bit float
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True)
class EmbeddingRequest:
    """A request for embeddings.

    Args:
        model: The slug.
        texts: The words of each input; each token of an input of tokens is a word.
        dimensions: The length of the vectors; `None` is that of the model.
        base64: Whether the vectors are encoded in base64.
        tokens: The number of tokens.
    """

    model: str
    texts: Sequence[Sequence[str]]
    dimensions: int | None
    base64: bool
    tokens: int


def parse_embeddings(body: JsonObject) -> EmbeddingRequest:
    """Parse the body of an embeddings request."""
    check_fields(body, _FIELDS, required=("model", "input"))
    inputs = _inputs(body["input"])
    if not 1 <= len(inputs) <= _MAX_INPUTS:
        reject("input", f"must have 1 to {_MAX_INPUTS} items")
    if not all(inputs):
        reject("input", "must not be empty, nor have empty items")
    sizes = [count_tokens(one) if isinstance(one, str) else len(one) for one in inputs]
    if max(sizes) > _MAX_TOKENS:
        reject("input", f"must have at most {_MAX_TOKENS} tokens in each item")
    return EmbeddingRequest(
        model=body["model"],
        texts=[_words(one) for one in inputs],
        dimensions=body.get("dimensions"),
        base64=body.get("encoding_format") == "base64",
        tokens=sum(sizes),
    )


def create_embeddings(
    request: EmbeddingRequest, model: str, dimensions: int, closed: Callable[[], bool]
) -> JsonObject:
    """The JSON of embeddings.

    Args:
        request: The request.
        model: The slug of the model without its vendor.
        dimensions: The length of the model's vectors.
        closed: Whether the platform has closed; called before each vector.
    """
    if (request.dimensions or 1) > dimensions:
        reject("dimensions", f"must be at most {dimensions}")
    data: list[JsonObject] = []
    for index, words in enumerate(request.texts):
        if closed():
            raise ApiError(503, "SERVICE_UNAVAILABLE", "The platform has closed.")
        numbers = vector(words, dimensions, request.dimensions)
        embedding: Json = _base64(numbers) if request.base64 else numbers
        data.append({"object": "embedding", "index": index, "embedding": embedding})
    usage = {"prompt_tokens": request.tokens, "total_tokens": request.tokens}
    return {"object": "list", "model": model, "data": data, "usage": usage}


def vector(words: Iterable[str], dimensions: int, shortened: int | None = None) -> list[float]:
    """The vector of a text.

    Args:
        words: Its words, of which the first 256 different ones count.
        dimensions: The length of the model's vectors.
        shortened: Return the first numbers only, as models do that support it.

    Example:
        >>> vector(["fox"], 1536, 2) == vector(["fox"], 1536, 2)
        True
    """
    known = list(islice(dict.fromkeys(words), _MAX_WORDS))
    total = sum(_noise(word, dimensions) for word in known)
    sums = struct.unpack(f"<{dimensions}H", total.to_bytes(2 * dimensions, "little"))
    centred = [value - 127.5 * len(known) for value in sums[:shortened]]
    length = math.sqrt(sum(value * value for value in centred))
    return [round(value / length, _DIGITS) for value in centred]


@lru_cache(maxsize=1024)
def _noise(word: str, dimensions: int) -> int:
    """Random bytes in 16-bit lanes of one number, so that 256 words are added at once."""
    lanes = bytearray(2 * dimensions)
    lanes[::2] = shake_128(word.encode("utf-8", "surrogatepass")).digest(dimensions)
    return int.from_bytes(lanes, "little")


def _base64(numbers: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode("ascii")


def _inputs(given: Json) -> list[str | list[int]]:
    """The items of an input; a single one may come without an array around it."""
    if isinstance(given, str) or (given and _are_tokens(given)):
        return [given]
    if not is_array(given) or not all(isinstance(one, str) or _are_tokens(one) for one in given):
        reject("input", "must be a string, an array of strings, or tokens")
    inputs: list[str | list[int]] = given
    return inputs


def _are_tokens(value: Json) -> bool:
    return is_array(value) and all(type(one) is int and one >= 0 for one in value)


def _words(given: str | list[int]) -> list[str]:
    if isinstance(given, str):
        return _WORD.findall(given.lower()) or [given]
    return list(map(str, given))
