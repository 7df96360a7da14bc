"""The model catalogue: its calls, and the API that both clients offer as `client.models`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from ._checks import as_mapping
from ._flow import Call
from ._wire import Reply, as_list, as_object, path
from .predictions.calls import wrong_kind
from .types.models import Model, ModelFieldsOptions, field_names

if TYPE_CHECKING:
    from .client import AsyncSkytellsClient, SkytellsClient

FieldsOptions: TypeAlias = ModelFieldsOptions | Mapping[str, Any]
Models: TypeAlias = list[Model]


def list_models(fields: Sequence[str] | None, options: FieldsOptions | None) -> Call[Models]:
    """`GET /models`"""
    return Call("GET", "/models", _read_models, params=_query(fields, options), name="/models")


def get_model(
    slug: str, fields: Sequence[str] | None, options: FieldsOptions | None
) -> Call[Model]:
    """`GET /model/{slug}`"""
    template = "/model/{slug}"
    query = _query(fields, options)
    return Call("GET", path(template, slug), _read_model, params=query, name=template)


def _query(
    fields: Sequence[str] | None, options: FieldsOptions | None
) -> tuple[tuple[str, str], ...]:
    if not fields and options is not None:
        if not isinstance(options, ModelFieldsOptions):
            options = ModelFieldsOptions.from_dict(as_mapping(options, "models' options"))
        fields = options.fields
    names = field_names(fields)
    return (("fields", ",".join(names)),) if names else ()


def _read_model(reply: Reply) -> Model:
    wire = as_object(reply.json())
    if not wire:
        raise wrong_kind("a model", reply)
    return Model.from_wire(wire)


def _read_models(reply: Reply) -> Models:
    data = reply.json()
    envelope = as_object(data)
    rows = as_list(data if envelope is None else envelope.get("data"))
    if rows is None or not all(as_object(row) for row in rows):
        raise wrong_kind("a list of models", reply)
    return [Model.from_wire(row) for row in rows]


class ModelsAPI:
    """The catalogue; `client.models`.

    Example:
        >>> [model.slug for model in client.models.list() if model.type == "video"][:1]
        ['truefusion-video-pro']
    """

    def __init__(self, client: SkytellsClient) -> None:
        self._client = client

    def list(
        self, fields: Sequence[str] | None = None, options: FieldsOptions | None = None
    ) -> Models:
        """Fetch all models.

        Args:
            fields: Extra fields: `"input_schema"`, `"output_schema"`.
            options: The same as one object or dict.
        """
        return self._client.perform(list_models(fields, options))

    def get(
        self,
        slug: str,
        fields: Sequence[str] | None = None,
        options: FieldsOptions | None = None,
    ) -> Model:
        """Fetch one model.

        Args:
            slug: Its slug, such as `"flux-pro"`.
            fields: Extra fields: `"input_schema"`, `"output_schema"`.
            options: The same as one object or dict.

        Raises:
            NotFoundError: There is none.

        Example:
            >>> client.models.get("flux-pro", fields=["input_schema"]).input_schema["required"]
            ['prompt']
        """
        return self._client.perform(get_model(slug, fields, options))


class AsyncModelsAPI:
    """The catalogue; `client.models`. As `ModelsAPI`, awaited."""

    def __init__(self, client: AsyncSkytellsClient) -> None:
        self._client = client

    async def list(
        self, fields: Sequence[str] | None = None, options: FieldsOptions | None = None
    ) -> Models:
        """Fetch all models; as `ModelsAPI.list`."""
        return await self._client.perform(list_models(fields, options))

    async def get(
        self,
        slug: str,
        fields: Sequence[str] | None = None,
        options: FieldsOptions | None = None,
    ) -> Model:
        """Fetch one model; as `ModelsAPI.get`."""
        return await self._client.perform(get_model(slug, fields, options))
