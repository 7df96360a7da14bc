"""Events of a stream, put together into the response that they describe."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._data.checks import is_object
from ..types.responses import Response, ResponseEvent


def response_of(events: Iterable[ResponseEvent]) -> Response:
    """The response that events tell of, as far as they do."""
    state: dict[str, Any] = {}
    items: dict[int, dict[str, Any]] = {}
    texts: dict[int, dict[int, list[str]]] = {}
    for event in events:
        kind, place = event.get("type"), event.get("output_index", 0)
        if is_object(event.get("response")):
            state = event["response"]
        elif is_object(event.get("item")):
            items[place] = event["item"]
        elif kind == "response.output_text.delta":
            parts = texts.setdefault(place, {})
            parts.setdefault(event.get("content_index", 0), []).append(event.get("delta") or "")
    if state.get("output"):
        return Response.from_wire(state)
    # The end is not told, or tells of no output: what came piece by piece stands for it.
    output = [
        _item(items.get(place, {}), texts.get(place, {})) for place in sorted({*items, *texts})
    ]
    return Response.from_wire({**state, "output": output})


def _item(item: dict[str, Any], texts: dict[int, list[str]]) -> dict[str, Any]:
    if item.get("content") or not texts:
        return item
    said = [{"type": "output_text", "text": "".join(texts[place])} for place in sorted(texts)]
    return {"type": "message", "role": "assistant", **item, "content": said}
