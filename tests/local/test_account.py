"""The balance and the limits of an account, with a stopped clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

import pytest

from skytells.local import Clock, Model, Platform, PlatformOptions
from skytells.local.catalogue import price
from skytells.local.errors import ApiError
from skytells.local.jobs import Job
from skytells.local.json_values import JsonObject
from skytells.local.requests import PredictionRequest

START = 1_767_225_600.0  # 2026-01-01T00:00:00Z


def platform_with(**options: Unpack[PlatformOptions]) -> Platform:
    return Platform(clock=Clock(speed=0, start=START), **options)


def order(model: str = "flux-pro", **asked: object) -> PredictionRequest:
    return PredictionRequest(model, {"prompt": "a fox", **asked})


def refused(platform: Platform, model: str = "flux-pro", **asked: object) -> ApiError:
    with pytest.raises(ApiError) as caught:
        platform.create(order(model, **asked))
    return caught.value


def test_success_is_charged_when_it_comes() -> None:
    platform = platform_with(credits=1.0)
    platform.create(order(num_outputs=2))
    assert platform.account.balance == 1.0
    platform.advance(8.0)
    assert platform.account.balance == 0.9


@pytest.mark.parametrize("end", [Platform.cancel, Platform.fail, Platform.delete])
def test_what_did_not_succeed_costs_nothing(end: Callable[[Platform, str], Job]) -> None:
    platform = platform_with(credits=1.0)
    end(platform, platform.create(order()).id)
    platform.advance(60.0)
    assert platform.account.balance == 1.0


def test_a_scripted_failure_costs_nothing() -> None:
    platform = platform_with(credits=1.0)
    platform.script("flux-pro", fails="NSFW content detected.")
    platform.create(order())
    platform.advance(60.0)
    assert platform.account.balance == 1.0


def test_a_prediction_finished_by_hand_is_charged_at_once() -> None:
    platform = platform_with(credits=1.0)
    job = platform.finish(platform.create(order()).id)
    assert platform.account.balance == 0.95
    assert job.started(platform.now()) == job.completed(platform.now()) == 0.0


def test_deletion_after_success_gives_nothing_back() -> None:
    platform = platform_with(credits=1.0)
    job = platform.create(order())
    platform.advance(60.0)
    platform.delete(job.id)
    assert platform.account.balance == 0.95


def test_a_balance_that_does_not_cover_the_price_is_a_402() -> None:
    platform = platform_with(credits=0.09)
    platform.create(order())
    no = refused(platform)
    assert (no.status, no.error_id) == (402, "INSUFFICIENT_CREDITS")
    assert "costs 0.05 credits and 0.04 are left" in no.message
    assert len(platform.all()) == 1


def test_reserved_credits_are_released_with_a_cancellation() -> None:
    platform = platform_with(credits=0.05)
    platform.cancel(platform.create(order()).id)
    platform.create(order())
    assert refused(platform).status == 402


def test_a_refused_prediction_does_not_use_a_script_up() -> None:
    platform = platform_with(credits=0.0)
    platform.script("flux-pro", fails="no", times=1)
    assert refused(platform).status == 402
    platform.account.balance = 1.0
    job = platform.create(order())
    platform.advance(60.0)
    assert job.stage(platform.now()).status == "failed"


@pytest.mark.parametrize(
    ("unit", "asked", "charged"),
    [
        ("image", {"num_outputs": 3}, 3.0),
        ("prediction", {"num_outputs": 3}, 1.0),
        ("image_megapixel", {"width": 2000, "height": 1000, "num_outputs": 2}, 4.0),
        ("image_megapixel", {}, 1.0),
        ("second", {"duration_seconds": 7}, 7.0),
        ("video_second", {"seconds": 7.5}, 7.5),
        ("5 seconds", {"duration_seconds": 7}, 2.0),
        ("minute", {"duration_seconds": 90}, 1.5),
        ("computing_second", {}, 9.0),
        ("million_token", {"prompt": "x" * 400}, 0.000103),
        ("something new", {}, 1.0),
    ],
)
def test_a_price_counts_in_its_unit(unit: str, asked: JsonObject, charged: float) -> None:
    mine = Model("mine", "Mine", "image", "me", 11.0, price(1.0, unit), {}, ())
    platform = platform_with(models=[mine], credits=100.0)
    job = platform.create(PredictionRequest("mine", asked))
    platform.advance(11.0)
    assert job.credits(platform.now()) == charged
    assert platform.account.balance == 100.0 - charged


@pytest.mark.parametrize(("resolution", "charged"), [("720p", 0.07), ("1080p", 0.1), (None, 0.1)])
def test_the_first_matching_rule_sets_the_price(resolution: str | None, charged: float) -> None:
    job = platform_with().create(order("truefusion-2", resolution=resolution))
    assert job.price() == charged


def test_requests_per_minute_are_counted_per_model() -> None:
    platform = platform_with(rpm=2)
    for _ in range(2):
        platform.create(order())
    assert (refused(platform).status, refused(platform).error_id) == (429, "RATE_LIMIT_EXCEEDED")
    platform.create(order("truefusion"))


def test_the_minute_rolls() -> None:
    platform = platform_with(rpm=2)
    platform.create(order())
    platform.advance(20.0)
    platform.create(order())
    assert refused(platform).headers["Retry-After"] == "40"
    platform.advance(40.0)
    platform.create(order())
    assert refused(platform).headers["Retry-After"] == "20"


def test_predictions_at_once_are_limited_until_one_ends() -> None:
    platform = platform_with(concurrency=1)
    first = platform.create(order())
    no = refused(platform)
    assert (no.status, no.headers["Retry-After"]) == (429, "8")
    platform.cancel(first.id)
    platform.create(order())
    platform.advance(8.0)
    platform.create(order())


def test_retry_after_is_in_the_callers_seconds() -> None:
    platform = Platform(clock=Clock(speed=10, ticker=lambda: 0.0), rpm=1)
    platform.create(order())
    assert refused(platform).headers["Retry-After"] == "6"


def test_both_families_of_headers_report_the_limits() -> None:
    platform = platform_with(rpm=25, concurrency=3)
    platform.create(order())
    assert platform.account.limit_headers("flux-pro") == {
        "x-skytells-ratelimit-limit-requests": "25",
        "x-skytells-ratelimit-remaining-requests": "24",
        "x-skytells-ratelimit-window": "60s",
        "x-skytells-ratelimit-limit-tokens-in": "-",
        "x-skytells-ratelimit-remaining-tokens-in": "-",
        "x-skytells-ratelimit-limit-tokens-out": "-",
        "x-skytells-ratelimit-remaining-tokens-out": "-",
        "X-RateLimit-Limit-RPM": "25",
        "X-RateLimit-Remaining-RPM": "24",
        "X-RateLimit-Limit-Concurrent": "3",
        "X-RateLimit-Remaining-Concurrent": "2",
        "X-RateLimit-Reset": str(int(START) + 60),
    }


def test_an_account_without_limits_has_no_headers() -> None:
    assert platform_with().account.limit_headers("flux-pro") == {}


@pytest.mark.parametrize(
    ("options", "culprit"),
    [
        ({"rpm": 0}, "rpm"),
        ({"concurrency": 0}, "concurrency"),
        ({"credits": float("nan")}, "credits"),
    ],
)
def test_an_account_refuses_what_is_invalid(options: JsonObject, culprit: str) -> None:
    with pytest.raises(ValueError, match=culprit):
        platform_with(**options)


def test_small_steps_of_the_clock_settle_what_they_end() -> None:
    platform = platform_with(credits=1.0, concurrency=1)
    platform.script("flux-pro", seconds=1.0)
    platform.create(order())
    for _ in range(10):
        platform.advance(0.1)
    platform.create(order())
    assert platform.account.balance == 0.95
