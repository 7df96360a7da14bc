"""`progress=` of the verbs that wait, in both colours and against the local platform."""

from __future__ import annotations

from typing import Any

import pytest

from skytells import (
    InvalidRequestError,
    PredictionFailedError,
    PredictionResponse,
    SkytellsClient,
    WaitTimeoutError,
)
from skytells.local import LocalPlatform

from ..conftest import Colour, unfaced
from .test_progress_bar import terminal

INPUT = {"prompt": "A cat"}


def test_run_draws_lines_where_stderr_is_no_terminal(
    client: SkytellsClient, capsys: pytest.CaptureFixture[str]
) -> None:
    prediction = client.run("flux-pro", INPUT, progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1] == f"{prediction.id} succeeded 100%"
    assert len(lines) == len(set(lines)) <= 8


def test_run_draws_a_bar_in_a_terminal(client: SkytellsClient) -> None:
    with terminal() as shown:
        prediction = client.run("flux-pro", INPUT, progress=True)
    assert f"{prediction.id} succeeded" in shown.getvalue()


def test_run_draws_and_tells(client: SkytellsClient, capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[str] = []
    client.run("flux-pro", INPUT, lambda prediction: seen.append(prediction.id), progress=True)
    assert seen[-1] in capsys.readouterr().err


def test_an_async_callback_is_awaited_or_refused(client: SkytellsClient, colour: Colour) -> None:
    seen: list[str] = []

    async def show(prediction: PredictionResponse) -> None:
        seen.append(prediction.status)

    if colour == "async":
        client.run("flux-pro", INPUT, on_progress=show)
        assert seen[-1] == "succeeded"
    else:
        with pytest.raises(InvalidRequestError, match="AsyncSkytellsClient"):
            client.run("flux-pro", INPUT, on_progress=show)


def test_the_bar_ends_with_a_prediction_that_fails(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    platform.script("flux-pro", fails="Too dark.")
    with terminal() as shown, pytest.raises(PredictionFailedError):
        client.run("flux-pro", INPUT, progress=True)
    assert "failed" in shown.getvalue()


def test_the_bar_ends_with_a_wait_that_is_too_long(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    platform.script("flux-pro", seconds=1_000_000)
    with terminal() as shown, pytest.raises(WaitTimeoutError) as caught:
        client.run("flux-pro", INPUT, progress=True, max_wait=20)
    assert caught.value.prediction_id is not None
    assert caught.value.prediction_id in shown.getvalue()


def test_the_bar_ends_with_an_interrupt_that_names_the_prediction(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    def interrupt(prediction: PredictionResponse) -> None:
        raise KeyboardInterrupt

    with terminal(), pytest.raises(KeyboardInterrupt) as caught:
        client.run("flux-pro", INPUT, interrupt, progress=True)
    id = platform.predictions[0]["id"]
    assert f"Prediction {id} may still be running" in caught.value.__notes__[0]


def test_wait_of_a_client_and_of_a_handle_draw(
    client: SkytellsClient, capsys: pytest.CaptureFixture[str]
) -> None:
    job = client.predictions.create(model="flux-pro", input=INPUT)
    client.wait(job, progress=True)
    assert f"{job.id} succeeded" in capsys.readouterr().err
    handle = client.run("flux-pro", INPUT)
    assert handle.wait(progress=True).done  # it has ended already
    assert capsys.readouterr().err == ""


def test_wait_all_draws_how_many_have_ended(
    client: SkytellsClient, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = client.run("flux-pro", INPUT)
    jobs = [client.predictions.create(model="flux-pro", input=INPUT) for _ in range(3)]
    client.wait_all([unfaced(ended), *jobs], progress=True)
    assert capsys.readouterr().err.splitlines()[-1] == "4 of 4 ended 100%"


def test_as_completed_draws_while_it_gives(client: SkytellsClient) -> None:
    jobs = [client.predictions.create(model="flux-pro", input=INPUT) for _ in range(3)]
    with terminal() as shown:
        given = [prediction.id for prediction in client.as_completed(jobs, progress=True)]
    assert sorted(given) == sorted(job.id for job in jobs)
    assert "3 of 3 ended" in shown.getvalue()


def test_a_bar_that_was_asked_for_wrongly_is_refused_before_anything_is_paid_for(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    wrong: Any = print
    with pytest.raises(InvalidRequestError, match="Pass a function as on_progress"):
        client.run("flux-pro", INPUT, progress=wrong)
    assert platform.predictions == []
