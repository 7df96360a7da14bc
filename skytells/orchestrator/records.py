"""What the Orchestrator sends: workflows, their executions, and what they may use.

As all records, they are read leniently: only `id` is sure to be there.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field

from .._data.record import Record
from ..types.predict import moment


class WorkflowVisibility(StrEnum):
    """Who may see a workflow."""

    PRIVATE = "private"
    PUBLIC = "public"


class ExecutionStatus(StrEnum):
    """Where an execution is in its life. Other spellings, such as `completed`, are read as these."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @classmethod
    def _missing_(cls, value: object) -> ExecutionStatus | None:
        return _SPELLINGS.get(value) if isinstance(value, str) else None


_SPELLINGS: Final = {
    "completed": ExecutionStatus.SUCCESS,
    "succeeded": ExecutionStatus.SUCCESS,
    "error": ExecutionStatus.FAILED,
    "canceled": ExecutionStatus.CANCELLED,
}
_ENDED: Final = frozenset(
    {ExecutionStatus.SUCCESS, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED}
)


class Workflow(Record):
    """A workflow; `nodes` and `edges` come with `get()`, not with `list()`.

    Example:
        >>> from skytells.orchestrator import Workflow
        >>> w = Workflow(id="w1", name="Posters", createdAt="2026-01-01T00:00:00Z")
        >>> w.name, w["createdAt"], w.created.year
        ('Posters', '2026-01-01T00:00:00Z', 2026)
    """

    id: str
    name: str | None = None
    description: str | None = None
    visibility: Annotated[WorkflowVisibility | str | None, Field(union_mode="left_to_right")] = None
    nodes: list[dict[str, Any]] | None = None
    edges: list[dict[str, Any]] | None = None
    created_at: str | None = Field(default=None, alias="createdAt")
    updated_at: str | None = Field(default=None, alias="updatedAt")

    @property
    def created(self) -> datetime | None:
        """`created_at` as an aware datetime."""
        return moment(self.created_at)

    @property
    def updated(self) -> datetime | None:
        """`updated_at` as an aware datetime."""
        return moment(self.updated_at)


class Execution(Record):
    """One run of a workflow. Each route tells a part of it; the rest is `None`.

    Example:
        >>> from skytells.orchestrator import Execution
        >>> e = Execution(id="e1", status="completed", nodeStatuses={"n1": "success"})
        >>> e.status, e["status"], e.done, e.node_statuses
        (<ExecutionStatus.SUCCESS: 'success'>, 'completed', True, {'n1': 'success'})
    """

    id: str
    status: Annotated[ExecutionStatus | str | None, Field(union_mode="left_to_right")] = None
    node_statuses: dict[str, Any] | None = Field(default=None, alias="nodeStatuses")
    """The state of each node, by its id; told by `status()` and `wait()`."""
    input: Any = None
    """What it was triggered with; told by `list()`, like all that follows."""
    output: Any = None
    error: str | None = None
    started_at: str | None = Field(default=None, alias="startedAt")
    completed_at: str | None = Field(default=None, alias="completedAt")
    duration: float | str | None = None
    """How long it took, as the Orchestrator sends it."""

    @property
    def done(self) -> bool:
        """Whether it has succeeded, failed or been cancelled."""
        return self.status in _ENDED

    @property
    def started(self) -> datetime | None:
        """`started_at` as an aware datetime."""
        return moment(self.started_at)

    @property
    def completed(self) -> datetime | None:
        """`completed_at` as an aware datetime."""
        return moment(self.completed_at)


class ExecutionLog(Record):
    """What one node did in an execution. The Orchestrator leaves secrets out of it."""

    id: str | None = None
    node_id: str | None = Field(default=None, alias="nodeId")
    status: Annotated[ExecutionStatus | str | None, Field(union_mode="left_to_right")] = None
    input: Any = None
    output: Any = None
    error: str | None = None


class Integration(Record):
    """A service that workflows may use. Its `config` holds credentials: they are had, not shown."""

    _masked: ClassVar[frozenset[str]] = frozenset({"config"})

    id: str
    name: str | None = None
    type: str | None = None
    config: dict[str, Any] | None = None
    """The settings, decrypted; only from `get()`, for their owner."""
    created_at: str | None = Field(default=None, alias="createdAt")
    updated_at: str | None = Field(default=None, alias="updatedAt")


class IntegrationTest(Record):
    """Whether an integration works."""

    success: bool | None = None
    status: str | None = None
    message: str | None = None

    @property
    def ok(self) -> bool:
        """Whether it works, in whichever form the Orchestrator says so."""
        return self.success is True or self.status in {"success", "ok"}


class OrchestratorKey(Record):
    """A key of the Orchestrator. The key itself is had, not shown."""

    _masked: ClassVar[frozenset[str]] = frozenset({"key"})

    id: str
    name: str | None = None
    key: str | None = None
    """The key itself: only from `create()`, once. Keep it in a safe place."""
    key_prefix: str | None = Field(default=None, alias="keyPrefix")
    created_at: str | None = Field(default=None, alias="createdAt")


class OrchestratorUser(Record):
    """The account at the Orchestrator."""

    id: str | None = None
    name: str | None = None
    email: str | None = None
    image: str | None = None


class WorkflowOperation(Record):
    """One step of a workflow that `ai.generate()` makes: `op` says what to do, the items with what."""

    op: str | None = None
