"""The Orchestrator: workflows, on a host and with a key of their own; `client.orchestrator`."""

from .aio import (
    AsyncExecutionsAPI,
    AsyncIntegrationsAPI,
    AsyncOrchestratorAPI,
    AsyncOrchestratorKeysAPI,
    AsyncOrchestratorUserAPI,
    AsyncWorkflowsAPI,
    AsyncWorkflowWebhooksAPI,
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
    WorkflowVisibility,
)
from .sync import (
    ExecutionsAPI,
    IntegrationsAPI,
    OrchestratorAPI,
    OrchestratorKeysAPI,
    OrchestratorUserAPI,
    WorkflowsAPI,
    WorkflowWebhooksAPI,
)

__all__ = [
    "AsyncExecutionsAPI",
    "AsyncIntegrationsAPI",
    "AsyncOrchestratorAPI",
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
    "OrchestratorKey",
    "OrchestratorKeysAPI",
    "OrchestratorUser",
    "OrchestratorUserAPI",
    "Workflow",
    "WorkflowVisibility",
    "WorkflowWebhooksAPI",
    "WorkflowsAPI",
]
