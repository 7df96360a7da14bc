"""This package's streams and downloads."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common import HTTP, HTTPS, Job, conversing, decoding, decoding_huge, downloading, serve
from payloads import ID
from pydantic_core import from_json

from skytells import AsyncSkytellsClient, PredictionResponse, SkytellsClient
from skytells.chat.requests import CHUNKS
from skytells.streaming import EventDecoder, Limits
from skytells.streaming.reading import Reading

KEY = "sk-0123456789abcdef"
MESSAGES: list[Any] = [{"role": "user", "content": "Go on"}]


def _decode(chunks: list[bytes]) -> int:
    decoder, found = EventDecoder(), 0
    for chunk in chunks:
        for _ in decoder.feed(chunk):
            found += 1
    return found


def _parse(chunks: list[bytes]) -> int:
    decoder, found = EventDecoder(), 0
    for chunk in chunks:
        for _, data in decoder.feed(chunk):
            if data != b"[DONE]":
                from_json(data)
            found += 1
    return found


def _read(chunks: list[bytes]) -> int:
    """As a stream of the client does, with all its checks; the text of each piece is read."""
    return sum(1 for _ in _texts(chunks)) + 1  # [DONE] is no piece


def _texts(chunks: list[bytes]) -> Iterator[str | None]:
    reading = Reading(CHUNKS, Limits(None, None))
    for chunk in chunks:
        for piece in reading.feed(chunk):
            yield piece.text


def chats() -> dict[str, Job]:
    client = SkytellsClient(KEY, base_url=f"{HTTP}/v1")
    aclient = AsyncSkytellsClient(KEY, base_url=f"{HTTP}/v1")
    runner = asyncio.Runner()

    def converse() -> str:
        with client.chat.completions.stream(model="gpt-5", messages=MESSAGES) as stream:
            return "".join(stream.text)

    async def aconverse() -> str:
        async with aclient.chat.completions.stream(model="gpt-5", messages=MESSAGES) as stream:
            return "".join([text async for text in stream.text])

    return {
        "chat": conversing(converse),
        "achat": conversing(lambda: runner.run(aconverse())),
    }


def _done(url: str) -> PredictionResponse:
    return PredictionResponse(id=ID, status="succeeded", output=[url])


def downloads(base: str) -> dict[str, Job]:
    client = SkytellsClient(KEY, base_url=f"{base}/v1")
    aclient = AsyncSkytellsClient(KEY, base_url=f"{base}/v1")
    runner = asyncio.Runner()

    def read(url: str, folder: Path) -> None:
        with client.predictions.open(_done(url)) as output, (folder / "file").open("wb") as file:
            for chunk in output:
                file.write(chunk)

    return {
        "save": downloading(lambda url, to: client.predictions.save(_done(url), to), base),
        "asave": downloading(
            lambda url, to: runner.run(aclient.predictions.save(_done(url), to)), base
        ),
        "open": downloading(read, base),
    }


if __name__ == "__main__":
    serve(
        **chats(),
        **downloads(HTTP),
        **{f"{name}_tls": job for name, job in downloads(HTTPS).items()},
        events=decoding(_decode),
        events_parsed=decoding(_parse),
        events_read=decoding(_read),
        huge=decoding_huge(_decode),
    )
