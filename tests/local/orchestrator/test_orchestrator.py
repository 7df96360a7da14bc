"""The Orchestrator of the local platform, over a real socket."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator

import httpx
import pytest

import skytells.local
from skytells.local import LocalPlatform
from skytells.local.json_values import Json, JsonObject
from skytells.local.orchestrator.generation import generate_workflow
from skytells.local.orchestrator.workflows import Workflow, trigger_node

HOOK = trigger_node("t", "Webhook")
WORK: JsonObject = {"id": "a", "type": "action", "data": {"label": "Draw a fox"}}
EDGE: JsonObject = {"id": "e", "source": "t", "target": "a"}
POSTERS: JsonObject = {"name": "Posters", "nodes": [HOOK, WORK], "edges": [EDGE]}


@pytest.fixture
def http(platform: LocalPlatform) -> Iterator[httpx.Client]:
    url, key = f"{platform.orchestrator_url}/api", platform.orchestrator_key
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}"}) as http:
        yield http


def got(http: httpx.Client, path: str) -> Json:
    answer = http.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def made(http: httpx.Client, path: str = "/workflows/create", **fields: object) -> JsonObject:
    body = {**POSTERS, **fields} if path == "/workflows/create" else fields
    answer = http.post(path, json=body)
    assert answer.status_code == 200, answer.text
    thing: JsonObject = answer.json()
    return thing


def triggered(http: httpx.Client, workflow: JsonObject, given: Json = None) -> str:
    answer = http.post(f"/workflows/{workflow['id']}/webhook", json=given)
    assert answer.json()["status"] == "running"
    id: str = answer.json()["executionId"]
    return id


def error_of(answer: httpx.Response) -> tuple[int, str]:
    error = answer.json()["error"]
    assert isinstance(error, str)
    return answer.status_code, error


def test_each_product_refuses_the_others_key(platform: LocalPlatform) -> None:
    url = f"{platform.orchestrator_url}/api/workflows"
    wrong: list[tuple[dict[str, str], str]] = [
        ({}, "there is no Authorization"),
        ({"x-api-key": "sk-1"}, "x-api-key carries the key of the platform"),
        ({"x-api-key": "wfb_1", "authorization": "Bearer wfb_1"}, "x-api-key"),
        ({"authorization": "Bearer sk-1"}, "sk-… is a key of the platform"),
        ({"authorization": "Bearer fox"}, "not known"),
    ]
    for headers, reason in wrong:
        status, message = error_of(httpx.get(url, headers=headers))
        assert status == 401
        assert reason in message
    assert httpx.get(url, headers={"authorization": "Bearer wfb_any"}).status_code == 200


def test_a_key_of_its_own_is_the_only_one_besides_those_it_makes() -> None:
    with skytells.local.serve(speed=0, orchestrator_key="wfb_mine") as platform:
        url = f"{platform.orchestrator_url}/api/api-keys"
        stranger = httpx.get(url, headers={"authorization": "Bearer wfb_other"})
        assert error_of(stranger)[0] == 401
        mine = {"authorization": f"Bearer {platform.orchestrator_key}"}
        key = httpx.post(url, headers=mine, json={"name": "CI"}).json()
        assert key["key"].startswith(key["keyPrefix"])
        listed = httpx.get(url, headers={"authorization": f"Bearer {key['key']}"}).json()
        assert [one["name"] for one in listed] == ["CI"]
        assert "key" not in listed[0]


def test_management_may_require_a_session(platform: LocalPlatform, http: httpx.Client) -> None:
    workflow = made(http)
    platform.fault(variants=["session-only"], times=2)
    assert error_of(http.get("/workflows"))[0] == 401
    triggered(http, workflow)


def test_workflows_are_made_changed_and_deleted(http: httpx.Client) -> None:
    first, second = made(http), made(http, name="Films", description="Of foxes")
    listed = got(http, "/workflows")
    assert [one["name"] for one in listed] == ["Films", "Posters"]
    assert "nodes" not in listed[0]
    assert (second["visibility"], second["description"]) == ("private", "Of foxes")
    where = f"/workflows/{first['id']}"
    changes = {"name": "Signs", "visibility": "public", "nodes": [HOOK], "edges": []}
    changed = http.patch(where, json=changes).json()
    assert got(http, where) == changed
    assert {name: changed[name] for name in changes} == changes
    assert http.patch(where, json={"description": "x"}).json()["name"] == "Signs"
    assert http.delete(where).json() == {"success": True}
    assert error_of(http.get(where)) == (404, f"There is no workflow {first['id']!r}.")
    assert error_of(http.delete(where))[0] == 404


def test_a_workflow_without_a_trigger_gets_one(http: httpx.Client) -> None:
    for nodes in (None, [WORK]):
        workflow = made(http, nodes=nodes, edges=None)
        assert workflow["nodes"][0]["data"]["config"] == {"triggerType": "Manual"}
        answer = http.post(f"/workflows/{workflow['id']}/webhook", json={})
        assert error_of(answer) == (400, "This workflow is not configured for webhook triggers")


@pytest.mark.parametrize(
    "fields",
    [
        {"name": None},
        {"name": " "},
        {"nodes": {}},
        {"nodes": [{"type": "action"}]},
        {"edges": [{"source": "a"}]},
    ],
)
def test_a_workflow_that_is_invalid_is_refused(http: httpx.Client, fields: JsonObject) -> None:
    assert error_of(http.post("/workflows/create", json={**POSTERS, **fields}))[0] == 400


def test_other_wrong_bodies_are_refused(http: httpx.Client) -> None:
    where = f"/workflows/{made(http)['id']}"
    assert error_of(http.patch(where, json={"visibility": "secret"}))[0] == 400
    assert error_of(http.patch(where, json=["x"]))[0] == 400
    assert error_of(http.post(f"{where}/webhook", content=b"{"))[0] == 400
    assert error_of(http.get("/nothing"))[0] == 404


def test_a_copy_is_private_and_without_integrations(http: httpx.Client) -> None:
    data = {"label": "Post", "config": {"integrationId": "i1", "channel": "#foxes"}}
    workflow = made(http, nodes=[HOOK, {"id": "a", "type": "action", "data": data}])
    http.patch(f"/workflows/{workflow['id']}", json={"visibility": "public"})
    copy = made(http, f"/workflows/{workflow['id']}/duplicate")
    assert (copy["name"], copy["visibility"]) == ("Posters (Copy)", "private")
    assert copy["nodes"][1]["data"]["config"] == {"channel": "#foxes"}
    ids = [node["id"] for node in copy["nodes"]]
    assert not set(ids) & {"t", "a"}
    assert [copy["edges"][0][end] for end in ("source", "target")] == ids


def test_code_and_download(http: httpx.Client) -> None:
    workflow = made(http)
    code = http.get(f"/workflows/{workflow['id']}/code")
    assert code.headers["content-type"] == "text/plain; charset=utf-8"
    assert code.text.index("Webhook trigger") < code.text.index("Draw a fox")
    packed = http.get(f"/workflows/{workflow['id']}/download")
    assert packed.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert archive.read("workflow.ts").decode() == code.text
        assert json.loads(archive.read("workflow.json"))["name"] == "Posters"


def test_nodes_work_in_the_order_of_the_edges() -> None:
    nodes = [{"id": name} for name in "cab"]
    edges = [{"source": "a", "target": "b"}, {"source": "b", "target": "c"}]
    workflow = Workflow("w", "W", None, nodes, edges, "", "")
    assert [node["id"] for node in workflow.nodes_in_order()] == ["a", "b", "c"]
    edges.append({"source": "c", "target": "a"})
    assert len(workflow.nodes_in_order()) == 3
    assert "return input;" in Workflow("w", "W", None, [], [], "", "").code()


def test_an_execution_follows_the_clock(platform: LocalPlatform, http: httpx.Client) -> None:
    workflow = made(http)
    id = triggered(http, workflow, {"title": "Jazz", "apiKey": "secret"})
    status = f"/workflows/executions/{id}/status"
    assert got(http, status) == {
        "id": id,
        "status": "running",
        "nodeStatuses": {"t": "running", "a": "pending"},
    }
    (running,) = got(http, f"/workflows/{workflow['id']}/executions")
    assert (running["status"], running["completedAt"], running["output"]) == ("running", None, None)
    platform.advance(1.0)
    assert got(http, status)["nodeStatuses"] == {"t": "success", "a": "running"}
    platform.advance(1.0)
    assert got(http, status)["status"] == "success"
    (ended,) = got(http, f"/workflows/{workflow['id']}/executions")
    assert (ended["status"], ended["duration"]) == ("success", 2000)
    assert ended["input"] == {"title": "Jazz", "apiKey": "secret"}
    assert ended["output"] == {"success": True, "data": "Draw a fox is done."}


def test_logs_come_node_by_node_and_without_secrets(
    platform: LocalPlatform, http: httpx.Client
) -> None:
    given = {"title": "Jazz", "list": [{"accessToken": "secret"}]}
    logs = f"/workflows/executions/{triggered(http, made(http), given)}/logs"
    assert [(log["nodeId"], log["status"]) for log in got(http, logs)] == [("t", "running")]
    platform.advance(2.0)
    first, second = got(http, logs)
    assert first["output"] == {"title": "Jazz", "list": [{"accessToken": "[REDACTED]"}]}
    assert second["input"] == first["output"]
    assert (second["nodeType"], second["status"]) == ("action", "success")


def test_a_script_sets_the_result_of_executions(
    platform: LocalPlatform, http: httpx.Client
) -> None:
    workflow = made(http)
    platform.script(workflow["id"], fails="Out of ink.", seconds=8.0, times=1)
    id = triggered(http, workflow)
    platform.advance(8.0)
    assert got(http, f"/workflows/executions/{id}/status")["nodeStatuses"]["a"] == "failed"
    (failed,) = got(http, f"/workflows/{workflow['id']}/executions")
    assert (failed["status"], failed["error"], failed["output"]) == ("failed", "Out of ink.", None)
    assert got(http, f"/workflows/executions/{id}/logs")[-1]["error"] == "Out of ink."
    platform.script(workflow["id"], seconds=0.0, times=2)
    platform.fault(variants=["execution-completed"])
    again = triggered(http, workflow)
    assert got(http, f"/workflows/executions/{again}/status")["status"] == "completed"
    assert got(http, f"/workflows/executions/{id}/status")["status"] == "error"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"says": "x"}, "not 'says'"),
        ({"seconds": -1.0}, "seconds must be"),
        ({"times": 0}, "times must be"),
    ],
)
def test_a_script_that_is_invalid_is_refused(
    platform: LocalPlatform, http: httpx.Client, fields: JsonObject, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        platform.script(made(http)["id"], **fields)


def test_executions_are_listed_newest_first_and_deleted(http: httpx.Client) -> None:
    workflow, other = made(http), made(http)
    ids = [triggered(http, workflow) for _ in range(52)]
    kept = triggered(http, other)
    where = f"/workflows/{workflow['id']}/executions"
    assert [one["id"] for one in got(http, where)] == ids[:1:-1]
    assert http.delete(where).json()["success"] is True
    assert got(http, where) == []
    assert error_of(http.get(f"/workflows/executions/{ids[0]}/logs"))[0] == 404
    assert got(http, f"/workflows/executions/{kept}/status")["id"] == kept
    assert error_of(http.get("/workflows/nobody/executions"))[0] == 404


def test_only_so_many_executions_are_kept(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skytells.local.orchestrator.service._MAX_EXECUTIONS", 1)
    workflow = made(http)
    first, _ = triggered(http, workflow), triggered(http, workflow)
    assert error_of(http.get(f"/workflows/executions/{first}/status"))[0] == 404


def test_browsers_may_trigger(http: httpx.Client) -> None:
    workflow = made(http)
    where = f"{http.base_url}workflows/{workflow['id']}/webhook"
    preflight = httpx.options(where, headers={"origin": "https://example.com"})
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert http.post(where).headers["access-control-allow-origin"] == "*"


def test_integrations_keep_their_configuration_to_their_owner(http: httpx.Client) -> None:
    config = {"token": "xoxb"}
    slack = made(http, "/integrations", name="Team", type="slack", config=config)
    made(http, "/integrations", name="Mail", type="email", config={"key": ""})
    assert "config" not in slack
    assert [one["name"] for one in got(http, "/integrations?type=slack")] == ["Team"]
    assert len(got(http, "/integrations")) == 2
    where = f"/integrations/{slack['id']}"
    assert got(http, where)["config"] == config
    assert http.post(f"{where}/test").json()["status"] == "success"
    assert http.put(where, json={"name": "All", "config": {"token": ""}}).json()["name"] == "All"
    assert http.put(where, json={}).json()["name"] == "All"
    assert http.post(f"{where}/test").json()["status"] == "error"
    assert http.delete(where).json() == {"success": True}
    assert error_of(http.post(f"{where}/test"))[0] == 404
    assert error_of(http.post("/integrations", json={"name": "x", "type": "y"}))[0] == 400


def test_the_profile_has_a_name(http: httpx.Client) -> None:
    assert got(http, "/user")["name"] == "Local User"
    assert http.patch("/user", json={"name": "Ann"}).json()["name"] == "Ann"
    assert http.patch("/user", json={}).json()["name"] == "Ann"
    assert error_of(http.patch("/user", json={"name": ""}))[0] == 400


def test_a_prompt_becomes_operations_line_by_line(http: httpx.Client) -> None:
    prompt = "When a form is sent, draw a poster and post it"
    answer = http.post("/ai/generate", json={"prompt": prompt})
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert not answer.text.endswith("\n")
    operations = [json.loads(line) for line in answer.text.split("\n")]
    assert operations == list(generate_workflow(prompt))
    assert operations[2]["node"]["data"]["config"] == {"triggerType": "Webhook"}
    nodes = [one["node"] for one in operations if one["op"] == "addNode"]
    edges = [one["edge"] for one in operations if one["op"] == "addEdge"]
    made(http, name=operations[0]["name"], nodes=nodes, edges=edges)
    assert len(nodes) == len(edges) + 1 == 4
    assert error_of(http.post("/ai/generate", json={"prompt": " "}))[0] == 400


def test_lines_of_a_generation_may_go_wrong(platform: LocalPlatform, http: httpx.Client) -> None:
    body = {"prompt": "Fetch news, then post them"}
    platform.fault(path="/api/ai/generate", body="garbage", after=1, times=1)
    lines = http.post("/ai/generate", json=body).text.split("\n")
    assert lines[1] == "{]<not json>"
    assert len(lines) == 8
    platform.fault(stream="error", after=2, message="No.", times=1)
    assert json.loads(http.post("/ai/generate", json=body).text.split("\n")[-1]) == {"error": "No."}
    platform.fault(body="truncated", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        http.post("/ai/generate", json=body)


def test_faults_have_the_orchestrators_envelope(
    platform: LocalPlatform, http: httpx.Client
) -> None:
    platform.fault(path="/api/workflows", status=403, message="Not yours.", times=1)
    assert error_of(http.get("/workflows")) == (403, "Not yours.")
