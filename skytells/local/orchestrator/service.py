"""The Orchestrator service: workflows and executions. No network here.

Methods raise an `ApiError` for a body that is wrong, and for an id that does not exist.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from random import Random
from typing import Final

from skytells.local.clock import Clock
from skytells.local.json_values import Json, JsonObject
from skytells.local.scripts import ScriptFields

from .account import OrchestratorAccount
from .executions import Execution, iso
from .parsing import find, invalid, parse_fields, required_text
from .workflows import (
    VISIBILITIES,
    Workflow,
    copy_of,
    parse_edges,
    parse_nodes,
    with_trigger,
)

_SECONDS_PER_NODE: Final = 1.0
_MAX_LISTED: Final = 50
_MAX_EXECUTIONS: Final = 1000
_SCRIPT_FIELDS: Final = frozenset({"fails", "seconds", "times"})


@dataclass
class _Script:
    fails: str | None
    seconds: float | None
    times: int | None


class Orchestrator:
    """The workflows of one account and their executions. Thread-safe.

    Args:
        clock: The platform's clock.
        seed: Makes ids repeatable; `None` makes them random.
        key: The only key that is accepted besides created ones; `None` accepts any `wfb_…`.
    """

    def __init__(self, clock: Clock, *, seed: int | None, key: str | None) -> None:
        self._clock = clock
        self._random = Random(None if seed is None else f"{seed}/orchestrator")
        self._workflows: dict[str, Workflow] = {}
        self._executions: dict[str, Execution] = {}
        self._scripts: dict[str, _Script] = {}
        self._lock = threading.RLock()
        self.account: OrchestratorAccount = OrchestratorAccount(
            key, new_id=self._new_id, today=self._today
        )

    def now(self) -> float:
        """The current moment of the platform's clock."""
        return self._clock.now()

    def workflows(self) -> list[Workflow]:
        """All workflows, newest first."""
        with self._lock:
            return [*reversed(self._workflows.values())]

    def workflow(self, id: str) -> Workflow:
        """A workflow."""
        return find(self._workflows, id, "workflow")

    def has_workflow(self, id: str) -> bool:
        """Whether a workflow exists."""
        return id in self._workflows

    def create(self, body: Json) -> Workflow:
        """Create a workflow, with a manual trigger if it has none."""
        fields = parse_fields(body)
        nodes, edges = parse_nodes(fields) or [], parse_edges(fields) or []
        return self._add(required_text(fields, "name"), fields.get("description"), nodes, edges)

    def update(self, id: str, body: Json) -> Workflow:
        """Change the fields of a workflow that a body has."""
        fields = parse_fields(body)
        nodes, edges = parse_nodes(fields), parse_edges(fields)
        visibility = fields.get("visibility")
        if visibility not in (None, *VISIBILITIES):
            raise invalid(f"visibility must be one of {', '.join(VISIBILITIES)}")
        name = required_text(fields, "name") if "name" in fields else None
        with self._lock:
            workflow = self.workflow(id)
            workflow.name = workflow.name if name is None else name
            workflow.nodes = workflow.nodes if nodes is None else nodes
            workflow.edges = workflow.edges if edges is None else edges
            workflow.description = fields.get("description", workflow.description)
            workflow.visibility = visibility or workflow.visibility
            workflow.updated = self._today()
        return workflow

    def delete(self, id: str) -> None:
        """Delete a workflow and its executions."""
        with self._lock:
            self.delete_executions(id)
            del self._workflows[id]

    def duplicate(self, id: str) -> Workflow:
        """Create a private copy of a workflow, without integrations."""
        workflow = self.workflow(id)
        nodes, edges = copy_of(workflow, self._new_id)
        return self._add(f"{workflow.name} (Copy)", workflow.description, nodes, edges)

    def trigger(self, id: str, given: Json) -> Execution:
        """Start an execution through the webhook of a workflow."""
        with self._lock:
            workflow = self.workflow(id)
            if not workflow.has_webhook:
                raise invalid("This workflow is not configured for webhook triggers")
            nodes, script = workflow.nodes_in_order(), self._use_script(id)
            usual = _SECONDS_PER_NODE * len(nodes)
            execution = Execution(
                id=self._new_id(),
                workflow=id,
                nodes=nodes,
                input=given,
                began=self._clock.now(),
                seconds=usual if script.seconds is None else script.seconds,
                fails=script.fails,
                clock=self._clock,
            )
            self._executions[execution.id] = execution
            while len(self._executions) > _MAX_EXECUTIONS:
                del self._executions[next(iter(self._executions))]
        return execution

    def executions(self, workflow: str) -> list[Execution]:
        """The latest executions of a workflow, newest first."""
        return self._executions_of(workflow)[: -_MAX_LISTED - 1 : -1]

    def execution(self, id: str) -> Execution:
        """An execution of any workflow."""
        return find(self._executions, id, "execution")

    def delete_executions(self, workflow: str) -> int:
        """Delete the executions of a workflow; returns their number."""
        with self._lock:
            deleted = self._executions_of(workflow)
            for execution in deleted:
                del self._executions[execution.id]
        return len(deleted)

    def script(self, id: str, fields: ScriptFields) -> None:
        """Set the script of a workflow's executions, which replaces the one before.

        Raises:
            ValueError: A field is wrong.
        """
        if unknown := sorted(fields.keys() - _SCRIPT_FIELDS):
            names = ", ".join(sorted(_SCRIPT_FIELDS))
            raise ValueError(f"the script of a workflow has {names}, not {unknown[0]!r}")
        seconds, times = fields.get("seconds"), fields.get("times")
        if seconds is not None and seconds < 0:
            raise ValueError(f"seconds must be zero or a positive number, not {seconds!r}")
        if times is not None and times < 1:
            raise ValueError(f"times must be at least 1, not {times!r}")
        with self._lock:
            self._scripts[id] = _Script(fields.get("fails"), seconds, times)

    def _add(
        self, name: str, description: Json, nodes: list[JsonObject], edges: list[JsonObject]
    ) -> Workflow:
        with self._lock:
            today = self._today()
            nodes = with_trigger(nodes, self._new_id())
            workflow = Workflow(self._new_id(), name, description, nodes, edges, today, today)
            self._workflows[workflow.id] = workflow
        return workflow

    def _executions_of(self, workflow: str) -> list[Execution]:
        with self._lock:
            self.workflow(workflow)
            return [one for one in self._executions.values() if one.workflow == workflow]

    def _use_script(self, id: str) -> _Script:
        script = self._scripts.get(id, _Script(None, None, None))
        if script.times is not None:
            script.times -= 1
            if not script.times:
                del self._scripts[id]
        return script

    def _new_id(self) -> str:
        with self._lock:
            return f"{self._random.getrandbits(84):021x}"

    def _today(self) -> str:
        return iso(self._clock.date())
