"""Where the key comes from, and how it travels."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from skytells import AuthenticationError, ConfigurationError, SkytellsClient

from ..conftest import Build
from .conftest import Serve
from .steps import answers

KEY = "sk-do-not-show-me-0123456789"
P1 = {"id": "p1", "status": "succeeded"}


def stored(folder: Path, text: str, mode: int = 0o600) -> None:
    file = folder / "credentials.json"
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)


def sent(build: Build, serve: Serve, **options: Any) -> dict[str, str]:
    """The headers of a request."""
    server = serve(answers(P1))
    build(base_url=server.url, **options).predictions.get("p1")
    return server.requests[0].headers


def test_the_key_file_is_read_after_the_environment(
    build: Build, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKYTELLS_CONFIG_DIR", str(tmp_path))
    stored(tmp_path, f'{{"api_key": "{KEY}"}}')
    assert sent(build, serve)["x-api-key"] == KEY
    monkeypatch.setenv("SKYTELLS_API_KEY", "sk-of-the-environment")
    assert sent(build, serve)["x-api-key"] == "sk-of-the-environment"


def test_the_key_file_is_at_home_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SKYTELLS_CONFIG_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".config" / "skytells"
    folder.mkdir(parents=True)
    stored(folder, f'{{"api_key": "{KEY}"}}')
    client = SkytellsClient()
    assert "api_key=set" in repr(client)
    assert KEY.encode() not in pickle.dumps(client)


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        (f'{{"api_key": "{KEY}"}}', 0o644, "chmod 600"),
        ("not JSON", 0o600, "cannot be read"),
        ('{"api_key": "\'sk-x\'"}', 0o600, "quotation marks"),
    ],
)
def test_a_key_file_that_cannot_be_trusted_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, mode: int, said: str
) -> None:
    monkeypatch.setenv("SKYTELLS_CONFIG_DIR", str(tmp_path))
    stored(tmp_path, text, mode)
    with pytest.raises(ConfigurationError, match=said) as caught:
        SkytellsClient()
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("text", ["[]", "{}", '{"api_key": 7}'])
def test_a_key_file_without_a_key_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("SKYTELLS_CONFIG_DIR", str(tmp_path))
    stored(tmp_path, text)
    assert "not set" in repr(SkytellsClient())


def test_the_secrets_of_colab_are_read_last(
    build: Build, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets: dict[str, str] = {}

    class Userdata(ModuleType):
        def get(self, name: str) -> str:
            return secrets[name]

    userdata = Userdata("google.colab.userdata")
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    monkeypatch.setitem(sys.modules, "google.colab.userdata", userdata)
    assert "x-api-key" not in sent(build, serve)
    secrets["SKYTELLS_API_KEY"] = KEY
    assert sent(build, serve)["x-api-key"] == KEY


@pytest.mark.parametrize(
    "variable",
    ["SKYTELLS_ORCHESTRATOR_KEY", "SKYTELLS_ORCHESTRATOR_API_KEY", "ORCHESTRATOR_API_KEY"],
)
def test_the_orchestrators_key_has_several_names(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "wfb_0123456789")
    assert "orchestrator_key=set" in repr(SkytellsClient("sk-key"))


def test_a_function_gives_the_key_for_each_request(build: Build, serve: Serve) -> None:
    keys = iter(["sk-first", "sk-second"])
    server = serve(answers(P1), answers(P1))
    client = build(lambda: next(keys), base_url=server.url)
    for _ in range(2):
        client.predictions.get("p1")
    assert [request.headers["x-api-key"] for request in server.requests] == [
        "sk-first",
        "sk-second",
    ]


def test_a_key_that_a_function_gave_is_hidden_too(build: Build, serve: Serve) -> None:
    server = serve(answers({"error": {"message": f"{KEY} is not valid"}}, 401))
    client = build(lambda: KEY, base_url=server.url)
    with pytest.raises(AuthenticationError) as caught:
        client.predictions.get("p1")
    assert KEY not in f"{caught.value} {caught.value.details} {caught.value.response}"
    with pytest.raises(ConfigurationError, match="not pickled"):
        pickle.dumps(client)


@pytest.mark.parametrize("given", ["", "wfb_0123456789", 7, "sk_pat_0123456789", '"sk-quoted"'])
def test_what_a_function_gives_is_checked_before_it_is_sent(
    build: Build, serve: Serve, given: Any
) -> None:
    server = serve(answers(P1))
    client = build(lambda: given, base_url=server.url)
    with pytest.raises(ConfigurationError, match="api_key"):
        client.predictions.get("p1")
    assert server.requests == []


def test_an_async_function_gives_no_key(build: Build) -> None:
    async def key() -> str:
        return KEY

    with pytest.raises(ConfigurationError, match="async"):
        build(key)


@pytest.mark.parametrize("quoted", ['"sk-quoted"', "'sk-quoted'"])
def test_a_key_in_quotation_marks_is_refused(build: Build, quoted: str) -> None:
    with pytest.raises(ConfigurationError, match="quotation marks") as caught:
        build(quoted)
    assert "sk-quoted" not in str(caught.value)


@pytest.mark.parametrize(
    ("auth", "due"),
    [
        ("x-api-key", {"x-api-key": KEY}),
        ("bearer", {"authorization": f"Bearer {KEY}"}),
        ("both", {"x-api-key": KEY, "authorization": f"Bearer {KEY}"}),
    ],
)
def test_the_key_travels_as_the_server_wants_it(
    build: Build, serve: Serve, auth: str, due: dict[str, str]
) -> None:
    headers = sent(build, serve, api_key=KEY, auth=auth)
    names = {"x-api-key", "authorization"}
    assert {name: value for name, value in headers.items() if name in names} == due


def test_another_way_to_send_the_key_is_refused(build: Build) -> None:
    with pytest.raises(ConfigurationError, match="auth must be"):
        build(KEY, auth="basic")
