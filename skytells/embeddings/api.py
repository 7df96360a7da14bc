"""Embeddings: the API that both clients offer as `client.embeddings`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..types.embeddings import EmbeddingInput, EmbeddingResponse
from .create import DEFAULT_AT_ONCE, embed
from .requests import embedding_params

if TYPE_CHECKING:
    from .._core.protocols import AsyncPerformer, Performer


class EmbeddingsAPI:
    """Embeddings; `client.embeddings`."""

    def __init__(self, client: Performer) -> None:
        self._client = client

    def create(
        self,
        *,
        model: str,
        input: EmbeddingInput,
        dimensions: int | None = None,
        user: str | None = None,
        at_once: int = DEFAULT_AT_ONCE,
        extra_body: Mapping[str, Any] | None = None,
    ) -> EmbeddingResponse:
        """Turn texts into vectors, as many as there are: large inputs travel in several requests.

        Args:
            model: Slug of the model, such as `"skytells-embed-3-small"`.
            input: A text, several, the tokens of one, or those of several.
            dimensions: Length of the vectors; by default the model's own.
            user: Your own id of the end user.
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
        params = embedding_params(dimensions, user, extra_body)
        return self._client.perform(embed(model, input, params, at_once))


class AsyncEmbeddingsAPI:
    """Embeddings; `client.embeddings`. As `EmbeddingsAPI`, awaited."""

    def __init__(self, client: AsyncPerformer) -> None:
        self._client = client

    async def create(
        self,
        *,
        model: str,
        input: EmbeddingInput,
        dimensions: int | None = None,
        user: str | None = None,
        at_once: int = DEFAULT_AT_ONCE,
        extra_body: Mapping[str, Any] | None = None,
    ) -> EmbeddingResponse:
        """Turn texts into vectors; as `EmbeddingsAPI.create`."""
        params = embedding_params(dimensions, user, extra_body)
        return await self._client.perform(embed(model, input, params, at_once))
