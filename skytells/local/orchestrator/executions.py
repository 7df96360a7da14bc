"""An execution: its nodes work one after another, and what it shows depends on the clock alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from skytells.local.clock import Clock
from skytells.local.prediction_json import Json, JsonObject
from skytells.local.requests import is_array, is_object

from .workflows import kind_of, label_of

_SPELLINGS: Final = {"success": "completed", "failed": "error"}
_SECRET: Final = re.compile(r"key|token|secret|password|authorization|credential", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Execution:
    """One run of a workflow. Moments are what the platform's clock shows.

    Arguments:
        workflow: the id of what runs.
        nodes: in the order in which they work.
        input: what it was triggered with.
        began: the moment.
        seconds: platform seconds that it takes.
        fails: what its last node says if it fails.
        clock: what tells the date of a moment.
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
        """What a list says of it."""
        status = self.status(now)
        ended = status != "running"
        return {
            "id": self.id,
            "workflowId": self.workflow,
            "status": _spelled(status, variants),
            "input": self.input,
            "output": self._output(len(self.nodes) - 1) if status == "success" else None,
            "error": self.fails if status == "failed" else None,
            "startedAt": self._date(0),
            "completedAt": self._date(len(self.nodes)) if ended else None,
            "duration": round(1000 * self.seconds) if ended else None,
        }

    def progress(self, now: float, variants: Collection[str]) -> JsonObject:
        """Its status, and that of each node."""
        nodes = {
            str(node["id"]): _spelled(self._node_status(place, now), variants)
            for place, node in enumerate(self.nodes)
        }
        status = _spelled(self.status(now), variants)
        return {"id": self.id, "status": status, "nodeStatuses": nodes}

    def logs(self, now: float, variants: Collection[str]) -> list[JsonObject]:
        """What its nodes did so far; secrets are left out."""
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
            "nodeType": "action" if kind_of(node) is None else "trigger",
            "status": _spelled(status, variants),
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
        """What a node hands on: a trigger what it was triggered with, others a note of their own."""
        if place < 0 or kind_of(self.nodes[place]) is not None:
            return self.input
        return {"success": True, "data": f"{label_of(self.nodes[place])} is done."}

    def _date(self, place: int) -> str:
        moment = self.began + self.seconds * place / len(self.nodes)
        return iso(self.clock.date(moment))


def iso(date: float) -> str:
    """A date as the Orchestrator writes it.

    Example:
        >>> iso(0.25)
        '1970-01-01T00:00:00.250Z'
    """
    text = datetime.fromtimestamp(date, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _spelled(status: str, variants: Collection[str]) -> str:
    return _SPELLINGS.get(status, status) if "execution-completed" in variants else status


def _redacted(value: Json) -> Json:
    if is_array(value):
        return [_redacted(item) for item in value]
    if not is_object(value):
        return value
    return {
        name: "[REDACTED]" if _SECRET.search(name) else _redacted(inner)
        for name, inner in value.items()
    }
