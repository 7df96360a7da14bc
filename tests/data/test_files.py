"""Files among inputs: where they may stand, how large they may be, and what is sent of them."""

from __future__ import annotations

import asyncio
import base64
import io
import os
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from skytells import InvalidRequestError, Model, PredictionRequest
from skytells._data.checks import has_files
from skytells._data.files import MAX_FILE, check_files, check_places, read_files, without_files
from skytells.models.cache import ModelCache
from skytells.predictions.dispatch import dispatch
from skytells.predictions.prepare import check, create
from skytells.predictions.recover import unconfirmed
from skytells.predictions.state import SubmissionLog

from ..core.support import Hand, JsonObject, body_of, json_objects, preflight, reply, script

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
URI = {"type": "string", "format": "uri"}
SCHEMA: JsonObject = {
    "properties": {
        "prompt": {"type": "string"},
        "image": URI,
        "mask": {"anyOf": [{"$ref": "#/$defs/uri"}, {"type": "null"}]},
        "images": {"type": "array", "items": {"$ref": "#/$defs/uri"}},
        "scene": {"type": "object", "properties": {"sky": {"allOf": [{"$ref": "#/$defs/uri"}]}}},
    },
    "$defs": {"uri": URI},
}
DONE = reply({"id": "p1", "status": "succeeded"})


def uri(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "cat.png"
    path.write_bytes(PNG)
    return path


class Trickle:
    """Gives one byte at a time, as a raw stream may."""

    def __init__(self, data: bytes) -> None:
        self._inner = io.BytesIO(data)

    def read(self, size: int) -> bytes:
        return self._inner.read(min(size, 1))


def test_each_form_of_a_file_becomes_a_data_uri(picture: Path) -> None:
    with picture.open("rb") as opened, os.scandir(picture.parent) as entries:
        given: JsonObject = {
            "prompt": str(picture),
            "path": picture,
            "entry": next(entries),
            "bytes": PNG,
            "array": bytearray(PNG),
            "opened": opened,
            "memory": io.BytesIO(PNG),
            "slow": Trickle(PNG),
            "deep": [{"a": (PNG, 1, None)}],
        }
        assert has_files(given)
        check_files(given)
        files = dict.fromkeys(
            ("path", "entry", "bytes", "array", "opened", "memory", "slow"), uri(PNG)
        )
        assert read_files(given, {}) == {
            "prompt": str(picture),  # a string is never taken for a path
            **files,
            "deep": [{"a": [uri(PNG), 1, None]}],
        }


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.png", b"whatever", "image/png"),
        ("a.JPG", b"whatever", "image/jpeg"),
        ("a.mp4", b"whatever", "video/mp4"),
        ("a.tar.gz", b"\x1f\x8b", "application/octet-stream"),
        ("a", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("a", b"GIF89a", "image/gif"),
        ("a", b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        ("a", b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        ("a", b"\0\0\0\x20ftypisom", "video/mp4"),
        ("a", b"\0\0\0\x20ftypM4A ", "audio/mp4"),
        ("a", b"ID3\x03", "audio/mpeg"),
        ("a", b"%PDF-1.7", "application/pdf"),
        ("a", b"no magic", "application/octet-stream"),
    ],
)
def test_the_media_type_is_told_by_name_else_by_content(
    tmp_path: Path, name: str, data: bytes, kind: str
) -> None:
    (tmp_path / name).write_bytes(data)
    assert read_files({"a": tmp_path / name}, {}) == {"a": uri(data, kind)}


def test_a_file_whose_name_is_a_number_has_none(picture: Path) -> None:
    descriptor = os.open(picture, os.O_RDONLY)
    with open(descriptor, "rb") as file:  # noqa: PTH123  # by number, on purpose
        assert read_files({"a": file}, {}) == {"a": uri(PNG)}


class Text:
    def read(self, size: int) -> str:
        return "text"


class Nothing:
    def read(self, size: int) -> None:
        return None


class Later:
    async def read(self, size: int) -> bytes:
        return PNG


def closed() -> io.BytesIO:
    file = io.BytesIO(PNG)
    file.close()
    return file


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (Path("nowhere/at/all.png"), "cannot be read: No such file or directory"),
        (Path("a\0b"), "cannot be read"),
        (Path(), "is not a file"),
        (Path(os.devnull), "is not a file"),
        (b"", "the file is empty"),
        (io.BytesIO(), r"seek\(0\)"),
        (io.StringIO("text"), "mode 'rb'"),
        (Text(), "mode 'rb'"),
        (Nothing(), "gives no bytes"),
        (Later(), "gives no bytes"),
        (closed(), "cannot be read"),
        (bytes(MAX_FILE + 1), "larger than 10 MiB"),
        (io.BytesIO(bytes(MAX_FILE + 1)), "larger than 10 MiB"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_file_that_cannot_be_sent_is_refused_by_its_place(file: Any, why: str) -> None:
    with pytest.raises(InvalidRequestError, match=why) as caught:
        read_files({"scene": {"images": [PNG, file]}}, {})
    assert "input.scene.images[1]" in str(caught.value)


def test_a_file_that_is_too_large_is_refused_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(MAX_FILE + 1)
    with pytest.raises(InvalidRequestError, match="give its URL instead"):
        check_files({"image": path})


def test_a_file_of_just_the_size_is_sent() -> None:
    sent = read_files({"a": bytes(MAX_FILE)}, {})["a"]
    assert len(sent) == len("data:application/octet-stream;base64,") + 4 * -(-MAX_FILE // 3)


def test_a_file_that_vanishes_is_an_error_of_ours(
    picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vanish(file: object, steps: object) -> None:
        picture.unlink()

    monkeypatch.setattr("skytells._data.files._check", vanish)
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        read_files({"a": picture}, {})


def test_files_are_taken_where_the_schema_takes_a_uri() -> None:
    fitting = {"image": PNG, "mask": PNG, "images": [PNG, "https://a.b/c"], "scene": {"sky": PNG}}
    check_places({"prompt": "x", **fitting}, SCHEMA, "m")


@pytest.mark.parametrize(
    "input", [{"prompt": PNG}, {"img": PNG}, {"images": PNG}, {"image": [PNG]}, {"a": {"b": [PNG]}}]
)
def test_a_file_elsewhere_is_refused_with_the_fields_that_take_one(input: JsonObject) -> None:
    with pytest.raises(InvalidRequestError, match=r"m takes no file in input\.") as caught:
        check_places({**input, "mask": PNG}, SCHEMA, "m")
    assert "It takes files in: image, mask, images." in str(caught.value)


def test_a_model_without_such_fields_takes_no_files() -> None:
    with pytest.raises(InvalidRequestError, match="It takes no files"):
        check_places({"a": PNG}, {"properties": {"a": {}}}, "m")


def test_a_schema_that_turns_in_circles_ends() -> None:
    circle: JsonObject = {"properties": {"a": {"$ref": "#"}}, "anyOf": [{"$ref": "#"}]}
    with pytest.raises(InvalidRequestError, match="takes no file"):
        check_places({"a": {"a": PNG}}, circle, "m")


@given(json_objects("prompt", "image"))
def test_an_input_without_files_is_left_alone(input: JsonObject) -> None:
    assert not has_files(input)
    assert without_files(input) == input


def test_what_refers_to_itself_has_no_files() -> None:
    circle: list[Any] = []
    circle.append(circle)
    assert not has_files(circle)


def test_a_model_judges_files_as_the_uris_that_they_become(picture: Path) -> None:
    model = Model.from_wire(
        {
            "namespace": "m",
            "input_schema": SCHEMA,
            "pricing": {"amount": 1, "unit": "prediction"},
        }
    )
    model.validate({"image": picture, "images": [PNG]})
    assert model.estimate({"image": picture}).amount == 1


# Flows


def catalogued(**more: object) -> JsonObject:
    return {"namespace": "m", "input_schema": SCHEMA} | more


def test_a_request_with_a_file_asks_for_the_schema_once(picture: Path) -> None:
    models = ModelCache()
    checks = preflight(models=models)
    hand = Hand(lambda r: reply(catalogued()) if r.method == "GET" else DONE)
    request = PredictionRequest("m", {"image": picture})
    for _ in range(2):
        hand.perform(create(request, SubmissionLog().add, checks, False))
        assert body_of(hand.exchanges[-1].request)["input"] == {"image": uri(PNG)}
        assert request.input == {"image": picture}
    assert hand.sent == ["GET /v1/model/m?fields=input_schema", *["POST /v1/predict"] * 2]


def test_without_a_file_nothing_is_asked() -> None:
    hand = Hand(script(DONE))
    hand.perform(
        create(PredictionRequest("m", {"prompt": "x"}), SubmissionLog().add, preflight(), False)
    )
    assert hand.sent == ["POST /v1/predict"]


def test_where_the_schema_is_not_to_be_had_the_server_decides() -> None:
    hand = Hand(lambda r: reply({"error": "no"}, 404) if r.method == "GET" else DONE)
    request = PredictionRequest("m", {"prompt": PNG})
    hand.perform(create(request, SubmissionLog().add, preflight(), False))
    assert body_of(hand.exchanges[-1].request)["input"] == {"prompt": uri(PNG)}


def test_a_misplaced_file_is_not_sent() -> None:
    hand = Hand(lambda r: reply(catalogued()))
    with pytest.raises(InvalidRequestError, match="It takes files in: image"):
        hand.perform(
            create(PredictionRequest("m", {"prompt": PNG}), SubmissionLog().add, preflight(), False)
        )
    assert hand.sent == ["GET /v1/model/m?fields=input_schema"]


def test_the_queue_checks_at_once_by_what_is_known(picture: Path) -> None:
    models = ModelCache()
    checks = preflight(models=models)
    check(PredictionRequest("m", {"prompt": picture}), checks)
    models.put("m", ["input_schema"], Model.from_wire(catalogued()))
    with pytest.raises(InvalidRequestError, match="It takes files in"):
        check(PredictionRequest("m", {"prompt": picture}), checks)
    with pytest.raises(InvalidRequestError, match="No such file"):
        check(PredictionRequest("m", {"image": picture.with_name("x")}), checks)
    with pytest.raises(InvalidRequestError, match="JSON cannot carry"):
        check(PredictionRequest("m", {"image": picture, "x": object()}), checks)


def test_a_request_that_goes_back_into_the_queue_keeps_its_file() -> None:
    back = list[PredictionRequest]()
    request = PredictionRequest("m", {"image": io.BytesIO(PNG)})
    hand = Hand(lambda r: reply({"error": "busy"}, 429 if r.method == "POST" else 404))
    with pytest.raises(Exception, match="not accepted"):
        hand.perform(dispatch([request], SubmissionLog(), preflight(), back.extend))
    assert [r.input for r in back] == [{"image": uri(PNG)}]


def test_a_file_that_is_gone_does_not_stop_the_rest_of_the_queue() -> None:
    requests = [
        PredictionRequest("m", {"image": Path("nowhere.png")}),
        PredictionRequest("m", {"prompt": "x"}),
    ]
    back = list[PredictionRequest]()
    with pytest.raises(Exception, match="not accepted") as caught:
        Hand(script(DONE)).perform(dispatch(requests, SubmissionLog(), preflight(), back.extend))
    assert [p is not None for p in vars(caught.value)["predictions"]] == [False, True]
    assert back == []


@pytest.mark.parametrize("told", ["https://cdn.example/1.png", uri(PNG), None])
def test_a_lost_answer_is_found_though_the_server_hosts_the_file(told: str | None) -> None:
    row = {
        "id": "p1",
        "input": {"images": [told], "seed": 7},
        "created_at": "2099-01-01T00:00:00Z",
    }
    from skytells import SkytellsError

    error = SkytellsError("Gone.", "NETWORK_ERROR", "reset", maybe_sent=True)
    error.request = PredictionRequest("m", {"images": [uri(PNG)], "seed": 7})
    error.started_at = 4e9
    found = Hand(script(reply([row]))).perform(unconfirmed(error, SubmissionLog()))
    assert [p.id for p in found] == (["p1"] if told else [])


def test_a_request_is_copied_with_its_files() -> None:
    data = bytearray(PNG)
    copy = PredictionRequest("m", {"image": data}).copy()
    data.clear()
    assert copy.input == {"image": PNG}


def test_an_async_reader_is_refused_without_a_warning() -> None:
    async def main() -> None:
        with pytest.raises(InvalidRequestError, match="Later gives no bytes"):
            read_files({"a": Later()}, {})

    asyncio.run(main())


# Chat models

CHAT = {"metadata": {"openai_compatible": True}}


@pytest.mark.parametrize(
    ("more", "chats"),
    [
        (CHAT, True),
        ({**CHAT, "service": {"type": "prediction_serving"}}, False),
        ({**CHAT, "service": {"type": "inference"}}, True),
        ({"metadata": {"openai_compatible": False}}, False),
        ({"metadata": {"openai_compatible": None}}, False),
        ({}, False),
    ],
)
def test_which_models_only_chat(more: JsonObject, chats: bool) -> None:
    assert Model.from_wire(catalogued(**more)).chats_only is chats


@pytest.mark.parametrize(
    ("more", "instead"),
    [(CHAT, "chat.completions.create"), ({**CHAT, "capabilities": ["embeddings"]}, "embeddings")],
)
def test_a_chat_model_that_is_known_is_not_sent_to_predictions(
    more: JsonObject, instead: str
) -> None:
    models = ModelCache()
    checks = preflight(models=models)
    models.put("m", (), Model.from_wire(catalogued(**more)))
    hand = Hand(script(DONE))
    with pytest.raises(InvalidRequestError, match=instead) as caught:
        hand.perform(create(PredictionRequest("m", {}), SubmissionLog().add, checks, False))
    assert caught.value.error_id == "MODEL_NOT_SUPPORTED"
    with pytest.raises(InvalidRequestError, match="nothing was sent"):
        check(PredictionRequest("m", {}), checks)
    assert hand.sent == []


def test_validate_finds_out_that_a_model_only_chats() -> None:
    hand = Hand(script(reply(catalogued(**CHAT))))
    with pytest.raises(InvalidRequestError, match="takes no predictions"):
        hand.perform(create(PredictionRequest("m", {}), SubmissionLog().add, preflight(), True))


# What a visitor uploads


def uploads(content: bytes, name: str) -> list[Any]:
    """A file as each framework hands it to its view."""
    from starlette.datastructures import UploadFile
    from werkzeug.datastructures import FileStorage

    django: Any = import_module("django.core.files.uploadedfile")  # without types of its own
    return [
        UploadFile(io.BytesIO(content), filename=name),
        FileStorage(io.BytesIO(content), filename=name, name="image"),
        django.SimpleUploadedFile(name, content),
    ]


@pytest.mark.parametrize("framework", range(3), ids=["starlette", "flask", "django"])
def test_an_upload_is_sent_as_it_is(framework: int) -> None:
    def sent(content: bytes, name: str) -> str:
        upload = uploads(content, name)[framework]
        check_files({"image": upload})
        return str(read_files({"image": upload}, {})["image"])

    assert sent(b"pixels", "cat.webp").startswith("data:image/webp;base64,")
    assert sent(PNG, "cat").startswith("data:image/png;base64,")
    with pytest.raises(InvalidRequestError, match="larger than 10 MiB"):
        sent(bytes(MAX_FILE + 1), "cat.png")
    with pytest.raises(InvalidRequestError, match="the file is empty"):
        sent(b"", "cat.png")
