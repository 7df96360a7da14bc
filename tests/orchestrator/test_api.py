"""client.orchestrator: what goes out, to which host, and what comes back, in both colours."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

import skytells.local
from skytells import (
    AsyncSkytellsClient,
    AuthenticationError,
    ConfigurationError,
    InvalidRequestError,
    InvalidResponseError,
    NetworkError,
    NotFoundError,
    SkytellsClient,
    SkytellsError,
    WaitTimeoutError,
)
from skytells.local import LocalPlatform
from skytells.notebook import render
from skytells.orchestrator import (
    Execution,
    ExecutionStatus,
    IntegrationTest,
    OrchestratorAPI,
    Workflow,
)

from ..behaviour.misbehaving import Server, Step
from ..behaviour.steps import answers, resets, sends, stalls
from ..conftest import Build, Serve

SK = "sk-never-over-there-0123456789"
WFB = "wfb_never-over-here-0123456789"
W1: dict[str, Any] = {
    "id": "w1",
    "name": "Posters",
    "createdAt": "2026-01-01T00:00:00Z",
    "visibility": "private",
}
RUNNING: dict[str, Any] = {"id": "e1", "status": "running", "nodeStatuses": {"n1": "running"}}
ENDED: dict[str, Any] = {"id": "e1", "status": "success", "nodeStatuses": {"n1": "success"}}
ONCE: dict[str, Any] = {"retries": 0}

Do: TypeAlias = Callable[[Any], Any]
On: TypeAlias = Callable[..., OrchestratorAPI]


@pytest.fixture
def on(build: Build) -> On:
    """`client.orchestrator` of either colour, on a server."""

    def api(server: Server, **options: Any) -> OrchestratorAPI:
        url = server.url.removesuffix("/v1")
        options = {"orchestrator_key": WFB, "retry": ONCE} | options
        return build(
            SK, base_url="http://127.0.0.1:1/v1", orchestrator_base_url=url, **options
        ).orchestrator

    return api


ROUTES: list[tuple[Do, str, Any, Any]] = [
    (lambda o: o.workflows.list(), "GET /api/workflows", None, [W1]),
    (
        lambda o: o.workflows.create("Posters", nodes=[{"id": "n1"}]),
        "POST /api/workflows/create",
        {"name": "Posters", "nodes": [{"id": "n1"}]},
        W1,
    ),
    (lambda o: o.workflows.get("w1"), "GET /api/workflows/w1", None, W1),
    (
        lambda o: o.workflows.update("w1", description="", visibility="public"),
        "PATCH /api/workflows/w1",
        {"description": "", "visibility": "public"},
        W1,
    ),
    (lambda o: o.workflows.delete("w1"), "DELETE /api/workflows/w1", None, {"success": True}),
    (lambda o: o.workflows.duplicate("w1"), "POST /api/workflows/w1/duplicate", None, W1),
    (lambda o: o.executions.list("w1"), "GET /api/workflows/w1/executions", None, [ENDED]),
    (lambda o: o.executions.delete_all("w1"), "DELETE /api/workflows/w1/executions", None, b""),
    (
        lambda o: o.executions.status("e1"),
        "GET /api/workflows/executions/e1/status",
        None,
        RUNNING,
    ),
    (
        lambda o: o.executions.logs("e1"),
        "GET /api/workflows/executions/e1/logs",
        None,
        [{"nodeId": "n1", "status": "success", "output": {"text": "x"}}],
    ),
    (
        lambda o: o.webhooks.trigger("w1", {"title": "Jazz"}),
        "POST /api/workflows/w1/webhook",
        {"title": "Jazz"},
        {"executionId": "e1", "status": "running"},
    ),
    (lambda o: o.integrations.list(), "GET /api/integrations", None, [{"id": "i1"}]),
    (
        lambda o: o.integrations.list("slack"),
        "GET /api/integrations?type=slack",
        None,
        [{"id": "i1"}],
    ),
    (
        lambda o: o.integrations.create("Team", "slack", {"token": "t"}),
        "POST /api/integrations",
        {"name": "Team", "type": "slack", "config": {"token": "t"}},
        {"id": "i1"},
    ),
    (lambda o: o.integrations.get("i1"), "GET /api/integrations/i1", None, {"id": "i1"}),
    (
        lambda o: o.integrations.update("i1", name="Two"),
        "PUT /api/integrations/i1",
        {"name": "Two"},
        {"id": "i1"},
    ),
    (lambda o: o.integrations.delete("i1"), "DELETE /api/integrations/i1", None, b""),
    (
        lambda o: o.integrations.test("i1"),
        "POST /api/integrations/i1/test",
        None,
        {"status": "success"},
    ),
    (lambda o: o.api_keys.list(), "GET /api/api-keys", None, [{"id": "k1", "keyPrefix": "wfb_a"}]),
    (
        lambda o: o.api_keys.create("CI"),
        "POST /api/api-keys",
        {"name": "CI"},
        {"id": "k1", "key": "wfb_new"},
    ),
    (lambda o: o.user.get(), "GET /api/user", None, {"id": "u1", "name": "Ann"}),
    (lambda o: o.user.update("Ann"), "PATCH /api/user", {"name": "Ann"}, {"name": "Ann"}),
]
by_route = pytest.mark.parametrize(
    ("do", "target", "body", "answer"), ROUTES, ids=[route[1] for route in ROUTES]
)


@by_route
def test_each_method_is_one_request_with_the_orchestrators_key_alone(
    on: On, serve: Serve, do: Do, target: str, body: Any, answer: Any
) -> None:
    server = serve(answers(answer))
    result = do(on(server))
    assert server.targets() == [target]
    [request] = server.requests
    assert request.headers["authorization"] == f"Bearer {WFB}"
    assert "x-api-key" not in request.headers
    assert SK.encode() not in request.raw
    assert request.raw.count(WFB.encode()) == 1
    assert (json.loads(request.body) if request.body else None) == body
    if target.startswith("DELETE"):
        assert result is None
    elif isinstance(answer, list):
        assert [dict(row) for row in result] == answer
    else:
        assert dict(result) == answer


def test_what_comes_back_is_typed(on: On, serve: Serve) -> None:
    server = serve(
        answers([W1]), answers({"executionId": "e1", "status": "running"}), answers(ENDED)
    )
    api = on(server)
    [workflow] = api.workflows.list()
    assert isinstance(workflow, Workflow)
    assert workflow.created is not None
    assert workflow.created.year == 2026
    assert (workflow.updated, workflow.visibility) == (None, "private")
    started = api.webhooks.trigger("w1")
    assert (started.id, started["executionId"], started.done) == ("e1", "e1", False)
    state = api.executions.status("e1")
    assert (state.status, state.node_statuses) == (ExecutionStatus.SUCCESS, {"n1": "success"})
    assert (state.started, state.completed) == (None, None)


def test_a_list_may_come_in_an_envelope(on: On, serve: Serve) -> None:
    assert [w.id for w in on(serve(answers({"data": [W1]}))).workflows.list()] == ["w1"]


def test_code_is_text_and_a_download_is_a_zip(on: On, serve: Serve) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("index.ts", "export {}")
    server = serve(
        answers("export const ö = 1;\n".encode(), headers={"content-type": "text/plain"}),
        answers(packed.getvalue(), headers={"content-type": "application/zip"}),
    )
    api = on(server)
    assert api.workflows.code("w1") == "export const ö = 1;\n"
    with zipfile.ZipFile(io.BytesIO(api.workflows.download("w1"))) as file:
        assert file.namelist() == ["index.ts"]
    assert server.targets() == ["GET /api/workflows/w1/code", "GET /api/workflows/w1/download"]
    assert [r.headers["accept"] for r in server.requests] == ["text/plain", "application/zip"]


WRONG: list[tuple[Do, Any]] = [
    (lambda o: o.workflows.list(), {"nothing": 1}),
    (lambda o: o.workflows.list(), [{"name": "no id"}]),
    (lambda o: o.workflows.list(), ["w1"]),
    (lambda o: o.workflows.get("w1"), {"id": "w2"}),
    (lambda o: o.workflows.get("w1"), None),
    (lambda o: o.workflows.create("x"), []),
    (lambda o: o.workflows.delete("w1"), [1]),
    (lambda o: o.workflows.delete("w1"), {"success": False}),
    (lambda o: o.workflows.code("w1"), {"code": "x"}),
    (lambda o: o.workflows.code("w1"), b""),
    (lambda o: o.workflows.download("w1"), b"<html>"),
    (lambda o: o.executions.logs("e1"), ["x"]),
    (lambda o: o.executions.status("e1"), ENDED | {"id": "e2"}),
    (lambda o: o.webhooks.trigger("w1"), {"status": "running"}),
    (lambda o: o.integrations.test("i1"), True),
    (lambda o: o.user.get(), {}),
]


@pytest.mark.parametrize(("do", "answer"), WRONG)
def test_an_answer_of_the_wrong_kind_is_an_error(on: On, serve: Serve, do: Do, answer: Any) -> None:
    with pytest.raises(InvalidResponseError):
        do(on(serve(answers(answer))))


def test_a_page_of_the_web_site_is_no_answer(on: On, serve: Serve) -> None:
    page = {"content-type": "text/html; charset=utf-8"}
    api = on(serve(answers(b"<html>Sign in", headers=page)))
    for get in (api.workflows.list, lambda: api.workflows.delete("w1")):
        with pytest.raises(SkytellsError, match="Check base_url"):
            get()
    with pytest.raises(SkytellsError, match="Check base_url"):
        api.workflows.code("w1")


REFUSED: list[Do] = [
    lambda o: o.workflows.get(""),
    lambda o: o.workflows.get(".."),
    lambda o: o.workflows.get("a\nb"),
    lambda o: o.workflows.create(" "),
    lambda o: o.workflows.create(5),
    lambda o: o.workflows.update("w1"),
    lambda o: o.workflows.create("x", nodes=[{"n": float("nan")}]),
    lambda o: o.webhooks.trigger("w1", {"x": object()}),
    lambda o: o.integrations.create("x", "slack", ["no"]),
    lambda o: o.integrations.create("x", "", {}),
    lambda o: o.integrations.list(""),
    lambda o: o.integrations.update("i1"),
    lambda o: o.api_keys.create(""),
    lambda o: o.user.update(""),
    lambda o: o.executions.wait({}),
    lambda o: o.executions.wait({"id": 5}),
    lambda o: o.executions.wait(5),
    lambda o: o.executions.wait("e1", on_progress=5),
]


@pytest.mark.parametrize("do", REFUSED)
def test_what_cannot_be_is_refused_before_the_wire(on: On, serve: Serve, do: Do) -> None:
    server = serve(answers(W1))
    with pytest.raises(InvalidRequestError):
        do(on(server))
    assert server.connections == 0


def test_ids_are_one_segment_each(on: On, serve: Serve) -> None:
    server = serve(answers([]))
    on(server).executions.list("../a?b#c/d")
    assert server.targets() == ["GET /api/workflows/..%2Fa%3Fb%23c%2Fd/executions"]


# Two sides


def test_the_two_sides_never_hear_each_others_key(build: Build, serve: Serve) -> None:
    api, other = serve(answers({"id": "p1", "status": "succeeded"})), serve(answers([W1]))
    client = build(
        SK, base_url=api.url, orchestrator_key=WFB, orchestrator_base_url=f"{other.url}/deep"
    )
    for _ in range(2):
        client.predictions.get("p1")
        client.orchestrator.workflows.list()
    assert WFB.encode() not in b"".join(request.raw for request in api.requests)
    assert SK.encode() not in b"".join(request.raw for request in other.requests)
    assert {request.headers.get("authorization") for request in api.requests} == {None}
    assert {request.headers.get("x-api-key") for request in other.requests} == {None}
    assert set(other.targets()) == {"GET /v1/deep/api/workflows"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_from_one_side_to_the_other_carries_nothing(
    build: Build, serve: Serve, status: int
) -> None:
    api = serve(answers({"id": "p1"}))
    other = serve(answers(W1, status, {"location": f"{api.url}/predictions/p1"}))
    client = build(
        SK, base_url=api.url, orchestrator_key=WFB, orchestrator_base_url=other.url, retry=ONCE
    )
    for do in (ROUTES[0][0], ROUTES[10][0]):
        with pytest.raises(InvalidResponseError, match="redirects"):
            do(client.orchestrator)
    assert api.connections == 0


def test_without_its_key_the_orchestrator_is_not_asked(build: Build, serve: Serve) -> None:
    server = serve(answers([W1]))
    client = build(SK, base_url=server.url, orchestrator_base_url=server.url)
    with pytest.raises(ConfigurationError, match="SKYTELLS_ORCHESTRATOR_KEY"):
        client.orchestrator.workflows.list()
    assert server.connections == 0
    other = client.with_options(orchestrator_key=WFB)
    assert other.orchestrator.workflows.list()[0].id == "w1"


def test_the_key_may_come_from_the_environment(
    build: Build, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(answers([W1]))
    monkeypatch.setenv("SKYTELLS_ORCHESTRATOR_KEY", WFB)
    monkeypatch.setenv("SKYTELLS_ORCHESTRATOR_BASE_URL", server.url)
    client = build()
    assert client.orchestrator.workflows.list()[0].id == "w1"
    assert "orchestrator_key=set" in repr(client)
    assert WFB not in repr(client)


def test_a_client_with_both_keys_of_the_environment_can_be_pickled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SKYTELLS_API_KEY", SK)
    monkeypatch.setenv("SKYTELLS_ORCHESTRATOR_KEY", WFB)
    for kind in (SkytellsClient, AsyncSkytellsClient):
        pickled = pickle.dumps(kind())
        assert SK.encode() not in pickled
        assert WFB.encode() not in pickled
        assert "orchestrator_key=set" in repr(pickle.loads(pickled))
        with pytest.raises(ConfigurationError, match="given its orchestrator_key"):
            pickle.dumps(kind(orchestrator_key=WFB))


def test_a_refused_key_is_explained(on: On, serve: Serve) -> None:
    api = on(serve(answers({"error": f"Unauthorized: {WFB}"}, 401)))
    with pytest.raises(AuthenticationError) as caught:
        api.workflows.list()
    assert "signed-in browser" in str(caught.value)
    assert WFB not in f"{caught.value!r} {vars(caught.value)}"


# Trouble


def test_reads_are_tried_again_and_triggers_are_not(on: On, serve: Serve, hasty: None) -> None:
    reading = serve(answers({}, 500), answers([W1]))
    assert on(reading, retry=None).workflows.list()
    assert len(reading.requests) == 2
    for step, maybe_sent in ((resets(), True), (answers({}, 500), True), (answers({}, 400), False)):
        server = serve(step)
        with pytest.raises(SkytellsError) as caught:
            on(server, retry=None).webhooks.trigger("w1", {"x": 1})
        assert len(server.requests) == 1
        assert caught.value.maybe_sent is maybe_sent
        assert ("client.orchestrator.executions.list('w1')" in str(caught.value)) is maybe_sent


@pytest.mark.parametrize("place", [1, 5, 13, 19], ids=["workflow", "copy", "integration", "key"])
def test_what_makes_something_new_is_not_sent_twice(
    on: On, serve: Serve, hasty: None, place: int
) -> None:
    server = serve(answers({}, 503))
    with pytest.raises(SkytellsError):
        ROUTES[place][0](on(server, retry=None))
    assert len(server.requests) == 1


def test_a_trigger_that_surely_did_not_arrive_is_sent_again(
    on: On, serve: Serve, hasty: None
) -> None:
    server = serve(answers({}, 429), answers({"executionId": "e1"}))
    assert on(server, retry=None).webhooks.trigger("w1").id == "e1"
    assert len(server.requests) == 2


def test_a_deletion_whose_answer_was_lost_counts_as_done(on: On, serve: Serve, hasty: None) -> None:
    server = serve(resets(), answers({"error": "No such workflow."}, 404))
    on(server, retry=None).workflows.delete("w1")
    assert len(server.requests) == 2


def test_no_answer_is_a_timeout(on: On, serve: Serve) -> None:
    with pytest.raises(SkytellsError) as caught:
        on(serve(stalls()), timeout=50).workflows.list()
    assert caught.value.error_id == "REQUEST_TIMEOUT"


# Waiting


def states(*statuses: str) -> list[Step]:
    return [answers(RUNNING | {"status": status}) for status in statuses]


@pytest.mark.parametrize(
    "end", ["success", "completed", "succeeded", "failed", "error", "cancelled", "canceled"]
)
def test_wait_ends_with_the_execution(on: On, serve: Serve, end: str) -> None:
    server = serve(*states("pending", "running", "something new", end))
    seen = list[Execution]()
    ended = on(server).executions.wait("e1", seen.append, interval=1)
    assert (ended["status"], ended.done) == (end, True)
    assert [state["status"] for state in seen] == ["pending", "running", "something new", end]


def test_wait_takes_what_stands_for_an_execution(on: On, serve: Serve) -> None:
    server = serve(answers({"executionId": "e1", "status": "running"}), answers(ENDED))
    api = on(server)
    started = api.webhooks.trigger("w1")
    targets: list[Any] = [started, started.to_dict() | {"id": "e1"}, "e1"]
    for target in targets:
        assert api.executions.wait(target, interval=1)["status"] == "success"
    looks = len(server.requests)
    assert api.executions.wait(Execution(**ENDED)).done
    assert len(server.requests) == looks


def test_wait_has_a_limit(on: On, serve: Serve) -> None:
    server = serve(answers(RUNNING))
    with pytest.raises(WaitTimeoutError, match="Execution e1 did not complete") as caught:
        on(server).executions.wait("e1", max_wait=5, interval=1)
    assert caught.value.response == RUNNING
    assert "executions.wait('e1')" in str(caught.value)


def test_wait_bears_passing_trouble(on: On, serve: Serve, hasty: None) -> None:
    server = serve(answers({}, 502), resets(), answers(RUNNING), answers(ENDED))
    assert on(server).executions.wait("e1", interval=1).done
    gone = serve(answers({"error": "No such execution."}, 404))
    with pytest.raises(NotFoundError):
        on(gone).executions.wait("e1")


def test_wait_gives_up_where_it_never_saw_anything(on: On, serve: Serve, hasty: None) -> None:
    with pytest.raises(NetworkError):
        on(serve(resets())).executions.wait("e1", interval=1)
    with pytest.raises(WaitTimeoutError, match="did not complete") as caught:
        on(serve(answers({}, 503))).executions.wait("e1", max_wait=3, interval=1)
    assert caught.value.response is None


# What is never shown


def test_credentials_are_shown_nowhere(on: On, serve: Serve) -> None:
    server = serve(
        answers({"id": "k1", "name": "CI", "key": "wfb_shown-once", "keyPrefix": "wfb_sh"}),
        answers({"id": "i1", "type": "slack", "config": {"token": "xoxb-secret"}}),
    )
    api = on(server)
    key = api.api_keys.create("CI")
    assert (key.key, key["key"]) == ("wfb_shown-once", "wfb_shown-once")
    integration = api.integrations.get("i1")
    assert integration.config == {"token": "xoxb-secret"}
    shown = f"{key} {key!r} {[key]} {integration} {integration!r}"
    shown += render(key) + render(integration)
    assert "shown-once" not in shown
    assert "xoxb" not in shown
    assert "wfb_sh" in shown
    assert "'token': '***'" in shown


def test_an_integration_says_whether_it_works() -> None:
    assert IntegrationTest(success=True).ok
    assert IntegrationTest(status="ok").ok
    assert not IntegrationTest(success=False, message="No.").ok
    assert not IntegrationTest(status="error").ok


def test_an_unfinished_answer_of_a_download_is_an_error(on: On, serve: Serve) -> None:
    cut = b"HTTP/1.1 200 OK\r\ncontent-type: application/zip\r\ncontent-length: 100\r\n\r\nPK"
    with pytest.raises(NetworkError):
        on(serve(sends(cut, then=lambda peer: peer.close()))).workflows.download("w1")


# What is generated comes line by line

LINES = b'{"op":"setName","name":"Posters"}\n\n{"op":"addNode","node":{"id":"n1"}}\r\n{"op":"done"}'
NDJSON = {"content-type": "application/x-ndjson"}


@pytest.mark.parametrize(
    "kind", ["application/x-ndjson", "application/jsonlines+json", "text/plain", "application/json"]
)
def test_generate_gives_operations_as_they_come(on: On, serve: Serve, kind: str) -> None:
    server = serve(answers(LINES, headers={"content-type": kind}))
    stream = on(server).ai.generate("Make posters")
    assert server.requests == []  # not before it is read
    operations = list(stream)
    assert [operation.op for operation in operations] == ["setName", "addNode", "done"]
    assert operations[1]["node"] == {"id": "n1"}
    [request] = server.requests
    assert (request.target, request.json) == ("/api/ai/generate", {"prompt": "Make posters"})
    assert "application/x-ndjson" in request.headers["accept"]
    assert request.headers["authorization"] == f"Bearer {WFB}"
    assert SK.encode() not in request.raw


def test_a_key_that_a_line_echoes_is_not_shown(on: On, serve: Serve) -> None:
    for key in (SK, WFB):
        line = json.dumps({"error": {"message": f"No {key}"}}).encode()
        with pytest.raises(SkytellsError) as caught:
            list(on(serve(answers(line, headers=NDJSON))).ai.generate("x"))
        assert key not in f"{caught.value!r} {vars(caught.value)}"


@pytest.mark.parametrize("prompt", ["", " ", None, 5])
def test_nothing_is_generated_from_nothing(on: On, serve: Serve, prompt: Any) -> None:
    with pytest.raises(InvalidRequestError, match="prompt"):
        on(serve(answers(LINES))).ai.generate(prompt)


def test_a_page_of_the_web_site_is_no_stream(on: On, serve: Serve) -> None:
    server = serve(answers(b"<html>", headers={"content-type": "text/html"}))
    with pytest.raises(SkytellsError):
        list(on(server).ai.generate("x"))
    refused = serve(answers({"error": "Unauthorized"}, 401))
    with pytest.raises(AuthenticationError, match="signed-in browser"):
        list(on(refused).ai.generate("x"))


# On the local platform, from end to end

HOOK: dict[str, Any] = {
    "id": "start",
    "type": "trigger",
    "data": {"config": {"triggerType": "Webhook"}},
}
STEP: dict[str, Any] = {"id": "draw", "type": "action", "data": {"label": "Draw"}}
EDGE: dict[str, Any] = {"id": "x", "source": "start", "target": "draw"}


def test_a_workflow_lives_and_dies(client: SkytellsClient) -> None:
    api = client.orchestrator
    workflow = api.workflows.create("Posters", nodes=[HOOK, STEP], edges=[EDGE])
    assert [w.id for w in api.workflows.list()] == [workflow.id]
    changed = api.workflows.update(workflow.id, name="Prints", visibility="public")
    assert (changed.name, changed.visibility) == ("Prints", "public")
    assert [node["id"] for node in api.workflows.get(workflow.id).nodes or []] == ["start", "draw"]
    assert "export async function run" in api.workflows.code(workflow.id)
    with zipfile.ZipFile(io.BytesIO(api.workflows.download(workflow.id))) as file:
        assert "workflow.ts" in file.namelist()
    copy = api.workflows.duplicate(workflow.id)
    assert (copy.id != workflow.id, copy.visibility) == (True, "private")
    api.workflows.delete(copy.id)
    with pytest.raises(NotFoundError):
        api.workflows.get(copy.id)


@pytest.mark.parametrize("variants", [(), ("execution-completed",)])
def test_a_trigger_is_seen_through_to_its_end(build: Build, variants: tuple[str, ...]) -> None:
    with skytells.local.serve(speed=1000.0, variants=variants) as platform:
        api = platform_client(build, platform).orchestrator
        workflow = api.workflows.create("Posters", nodes=[HOOK, STEP], edges=[EDGE])
        started = api.webhooks.trigger(workflow.id, {"title": "Jazz"})
        assert not started.done
        seen = list[Execution]()
        ended = api.executions.wait(started, seen.append, interval=1)
        assert (ended.status, ended.done) == (ExecutionStatus.SUCCESS, True)
        assert seen[-1].node_statuses is not None
        assert set(seen[-1].node_statuses) == {"start", "draw"}
        [latest] = api.executions.list(workflow.id)
        assert (latest.input, latest.id) == ({"title": "Jazz"}, started.id)
        assert latest.completed is not None
        assert latest.output
        logs = api.executions.logs(started.id)
        assert [(log.node_id, log.status) for log in logs] == [
            ("start", ExecutionStatus.SUCCESS),
            ("draw", ExecutionStatus.SUCCESS),
        ]
        api.executions.delete_all(workflow.id)
        assert api.executions.list(workflow.id) == []


def platform_client(build: Build, platform: LocalPlatform, **options: Any) -> SkytellsClient:
    both = {
        "base_url": platform.url,
        "orchestrator_key": platform.orchestrator_key,
        "orchestrator_base_url": platform.orchestrator_url,
    }
    return build(platform.key, **(both | options))


def test_a_workflow_that_fails_says_so(client: SkytellsClient, platform: LocalPlatform) -> None:
    api = client.orchestrator
    workflow = api.workflows.create("Posters", nodes=[HOOK, STEP], edges=[EDGE])
    platform.script(workflow.id, fails="No ink.")
    ended = api.executions.wait(api.webhooks.trigger(workflow.id), interval=1)
    assert ended.status == ExecutionStatus.FAILED
    assert api.executions.list(workflow.id)[0].error == "No ink."


def test_only_what_a_webhook_begins_can_be_triggered(client: SkytellsClient) -> None:
    workflow = client.orchestrator.workflows.create("By hand")
    with pytest.raises(InvalidRequestError):
        client.orchestrator.webhooks.trigger(workflow.id)


def test_what_is_generated_makes_a_workflow(client: SkytellsClient) -> None:
    api = client.orchestrator
    with api.ai.generate("Fetch the news, then post them") as stream:
        operations = list(stream)
    nodes = [operation["node"] for operation in operations if operation.op == "addNode"]
    edges = [operation["edge"] for operation in operations if operation.op == "addEdge"]
    assert len(api.workflows.create("News", nodes=nodes, edges=edges).nodes or []) == len(nodes) > 1


def test_integrations_keys_and_profile(client: SkytellsClient) -> None:
    api = client.orchestrator
    made = api.integrations.create("Team", "slack", {"token": "t"})
    assert [one.id for one in api.integrations.list("slack")] == [made.id]
    assert api.integrations.get(made.id).config == {"token": "t"}
    assert api.integrations.test(made.id).ok
    assert api.integrations.update(made.id, config={"token": ""}).config == {"token": ""}
    assert not api.integrations.test(made.id).ok
    api.integrations.delete(made.id)
    assert api.integrations.list() == []
    key = api.api_keys.create("CI")
    assert key.key is not None
    assert [one.key for one in api.api_keys.list()] == [None]
    other = client.with_options(orchestrator_key=key.key)
    assert other.orchestrator.user.update("Ann").name == "Ann"
    assert api.user.get().name == "Ann"


def test_a_key_may_open_triggers_alone(build: Build) -> None:
    with skytells.local.serve(speed=1000.0, variants=["session-only"]) as platform:
        api = platform_client(build, platform).orchestrator
        with pytest.raises(AuthenticationError, match="signed-in browser"):
            api.workflows.list()
        with pytest.raises(NotFoundError):
            api.webhooks.trigger("no-such-workflow")


def test_a_key_that_is_not_known_is_explained(build: Build) -> None:
    with skytells.local.serve(orchestrator_key="wfb_right") as platform:
        client = platform_client(build, platform, orchestrator_key="wfb_wrong")
        with pytest.raises(AuthenticationError, match="Check orchestrator_key") as caught:
            client.orchestrator.webhooks.trigger("w1")
        assert "wfb_wrong" not in f"{caught.value!r} {vars(caught.value)}"


@pytest.mark.parametrize("times", [1, 3])
def test_faults_of_the_orchestrator_are_borne_while_waiting(
    client: SkytellsClient, platform: LocalPlatform, hasty: None, times: int
) -> None:
    api = client.orchestrator
    workflow = api.workflows.create("Posters", nodes=[HOOK])
    started = api.webhooks.trigger(workflow.id)
    platform.fault(path="/api/workflows/executions/*", status=503, times=times)
    assert api.executions.wait(started, interval=1).done


@pytest.mark.parametrize("fault", [{"body": "garbage"}, {"body": "truncated"}, {"stream": "error"}])
def test_faults_in_a_stream_raise(
    client: SkytellsClient, platform: LocalPlatform, fault: dict[str, Any]
) -> None:
    platform.fault(path="/api/ai/generate", **fault)
    with pytest.raises(SkytellsError) as caught:
        list(client.orchestrator.ai.generate("Fetch the news, then post them"))
    assert caught.value.maybe_sent


@pytest.mark.parametrize(
    "answer",
    [
        [{"id": "k1", "key": "wfb_just-made-0123"}],
        b'{"id": "k1", "key": "wfb_just-made-0123"',
        {"success": False, "response": "Made wfb_just-made-0123, then failed."},
    ],
    ids=["a list", "cut short", "an error"],
)
def test_a_key_that_was_just_made_stands_in_no_error(on: On, serve: Serve, answer: object) -> None:
    server = serve(answers(answer))
    with pytest.raises(SkytellsError) as caught:
        on(server).api_keys.create("CI")
    error = caught.value
    assert "just-made" not in f"{error} {error!r} {error.details} {error.args}"
