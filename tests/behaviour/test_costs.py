"""Before the money is spent: checks, estimates and costs against the local platform."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias

import pytest

from skytells import InvalidRequestError, NotFoundError, SkytellsClient
from skytells.local import LocalPlatform

from ..conftest import Build

FOX = {"prompt": "A fox"}


def asked(platform: LocalPlatform) -> list[str]:
    return [f"{request.method} {request.path}" for request in platform.requests]


def test_a_fetched_model_checks_and_estimates(client: SkytellsClient) -> None:
    model = client.models.get("flux-pro")
    model.validate(FOX)
    with pytest.raises(InvalidRequestError, match="Did you mean 'prompt'"):
        model.validate({"promt": "A fox"})
    assert model.estimate({**FOX, "num_outputs": 2}).amount == Decimal("0.1")


def payload(input: dict[str, Any]) -> dict[str, Any]:
    return {"model": "flux-pro", "input": input}


Act: TypeAlias = Callable[[SkytellsClient, dict[str, Any]], Any]
WAYS: list[Act] = [
    lambda c, given: c.run("flux-pro", given, validate=True),
    lambda c, given: c.predict(payload(given), validate=True),
    lambda c, given: c.predictions.create(model="flux-pro", input=given, validate=True),
    lambda c, given: c.predictions.create(payload(given), validate=True),
]


@pytest.mark.parametrize("act", WAYS)
def test_validate_refuses_before_anything_is_paid_for(
    client: SkytellsClient, platform: LocalPlatform, act: Act
) -> None:
    with pytest.raises(InvalidRequestError, match="num_outputs must be at most 8; got 9"):
        act(client, {**FOX, "num_outputs": 9})
    assert asked(platform) == ["GET /v1/model/flux-pro"]
    assert act(client, FOX).id
    assert asked(platform) == ["GET /v1/model/flux-pro", "POST /v1/predict"]


def test_without_validate_no_schema_is_asked_for(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    client.run("flux-pro", FOX)
    assert asked(platform) == ["POST /v1/predict"]


def test_validate_of_an_unknown_model_says_so(client: SkytellsClient) -> None:
    with pytest.raises(NotFoundError):
        client.run("flux-por", FOX, validate=True)


def test_the_catalogue_is_asked_once_and_again_on_request(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    first = client.models.list()
    assert client.with_options(timeout=5_000).models.list() == first
    client.models.get("flux-pro")
    client.models.get("flux-pro")
    assert asked(platform) == ["GET /v1/models", "GET /v1/model/flux-pro"]
    client.models.list(refresh=True)
    client.models.get("flux-pro", refresh=True)
    assert len(asked(platform)) == 4


def test_another_key_has_a_catalogue_of_its_own(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    client.models.list()
    client.with_options(api_key="sk-another").models.list()
    assert len(asked(platform)) == 2


@pytest.mark.parametrize(
    ("slug", "input"),
    [
        ("flux-pro", {"num_outputs": 3}),
        ("truefusion", {"number_of_images": 2}),
        ("truefusion-2", {"resolution": "720p"}),
        ("truefusion-2", {}),
        ("flux-2-pro-legacy", {"width": 512, "height": 512}),
        ("flux-2-pro-legacy", {"resolution": "0.5 MP", "num_outputs": 2}),
        ("truefusion-video-pro", {"duration_seconds": 7.5}),
        ("veo-3.1-fast", {}),
        ("veo-3.1-fast", {"generate_audio": False}),
        ("beatfusion-2.0", {"lyrics": "La la"}),
    ],
)
def test_the_estimate_is_what_is_billed(
    client: SkytellsClient, slug: str, input: dict[str, Any]
) -> None:
    input = {**FOX, **input}
    estimate = client.models.get(slug).estimate(input)
    prediction = client.run(slug, input)
    assert estimate.amount is not None
    assert prediction.cost == prediction.response.cost == estimate.amount


def test_what_failed_cost_nothing(build: Build, platform: LocalPlatform) -> None:
    client = build(platform.key, base_url=platform.url)
    platform.script("flux-pro", fails="No.")
    made = client.wait(client.predictions.create(model="flux-pro", input=FOX))
    assert made.cost == 0
