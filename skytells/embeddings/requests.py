"""Embeddings: calls, the flow that splits what is too large, and the API of both clients."""

from __future__ import annotations

import binascii
import math
import struct
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from ._core.operation import Call, Flow, Safety, Together
from ._core.wire import Reply
from ._data.checks import as_list, as_object, clean, is_array, is_object, whole
from ._data.json import to_json
from ._inference import body_of, failed_answer
from .errors import ApiErrorId, InvalidRequestError, InvalidResponseError, SkytellsError
from .types.embeddings import EmbeddingInput, EmbeddingResponse

if TYPE_CHECKING:
    from .client import AsyncSkytellsClient, SkytellsClient

PATH: Final = "/embeddings"
_KNOWN: Final = {"model", "input", "encoding_format", "dimensions", "user", "extra_body"}

MOST_INPUTS: Final = 2048
"""Inputs that one request may have."""
MOST_TOKENS: Final = 300_000
"""Tokens that one request may have."""
# Of text, a token is at least so many bytes on average, whatever the language.
_BYTES_PER_TOKEN: Final = 2

DEFAULT_AT_ONCE: Final = 4


def create_embeddings(model: str, input: Any, params: Mapping[str, Any]) -> Call[EmbeddingResponse]:
    """`POST /embeddings`. Vectors travel in base64, at a quarter of the bytes, and are floats here."""
    count = len(input) if _several(input) else 1
    given = {"model": model, "input": input, **params, "encoding_format": "base64"}
    body = to_json(body_of(given, _KNOWN, "embeddings"))

    def read(reply: Reply) -> EmbeddingResponse:
        return read_embeddings(reply, count)

    return Call("POST", PATH, read, Safety.PAID, body=body, name=PATH, model=model)


def embedding_params(
    dimensions: int | None,
    user: str | None,
    encoding_format: str | None,
    extra_body: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What is asked for besides; the format is base64 whatever is asked for."""
    if dimensions is not None and (type(dimensions) is not int or dimensions < 1):
        raise InvalidRequestError.of("dimensions must be a whole number, 1 or more.")
    if encoding_format not in {None, "float", "base64"}:
        raise InvalidRequestError.of("encoding_format must be 'float' or 'base64'.")
    return {"dimensions": dimensions, "user": user, "extra_body": extra_body}


def embed(
    model: str, input: EmbeddingInput, params: Mapping[str, Any], at_once: int = DEFAULT_AT_ONCE
) -> Flow[EmbeddingResponse]:
    """Embed all inputs, with as many requests as that takes."""
    _check(input)
    whole(at_once, "at_once", 1, 64)
    parts = _split(input) if _several(input) else [input]
    calls = [create_embeddings(model, part, params) for part in parts]
    if len(calls) == 1:
        return _even((yield from calls[0]), params.get("dimensions"))
    outcomes: list[EmbeddingResponse | Exception | None] = [None] * len(calls)
    yield Together(calls, at_once, outcomes)
    answers = [outcome for outcome in outcomes if isinstance(outcome, EmbeddingResponse)]
    starts = [sum(map(len, parts[:place])) for place in range(len(parts))]
    for start, outcome in zip(starts, outcomes, strict=True):
        for row in outcome["data"] if isinstance(outcome, EmbeddingResponse) else ():
            row["index"] += start
    joined = _joined(answers)
    if len(answers) < len(outcomes):
        raise _partly(next(o for o in outcomes if isinstance(o, Exception)), joined)
    return _even(joined, params.get("dimensions"))


def _partly(error: Exception, joined: EmbeddingResponse) -> Exception:
    """The first failure of several requests; what the others gave was paid for, and is kept."""
    if isinstance(error, SkytellsError):
        error.received = tuple(joined.data)
        error.message += f" The {len(joined.data)} embeddings that came are in error.received."
        error.args = (error.message,)
    return error


def _even(answer: EmbeddingResponse, dimensions: int | None) -> EmbeddingResponse:
    """An answer whose vectors can be held against each other, having the length asked for."""
    lengths = sorted({len(row["embedding"]) for row in answer["data"]})
    if len(lengths) == 1 and dimensions in {None, lengths[0]}:
        return answer
    error = InvalidResponseError(
        f"The vectors that came have {' and '.join(map(str, lengths))} dimensions, where "
        f"{dimensions or 'the same for all'} was due. They are in error.received; choose a model "
        "by its own name, or leave dimensions= out.",
        ApiErrorId.INVALID_RESPONSE,
        f"Model: {clean(answer.model or 'unnamed', 100)}",
        200,
    )
    error.received = tuple(answer.data)
    raise error


def _joined(answers: Sequence[EmbeddingResponse]) -> EmbeddingResponse:
    usage: dict[str, int] = {}
    for answer in answers:
        for name, number in (as_object(answer.get("usage")) or {}).items():
            if isinstance(number, int):
                usage[name] = usage.get(name, 0) + number
    first = dict(answers[0]) if answers else {}
    data = [row for answer in answers for row in answer["data"]]
    return EmbeddingResponse.from_wire({**first, "data": data, "usage": usage})


def _several(input: object) -> bool:
    return is_array(input) and not (input and isinstance(input[0], int))


def _check(input: object) -> None:
    items = list(input) if is_array(input) else [input]
    texts = all(isinstance(item, str) and item for item in items)
    tokens = is_array(input) and (_are_tokens(input) or all(map(_are_tokens, items)))
    if not items or not (texts or tokens):
        raise InvalidRequestError.of(
            "input must be a text, a list of texts, the tokens of one, or a list of such, none of "
            "them empty."
        )


def _are_tokens(item: object) -> bool:
    return is_array(item) and len(item) > 0 and all(type(number) is int for number in item)


def _split(input: EmbeddingInput) -> list[Any]:
    """Inputs in as many parts as their number and their size ask for."""
    parts: list[list[Any]] = [[]]
    size = 0
    for item in cast("Sequence[str | Sequence[int]]", input):
        tokens = (
            len(item.encode("utf-8", "replace")) // _BYTES_PER_TOKEN
            if isinstance(item, str)
            else len(item)
        )
        if parts[-1] and (len(parts[-1]) == MOST_INPUTS or size + tokens > MOST_TOKENS):
            parts.append([])
            size = 0
        parts[-1].append(item)
        size += tokens
    return parts


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


class EmbeddingsAPI:
    """Embeddings; `client.embeddings`."""

    def __init__(self, client: SkytellsClient) -> None:
        self._client = client

    def create(
        self,
        *,
        model: str,
        input: EmbeddingInput,
        dimensions: int | None = None,
        user: str | None = None,
        encoding_format: Literal["float", "base64"] | None = None,
        at_once: int = DEFAULT_AT_ONCE,
        extra_body: Mapping[str, Any] | None = None,
    ) -> EmbeddingResponse:
        """Turn texts into vectors, as many as there are: large inputs travel in several requests.

        Args:
            model: Slug of the model, such as `"skytells-embed-3-small"`.
            input: A text, several, the tokens of one, or those of several.
            dimensions: Length of the vectors; by default the model's own.
            user: Your own id of the end user.
            encoding_format: Taken as other libraries have it, without effect: the vectors are
                floats here, and travel as base64.
            at_once: Most requests under way at once.
            extra_body: Whatever else the body is to hold.

        Returns:
            The vectors in the order of the inputs, and the usage of all requests together.

        Raises:
            InvalidResponseError: The vectors are not of one length, or not of `dimensions`;
                `error.received` holds them.
            SkytellsError: One request failed; `error.received` holds the embeddings that others
                gave, each with the `index` of its input.

        Example:
            >>> answer = client.embeddings.create(
            ...     model="skytells-embed-3-small", input=["A cat", "A dog"], dimensions=64
            ... )
            >>> [len(vector) for vector in answer.vectors]
            [64, 64]
        """
        params = embedding_params(dimensions, user, encoding_format, extra_body)
        return self._client.perform(embed(model, input, params, at_once))


class AsyncEmbeddingsAPI:
    """Embeddings; `client.embeddings`. As `EmbeddingsAPI`, awaited."""

    def __init__(self, client: AsyncSkytellsClient) -> None:
        self._client = client

    async def create(
        self,
        *,
        model: str,
        input: EmbeddingInput,
        dimensions: int | None = None,
        user: str | None = None,
        encoding_format: Literal["float", "base64"] | None = None,
        at_once: int = DEFAULT_AT_ONCE,
        extra_body: Mapping[str, Any] | None = None,
    ) -> EmbeddingResponse:
        """Turn texts into vectors; as `EmbeddingsAPI.create`."""
        params = embedding_params(dimensions, user, encoding_format, extra_body)
        return await self._client.perform(embed(model, input, params, at_once))
