"""The bodies that the benchmarks' server answers with: of the size and shape of the platform's.

Standard library only: workers in every environment import it too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any, Final

ID = "pred_0123456789abcdef"
JsonObject = dict[str, Any]


def prediction(number: int | None = None) -> JsonObject:
    """A prediction of about 1.6 KB; numbered ones share no id, prompt or address."""
    id = ID if number is None else f"pred_{number:016x}"
    base = f"https://api.skytells.ai/v1/predictions/{id}"
    url = f"https://delivery.skytells.cloud/{id}/output.png"
    return {
        "id": id,
        "status": "succeeded",
        "type": "inference",
        "stream": False,
        "input": {
            "prompt": f"A photograph of lighthouse number {number} on a cliff at dusk, long exposure, "
            "soft light over a quiet sea, a single boat on the horizon, film grain",
            "aspect_ratio": "16:9",
            "num_outputs": 1,
            "guidance": 3.5,
            "output_format": "png",
        },
        "response": f"Prediction {id} completed successfully.",
        "output": [url],
        "created_at": "2026-11-23T12:00:00.000000Z",
        "started_at": "2026-11-23T12:00:00.512000Z",
        "completed_at": "2026-11-23T12:00:04.734000Z",
        "updated_at": "2026-11-23T12:00:04.734000Z",
        "privacy": "private",
        "source": "api",
        "model": {"name": "flux-pro", "type": "image"},
        "webhook": {"url": None, "events": []},
        "metrics": {
            "image_count": 1,
            "predict_time": 4.222,
            "total_time": 4.734,
            "asset_count": 1,
            "progress": 100.0,
        },
        "metadata": {
            "billing": {"credits_used": 0.04},
            "storage": {
                "files": [
                    {"name": "output.png", "type": "image/png", "size": 1248331, "url": url},
                ]
            },
            "data_available": True,
        },
        "urls": {
            "get": base,
            "cancel": f"{base}/cancel",
            "stream": f"{base}/stream",
            "delete": f"{base}/delete",
        },
    }


def replicate_prediction() -> JsonObject:
    """The same with what the `replicate` package insists on."""
    return {**prediction(), "model": "flux-pro", "version": "1", "logs": "", "error": None}


def page(first: int = 0, size: int = 50) -> JsonObject:
    """A page of predictions."""
    return {
        "data": [prediction(first + place) for place in range(size)],
        "pagination": {"current_page": 1, "per_page": size, "total": 5000, "last_page": 100},
    }


def model(number: int) -> JsonObject:
    """One model of the catalogue, with its input schema."""
    options = {
        name: {"type": kind, "title": name.title(), "description": f"What {name} sets.", **more}
        for name, kind, more in (
            ("prompt", "string", {}),
            ("aspect_ratio", "string", {"enum": ["1:1", "16:9", "9:16"], "default": "1:1"}),
            ("num_outputs", "integer", {"minimum": 1, "maximum": 4, "default": 1}),
        )
    }
    return {
        "name": f"Model {number}",
        "namespace": f"model-{number}",
        "slug": f"model-{number}",
        "type": "image",
        "description": "Makes pictures from a prompt. " * 4,
        "privacy": "public",
        "img_url": f"https://delivery.skytells.cloud/models/{number}.png",
        "vendor": {
            "name": "Skytells",
            "slug": "skytells",
            "verified": True,
            "description": "AI research.",
            "image_url": "https://delivery.skytells.cloud/vendors/skytells.png",
        },
        "billing": {"credits_used": 0.04},
        "pricing": {"amount": 0.04, "currency": "USD", "unit": "image"},
        "status": "operational",
        "capabilities": ["text-to-image"],
        "metadata": {"edge_compatible": True, "cold_boot": False},
        "input_schema": {"type": "object", "required": ["prompt"], "properties": options},
    }


def models() -> list[JsonObject]:
    """A catalogue of sixty."""
    return [model(number) for number in range(60)]


PIECES: Final = 2000
"""Events in a stream."""


def chunk(number: int) -> JsonObject:
    """One piece of a conversation as it streams, with all that the platform says of it."""
    safe = {"filtered": False, "severity": "safe"}
    choice = {
        "index": 0,
        "delta": {"content": f" word{number}", "refusal": None},
        "finish_reason": None,
        "logprobs": None,
        "content_filter_results": dict.fromkeys(("hate", "self_harm", "sexual", "violence"), safe),
    }
    return {
        "id": "chatcmpl-0123456789abcdef",
        "object": "chat.completion.chunk",
        "created": 1763899200,
        "model": "gpt-5",
        "system_fingerprint": None,
        "choices": [choice],
    }


def short_chunk(number: int) -> JsonObject:
    """One piece of a conversation, with what it cannot do without."""
    choice = {"index": 0, "delta": {"content": f" word{number}"}, "finish_reason": None}
    return {**chunk(number), "choices": [choice]}


def conversation(piece: Callable[[int], JsonObject]) -> list[bytes]:
    """A streamed conversation, as server-sent events."""
    last = piece(0)
    last["choices"][0] |= {"delta": {}, "finish_reason": "stop"}
    events = [encoded(piece(number)) for number in range(PIECES)] + [encoded(last), b"[DONE]"]
    return [b"data: %b\n\n" % event for event in events]


def words() -> list[bytes]:
    """What a language model says as a prediction, word by word, with the names that replicate has."""
    pieces = (b" word%d" % number for number in range(PIECES))
    return [b"event: output\nid: %d:0\ndata: %b\n\n" % each for each in enumerate(pieces)]


STREAMS: Final[dict[str, Callable[[], list[bytes]]]] = {
    "words": words,
    "short": partial(conversation, short_chunk),
    "full": partial(conversation, chunk),
}
"""Events by what they say."""


def in_pieces(events: list[bytes], size: int) -> list[bytes]:
    """A stream as it comes off the wire: in pieces of a size, or event by event where that is 0."""
    if not size:
        return events
    body = b"".join(events)
    return [body[place : place + size] for place in range(0, len(body), size)]


def encoded(value: object) -> bytes:
    """JSON as the platform spells it."""
    return json.dumps(value, separators=(",", ":")).encode()
