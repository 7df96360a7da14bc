"""An execution of a workflow: its nodes run one after the other."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from skytells.local.clock import Clock
from skytells.local.json_values import Json, JsonObject, is_array, is_object

from .workflows import label_of, trigger_kind

_SPELLINGS: Final = {"success": "completed", "failed": "error"}
_SECRET_NAME: Final = re.compile(
    r"key|token|secret|password|authorization|credential", re.IGNORECASE
)


@dataclass(frozen=True, eq=False)
class Execution:
    """An execution. Moments are those of the platform's clock.

    Args:
        workflow: The id of the workflow.
        nodes: In the order in which they run.
        input: What it was triggered with.
        began: The moment of its start.
        seconds: Platform seconds that it takes.
        fails: The error of its last node, if it fails.
        clock: Gives the date of a moment.
    """

    id: str
    workflow: str
    nodes: Sequence[JsonObject]
    input: Json
    began: float
    seconds: float
    fails: str | None
    clock: Clock

    def status(self, now: float) -> str:
        """`running`, `success` or `failed`."""
        if now < self.began + self.seconds - 1e-6:
            return "running"
        return "success" if self.fails is None else "failed"

    def summary(self, now: float, variants: Collection[str]) -> JsonObject:
        """Its JSON in a list."""
        status = self.status(now)
        ended = status != "running"
        return {
            "id": self.id,
            "workflowId": self.workflow,
            "status": _spell(status, variants),
            "input": self.input,
            "output": self._output(len(self.nodes) - 1) if status == "success" else None,
            "error": self.fails if status == "failed" else None,
            "startedAt": self._date(0),
            "completedAt": self._date(len(self.nodes)) if ended else None,
            "duration": round(1000 * self.seconds) if ended else None,
        }

    def progress(self, now: float, variants: Collection[str]) -> JsonObject:
        """The JSON of its status and of the status of each node."""
        nodes = {
            str(node["id"]): _spell(self._node_status(place, now), variants)
            for place, node in enumerate(self.nodes)
        }
        status = _spell(self.status(now), variants)
        return {"id": self.id, "status": status, "nodeStatuses": nodes}

    def logs(self, now: float, variants: Collection[str]) -> list[JsonObject]:
        """The logs of its nodes so far, without secrets."""
        return [
            self._log(place, status, variants)
            for place in range(len(self.nodes))
            if (status := self._node_status(place, now)) != "pending"
        ]

    def _log(self, place: int, status: str, variants: Collection[str]) -> JsonObject:
        node, ended = self.nodes[place], status != "running"
        return {
            "id": f"{self.id}-{place}",
            "executionId": self.id,
            "nodeId": str(node["id"]),
            "nodeName": label_of(node),
            "nodeType": "action" if trigger_kind(node) is None else "trigger",
            "status": _spell(status, variants),
            "input": _redacted(self._output(place - 1)),
            "output": _redacted(self._output(place)) if status == "success" else None,
            "error": self.fails if status == "failed" else None,
            "startedAt": self._date(place),
            "completedAt": self._date(place + 1) if ended else None,
            "duration": round(1000 * self.seconds / len(self.nodes)) if ended else None,
        }

    def _node_status(self, place: int, now: float) -> str:
        share = self.seconds / len(self.nodes)
        if now < self.began + share * place - 1e-6:
            return "pending"
        if now < self.began + share * (place + 1) - 1e-6:
            return "running"
        fails = self.fails is not None and place == len(self.nodes) - 1
        return "failed" if fails else "success"

    def _output(self, place: int) -> Json:
        """The output of a node: that of a trigger is the input of the execution."""
        if place < 0 or trigger_kind(self.nodes[place]) is not None:
            return self.input
        return {"success": True, "data": f"{label_of(self.nodes[place])} is done."}

    def _date(self, place: int) -> str:
        moment = self.began + self.seconds * place / len(self.nodes)
        return iso(self.clock.date(moment))


def iso(date: float) -> str:
    """A date in the Orchestrator's format.

    Example:
        >>> iso(0.25)
        '1970-01-01T00:00:00.250Z'
    """
    text = datetime.fromtimestamp(date, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _spell(status: str, variants: Collection[str]) -> str:
    return _SPELLINGS.get(status, status) if "execution-completed" in variants else status


def _redacted(value: Json) -> Json:
    if is_array(value):
        return [_redacted(item) for item in value]
    if not is_object(value):
        return value
    return {
        name: "[REDACTED]" if _SECRET_NAME.search(name) else _redacted(inner)
        for name, inner in value.items()
    }
