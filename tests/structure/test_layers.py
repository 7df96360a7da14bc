"""Imports point down, without a circle; the wire and async code stay where they belong.

Every import statement counts: those under TYPE_CHECKING and those inside functions too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import skytells

PACKAGE = Path(skytells.__file__).parent

# A line may import the lines above it, and what stands beside it on its own line may not be imported.
# docs/architecture.md draws the same.
LAYERS = [
    ["errors", "_version"],
    ["_data"],
    ["types"],
    ["budget"],
    ["_core"],
    ["_http"],
    ["transports"],
    ["pagination", "streaming", "outputs", "webhooks"],
    ["_inference"],
    ["chat", "embeddings", "models", "orchestrator", "predictions", "responses", "safety"],
    ["client"],
    ["skytells"],
    ["local"],
    ["cli", "fastapi", "notebook", "pytest_plugin"],
    ["__main__"],
]
RANK = {unit: rank for rank, line in enumerate(LAYERS) for unit in line}

WIRE = {"httpx", "httpcore"}
# Where code waits: the drivers and the shells, and what they iterate.
MAY_AWAIT = {
    *("_http", "client", "pagination", "transports"),
    *("_core.async_driver", "_core.protocols", "outputs.reading", "streaming.stream"),
    *("webhooks.handler", "predictions.handle", "predictions.wait_all"),
}
TOOLS = {"local", "cli", "fastapi", "notebook", "pytest_plugin", "__main__"}


def name_of(path: Path) -> str:
    parts = ["skytells", *path.relative_to(PACKAGE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def unit_of(module: str) -> str:
    """The package or root module that a module belongs to."""
    return module.split(".")[1] if "." in module else module


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(FILES[module].read_text(encoding="utf-8"))


def imported(module: str) -> Iterator[str]:
    """The absolute names that a module imports, with the names that it takes from modules."""
    package = module if FILES[module].name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")
            base = parents[: len(parents) - node.level + 1] if node.level else []
            home = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{home}.{alias.name}" for alias in node.names)


@cache
def targets(module: str) -> frozenset[str]:
    """The modules of this package that a module imports."""
    found: set[str] = set()
    for name in imported(module):
        known = name if name in FILES else name.rpartition(".")[0]
        if known in FILES:
            found.add(known)
    return frozenset(found - {module})


@pytest.mark.parametrize("module", FILES)
def test_imports_point_down(module: str) -> None:
    unit = unit_of(module)
    wrong = {
        target
        for target in targets(module)
        if unit_of(target) != unit and RANK[unit_of(target)] >= RANK[unit]
    }
    assert not wrong, f"{module} imports {sorted(wrong)}: not below it"


def test_every_module_has_its_layer() -> None:
    assert {unit_of(module) for module in FILES} | {"_http"} == set(RANK)


def test_the_documentation_draws_the_same_layers() -> None:
    page = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    [drawing] = re.findall(r"## The layers\n.*?```text\n(.*?)```", page, re.DOTALL)
    drawn = [set(re.split(r" {6,}", line)[0].split()) for line in drawing.splitlines()]
    own = {"_version", "__main__"}
    expected = [set(line) - own for line in reversed(LAYERS)]
    assert [{unit.partition("/")[0] for unit in line} for line in drawn] == [
        e for e in expected if e
    ]


def test_no_module_imports_itself_in_a_circle() -> None:
    below: dict[str, set[str]] = {m: set(targets(m)) for m in FILES}
    while free := {m for m, wants in below.items() if not wants & below.keys()}:
        below = {m: wants for m, wants in below.items() if m not in free}
    assert not below, f"in a circle, or above one: {sorted(below)}"


@pytest.mark.parametrize("module", [m for m in FILES if unit_of(m) not in TOOLS])
def test_only_the_transport_knows_httpx(module: str) -> None:
    wire = {name for name in imported(module) if name.split(".")[0] in WIRE}
    # For its annotation, a client names the type of `http_client=`.
    typed = unit_of(module) == "client" and wire <= {"httpx"}
    assert unit_of(module) == "_http" or typed or not wire


@pytest.mark.parametrize("module", [m for m in FILES if unit_of(m) not in TOOLS])
def test_only_drivers_and_shells_await(module: str) -> None:
    waits = any(isinstance(n, ast.AsyncFunctionDef | ast.Await) for n in ast.walk(tree_of(module)))
    name = module.removeprefix("skytells.")
    allowed = unit_of(module) in MAY_AWAIT or name in MAY_AWAIT
    assert not waits or allowed or name.endswith((".api", ".stream"))


@pytest.mark.parametrize("module", [m for m in FILES if unit_of(m) in {"_data", "_core"}])
def test_the_core_opens_nothing(module: str) -> None:
    names = {name.split(".")[0] for name in imported(module)}
    assert not names & {"socket", "ssl", "http", "urllib3"}
    assert "asyncio" not in names or module == "skytells._core.async_driver"
