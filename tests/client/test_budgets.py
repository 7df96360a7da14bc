"""Before the money is spent: checks, estimates and costs against the local platform."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any, TypeAlias

import pytest

from skytells import (
    AnswerError,
    AsyncSkytellsClient,
    Budget,
    BudgetExceededError,
    DispatchError,
    InvalidRequestError,
    NotFoundError,
    PredictionFailedError,
    SkytellsClient,
    SkytellsError,
)
from skytells.local import LocalPlatform
from skytells.types.chat import MessageParam

from ..behaviour.misbehaving import Step
from ..behaviour.steps import answers, closes
from ..conftest import Build, Serve

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


def test_dispatch_checks_each_and_sends_the_others(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    for input in (FOX, {**FOX, "num_outputs": 9}, {"promt": "A fox"}):
        client.queue(payload(input))
    with pytest.raises(DispatchError, match="num_outputs must be at most 8") as caught:
        client.dispatch(validate=True)
    assert [p is not None for p in caught.value.predictions] == [True, False, False]
    assert [type(e) for e in caught.value.errors] == [
        type(None),
        *[InvalidRequestError] * 2,
    ]
    assert asked(platform) == ["GET /v1/model/flux-pro", "POST /v1/predict"]
    assert client.dispatch(validate=True) == []  # what can never be sent is not queued again


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


# Budgets


def test_a_budget_counts_what_the_platform_bills(build: Build, platform: LocalPlatform) -> None:
    budget = Budget("0.50")
    client = build(platform.key, base_url=platform.url, budget=budget)
    before = Decimal(str(platform.credits))
    client.run("flux-pro", {**FOX, "num_outputs": 2})
    job = client.predictions.create(model="truefusion", input=FOX)
    assert (budget.spent, budget.reserved) == (Decimal("0.1"), Decimal("0.03"))
    client.wait(job)
    assert (budget.spent, budget.reserved) == (Decimal("0.13"), Decimal(0))
    assert before - Decimal(str(platform.credits)) == budget.spent
    with pytest.raises(BudgetExceededError):
        client.run("flux-pro", {**FOX, "num_outputs": 8})
    assert budget.remaining == Decimal("0.37")


def test_a_budget_stops_every_way_to_create(build: Build, platform: LocalPlatform) -> None:
    client = build(platform.key, base_url=platform.url, budget=Budget("0.01"))
    for act in (
        lambda: client.run("flux-pro", FOX),
        lambda: client.predict({"model": "flux-pro", "input": FOX}),
        lambda: client.predictions.create(model="flux-pro", input=FOX),
    ):
        with pytest.raises(BudgetExceededError):
            act()
    client.queue({"model": "flux-pro", "input": FOX})
    with pytest.raises(DispatchError) as caught:
        client.dispatch()
    assert caught.value.error_id == "BUDGET_EXCEEDED"
    assert asked(platform) == ["GET /v1/model/flux-pro"]
    assert len(caught.value.unsent) == 1


def test_what_was_too_dear_is_back_in_the_queue(build: Build, platform: LocalPlatform) -> None:
    platform.script("flux-pro", seconds=1e9)
    client = build(platform.key, base_url=platform.url, budget=Budget("0.12"))
    for _ in range(3):
        client.queue({"model": "flux-pro", "input": FOX})
    with pytest.raises(DispatchError) as caught:
        client.dispatch()
    assert [p is not None for p in caught.value.predictions] == [True, True, False]
    for prediction in caught.value.predictions[:2]:
        assert prediction is not None
        client.cancel_prediction(prediction.id)
    # What was cancelled has cost nothing, so that the third has room.
    assert len(client.dispatch()) == 1


def test_clients_share_a_budget_and_a_copy_may_have_its_own(
    build: Build, platform: LocalPlatform
) -> None:
    budget, other = Budget("0.08"), Budget("0.05")
    client = build(platform.key, base_url=platform.url, budget=budget)
    client.with_options(timeout=9_000).run("flux-pro", FOX)
    with pytest.raises(BudgetExceededError):
        build(platform.key, base_url=platform.url, budget=budget).run("flux-pro", FOX)
    client.with_options(budget=other).run("flux-pro", FOX)
    assert (budget.spent, other.spent) == (Decimal("0.05"), Decimal("0.05"))


def test_a_failed_run_costs_what_the_platform_says(build: Build, platform: LocalPlatform) -> None:
    budget = Budget("0.06")
    client = build(platform.key, base_url=platform.url, budget=budget)
    platform.script("flux-pro", fails="No.")
    with pytest.raises(PredictionFailedError):
        client.run("flux-pro", FOX)
    assert budget.remaining == Decimal("0.06")


def test_a_price_that_cannot_be_known_is_refused_unless_one_is_assumed(
    build: Build, platform: LocalPlatform
) -> None:
    with pytest.raises(BudgetExceededError, match="computing time"):
        build(platform.key, base_url=platform.url, budget=Budget(9)).run("flux-edge", FOX)
    budget = Budget(9, assume="0.10")
    prediction = build(platform.key, base_url=platform.url, budget=budget).run("flux-edge", FOX)
    assert budget.spent == prediction.cost
    assert budget.reserved == 0


async def test_tasks_cannot_spend_the_same_dollar(platform: LocalPlatform) -> None:
    budget = Budget("0.25")
    async with AsyncSkytellsClient(platform.key, base_url=platform.url, budget=budget) as client:
        runs = [client.run("flux-pro", FOX) for _ in range(12)]
        outcomes = await asyncio.gather(*runs, return_exceptions=True)
    assert sum(isinstance(o, BudgetExceededError) for o in outcomes) == 7
    assert budget.spent == Decimal("0.25")


# Inference under a budget

HELLO: list[MessageParam] = [{"role": "user", "content": "Say something long about foxes"}]
COUNTED: Any = {"stream_options": {"include_usage": True}}


def chats(client: SkytellsClient) -> object:
    return client.chat.completions.create(model="gpt-5", messages=HELLO)


def responds(client: SkytellsClient) -> object:
    return client.responses.create(model="gpt-5", input="Say hi")


def embeds(client: SkytellsClient) -> object:
    texts = [f"text {number}" for number in range(3000)]  # in several requests
    return client.embeddings.create(model="skytells-embed-3-small", input=texts, dimensions=2)


def chats_in_pieces(client: SkytellsClient) -> object:
    stream = client.chat.completions.stream(model="gpt-5", messages=HELLO, **COUNTED)
    return list(stream)


def responds_in_pieces(client: SkytellsClient) -> object:
    return list(client.responses.stream(model="gpt-5", input="Say hi"))


def judges(client: SkytellsClient) -> object:
    return client.safety.check_text("A fox")


def has_no_object(client: SkytellsClient) -> object:
    with suppress(AnswerError):
        client.chat.completions.parse(
            model="gpt-5", messages=HELLO, response_format=list[str], max_tokens=3
        )
    return None


INFERENCE = [
    *(chats, responds, embeds, chats_in_pieces, responds_in_pieces, judges, has_no_object),
]


@pytest.mark.parametrize("act", INFERENCE)
def test_a_budget_counts_the_tokens_that_the_platform_bills(
    build: Build, platform: LocalPlatform, act: Callable[[SkytellsClient], object]
) -> None:
    budget, before = Budget(1), platform.credits
    act(build(platform.key, base_url=platform.url, budget=budget))
    billed = Decimal(str(round(before - platform.credits, 9)))
    assert billed > 0
    assert round(budget.spent, 9) == billed
    assert budget.reserved == 0


@pytest.mark.parametrize("act", INFERENCE)
def test_a_budget_that_is_spent_lets_no_inference_be_asked(
    build: Build, platform: LocalPlatform, act: Callable[[SkytellsClient], object]
) -> None:
    client = build(platform.key, base_url=platform.url, budget=Budget(0))
    with pytest.raises(BudgetExceededError, match="Nothing was sent"):
        act(client)
    assert {each.partition(" ")[0] for each in asked(platform)} == {"GET"}


def test_inference_without_a_known_price_is_refused_unless_one_is_assumed(
    build: Build, serve: Serve
) -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    answer: Any = {"id": "c1", "choices": [], "usage": usage}
    missing = answers({"error": {"error_id": "MODEL_NOT_FOUND", "message": "No."}}, 404)
    server = serve(missing, missing, answers(answer))
    options: Any = {"model": "a-router", "messages": HELLO}
    client = build("sk-key", base_url=server.url, budget=Budget(1))
    with pytest.raises(BudgetExceededError, match="does not have it"):
        client.chat.completions.create(**options)
    budget = Budget(1, assume="0.25")
    client = build("sk-key", base_url=server.url, budget=budget)
    client.chat.completions.create(**options)
    assert budget.spent == Decimal("0.25")


@pytest.mark.parametrize(
    ("answer", "spent"),
    [
        (answers({"error": {"message": "No."}}, 400), "0"),
        (answers({"error": {"message": "No."}}, 500), "0.25"),
        (closes(), "0.25"),
        (answers({"id": "c1", "choices": []}), "0.25"),
        (answers({"id": "c1", "choices": [], "usage": {"total_tokens": 7}}), "0.25"),
        (answers({"id": "c1", "choices": [], "usage": {"prompt_tokens": True}}), "0.25"),
        (answers({"id": "c1", "choices": [], "usage": {"prompt_tokens": 7}}), "0.7"),
    ],
)
def test_what_is_assumed_stands_until_the_usage_is_told(
    build: Build, serve: Serve, answer: Step, spent: str
) -> None:
    model = {"namespace": "m", "pricing": {"amount": 0.1, "currency": "USD", "unit": "token"}}
    server = serve(answers(model), answer)
    budget = Budget(1, assume="0.25")
    client = build("sk-key", base_url=server.url, budget=budget)
    with suppress(SkytellsError):
        client.chat.completions.create(model="m", messages=HELLO)
    assert budget.spent == Decimal(spent)


def test_a_stream_that_is_left_counts_what_it_had_told(
    build: Build, platform: LocalPlatform
) -> None:
    budget = Budget(1, assume="0.25")
    client = build(platform.key, base_url=platform.url, budget=budget)
    with client.responses.stream(model="gpt-5", input="Say hi") as stream:
        next(iter(stream))
    assert budget.spent == Decimal("0.25")


async def test_many_tasks_count_all_that_they_took(platform: LocalPlatform) -> None:
    budget, before = Budget(1), platform.credits
    async with AsyncSkytellsClient(platform.key, base_url=platform.url, budget=budget) as client:
        asking = [client.chat.completions.create(model="gpt-5", messages=HELLO) for _ in range(50)]
        completions = await asyncio.gather(*asking)
    assert len(completions) == 50
    assert round(budget.spent, 9) == Decimal(str(round(before - platform.credits, 9)))
