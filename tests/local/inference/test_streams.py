"""Inference streams in all variants, and with faults."""

from __future__ import annotations

import json

import httpx
import pytest

import skytells.local
from skytells.local import LocalPlatform
from skytells.local.json_values import Json, JsonObject

CHAT: JsonObject = {
    "model": "gpt-5",
    "messages": [{"role": "user", "content": "What is a fox?"}],
    "max_tokens": 4,
    "stream": True,
}
RESPONSE: JsonObject = {"model": "gpt-5", "input": "What is a fox?", "stream": True}
FORMS = ["obfuscation", "array-content", "crlf", "comments", "event-ids", "multi-line"]


def told(http: httpx.Client) -> str:
    return http.post("/chat/completions", json=CHAT).text


def read(text: str) -> list[Json]:
    """A stream, read as the standard for server-sent events has it."""
    found: list[Json] = []
    data: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        name, colon, value = line.partition(":")
        if not line:
            if data:
                whole = "\n".join(data)
                found.append(whole if whole == "[DONE]" else json.loads(whole))
            data = []
        elif name == "data" and colon:
            data.append(value.removeprefix(" "))
    return found


def words(events: list[Json]) -> str:
    """What the chunks of a chat say, in whichever form."""
    contents = [
        choice["delta"].get("content") or ""
        for event in events
        if event != "[DONE]"
        for choice in event["choices"]
    ]
    return "".join(
        content if isinstance(content, str) else "".join(part["text"] for part in content)
        for content in contents
    )


@pytest.mark.parametrize("forms", [*[[form] for form in FORMS], FORMS])
def test_every_variant_has_the_same_content(
    platform: LocalPlatform, http: httpx.Client, forms: list[str]
) -> None:
    plain = told(http)
    platform.fault(variants=forms, times=1)
    other = told(http)
    assert other != plain
    assert words(read(other)) == words(read(plain)) == "You asked gpt-5: What"
    assert read(other)[-1] == "[DONE]"


@pytest.mark.parametrize(
    ("form", "seen"),
    [
        ("obfuscation", '"obfuscation":"x'),
        ("array-content", '"content":[{"type":"text","text":"You"}]'),
        ("crlf", "}\r\n\r\n"),
        ("comments", ": still here\n\ndata: "),
        ("event-ids", "id: 7\nretry: 3000\ndata: "),
        ("multi-line", "\ndata: "),
    ],
)
def test_a_variant_changes_a_stream(form: str, seen: str) -> None:
    with skytells.local.serve(speed=0, variants=[form]) as platform:
        http = httpx.Client(base_url=platform.url, headers={"x-api-key": "k"})
        assert seen in told(http)
        http.close()


def test_comments_come_without_ids() -> None:
    with skytells.local.serve(speed=0, variants=["comments"]) as platform:
        http = httpx.Client(base_url=platform.url, headers={"x-api-key": "k"})
        lines = told(http).splitlines()
        http.close()
    assert {line.partition(":")[0] for line in lines} == {"", "data"}


def test_a_stream_of_responses_may_end_as_one_of_chat_does(
    platform: LocalPlatform, http: httpx.Client
) -> None:
    plain = http.post("/responses", json=RESPONSE).text
    assert read(plain)[-1]["type"] == "response.completed"
    platform.fault(variants=["responses-done"])
    assert read(http.post("/responses", json=RESPONSE).text)[-1] == "[DONE]"


def test_a_stream_may_end_without_its_terminator(
    platform: LocalPlatform, http: httpx.Client
) -> None:
    platform.fault(stream="unfinished", times=1)
    events = read(told(http))
    assert events[-1]["choices"][0]["finish_reason"] == "length"
    platform.fault(stream="unfinished", after=3, times=1)
    assert len(read(told(http))) == 3
    platform.fault(stream="unfinished", after=99, times=1)
    assert words(read(told(http))) == words(events)
    platform.fault(stream="unfinished", times=1)
    assert read(http.post("/responses", json=RESPONSE).text)[-1]["type"].endswith("item.done")


def test_a_stream_may_break_in_the_middle_of_an_event(
    platform: LocalPlatform, http: httpx.Client
) -> None:
    for after in (None, 2, 99):
        platform.fault(body="truncated", after=after, times=1)
        with http.stream("POST", "/chat/completions", json=CHAT) as answer:
            pieces: list[bytes] = []
            with pytest.raises(httpx.RemoteProtocolError):
                pieces.extend(answer.iter_raw())
        heard = b"".join(pieces)
        assert heard.startswith(b"data: {")
        assert heard.endswith(b"\n\n") is (after == 99)


def test_a_line_may_be_garbage(platform: LocalPlatform, http: httpx.Client) -> None:
    platform.fault(body="garbage", after=2, times=1)
    lines = told(http).split("\n\n")
    assert lines[2] == "data: {]<not json>"
    assert lines[-2] == "data: [DONE]"


def test_a_stream_may_be_empty(platform: LocalPlatform, http: httpx.Client) -> None:
    platform.fault(body="empty", times=1)
    answer = http.post("/chat/completions", json=CHAT)
    assert (answer.status_code, answer.text) == (200, "")
    assert answer.headers["content-type"].startswith("text/event-stream")


def test_a_line_may_be_an_error(platform: LocalPlatform, http: httpx.Client) -> None:
    platform.fault(stream="error", times=1)
    error = read(told(http))[-1]["error"]
    assert (error["error_id"], error["status"]) == ("INFERENCE_ERROR", 500)
    platform.fault(stream="error", error="RATE_LIMITED", times=1)
    last = read(http.post("/responses", json=RESPONSE).text)[-1]
    assert (last["type"], last["code"]) == ("error", "rate_limit_exceeded")


def test_a_response_may_fail_on_the_way(platform: LocalPlatform, http: httpx.Client) -> None:
    platform.fault(stream="failed", after=4, message="Out of ideas.", times=1)
    events = read(http.post("/responses", json=RESPONSE).text)
    assert len(events) == 5
    assert events[-1]["type"] == "response.failed"
    assert events[-1]["response"]["status"] == "failed"
    assert events[-1]["response"]["error"]["message"] == "Out of ideas."


def test_a_stream_may_stall_until_the_platform_closes(
    platform: LocalPlatform, http: httpx.Client
) -> None:
    platform.fault(stream="stalled", after=1, times=1)
    with http.stream("POST", "/chat/completions", json=CHAT) as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith("data: ")
        platform.close()
        assert list(lines) == [""]


def test_a_stream_that_is_left_early_is_forgotten(
    platform: LocalPlatform, http: httpx.Client
) -> None:
    platform.fault(stream="stalled", times=1)
    with http.stream("POST", "/chat/completions", json=CHAT) as answer:
        next(answer.iter_lines())
    assert read(told(http))[-1] == "[DONE]"


@pytest.mark.parametrize("asked", [("/chat/completions", CHAT), ("/responses", RESPONSE)])
def test_a_stream_that_is_left_early_logs_nothing(
    platform: LocalPlatform,
    http: httpx.Client,
    asked: tuple[str, JsonObject],
    caplog: pytest.LogCaptureFixture,
) -> None:
    path, body = asked
    platform.script("gpt-5", says="word " * 2000)
    for _ in range(3):
        with http.stream("POST", path, json=body | {"max_tokens": 4000}) as answer:
            next(answer.iter_raw())
    assert http.get("/models").status_code == 200
    platform.close()
    assert [record.message for record in caplog.records if record.name == "asyncio"] == []


def test_tokens_come_with_the_clock(platform: LocalPlatform, http: httpx.Client) -> None:
    platform.script("gpt-5", seconds=8.0)
    with http.stream("POST", "/chat/completions", json=CHAT) as answer:
        lines = (line for line in answer.iter_lines() if line)
        next(lines)
        platform.advance(2.0)
        assert '"content":"You"' in [next(lines), next(lines)][-1]
        platform.advance(8.0)
        assert list(lines)[-1] == "data: [DONE]"


def test_close_ends_a_stream(platform: LocalPlatform, http: httpx.Client) -> None:
    platform.script("gpt-5", seconds=8.0)
    with http.stream("POST", "/chat/completions", json=CHAT) as answer:
        lines = answer.iter_lines()
        next(lines)
        platform.close()
        assert "data: [DONE]" not in list(lines)


def test_a_stream_may_be_slow(platform: LocalPlatform, http: httpx.Client) -> None:
    platform.fault(slow=0.01, times=1)
    assert read(told(http))[-1] == "[DONE]"


async def test_a_stream_breaks_in_process_too() -> None:
    with skytells.local.in_process(speed=0) as platform:
        transport = httpx.ASGITransport(platform.asgi)
        headers = {"x-api-key": "k"}
        async with httpx.AsyncClient(
            transport=transport, base_url=platform.url, headers=headers
        ) as http:
            whole = await http.post("/chat/completions", json=CHAT)
            assert read(whole.text)[-1] == "[DONE]"
            platform.fault(body="truncated", times=1)
            with pytest.raises(ConnectionResetError):
                await http.post("/chat/completions", json=CHAT)
