"""Each request to the catalogue, and how its answer is read."""

from __future__ import annotations

from typing import Any

import pytest

from skytells.errors import InvalidRequestError, InvalidResponseError
from skytells.models.requests import get_model, list_models
from skytells.types import (
    ModelFieldsOptions,
)

from ..core.support import reply


@pytest.mark.parametrize("body", [[{"namespace": "m"}], {"data": [{"namespace": "m"}]}])
def test_models_are_read_in_either_form(body: object) -> None:
    assert [model.slug for model in list_models(None, None).read(reply(body))] == ["m"]


@pytest.mark.parametrize("body", [None, 5, {}, {"data": None}, [1], [None], {"data": [5]}])
def test_models_of_the_wrong_kind_are_refused(body: object) -> None:
    with pytest.raises(InvalidResponseError, match="a list of models was due"):
        list_models(None, None).read(reply(body))


@pytest.mark.parametrize("body", [None, 5, [], {}, [{"namespace": "m"}]])
def test_model_of_the_wrong_kind_is_refused(body: object) -> None:
    with pytest.raises(InvalidResponseError, match="a model was due"):
        get_model("m", None, None).read(reply(body))


@pytest.mark.parametrize(
    ("fields", "options", "query"),
    [
        (None, None, ()),
        ([], None, ()),
        (["input_schema"], None, (("fields", "input_schema"),)),
        (("a", "b"), None, (("fields", "a,b"),)),
        (None, {"fields": ["a"]}, (("fields", "a"),)),
        (None, ModelFieldsOptions(["a"]), (("fields", "a"),)),
        (["b"], ModelFieldsOptions(["a"]), (("fields", "b"),)),
        (None, {}, ()),
    ],
)
def test_fields_are_asked_for(fields: Any, options: Any, query: object) -> None:
    assert list_models(fields, options).params == query
    assert get_model("m", fields, options).params == query


@pytest.mark.parametrize("fields", ["input_schema", 5, [5], [""], ["a,b"], {"a"}])
def test_fields_that_are_no_names_are_refused(fields: Any) -> None:
    with pytest.raises(InvalidRequestError, match="fields must be a list of names"):
        list_models(fields, None)
