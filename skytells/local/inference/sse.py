"""Server-sent events of inference, in the usual form or in other valid ones."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from skytells.local.json_values import JsonObject

_DONE: Final = b"data: [DONE]\n\n"
_COMMENT: Final = b": still here\n\n"
_ID: Final = b"id: 7\nretry: 3000\n"


def encode_events(
    events: Iterable[JsonObject], variants: Collection[str], *, done: bool
) -> list[bytes]:
    """The events of a stream, encoded.

    Args:
        events: The events; the `type` of one that has it is its name.
        variants: Other forms; see `skytells.local.variants`.
        done: Whether `[DONE]` ends the stream.

    Example:
        >>> encode_events([{"type": "error"}], (), done=False)
        [b'event: error\\ndata: {"type":"error"}\\n\\n']
    """
    frames = [_encode(event, variants) for event in _varied(events, variants)]
    if done:
        frames.append(_DONE)
    prefixes = {"comments": _COMMENT, "event-ids": _ID}
    prefix = b"".join(prefixes[name] for name in prefixes if name in variants)
    frames = [prefix + frame for frame in frames]
    return [frame.replace(b"\n", b"\r\n") for frame in frames] if "crlf" in variants else frames


def _varied(events: Iterable[JsonObject], variants: Collection[str]) -> Iterator[JsonObject]:
    for place, event in enumerate(events):
        padded = "obfuscation" in variants and (event.get("choices") or "delta" in event)
        if "array-content" in variants:
            for choice in event.get("choices", ()):
                if text := choice["delta"].get("content"):
                    choice["delta"]["content"] = [{"type": "text", "text": text}]
        yield event | ({"obfuscation": "x7Qa"[: place % 4 + 1]} if padded else {})


def _encode(event: JsonObject, variants: Collection[str]) -> bytes:
    name = f"event: {event['type']}\n" if "type" in event else ""
    if "multi-line" in variants:
        data = "\n".join(f"data:{line}" for line in json.dumps(event, indent=1).splitlines())
    else:
        data = f"data: {json.dumps(event, separators=(',', ':'))}"
    return f"{name}{data}\n\n".encode("ascii")
