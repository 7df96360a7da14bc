"""Parsing and validation of requests to the predictions API."""

from __future__ import annotations

import pytest

from skytells.local import Model, Platform
from skytells.local.catalogue import price
from skytells.local.errors import ApiError
from skytells.local.json_values import JsonObject
from skytells.local.requests import check_input, parse_json, parse_list_query, parse_prediction

FOX: JsonObject = {"prompt": "a fox"}


def refusal_of(query: list[tuple[str, str]]) -> tuple[int, str]:
    with pytest.raises(ApiError) as caught:
        parse_list_query(query)
    return caught.value.status, caught.value.error_id


@pytest.mark.parametrize(
    ("query", "error_id"),
    [
        ([("per_page", "51")], "INVALID_PARAMETER"),
        ([("per_page", "0")], "INVALID_PARAMETER"),
        ([("page", "0")], "INVALID_PARAMETER"),
        ([("page", "two")], "INVALID_PARAMETER"),
        ([("from", "01/02/2026")], "INVALID_DATE_FORMAT"),
        ([("to", "2026-02-30")], "INVALID_DATE_FORMAT"),
        ([("from", "2026-02-02"), ("to", "2026-02-01")], "INVALID_DATE_RANGE"),
        ([("page", "1"), ("page", "2")], "INVALID_PARAMETER_COMBINATION"),
    ],
)
def test_a_wrong_query_is_refused(query: list[tuple[str, str]], error_id: str) -> None:
    assert refusal_of(query) == (400, error_id)


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"a": NaN}', b'{"a": 1e999}', b"\xff", b"[" * 99_999]
)
def test_a_body_that_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(ApiError, match="400"):
        parse_json(body)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"model": None}, "model"),
        ({"model": 7}, "model"),
        ({"input": None}, "input"),
        ({"input": "a fox"}, "input"),
        ({"await": "yes"}, "await"),
        ({"stream": 1}, "stream"),
        ({"webhook": 7}, "webhook"),
        ({"webhook": {"url": 7}}, "webhook.url"),
    ],
)
def test_a_wrong_prediction_is_refused_by_the_name_of_its_field(
    change: JsonObject, field: str
) -> None:
    with pytest.raises(ApiError) as caught:
        parse_prediction({"model": "flux-pro", "input": FOX, **change})
    assert (caught.value.status, caught.value.error_id) == (422, "VALIDATION_ERROR")
    assert caught.value.details == f"field: {field}"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        ("https://a.example", {"url": "https://a.example", "events": []}),
        (
            {"url": "https://a.example", "events": ["completed"]},
            {"url": "https://a.example", "events": ["completed"]},
        ),
    ],
)
def test_a_webhook_may_be_a_url_or_an_object(given: object, expected: object) -> None:
    assert parse_prediction({"model": "m", "input": {}, "webhook": given}).webhook == expected


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "input.prompt"),
        ({"prompt": 7}, "input.prompt"),
        ({"prompt": "x", "width": "wide"}, "input.width"),
        ({"prompt": "x", "width": 1.5}, "input.width"),
        ({"prompt": "x", "width": True}, "input.width"),
    ],
)
def test_an_input_that_breaks_the_schema_is_refused(given: JsonObject, field: str) -> None:
    with pytest.raises(ApiError) as caught:
        check_input(Platform().model("flux-pro"), given)
    assert caught.value.status == 422
    assert caught.value.details == f"field: {field}"


@pytest.mark.parametrize(
    ("slug", "given", "message"),
    [
        ("flux-pro", {"width": 63}, "The input.width field must be at least 64."),
        ("flux-pro", {"height": 2049}, "The input.height field must be at most 2048."),
        ("local-text", {"temperature": 2.5}, "The input.temperature field must be at most 2."),
        (
            "local-text",
            {"temperature": "hot"},
            "The input.temperature field must be of type number.",
        ),
        (
            "truefusion-2",
            {"resolution": "4K"},
            "The input.resolution field must be one of 720p, 1080p.",
        ),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_its_limit(
    slug: str, given: JsonObject, message: str
) -> None:
    with pytest.raises(ApiError) as caught:
        check_input(Platform().model(slug), {**FOX, **given})
    assert (caught.value.status, caught.value.message) == (422, message)


@pytest.mark.parametrize(
    ("slug", "given"),
    [
        ("flux-pro", {"width": 64, "height": 2048, "seed": None}),
        ("local-text", {"temperature": 0}),
        ("truefusion-2", {"resolution": "720p"}),
    ],
)
def test_a_value_at_its_limit_is_taken(slug: str, given: JsonObject) -> None:
    check_input(Platform().model(slug), {**FOX, **given})


def test_a_schema_may_leave_the_type_open() -> None:
    schemas = {"any": {"minimum": 7}, "some": {"type": ["string", "null"]}}
    model = Model("mine", "Mine", "image", "me", 1.0, price(0.1, "image"), schemas, ())
    check_input(model, {"any": [1], "some": 7})


def test_an_input_may_hold_more_than_the_schema_knows() -> None:
    check_input(Platform().model("flux-pro"), {"prompt": "x", "width": 512.0, "novel": [1]})
