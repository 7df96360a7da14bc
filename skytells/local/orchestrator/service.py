"""The Orchestrator itself: its state, changed when somebody asks for it. No network here."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from random import Random
from typing import Final

from skytells.local.clock import Clock
from skytells.local.prediction_json import Json, JsonObject
from skytells.local.scripts import ScriptFields

from .account import Belongings
from .executions import Execution, iso
from .parsing import bad, fields_of, found, text_of
from .workflows import (
    VISIBILITIES,
    Workflow,
    copied,
    read_edges,
    read_nodes,
    with_trigger,
)

_PER_NODE: Final = 1.0
_SHOWN: Final = 50
_KEPT: Final = 1000
_SCRIPTED: Final = frozenset({"fails", "seconds", "times"})


@dataclass
class _Script:
    fails: str | None
    seconds: float | None
    times: int | None


class Orchestrator:
    """Workflows and what belongs to them, of one account; safe to use from several threads.

    Arguments:
        clock: the platform's time.
        seed: makes ids repeatable; `None` makes them random.
        key: the only key it takes besides those it makes; `None` takes any that begins with `wfb_`.
    """

    def __init__(self, clock: Clock, *, seed: int | None, key: str | None) -> None:
        self._clock = clock
        self._dice = Random(None if seed is None else f"{seed}/orchestrator")
        self._workflows: dict[str, Workflow] = {}
        self._executions: dict[str, Execution] = {}
        self._scripts: dict[str, _Script] = {}
        self._lock = threading.RLock()
        self.belongings: Belongings = Belongings(key, new_id=self._new_id, today=self._today)

    def workflows(self) -> list[Workflow]:
        """All of them, newest first."""
        with self._lock:
            return [*reversed(self._workflows.values())]

    def workflow(self, id: str) -> Workflow:
        """One of them.

        Raises:
            Refusal: 404, there is none.
        """
        return found(self._workflows, id, "workflow")

    def create(self, body: Json) -> Workflow:
        """A new one; without a trigger of its own a person triggers it.

        Raises:
            Refusal: 400, it makes no sense.
        """
        fields = fields_of(body)
        nodes, edges = read_nodes(fields) or [], read_edges(fields) or []
        return self._kept(text_of(fields, "name"), fields.get("description"), nodes, edges)

    def change(self, id: str, body: Json) -> Workflow:
        """Change what a body names.

        Raises:
            Refusal: 404, there is none; 400, the changes make no sense.
        """
        fields = fields_of(body)
        nodes, edges = read_nodes(fields), read_edges(fields)
        visibility = fields.get("visibility")
        if visibility not in (None, *VISIBILITIES):
            raise bad(f"visibility must be one of {', '.join(VISIBILITIES)}")
        name = text_of(fields, "name") if "name" in fields else None
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
        """Delete one with its executions.

        Raises:
            Refusal: 404, there is none.
        """
        with self._lock:
            self.workflow(id)
            self.forget(id)
            del self._workflows[id]

    def duplicate(self, id: str) -> Workflow:
        """A private copy, without integrations.

        Raises:
            Refusal: 404, there is none.
        """
        workflow = self.workflow(id)
        nodes, edges = copied(workflow, self._new_id)
        return self._kept(f"{workflow.name} (Copy)", workflow.description, nodes, edges)

    def executions(self, workflow: str) -> list[Execution]:
        """The latest of a workflow, newest first.

        Raises:
            Refusal: 404, there is no such workflow.
        """
        with self._lock:
            self.workflow(workflow)
            found = [one for one in self._executions.values() if one.workflow == workflow]
        return found[: -_SHOWN - 1 : -1]

    def execution(self, id: str) -> Execution:
        """One of any workflow.

        Raises:
            Refusal: 404, there is none.
        """
        return found(self._executions, id, "execution")

    def forget(self, workflow: str) -> int:
        """Delete all of a workflow, and say how many there were.

        Raises:
            Refusal: 404, there is no such workflow.
        """
        with self._lock:
            self.workflow(workflow)
            gone = [one.id for one in self._executions.values() if one.workflow == workflow]
            for id in gone:
                del self._executions[id]
        return len(gone)

    def trigger(self, id: str, given: Json) -> Execution:
        """Let a workflow run that a webhook triggers.

        Raises:
            Refusal: 404, there is none; 400, no webhook triggers it.
        """
        with self._lock:
            workflow = self.workflow(id)
            if not workflow.by_webhook:
                raise bad("This workflow is not configured for webhook triggers")
            nodes, script = workflow.in_order(), self._used_script(id)
            usual = _PER_NODE * len(nodes)
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
            while len(self._executions) > _KEPT:
                del self._executions[next(iter(self._executions))]
        return execution

    def knows(self, id: str) -> bool:
        """Whether there is such a workflow."""
        return id in self._workflows

    def script(self, id: str, fields: ScriptFields) -> None:
        """Decide how the next executions of a workflow fare; it replaces the script before.

        Raises:
            ValueError: the script makes no sense.
        """
        if unknown := sorted(fields.keys() - _SCRIPTED):
            raise ValueError(
                f"an execution takes {', '.join(sorted(_SCRIPTED))}: not {unknown[0]!r}"
            )
        seconds, times = fields.get("seconds"), fields.get("times")
        if seconds is not None and seconds < 0:
            raise ValueError(f"seconds must be zero or a positive number, not {seconds!r}")
        if times is not None and times < 1:
            raise ValueError(f"times must be at least 1, not {times!r}")
        with self._lock:
            self._scripts[id] = _Script(fields.get("fails"), seconds, times)

    def now(self) -> float:
        """The moment, as the platform's clock shows it."""
        return self._clock.now()

    def _kept(
        self,
        name: str,
        description: Json,
        nodes: list[JsonObject],
        edges: list[JsonObject],
    ) -> Workflow:
        with self._lock:
            today = self._today()
            nodes = with_trigger(nodes, self._new_id())
            made = Workflow(self._new_id(), name, description, nodes, edges, today, today)
            self._workflows[made.id] = made
        return made

    def _used_script(self, id: str) -> _Script:
        script = self._scripts.get(id, _Script(None, None, None))
        if script.times is not None:
            script.times -= 1
            if not script.times:
                del self._scripts[id]
        return script

    def _new_id(self) -> str:
        with self._lock:
            return f"{self._dice.getrandbits(84):021x}"

    def _today(self) -> str:
        return iso(self._clock.date())
