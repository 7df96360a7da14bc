"""Pictures in messages: files become data URIs, however the model is asked, with both clients."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from pydantic import BaseModel

import skytells
from skytells import InvalidRequestError, SkytellsClient
from skytells.local import LocalPlatform

from ..behaviour.events import says
from ..behaviour.steps import answers
from ..conftest import Build, Serve

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
SENT = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
COMPLETION = {"choices": [{"message": {"content": '{"what": "A cat"}'}, "finish_reason": "stop"}]}
RESPONSE: dict[str, Any] = {"output": [], "status": "completed"}


class Seen(BaseModel):
    what: str


def in_chat(source: object) -> Any:
    text = {"type": "text", "text": "What is it?"}
    part = {"type": "image_url", "image_url": {"url": source, "detail": "low"}}
    return [{"role": "system", "content": "Look."}, {"role": "user", "content": [text, part]}]


def in_responses(source: object) -> Any:
    part = {"type": "input_image", "image_url": source}
    return [{"role": "user", "content": [{"type": "input_text", "text": "Hm?"}, part]}]


Act: TypeAlias = Callable[[Any, Any], Any]
CHAT: dict[str, Act] = {
    "create": lambda c, m: c.chat.completions.create(model="gpt-5", messages=m),
    "stream": lambda c, m: c.chat.completions.stream(model="gpt-5", messages=m).final(),
    "parse": lambda c, m: c.chat.completions.parse(model="gpt-5", messages=m, response_format=Seen),
}
RESPONSES: dict[str, Act] = {
    "create": lambda c, i: c.responses.create(model="gpt-5", input=i),
    "stream": lambda c, i: c.responses.stream(model="gpt-5", input=i).final(),
}


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "cat.png"
    path.write_bytes(PNG)
    return path


@pytest.mark.parametrize("way", CHAT)
def test_a_picture_of_ones_own_is_shown_however_a_model_is_asked(
    serve: Serve, build: Build, picture: Path, way: str
) -> None:
    server = serve(says("A cat") if way == "stream" else answers(COMPLETION))
    client = build("sk-key", base_url=server.url)
    with picture.open("rb") as opened:
        for source in (picture, PNG, bytearray(PNG), opened, io.BytesIO(PNG)):
            messages = in_chat(source)
            CHAT[way](client, messages)
            assert messages[1]["content"][1]["image_url"]["url"] is source
    for request in server.requests:
        [told, shown] = request.json["messages"][1]["content"]
        assert told == {"type": "text", "text": "What is it?"}
        assert shown == {"type": "image_url", "image_url": {"url": SENT, "detail": "low"}}
        assert request.json["messages"][0] == {"role": "system", "content": "Look."}


@pytest.mark.parametrize("way", RESPONSES)
def test_a_picture_of_ones_own_is_shown_for_a_response(
    client: SkytellsClient, platform: LocalPlatform, picture: Path, way: str
) -> None:
    assert "1 picture" in RESPONSES[way](client, in_responses(picture)).output_text
    [request] = platform.requests
    assert request.path == "/v1/responses"


def test_a_picture_for_a_response_goes_as_a_data_uri(
    serve: Serve, build: Build, picture: Path
) -> None:
    server = serve(answers(RESPONSE))
    RESPONSES["create"](build("sk-key", base_url=server.url), in_responses(picture))
    assert server.requests[0].json["input"][0]["content"][1]["image_url"] == SENT


@pytest.mark.parametrize("url", ["https://example.com/cat.png", SENT])
def test_an_address_is_sent_as_it_is(serve: Serve, build: Build, url: str) -> None:
    server = serve(answers(COMPLETION))
    CHAT["create"](build("sk-key", base_url=server.url), in_chat(url))
    assert server.requests[0].json["messages"] == in_chat(url)


def test_a_picture_is_a_part_that_reads_well(client: SkytellsClient, picture: Path) -> None:
    for source in (picture, "https://example.com/cat.png"):
        content: Any = [{"type": "text", "text": "What is it?"}, skytells.image(source)]
        completion = client.chat.completions.create(
            model="gpt-5", messages=[{"role": "user", "content": content}]
        )
        assert "1 picture" in completion.text
    assert skytells.image(PNG) == {"type": "image_url", "image_url": {"url": PNG}}
    assert skytells.image(PNG, detail="high")["image_url"] == {"url": PNG, "detail": "high"}


@pytest.mark.parametrize(
    "source", ["cat.png", "file:///etc/passwd", "", "data:text/plain,x", None, 5]
)
def test_what_is_no_picture_makes_no_part(source: Any) -> None:
    with pytest.raises(
        InvalidRequestError, match=r"is no picture\. Give its URL .*pass Path\(name"
    ):
        skytells.image(source)


def file(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


REFUSED: list[tuple[Callable[[Path], object], str]] = [
    (lambda f: file(f, "notes.txt", b"Dear cat,"), "a picture is due, and the file is text/plain"),
    (lambda f: file(f, "song.mp3", b"ID3\x03"), "a picture is due, and the file is audio/mpeg"),
    (lambda _: b"RIFF\0\0\0\0WAVEfmt ", "the file is audio/wav"),
    (lambda _: b"no magic", "the file is application/octet-stream"),
    (lambda _: b"", "the file is empty"),
    (lambda f: file(f, "none.png", b""), "the file is empty"),
    (lambda f: f / "nowhere.png", "cannot be read: No such file"),
    (lambda f: f, "is not a file"),
    (lambda _: bytes(10 * 1024**2 + 1), "larger than 10 MiB.*Host it"),
    (lambda _: io.StringIO("text"), "open as text"),
]


@pytest.mark.parametrize(("made", "told"), REFUSED)
def test_what_is_no_picture_is_refused_before_the_wire(
    offline: Any, tmp_path: Path, made: Callable[[Path], object], told: str
) -> None:
    source = made(tmp_path)
    with pytest.raises(
        InvalidRequestError, match=rf"messages\[1\]\.content\[1\]\.image_url.*{told}"
    ):
        CHAT["create"](offline, in_chat(source))
    with pytest.raises(
        InvalidRequestError, match=rf"input\[0\]\.content\[1\]\.image_url: .*{told}"
    ):
        RESPONSES["create"](offline, in_responses(source))


@pytest.mark.parametrize(
    ("messages", "where"),
    [
        (PNG, "messages"),
        ([PNG], r"messages\[0\]"),
        ([{"role": "user", "content": PNG}], r"messages\[0\]\.content"),
        ([{"role": "user", "content": [PNG]}], r"messages\[0\]\.content\[0\]"),
        ([{"content": [{"type": "image_url", "image_url": PNG}]}], r"content\[0\]\.image_url"),
        ([{"content": [{"type": "text", "text": PNG}]}], r"content\[0\]\.text"),
    ],
)
def test_a_file_where_no_picture_can_be_is_refused(offline: Any, messages: Any, where: str) -> None:
    with pytest.raises(InvalidRequestError, match=rf"{where} takes no file\..*skytells\.image\("):
        CHAT["create"](offline, messages)


@pytest.mark.parametrize("input", [PNG, [{"content": [{"image_url": {"url": PNG}}]}]])
def test_a_file_where_a_response_takes_none_is_refused(offline: Any, input: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"takes no file\..*input_image"):
        RESPONSES["create"](offline, input)


def test_what_else_is_wrong_is_refused_before_a_file_is_read(offline: Any) -> None:
    opened = io.BytesIO(PNG)
    for ask in (offline.chat.completions.create, offline.chat.completions.stream):
        with pytest.raises(InvalidRequestError, match="no parameter 'streem'"):
            ask(model="gpt-5", messages=in_chat(opened), streem=True)
    assert opened.tell() == 0


def test_an_open_file_is_shown_in_every_round_of_tools(serve: Serve, build: Build) -> None:
    def look(what: str) -> str:
        return f"{what}, asleep"

    function = {"name": "look", "arguments": '{"what": "cat"}'}
    message = {"tool_calls": [{"id": "c1", "type": "function", "function": function}]}
    wants = {"choices": [{"message": message, "finish_reason": "tool_calls"}]}
    server = serve(answers(wants), answers(COMPLETION))
    client = build("sk-key", base_url=server.url)
    run = client.chat.completions.run_tools(
        model="gpt-5", messages=in_chat(io.BytesIO(PNG)), tools=[look]
    )
    assert run.rounds == 2
    for request in server.requests:
        assert request.json["messages"][:2] == in_chat(SENT)
    with pytest.raises(InvalidRequestError, match="a picture is due"):
        client.chat.completions.run_tools(model="gpt-5", messages=in_chat(b"-"), tools=[look])
    assert len(server.requests) == 2


def test_a_message_that_holds_itself_is_refused(offline: Any) -> None:
    messages = in_chat(PNG)
    messages[1]["content"].append(messages[1])
    with pytest.raises(InvalidRequestError, match="messages refers to itself"):
        CHAT["create"](offline, messages)
