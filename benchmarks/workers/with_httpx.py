"""Bare httpx, as a script would use it: a dict comes back. `typed_*` adds pydantic models."""

from __future__ import annotations

import threading
import time

import httpx
from common import HTTP, HTTPS, Bursts, Figures, Job, measured, memory, repeated, serve
from payloads import ID

HEADERS = {"x-api-key": "sk-0123456789abcdef"}
INPUT = {"prompt": "A lighthouse on a cliff at dusk", "aspect_ratio": "16:9"}
LONGEST = 20.0
BODY = {"model": "flux-pro", "input": INPUT, "await": True}


def calls(base: str) -> dict[str, Job]:
    from plain_models import Prediction

    client = httpx.Client(base_url=f"{base}/v1", headers=HEADERS, timeout=60)
    return {
        "get": repeated(lambda: client.get(f"/predictions/{ID}").json()["status"]),
        "typed_get": repeated(
            lambda: Prediction.model_validate_json(client.get(f"/predictions/{ID}").content).status
        ),
        "post": repeated(lambda: client.post("/predict", json=BODY).json()["status"]),
        "page": repeated(lambda: [p["status"] for p in client.get("/predictions").json()["data"]]),
        "models": repeated(lambda: [m["type"] for m in client.get("/models").json()]),
    }


def bursts(base: str) -> dict[str, Job]:
    made: dict[str, httpx.AsyncClient] = {}

    async def get(base: str) -> object:
        if base not in made:
            # A pool time-out would be an error of the benchmark, not a figure.
            made[base] = httpx.AsyncClient(base_url=f"{base}/v1", headers=HEADERS, timeout=None)
        return (await made[base].get(f"/predictions/{ID}")).json()["status"]

    return {
        "aget": Bursts(lambda: get(base)).each,
        "burst": Bursts(lambda: get(f"{base}/slow")).together,
    }


def clients(times: int) -> Figures:
    kept: list[httpx.Client] = []
    return measured(lambda: kept.append(httpx.Client()), times)


def context(times: int) -> Figures:
    """Loading the certificate authorities, once for each client of httpx's own."""
    return measured(httpx.create_ssl_context, times)


def threads(number: int, each: int) -> Figures:
    client, failures = httpx.Client(timeout=60), list[str]()

    def work() -> None:
        for _ in range(each):
            try:
                client.get(f"{HTTP}/slow/v1/predictions/{ID}")
            except Exception as error:
                failures.append(type(error).__name__)

    def all_of_them() -> None:
        running = [threading.Thread(target=work, daemon=True) for _ in range(number)]
        for thread in running:
            thread.start()
        deadline = time.monotonic() + LONGEST
        for thread in running:
            thread.join(max(0.0, deadline - time.monotonic()))
        # A call that hangs has failed as well.
        failures.extend("hangs" for thread in running if thread.is_alive())

    return {**measured(all_of_them), "errors": float(len(failures))}


def idle() -> Figures:
    httpx.Client().get(f"{HTTPS}/v1/predictions/{ID}").json()
    return {"rss": memory()}


def idle_typed() -> Figures:
    from plain_models import Prediction

    Prediction.model_validate_json(httpx.Client().get(f"{HTTPS}/v1/predictions/{ID}").content)
    return {"rss": memory()}


if __name__ == "__main__":
    tls = {f"{name}_tls": job for name, job in (calls(HTTPS) | bursts(HTTPS)).items()}
    serve(
        **calls(HTTP),
        **bursts(HTTP),
        **tls,
        clients=clients,
        context=context,
        threads=threads,
        idle=idle,
        idle_typed=idle_typed,
    )
