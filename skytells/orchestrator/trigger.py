"""Starting a workflow."""

from __future__ import annotations

from .._core.operation import Flow
from ..errors import SkytellsError
from .records import Execution
from .requests import start_workflow


def trigger_workflow(workflow_id: str, payload: object) -> Flow[Execution]:
    """Start a workflow. Where the answer is lost, the error says where to look."""
    try:
        return (yield from start_workflow(workflow_id, payload))
    except SkytellsError as error:
        if error.maybe_sent:
            error.message += f" Look with client.orchestrator.executions.list({workflow_id!r})."
            error.args = (error.message,)
        raise
