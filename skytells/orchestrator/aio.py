"""The Orchestrator's API for the async client; `client.orchestrator`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..predictions.waiting import wait_options
from ..streaming import DEFAULT_IDLE, AsyncStream, Limits
from .calls import (
    OPERATIONS,
    create_integration,
    create_key,
    create_workflow,
    delete_executions,
    delete_integration,
    delete_workflow,
    download_workflow,
    duplicate_workflow,
    execution_logs,
    execution_status,
    generate_workflow,
    get_integration,
    get_user,
    get_workflow,
    list_executions,
    list_integrations,
    list_keys,
    list_workflows,
    try_integration,
    update_integration,
    update_user,
    update_workflow,
    workflow_code,
)
from .flows import OnExecution, Runnable, trigger_workflow, wait_for_execution
from .records import (
    Execution,
    Integration,
    IntegrationTest,
    OrchestratorKey,
    OrchestratorUser,
    Workflow,
    WorkflowOperation,
)
from .sync import Executions, Integrations, Keys, Logs, Parts, Workflows

if TYPE_CHECKING:
    from ..client import AsyncSkytellsClient


class AsyncOrchestratorAPI:
    """Workflows on the Orchestrator; `client.orchestrator`. As `OrchestratorAPI`, awaited."""

    def __init__(self, client: AsyncSkytellsClient) -> None:
        self.workflows: AsyncWorkflowsAPI = AsyncWorkflowsAPI(client)
        self.executions: AsyncExecutionsAPI = AsyncExecutionsAPI(client)
        self.webhooks: AsyncWorkflowWebhooksAPI = AsyncWorkflowWebhooksAPI(client)
        self.integrations: AsyncIntegrationsAPI = AsyncIntegrationsAPI(client)
        self.api_keys: AsyncOrchestratorKeysAPI = AsyncOrchestratorKeysAPI(client)
        self.ai: AsyncOrchestratorAiAPI = AsyncOrchestratorAiAPI(client)
        self.user: AsyncOrchestratorUserAPI = AsyncOrchestratorUserAPI(client)


class AsyncWorkflowsAPI:
    """Workflows; `client.orchestrator.workflows`. As `WorkflowsAPI`, awaited."""

    def __init__(self, client: AsyncSkytellsClient) -> None:
        self._client = client

    async def list(self) -> Workflows:
        """Fetch your workflows; as `WorkflowsAPI.list`."""
        return await self._client.perform(list_workflows())

    async def create(
        self,
        name: str,
        *,
        description: str | None = None,
        nodes: Parts | None = None,
        edges: Parts | None = None,
    ) -> Workflow:
        """Create a workflow; as `WorkflowsAPI.create`."""
        return await self._client.perform(create_workflow(name, description, nodes, edges))

    async def get(self, workflow_id: str) -> Workflow:
        """Fetch a workflow with its nodes and edges; as `WorkflowsAPI.get`."""
        return await self._client.perform(get_workflow(workflow_id))

    async def update(
        self,
        workflow_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        nodes: Parts | None = None,
        edges: Parts | None = None,
        visibility: str | None = None,
    ) -> Workflow:
        """Change a workflow; as `WorkflowsAPI.update`."""
        return await self._client.perform(
            update_workflow(workflow_id, name, description, nodes, edges, visibility)
        )

    async def delete(self, workflow_id: str) -> None:
        """Delete a workflow; as `WorkflowsAPI.delete`."""
        await self._client.perform(delete_workflow(workflow_id))

    async def duplicate(self, workflow_id: str) -> Workflow:
        """Make a private copy of a workflow; as `WorkflowsAPI.duplicate`."""
        return await self._client.perform(duplicate_workflow(workflow_id))

    async def code(self, workflow_id: str) -> str:
        """Fetch a workflow as TypeScript source; as `WorkflowsAPI.code`."""
        return await self._client.perform(workflow_code(workflow_id))

    async def download(self, workflow_id: str) -> bytes:
        """Fetch a workflow as a project; as `WorkflowsAPI.download`."""
        return await self._client.perform(download_workflow(workflow_id))


class AsyncExecutionsAPI:
    """Runs of workflows; `client.orchestrator.executions`. As `ExecutionsAPI`, awaited."""

    def __init__(self, client: AsyncSkytellsClient) -> None:
        self._client = client

    async def list(self, workflow_id: str) -> Executions:
        """Fetch the fifty latest executions of a workflow; as `ExecutionsAPI.list`."""
        return await self._client.perform(list_executions(workflow_id))

    async def delete_all(self, workflow_id: str) -> None:
        """Delete all executions of a workflow; as `ExecutionsAPI.delete_all`."""
        await self._client.perform(delete_executions(workflow_id))

    async def status(self, execution_id: str) -> Execution:
        """Look at an execution; as `ExecutionsAPI.status`."""
        return await self._client.perform(execution_status(execution_id))

    async def logs(self, execution_id: str) -> Logs:
        """Fetch what each node of an execution did; as `ExecutionsAPI.logs`."""
        return await self._client.perform(execution_logs(execution_id))

    async def wait(
        self,
        execution: Runnable,
        on_progress: OnExecution | None = None,
        *,
        max_wait: float | None = None,
        interval: float | None = None,
    ) -> Execution:
        """Wait until an execution has ended; as `ExecutionsAPI.wait`."""
        chosen = wait_options(None, max_wait, interval)
        return await self._client.perform(wait_for_execution(execution, chosen, on_progress))


class AsyncWorkflowWebhooksAPI:
    """What starts workflows from outside; `client.orchestrator.webhooks`. As `WorkflowWebhooksAPI`, awaited."""

    def __init__(self, client: AsyncSkytellsClient) -> None:
        self._client = client

    async def trigger(self, workflow_id: str, payload: object = None) -> Execution:
        """Start a workflow that begins with a webhook; as `WorkflowWebhooksAPI.trigger`."""
        return await self._client.perform(trigger_workflow(workflow_id, payload))


class AsyncIntegrationsAPI:
    """Services that workflows may use; `client.orchestrator.integrations`. As `IntegrationsAPI`, awaited."""

    def __init__(self, client: AsyncSkytellsClient) -> None:
        self._client = client

    async def list(self, type: str | None = None) -> Integrations:
        """Fetch your integrations; as `IntegrationsAPI.list`."""
        return await self._client.perform(list_integrations(type))

    async def create(self, name: str, type: str, config: Mapping[str, Any]) -> Integration:
        """Create an integration; as `IntegrationsAPI.create`."""
        return await self._client.perform(create_integration(name, type, config))

    async def get(self, integration_id: str) -> Integration:
        """Fetch an integration with its settings; as `IntegrationsAPI.get`."""
        return await self._client.perform(get_integration(integration_id))

    async def update(
        self,
        integration_id: str,
        *,
        name: str | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> Integration:
        """Change an integration; as `IntegrationsAPI.update`."""
        return await self._client.perform(update_integration(integration_id, name, config))

    async def delete(self, integration_id: str) -> None:
        """Delete an integration; as `IntegrationsAPI.delete`."""
        await self._client.perform(delete_integration(integration_id))

    async def test(self, integration_id: str) -> IntegrationTest:
        """Try whether an integration works; as `IntegrationsAPI.test`."""
        return await self._client.perform(try_integration(integration_id))


class AsyncOrchestratorKeysAPI:
    """Keys of the Orchestrator; `client.orchestrator.api_keys`. As `OrchestratorKeysAPI`, awaited."""

    def __init__(self, client: AsyncSkytellsClient) -> None:
        self._client = client

    async def list(self) -> Keys:
        """Fetch your keys; as `OrchestratorKeysAPI.list`."""
        return await self._client.perform(list_keys())

    async def create(self, name: str) -> OrchestratorKey:
        """Create a key; as `OrchestratorKeysAPI.create`."""
        return await self._client.perform(create_key(name))


class AsyncOrchestratorAiAPI:
    """Workflows made from words; `client.orchestrator.ai`. As `OrchestratorAiAPI`."""

    def __init__(self, client: AsyncSkytellsClient) -> None:
        self._client = client

    def generate(
        self,
        prompt: str,
        *,
        idle_timeout: float | None = DEFAULT_IDLE,
        total_timeout: float | None = None,
    ) -> AsyncStream[WorkflowOperation]:
        """Let a workflow be made from a description; not awaited itself. As `OrchestratorAiAPI.generate`."""
        limits = Limits.of(idle_timeout, total_timeout)
        return AsyncStream(self._client, generate_workflow(prompt), OPERATIONS, limits)


class AsyncOrchestratorUserAPI:
    """Your account at the Orchestrator; `client.orchestrator.user`. As `OrchestratorUserAPI`, awaited."""

    def __init__(self, client: AsyncSkytellsClient) -> None:
        self._client = client

    async def get(self) -> OrchestratorUser:
        """Fetch your profile; as `OrchestratorUserAPI.get`."""
        return await self._client.perform(get_user())

    async def update(self, name: str) -> OrchestratorUser:
        """Change your profile; as `OrchestratorUserAPI.update`."""
        return await self._client.perform(update_user(name))
