"""Inputs as Python people have them: models, numbers of NumPy, pictures, arrays, predictions."""

from __future__ import annotations

import base64
import io
import wave
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from PIL import Image
from pydantic import BaseModel

import skytells
from skytells import InvalidRequestError, Prediction, PredictionFile, PredictionResponse

from ..behaviour.conftest import Serve
from ..behaviour.misbehaving import Server
from ..behaviour.steps import answers
from ..conftest import Build, unfaced

P1 = {"id": "p1", "status": "succeeded"}
CAT = "https://cdn.example.com/cat.png"


class Size(Enum):
    LARGE = "large"


@dataclass
class Style:
    name: str
    strength: Decimal


class Order(BaseModel):
    prompt: str
    seed: int = 3
    size: Size = Size.LARGE


def sent(build: Build, server: Server, input: Any) -> Any:
    """What a server is sent of an input."""
    client = build("sk-key", base_url=server.url)
    client.predictions.create(model="flux-pro", input=input)
    return [r for r in server.requests if r.method == "POST"][-1].json["input"]


@pytest.mark.parametrize(
    ("value", "due"),
    [
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.array(7), 7),
        (np.datetime64("2026-12-01"), "2026-12-01"),
        (Decimal("1.50"), "1.50"),
        (datetime(2026, 12, 1, tzinfo=UTC), "2026-12-01T00:00:00Z"),
        (date(2026, 12, 1), "2026-12-01"),
        (timedelta(hours=1), "PT1H"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (Size.LARGE, "large"),
        (Style("noir", Decimal("0.5")), {"name": "noir", "strength": "0.5"}),
        (Order(prompt="x"), {"prompt": "x", "seed": 3, "size": "large"}),
        ([Style("noir", Decimal(1))], [{"name": "noir", "strength": "1"}]),
    ],
)
def test_a_value_travels_as_the_json_that_pydantic_makes(
    build: Build, serve: Serve, value: object, due: object
) -> None:
    assert sent(build, serve(answers(P1)), {"value": value}) == {"value": due}


@pytest.mark.parametrize(
    ("given", "due"),
    [
        (Order(prompt="A cat"), {"prompt": "A cat", "seed": 3, "size": "large"}),
        (Style("noir", Decimal("0.5")), {"name": "noir", "strength": "0.5"}),
    ],
)
def test_a_model_or_a_dataclass_is_a_whole_input(
    build: Build, serve: Serve, given: Any, due: object
) -> None:
    server = serve(*[answers(P1)] * 4)
    assert sent(build, server, given) == due
    client = build("sk-key", base_url=server.url)
    client.run("flux-pro", given)
    client.predict({"model": "flux-pro", "input": given})
    client.queue({"model": "flux-pro", "input": given})
    client.dispatch()
    assert [request.json["input"] for request in server.requests] == [due] * 4


def test_a_change_after_queueing_is_not_sent(build: Build, serve: Serve) -> None:
    server, style = serve(answers(P1)), Style("noir", Decimal("0.5"))
    client = build("sk-key", base_url=server.url)
    client.queue({"model": "flux-pro", "input": {"style": style}})
    style.name = "pop"
    client.dispatch()
    assert server.requests[0].json["input"]["style"]["name"] == "noir"


def test_a_prediction_and_its_file_travel_as_addresses(build: Build, serve: Serve) -> None:
    wire = {**P1, "output": [CAT]}
    server = serve(answers(P1))
    handle: Any = Prediction(unfaced(build("k", base_url=server.url)), PredictionResponse(**wire))  # type: ignore[arg-type]
    input = {"image": handle, "images": [PredictionFile(url=CAT)]}
    assert sent(build, server, input) == {"image": CAT, "images": [CAT]}
    part: Any = skytells.image(handle)
    assert part["image_url"]["url"] == CAT


def test_a_prediction_without_output_is_refused(build: Build, serve: Serve) -> None:
    server = serve(answers(P1))
    client: Any = unfaced(build("k", base_url=server.url))
    handle = Prediction(client, PredictionResponse(id="p0", status="processing"))
    with pytest.raises(InvalidRequestError, match="p0 has no output"):
        sent(build, server, {"image": handle})
    assert server.requests == []


def decoded(uri: str, kind: str) -> io.BytesIO:
    head, _, data = uri.partition(",")
    assert head == f"data:{kind};base64"
    return io.BytesIO(base64.b64decode(data))


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("RGB", (3, 2), (255, 0, 0)),
        np.full((2, 3, 3), (255, 0, 0), dtype="uint8"),
        np.full((2, 3, 3), (1.0, 0.0, 0.0)),
    ],
    ids=["Pillow", "integers", "floats"],
)
def test_a_picture_travels_as_png(build: Build, serve: Serve, picture: object) -> None:
    found = sent(build, serve(*[answers(P1)] * 2), {"image": picture})["image"]
    with Image.open(decoded(found, "image/png")) as image:
        assert (image.size, image.getpixel((0, 0))) == ((3, 2), (255, 0, 0))


@pytest.mark.parametrize(
    ("samples", "channels"),
    [
        (np.zeros(100), 1),
        (np.zeros((100, 2)), 2),
        (np.zeros((2, 100), dtype="int16"), 2),
    ],
)
def test_an_array_travels_as_wav_where_a_sound_is_due(
    build: Build, serve: Serve, samples: object, channels: int
) -> None:
    field = {"type": "string", "format": "uri"}
    schema = {"type": "object", "properties": {"audio": field, "image": field}}
    model = {"namespace": "flux-pro", "name": "Flux", "input_schema": schema}
    found = sent(build, serve(answers(model), answers(P1)), {"audio": samples})["audio"]
    with wave.open(decoded(found, "audio/wav")) as sound:
        assert (sound.getnchannels(), sound.getnframes()) == (channels, 100)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (object(), "input.a.b.*object"),
        ({1, 2}, "input.a.b.*set"),
        (np.int64, "input.a.b.*type"),
    ],
)
def test_what_cannot_be_carried_is_named_by_path_and_type(
    build: Build, serve: Serve, value: object, named: str
) -> None:
    server = serve(answers(P1))
    with pytest.raises(InvalidRequestError, match=named):
        sent(build, server, {"a": {"b": value}})
    assert server.requests == []


@pytest.mark.parametrize(
    ("array", "said"),
    [(np.zeros((2, 2, 2, 2)), "no picture"), (np.array(["a", "b"]), "no picture")],
)
def test_an_array_that_is_no_picture_is_refused(
    build: Build, serve: Serve, array: object, said: str
) -> None:
    server = serve(*[answers(P1)] * 2)
    with pytest.raises(InvalidRequestError, match=said):
        sent(build, server, {"image": array})
    assert not [request for request in server.requests if request.method == "POST"]


def test_a_path_inside_a_dataclass_is_no_text(build: Build, serve: Serve) -> None:
    @dataclass
    class Held:
        file: Path

    server = serve(answers(P1))
    with pytest.raises(InvalidRequestError, match="Path"):
        sent(build, server, {"held": Held(Path("secret.txt"))})
    assert server.requests == []
