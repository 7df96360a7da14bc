"""The model catalogue: its calls, and the API that both clients offer as `client.models`.

Answers are kept for ten minutes, so that checks and estimates cost a request once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from .._core.operation import Call
from .._core.replies import wrong_kind
from .._core.wire import Reply, path
from .._data.checks import as_list, as_mapping, as_object
from ..types.models import Model, ModelFieldsOptions, ModelList, field_names

FieldsOptions: TypeAlias = ModelFieldsOptions | Mapping[str, Any]
Models: TypeAlias = list[Model]


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
