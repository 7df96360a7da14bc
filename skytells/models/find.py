"""Models from the cache, and from the catalogue where it does not have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .._core.operation import Flow
from ..types.models import Model
from .cache import ModelCache
from .requests import FieldsOptions, Models, field_list, get_model, list_models

SCHEMA: Final = ("input_schema",)


def find_models(
    catalogue: ModelCache,
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
        catalogue.put_all(names, found)
    return found


def find_model(
    catalogue: ModelCache,
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
        catalogue.put(slug, names, found)
    return found
