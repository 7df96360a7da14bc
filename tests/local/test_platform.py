"""The platform without sockets, with a clock that is moved by the tests."""

from __future__ import annotations

import pytest

from skytells.local import Clock, Model, Platform
from skytells.local.catalogue import price
from skytells.local.errors import ApiError
from skytells.local.jobs import Job
from skytells.local.json_values import JsonObject
from skytells.local.prediction_json import list_json, prediction_json
from skytells.local.requests import ListQuery, PredictionRequest, parse_list_query
from skytells.local.schedule import Schedule

START = 1_767_225_600.0  # 2026-01-01T00:00:00Z
ORIGIN = "http://localhost"
FOX: JsonObject = {"prompt": "a fox"}


@pytest.fixture
def platform() -> Platform:
    return Platform(clock=Clock(speed=0, start=START))


def shown(platform: Platform, job: Job) -> JsonObject:
    return prediction_json(job, platform.now(), ORIGIN)


def test_a_schedule_passes_through_every_status_in_order() -> None:
    life = Schedule(11.0)
    ages = (0.0, 1.0, 2.0, 3.0, 10.999, 11.0, 1e9)
    assert [life.at(age).status for age in ages] == [
        "pending",
        "starting",
        "started",
        "processing",
        "processing",
        "succeeded",
        "succeeded",
    ]


def test_a_schedule_without_duration_ends_at_once() -> None:
    life = Schedule(0.0)
    assert life.at(0.0).status == "succeeded"
    assert life.progress(0.0) == 100.0


def test_progress_grows_from_0_to_100_while_work_goes_on() -> None:
    life = Schedule(11.0)
    ages = (0.0, 2.0, 6.5, 11.0, 20.0)
    assert [life.progress(age) for age in ages] == [0.0, 0.0, 50.0, 100.0, 100.0]


def test_a_clock_runs_at_its_speed_and_its_calendar_does_not() -> None:
    real = [0.0]
    clock = Clock(speed=10, start=START, ticker=lambda: real[0])
    real[0] = 3.0
    assert (clock.now(), clock.date()) == (30.0, START + 3)
    assert clock.real_seconds_until(50.0) == 2.0
    clock.advance(20)
    assert (clock.now(), clock.date()) == (50.0, START + 23)
    assert clock.real_seconds_until(50.0) == 0.0


def test_a_stopped_clock_never_reaches_a_moment() -> None:
    assert Clock(speed=0).real_seconds_until(0.0) is None


@pytest.mark.parametrize("speed", [-1.0, float("inf"), float("nan")])
def test_a_clock_refuses_a_speed_that_is_invalid(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        Clock(speed=speed)


def test_a_clock_never_goes_back() -> None:
    with pytest.raises(ValueError, match="seconds must be zero"):
        Clock().advance(-1.0)


def test_a_clock_goes_on_from_where_it_is_when_its_speed_changes() -> None:
    real = [0.0]
    clock = Clock(speed=1, start=START, ticker=lambda: real[0])
    shown: list[tuple[float, float]] = []
    for speed in (100.0, 0.0, 2.0):
        real[0] += 10.0
        before = clock.now(), clock.date()
        clock.speed = speed
        assert (clock.now(), clock.date()) == before
        shown.append(before)
    assert shown == [(10.0, START + 10), (1010.0, START + 20), (1010.0, START + 20)]
    assert clock.real_seconds_until(1012.0) == 1.0
    assert [clock.date(moment) for moment in (5.0, 510.0, 1012.0)] == [
        START + d for d in (5, 15, 21)
    ]


def test_a_clock_keeps_its_speed_when_the_new_one_is_invalid() -> None:
    clock = Clock(speed=0)
    with pytest.raises(ValueError, match="speed"):
        clock.speed = -1.0
    assert clock.speed == 0


def test_a_prediction_ends_on_the_date_that_the_calendar_shows_then() -> None:
    platform = Platform(clock=Clock(speed=10, start=START, ticker=lambda: 0.0))
    job = platform.create(PredictionRequest("flux-pro", FOX))
    platform.advance(60.0)
    assert shown(platform, job)["completed_at"] == "2026-01-01T00:00:08+00:00"


def test_dates_stay_close_to_real_ones_at_a_high_speed() -> None:
    real = [0.0]
    platform = Platform(clock=Clock(speed=1000, start=START, ticker=lambda: real[0]))
    real[0] = 60.0
    job = platform.create(PredictionRequest("flux-pro", FOX))
    real[0] = 61.0
    answer = shown(platform, job)
    assert answer["created_at"] == "2026-01-01T00:01:00.000000Z"
    assert answer["completed_at"] == "2026-01-01T00:01:00+00:00"
    assert answer["metrics"]["total_time"] == 8.0


def test_a_new_prediction_shows_nothing_that_has_not_happened(platform: Platform) -> None:
    answer = shown(platform, platform.create(PredictionRequest("flux-pro", FOX)))
    assert answer["status"] == "pending"
    assert answer["created_at"] == answer["updated_at"] == "2026-01-01T00:00:00.000000Z"
    for name in ("output", "started_at", "completed_at", "response"):
        assert answer[name] is None
    assert answer["metrics"] == {"progress": 0.0}
    assert answer["metadata"] == {"billing": None, "storage": None, "data_available": False}
    assert answer["model"] == {"name": "flux-pro", "type": "image"}
    assert answer["webhook"] == {"url": None, "events": []}
    assert "error" not in answer


def test_a_finished_prediction_shows_output_times_files_and_price(platform: Platform) -> None:
    job = platform.create(PredictionRequest("truefusion", {**FOX, "number_of_images": 2}))
    platform.advance(6.0)
    answer = shown(platform, job)
    assert answer["status"] == "succeeded"
    assert answer["output"] == [f"{ORIGIN}/assets/{job.id}/{name}" for name in ("0.png", "1.png")]
    assert answer["started_at"] == "2026-01-01T00:00:01+00:00"
    assert answer["completed_at"] == "2026-01-01T00:00:06+00:00"
    assert answer["metrics"]["progress"] == 100.0
    assert answer["metrics"]["image_count"] == 2
    assert answer["metadata"]["billing"]["credits_used"] == 0.06
    files = answer["metadata"]["storage"]["files"]
    assert [file["size"] for file in files] == [len(file.content) for file in job.files]


def test_a_text_prediction_answers_with_a_sentence(platform: Platform) -> None:
    job = platform.create(PredictionRequest("local-text", FOX))
    platform.advance(60.0)
    assert "a fox" in shown(platform, job)["output"]
    assert shown(platform, job)["metadata"]["storage"] == {"files": []}


def test_the_same_seed_gives_the_same_ids(platform: Platform) -> None:
    other = Platform(seed=0)
    other.request_id()
    assert (
        platform.create(PredictionRequest("flux-pro", FOX)).id
        == other.create(PredictionRequest("flux-pro", FOX)).id
    )
    assert (
        platform.create(PredictionRequest("flux-pro", FOX)).id
        != Platform(seed=1).create(PredictionRequest("flux-pro", FOX)).id
    )


def test_small_steps_of_the_clock_add_up(platform: Platform) -> None:
    platform.script("flux-pro", seconds=1.0)
    job = platform.create(PredictionRequest("flux-pro", FOX))
    for _ in range(10):
        assert not job.finished(platform.now())
        platform.advance(0.1)
    assert job.finished(platform.now())


def test_a_prediction_that_takes_no_time_has_all_its_dates(platform: Platform) -> None:
    platform.script("flux-pro", seconds=0.0)
    answer = shown(platform, platform.create(PredictionRequest("flux-pro", FOX)))
    assert answer["started_at"] == answer["completed_at"] == "2026-01-01T00:00:00+00:00"


def test_a_cancelled_prediction_stays_cancelled_and_costs_nothing(platform: Platform) -> None:
    job = platform.create(PredictionRequest("flux-pro", FOX))
    platform.advance(4.0)
    platform.cancel(job.id)
    platform.advance(60.0)
    answer = shown(platform, job)
    assert answer["status"] == "cancelled"
    assert answer["output"] is None
    assert answer["completed_at"] == "2026-01-01T00:00:04+00:00"
    assert answer["metadata"]["billing"] == {"credits_used": 0.0}


def test_a_prediction_cancelled_before_work_began_never_started(platform: Platform) -> None:
    job = platform.create(PredictionRequest("flux-pro", FOX))
    platform.cancel(job.id)
    platform.advance(60.0)
    assert shown(platform, job)["started_at"] is None
    assert shown(platform, job)["metrics"]["predict_time"] == 0.0


def test_cancel_of_a_finished_prediction_is_refused(platform: Platform) -> None:
    job = platform.create(PredictionRequest("flux-pro", FOX))
    platform.advance(60.0)
    with pytest.raises(ApiError, match=r"409 .*succeeded already"):
        platform.cancel(job.id)


def test_delete_takes_the_prediction_and_its_assets_away(platform: Platform) -> None:
    job = platform.create(PredictionRequest("flux-pro", FOX))
    platform.advance(60.0)
    assert platform.asset(job.id, "0.png").media_type == "image/png"
    answer = shown(platform, platform.delete(job.id))
    assert (answer["output"], answer["metadata"]["data_available"]) == (None, False)
    with pytest.raises(ApiError, match="404"):
        platform.asset(job.id, "0.png")
    with pytest.raises(ApiError, match="PREDICTION_NOT_FOUND"):
        platform.get(job.id)


def test_delete_of_a_running_prediction_cancels_it(platform: Platform) -> None:
    job = platform.delete(platform.create(PredictionRequest("flux-pro", FOX)).id)
    assert shown(platform, job)["status"] == "cancelled"


def test_assets_do_not_exist_before_the_end(platform: Platform) -> None:
    job = platform.create(PredictionRequest("flux-pro", FOX))
    with pytest.raises(ApiError, match="404"):
        platform.asset(job.id, "0.png")


def test_watchers_are_notified_of_changes(platform: Platform) -> None:
    heard: list[str] = []
    job = platform.create(PredictionRequest("flux-pro", FOX))

    def hear() -> None:
        heard.append("!")

    platform.watch(hear)
    platform.advance(1.0)
    platform.set_speed(2.0)
    platform.cancel(job.id)
    platform.delete(job.id)
    platform.unwatch(hear)
    platform.advance(1.0)
    assert heard == ["!", "!", "!", "!"]


def test_a_script_makes_the_next_predictions_fail(platform: Platform) -> None:
    platform.script("flux-pro", fails="NSFW content detected.", times=1)
    failing, fine = (platform.create(PredictionRequest("flux-pro", FOX)) for _ in range(2))
    platform.advance(60.0)
    answer = shown(platform, failing)
    assert (answer["status"], answer["output"]) == ("failed", None)
    assert answer["response"] == answer["error"] == "NSFW content detected."
    assert answer["urls"] == {}
    assert answer["metadata"]["billing"] == {"credits_used": 0.0}
    assert shown(platform, fine)["status"] == "succeeded"


def test_a_script_lasts_until_the_next_one(platform: Platform) -> None:
    platform.script("flux-pro", seconds=100.0)
    jobs = [platform.create(PredictionRequest("flux-pro", FOX)) for _ in range(3)]
    platform.script("black-forest-labs/flux-pro")
    jobs.append(platform.create(PredictionRequest("flux-pro", FOX)))
    platform.advance(99.0)
    assert [shown(platform, job)["status"] for job in jobs] == ["processing"] * 3 + ["succeeded"]


def test_a_script_gives_the_statuses_it_was_given(platform: Platform) -> None:
    platform.script("flux-pro", seconds=2.0, statuses=["queued", "warming", "canceled"])
    job = platform.create(PredictionRequest("flux-pro", FOX))
    seen: list[str] = []
    for _ in range(3):
        seen.append(shown(platform, job)["status"])
        platform.advance(1.0)
    assert seen == ["queued", "warming", "canceled"]


def test_a_scripted_failure_has_a_message_by_default(platform: Platform) -> None:
    platform.script("flux-pro", statuses=["failed"])
    job = platform.create(PredictionRequest("flux-pro", FOX))
    platform.advance(60.0)
    assert shown(platform, job)["response"] == "Failed to generate image."


@pytest.mark.parametrize(
    ("script", "culprit"),
    [
        ({"seconds": -1.0}, "seconds"),
        ({"seconds": float("inf")}, "seconds"),
        ({"statuses": ["succeeded", "processing"]}, "succeeded"),
        ({"statuses": ["succeeded"], "fails": "no"}, "fail"),
        ({"statuses": "queued"}, "list"),
        ({"times": 0}, "times"),
    ],
)
def test_a_script_that_contradicts_itself_is_refused(
    platform: Platform, script: JsonObject, culprit: str
) -> None:
    with pytest.raises(ValueError, match=culprit):
        platform.script("flux-pro", **script)


def test_a_script_for_an_unknown_model_names_the_known_ones(platform: Platform) -> None:
    with pytest.raises(ValueError, match="flux-pro"):
        platform.script("flux-por")


def test_find_gives_pages_newest_first(platform: Platform) -> None:
    jobs = [platform.create(PredictionRequest("flux-pro", FOX)) for _ in range(5)]
    page = platform.find(ListQuery(page=2, per_page=2))
    assert page.jobs == [jobs[2], jobs[1]]
    assert list_json(page, platform.now(), ORIGIN)["pagination"] == {
        "current_page": 2,
        "per_page": 2,
        "total": 5,
        "last_page": 3,
    }


def test_find_of_nothing_is_one_empty_page(platform: Platform) -> None:
    answer = list_json(platform.find(ListQuery()), platform.now(), ORIGIN)
    assert (answer["data"], answer["pagination"]["last_page"]) == ([], 1)


def test_find_keeps_to_model_status_and_days(platform: Platform) -> None:
    old = platform.create(PredictionRequest("flux-pro", FOX))
    platform.advance(86_400.0)
    new = platform.create(PredictionRequest("truefusion", FOX))
    assert platform.find(ListQuery(model="black-forest-labs/flux-pro")).jobs == [old]
    assert platform.find(ListQuery(status="pending")).jobs == [new]
    first_day = parse_list_query([("from", "2026-01-01"), ("to", "2026-01-01")])
    assert platform.find(first_day).jobs == [old]
    assert platform.find(parse_list_query([("from", "2026-01-02")])).jobs == [new]


def test_find_refuses_an_unknown_model(platform: Platform) -> None:
    with pytest.raises(ApiError, match="404 MODEL_NOT_FOUND"):
        platform.find(ListQuery(model="nope"))


@pytest.mark.parametrize(
    ("slug", "given", "charged"),
    [
        ("truefusion-video-pro", {"duration_seconds": 10}, 1.96),
        ("veo-3.1-fast", {"duration_seconds": 10, "generate_audio": False}, 1.3),
        ("veo-3.1-fast", {"duration_seconds": 10}, 1.7),
        ("beatfusion-2.0", {}, 0.75),
        ("flux-edge", {}, 0.016),
    ],
)
def test_a_price_follows_its_unit_and_the_first_rule_that_matches(
    slug: str, given: JsonObject, charged: float
) -> None:
    assert Platform().model(slug).credits(given, work=2.0, assets=1) == charged


def test_a_platform_offers_the_models_it_is_given() -> None:
    mine = Model("mine", "Mine", "image", "me", 1.0, price(0.01, "image"), {}, ())
    platform = Platform(models=[mine])
    assert platform.model("me/mine") is mine
    with pytest.raises(ApiError, match="MODEL_NOT_FOUND"):
        platform.model("flux-pro")
