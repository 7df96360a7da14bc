"""Every verb against the local platform, on both clients."""

from __future__ import annotations

import gzip
import linecache
import re
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from skytells import (
    AsyncSkytellsClient,
    ConfigurationError,
    InvalidRequestError,
    NetworkError,
    NotFoundError,
    PredictionFailedError,
    PredictionRequest,
    PredictionResponse,
    PredictionsListOptions,
    PredictionStatus,
    RequestTimeoutError,
    RunOptions,
    SkytellsClient,
    SkytellsError,
    WaitOptions,
    WaitTimeoutError,
    create_client,
)
from skytells.local import LocalPlatform
from skytells.predictions.requests import cancel_prediction, create_prediction, get_prediction

from ..behaviour.misbehaving import Peer, Request, Step
from ..behaviour.steps import answers, relays, sends
from ..conftest import Build, Colour, Serve, unfaced

CAT = {"prompt": "A cat"}
ORDER: dict[str, Any] = {"model": "flux-pro", "input": CAT}
SOON = 60_000


def posts(platform: LocalPlatform) -> list[Any]:
    """The bodies of what was created."""
    return [r.body for r in platform.requests if r.path == "/v1/predict"]


# run()


def test_run_returns_the_prediction_that_has_ended(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    prediction = client.run("flux-pro", input=CAT)
    assert prediction.status == PredictionStatus.SUCCEEDED
    assert isinstance(prediction.output, list)
    assert prediction.outputs() == prediction.output[0]
    assert prediction.raw() == prediction.response.to_dict()
    assert prediction.id in repr(prediction)
    assert posts(platform) == [{**ORDER, "await": True}]


def test_run_waits_for_a_video_model_that_ignores_await(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    platform.script("truefusion-video-pro", seconds=50.0)
    prediction = client.run("truefusion-video-pro", input=CAT)
    assert prediction.status == "succeeded"
    assert prediction.output
    assert len(posts(platform)) == 1


def test_run_raises_the_reason_of_a_failure(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    platform.script("flux-pro", fails="NSFW content detected.")
    with pytest.raises(PredictionFailedError, match=r"^NSFW content detected\. ") as caught:
        client.run("flux-pro", input=CAT)
    error = caught.value
    assert (error.error_id, error.http_status) == ("PREDICTION_FAILED", 0)
    assert error.prediction is not None
    assert error.prediction.failure == "NSFW content detected."
    assert error.prediction_id == platform.predictions[0]["id"]


def test_run_returns_a_prediction_that_was_cancelled(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    platform.script("flux-pro", statuses=["processing", "canceled"])
    prediction = client.run("flux-pro", input=CAT)
    assert (prediction.status, prediction.response["status"]) == ("cancelled", "canceled")


def test_run_tells_of_each_look_at_the_prediction(build: Build, serve: Serve) -> None:
    seen: list[PredictionResponse] = []
    states = [{"id": "p1", "status": s} for s in ("pending", "starting", "processing", "succeeded")]
    server = serve(*map(answers, states))
    prediction = build("sk-key", base_url=server.url).run("flux-pro", CAT, seen.append, interval=1)
    assert seen == states[1:]
    assert prediction.response == states[-1]
    assert server.requests[0].json == {**ORDER, "await": False}


def test_run_takes_options_and_keywords_win(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    hook = {"url": "https://me.example/hook", "events": ["completed"]}
    client.run("flux-pro", options=RunOptions(CAT, webhook=hook, stream=True))
    client.run("flux-pro", {"prompt": "A dog"}, options={"input": CAT, "webhook": hook})
    first, second = posts(platform)
    assert first == {**ORDER, "webhook": hook, "stream": True, "await": True}
    assert second["input"] == {"prompt": "A dog"}
    assert second["webhook"] == hook


def test_run_gives_up_after_max_wait_and_names_the_prediction(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    platform.script("flux-pro", seconds=1e9)
    with pytest.raises(WaitTimeoutError) as caught:
        client.run("flux-pro", CAT, max_wait=50)
    assert caught.value.prediction_id == platform.predictions[0]["id"]
    assert f"client.wait({caught.value.prediction_id!r})" in caught.value.message


def test_run_refuses_options_it_does_not_know(offline: SkytellsClient) -> None:
    with pytest.raises(ConfigurationError, match="Did you mean 'max_wait'"):
        offline.run("flux-pro", CAT, options={"maxwait": 5})


# run() whose answer was lost


def drops_predict(request: Request) -> bool:
    return request.target == "/v1/predict"


def reconciling(build: Build, serve: Serve, platform: LocalPlatform) -> SkytellsClient:
    """A client whose POST /predict arrives, and whose answer to it does not."""
    return build(platform.key, base_url=serve(relays(platform.url, drops_predict)).url)


def test_run_goes_on_with_the_prediction_whose_answer_was_lost(
    build: Build, serve: Serve, platform: LocalPlatform
) -> None:
    client = reconciling(build, serve, platform)
    prediction = client.run("flux-pro", input=CAT)
    assert prediction.status == "succeeded"
    assert [prediction.id] == [p["id"] for p in platform.predictions]
    assert prediction.id in client.recent_predictions


def test_run_does_not_take_up_a_prediction_with_another_input(
    build: Build, serve: Serve, platform: LocalPlatform, hasty: None
) -> None:
    def lose(peer: Peer) -> None:
        peer.read()
        with platform.client() as other:
            other.predictions.create(model="flux-pro", input={"prompt": "A dog"})
        peer.reset()

    server = serve(lose, relays(platform.url))
    with pytest.raises(NetworkError) as caught:
        build(platform.key, base_url=server.url).run("flux-pro", input=CAT)
    assert caught.value.maybe_sent
    assert caught.value.candidates == ()
    assert len(posts(platform)) == 1


def test_run_names_the_candidates_when_it_cannot_tell(
    build: Build, serve: Serve, platform: LocalPlatform
) -> None:
    def lose(peer: Peer) -> None:
        peer.read()
        with platform.client() as other:
            for _ in range(2):
                other.predictions.create(ORDER)
        peer.reset()

    server = serve(lose, relays(platform.url))
    with pytest.raises(NetworkError) as caught:
        build(platform.key, base_url=server.url).run("flux-pro", input=CAT)
    ids = {p["id"] for p in platform.predictions}
    assert {candidate.id for candidate in caught.value.candidates} == ids
    assert len(ids) == 2


def test_find_unconfirmed_finds_what_create_lost(
    build: Build, serve: Serve, platform: LocalPlatform
) -> None:
    client = reconciling(build, serve, platform)
    with pytest.raises(NetworkError) as caught:
        client.predictions.create(ORDER)
    assert caught.value.maybe_sent
    found = client.predictions.find_unconfirmed(caught.value)
    assert [p.id for p in found] == [platform.predictions[0]["id"]]


def test_find_unconfirmed_leaves_out_what_the_client_knows(
    build: Build, serve: Serve, platform: LocalPlatform
) -> None:
    server = serve(sends(then=Peer.reset), relays(platform.url))
    client = build(platform.key, base_url=server.url)
    with pytest.raises(NetworkError) as caught:
        client.predictions.create(ORDER)
    client.predictions.create(ORDER)
    assert client.predictions.find_unconfirmed(caught.value) == []


def test_find_unconfirmed_refuses_an_error_without_request(offline: SkytellsClient) -> None:
    with pytest.raises(InvalidRequestError, match="maybe_sent"):
        offline.predictions.find_unconfirmed(SkytellsError("m", "X", "d"))


# predict(), create()


def test_predict_sends_the_payload_as_it_is(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    payload = {**ORDER, "await": True, "safety_checker": False}
    assert client.predict(payload).done
    platform.script("flux-pro", seconds=1e9)
    assert not client.predict(PredictionRequest("flux-pro", dict(CAT))).done
    assert posts(platform) == [payload, ORDER]


def test_create_returns_in_the_background(client: SkytellsClient, platform: LocalPlatform) -> None:
    platform.script("flux-pro", seconds=1e9)
    prediction = client.predictions.create(ORDER)
    assert (prediction.status, prediction["status"]) == (PredictionStatus.PENDING, "pending")
    assert prediction.id in client.recent_predictions
    assert posts(platform) == [{**ORDER, "await": False}]


@pytest.mark.parametrize("await_", [{**ORDER, "await": True}, None])
def test_create_honours_await(
    client: SkytellsClient, platform: LocalPlatform, await_: dict[str, Any] | None
) -> None:
    create = client.predictions.create
    made = create(await_) if await_ else create(model="flux-pro", input=CAT, await_=True)
    assert made.done
    assert posts(platform)[0]["await"] is True


@pytest.mark.parametrize(
    ("payload", "culprit"),
    [
        ({}, "model"),
        ({"model": "", "input": {}}, "model"),
        ({"model": 7, "input": {}}, "model"),
        ({"model": "flux-pro", "input": [1]}, "input"),
        ({"model": "flux-pro", "input": {"a": {"b": float("nan")}}}, r"input\.a\.b"),
        ({"model": "flux-pro", "input": {"a": {1, 2}}}, r"input\.a"),
        ({"model": "flux-pro", "input": {"a": 1j}}, r"input\.a"),
    ],
)
@pytest.mark.parametrize("verb", ["predict", "create", "queue"])
def test_payload_that_cannot_be_sent_is_refused_with_its_culprit(
    offline: SkytellsClient, verb: str, payload: Any, culprit: str
) -> None:
    act = offline.predictions.create if verb == "create" else getattr(offline, verb)
    with pytest.raises(InvalidRequestError, match=culprit):
        act(payload)


def test_refusal_of_the_server_carries_its_words(client: SkytellsClient) -> None:
    with pytest.raises(
        InvalidRequestError, match=r"The input\.prompt field is required\."
    ) as caught:
        client.run("flux-pro", input={})
    error = caught.value
    assert (error.error_id, error.http_status) == ("VALIDATION_ERROR", 422)
    assert error.request_id is not None
    assert error.request_id.startswith("req_")
    assert not error.maybe_sent


# wait()


def test_wait_takes_every_form_of_a_prediction(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    made = client.predictions.create(ORDER)
    for form in (made, made.id, dict(made), made.to_dict(), {"id": made.id}):
        assert client.wait(form, interval=5).status == "succeeded"
    handle = client.run("flux-pro", input=CAT)
    assert client.wait(unfaced(handle)).id == handle.id


def test_wait_does_not_ask_about_what_has_ended(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    seen: list[PredictionResponse] = []
    ended = client.run("flux-pro", input=CAT).response
    asked = len(platform.requests)
    assert client.wait(ended, on_progress=seen.append) is ended
    assert len(platform.requests) == asked
    assert seen == []


@pytest.mark.parametrize("form", [7, None, {}, {"success": True}, {"id": ""}, ["p1"]])
def test_wait_refuses_what_is_no_prediction(offline: SkytellsClient, form: Any) -> None:
    with pytest.raises(InvalidRequestError, match="id"):
        offline.wait(form)


@pytest.mark.parametrize("spelling", ["cancelled", "canceled"])
def test_wait_ends_with_either_spelling_of_cancelled(
    client: SkytellsClient, platform: LocalPlatform, spelling: str
) -> None:
    platform.script("flux-pro", statuses=["queued", "processing", spelling])
    ended = client.wait(client.predictions.create(ORDER), interval=5)
    assert ended["status"] == spelling
    assert ended.status == PredictionStatus.CANCELLED


def test_wait_goes_on_through_statuses_that_nobody_knows(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    platform.script("flux-pro", seconds=50.0, statuses=["queued", "warming-up"])
    seen: list[str] = []
    client.wait(client.predictions.create(ORDER), {"interval": 5}, lambda p: seen.append(p.status))
    assert seen[-1] == "succeeded"
    assert set(seen) <= {"queued", "warming-up", "succeeded"}


def test_wait_does_not_raise_for_a_failed_prediction(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    platform.script("flux-pro", fails="No.")
    ended = client.wait(client.predictions.create(ORDER), WaitOptions(interval=5))
    assert (ended.status, ended.failure) == ("failed", "No.")


def test_wait_gives_up_at_max_wait_with_the_last_state(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    platform.script("flux-pro", seconds=1e9, statuses=["queued"])
    made = client.predictions.create(ORDER)
    with pytest.raises(WaitTimeoutError) as caught:
        client.wait(made, {"max_wait": 60, "interval": 20})
    error = caught.value
    assert (error.error_id, error.http_status) == ("WAIT_TIMEOUT", 408)
    assert error.prediction is not None
    assert (error.prediction.id, error.prediction["status"]) == (made.id, "queued")
    assert "60ms" in error.message


def test_wait_survives_passing_trouble(
    build: Build, serve: Serve, platform: LocalPlatform, hasty: None
) -> None:
    troubles: list[Step] = [answers(status=502), sends(then=Peer.reset), answers(status=429)]
    server = serve(relays(platform.url), *troubles, relays(platform.url))
    client = build(platform.key, base_url=server.url)
    made = client.predictions.create(ORDER)
    assert client.wait(made, interval=5).status == "succeeded"


def test_wait_ends_at_once_when_there_is_no_such_prediction(client: SkytellsClient) -> None:
    with pytest.raises(NotFoundError):
        client.wait("no-such-prediction")


def test_wait_gives_up_when_trouble_does_not_pass(build: Build, serve: Serve, hasty: None) -> None:
    server = serve(answers(status=503))
    client = build("sk-key", base_url=server.url)
    with pytest.raises(SkytellsError) as caught:
        client.wait({"id": "p1", "status": "processing"}, interval=1)
    assert caught.value.http_status == 503
    assert caught.value.prediction_id == "p1"
    assert 1 < len(server.requests) < 20


def test_progress_callback_that_raises_ends_the_wait_and_names_the_prediction(
    client: SkytellsClient,
) -> None:
    def broken(prediction: PredictionResponse) -> None:
        raise ZeroDivisionError("mine")

    made = client.predictions.create(ORDER)
    with pytest.raises(ZeroDivisionError, match="mine") as caught:
        client.wait(made, on_progress=broken)
    assert made.id in caught.value.__notes__[0]
    assert vars(caught.value)["prediction_id"] == made.id
    assert client.wait(made, interval=5).done


def test_progress_callback_may_be_async_on_the_async_client_only(
    client: SkytellsClient, colour: Colour, platform: LocalPlatform
) -> None:
    seen: list[str] = []

    async def progress(prediction: PredictionResponse) -> None:
        seen.append(prediction.id)

    platform.script("flux-pro", seconds=200.0)
    if colour == "async":
        assert client.run("flux-pro", CAT, progress, interval=5).id in seen
        return

    def hidden(prediction: PredictionResponse) -> object:
        return progress(prediction)

    for callback in (progress, partial(progress), hidden):
        with pytest.raises(InvalidRequestError, match="AsyncSkytellsClient"):
            client.wait(client.predictions.create(ORDER), on_progress=callback)
    with pytest.raises(InvalidRequestError, match="on_progress"):
        client.run("truefusion", CAT, progress)
    # Nothing was paid for with a callback that could never be called.
    assert [body["model"] for body in posts(platform)] == ["flux-pro"] * 3


# The handle


def test_handle_cancels_refreshes_waits_and_deletes(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    platform.script("truefusion-video-pro", seconds=1e9)
    made = client.predictions.create(model="truefusion-video-pro", input=CAT)
    platform.script("flux-pro", seconds=50.0)
    handle = client.run("flux-pro", input=CAT)
    assert handle.refresh().status == handle.status == "succeeded"
    assert handle.wait().id == handle.id
    assert handle.delete().id == handle.id
    assert handle.status == "succeeded"
    with pytest.raises(NotFoundError):
        handle.refresh()
    assert client.cancel_prediction(made.id).status == "cancelled"


def test_handle_shows_that_it_was_cancelled(
    build: Build, serve: Serve, platform: LocalPlatform
) -> None:
    p1 = {"id": "p1", "status": "succeeded"}
    cancelled = {"id": "p1", "status": "cancelled"}
    server = serve(answers(p1), answers({"success": True}), answers(cancelled))
    handle = build("sk-key", base_url=server.url).run("flux-pro", input=CAT)
    assert handle.cancel().status == "cancelled"
    assert handle.status == "cancelled"
    assert server.targets()[1:] == ["POST /v1/predictions/p1/cancel", "GET /v1/predictions/p1"]


# cancel, delete, stream, list, iterate


def test_cancel_and_delete_work_by_id(client: SkytellsClient, platform: LocalPlatform) -> None:
    platform.script("flux-pro", seconds=1e9)
    first, second = (client.predictions.create(ORDER) for _ in range(2))
    assert client.cancel_prediction(first.id).status == "cancelled"
    assert client.predictions.cancel(second.id)["status"] == "cancelled"
    with pytest.raises(InvalidRequestError) as caught:
        client.cancel_prediction(first.id)
    assert caught.value.http_status == 409
    assert client.delete_prediction(first.id).id == first.id
    assert client.predictions.delete(second.id).id == second.id
    assert platform.predictions == []


def test_acknowledgement_without_prediction_is_a_record(build: Build, serve: Serve) -> None:
    server = serve(
        answers({"success": True}), answers(b""), sends(b"HTTP/1.1 204 No Content\r\n\r\n")
    )
    client = build("sk-key", base_url=server.url)
    cancelled, deleted = client.cancel_prediction("p1"), client.delete_prediction("p1")
    assert (cancelled.id, cancelled.status, dict(cancelled)) == (
        "p1",
        "cancelled",
        {"success": True},
    )
    assert (deleted.id, deleted.status, dict(deleted)) == ("p1", "deleted", {})
    assert client.delete_prediction("p1").id == "p1"


def test_stream_prediction_gives_its_address(client: SkytellsClient) -> None:
    made = client.predictions.create(ORDER)
    urls = client.stream_prediction(made.id).urls
    assert urls is not None
    assert urls.stream is not None
    assert made.id in urls["stream"]


def test_list_gives_pages_that_iterate_and_subscript(client: SkytellsClient) -> None:
    made = [client.predictions.create(ORDER).id for _ in range(3)]
    page = client.predictions.list(per_page=2)
    assert [p.id for p in page] == [p["id"] for p in page["data"]] == made[:0:-1]
    assert (page.pagination.total, page.pagination.last_page, len(page)) == (3, 2, 2)
    assert page[0].id == made[-1]
    second = client.predictions.list(2, options=PredictionsListOptions(per_page=2))
    assert [p.id for p in second.data] == made[:1]


def test_list_filters_and_keywords_win(client: SkytellsClient, platform: LocalPlatform) -> None:
    client.predictions.create(ORDER)
    client.predictions.create(model="truefusion", input=CAT)
    options = {"model": "flux-pro", "since": "2020-01-01", "status": "failed"}
    client.predictions.list(1, None, "2099-12-31", "truefusion", options)
    assert platform.requests[-1].query == {
        "page": "1",
        "from": "2020-01-01",
        "to": "2099-12-31",
        "model": "truefusion",
        "status": "failed",
    }
    assert [p.slug for p in client.predictions.list(model="truefusion")] == ["truefusion"]


@pytest.mark.parametrize(
    "wrong",
    [{"page": 0}, {"page": True}, {"per_page": 51}, {"per_page": "9"}, {"model": ""}, {"since": 5}],
)
def test_list_refuses_filters_that_cannot_be(
    offline: SkytellsClient, wrong: dict[str, Any]
) -> None:
    with pytest.raises((InvalidRequestError, ConfigurationError), match=next(iter(wrong))):
        offline.predictions.list(**wrong)


def test_iterate_gives_every_prediction_once_page_by_page(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    made = [client.predictions.create(ORDER).id for _ in range(5)]
    pager = client.predictions.iterate(model="flux-pro", per_page=2)
    asked = len(platform.requests)
    assert [p.id for p in pager] == made[::-1]
    assert len(platform.requests) - asked == 3
    assert [p.id for p in pager] == made[::-1]


# Models


def test_models_are_listed_and_fetched(client: SkytellsClient, platform: LocalPlatform) -> None:
    models = client.models.list()
    assert {"flux-pro", "FLUX.2-pro"} <= {model.slug for model in models}
    assert models[0]["namespace"] == models[0].namespace
    assert client.models.get("FLUX.2-pro", fields=[]).input_schema is None
    schemas = client.models.get("flux-pro", fields=["input_schema", "output_schema"])
    assert schemas.input_schema is not None
    assert schemas.input_schema["required"] == ["prompt"]
    assert platform.requests[-1].query == {"fields": "input_schema,output_schema"}
    with pytest.raises(NotFoundError) as caught:
        client.models.get("flux-por")
    assert caught.value.error_id == "MODEL_NOT_FOUND"


@pytest.mark.parametrize("fields", ["input_schema", [""], ["a,b"], [7], {"input_schema": True}])
def test_models_refuse_fields_that_are_no_list_of_names(
    offline: SkytellsClient, fields: Any
) -> None:
    with pytest.raises(InvalidRequestError, match="fields"):
        offline.models.get("flux-pro", fields=fields)


# Ids, slugs and queries


NASTY = [
    "a/b",
    "a?b=c",
    "a#b",
    "a b",
    "ü",
    "a%2Fb",
    "../models",
    "a\\b",
    "..a",
    "a&b=c",
    "😀",
    "a;b",
]


@pytest.mark.parametrize("id", NASTY)
def test_id_travels_as_one_segment(build: Build, serve: Serve, id: str) -> None:
    server = serve(answers({"id": id, "status": "succeeded"}))
    client = build("sk-key", base_url=server.url)
    assert client.predictions.get(id).id == id
    client.stream_prediction(id)
    client.cancel_prediction(id)
    client.delete_prediction(id)
    client.models.get(id, fields=[])
    targets = [target.split("/") for target in server.targets()]
    assert [len(segments) for segments in targets] == [4, 5, 5, 5, 4]
    assert {unquote(segments[3]) for segments in targets} == {id}
    assert not [segments for segments in targets if set("?#; ") & set(segments[3])]


@pytest.mark.parametrize("id", ["", " ", ".", "..", "a\nb", "a\0b", "\x7f", "x" * 513, 7, None])
@pytest.mark.parametrize("verb", ["stream_prediction", "cancel_prediction", "delete_prediction"])
def test_id_that_cannot_be_is_refused(offline: SkytellsClient, verb: str, id: Any) -> None:
    for act in (getattr(offline, verb), offline.predictions.get, offline.models.get):
        with pytest.raises(InvalidRequestError):
            act(id)


def test_id_that_is_unknown_is_not_found(client: SkytellsClient) -> None:
    with pytest.raises(NotFoundError):
        client.predictions.get("../models")


def test_slug_with_its_vendor_is_one_model(client: SkytellsClient) -> None:
    assert client.models.get("black-forest-labs/flux-pro").slug == "flux-pro"


def test_query_values_inject_nothing(build: Build, serve: Serve) -> None:
    server = serve(answers({"data": []}))
    build("sk-key", base_url=server.url).predictions.list(model="a&page=9#x y/ü")
    assert server.targets() == ["GET /v1/predictions?model=a%26page%3D9%23x+y%2F%C3%BC"]


# request(), with_options(), perform()


def test_request_calls_what_is_not_wrapped(client: SkytellsClient, platform: LocalPlatform) -> None:
    platform.script("flux-pro", seconds=1e9)
    made = client.request("post", "/predictions", json=ORDER)
    assert made["status"] == "pending"
    found = client.request("GET", "/predictions", params={"per_page": 5, "model": None})
    assert found["pagination"]["per_page"] == 5
    assert client.request("DELETE", f"/predictions/{made['id']}") == {"success": True}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("TRACE", "/models"),
        ("GET", "models"),
        ("GET", "//evil.example/x"),
        ("GET", "https://evil.example/x"),
        ("GET", "/a/../b"),
        ("GET", "/a?b=c"),
        ("GET", "/a#b"),
        ("GET", "/a b"),
        ("GET", "/ü"),
    ],
)
def test_request_stays_below_the_base_url(offline: SkytellsClient, method: str, path: str) -> None:
    with pytest.raises(InvalidRequestError):
        offline.request(method, path)


def test_with_options_changes_a_copy(client: SkytellsClient, platform: LocalPlatform) -> None:
    other = client.with_options(api_key="sk-other", headers={"X-Team": "a"}, retry={"retries": 0})
    other.models.list()
    client.models.list()
    first, second = (request.headers for request in platform.requests)
    assert (first["x-api-key"], first["x-team"]) == ("sk-other", "a")
    assert second["x-api-key"] == platform.key
    assert "x-team" not in second
    platform.script("flux-pro", seconds=1e9)
    with pytest.raises(RequestTimeoutError):
        client.with_options(timeout=50).predictions.create({**ORDER, "await": True})


def test_perform_runs_a_flow_of_the_users_own(client: SkytellsClient) -> None:
    def twice_and_cancel() -> Any:
        request = PredictionRequest("truefusion-video-pro", dict(CAT))
        known: list[str] = []
        for _ in range(2):
            yield from create_prediction(request, lambda p: known.append(p.id))
        yield from cancel_prediction(known[0])
        first = yield from get_prediction(known[0])
        try:
            yield from get_prediction("nowhere")
        except NotFoundError:
            return first.status, len(known)

    assert client.perform(twice_and_cancel()) == ("cancelled", 2)
    assert client.perform(get_prediction(client.predictions.create(ORDER).id)).id


# Deprecated


def warned_line(caught: pytest.WarningsRecorder) -> str:
    """The line of source that a warning points at."""
    assert caught[0].filename == __file__
    return linecache.getline(caught[0].filename, caught[0].lineno)


def test_deprecated_methods_work_and_point_at_their_caller(
    client: SkytellsClient, colour: Colour
) -> None:
    made = client.predictions.create(ORDER)
    acts: dict[str, Callable[[], Any]] = {
        "client.predictions.list()": lambda: client.list_predictions(1),
        "client.models.list()": lambda: client.list_models(["input_schema"]),
        "client.predictions.get(id)": lambda: client.get_prediction(made.id),
        "client.models.get(slug)": lambda: client.get_model("flux-pro", ["input_schema"]),
    }
    for replacement, act in acts.items():
        with pytest.warns(DeprecationWarning, match=re.escape(replacement)) as caught:
            assert act()
        if colour == "sync":
            assert replacement in warned_line(caught)


async def test_deprecated_async_methods_point_at_their_caller(platform: LocalPlatform) -> None:
    async with platform.async_client() as client:
        with pytest.warns(DeprecationWarning, match=r"client\.models\.list\(\)") as caught:
            await client.list_models()
    assert "await client.list_models()" in warned_line(caught)


def test_create_client_works_and_warns() -> None:
    with pytest.warns(DeprecationWarning, match="SkytellsClient") as caught:
        client = create_client("sk-key", timeout=5)
    assert isinstance(client, SkytellsClient)
    assert "create_client(" in warned_line(caught)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SkytellsClient("sk-key")


# http_client=


@contextmanager
def injected(
    colour: Colour, build: Build, platform: LocalPlatform, **options: Any
) -> Generator[tuple[SkytellsClient, Any]]:
    """A client over a ready httpx client, and that one."""
    kind: Any = httpx.Client if colour == "sync" else httpx.AsyncClient
    inner = kind(**options)
    client = build(platform.key, base_url=platform.url, http_client=inner)
    try:
        yield client, inner
    finally:
        runner: Any = getattr(client, "_runner", None)
        if colour == "sync":
            inner.close()
        else:
            runner.run(inner.aclose())


def test_http_client_is_used_and_never_closed(
    colour: Colour, build: Build, platform: LocalPlatform
) -> None:
    with injected(colour, build, platform, headers={"x-team": "a"}) as (client, inner):
        assert client.run("flux-pro", input=CAT).status == "succeeded"
        client.close()
        assert not inner.is_closed
        headers = platform.requests[0].headers
        assert (headers["x-api-key"], headers["x-team"]) == (platform.key, "a")
        assert headers["accept-encoding"] == "gzip"
        assert headers["user-agent"].startswith("skytells-python/")


def test_http_client_does_not_make_redirects_followed(
    colour: Colour, build: Build, platform: LocalPlatform
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(302, headers={"location": "https://evil.example/"})

    seen: list[httpx.Request] = []
    options = {"transport": httpx.MockTransport(answer), "follow_redirects": True}
    with injected(colour, build, platform, **options) as (client, _):
        with pytest.raises(SkytellsError) as caught:
            client.models.list()
        assert caught.value.error_id == "UNEXPECTED_REDIRECT"
    assert [request.url.host for request in seen] == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("raised", "maybe_sent"),
    [
        (httpx.ConnectError("no"), False),
        (httpx.PoolTimeout("no"), False),
        (httpx.ReadTimeout("no"), True),
        (httpx.RemoteProtocolError("no"), True),
        (httpx.InvalidURL("no"), True),
        (RuntimeError("no"), True),
    ],
)
def test_http_client_that_fails_raises_our_errors(
    colour: Colour, build: Build, platform: LocalPlatform, raised: Exception, maybe_sent: bool
) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise raised

    with injected(colour, build, platform, transport=httpx.MockTransport(fail)) as (client, _):
        with pytest.raises((NetworkError, RequestTimeoutError)) as caught:
            client.with_options(retry={"retries": 0}).predictions.create(ORDER)
        assert caught.value.maybe_sent is maybe_sent


@pytest.mark.parametrize(
    "answer",
    [
        {"json": []},
        {"content": gzip.compress(b"[]"), "headers": {"content-encoding": "gzip"}},
        {"stream": httpx.ByteStream(b"[]")},
    ],
)
def test_http_client_may_be_a_mock(
    colour: Colour, build: Build, platform: LocalPlatform, answer: dict[str, Any]
) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, **answer))
    with injected(colour, build, platform, transport=transport) as (client, _):
        assert client.models.list() == []


def test_http_client_is_bounded_by_the_timeout_of_ours(
    colour: Colour, build: Build, platform: LocalPlatform
) -> None:
    platform.script("flux-pro", seconds=1e9)
    with injected(colour, build, platform, timeout=None) as (client, _):
        with pytest.raises(RequestTimeoutError) as caught:
            client.with_options(timeout=1_000).predictions.create({**ORDER, "await": True})
        assert caught.value.maybe_sent


def test_http_client_of_the_other_colour_is_refused(platform: LocalPlatform) -> None:
    wrong: Any = httpx.Client()
    with wrong, pytest.raises(ConfigurationError, match="AsyncClient"):
        AsyncSkytellsClient("sk-key", http_client=wrong)
    wrong = httpx.AsyncClient()
    with pytest.raises(ConfigurationError, match=r"httpx\.Client"):
        SkytellsClient("sk-key", http_client=wrong)


# queue() and dispatch()


def test_dispatch_keeps_order_and_every_key(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    orders = [{"model": "flux-pro", "input": {"prompt": str(n)}, "extra": n} for n in range(20)]
    for order in orders:
        client.queue(order)
        order["input"] = {"prompt": "changed later"}
    made = client.dispatch()
    assert [p.input for p in made] == [{"prompt": str(n)} for n in range(20)]
    assert sorted(body["extra"] for body in posts(platform)) == list(range(20))
    assert client.dispatch() == []
