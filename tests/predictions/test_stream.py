"""Predictions that are followed, by their stream and without one, with both clients."""

from __future__ import annotations

import asyncio
import gc
import json
import pickle
from typing import Any

import pytest

from skytells import (
    AsyncPrediction,
    AsyncSkytellsClient,
    ConfigurationError,
    InvalidRequestError,
    NotFoundError,
    Prediction,
    PredictionEvent,
    SkytellsClient,
    WaitTimeoutError,
)
from skytells.local import LocalPlatform

from ..behaviour.events import HEAD, chunk, event, holds, streams
from ..behaviour.misbehaving import Peer, Server, Step
from ..behaviour.steps import answers, reply, resets, sends
from ..conftest import Blocking, Build, Serve, unfaced

RUNNING: dict[str, Any] = {"id": "p1", "status": "processing", "created_at": "2026-01-01T00:00:00Z"}
ENDED: dict[str, Any] = {**RUNNING, "status": "succeeded", "output": "Hello"}
DONE = event({}, "done")


def names(stream: str) -> Step:
    """Answers that it runs, and where its stream is; `{url}`, `{root}`, `{host}` are the server's."""

    def step(peer: Peer) -> None:
        host = peer.read().headers["host"]
        root = f"http://{host}"
        there = stream.format(url=f"{root}/v1", root=root, host=host)
        peer.send(reply({**RUNNING, "urls": {"stream": there}}))

    return step


def followed(build: Build, server: Server, target: Any = "p1", **options: Any) -> Any:
    client: Any = build("sk-secret-key", base_url=server.url)
    return client.predictions.stream(target, **options)


def told(stream: Any) -> list[tuple[str, str | None, str]]:
    """Kind, status and text of each event."""
    return [(event.kind, event.status, event.text) for event in stream]


# On the local platform


@pytest.fixture(params=["events", "stream-events", "output-pieces"])
def streaming(request: pytest.FixtureRequest, platform: LocalPlatform) -> str:
    """The platform tells events in one of its ways."""
    if request.param != "events":
        platform.fault(variants=[request.param])
    return str(request.param)


@pytest.mark.usefixtures("streaming")
def test_a_stream_tells_all_up_to_the_end(client: SkytellsClient) -> None:
    prediction = client.predictions.create(model="flux-pro", input={"prompt": "x"}, stream=True)
    stream: Any = client.predictions.stream(prediction)
    with stream:
        kinds = [event.kind for event in stream]
        assert stream.streamed
    assert {"status", "output", "done"} <= set(kinds)
    assert kinds[-1] == "prediction"
    assert stream.final().outputs() == stream.received[-1].prediction.outputs()
    assert stream.final().status == "succeeded"
    assert stream.final().cost is not None
    assert "ended" in repr(stream)


@pytest.mark.usefixtures("streaming")
@pytest.mark.parametrize("asked", [True, False])
def test_a_models_words_are_told_once(client: SkytellsClient, asked: bool) -> None:
    prediction = client.predictions.create(
        model="local-text", input={"prompt": "A fox"}, stream=asked
    )
    stream: Any = client.predictions.stream(prediction.id)
    pieces = list(stream.text)
    assert "".join(pieces) == stream.final().output
    assert pieces[0].startswith("You")


def test_a_prediction_without_a_stream_is_looked_at(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    prediction = client.predictions.create(model="flux-pro", input={"prompt": "x"})
    stream: Any = client.predictions.stream(prediction.id)
    events = list(stream)
    assert {event.kind for event in events} == {"prediction"}
    assert not stream.streamed
    assert events[-1].prediction == stream.final()
    assert events[-1].data == stream.final().to_dict()
    assert events[-1].progress == 100.0
    del platform


def test_a_handle_follows_itself(client: SkytellsClient) -> None:
    handle = client.run("flux-pro", input={"prompt": "x"})
    assert [event.status for event in handle.stream()] == ["succeeded"]


def test_a_handle_keeps_up_with_its_stream(client: SkytellsClient) -> None:
    created = client.predictions.create(model="flux-pro", input={"prompt": "x"}, stream=True)
    inner = unfaced(client)
    handle: Any = Prediction(client, created)
    if isinstance(inner, AsyncSkytellsClient):
        handle = Blocking(AsyncPrediction(inner, created), vars(client)["_runner"])
    assert handle.stream().final().status == "succeeded"
    assert handle.status == "succeeded"


def test_what_has_ended_is_told_without_a_request(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    prediction = client.predictions.create(
        model="flux-pro", input={"prompt": "x"}, await_=True, stream=True
    )
    before = len(platform.requests)
    assert told(client.predictions.stream(prediction)) == [("prediction", "succeeded", "")]
    assert len(platform.requests) == before


def test_a_failed_prediction_is_told_as_it_is(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    platform.script("flux-pro", fails="NSFW content detected.")
    prediction = client.predictions.create(model="flux-pro", input={"prompt": "x"}, stream=True)
    assert client.predictions.stream(prediction).final().failure == "NSFW content detected."


def test_a_stream_of_what_does_not_exist_is_an_error(client: SkytellsClient) -> None:
    with pytest.raises(NotFoundError):
        client.predictions.stream("nope").final()


# The forms that a stream may have


OPENAI = {"id": "c1", "choices": [{"index": 0, "delta": {"content": "Hel"}}]}
FORMS: list[tuple[bytes, list[tuple[str, str | None, str]]]] = [
    (event({"id": "p1", "status": "processing"}, "status"), [("status", "processing", "")]),
    (event(ENDED, "done"), [("done", "succeeded", "Hello")]),
    (event(ENDED), [("prediction", "succeeded", "Hello")]),
    (event({"type": "prediction.succeeded", "data": ENDED}), [("prediction.succeeded", "succeeded", "Hello")]),
    (event({"prediction": {**ENDED, "output": ["https://x.example/1.png"]}}), [("output", "succeeded", "")]),
    (event({**ENDED, "id": "p2"}, "done"), [("done", "succeeded", "")]),
    (event(OPENAI), [("output", None, "Hel")]),
    (event(OPENAI, "message") + b"data: [DONE]\n\n", [("output", None, "Hel")]),
    (b"event: output\ndata: Hel\n\nevent: output\ndata: lo\n\n", [("output", None, "Hel"), ("output", None, "lo")]),
    (b"event: output\ndata: 42\n\nevent: output\ndata:\ndata:\n\n", [("output", None, "42"), ("output", None, "\n")]),
    (b"event: output\ndata: https://x.example/1.png\n\n", [("output", None, "")]),
    (b'data: "Hel"\n\n', [("output", None, "Hel")]),
    (b"data: {not json\n\n", [("output", None, "{not json")]),
    (b"event: logs\ndata: step 1 of 3\n\n", [("logs", None, "")]),
    (event({"text": "Hel"}, "delta"), [("delta", None, "Hel")]),
    (event({"type": "response.output_text.delta", "delta": "Hel"}), [("response.output_text.delta", None, "Hel")]),
    (event({"text": "step 1"}, "log"), [("log", None, "")]),
    (event({"event": "novel", "x": 1}), [("novel", None, "")]),
    (event(["https://x.example/1.png"], "output"), [("output", None, "")]),
    (event({"output": ["Hel", "lo"]}, "output"), [("output", None, "Hello")]),
    (event({"output": "Hel"}) + event({"output": "Hello"}), [("output", None, "Hel"), ("output", None, "lo")]),
    (event({"progress": 40}, "progress"), [("progress", None, "")]),
    (event({"error": {"message": "It broke."}}), [("error", None, "")]),
    (b"event: error\ndata: It broke.\n\n", [("error", None, "")]),
    (b": heartbeat\n\n", []),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "due"), FORMS)
def test_a_stream_may_have_any_form(
    serve: Serve, build: Build, sent: bytes, due: list[tuple[str, str | None, str]]
) -> None:
    server = serve(streams(sent, DONE), answers({**ENDED, "output": None}))
    events = told(followed(build, server))
    last = events.pop()
    assert last == ("prediction", "succeeded", "")
    assert [e for e in events if e != ("done", None, "")] == due
    assert server.targets() == ["GET /v1/predictions/p1/stream", "GET /v1/predictions/p1"]
    assert server.requests[0].headers["accept"].startswith("text/event-stream")
    assert server.requests[0].headers["accept-encoding"] == "identity"


def test_what_a_stream_tells_is_passed_on_as_it_came(serve: Serve, build: Build) -> None:
    wire = {"type": "novel", "nested": {"a": [1, None]}, "progress": True}
    server = serve(streams(event(wire), b"event: x\ndata: plain\n\n", DONE), answers(ENDED))
    first, second, *_ = followed(build, server)
    assert (first.kind, first.data, first.progress) == ("novel", wire, None)
    assert (second.kind, second.data, second.status) == ("x", "plain", None)
    assert pickle.loads(pickle.dumps(first)) == first


def test_progress_is_told_in_either_form() -> None:
    assert PredictionEvent("progress", {"progress": 40}).progress == 40.0
    assert PredictionEvent("progress", "40").progress is None


# Where the stream is


def test_metadata_lead_to_the_stream(serve: Serve, build: Build) -> None:
    own = names("{url}/predictions/p1/events")
    server = serve(own, streams(event(ENDED, "done")), answers(ENDED))
    assert followed(build, server).final().output == "Hello"
    assert server.targets()[1] == "GET /v1/predictions/p1/events"
    assert server.requests[1].headers["x-api-key"] == "sk-secret-key"


def test_a_record_that_names_its_stream_leads_straight_there(serve: Serve, build: Build) -> None:
    server = serve(streams(event(ENDED, "done")), answers(ENDED))
    url = f"{server.url}/predictions/p1/events?token=a%20b&c"
    stream = followed(build, server, {**RUNNING, "urls": {"stream": url}})
    assert stream.final().output == "Hello"
    assert server.targets()[0] == "GET /v1/predictions/p1/events?token=a%20b&c"


@pytest.mark.parametrize(
    "url",
    [
        *("https://stranger.example/v1/predictions/p1/stream", "{url}@stranger.example/x"),
        *("{root}/elsewhere", "{root}/v1x/predictions", "{root}/v1/../admin", "{root}/v1/%2e%2e/x"),
        *("{url}/a\\b", "{url}/a b", "http://[", "http://127.0.0.1:99999/v1/x", "", "/v1/x"),
        *("http://user@{host}/v1/x", "https://{host}/v1/x", "http://localhost:1/v1/x"),
    ],
)
def test_a_stream_elsewhere_is_never_asked_for(serve: Serve, build: Build, url: str) -> None:
    server = serve(names(url), answers(ENDED))
    stream = followed(build, server, interval=1)
    assert [event.kind for event in stream] == ["prediction", "prediction"]
    assert not stream.streamed
    assert server.targets() == ["GET /v1/predictions/p1/stream", "GET /v1/predictions/p1"]


def test_metadata_that_name_themselves_are_not_asked_for_again(serve: Serve, build: Build) -> None:
    own = names("{url}/predictions/p1/stream")
    server = serve(own, own, answers(ENDED))
    events = list(followed(build, server, interval=1))
    assert [event.status for event in events] == ["processing", "succeeded"]
    assert server.targets()[1:] == ["GET /v1/predictions/p1"] * 2


def test_metadata_that_have_ended_are_the_end(serve: Serve, build: Build) -> None:
    server = serve(answers(ENDED))
    assert told(followed(build, server)) == [("prediction", "succeeded", "Hello")]
    assert len(server.requests) == 1


def test_an_answer_about_another_prediction_is_not_believed(serve: Serve, build: Build) -> None:
    server = serve(answers({**ENDED, "id": "p2"}), answers(ENDED))
    assert followed(build, server).final().id == "p1"


# Leaving, and going on


def test_a_stream_that_is_left_goes_on_by_looks(serve: Serve, build: Build) -> None:
    server = serve(holds(event({"status": "processing"}, "status")), answers(ENDED))
    stream = followed(build, server)
    for _ in stream:
        break
    gc.collect()
    assert server.was_cut()
    assert stream.id == "p1"
    assert stream.final().output == "Hello"


def test_a_stream_that_is_entered_and_left_frees_its_connection(serve: Serve, build: Build) -> None:
    server = serve(holds())
    with followed(build, server) as stream:
        assert stream.streamed
        assert "streamed" in repr(stream)
    assert server.was_cut()


def test_text_that_is_left_frees_the_connection(serve: Serve, build: Build) -> None:
    server = serve(holds(b"data: Hel\n\n"))
    for piece in followed(build, server).text:
        assert piece == "Hel"
        break
    gc.collect()
    assert server.was_cut()


def test_a_stream_that_was_read_leaves_its_connection_to_the_next(
    serve: Serve, build: Build
) -> None:
    server = serve(streams(event(ENDED, "done")), answers(ENDED))
    assert followed(build, server).final().output == "Hello"
    assert server.connections == 1


def test_a_stream_that_does_not_end_after_its_last_event_is_complete(
    serve: Serve, build: Build
) -> None:
    server = serve(holds(event(ENDED, "done")), answers(ENDED))
    assert followed(build, server).final().output == "Hello"
    assert server.was_cut()


def test_a_stream_is_iterated_once(serve: Serve, build: Build) -> None:
    stream = followed(build, serve(streams(DONE), answers(ENDED)))
    assert "not begun" in repr(stream)
    stream.close()
    stream.final()
    with pytest.raises(InvalidRequestError, match="iterated once"):
        list(stream)


def test_nothing_is_sent_before_a_stream_is_used(serve: Serve, build: Build) -> None:
    server = serve(answers(ENDED))
    followed(build, server)
    assert server.requests == []


@pytest.mark.parametrize("target", ["", "a\nb", "..", {}, 7])
def test_what_is_no_prediction_is_refused(build: Build, target: Any) -> None:
    with pytest.raises(InvalidRequestError):
        build("k", base_url="http://127.0.0.1:1/v1").predictions.stream(target)


@pytest.mark.parametrize("options", [{"max_wait": -1}, {"interval": "x"}, {"idle_timeout": 0}])
def test_limits_that_make_no_sense_are_refused(build: Build, options: Any) -> None:
    with pytest.raises(ConfigurationError):
        build("k", base_url="http://127.0.0.1:1/v1").predictions.stream("p1", **options)


# What goes wrong


def test_a_silent_stream_is_left_for_looks(serve: Serve, build: Build) -> None:
    server = serve(holds(b"data: Hel\n\n"), answers(ENDED))
    stream = followed(build, server, idle_timeout=1_000)
    assert told(stream) == [("output", None, "Hel"), ("prediction", "succeeded", "lo")]
    assert not stream.streamed
    assert server.was_cut()


def test_max_wait_ends_a_stream_with_a_last_look(serve: Serve, build: Build) -> None:
    server = serve(holds(b"data: Hel\n\n"), answers(RUNNING))
    stream = followed(build, server, max_wait=1_000)
    with pytest.raises(WaitTimeoutError, match="wait again") as caught:
        list(stream)
    assert server.was_cut()
    assert server.targets()[-1] == "GET /v1/predictions/p1"
    assert caught.value.prediction == RUNNING
    assert [event.kind for event in caught.value.received] == ["output", "prediction"]
    with pytest.raises(WaitTimeoutError):
        stream.final()


@pytest.mark.parametrize("then", [Peer.close, Peer.reset])
@pytest.mark.parametrize("came", [b"", chunk(b"data: Hel\n\n"), chunk(b"data: Hel")])
def test_a_broken_stream_is_looked_at(serve: Serve, build: Build, came: bytes, then: Any) -> None:
    server = serve(sends(HEAD, came, then=then), answers(RUNNING), answers(ENDED))
    stream = followed(build, server, interval=1)
    texts = list(stream.text)
    assert "".join(texts) == "Hello"
    assert stream.final().status == "succeeded"


@pytest.mark.parametrize(
    "step", [resets(), answers({}, 500), answers({"error": "x"}, 404), answers([]), answers(b"<")]
)
def test_a_stream_that_cannot_be_opened_is_looked_at(serve: Serve, build: Build, step: Any) -> None:
    server = serve(step, answers(ENDED))
    assert followed(build, server).final().output == "Hello"


def test_a_look_that_fails_is_an_error_with_the_prediction(serve: Serve, build: Build) -> None:
    server = serve(streams(event(RUNNING, "status")), answers({"error": "gone"}, 404))
    stream = followed(build, server)
    with pytest.raises(NotFoundError) as caught:
        list(stream)
    assert caught.value.prediction == RUNNING
    assert len(caught.value.received) == 1


def test_an_exception_of_the_reader_frees_the_connection(serve: Serve, build: Build) -> None:
    server = serve(holds(b"data: Hel\n\n"))

    def read() -> None:
        with followed(build, server) as stream:
            for event in stream:
                raise ZeroDivisionError(event)

    with pytest.raises(ZeroDivisionError):
        read()
    assert server.was_cut()


def test_a_task_that_is_cancelled_frees_the_connection_and_tells_the_id(serve: Serve) -> None:
    async def main(server: Server) -> None:
        async with AsyncSkytellsClient("k", base_url=server.url) as client:
            began = asyncio.Event()

            async def work() -> None:
                async for _ in client.predictions.stream("p1"):
                    began.set()

            task = asyncio.create_task(work())
            await began.wait()
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            assert "p1" in json.dumps(getattr(caught.value, "__notes__", []))
            assert await asyncio.to_thread(server.was_cut)

    asyncio.run(main(serve(holds(b"data: Hel\n\n"))))
