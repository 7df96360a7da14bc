"""Every example in a docstring of the package runs against the local platform."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import skytells
import skytells.local


def modules() -> Iterator[ModuleType]:
    """All modules of the package, but those that are commands."""
    yield skytells
    for found in pkgutil.walk_packages(skytells.__path__, "skytells."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def examples() -> list[doctest.DocTest]:
    """The docstrings that have examples."""
    finder = doctest.DocTestFinder()
    return [test for module in modules() for test in finder.find(module) if test.examples]


def run_example(test: doctest.DocTest, names: dict[str, Any]) -> str:
    """Run a docstring's examples; returns the report of what went wrong."""
    report: list[str] = []
    runner = doctest.DocTestRunner(verbose=False)
    # A module's own names win over the public ones: `Model` is another thing in skytells.local.
    globs = names | test.globs | {"client": names.get("client")}
    # A copy, so that what one run defines does not reach the next.
    copy = doctest.DocTest(
        test.examples, globs, test.name, test.filename, test.lineno, test.docstring
    )
    runner.run(copy, out=report.append)
    return "".join(report)


@pytest.fixture
def names(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What examples may use: every public name, a client, and an environment that has a key."""
    with skytells.local.serve(speed=100.0) as platform, platform.client() as client:
        monkeypatch.setenv("SKYTELLS_BASE_URL", platform.url)
        monkeypatch.setenv("SKYTELLS_API_KEY", platform.key)
        monkeypatch.setenv("SKYTELLS_ORCHESTRATOR_BASE_URL", platform.orchestrator_url)
        monkeypatch.setenv("SKYTELLS_ORCHESTRATOR_KEY", platform.orchestrator_key)
        yield {name: getattr(skytells, name) for name in skytells.__all__} | {"client": client}


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_the_examples_of_a_docstring_run(example: doctest.DocTest, names: dict[str, Any]) -> None:
    assert run_example(example, names) == ""


def test_the_verbs_of_the_client_have_examples() -> None:
    having = {example.name for example in examples()}
    client = "skytells.client.sync.SkytellsClient"
    assert {f"{client}.{verb}" for verb in ("run", "wait", "dispatch", "with_options")} <= having


def test_an_example_with_a_wrong_answer_is_reported() -> None:
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert "Expected:\n    3\nGot:\n    2" in run_example(wrong, {})


def test_an_example_that_raises_is_reported() -> None:
    raising = doctest.DocTestParser().get_doctest(">>> 1 / 0\n", {}, "raising", None, 0)
    assert "ZeroDivisionError" in run_example(raising, {})
