"""What a prompt makes of a workflow: operations, each of which adds a little to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from skytells.local.prediction_json import JsonObject

from .workflows import trigger

_STEPS: Final = re.compile(r"\s*(?:,|;|\.|\bthen\b|\band\b)\s*", re.IGNORECASE)
_HOOK: Final = re.compile(r"\b(?:webhook|when|whenever)\b", re.IGNORECASE)
_MOST: Final = 8
_NAME: Final = 40


def draft(prompt: str) -> Iterator[JsonObject]:
    """The operations that make the workflow, in order.

    Arguments:
        prompt: what it is to do, step by step.

    Example:
        >>> [operation["op"] for operation in draft("Fetch news, then post them")]
        ['setName', 'setDescription', 'addNode', 'addNode', 'addEdge', 'addNode', 'addEdge']
    """
    yield {"op": "setName", "name": " ".join(prompt.split())[:_NAME]}
    yield {"op": "setDescription", "description": f"Made from: {prompt}"}
    yield {
        "op": "addNode",
        "node": trigger("trigger", "Webhook" if _HOOK.search(prompt) else "Manual"),
    }
    before = "trigger"
    steps = [step for step in _STEPS.split(prompt) if step][:_MOST]
    for number, step in enumerate(steps, 1):
        id = f"action-{number}"
        data = {"label": step, "type": "action", "config": {"actionType": "Note"}}
        position = {"x": 250 * number, "y": 0}
        node = {"id": id, "type": "action", "position": position, "data": data}
        yield {"op": "addNode", "node": node}
        edge = {"id": f"edge-{number}", "source": before, "target": id}
        yield {"op": "addEdge", "edge": edge}
        before = id
