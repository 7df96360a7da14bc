"""The model catalogue: its calls, and the API that both clients offer as `client.models`.

Answers are kept for ten minutes, so that checks and estimates cost a request once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ._catalogue import Catalogue
from ._core.operation import Call, Flow
from ._core.replies import wrong_kind
from ._core.wire import Reply, path
from ._data.checks import as_list, as_mapping, as_object
from .types.models import Model, ModelFieldsOptions, ModelList, field_names

if TYPE_CHECKING:
    from .client import AsyncSkytellsClient, SkytellsClient

FieldsOptions: TypeAlias = ModelFieldsOptions | Mapping[str, Any]
Models: TypeAlias = list[Model]
SCHEMA: Final = ("input_schema",)


def list_models(fields: Sequence[str] | None, options: FieldsOptions | None) -> Call[Models]:
    """`GET /models`"""
    query = _query(field_list(fields, options))
    return Call("GET", "/models", _read_models, params=query, name="/models")


def get_model(
    slug: str, fields: Sequence[str] | None, options: FieldsOptions | None
) -> Call[Model]:
    """`GET /model/{slug}`"""
    template = "/model/{slug}"
    query = _query(field_list(fields, options))
    return Call("GET", path(template, slug), _read_model, params=query, name=template)


def field_list(fields: Sequence[str] | None, options: FieldsOptions | None) -> list[str]:
    """The names of extra fields, from either form in which they are given."""
    if not fields and options is not None:
        if not isinstance(options, ModelFieldsOptions):
            options = ModelFieldsOptions.from_dict(as_mapping(options, "models' options"))
        fields = options.fields
    return field_names(fields)


def _query(names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return (("fields", ",".join(names)),) if names else ()


def find_models(
    catalogue: Catalogue,
    fields: Sequence[str] | None,
    options: FieldsOptions | None,
    refresh: bool,
) -> Flow[Models]:
    """All models, from the catalogue where it knows them."""
    names = field_list(fields, options)
    found: Models | None = None if refresh else catalogue.models(names)
    if found is None:
        found = yield from list_models(names, None)
        if refresh:
            catalogue.forget()
        catalogue.keep_all(names, found)
    return found


def find_model(
    catalogue: Catalogue,
    slug: str,
    fields: Sequence[str] | None = None,
    options: FieldsOptions | None = None,
    refresh: bool = False,
) -> Flow[Model]:
    """One model, from the catalogue where it knows it; with its input's schema, if not told else."""
    names = field_list(SCHEMA if fields is None and options is None else fields, options)
    call = get_model(slug, names, None)
    found = None if refresh else catalogue.model(slug, names)
    if found is None:
        found = yield from call
        if refresh:
            catalogue.forget(slug)
        catalogue.keep(slug, names, found)
    return found


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
    return ModelList(Model.from_wire(row) for row in rows)


class ModelsAPI:
    """The catalogue; `client.models`. Its answers are kept for ten minutes, `refresh=True` asks anew.

    Example:
        >>> [model.slug for model in client.models.list() if model.type == "video"][:1]
        ['truefusion-video-pro']
    """

    def __init__(self, client: SkytellsClient, catalogue: Catalogue | None = None) -> None:
        self._client = client
        self._catalogue = catalogue or Catalogue()

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

    def __init__(self, client: AsyncSkytellsClient, catalogue: Catalogue | None = None) -> None:
        self._client = client
        self._catalogue = catalogue or Catalogue()

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
