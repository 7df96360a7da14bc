"""aiohttp with as many connections as it likes: the denominator of bursts."""

from __future__ import annotations

import aiohttp
from common import HTTP, HTTPS, Bursts, Job, serve
from payloads import ID


def bursts(base: str) -> dict[str, Job]:
    made: list[aiohttp.ClientSession] = []

    async def get(base: str) -> object:
        if not made:
            made.append(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        async with made[0].get(f"{base}/v1/predictions/{ID}") as response:
            return (await response.json())["status"]

    return {
        "aget": Bursts(lambda: get(base)).each,
        "burst": Bursts(lambda: get(f"{base}/slow")).together,
    }


if __name__ == "__main__":
    tls = {f"{name}_tls": job for name, job in bursts(HTTPS).items()}
    serve(**bursts(HTTP), **tls)
