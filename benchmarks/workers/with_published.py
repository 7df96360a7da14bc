"""The published skytells 1.0.0."""

from __future__ import annotations

import threading

from common import HTTP, HTTPS, Bursts, Figures, Job, measured, memory, repeated, serve
from payloads import ID

from skytells import AsyncSkytellsClient, SkytellsClient

KEY = "sk-0123456789abcdef"
INPUT = {"prompt": "A lighthouse on a cliff at dusk", "aspect_ratio": "16:9"}


def _client(base: str) -> SkytellsClient:
    return SkytellsClient(KEY, {"base_url": f"{base}/v1"})


def calls(base: str) -> dict[str, Job]:
    client = _client(base)
    body = {"model": "flux-pro", "input": INPUT, "await": True}
    return {
        "get": repeated(lambda: client.predictions.get(ID)["status"]),
        "post": repeated(lambda: client.predict(body)["status"]),
        "page": repeated(lambda: [p["status"] for p in client.predictions.list().data]),
        "models": repeated(lambda: [m["type"] for m in client.models.list()]),
    }


def bursts(base: str) -> dict[str, Job]:
    made: dict[str, AsyncSkytellsClient] = {}

    async def get(base: str) -> object:
        if base not in made:
            made[base] = AsyncSkytellsClient(KEY, {"base_url": f"{base}/v1"})
        return (await made[base].predictions.get(ID))["status"]

    return {
        "aget": Bursts(lambda: get(base)).each,
        "burst": Bursts(lambda: get(f"{base}/slow")).together,
    }


def clients(times: int) -> Figures:
    kept: list[SkytellsClient] = []
    return measured(lambda: kept.append(SkytellsClient(KEY)), times)


def threads(number: int, each: int) -> Figures:
    client, failures = _client(f"{HTTP}/slow"), list[str]()

    def work() -> None:
        for _ in range(each):
            try:
                client.predictions.get(ID)
            except Exception as error:
                failures.append(type(error).__name__)

    def all_of_them() -> None:
        running = [threading.Thread(target=work) for _ in range(number)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()

    return {**measured(all_of_them), "errors": float(len(failures))}


def idle() -> Figures:
    _client(HTTPS).predictions.get(ID)
    return {"rss": memory()}


if __name__ == "__main__":
    tls = {f"{name}_tls": job for name, job in (calls(HTTPS) | bursts(HTTPS)).items()}
    serve(**calls(HTTP), **bursts(HTTP), **tls, clients=clients, threads=threads, idle=idle)
