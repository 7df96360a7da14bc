"""The Orchestrator: each exchange with it as a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar

from .._core.operation import Call, Safety, Service
from .._core.replies import has_id, wrong_kind
from .._core.wire import Reply, path
from .._data.checks import as_list, as_mapping, as_object
from .._data.json import to_json
from .._data.record import Record
from ..errors import InvalidRequestError
from ..streaming.decoders import Event, LineDecoder
from ..streaming.reading import Format, Opened, event_object, opened
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

R = TypeVar("R", bound=Record)
T = TypeVar("T")
Read: TypeAlias = Callable[[Reply], T]

_WORKFLOW: Final = "/api/workflows/{workflow_id}"
_EXECUTION: Final = "/api/workflows/executions/{execution_id}"
_INTEGRATION: Final = "/api/integrations/{integration_id}"


def list_workflows() -> Call[list[Workflow]]:
    """`GET /api/workflows`"""
    return _call("GET", "/api/workflows", _rows(Workflow, "workflows"))


def create_workflow(
    name: str,
    description: str | None,
    nodes: Sequence[Mapping[str, Any]] | None,
    edges: Sequence[Mapping[str, Any]] | None,
) -> Call[Workflow]:
    """`POST /api/workflows/create`"""
    _text(name, "name")
    body = _given(name=name, description=description, nodes=nodes, edges=edges)
    return _call("POST", "/api/workflows/create", _one(Workflow, "a workflow"), body=body)


def get_workflow(id: str) -> Call[Workflow]:
    """`GET /api/workflows/{id}`"""
    return _call("GET", _WORKFLOW, _one(Workflow, "a workflow", id), id)


def update_workflow(
    id: str,
    name: str | None,
    description: str | None,
    nodes: Sequence[Mapping[str, Any]] | None,
    edges: Sequence[Mapping[str, Any]] | None,
    visibility: str | None,
) -> Call[Workflow]:
    """`PATCH /api/workflows/{id}`"""
    body = _some(
        name=name, description=description, nodes=nodes, edges=edges, visibility=visibility
    )
    return _changing("PATCH", _WORKFLOW, _one(Workflow, "a workflow", id), id, body=body)


def delete_workflow(id: str) -> Call[None]:
    """`DELETE /api/workflows/{id}`"""
    return _changing("DELETE", _WORKFLOW, _done, id)


def duplicate_workflow(id: str) -> Call[Workflow]:
    """`POST /api/workflows/{id}/duplicate`"""
    return _call("POST", f"{_WORKFLOW}/duplicate", _one(Workflow, "a workflow"), id)


def workflow_code(id: str) -> Call[str]:
    """`GET /api/workflows/{id}/code`"""
    return _call("GET", f"{_WORKFLOW}/code", _read_code, id, accept=b"text/plain")


def download_workflow(id: str) -> Call[bytes]:
    """`GET /api/workflows/{id}/download`"""
    return _call("GET", f"{_WORKFLOW}/download", _read_zip, id, accept=b"application/zip")


def list_executions(workflow_id: str) -> Call[list[Execution]]:
    """`GET /api/workflows/{id}/executions`"""
    return _call("GET", f"{_WORKFLOW}/executions", _rows(Execution, "executions"), workflow_id)


def delete_executions(workflow_id: str) -> Call[None]:
    """`DELETE /api/workflows/{id}/executions`"""
    return _changing("DELETE", f"{_WORKFLOW}/executions", _done, workflow_id)


def execution_status(id: str) -> Call[Execution]:
    """`GET /api/workflows/executions/{id}/status`"""
    return _call("GET", f"{_EXECUTION}/status", _one(Execution, "an execution", id), id)


def execution_logs(id: str) -> Call[list[ExecutionLog]]:
    """`GET /api/workflows/executions/{id}/logs`"""
    return _call("GET", f"{_EXECUTION}/logs", _rows(ExecutionLog, "logs", named=False), id)


def start_workflow(id: str, payload: object) -> Call[Execution]:
    """`POST /api/workflows/{id}/webhook`"""
    body = to_json({} if payload is None else payload)
    return _call("POST", f"{_WORKFLOW}/webhook", _read_started, id, body=body)


def list_integrations(type: str | None) -> Call[list[Integration]]:
    """`GET /api/integrations`"""
    params = () if type is None else (("type", _text(type, "type")),)
    read = _rows(Integration, "integrations")
    return _call("GET", "/api/integrations", read, params=params)


def create_integration(name: str, type: str, config: Mapping[str, Any]) -> Call[Integration]:
    """`POST /api/integrations`"""
    body = {
        "name": _text(name, "name"),
        "type": _text(type, "type"),
        "config": as_mapping(config, "config", InvalidRequestError),
    }
    read = _one(Integration, "an integration")
    return _call("POST", "/api/integrations", read, body=to_json(body))


def get_integration(id: str) -> Call[Integration]:
    """`GET /api/integrations/{id}`"""
    return _call("GET", _INTEGRATION, _one(Integration, "an integration", id), id)


def update_integration(
    id: str, name: str | None, config: Mapping[str, Any] | None
) -> Call[Integration]:
    """`PUT /api/integrations/{id}`"""
    body = _some(name=name, config=config)
    return _changing("PUT", _INTEGRATION, _one(Integration, "an integration", id), id, body=body)


def delete_integration(id: str) -> Call[None]:
    """`DELETE /api/integrations/{id}`"""
    return _changing("DELETE", _INTEGRATION, _done, id)


def try_integration(id: str) -> Call[IntegrationTest]:
    """`POST /api/integrations/{id}/test`"""
    return _changing("POST", f"{_INTEGRATION}/test", _read_test, id)


def list_keys() -> Call[list[OrchestratorKey]]:
    """`GET /api/api-keys`"""
    return _call("GET", "/api/api-keys", _rows(OrchestratorKey, "keys"))


def create_key(name: str) -> Call[OrchestratorKey]:
    """`POST /api/api-keys`"""
    body = to_json({"name": _text(name, "name")})
    return _call("POST", "/api/api-keys", _one(OrchestratorKey, "a key"), body=body)


def generate_workflow(prompt: str) -> Call[Opened]:
    """`POST /api/ai/generate`, which answers line by line"""
    return Call(
        "POST",
        "/api/ai/generate",
        opened,
        Safety.PAID,
        body=to_json({"prompt": _text(prompt, "prompt")}),
        name="/api/ai/generate",
        headers=(
            (b"accept", b"application/x-ndjson, application/jsonlines+json, text/plain, */*"),
            (b"accept-encoding", b"identity"),
        ),
        keep=_is_lines,
        service=Service.ORCHESTRATOR,
    )


def get_user() -> Call[OrchestratorUser]:
    """`GET /api/user`"""
    return _call("GET", "/api/user", _read_user)


def update_user(name: str) -> Call[OrchestratorUser]:
    """`PATCH /api/user`"""
    body = to_json({"name": _text(name, "name")})
    return _changing("PATCH", "/api/user", _read_user, body=body)


def _call(
    method: str,
    template: str,
    read: Read[T],
    *segments: str,
    safety: Safety | None = None,
    params: tuple[tuple[str, str], ...] = (),
    body: bytes | None = None,
    accept: bytes | None = None,
) -> Call[T]:
    """A call of the Orchestrator. What is posted makes something new each time that it is sent."""
    return Call(
        method,
        path(template, *segments),
        read,
        safety or (Safety.SAFE if method == "GET" else Safety.PAID),
        params,
        body,
        name=template,
        headers=() if accept is None else ((b"accept", accept),),
        service=Service.ORCHESTRATOR,
        raw=accept is not None,
    )


_changing: Final = partial(_call, safety=Safety.CONVERGENT)


def _text(value: object, name: str) -> str:
    if isinstance(value, str) and value.strip():
        return value
    raise InvalidRequestError.of(f"{name} must be a string with something in it.")


def _given(**fields: object) -> bytes:
    return to_json({name: value for name, value in fields.items() if value is not None})


def _some(**fields: object) -> bytes:
    if all(value is None for value in fields.values()):
        raise InvalidRequestError.of(f"Say what to change: {', '.join(fields)}.")
    return _given(**fields)


def _one(kind: type[R], due: str, id: str | None = None) -> Read[R]:
    """Reads one record; with `id`, that one and no other."""

    def read(reply: Reply) -> R:
        wire = as_object(reply.json())
        if wire is None or not has_id(wire) or (id is not None and str(wire["id"]) != id):
            raise wrong_kind(due if id is None else f"{due} {id}", reply)
        return kind.from_wire(wire)

    return read


def _rows(kind: type[R], due: str, *, named: bool = True) -> Read[list[R]]:
    """Reads a bare array of records, or one in an envelope."""

    def read(reply: Reply) -> list[R]:
        data = reply.json()
        envelope = as_object(data)
        rows = as_list(data if envelope is None else envelope.get("data"))
        if rows is None or not all(has_id(row) if named else as_object(row) for row in rows):
            raise wrong_kind(f"a list of {due}", reply)
        return [kind.from_wire(row) for row in rows]

    return read


def _read_started(reply: Reply) -> Execution:
    wire = as_object(reply.json()) or {}
    id = wire.get("executionId")
    if not isinstance(id, str) or not id:
        raise wrong_kind("the id of an execution", reply)
    if not has_id(wire):
        wire = {name: value for name, value in wire.items() if name != "id"}
    return Execution.from_wire(wire, {"id": id})


def _read_test(reply: Reply) -> IntegrationTest:
    wire = as_object(reply.json())
    if wire is None:
        raise wrong_kind("the result of a test", reply)
    return IntegrationTest.from_wire(wire)


def _read_user(reply: Reply) -> OrchestratorUser:
    wire = as_object(reply.json())
    if not wire:
        raise wrong_kind("a user", reply)
    return OrchestratorUser.from_wire(wire)


def _read_code(reply: Reply) -> str:
    kind = reply.headers.get("content-type", "").lower()
    if "html" in kind or "json" in kind or not reply.body:
        raise wrong_kind("code", reply)
    return reply.body.decode("utf-8", "replace")


def _read_zip(reply: Reply) -> bytes:
    if not reply.body.startswith(b"PK"):
        raise wrong_kind("a ZIP file", reply)
    return reply.body


def _is_lines(headers: dict[str, str]) -> bool:
    """Whether a reply may be JSON lines, under whatever name; a page of a web site is none."""
    return "html" not in headers.get("content-type", "").lower()


def _read_operation(event: Event) -> WorkflowOperation:
    return WorkflowOperation.from_wire(event_object(event))


# The Orchestrator has no sign that all was sent, so the end of the bytes is one.
OPERATIONS: Final = Format(LineDecoder, _read_operation, open_ended=True)
"""What `ai.generate()` sends: one operation to a line."""


def _done(reply: Reply) -> None:
    """Nothing, or an acknowledgement in whatever words; but no page of a web site."""
    said = as_object(reply.json()) if reply.body.strip() else {}
    if said is None or said.get("success", True) is not True:
        raise wrong_kind("an acknowledgement", reply)
