"""What a prediction will cost: units, rules in their order, defaults, and what cannot be known."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skytells import Estimate, Model, PredictionResponse
from skytells.local.catalogue import MODELS
from skytells.local.catalogue import Model as LocalModel
from skytells.types.costs import TokenPrice, token_price

from ..core.support import json_objects


def priced(unit: str, *criterias: dict[str, Any], schema: Any = (), **more: Any) -> Model:
    pricing = {"amount": 0.02, "currency": "USD", "unit": unit, "criterias": list(criterias)}
    properties = dict(schema)
    return Model.from_wire(
        {
            "namespace": "m",
            "pricing": pricing | more,
            "input_schema": {"properties": properties},
        }
    )


def rule(field: str, value: object, price: float, **more: Any) -> dict[str, Any]:
    return {"field": field, "operator": "==", "value": value, "billable_price": price} | more


@pytest.mark.parametrize(
    ("unit", "input", "amount"),
    [
        ("prediction", {"num_outputs": 4}, "0.02"),
        ("image", {}, "0.02"),
        ("image", {"num_outputs": 4}, "0.08"),
        ("image", {"number_of_images": 3}, "0.06"),
        ("video", {"n": 2}, "0.04"),
        ("audio", {}, "0.02"),
        ("image_megapixel", {"width": 1024, "height": 1024, "num_outputs": 2}, "0.04194304"),
        ("megapixel", {"width": 1000, "height": 500}, "0.01"),
        ("second", {"duration_seconds": 7.5}, "0.15"),
        ("video_second", {"seconds": "8"}, "0.16"),
        ("audio_second", {"duration": 10}, "0.2"),
        ("5 seconds", {"duration": 5}, "0.02"),
        ("5 seconds", {"duration": 6}, "0.04"),
        ("minute", {"duration": 90}, "0.03"),
        ("minute", {"duration": 1}, "0.000333333"),
    ],
)
def test_an_amount_counts_in_its_unit(unit: str, input: dict[str, Any], amount: str) -> None:
    estimate = priced(unit).estimate(input)
    assert estimate.amount == Decimal(amount)
    assert (estimate.unit, estimate.rate, estimate.currency) == (unit, Decimal("0.02"), "USD")


@pytest.mark.parametrize(
    ("unit", "input", "why"),
    [
        ("second", {}, "by its length"),
        ("second", {"duration": "long"}, "should be a number above 0"),
        ("image", {"num_outputs": 0}, "should be a number above 0"),
        ("image", {"num_outputs": True}, "should be a number above 0"),
        ("image", {"num_outputs": 10**400}, "more than can be counted"),
        ("image_megapixel", {"width": 1e300, "height": 9}, "more than can be counted"),
        ("image_megapixel", {"width": 512}, "by the megapixel"),
        ("computing_second", {}, "computing time"),
        ("gpu", {}, "computing time"),
        ("token", {}, "by tokens"),
        ("million_token", {}, "by tokens"),
        ("moon phase", {}, "'moon phase' is not known"),
    ],
)
def test_what_cannot_be_known_says_why(unit: str, input: dict[str, Any], why: str) -> None:
    estimate = priced(unit).estimate(input)
    assert estimate.amount is None
    assert why in estimate.reason
    assert str(estimate) == estimate.reason


def test_the_first_rule_that_fits_wins() -> None:
    model = priced(
        "image",
        rule("size", "720p", 0.07, unit="image", description="Small."),
        rule("size", "1080p", 0.1),
        rule("size", "720p", 9.0),
    )
    small = model.estimate({"size": "720p", "num_outputs": 2})
    assert (small.amount, small.rule) == (Decimal("0.14"), "Small.")
    assert str(small) == "0.14 USD (2 × image at 0.07, since Small.)"
    large = model.estimate({"size": "1080p"})
    assert (large.amount, large.rule, large.unit) == (Decimal("0.1"), "size is 1080p", "image")
    assert model.estimate({"size": "4k"}).amount == Decimal("0.02")
    assert model.estimate({}).rule is None


def test_a_rule_may_have_a_unit_of_its_own() -> None:
    model = priced("image_megapixel", rule("size", "small", 0.01, unit="image"))
    assert model.estimate({"size": "small"}).amount == Decimal("0.01")


def test_what_is_left_out_has_the_default_of_the_schema() -> None:
    schema = {"sound": {"default": True}, "duration": {"default": 4}, "num_outputs": {}}
    model = priced("second", rule("sound", True, 0.1), schema=schema)
    assert model.estimate({}).amount == Decimal("0.4")
    assert model.estimate({"sound": None, "duration": None}).amount == Decimal("0.4")
    assert model.estimate({"sound": False}).amount == Decimal("0.08")


def test_what_is_given_wins_over_the_default_of_another_name() -> None:
    schema = {"num_outputs": {"default": 1}, "number_of_images": {"default": 1}}
    assert priced("image", schema=schema).estimate({"number_of_images": 3}).quantity == 3


def test_without_a_schema_a_default_that_matters_is_not_known() -> None:
    pricing = {"amount": 1, "unit": "image", "criterias": [rule("sound", True, 0.1)]}
    model = Model.from_wire({"namespace": "m", "pricing": pricing})
    assert "no input_schema" in model.estimate({}).reason
    assert model.estimate({"sound": True, "num_outputs": 2}).amount == Decimal("0.2")


@pytest.mark.parametrize(
    ("value", "given", "fits"),
    [(True, 1, False), (1, True, False), (1, 1.0, True), ("1", 1, False), ("a", "a", True)],
)
def test_values_are_compared_as_json(value: object, given: object, fits: bool) -> None:
    model = priced("prediction", rule("x", value, 5))
    assert (model.estimate({"x": given}).amount == 5) is fits


NOT_UNDERSTOOD: list[tuple[dict[str, Any], str]] = [
    ({}, "no price of m"),
    ({"pricing": None}, "no price of m"),
    ({"pricing": {"unit": "image"}}, "lacks an amount or a unit"),
    ({"pricing": {"amount": "dear", "unit": "image"}}, "lacks an amount or a unit"),
    ({"pricing": {"amount": -1, "unit": "image"}}, "lacks an amount or a unit"),
    ({"pricing": {"amount": 1, "unit": None}}, "lacks an amount or a unit"),
    ({"pricing": {"amount": 1, "unit": "image", "formula": {"type": "x"}}}, "a formula"),
    ({"pricing": {"amount": 1, "unit": "image", "criterias": [7]}}, "cannot be read"),
    ({"pricing": {"amount": 1, "unit": "image", "criterias": [{}]}}, "cannot be read"),
    (
        {"pricing": {"criterias": [rule("size", 5, 1, operator=">=")]}},
        "compares size in a way that is not known",
    ),
]


@pytest.mark.parametrize(("wire", "why"), NOT_UNDERSTOOD)
def test_a_price_list_that_is_not_understood_gives_no_amount(wire: Any, why: str) -> None:
    estimate = Model.from_wire({"namespace": "m", "input_schema": {}} | wire).estimate({"size": 9})
    assert estimate.amount is None
    assert why in estimate.reason


def test_what_is_free_is_free_whatever_its_unit() -> None:
    assert priced("token", amount=0).estimate({}).amount == 0
    unbilled = Model.from_wire({"namespace": "m", "billable": False}).estimate({})
    assert (unbilled.amount, unbilled.reason) == (Decimal(0), "it is not billed")


def test_amounts_are_exact_and_plain() -> None:
    assert str(priced("image", amount=0.1).estimate({"n": 3}).amount) == "0.3"
    assert str(priced("image", amount=5).estimate({"n": 100}).amount) == "500"
    assert str(priced("prediction", amount=0.0000005).estimate({}).amount) == "5E-7"


@given(json_objects("amount", "unit", "criterias", "formula", "currency"), json_objects("n"))
def test_any_price_list_gives_an_amount_or_a_reason(pricing: Any, input: Any) -> None:
    model = Model.from_wire({"namespace": "m", "pricing": pricing, "input_schema": {}})
    estimate = model.estimate(input)
    assert isinstance(estimate, Estimate)
    assert estimate.reason
    assert estimate.amount is None or estimate.amount >= 0


inputs = st.fixed_dictionaries(
    {"prompt": st.just("a fox"), "lyrics": st.just("la")},
    optional={
        "num_outputs": st.integers(1, 8),
        "number_of_images": st.integers(1, 8),
        "width": st.integers(64, 2048),
        "height": st.integers(64, 2048),
        "duration_seconds": st.integers(3, 30) | st.decimals(3, 30, places=1).map(float),
        "generate_audio": st.booleans(),
        "resolution": st.sampled_from(["720p", "1080p", "0.5 MP", "1 MP"]),
    },
)


@given(st.sampled_from(MODELS), inputs)
def test_an_amount_is_what_the_local_platform_bills(local: LocalModel, input: Any) -> None:
    from skytells.local.media.files import generate_files

    wanted = {name: value for name, value in input.items() if name in local.inputs}
    model = Model.from_wire(local.as_json(["input_schema"]))
    assets = len(generate_files(local.type, local.namespace, wanted))
    billed = local.credits(wanted, work=local.seconds, assets=assets)
    estimate = model.estimate(wanted)
    if estimate.amount is None:
        assert estimate.unit in {"computing_second", "token", "image_megapixel"}
    else:
        assert estimate.amount == Decimal(str(billed))


# What it did cost


@pytest.mark.parametrize(
    ("billing", "cost"),
    [
        ({"billing": {"credits_used": 0.1}}, Decimal("0.1")),
        ({"billing": {"credits_used": 0}}, Decimal(0)),
        ({"billing": {"credits_used": "0.75"}}, Decimal("0.75")),
        ({"billing": {"credits_used": None}}, None),
        ({"billing": {"credits_used": -1}}, None),
        ({"billing": None}, None),
        (None, None),
    ],
)
def test_the_cost_is_what_the_server_billed(billing: Any, cost: Decimal | None) -> None:
    prediction = PredictionResponse.from_wire({"id": "p", "metadata": billing})
    assert prediction.cost == cost


def by_token(pricing: Any, **fields: Any) -> TokenPrice | str:
    return token_price(Model.from_wire({"namespace": "m", "pricing": pricing, **fields}))


@pytest.mark.parametrize(
    ("pricing", "read", "written"),
    [
        ({"amount": 0.5, "unit": "token"}, "0.5", "0.5"),
        ({"amount": 0.5, "unit": "million_token", "currency": "USD"}, "0.0000005", "0.0000005"),
        ({"amount": 2, "unit": "tokens", "criterias": [rule("t", "output", 3)]}, "2", "3"),
        (
            {
                "amount": 2,
                "unit": "token",
                "criterias": [
                    rule("t", "input", 1, unit="million_token"),
                    rule("t", "output", 5, unit="million_token"),
                ],
            },
            "0.000001",
            "0.000005",
        ),
    ],
)
def test_tokens_have_a_price(pricing: Any, read: str, written: str) -> None:
    assert by_token(pricing) == TokenPrice(Decimal(read), Decimal(written))


def test_what_is_not_billed_has_free_tokens() -> None:
    assert by_token(None, billable=False) == TokenPrice(Decimal(0), Decimal(0))


@pytest.mark.parametrize(
    ("pricing", "why"),
    [
        (None, "no price of m"),
        ({"amount": 1, "unit": "image"}, "not priced by the token"),
        ({"amount": -1, "unit": "token"}, "not priced by the token"),
        ({"amount": 1, "unit": "token", "formula": {"type": "x"}}, "not priced by the token"),
        ({"amount": 1, "unit": "token", "currency": "EUR"}, "priced in EUR"),
        ({"amount": 1, "unit": "token", "criterias": [rule("t", "cached", 3)]}, "cannot be read"),
        ({"amount": 1, "unit": "token", "criterias": ["odd"]}, "cannot be read"),
        ({"amount": 1, "unit": "token", "criterias": [{"value": ["output"]}]}, "cannot be read"),
        ({"amount": 1, "unit": "token", "criterias": [{"value": "output"}]}, "not priced by"),
    ],
)
def test_tokens_without_a_known_price_say_why(pricing: Any, why: str) -> None:
    told = by_token(pricing)
    assert isinstance(told, str)
    assert why in told
