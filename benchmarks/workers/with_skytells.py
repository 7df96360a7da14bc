"""This package; over an injected client if BENCH_CLIENT names one."""

from __future__ import annotations

import os
import threading
from typing import Any

from common import HTTP, HTTPS, Bursts, Figures, Job, measured, memory, repeated, serve
from payloads import ID

from skytells import AsyncSkytellsClient, SkytellsClient

KEY = "sk-0123456789abcdef"
KIND = os.environ.get("BENCH_CLIENT", "")
INPUT = {"prompt": "A lighthouse on a cliff at dusk", "aspect_ratio": "16:9"}


def _sync_http_client(kind: str) -> Any:
    if kind == "httpx2":
        import httpx2

        return httpx2.Client()
    import httpx

    if kind == "transport":
        from skytells.transports import Transport

        return httpx.Client(transport=Transport())
    return httpx.Client(http2=kind == "http2")


def _async_http_client(kind: str) -> Any:
    if kind == "httpx2":
        import httpx2

        return httpx2.AsyncClient()
    import httpx

    if kind == "transport":
        from skytells.transports import AsyncTransport

        return httpx.AsyncClient(transport=AsyncTransport())
    return httpx.AsyncClient(http2=kind == "http2")


def _client(base: str) -> SkytellsClient:
    http_client = _sync_http_client(KIND) if KIND else None
    return SkytellsClient(KEY, base_url=f"{base}/v1", http_client=http_client)


def _aclient(base: str) -> AsyncSkytellsClient:
    http_client = _async_http_client(KIND) if KIND else None
    return AsyncSkytellsClient(KEY, base_url=f"{base}/v1", http_client=http_client)


def calls(base: str) -> dict[str, Job]:
    client = _client(base)
    return {
        "get": repeated(lambda: client.predictions.get(ID).status),
        "post": repeated(
            lambda: client.predictions.create(model="flux-pro", input=INPUT, await_=True).status
        ),
        "page": repeated(lambda: [p.status for p in client.predictions.list()]),
        "models": repeated(lambda: [m.type for m in client.models.list()]),
    }


def bursts(base: str) -> dict[str, Job]:
    slow: list[AsyncSkytellsClient] = []
    quick: list[AsyncSkytellsClient] = []

    async def call() -> object:
        if not slow:
            slow.append(_aclient(f"{base}/slow"))
        return (await slow[0].predictions.get(ID)).status

    async def quick_call() -> object:
        if not quick:
            quick.append(_aclient(base))
        return (await quick[0].predictions.get(ID)).status

    return {"aget": Bursts(quick_call).each, "burst": Bursts(call).together}


def clients(times: int) -> Figures:
    """Building one client after another, kept open."""
    kept: list[SkytellsClient] = []
    return measured(lambda: kept.append(SkytellsClient(KEY)), times)


def threads(number: int, each: int) -> Figures:
    """One client shared by so many threads; how many calls failed."""
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
    """Resident memory after one call over TLS."""
    _client(HTTPS).predictions.get(ID)
    return {"rss": memory()}


if __name__ == "__main__":
    tls = {f"{name}_tls": job for name, job in (calls(HTTPS) | bursts(HTTPS)).items()}
    serve(**calls(HTTP), **bursts(HTTP), **tls, clients=clients, threads=threads, idle=idle)
