"""Clients of others drive the local platform over HTTP, in environments without this package.

`make test-peers` creates the environments and runs these tests; without them they fail.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import skytells.local
from skytells.local import LocalPlatform

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PEERS = ROOT / ".venv-peers"

PREDICTION_ROUTES = {
    "POST /v1/predict",
    "GET /v1/predictions/{id}",
    "GET /v1/predictions/{id}/stream",
    "POST /v1/predictions/{id}/cancel",
    "DELETE /v1/predictions/{id}/delete",
    "GET /v1/models",
}

INFERENCE_ROUTES = {
    "POST /v1/chat/completions",
    "POST /v1/responses",
    "POST /v1/embeddings",
}

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

pytestmark = [pytest.mark.peers, pytest.mark.timeout(120)]


@pytest.fixture
def platform() -> Iterator[LocalPlatform]:
    """A platform as the scripts expect it: it takes one key, fails one model and slows another."""
    with skytells.local.serve(speed=20.0, key="sk-peer") as running:
        running.script("truefusion-pro", fails="NSFW content detected.", seconds=2.0)
        running.script("veo-3.1-fast", seconds=150.0)
        yield running


def test_the_published_python_package(platform: LocalPlatform) -> None:
    drive_with_python(platform, "published")
    assert routes_used(platform) >= {
        *PREDICTION_ROUTES,
        "GET /v1/predictions",
        "GET /v1/model/flux-edge",
    }


def test_the_typescript_package(platform: LocalPlatform) -> None:
    drive_with_node(platform, "typescript", "skytells")
    assert routes_used(platform) >= PREDICTION_ROUTES


def test_the_openai_package(platform: LocalPlatform) -> None:
    drive_with_python(platform, "openai", "python")
    assert routes_used(platform) >= {
        *INFERENCE_ROUTES,
        "POST /v1/predictions",
        "GET /v1/predictions/{id}",
        "DELETE /v1/predictions/{id}",
        "GET /v1/models",
        "GET /v1/models/gpt-5",
    }


@pytest.mark.parametrize("peer", ["langchain", "openai_agents", "pydantic_ai", "smolagents"])
def test_packages_for_agents(platform: LocalPlatform, peer: str) -> None:
    drive_with_python(platform, peer, "python")
    assert "POST /v1/chat/completions" in routes_used(platform)


def test_instructor(platform: LocalPlatform) -> None:
    drive_with_python(platform, "instructor")
    assert routes_used(platform) == {"POST /v1/chat/completions", "POST /v1/responses"}


def test_the_openai_package_for_node(platform: LocalPlatform) -> None:
    drive_with_node(platform, "openai_node", "openai")
    assert routes_used(platform) >= INFERENCE_ROUTES


def test_the_ai_sdk(platform: LocalPlatform) -> None:
    drive_with_node(platform, "ai_sdk", "@ai-sdk/openai")
    assert routes_used(platform) == INFERENCE_ROUTES


def drive_with_python(platform: LocalPlatform, peer: str, shared: str | None = None) -> None:
    """Run a peer's script with the Python of its environment, or of one that several share."""
    folder = environment(shared or peer, "bin/python")
    drive(platform, ["bin/python", "-I", str(HERE / f"drive_{peer}.py")], folder)


def drive_with_node(platform: LocalPlatform, peer: str, package: str) -> None:
    """Run a peer's script with Node, in the folder that has its package."""
    folder = environment(peer, f"node_modules/{package}")
    # A module on standard input finds its packages in the working directory.
    script = (HERE / f"drive_{peer}.mjs").read_text(encoding="utf-8")
    drive(platform, ["node", "--input-type=module"], folder, script)


def environment(peer: str, needed: str) -> Path:
    """The folder of a peer's environment."""
    folder = PEERS / peer
    if not (folder / needed).exists():
        pytest.fail(f"{folder.relative_to(ROOT)} is not set up: run `make test-peers`")
    return folder


def drive(platform: LocalPlatform, command: list[str], folder: Path, script: str = "") -> None:
    """Run a command in a folder; its output is shown if it fails."""
    variables = {**os.environ, "SKYTELLS_BASE_URL": platform.url, "SKYTELLS_API_KEY": platform.key}
    done = subprocess.run(
        command,
        input=script,
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, f"{folder.name}: see what it printed"


def routes_used(platform: LocalPlatform) -> set[str]:
    """The routes that were called, such as `GET /v1/predictions/{id}`."""
    return {f"{request.method} {_ID.sub('{id}', request.path)}" for request in platform.requests}
