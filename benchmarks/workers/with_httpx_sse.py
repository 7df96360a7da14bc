"""httpx-sse over httpx, which has no events of its own; `*_parsed` adds `json.loads`."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
from common import HTTP, conversing, decoding, decoding_huge, serve
from httpx_sse import EventSource, ServerSentEvent

BODY = {"model": "gpt-5", "messages": [{"role": "user", "content": "Go on"}], "stream": True}
client = httpx.Client(base_url=f"{HTTP}/v1", timeout=60)


class Chunks(httpx.SyncByteStream):
    """Chunks as they would come off the wire."""

    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)


def _events(chunks: list[bytes]) -> Iterator[ServerSentEvent]:
    headers = {"content-type": "text/event-stream"}
    return EventSource(httpx.Response(200, headers=headers, stream=Chunks(chunks))).iter_sse()


def _decode(chunks: list[bytes]) -> int:
    found = 0
    for _ in _events(chunks):
        found += 1
    return found


def _parse(chunks: list[bytes]) -> int:
    found = 0
    for event in _events(chunks):
        if event.data != "[DONE]":
            json.loads(event.data)
        found += 1
    return found


def _converse() -> str:
    text = list[str]()
    with client.stream("POST", "/chat/completions", json=BODY) as response:
        for event in EventSource(response).iter_sse():
            if event.data != "[DONE]":
                delta = json.loads(event.data)["choices"][0]["delta"]
                text.append(delta.get("content") or "")
    return "".join(text)


if __name__ == "__main__":
    serve(
        events=decoding(_decode),
        events_parsed=decoding(_parse),
        huge=decoding_huge(_decode),
        chat=conversing(_converse),
    )
