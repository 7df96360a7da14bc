"""Embeddings of any number of inputs: as many requests as they need, joined into one answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from .._core.operation import Flow, Gather
from .._data.checks import as_object, clean, is_array, whole
from ..errors import ApiErrorId, InvalidRequestError, InvalidResponseError, SkytellsError
from ..types.embeddings import EmbeddingInput, EmbeddingResponse
from .requests import create_embeddings, several

MOST_INPUTS: Final = 2048
"""Inputs that one request may have."""


MOST_TOKENS: Final = 300_000
"""Tokens that one request may have."""


# Of text, a token is at least so many bytes on average, whatever the language.
_BYTES_PER_TOKEN: Final = 2


DEFAULT_AT_ONCE: Final = 4


def embed(
    model: str, input: EmbeddingInput, params: Mapping[str, Any], at_once: int = DEFAULT_AT_ONCE
) -> Flow[EmbeddingResponse]:
    """Embed all inputs, with as many requests as that takes."""
    _check(input)
    whole(at_once, "at_once", 1, 64)
    parts = _split(input) if several(input) else [input]
    statuses: list[int] = []
    calls = [create_embeddings(model, part, params, statuses.append) for part in parts]
    if len(calls) == 1:
        return _even((yield from calls[0]), params.get("dimensions"), statuses)
    outcomes: list[EmbeddingResponse | Exception | None] = [None] * len(calls)
    yield Gather(calls, at_once, outcomes)
    answers = [outcome for outcome in outcomes if isinstance(outcome, EmbeddingResponse)]
    starts = [sum(map(len, parts[:place])) for place in range(len(parts))]
    for start, outcome in zip(starts, outcomes, strict=True):
        for row in outcome["data"] if isinstance(outcome, EmbeddingResponse) else ():
            row["index"] += start
    joined = _joined(answers)
    if len(answers) < len(outcomes):
        raise _partly(next(o for o in outcomes if isinstance(o, Exception)), joined)
    return _even(joined, params.get("dimensions"), statuses)


def _partly(error: Exception, joined: EmbeddingResponse) -> Exception:
    """The first failure of several requests; what the others gave was paid for, and is kept."""
    if isinstance(error, SkytellsError):
        error.received = tuple(joined.data)
        error.message += f" The {len(joined.data)} embeddings that came are in error.received."
        error.args = (error.message,)
    return error


def _even(
    answer: EmbeddingResponse, dimensions: int | None, statuses: Sequence[int]
) -> EmbeddingResponse:
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
        statuses[-1],
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
