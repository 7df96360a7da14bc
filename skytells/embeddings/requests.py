"""Embeddings: calls, the flow that splits what is too large, and the API of both clients."""

from __future__ import annotations

import binascii
import math
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from .._core.operation import Call, Safety
from .._core.wire import Reply
from .._data.checks import as_list, as_object, is_array, is_object
from .._data.json import to_json
from .._inference.requests import body_of, failed_answer
from ..errors import InvalidRequestError
from ..types.embeddings import EmbeddingResponse

PATH: Final = "/embeddings"
_KNOWN: Final = {"model", "input", "dimensions", "user", "extra_body"}


def create_embeddings(
    model: str, input: Any, params: Mapping[str, Any], on_status: Callable[[int], object]
) -> Call[EmbeddingResponse]:
    """`POST /embeddings`. Vectors travel in base64, at a quarter of the bytes, and are floats here.

    The status of the reply is passed to `on_status`.
    """
    count = len(input) if several(input) else 1
    body = body_of({"model": model, "input": input, **params}, _KNOWN, "embeddings")

    def read(reply: Reply) -> EmbeddingResponse:
        on_status(reply.status)
        return read_embeddings(reply, count)

    return Call(
        "POST",
        PATH,
        read,
        Safety.PAID,
        body=to_json({"encoding_format": "base64", **body}),
        name=PATH,
        model=model,
    )


def embedding_params(
    dimensions: int | None,
    user: str | None,
    extra_body: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Check the parameters besides model and input."""
    if dimensions is not None and (type(dimensions) is not int or dimensions < 1):
        raise InvalidRequestError.of("dimensions must be a whole number, 1 or more.")
    return {"dimensions": dimensions, "user": user, "extra_body": extra_body}


def several(input: object) -> bool:
    return is_array(input) and not (input and isinstance(input[0], int))


def read_embeddings(reply: Reply, count: int) -> EmbeddingResponse:
    """A reply in which so many vectors are due, put in the order of their inputs."""
    wire = as_object(reply.json())
    rows = as_list(wire.get("data")) if wire else None
    due = "an embedding" if count == 1 else f"a list of {count} embeddings"
    if wire is None or rows is None or len(rows) != count or not all(map(is_object, rows)):
        raise failed_answer(due, reply, wire)
    for place, row in enumerate(rows):
        row.setdefault("index", place)
        row["embedding"] = _floats(row.get("embedding"))
    rows = [row for row in rows if row["embedding"] is not None and type(row["index"]) is int]
    rows.sort(key=lambda row: cast(int, row["index"]))
    if [row["index"] for row in rows] != list(range(count)):
        raise failed_answer(due, reply, wire)
    return EmbeddingResponse.from_wire({**wire, "data": rows})


def _floats(vector: object) -> list[float] | None:
    """A vector, of either form in which it travels: numbers, or 32-bit floats in base64."""
    if isinstance(vector, str):
        try:
            data = binascii.a2b_base64(vector, strict_mode=True)
            numbers = list(struct.unpack(f"<{len(data) // 4}f", data))
        except (ValueError, struct.error):
            return None
        # One sum finds what is not a number at a fraction of the cost of looking at each.
        return numbers if numbers and math.isfinite(sum(numbers)) else None
    plain = as_list(vector)
    return plain if plain and set(map(type, plain)) <= {float, int} else None
