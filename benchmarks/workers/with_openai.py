"""The openai package: its generic request path, to a model of the same fields."""

from __future__ import annotations

from typing import Any

import openai
from common import (
    HTTP,
    HTTPS,
    Bursts,
    Figures,
    Job,
    conversing,
    decoding,
    decoding_huge,
    measured,
    memory,
    repeated,
    serve,
)
from openai._streaming import SSEDecoder
from payloads import ID
from plain_models import Page, Prediction

KEY = "sk-0123456789abcdef"
BODY = {"model": "flux-pro", "input": {"prompt": "A lighthouse on a cliff at dusk"}, "await": True}


def calls(base: str) -> dict[str, Job]:
    client = openai.OpenAI(api_key=KEY, base_url=f"{base}/v1")
    return {
        "get": repeated(lambda: client.get(f"/predictions/{ID}", cast_to=Prediction).status),
        "post": repeated(lambda: client.post("/predict", body=BODY, cast_to=Prediction).status),
        "page": repeated(lambda: [p.status for p in client.get("/predictions", cast_to=Page).data]),
    }


def bursts(base: str) -> dict[str, Job]:
    made: dict[str, openai.AsyncOpenAI] = {}

    async def get(base: str) -> object:
        if base not in made:
            made[base] = openai.AsyncOpenAI(api_key=KEY, base_url=f"{base}/v1", timeout=600)
        return (await made[base].get(f"/predictions/{ID}", cast_to=Prediction)).status

    return {
        "aget": Bursts(lambda: get(base)).each,
        "burst": Bursts(lambda: get(f"{base}/slow")).together,
    }


def clients(times: int) -> Figures:
    kept: list[openai.OpenAI] = []
    return measured(lambda: kept.append(openai.OpenAI(api_key=KEY)), times)


def idle() -> Figures:
    openai.OpenAI(api_key=KEY, base_url=f"{HTTPS}/v1").get(f"/predictions/{ID}", cast_to=Prediction)
    return {"rss": memory()}


def _decode(chunks: list[bytes]) -> int:
    found = 0
    for _ in SSEDecoder().iter_bytes(iter(chunks)):
        found += 1
    return found


def chat() -> Job:
    client = openai.OpenAI(api_key=KEY, base_url=f"{HTTP}/v1")
    messages: list[Any] = [{"role": "user", "content": "Go on"}]

    def converse() -> str:
        stream = client.chat.completions.create(model="gpt-5", messages=messages, stream=True)
        return "".join(chunk.choices[0].delta.content or "" for chunk in stream)

    return conversing(converse)


if __name__ == "__main__":
    tls = {f"{name}_tls": job for name, job in calls(HTTPS).items()}
    streams = {"events": decoding(_decode), "huge": decoding_huge(_decode), "chat": chat()}
    serve(**calls(HTTP), **bursts(HTTP), **tls, **streams, clients=clients, idle=idle)
