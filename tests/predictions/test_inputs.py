"""Files among the inputs, and models that only chat, against the local platform."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from fastapi import UploadFile

from skytells import InvalidRequestError, SkytellsClient
from skytells.local import LocalPlatform

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
SENT = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
FILM = "truefusion-video-pro"


def asked(platform: LocalPlatform) -> list[str]:
    return [f"{request.method} {request.path}" for request in platform.requests]


def queued(client: SkytellsClient, payload: dict[str, Any]) -> Any:
    client.queue(payload)
    return client.dispatch()[0]


Act: TypeAlias = Callable[[SkytellsClient, dict[str, Any]], Any]
WAYS: dict[str, Act] = {
    "run": lambda c, given: c.run(FILM, given),
    "predict": lambda c, given: c.predict({"model": FILM, "input": given}),
    "create": lambda c, given: c.predictions.create(model=FILM, input=given),
    "dispatch": lambda c, given: queued(c, {"model": FILM, "input": given}),
}


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "cat.png"
    path.write_bytes(PNG)
    return path


@pytest.mark.parametrize("way", WAYS)
def test_a_file_is_sent_however_a_prediction_is_made(
    client: SkytellsClient, platform: LocalPlatform, picture: Path, way: str
) -> None:
    given = {"prompt": "It stretches", "image": picture}
    made = WAYS[way](client, given)
    assert client.predictions.get(made.id)["input"]["image"] == SENT
    assert given["image"] is picture
    assert asked(platform)[:2] == [f"GET /v1/model/{FILM}", "POST /v1/predict"]
    before = len(platform.requests)
    WAYS[way](client, {"prompt": "x", "image": io.BytesIO(PNG)})
    assert f"GET /v1/model/{FILM}" not in asked(platform)[before:]


def test_an_upload_of_fastapi_is_a_file(client: SkytellsClient) -> None:
    upload = UploadFile(io.BytesIO(PNG), filename="cat.png")
    made = client.predictions.create(model=FILM, input={"prompt": "x", "image": upload})
    assert client.predictions.get(made.id)["input"]["image"] == SENT


@pytest.mark.parametrize("way", WAYS)
def test_a_file_in_the_wrong_place_is_not_sent(
    client: SkytellsClient, platform: LocalPlatform, picture: Path, way: str
) -> None:
    client.models.get(FILM)
    with pytest.raises(InvalidRequestError, match=r"input\.prompt\. It takes files in: image"):
        WAYS[way](client, {"prompt": picture})
    assert asked(platform) == [f"GET /v1/model/{FILM}"]


def test_a_file_is_checked_with_the_rest(client: SkytellsClient, picture: Path) -> None:
    client.run(FILM, {"prompt": "x", "image": picture}, validate=True)
    with pytest.raises(InvalidRequestError, match="duration_seconds must be at most 30"):
        client.run(FILM, {"prompt": "x", "image": picture, "duration_seconds": 99}, validate=True)


def test_the_queue_refuses_a_file_that_is_not_there(client: SkytellsClient) -> None:
    with pytest.raises(InvalidRequestError, match=r"input\.image: nowhere\.png cannot be read"):
        client.queue({"model": FILM, "input": {"image": Path("nowhere.png")}})
    assert client.dispatch() == []


def test_a_picture_that_was_made_begins_a_film(client: SkytellsClient, tmp_path: Path) -> None:
    still = client.run("flux-pro", {"prompt": "A cat"})
    film = client.run(FILM, {"prompt": "It stretches", "image": still.bytes()})
    assert film.response["input"]["image"].startswith("data:image/png;base64,")
    [path] = still.save(tmp_path)
    assert client.run(FILM, {"prompt": "It yawns", "image": path}).status == "succeeded"


def test_a_chat_model_is_pointed_out(client: SkytellsClient, platform: LocalPlatform) -> None:
    with pytest.raises(InvalidRequestError, match=r"client\.chat\.completions\.create") as caught:
        client.run("gpt-5", {"prompt": "Hello"})
    assert (caught.value.error_id, caught.value.http_status) == ("MODEL_NOT_SUPPORTED", 422)
    client.models.list()
    sent = len(platform.requests)
    with pytest.raises(InvalidRequestError, match=r"client\.chat\.completions\.create") as caught:
        client.run("gpt-5", {"prompt": "Hello"})
    assert (caught.value.error_id, caught.value.http_status) == ("MODEL_NOT_SUPPORTED", 0)
    assert len(platform.requests) == sent
