"""The Orchestrator's API for the sync client; `client.orchestrator`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from .._core.polling import wait_options
from .._data.checks import DEFAULT_IDLE, blocking
from ..streaming.reading import Limits
from ..streaming.stream import AsyncStream, Stream
from .records import (
    Execution,
    ExecutionLog,
    Integration,
    IntegrationTest,
    OrchestratorKey,
    OrchestratorUser,
    Workflow,
    WorkflowOperation,
)
from .requests import (
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
from .trigger import trigger_workflow
from .wait import OnExecution, Runnable, wait_for_execution

if TYPE_CHECKING:
    from .._core.protocols import AsyncPerformer, Performer

# In the classes below, `list` is a method.
Workflows: TypeAlias = list[Workflow]
Executions: TypeAlias = list[Execution]
Logs: TypeAlias = list[ExecutionLog]
Integrations: TypeAlias = list[Integration]
Keys: TypeAlias = list[OrchestratorKey]
Parts: TypeAlias = Sequence[Mapping[str, Any]]


class OrchestratorAPI:
    """Workflows on the Orchestrator, a host with a key of its own; `client.orchestrator`.

    The key (`orchestrator_key=`, `SKYTELLS_ORCHESTRATOR_KEY`) is promised to open
    `webhooks.trigger()`. What manages workflows may want a signed-in browser instead: it then fails
    with an `AuthenticationError` that says so.

    Example:
        >>> hook = {"id": "hook", "type": "trigger", "data": {"config": {"triggerType": "Webhook"}}}
        >>> workflow = client.orchestrator.workflows.create("Posters", nodes=[hook])
        >>> execution = client.orchestrator.webhooks.trigger(workflow.id, {"title": "Jazz"})
        >>> print(client.orchestrator.executions.wait(execution).status)
        success
    """

    def __init__(self, client: Performer) -> None:
        self.workflows: WorkflowsAPI = WorkflowsAPI(client)
        self.executions: ExecutionsAPI = ExecutionsAPI(client)
        self.webhooks: WorkflowWebhooksAPI = WorkflowWebhooksAPI(client)
        self.integrations: IntegrationsAPI = IntegrationsAPI(client)
        self.api_keys: OrchestratorKeysAPI = OrchestratorKeysAPI(client)
        self.ai: OrchestratorAiAPI = OrchestratorAiAPI(client)
        self.user: OrchestratorUserAPI = OrchestratorUserAPI(client)


class WorkflowsAPI:
    """Workflows; `client.orchestrator.workflows`."""

    def __init__(self, client: Performer) -> None:
        self._client = client

    def list(self) -> Workflows:
        """Fetch your workflows, the newest first."""
        return self._client.perform(list_workflows())

    def create(
        self,
        name: str,
        *,
        description: str | None = None,
        nodes: Parts | None = None,
        edges: Parts | None = None,
    ) -> Workflow:
        """Create a workflow.

        Args:
            name: Its name for people.
            description: What it is for.
            nodes: Its steps; without any, it begins with a manual trigger.
            edges: What leads from step to step.
        """
        return self._client.perform(create_workflow(name, description, nodes, edges))

    def get(self, workflow_id: str) -> Workflow:
        """Fetch a workflow with its nodes and edges."""
        return self._client.perform(get_workflow(workflow_id))

    def update(
        self,
        workflow_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        nodes: Parts | None = None,
        edges: Parts | None = None,
        visibility: str | None = None,
    ) -> Workflow:
        """Change a workflow; what is not given stays as it is.

        Args:
            workflow_id: Its id.
            name: Its name for people.
            description: What it is for.
            nodes: All of its steps.
            edges: All that leads from step to step.
            visibility: `"private"` or `"public"`.
        """
        return self._client.perform(
            update_workflow(workflow_id, name, description, nodes, edges, visibility)
        )

    def delete(self, workflow_id: str) -> None:
        """Delete a workflow."""
        self._client.perform(delete_workflow(workflow_id))

    def duplicate(self, workflow_id: str) -> Workflow:
        """Make a private copy of a workflow, without its integrations."""
        return self._client.perform(duplicate_workflow(workflow_id))

    def code(self, workflow_id: str) -> str:
        """Fetch a workflow as TypeScript source."""
        return self._client.perform(workflow_code(workflow_id))

    def download(self, workflow_id: str) -> bytes:
        """Fetch a workflow as a project: the bytes of a ZIP file."""
        return self._client.perform(download_workflow(workflow_id))


class ExecutionsAPI:
    """Runs of workflows; `client.orchestrator.executions`."""

    def __init__(self, client: Performer) -> None:
        self._client = client

    def list(self, workflow_id: str) -> Executions:
        """Fetch the fifty latest executions of a workflow, with their inputs and outputs."""
        return self._client.perform(list_executions(workflow_id))

    def delete_all(self, workflow_id: str) -> None:
        """Delete all executions of a workflow."""
        self._client.perform(delete_executions(workflow_id))

    def status(self, execution_id: str) -> Execution:
        """Look at an execution: its status, and that of each node."""
        return self._client.perform(execution_status(execution_id))

    def logs(self, execution_id: str) -> Logs:
        """Fetch what each node of an execution did."""
        return self._client.perform(execution_logs(execution_id))

    def wait(
        self,
        execution: Runnable,
        on_progress: OnExecution | None = None,
        *,
        max_wait: float | None = None,
        interval: float | None = None,
    ) -> Execution:
        """Wait until an execution has ended, whether it succeeded, failed or was cancelled.

        Args:
            execution: A record, a dict with an `id`, or an id.
            on_progress: Called with each new state.
            max_wait: Longest wait in milliseconds; the last look begins at its end.
            interval: Pause between looks in milliseconds; by default quick at first, easing to 5 s.

        Returns:
            Its last state, without its output: that is in `list(workflow_id)` and `logs(id)`.

        Raises:
            WaitTimeoutError: It is still running after `max_wait`; `error.response` holds its last
                state.
        """
        chosen = wait_options(None, max_wait, interval)
        return self._client.perform(wait_for_execution(execution, chosen, blocking(on_progress)))


class WorkflowWebhooksAPI:
    """What starts workflows from outside; `client.orchestrator.webhooks`."""

    def __init__(self, client: Performer) -> None:
        self._client = client

    def trigger(self, workflow_id: str, payload: object = None) -> Execution:
        """Start a workflow that begins with a webhook.

        It may cost money each time that it is sent, so it is never sent again once it may have
        arrived.

        Args:
            workflow_id: Its id.
            payload: Any JSON: the input of its trigger.

        Returns:
            The execution as started, for `executions.wait()`.

        Raises:
            SkytellsError: It was refused; or, with `maybe_sent`, its outcome is unknown.
        """
        return self._client.perform(trigger_workflow(workflow_id, payload))


class IntegrationsAPI:
    """Services that workflows may use; `client.orchestrator.integrations`."""

    def __init__(self, client: Performer) -> None:
        self._client = client

    def list(self, type: str | None = None) -> Integrations:
        """Fetch your integrations, without their settings.

        Args:
            type: Only those of this type.
        """
        return self._client.perform(list_integrations(type))

    def create(self, name: str, type: str, config: Mapping[str, Any]) -> Integration:
        """Create an integration.

        Args:
            name: Its name for people.
            type: The service, such as `"slack"`.
            config: Its settings, with credentials where it needs them.
        """
        return self._client.perform(create_integration(name, type, config))

    def get(self, integration_id: str) -> Integration:
        """Fetch an integration with its settings, decrypted; no `repr` shows them."""
        return self._client.perform(get_integration(integration_id))

    def update(
        self,
        integration_id: str,
        *,
        name: str | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> Integration:
        """Change an integration; what is not given stays as it is.

        Args:
            integration_id: Its id.
            name: Its name for people.
            config: All of its settings.
        """
        return self._client.perform(update_integration(integration_id, name, config))

    def delete(self, integration_id: str) -> None:
        """Delete an integration."""
        self._client.perform(delete_integration(integration_id))

    def test(self, integration_id: str) -> IntegrationTest:
        """Try whether an integration works."""
        return self._client.perform(try_integration(integration_id))


class OrchestratorKeysAPI:
    """Keys of the Orchestrator; `client.orchestrator.api_keys`."""

    def __init__(self, client: Performer) -> None:
        self._client = client

    def list(self) -> Keys:
        """Fetch your keys: names and prefixes, not the keys themselves."""
        return self._client.perform(list_keys())

    def create(self, name: str) -> OrchestratorKey:
        """Create a key. Its `key` is shown this once; no `repr` shows it.

        Args:
            name: What it is for.
        """
        return self._client.perform(create_key(name))


class OrchestratorAiAPI:
    """Workflows made from words; `client.orchestrator.ai`."""

    def __init__(self, client: Performer) -> None:
        self._client = client

    def generate(
        self,
        prompt: str,
        *,
        idle_timeout: float | None = DEFAULT_IDLE,
        total_timeout: float | None = None,
    ) -> Stream[WorkflowOperation]:
        """Let a workflow be made from a description, and read its steps as they come.

        The request is sent when the stream is entered, or first iterated.

        Args:
            prompt: What the workflow should do.
            idle_timeout: Longest pause between two operations, in milliseconds; `None` has no
                limit.
            total_timeout: Longest time from the first byte to the last, in milliseconds.

        Raises:
            SkytellsError: While it is read: it failed, ended too soon, or sent a line that cannot
                be read. `error.received` holds the operations that came.
        """
        limits = Limits.of(idle_timeout, total_timeout)
        return Stream(self._client, generate_workflow(prompt), OPERATIONS, limits)


class OrchestratorUserAPI:
    """Your account at the Orchestrator; `client.orchestrator.user`."""

    def __init__(self, client: Performer) -> None:
        self._client = client

    def get(self) -> OrchestratorUser:
        """Fetch your profile."""
        return self._client.perform(get_user())

    def update(self, name: str) -> OrchestratorUser:
        """Change your profile.

        Args:
            name: Your name.
        """
        return self._client.perform(update_user(name))


class AsyncOrchestratorAPI:
    """Workflows on the Orchestrator; `client.orchestrator`. As `OrchestratorAPI`, awaited."""

    def __init__(self, client: AsyncPerformer) -> None:
        self.workflows: AsyncWorkflowsAPI = AsyncWorkflowsAPI(client)
        self.executions: AsyncExecutionsAPI = AsyncExecutionsAPI(client)
        self.webhooks: AsyncWorkflowWebhooksAPI = AsyncWorkflowWebhooksAPI(client)
        self.integrations: AsyncIntegrationsAPI = AsyncIntegrationsAPI(client)
        self.api_keys: AsyncOrchestratorKeysAPI = AsyncOrchestratorKeysAPI(client)
        self.ai: AsyncOrchestratorAiAPI = AsyncOrchestratorAiAPI(client)
        self.user: AsyncOrchestratorUserAPI = AsyncOrchestratorUserAPI(client)


class AsyncWorkflowsAPI:
    """Workflows; `client.orchestrator.workflows`. As `WorkflowsAPI`, awaited."""

    def __init__(self, client: AsyncPerformer) -> None:
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

    def __init__(self, client: AsyncPerformer) -> None:
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

    def __init__(self, client: AsyncPerformer) -> None:
        self._client = client

    async def trigger(self, workflow_id: str, payload: object = None) -> Execution:
        """Start a workflow that begins with a webhook; as `WorkflowWebhooksAPI.trigger`."""
        return await self._client.perform(trigger_workflow(workflow_id, payload))


class AsyncIntegrationsAPI:
    """Services that workflows may use; `client.orchestrator.integrations`. As `IntegrationsAPI`, awaited."""

    def __init__(self, client: AsyncPerformer) -> None:
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

    def __init__(self, client: AsyncPerformer) -> None:
        self._client = client

    async def list(self) -> Keys:
        """Fetch your keys; as `OrchestratorKeysAPI.list`."""
        return await self._client.perform(list_keys())

    async def create(self, name: str) -> OrchestratorKey:
        """Create a key; as `OrchestratorKeysAPI.create`."""
        return await self._client.perform(create_key(name))


class AsyncOrchestratorAiAPI:
    """Workflows made from words; `client.orchestrator.ai`. As `OrchestratorAiAPI`."""

    def __init__(self, client: AsyncPerformer) -> None:
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

    def __init__(self, client: AsyncPerformer) -> None:
        self._client = client

    async def get(self) -> OrchestratorUser:
        """Fetch your profile; as `OrchestratorUserAPI.get`."""
        return await self._client.perform(get_user())

    async def update(self, name: str) -> OrchestratorUser:
        """Change your profile; as `OrchestratorUserAPI.update`."""
        return await self._client.perform(update_user(name))
