"""The published `skytells==1.0.0` drives the platform through every call that it has.

It runs in an environment that holds nothing else. The platform's address and key are in
SKYTELLS_BASE_URL and SKYTELLS_API_KEY. The platform takes no other key; it fails what is asked of
`truefusion-pro`, and `veo-3.1-fast` takes longer there than the 5 seconds between two looks.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import inspect
import os
import sys
import traceback
import urllib.error
import urllib.request
import warnings
from contextlib import contextmanager

import skytells
from skytells import (
    ApiErrorId,
    AsyncPrediction,
    AsyncSkytellsClient,
    ClientOptions,
    ModelFieldsOptions,
    ModelPrivacy,
    ModelType,
    PaginatedResponse,
    Prediction,
    PredictionRequest,
    PredictionsListOptions,
    PredictionSource,
    PredictionStatus,
    PredictionType,
    PricingOperator,
    PricingUnit,
    RunOptions,
    SkytellsClient,
    SkytellsError,
    WaitOptions,
)

URL = os.environ["SKYTELLS_BASE_URL"]
KEY = os.environ["SKYTELLS_API_KEY"]

IMAGE = "flux-edge"
TEXT = "local-text"
FAILING = "truefusion-pro"
LONG = "truefusion-video-pro"
WATCHED = "veo-3.1-fast"

FOX = {"prompt": "a fox"}
HOOK = {"url": "http://127.0.0.1:9/hook", "events": ["completed", "failed"]}
NOBODY = "00000000-0000-4000-8000-000000000000"
BOTH_SCHEMAS = ["input_schema", "output_schema"]
SOON = {"interval": 50}

client = SkytellsClient(KEY, base_url=URL)


# What is promised of the package


def check_the_package_stands_alone():
    same(importlib.metadata.version("skytells"), skytells.__version__, "1.0.0")
    same(importlib.metadata.requires("skytells"), None)


# Clients


def check_every_way_to_make_a_client():
    clients = [
        SkytellsClient(KEY, {"base_url": URL, "timeout": 30_000}),
        SkytellsClient(KEY, ClientOptions(base_url=URL, retry={"retries": 1})),
        SkytellsClient(KEY, base_url=URL + "/", headers={"X-Custom-Header": "value"}),
        skytells.Skytells(KEY, base_url=URL, retry={"retries": 3, "retry_delay": 10}),
        skytells.create_client(KEY, base_url=URL),
    ]
    for made in clients:
        same(made.models.get(IMAGE)["namespace"], IMAGE)


# Running models


def check_run_gives_an_image():
    prediction = client.run(IMAGE, input=FOX)
    holds(isinstance(prediction, Prediction))
    same(prediction.status, "succeeded")
    same(prediction.outputs(), prediction.output[0])
    holds(prediction.raw() is prediction.response)
    same(fetch(prediction.outputs())[:8], b"\x89PNG\r\n\x1a\n")
    has_shape_of_success(prediction.response)
    prediction.delete()


def check_run_gives_several_images_or_a_text():
    pair = client.run(IMAGE, options={"input": {**FOX, "num_outputs": 2}})
    same(len(pair.output), len(pair.outputs()), 2)
    text = client.run(TEXT, options=RunOptions(FOX))
    holds(isinstance(text.output, str))
    same(text.outputs(), text.output)


def check_run_passes_stream_and_webhook_on():
    prediction = client.run(IMAGE, input=FOX, webhook=HOOK, stream=True)
    same(prediction.response["stream"], True)
    same(prediction.response["webhook"], HOOK)
    holds(prediction.response["urls"]["stream"].startswith("http"))


def check_run_with_progress():
    seen = []

    def on_progress(p):
        # As the package's own page reads it.
        seen.append((p["status"], p.get("metrics", {}).get("progress", "n/a")))

    prediction = client.run(WATCHED, input=FOX, on_progress=on_progress)
    same(prediction.status, "succeeded")
    same([status for status, _ in seen], ["processing", "succeeded"])
    holds(0 < seen[0][1] < 100)


def check_run_raises_when_the_prediction_fails():
    with raises("PREDICTION_FAILED", 0) as caught:
        client.run(FAILING, input=FOX)
    same(str(caught.error), "NSFW content detected.")


def check_video_is_not_awaited():
    prediction = client.run(LONG, input=FOX)
    same(prediction.status, "pending")
    same(prediction.output, prediction.outputs(), None)
    same(prediction.cancel()["status"], "cancelled")


def check_predict_with_and_without_await():
    same(client.predict({"model": IMAGE, "input": FOX})["status"], "pending")
    same(client.predict({"model": IMAGE, "input": FOX, "await": True})["status"], "succeeded")
    request = PredictionRequest(IMAGE, FOX, await_=True)
    same(client.predict(request)["status"], "succeeded")


# Predictions in the background


def check_create_wait_and_get():
    created = client.predictions.create({"model": IMAGE, "input": FOX, "webhook": HOOK})
    has_shape_of_a_prediction(created)
    same(created["status"], "pending")
    same(created.get("output"), created["started_at"], created["completed_at"], None)
    result = client.wait(created, SOON)
    has_shape_of_success(result)
    same(result["webhook"], HOOK)
    same(client.predictions.get(created["id"])["output"], result["output"])
    holds(client.wait(result) is result)


def check_wait_shows_every_look():
    seen = []
    created = client.predictions.create(PredictionRequest(IMAGE, FOX))
    result = client.wait(created, WaitOptions(interval=20), seen.append)
    holds(seen[-1] is result)
    same({one["id"] for one in seen}, {created["id"]})
    for one in seen:
        has_shape_of_a_prediction(one)


def check_wait_returns_what_failed():
    created = client.predictions.create({"model": FAILING, "input": FOX})
    result = client.wait(created, SOON)
    same(result["status"], "failed")
    same(result.get("output"), None)
    same(result["response"], "NSFW content detected.")


def check_wait_gives_up():
    created = client.predictions.create({"model": LONG, "input": FOX})
    with raises("WAIT_TIMEOUT", 408):
        client.wait(created, WaitOptions(interval=20, max_wait=100))
    client.cancel_prediction(created["id"])


def check_a_request_that_takes_too_long_leaves_its_prediction_running():
    hasty = SkytellsClient(KEY, base_url=URL, timeout=50)
    with raises("REQUEST_TIMEOUT", 408):
        hasty.run(IMAGE, input={"prompt": "left alone"})
    newest = client.predictions.list(model=IMAGE).data[0]
    same(newest["input"], {"prompt": "left alone"})
    same(client.wait(newest, SOON)["status"], "succeeded")


def check_queue_and_dispatch():
    client.queue({"model": IMAGE, "input": {"prompt": "Cat"}})
    client.queue({"model": "flux-pro", "input": {"prompt": "Dog"}})
    client.queue(PredictionRequest(TEXT, {"prompt": "Bird"}))
    results = client.dispatch()
    same([one["status"] for one in results], ["pending"] * 3)
    same([one["input"]["prompt"] for one in results], ["Cat", "Dog", "Bird"])
    same([one["model"]["name"] for one in results], [IMAGE, "flux-pro", TEXT])
    same(client.dispatch(), [])


def check_stream_cancel_delete():
    running = client.predictions.create({"model": LONG, "input": FOX})["id"]
    holds(client.stream_prediction(running)["urls"]["stream"].startswith("http"))
    cancelled = client.cancel_prediction(running)
    same(cancelled["status"], PredictionStatus.CANCELLED)
    has_shape_of_a_prediction(cancelled)
    same(client.predictions.get(running)["status"], "cancelled")
    same(client.delete_prediction(running)["id"], running)
    with raises(None, 404):
        client.predictions.get(running)


def check_what_is_over_cannot_be_cancelled_and_its_files_go_with_it():
    prediction = client.run(IMAGE, input=FOX)
    with raises(None, 409):
        prediction.cancel()
    same(prediction.delete()["id"], prediction.id)
    try:
        fetch(prediction.outputs())
    except urllib.error.HTTPError as error:
        same(error.code, 404)
    else:
        raise AssertionError("the file is still there")


# Lists


def check_list_and_its_filters():
    for number in range(21):
        client.queue({"model": "truefusion", "input": {"prompt": f"page {number}"}})
    made = [one["id"] for one in client.dispatch()]
    first = client.predictions.list(model="truefusion")
    second = client.predictions.list(2, options={"model": "truefusion"})
    holds(isinstance(first, PaginatedResponse))
    same([one["id"] for one in first.data + second.data], made[::-1])
    same(
        second.to_dict()["pagination"],
        {"current_page": 2, "per_page": 20, "total": 21, "last_page": 2},
    )


def check_list_by_date():
    created = client.predictions.create({"model": IMAGE, "input": FOX})
    day = created["created_at"][:10]
    found = client.predictions.list(since=day, until=day, model=IMAGE)
    holds(created["id"] in [one["id"] for one in found.data])
    options = PredictionsListOptions(page=1, since="2001-01-01", until="2001-12-31")
    none = client.predictions.list(options=options)
    same(none.data, [])
    same(none.pagination.total, 0)


def check_list_refuses_what_makes_no_sense():
    with raises("INVALID_PARAMETER", 400):
        client.predictions.list(page=0)
    with raises("INVALID_DATE_FORMAT", 400):
        client.predictions.list(since="yesterday")
    with raises("INVALID_DATE_RANGE", 400):
        client.predictions.list(since="2026-02-01", until="2026-01-01")
    with raises("MODEL_NOT_FOUND", 404):
        client.predictions.list(model="no-such-model")


# Models


def check_models():
    listed = client.models.list()
    holds(len(listed) > 1)
    for model in listed:
        has_shape_of_a_model(model)
        holds(not set(BOTH_SCHEMAS) & set(model))
        same(client.models.get(model["namespace"]), model)


def check_models_with_fields():
    for model in client.models.list(fields=BOTH_SCHEMAS):
        same(model["input_schema"]["type"], "object")
        holds("type" in model["output_schema"])
    for options in ({"fields": ["input_schema"]}, ModelFieldsOptions(["input_schema"])):
        model = client.models.get(IMAGE, options=options)
        holds("prompt" in model["input_schema"]["properties"])
        holds("output_schema" not in model)
        same(client.models.list(options=options)[0].keys(), model.keys())


# Errors


def check_errors():
    with raises("UNAUTHORIZED", 401):
        SkytellsClient("sk-wrong", base_url=URL).models.list()
    with raises("UNAUTHORIZED", 401):
        SkytellsClient(base_url=URL).run(IMAGE, input=FOX)
    with raises("MODEL_NOT_FOUND", 404):
        client.run("no-such-model", input=FOX)
    with raises("MODEL_NOT_FOUND", 404):
        client.models.get("no-such-model")
    for call in (client.predictions.get, client.cancel_prediction, client.delete_prediction):
        with raises(None, 404):
            call(NOBODY)


def check_inputs_are_refused_by_name():
    with raises("VALIDATION_ERROR", 422) as caught:
        client.predict({"input": FOX})
    holds("model" in str(caught.error))
    with raises(None, 422) as caught:
        client.run(IMAGE, input={"prompt": 7})
    holds("prompt" in str(caught.error))
    holds(isinstance(caught.error.details, str))


# Old names


def check_deprecated_calls_still_work():
    created = client.predictions.create({"model": IMAGE, "input": FOX})["id"]
    same(deprecated(client.get_prediction, created)["id"], created)
    same(deprecated(client.list_predictions, 1).pagination.current_page, 1)
    same(deprecated(client.get_model, IMAGE, fields=["input_schema"])["namespace"], IMAGE)
    same(len(deprecated(client.list_models)), len(client.models.list()))


# The async client


async def check_async_run():
    client = AsyncSkytellsClient(KEY, base_url=URL)
    prediction = await client.run(IMAGE, input=FOX)
    holds(isinstance(prediction, AsyncPrediction))
    has_shape_of_success(prediction.response)
    with raises(None, 409):
        await prediction.cancel()
    same((await prediction.delete())["id"], prediction.id)
    seen = []
    prediction = await client.run(TEXT, input=FOX, on_progress=seen.append)
    same([one["status"] for one in seen], [prediction.status], ["succeeded"])
    with raises("PREDICTION_FAILED", 0):
        await client.run(FAILING, input=FOX)


async def check_async_predictions():
    client = AsyncSkytellsClient(KEY, base_url=URL)
    for number in range(12):
        client.queue({"model": IMAGE, "input": {"prompt": f"async {number}"}})
    created = await client.dispatch()
    same([one["input"]["prompt"] for one in created], [f"async {n}" for n in range(12)])
    results = await asyncio.gather(*(client.wait(one, SOON) for one in created))
    same({one["status"] for one in results}, {"succeeded"})
    same((await client.predictions.get(created[0]["id"]))["output"], results[0]["output"])
    same((await client.predictions.list(model=IMAGE)).pagination.current_page, 1)
    same((await client.predict({"model": IMAGE, "input": FOX}))["status"], "pending")


async def check_async_stream_cancel_delete():
    client = AsyncSkytellsClient(KEY, base_url=URL)
    running = (await client.predictions.create({"model": LONG, "input": FOX}))["id"]
    holds("stream" in (await client.stream_prediction(running))["urls"])
    same((await client.cancel_prediction(running))["status"], "cancelled")
    same((await client.delete_prediction(running))["id"], running)
    with raises(None, 404):
        await client.predictions.get(running)
    with raises("UNAUTHORIZED", 401):
        await AsyncSkytellsClient("sk-wrong", base_url=URL).models.list()


async def check_async_models_and_old_names():
    client = AsyncSkytellsClient(KEY, base_url=URL)
    listed = await client.models.list(fields=["input_schema"])
    model = await client.models.get(IMAGE, fields=["input_schema"])
    holds(model in listed)
    created = (await client.predictions.create({"model": IMAGE, "input": FOX}))["id"]
    same((await deprecated_soon(client.get_prediction(created)))["id"], created)
    same((await deprecated_soon(client.list_predictions())).pagination.current_page, 1)
    same((await deprecated_soon(client.get_model(IMAGE)))["namespace"], IMAGE)
    same(len(await deprecated_soon(client.list_models())), len(listed))


# What every prediction and every model must look like


def has_shape_of_a_prediction(data):
    PredictionStatus(data["status"])
    PredictionType(data["type"])
    PredictionSource(data["source"])
    ModelPrivacy(data["privacy"])
    ModelType(data["model"]["type"])
    holds(isinstance(data["input"], dict))
    for name in ("id", "created_at", "updated_at"):
        holds(isinstance(data[name], str))
    same(set(data["webhook"]), {"url", "events"})
    holds(data["urls"]["get"].endswith("/predictions/" + data["id"]))
    holds(data["urls"]["cancel"].endswith("/cancel"))
    holds(data["urls"]["delete"].endswith("/delete"))


def has_shape_of_success(data):
    has_shape_of_a_prediction(data)
    same(data["status"], "succeeded")
    metrics, files = data["metrics"], data["metadata"]["storage"]["files"]
    holds(0 < metrics["predict_time"] <= metrics["total_time"])
    same(metrics["asset_count"], metrics["image_count"], len(files), len(data["output"]))
    same([file["url"] for file in files], data["output"])
    for file in files:
        same(len(fetch(file["url"])), file["size"])
    holds(data["metadata"]["billing"]["credits_used"] > 0)


def has_shape_of_a_model(model):
    for name in ("name", "namespace", "description", "status"):
        holds(isinstance(model[name], str))
    ModelType(model["type"])
    ModelPrivacy(model["privacy"])
    holds({"name", "verified", "slug"} <= set(model["vendor"]))
    holds(model["pricing"]["amount"] > 0)
    same(model["pricing"]["currency"], "USD")
    PricingUnit(model["pricing"]["unit"])
    for rule in model["pricing"].get("criterias", []):
        PricingOperator(rule["operator"])
        PricingUnit(rule["unit"])


# Tools


class Caught:
    error = None


@contextmanager
def raises(error_id, http_status):
    """The block raises an error of this id (any, for `None`) and this status."""
    caught = Caught()
    try:
        yield caught
    except SkytellsError as error:
        caught.error = error
    if caught.error is None:
        raise AssertionError(f"nothing was raised instead of {error_id} {http_status}")
    same(caught.error.http_status, http_status)
    if error_id is not None:
        same(caught.error.error_id, error_id)
    if error_id in ("UNAUTHORIZED", "MODEL_NOT_FOUND"):
        ApiErrorId(caught.error.error_id)
    holds(str(caught.error))


def deprecated(call, *args, **options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call(*args, **options)
    same([warning.category for warning in caught], [DeprecationWarning])
    return result


async def deprecated_soon(coroutine):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = await coroutine
    same([warning.category for warning in caught], [DeprecationWarning])
    return result


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read()


def same(first, *others):
    for other in others:
        if other != first:
            raise AssertionError(f"{first!r} is not {other!r}")


def holds(condition):
    if not condition:
        raise AssertionError("it does not hold")


def passes(check):
    try:
        if inspect.iscoroutinefunction(check):
            asyncio.run(check())
        else:
            check()
    except Exception:
        print(f"FAILED {check.__name__}", traceback.format_exc(), sep="\n")
        return False
    print(f"ok     {check.__name__}")
    return True


def main():
    checks = [value for name, value in globals().items() if name.startswith("check_")]
    failed = [check for check in checks if not passes(check)]
    sys.exit(f"{len(failed)} of {len(checks)} checks failed" if failed else 0)


if __name__ == "__main__":
    main()
