"""What a traceback shows: a method of the client, its driver, and where the error was raised."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import skytells
from skytells import DispatchError, Flow, SkytellsClient, SkytellsError, ToolRunError
from skytells.predictions.requests import get_prediction

from ..conftest import Build
from .conftest import Serve
from .events import ASK, delta, event, streams
from .steps import answers

PACKAGE = str(Path(skytells.__file__).parent)
MOST = 3

REFUSED = answers({"error": {"error_id": "UNAUTHORIZED", "message": "No."}}, status=401)
RUNNING = answers({"id": "p1", "status": "processing"})
CAT = {"prompt": "A cat"}


def frames(error: BaseException, *, ours: bool) -> list[str]:
    """The functions that a traceback shows, of this package or of all other code."""
    return [
        frame.name
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith(PACKAGE) is ours
    ]


def read(stream: Any) -> None:
    for _ in stream:
        pass


def dispatch(client: SkytellsClient) -> None:
    client.queue({"model": "flux-pro", "input": CAT})
    client.dispatch()


VERBS: dict[str, Callable[[Any], object]] = {
    "run": lambda client: client.run("flux-pro", input=CAT),
    "run with progress": lambda client: client.run("flux-pro", CAT, print),
    "create": lambda client: client.predictions.create(model="flux-pro", input=CAT),
    "get": lambda client: client.predictions.get("p1"),
    "iterate": lambda client: list(client.predictions.iterate()),
    "wait": lambda client: client.wait("p1"),
    "wait_all": lambda client: client.wait_all(["p1", "p2"]),
    "as_completed": lambda client: list(client.as_completed(["p1", "p2"])),
    "dispatch": dispatch,
    "models.get": lambda client: client.models.get("flux-pro"),
    "chat": lambda client: client.chat.completions.create(**ASK),
    "chat stream": lambda client: read(client.chat.completions.stream(**ASK)),
    "entered stream": lambda client: client.chat.completions.stream(**ASK).__enter__(),
    "prediction stream": lambda client: read(client.predictions.stream("p1")),
    "responses": lambda client: client.responses.create(model="gpt-5", input="Hi"),
    "embeddings": lambda client: client.embeddings.create(model="m", input=["a", "b"]),
    "safety": lambda client: client.safety.check_text("A cat"),
    "request": lambda client: client.request("GET", "/models"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_an_error_of_the_api_shows_three_frames(serve: Serve, build: Build, verb: str) -> None:
    client = build("sk-key", base_url=serve(*[REFUSED] * 2).url)
    with pytest.raises(SkytellsError) as caught:
        VERBS[verb](client)
    error: BaseException | None = caught.value
    while error is not None:
        assert 0 < len(frames(error, ours=True)) <= MOST
        error = error.__cause__
    assert frames(caught.value, ours=True)[-1] not in {"perform", "_give"}


def test_a_stream_that_breaks_shows_three_frames(serve: Serve, build: Build) -> None:
    broken = event({"error": {"message": "Broke."}})
    client: Any = build("sk-key", base_url=serve(streams(event(delta("Hi")), broken)).url)
    with client.chat.completions.stream(**ASK) as stream, pytest.raises(SkytellsError) as caught:
        read(stream)
    assert 0 < len(frames(caught.value, ours=True)) <= MOST
    assert len(caught.value.received) == 1


def test_nobody_listening_shows_three_frames(build: Build) -> None:
    client = build("sk-key", base_url="http://127.0.0.1:1/v1", retry={"retries": 0})
    with pytest.raises(SkytellsError) as caught:
        client.models.list()
    assert 0 < len(frames(caught.value, ours=True)) <= MOST


def test_a_mistake_in_a_callback_keeps_every_frame(serve: Serve, build: Build) -> None:
    def show(_: object) -> None:
        raise ZeroDivisionError("mine")

    client = build("sk-key", base_url=serve(RUNNING, RUNNING).url)
    with pytest.raises(ZeroDivisionError) as caught:
        client.run("flux-pro", CAT, show, interval=1)
    assert "show" in frames(caught.value, ours=False)
    assert len(frames(caught.value, ours=True)) > MOST


def test_an_error_that_comes_through_a_callback_keeps_its_frames(
    serve: Serve, build: Build
) -> None:
    def show(_: object) -> None:
        def deeper() -> None:
            raise SkytellsError("Mine.", "MINE", "Mine.")

        deeper()

    client = build("sk-key", base_url=serve(RUNNING, RUNNING).url)
    with pytest.raises(SkytellsError) as caught:
        client.run("flux-pro", CAT, show, interval=1)
    assert frames(caught.value, ours=False)[-2:] == ["show", "deeper"]
    assert len(frames(caught.value, ours=True)) <= MOST


def test_a_flow_of_the_users_keeps_its_frames(serve: Serve, build: Build) -> None:
    def look_twice() -> Flow[None]:
        yield from get_prediction("p1")
        yield from get_prediction("p1")

    client = build("sk-key", base_url=serve(RUNNING, REFUSED).url)
    with pytest.raises(SkytellsError) as caught:
        client.perform(look_twice())
    assert "look_twice" in frames(caught.value, ours=False)
    assert len(frames(caught.value, ours=True)) <= MOST


def test_what_is_the_cause_stays(serve: Serve, build: Build) -> None:
    def weather(city: str) -> str:
        """The weather in a city now."""
        raise KeyError(city)

    call = {
        "id": "c",
        "type": "function",
        "function": {"name": "weather", "arguments": '{"city": "X"}'},
    }
    wants = {
        "choices": [
            {"finish_reason": "tool_calls", "message": {"role": "assistant", "tool_calls": [call]}}
        ]
    }
    client = build("sk-key", base_url=serve(answers(wants)).url)
    with pytest.raises(ToolRunError) as caught:
        client.chat.completions.run_tools(**ASK, tools=[weather])
    cause = caught.value.__cause__
    assert isinstance(cause, KeyError)
    assert "weather" in frames(cause, ours=False)
    assert len(frames(caught.value, ours=True)) <= MOST


def test_dispatch_has_the_first_failure_as_its_cause(serve: Serve, build: Build) -> None:
    client = build("sk-key", base_url=serve(REFUSED).url)
    with pytest.raises(DispatchError) as caught:
        dispatch(client)
    assert caught.value.__cause__ is caught.value.errors[0]


def test_the_hook_for_exceptions_is_left_alone(serve: Serve, build: Build) -> None:
    before = sys.excepthook, sys.unraisablehook
    client = build("sk-key", base_url=serve(REFUSED).url)
    with pytest.raises(SkytellsError):
        client.models.list()
    assert (sys.excepthook, sys.unraisablehook) == before
