"""The replicate package: `predictions.get`, the same job on a body of its own shape."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import replicate
from common import (
    HTTP,
    HTTPS,
    Bursts,
    Figures,
    Job,
    decoding,
    measured,
    memory,
    repeated,
    serve,
)
from payloads import ID
from replicate.stream import EventSource


def _client(base: str) -> replicate.Client:
    return replicate.Client(api_token="r8_0123456789", base_url=f"{base}/replicate")


def calls(base: str) -> dict[str, Job]:
    client = _client(base)
    return {"get": repeated(lambda: client.predictions.get(ID).status)}


def bursts(base: str) -> dict[str, Job]:
    made: dict[str, replicate.Client] = {}

    async def get(base: str) -> object:
        if base not in made:
            made[base] = _client(base)
        return (await made[base].predictions.async_get(ID)).status

    return {
        "aget": Bursts(lambda: get(base)).each,
        "burst": Bursts(lambda: get(f"{base}/slow")).together,
    }


def clients(times: int) -> Figures:
    kept: list[object] = []
    # It builds its client of httpx when that is first used.
    return measured(lambda: kept.append(_client(HTTPS)._client), times)


def idle() -> Figures:
    _client(HTTPS).predictions.get(ID)
    return {"rss": memory()}


class Chunks(httpx.SyncByteStream):
    """Chunks as they would come off the wire."""

    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)


def _decode(chunks: list[bytes]) -> int:
    """Only events that are named `output`: it knows no others."""
    headers = {"content-type": "text/event-stream"}
    response = httpx.Response(200, headers=headers, stream=Chunks(chunks))
    found = 0
    for _ in EventSource(_client(HTTP), response):
        found += 1
    return found


if __name__ == "__main__":
    tls = {f"{name}_tls": job for name, job in calls(HTTPS).items()}
    more = {"events": decoding(_decode), "clients": clients, "idle": idle}
    serve(**calls(HTTP), **bursts(HTTP), **tls, **more)
