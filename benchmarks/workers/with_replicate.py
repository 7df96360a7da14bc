"""The replicate package: `predictions.get`, the same job on a body of its own shape."""

from __future__ import annotations

import replicate
from common import HTTP, HTTPS, Bursts, Figures, Job, measured, memory, repeated, serve
from payloads import ID


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
    # It builds its client of httpx when that is first looked at.
    return measured(lambda: kept.append(_client(HTTPS)._client), times)


def idle() -> Figures:
    _client(HTTPS).predictions.get(ID)
    return {"rss": memory()}


if __name__ == "__main__":
    tls = {f"{name}_tls": job for name, job in calls(HTTPS).items()}
    serve(**calls(HTTP), **bursts(HTTP), **tls, clients=clients, idle=idle)
