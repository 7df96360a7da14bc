"""Models: the API that both clients offer as `client.models`.

Answers are kept for ten minutes, so that checks and estimates cost a request once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..types.models import Model
from .cache import ModelCache
from .find import find_model, find_models
from .requests import FieldsOptions, Models

if TYPE_CHECKING:
    from .._core.protocols import AsyncPerformer, Performer


class ModelsAPI:
    """The catalogue; `client.models`. Its answers are kept for ten minutes, `refresh=True` asks anew.

    Example:
        >>> [model.slug for model in client.models.list() if model.type == "video"][:1]
        ['truefusion-video-pro']
    """

    def __init__(self, client: Performer, catalogue: ModelCache | None = None) -> None:
        self._client = client
        self._catalogue = catalogue or ModelCache()

    def list(
        self,
        fields: Sequence[str] | None = None,
        options: FieldsOptions | None = None,
        *,
        refresh: bool = False,
    ) -> Models:
        """Fetch all models.

        Args:
            fields: Extra fields: `"input_schema"`, `"output_schema"`.
            options: The same as one object or dict.
            refresh: Ask the server even if the answer of the last ten minutes is still known.
        """
        return self._client.perform(find_models(self._catalogue, fields, options, refresh))

    def get(
        self,
        slug: str,
        fields: Sequence[str] | None = None,
        options: FieldsOptions | None = None,
        *,
        refresh: bool = False,
    ) -> Model:
        """Fetch one model.

        Args:
            slug: Its slug, such as `"flux-pro"`.
            fields: Extra fields: `"input_schema"`, `"output_schema"`. Left out, the schema of the
                input comes along, by which `model.validate()` checks; `[]` is none.
            options: The same as one object or dict.
            refresh: Ask the server even if the answer of the last ten minutes is still known.

        Raises:
            NotFoundError: There is none.

        Example:
            >>> client.models.get("flux-pro").input_schema["required"]
            ['prompt']
        """
        return self._client.perform(find_model(self._catalogue, slug, fields, options, refresh))


class AsyncModelsAPI:
    """The catalogue; `client.models`. As `ModelsAPI`, awaited."""

    def __init__(self, client: AsyncPerformer, catalogue: ModelCache | None = None) -> None:
        self._client = client
        self._catalogue = catalogue or ModelCache()

    async def list(
        self,
        fields: Sequence[str] | None = None,
        options: FieldsOptions | None = None,
        *,
        refresh: bool = False,
    ) -> Models:
        """Fetch all models; as `ModelsAPI.list`."""
        return await self._client.perform(find_models(self._catalogue, fields, options, refresh))

    async def get(
        self,
        slug: str,
        fields: Sequence[str] | None = None,
        options: FieldsOptions | None = None,
        *,
        refresh: bool = False,
    ) -> Model:
        """Fetch one model; as `ModelsAPI.get`."""
        return await self._client.perform(
            find_model(self._catalogue, slug, fields, options, refresh)
        )
