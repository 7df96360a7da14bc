"""The Orchestrator: workflows, on a host and with a key of their own; `client.orchestrator`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._data.lazy import load

if TYPE_CHECKING:
    from .api import (
        AsyncExecutionsAPI,
        AsyncIntegrationsAPI,
        AsyncOrchestratorAiAPI,
        AsyncOrchestratorAPI,
        AsyncOrchestratorKeysAPI,
        AsyncOrchestratorUserAPI,
        AsyncWorkflowsAPI,
        AsyncWorkflowWebhooksAPI,
        ExecutionsAPI,
        IntegrationsAPI,
        OrchestratorAiAPI,
        OrchestratorAPI,
        OrchestratorKeysAPI,
        OrchestratorUserAPI,
        WorkflowsAPI,
        WorkflowWebhooksAPI,
    )
    from .records import (
        Execution,
        ExecutionLog,
        ExecutionStatus,
        Integration,
        IntegrationTest,
        OrchestratorKey,
        OrchestratorUser,
        Workflow,
        WorkflowOperation,
        WorkflowVisibility,
    )

__all__ = [
    "AsyncExecutionsAPI",
    "AsyncIntegrationsAPI",
    "AsyncOrchestratorAPI",
    "AsyncOrchestratorAiAPI",
    "AsyncOrchestratorKeysAPI",
    "AsyncOrchestratorUserAPI",
    "AsyncWorkflowWebhooksAPI",
    "AsyncWorkflowsAPI",
    "Execution",
    "ExecutionLog",
    "ExecutionStatus",
    "ExecutionsAPI",
    "Integration",
    "IntegrationTest",
    "IntegrationsAPI",
    "OrchestratorAPI",
    "OrchestratorAiAPI",
    "OrchestratorKey",
    "OrchestratorKeysAPI",
    "OrchestratorUser",
    "OrchestratorUserAPI",
    "Workflow",
    "WorkflowOperation",
    "WorkflowVisibility",
    "WorkflowWebhooksAPI",
    "WorkflowsAPI",
]


def __getattr__(name: str) -> object:
    return load(__name__, name, "api", "records")
