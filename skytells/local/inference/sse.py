"""Events as a stream of server-sent events carries them, plainly or in other lawful ways."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator

from skytells.local.prediction_json import JsonObject

DONE = b"data: [DONE]\n\n"
"""What ends a stream of chat."""

_HEARTBEAT = b": still here\n\n"
_ID = b"id: 7\nretry: 3000\n"


def frames(events: Iterable[JsonObject], variants: Collection[str], *, end: bool) -> list[bytes]:
    """The events of a stream, in the order in which they travel.

    Arguments:
        events: what is told; those with a `type` travel under that name.
        variants: in which other ways; see `skytells.local.prediction_json.VARIANTS`.
        end: whether `[DONE]` ends it.

    Example:
        >>> frames([{"type": "error"}], (), end=False)
        [b'event: error\\ndata: {"type":"error"}\\n\\n']
    """
    framed = [_frame(event, variants) for event in _spelled(events, variants)]
    if end:
        framed.append(_ended(DONE, variants))
    lines = {"comments": _HEARTBEAT, "event-ids": _ID}
    before = _ended(b"".join(lines[name] for name in lines if name in variants), variants)
    return [before + frame for frame in framed]


def _spelled(events: Iterable[JsonObject], variants: Collection[str]) -> Iterator[JsonObject]:
    for place, event in enumerate(events):
        padded = "obfuscation" in variants and (event.get("choices") or "delta" in event)
        padding = {"obfuscation": "x7Qa"[: place % 4 + 1]} if padded else {}
        if "array-content" in variants:
            _content_in_parts(event)
        yield event | padding


def _content_in_parts(event: JsonObject) -> None:
    """Some models that a router chooses send the words of a chunk so."""
    for choice in event.get("choices", ()):
        if choice["delta"].get("content"):
            choice["delta"]["content"] = [{"type": "text", "text": choice["delta"]["content"]}]


def _frame(event: JsonObject, variants: Collection[str]) -> bytes:
    name = f"event: {event['type']}\n" if "type" in event else ""
    if "multi-line" in variants:
        lines = json.dumps(event, indent=1).splitlines()
        data = "\n".join(f"data:{line}" for line in lines)
    else:
        data = f"data: {json.dumps(event, separators=(',', ':'))}"
    return _ended(f"{name}{data}\n\n".encode("ascii"), variants)


def _ended(frame: bytes, variants: Collection[str]) -> bytes:
    return frame.replace(b"\n", b"\r\n") if "crlf" in variants else frame
