"""The pytest plugin, as a project that installed the package sees it: in a pytest of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import TypeAlias

import pytest

PLUGIN = "skytells.pytest_plugin"
# An installed entry point loads the plugin by itself, and refuses to be given it once more.
INSTALLED = any(point.value == PLUGIN for point in entry_points(group="pytest11"))

OPTIONS = """\
[pytest]
addopts = --strict-markers -p no:cacheprovider
filterwarnings = error
"""

Run: TypeAlias = Callable[..., str]


@pytest.fixture
def project(tmp_path: Path) -> Run:
    """Runs pytest on a project of one test file; returns its report, of which the end is a line."""
    (tmp_path / "pytest.ini").write_text(OPTIONS)

    def run(code: str, *options: str) -> str:
        (tmp_path / "test_app.py").write_text(code)
        plugin = [] if INSTALLED else ["-p", PLUGIN]
        if "no:asyncio" not in options:
            plugin += ["-o", "asyncio_default_fixture_loop_scope=function"]
        command = [sys.executable, "-m", "pytest", "-q", *plugin, *options]
        result = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240
        )
        return result.stdout + result.stderr

    return run


def passed(report: str, number: int) -> bool:
    return f"{number} passed in" in report.splitlines()[-1]


RUNS = """
async def test_it_runs(async_skytells_client, skytells_local):
    prediction = await async_skytells_client.run("flux-pro", {"prompt": "a fox"})
    assert prediction.status == "succeeded"
    assert skytells_local.predictions[0]["id"] == prediction.id
"""


def test_the_fixtures_serve_a_sync_test(project: Run) -> None:
    code = """
def test_it_runs(skytells_client, skytells_local):
    prediction = skytells_client.run("flux-pro", {"prompt": "a fox"})
    assert skytells_local.predictions[0]["id"] == prediction.id
"""
    assert passed(project(code), 1)


@pytest.mark.parametrize("scope", ["function", "session"])
def test_the_async_client_works_under_pytest_asyncio(project: Run, scope: str) -> None:
    mark = f"import pytest\npytestmark = pytest.mark.asyncio(loop_scope={scope!r})\n"
    assert passed(project(mark + RUNS + RUNS.replace("test_it", "test_and")), 2)


def test_the_async_client_works_where_pytest_asyncio_takes_every_test(project: Run) -> None:
    assert passed(project(RUNS, "-o", "asyncio_mode=auto"), 1)


def test_the_async_client_works_under_anyio(project: Run) -> None:
    code = """
import pytest
pytestmark = pytest.mark.anyio

@pytest.fixture
def anyio_backend():
    return "asyncio"
"""
    assert passed(project(code + RUNS, "-p", "no:asyncio"), 1)


def test_each_worker_of_xdist_has_platforms_of_its_own(project: Run) -> None:
    pytest.importorskip("xdist")
    code = """
import pytest

@pytest.mark.parametrize("number", range(6))
def test_it_is_alone(skytells_client, skytells_local, number):
    skytells_client.run("flux-pro", {"prompt": str(number)})
    assert [p["input"]["prompt"] for p in skytells_local.predictions] == [str(number)]
"""
    assert passed(project(code, "-n", "2"), 6)


def test_the_marker_configures_the_platform_and_the_closest_wins(project: Run) -> None:
    code = """
import pytest
pytestmark = pytest.mark.skytells_local(speed=0, key="sk-module")

@pytest.mark.skytells_local(key="sk-test")
def test_it(skytells_client, skytells_local):
    assert skytells_local.key == "sk-test"
    waiting = skytells_client.predictions.create(model="flux-pro", input={"prompt": "a fox"})
    skytells_local.advance(3600)
    assert not waiting.done
    assert skytells_client.predictions.get(waiting.id).done
"""
    assert passed(project(code), 1)


@pytest.mark.parametrize(("arguments", "told"), [("sped=1", "sped"), ("1.0", "keywords only")])
def test_a_wrong_marker_is_an_error_that_names_the_culprit(
    project: Run, arguments: str, told: str
) -> None:
    report = project(f"""
import pytest

@pytest.mark.skytells_local({arguments})
def test_it(skytells_local): ...
""")
    assert told in report
    assert "1 error" in report.splitlines()[-1]


def test_the_plugin_sets_nothing_global(project: Run) -> None:
    code = """
import os

def test_it(request):
    before = dict(os.environ)
    request.getfixturevalue("skytells_client")
    assert {k: v for k, v in os.environ.items() if before.get(k) != v} == {}
"""
    assert passed(project(code), 1)


def test_the_plugin_loads_nothing_until_it_is_used(project: Run) -> None:
    code = """
import sys

def test_it():
    assert "skytells.pytest_plugin" in sys.modules
    assert not {"skytells.local", "skytells.client", "pydantic", "starlette"} & set(sys.modules)
"""
    assert passed(project(code), 1)


def test_a_missing_extra_fails_the_test_with_what_to_install(project: Run) -> None:
    code = """
import sys
sys.modules["starlette.applications"] = None

def test_it(skytells_local): ...
"""
    report = project(code)
    assert 'pip install "skytells[local]"' in report
    assert "Traceback" not in report


def test_the_marker_and_the_fixtures_explain_themselves(project: Run) -> None:
    assert "@pytest.mark.skytells_local(**options)" in project("", "--markers")
    report = project("", "--fixtures")
    assert "skytells_local" in report
    assert "An async client of the test's local platform" in report


def test_the_tests_of_the_documentation_pass(project: Run) -> None:
    page = (Path(__file__).parents[1] / "docs" / "testing.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE))
    report = project(code)
    assert passed(report, len(re.findall(r"^\s*(?:async )?def test_", code, re.MULTILINE))), report
