"""Embeddings: what comes back."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import Field, SkipValidation

from .._data.record import Record
from ..errors import ConfigurationError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EmbeddingInput: TypeAlias = str | Sequence[str] | Sequence[int] | Sequence[Sequence[int]]
"""A text, several, the tokens of one, or those of several."""


class Embedding(Record):
    """The vector of one input."""

    object: str | None = None
    index: int = 0
    """The place of its input."""
    embedding: Annotated[list[float], SkipValidation] = Field(default_factory=list[float])

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, _Brief(value) if name == "embedding" else value


class _Brief(list[float]):
    """A vector that shows how it begins: whole, it has thousands of numbers."""

    def __repr__(self) -> str:
        return reprlib.repr(list(self))


class EmbeddingUsage(Record):
    """Tokens that embedding has used."""

    prompt_tokens: int = 0
    total_tokens: int = 0


class EmbeddingResponse(Record):
    """An answer of `embeddings.create()`: vectors in the order of the inputs, as floats.

    Example:
        >>> response = EmbeddingResponse(data=[{"index": 0, "embedding": [0.6, 0.8]}])
        >>> response.vectors, response.data[0].index
        ([[0.6, 0.8]], 0)
    """

    object: str | None = None
    model: str | None = None
    data: list[Embedding] = Field(default_factory=list[Embedding])
    usage: EmbeddingUsage | None = None

    @property
    def vectors(self) -> list[list[float]]:
        """The vectors, in the order of the inputs."""
        return [item.embedding for item in self.data]

    def numpy(self) -> NDArray[np.float32]:
        """The vectors as rows of an array of 32-bit floats.

        Raises:
            ConfigurationError: NumPy is not installed.

        Example:
            >>> answer = client.embeddings.create(model="skytells-embed-3-small", input=["a", "b"])
            >>> answer.numpy().shape
            (2, 1536)
        """
        try:
            import numpy as np
        except ImportError:
            raise ConfigurationError.of(
                'numpy() needs NumPy: pip install "skytells[numpy]".'
            ) from None
        return np.array(self.vectors, dtype=np.float32)
