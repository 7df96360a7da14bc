"""The known defects of the first Python SDK, 1.0.0, number by number: this one has none of them.

Number 44 has no test: it says that there were no tests of the transport. They are beside this file.
"""

from __future__ import annotations

import asyncio
import copy
import gzip
import logging
import pickle
import threading
from typing import Any

import pytest

from skytells import (
    ApiErrorId,
    AsyncSkytellsClient,
    AuthenticationError,
    ClientOptions,
    ConfigurationError,
    DispatchError,
    InvalidRequestError,
    NetworkError,
    NotFoundError,
    PredictionFailedError,
    PredictionRequest,
    PredictionResponse,
    RateLimitError,
    RequestTimeoutError,
    RetryOptions,
    ServerError,
    SkytellsClient,
    SkytellsError,
    WaitTimeoutError,
    __version__,
)
from skytells.local import LocalPlatform

from ..conftest import Build, unfaced
from .conftest import Serve
from .misbehaving import Peer, Step
from .steps import answers, head, relays, reply, resets, sends
from .test_lifecycle import creates

KEY = "sk-key"
CAT = {"prompt": "A cat"}
ORDER: dict[str, Any] = {"model": "flux-pro", "input": CAT}
P1 = {"id": "p1", "status": "succeeded"}
ONCE = {"retries": 0}


def get_error(build: Build, serve: Serve, step: Step) -> SkytellsError:
    """What `predictions.get` raises when it is answered so."""
    with pytest.raises(SkytellsError) as caught:
        build(KEY, base_url=serve(step).url, retry=ONCE).predictions.get("p1")
    return caught.value


def test_defect_01_key_stays_here_when_the_server_redirects(build: Build, serve: Serve) -> None:
    stranger = serve(answers(P1))
    redirect = sends(head(f"location: {stranger.url}", "content-length: 0", status=302))
    assert get_error(build, serve, redirect).error_id == ApiErrorId.UNEXPECTED_REDIRECT
    assert stranger.connections == 0


def test_defect_02_canceled_ends_a_wait(build: Build, serve: Serve) -> None:
    server = serve(answers({"id": "p1", "status": "canceled"}))
    assert build(KEY, base_url=server.url).wait("p1").status == "cancelled"


# Numbers 3 and 4 are one in each colour.
def test_defect_03_04_dispatch_loses_nothing_when_one_fails(build: Build, serve: Serve) -> None:
    def step(peer: Peer) -> None:
        prompt = peer.read().json["input"]["prompt"]
        peer.send(reply({"error": "no"}, 402) if prompt == "p1" else reply(P1 | {"id": prompt}))

    client = build(KEY, base_url=serve(step).url)
    for n in range(3):
        client.queue({"model": "m", "input": {"prompt": f"p{n}"}})
    with pytest.raises(DispatchError) as caught:
        client.dispatch()
    assert [p and p.id for p in caught.value.predictions] == ["p0", None, "p2"]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_defect_05_paid_post_is_not_repeated(build: Build, serve: Serve, status: int) -> None:
    server = serve(answers(status=status))
    client = build(KEY, base_url=server.url, retry={"retries": 3, "retry_delay": 0})
    with pytest.raises(ServerError):
        client.predict(ORDER)
    assert len(server.requests) == 1


def test_defect_06_run_waits_where_await_is_ignored(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    platform.script("truefusion-video-pro", seconds=50.0)
    assert client.run("truefusion-video-pro", input=CAT).output


def test_defect_07_run_finds_its_prediction_after_a_timeout(
    build: Build, serve: Serve, platform: LocalPlatform
) -> None:
    def lose(peer: Peer) -> None:
        with platform.client() as other:
            other.predict(peer.read().json | {"await": False})
        peer.hold()

    server = serve(lose, relays(platform.url))
    client = build(platform.key, base_url=server.url, timeout=1000)
    assert client.run("flux-pro", input=CAT).id == platform.predictions[0]["id"]
    assert len(platform.predictions) == 1


@pytest.mark.parametrize("id", ["../models", "a?b", "a#b", "a/b"])
def test_defect_08_id_stays_one_segment(build: Build, serve: Serve, id: str) -> None:
    server = serve(answers({"id": id}))
    build(KEY, base_url=server.url).predictions.get(id)
    [target] = server.targets()
    assert target.startswith("GET /v1/predictions/")
    assert target.count("/") == 3
    assert not set("?#") & set(target)


def test_defect_09_query_values_are_escaped(build: Build, serve: Serve) -> None:
    server = serve(answers([]))
    build(KEY, base_url=server.url).predictions.list(model="a&page=9")
    assert server.targets() == ["GET /v1/predictions?model=a%26page%3D9"]


def test_defect_10_every_failure_is_ours(build: Build, serve: Serve) -> None:
    assert isinstance(get_error(build, serve, sends(reply(P1)[:-1], then=Peer.close)), NetworkError)
    server = serve(answers({"id": "a ü", "status": "x"}))
    client = build(KEY, base_url=server.url)
    assert client.predictions.get("a ü").id == "a ü"
    with pytest.raises(InvalidRequestError, match=r"input\.picture"):
        client.predict({"model": "m", "input": {"picture": object()}})


def test_defect_11_timeout_within_the_body_is_a_timeout(build: Build, serve: Serve) -> None:
    server = serve(sends(reply(P1)[:-1], then=Peer.hold))
    with pytest.raises(RequestTimeoutError):
        build(KEY, base_url=server.url, timeout=200).predictions.get("p1")


def test_defect_12_status_false_with_an_id_is_a_queued_prediction(
    build: Build, serve: Serve
) -> None:
    queued = {"status": False, "id": "p1", "error": {"message": "queued"}}
    prediction = build(KEY, base_url=serve(answers(queued)).url).predict(ORDER)
    assert (prediction.status, prediction["status"], prediction.done) == ("pending", False, False)
    assert get_error(build, serve, answers({"status": False, "response": "No."})).http_status == 200


def test_defect_13_flat_error_is_read(build: Build, serve: Serve) -> None:
    body = {"error_id": "RATE_LIMIT_EXCEEDED", "message": "Too many."}
    error = get_error(build, serve, answers(body, 429))
    assert isinstance(error, RateLimitError)
    assert error.error_id == ApiErrorId.RATE_LIMIT_EXCEEDED
    assert error.message.startswith("Too many.")


def test_defect_14_error_that_is_a_string_is_read(build: Build, serve: Serve) -> None:
    assert get_error(build, serve, answers({"error": "So not."}, 400)).message.startswith("So not.")


@pytest.mark.parametrize("said", ["422", 500, None, [1]])
def test_defect_15_status_of_the_wire_decides(build: Build, serve: Serve, said: object) -> None:
    body = {"error": {"http_status": said, "status": said, "message": "No.", "error_id": "X"}}
    server = serve(answers(body, 402))
    with pytest.raises(SkytellsError) as caught:
        build(KEY, base_url=server.url, retry={"retries": 2, "retry_delay": 0}).models.list()
    assert (caught.value.http_status, len(server.requests)) == (402, 1)


def test_defect_16_fields_of_an_inference_error_are_kept(build: Build, serve: Serve) -> None:
    said = {"message": "No.", "type": "t", "code": "c", "error_id": "X", "request_id": "req_1"}
    error = get_error(build, serve, answers({"error": said | {"status": 400, "param": "p"}}, 400))
    assert (error.error_type, error.error_code, error.request_id) == ("t", "c", "req_1")
    assert error.response is not None
    assert error.response["error"]["param"] == "p"


@pytest.mark.parametrize("field", ["error", "response"])
def test_defect_17_failed_prediction_says_why(build: Build, serve: Serve, field: str) -> None:
    failed = {"id": "p1", "status": "failed", field: "NSFW content detected."}
    with pytest.raises(PredictionFailedError, match="NSFW content detected") as caught:
        build(KEY, base_url=serve(answers(failed)).url).run("m", {})
    assert caught.value.prediction == failed


def test_defect_18_retry_after_is_heeded_and_capped(build: Build, serve: Serve) -> None:
    server = serve(answers(status=429, headers={"retry-after": "0.02"}), answers(P1))
    client = build(KEY, base_url=server.url, retry={"retries": 1, "retry_delay": 0})
    assert client.predictions.get("p1").id == "p1"
    server = serve(answers(status=429, headers={"retry-after": "3600"}))
    with pytest.raises(RateLimitError) as caught:
        build(KEY, base_url=server.url).predictions.get("p1")
    assert (caught.value.retry_after, len(server.requests)) == (3600, 1)


def test_defect_19_network_errors_are_tried_again(build: Build, serve: Serve, hasty: None) -> None:
    server = serve(resets(), resets(), answers(P1))
    assert build(KEY, base_url=server.url).predictions.get("p1").id == "p1"


def test_defect_20_max_wait_is_not_overslept(build: Build, serve: Serve) -> None:
    server = serve(answers({"id": "p1", "status": "processing"}))
    with pytest.raises(WaitTimeoutError):
        build(KEY, base_url=server.url).wait("p1", {"interval": 600_000, "max_wait": 50})
    # One look at the start, and one at the deadline.
    assert len(server.requests) == 2


def test_defect_21_wait_survives_a_bad_poll(build: Build, serve: Serve, hasty: None) -> None:
    server = serve(answers(b"<html>", 502), resets(), answers(P1))
    assert build(KEY, base_url=server.url, retry=ONCE).wait("p1", {"interval": 1}).done


def test_defect_22_wait_takes_a_handle_and_refuses_what_has_no_id(
    client: SkytellsClient,
) -> None:
    with pytest.raises(InvalidRequestError, match="id"):
        client.wait({"success": True})
    handle = client.run("flux-pro", input=CAT)
    assert client.wait(unfaced(handle)).id == handle.id


def test_defect_23_connections_are_kept_and_answers_compressed(build: Build, serve: Serve) -> None:
    packed = gzip.compress(b'{"id":"p1"}')
    server = serve(answers(packed, headers={"content-encoding": "gzip"}))
    client = build(KEY, base_url=server.url)
    for _ in range(5):
        client.predictions.get("p1")
    assert server.connections == 1
    assert server.requests[0].headers["accept-encoding"] == "gzip"


async def test_defect_24_async_calls_do_not_queue_for_threads_and_can_be_cancelled(
    serve: Serve,
) -> None:
    everyone = threading.Barrier(20)

    def step(peer: Peer) -> None:
        id = peer.read().target.rpartition("/")[2]
        if id == "p":
            peer.hold()
        everyone.wait(30)
        peer.send(reply({"id": id}))

    server = serve(step)
    async with AsyncSkytellsClient(KEY, base_url=server.url) as client:
        found = await asyncio.gather(*(client.predictions.get(f"p{n}") for n in range(20)))
        assert [p.id for p in found] == [f"p{n}" for n in range(20)]
        task = asyncio.create_task(client.predictions.get("p"))
        assert await asyncio.to_thread(server.has_seen, 21)
        task.cancel()
        assert await asyncio.to_thread(server.was_cut)
    assert await asyncio.to_thread(server.is_alone)


async def test_defect_25_async_callbacks_are_awaited(serve: Serve) -> None:
    seen: list[str] = []

    async def progress(prediction: PredictionResponse) -> None:
        await asyncio.sleep(0)
        seen.append(prediction.id)

    server = serve(answers({"id": "p1", "status": "pending"}), answers(P1))
    async with AsyncSkytellsClient(KEY, base_url=server.url) as client:
        await client.run("flux-pro", CAT, progress)
    assert seen == ["p1"]


def test_defect_26_queue_keeps_every_key(build: Build, serve: Serve) -> None:
    server = serve(creates)
    client = build(KEY, base_url=server.url)
    client.queue({**ORDER, "await": True, "extra": {"a": 1}})
    client.dispatch()
    assert server.requests[0].json == {**ORDER, "await": True, "extra": {"a": 1}}


def test_defect_27_create_honours_await(build: Build, serve: Serve) -> None:
    server = serve(creates)
    build(KEY, base_url=server.url).predictions.create({**ORDER, "await": True})
    assert server.requests[0].json["await"] is True


def test_defect_28_keywords_win_over_options(build: Build, serve: Serve) -> None:
    server = serve(answers(P1))
    options = ClientOptions(base_url="https://nowhere.invalid", timeout=0.001, headers={"x-a": "b"})
    client = build(KEY, options, base_url=server.url, timeout=60_000)
    assert client.predictions.get("p1").id == "p1"
    assert server.requests[0].headers["x-a"] == "b"


def test_defect_29_empty_answer_to_a_delete_is_done(build: Build, serve: Serve) -> None:
    server = serve(sends(b"HTTP/1.1 204 No Content\r\n\r\n"), answers(b""))
    client = build(KEY, base_url=server.url)
    assert [client.delete_prediction("p1").status for _ in range(2)] == ["deleted", "deleted"]


def test_defect_30_errors_can_be_pickled_and_copied(build: Build, serve: Serve) -> None:
    error = get_error(build, serve, answers({"error": {"message": "No."}}, 404))
    for same in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert (type(same), str(same), vars(same)) == (NotFoundError, str(error), vars(error))


def test_defect_31_key_comes_from_the_environment_and_its_lack_is_named(
    build: Build, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(answers(P1), answers({"error": {"message": "Unauthorized"}}, 401))
    monkeypatch.setenv("SKYTELLS_API_KEY", "sk-from-here")
    build(base_url=server.url).predictions.get("p1")
    assert server.requests[0].headers["x-api-key"] == "sk-from-here"
    monkeypatch.delenv("SKYTELLS_API_KEY")
    with pytest.raises(AuthenticationError, match="SKYTELLS_API_KEY"):
        build(base_url=server.url).predictions.get("p1")


@pytest.mark.parametrize("retries", [-1, 1.5, True, "3", float("nan"), 101])
def test_defect_32_number_of_retries_is_checked(build: Build, retries: Any) -> None:
    with pytest.raises(ConfigurationError, match="retries"):
        build(KEY, retry={"retries": retries})


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("timeout", {"timeout": 0}),
        ("timeout", {"timeout": -5}),
        ("timeout", {"timeout": "60"}),
        ("timeout", {"timeout": float("inf")}),
        ("retry_delay", {"retry": {"retry_delay": -1}}),
        ("retry_on", {"retry": {"retry_on": 500}}),
        ("'retris'.*'retries'", {"retry": {"retris": 1}}),
        ("'time_out'.*'timeout'", {"options": {"time_out": 1}}),
        ("base_url", {"base_url": "ftp://h"}),
        ("http", {"base_url": "http://api.example"}),
        ("headers", {"headers": {"a b": "c"}}),
        ("headers", {"headers": {"a": "b\r\nc: d"}}),
    ],
)
def test_defect_33_options_are_checked(build: Build, name: str, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=name):
        build(KEY, **options)


@pytest.mark.parametrize("interval", [0, -1, "5", float("nan")])
def test_defect_33_interval_is_checked(offline: SkytellsClient, interval: Any) -> None:
    with pytest.raises(ConfigurationError, match="interval"):
        offline.wait("p1", {"interval": interval})


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_defect_34_number_that_is_no_json_is_refused(
    offline: SkytellsClient, number: float
) -> None:
    with pytest.raises(InvalidRequestError, match=r"input\.seed"):
        offline.predict({"model": "m", "input": {"seed": number}})


def test_defect_35_user_agent_names_the_sdk(build: Build, serve: Serve) -> None:
    server = serve(answers(P1))
    build(KEY, base_url=server.url).predictions.get("p1")
    agent = server.requests[0].headers["user-agent"]
    assert agent.startswith(f"skytells-python/{__version__} ")


def test_defect_36_page_iterates_and_subscripts(build: Build, serve: Serve) -> None:
    pages = [
        {"data": [{"id": f"p{n}"}], "pagination": {"current_page": n, "last_page": 2}}
        for n in (1, 2)
    ]
    server = serve(answers(pages[0]), *map(answers, pages))
    predictions = build(KEY, base_url=server.url).predictions
    page = predictions.list()
    assert ([p.id for p in page], page["data"], page[0].id) == (["p1"], [{"id": "p1"}], "p1")
    assert [p.id for p in predictions.iterate()] == ["p1", "p2"]


def test_defect_37_list_may_be_a_bare_array(build: Build, serve: Serve) -> None:
    page = build(KEY, base_url=serve(answers([P1])).url).predictions.list()
    assert ([p.id for p in page], page.pagination.total) == (["p1"], 1)


def test_defect_38_queue_takes_from_many_threads(build: Build, serve: Serve) -> None:
    client = build(KEY, base_url=serve(creates).url)
    threads = [
        threading.Thread(target=client.queue, args=({"model": "m", "input": {"prompt": str(n)}},))
        for n in range(32)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(p.id) for p in client.dispatch()) == list(range(32))


@pytest.mark.parametrize("wrong", [{"page": 0}, {"since": ""}, {"model": ""}])
def test_defect_39_empty_filters_are_refused_in_either_form(
    offline: SkytellsClient, wrong: dict[str, Any]
) -> None:
    forms: list[dict[str, Any]] = [wrong, {"options": wrong}]
    for arguments in forms:
        with pytest.raises(SkytellsError, match=next(iter(wrong))) as caught:
            offline.predictions.list(**arguments)
        assert not isinstance(caught.value, NetworkError)


def test_defect_40_queue_keeps_a_copy(build: Build, serve: Serve) -> None:
    server = serve(creates)
    client = build(KEY, base_url=server.url)
    request = PredictionRequest("m", {"prompt": "before", "deep": [1]})
    client.queue(request)
    request.input["prompt"] = "after"
    request.input["deep"].append(2)
    client.dispatch()
    assert server.requests[0].json["input"] == {"prompt": "before", "deep": [1]}


def test_defect_41_default_statuses_cannot_be_changed() -> None:
    assert RetryOptions.DEFAULT_RETRY_ON == (429, 500, 502, 503, 504)
    first = RetryOptions()
    assert isinstance(first.retry_on, list)
    first.retry_on.append(418)
    assert RetryOptions().retry_on == [429, 500, 502, 503, 504]


def test_defect_42_bodies_stay_out_of_logs_and_excerpts_are_short(
    build: Build, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    body = b"private! " * 1000
    error = get_error(build, serve, answers(body, headers={"content-type": "text/html"}))
    assert len(str(error.details)) < 400
    assert "private" not in caplog.text


def test_defect_43_list_takes_per_page_and_status(build: Build, serve: Serve) -> None:
    server = serve(answers([]))
    build(KEY, base_url=server.url).predictions.list(per_page=5, status="failed")
    assert server.targets() == ["GET /v1/predictions?per_page=5&status=failed"]
