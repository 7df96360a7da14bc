"""Generation of a workflow from a prompt, as operations that each add a part of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from skytells.local.json_values import JsonObject

from .workflows import trigger_node

_SEPARATOR: Final = re.compile(r"\s*(?:,|;|\.|\bthen\b|\band\b)\s*", re.IGNORECASE)
_WEBHOOK: Final = re.compile(r"\b(?:webhook|when|whenever)\b", re.IGNORECASE)
_MAX_STEPS: Final = 8
_MAX_NAME: Final = 40


def generate_workflow(prompt: str) -> Iterator[JsonObject]:
    """The operations that make a workflow, in order.

    Args:
        prompt: The steps of the workflow.

    Example:
        >>> [operation["op"] for operation in generate_workflow("Fetch news, then post them")]
        ['setName', 'setDescription', 'addNode', 'addNode', 'addEdge', 'addNode', 'addEdge']
    """
    yield {"op": "setName", "name": " ".join(prompt.split())[:_MAX_NAME]}
    yield {"op": "setDescription", "description": f"Made from: {prompt}"}
    kind = "Webhook" if _WEBHOOK.search(prompt) else "Manual"
    yield {"op": "addNode", "node": trigger_node("trigger", kind)}
    previous = "trigger"
    steps = [step for step in _SEPARATOR.split(prompt) if step][:_MAX_STEPS]
    for number, step in enumerate(steps, 1):
        id = f"action-{number}"
        data = {"label": step, "type": "action", "config": {"actionType": "Note"}}
        position = {"x": 250 * number, "y": 0}
        node = {"id": id, "type": "action", "position": position, "data": data}
        yield {"op": "addNode", "node": node}
        edge = {"id": f"edge-{number}", "source": previous, "target": id}
        yield {"op": "addEdge", "edge": edge}
        previous = id
