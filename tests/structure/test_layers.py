"""Imports point down only; the wire and colour stay where they belong."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import skytells

PACKAGE = Path(skytells.__file__).parent
TOOLS = {"local", "cli", "fastapi", "pytest_plugin", "__main__"}
# What a notebook asks for is loaded when it does, whoever has to show himself.
LAZY = {"notebook", "_progress"}

# Each module may import what stands on a lower line, and its own line's earlier part.
LAYERS = [
    ["_version", "_lazy", "errors"],
    ["_checks", "_json"],
    ["_wire", "_reading", "_record", "_markup", "_schema", "_validation", "_inputs"],
    ["types"],
    ["_history", "_catalogue", "budget"],
    ["_flow", "_replies", "_retry"],
    ["_surfaces", "_environment", "_network", "_failures"],
    ["_config"],
    ["_exchange", "_pool", "_bodies", "outputs"],
    ["notebook"],
    ["_progress"],
    ["transports", "_transport", "pagination", "models", "webhooks"],
    ["predictions", "streaming", "_metering"],
    ["prediction", "orchestrator", "_base", "_images", "_inference"],
    ["chat", "responses", "embeddings"],
    ["safety"],
    ["client"],
    ["__init__"],
]
RANK = {module: rank for rank, line in enumerate(LAYERS) for module in line}

WIRE = {"httpx", "httpcore"}
KNOWS_THE_WIRE = {"transports", "_transport", "_bodies", "_pool", "_network", "_environment"}
COLOURED = {
    "transports",
    "_transport",
    "_bodies",
    "_pool",
    "_network",
    "client",
    "pagination",
    "predictions",
    "models",
    "outputs",
    "prediction",
    "webhooks",
    "orchestrator",
    "streaming",
    "chat",
    "responses",
    "safety",
    "embeddings",
}


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def sources() -> list[Path]:
    return [path for path in PACKAGE.rglob("*.py") if module_of(path) not in TOOLS]


def imports(path: Path, *, run_time: bool = True) -> set[str]:
    """Top-level names of what a file imports: of the package without its name, else with it."""
    depth = len(path.relative_to(PACKAGE).parts)
    found: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hidden = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    late = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if run_time and id(node) in hidden:
            continue
        if isinstance(node, ast.ImportFrom) and id(node) in late and node.module in LAZY:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            name = (node.module or "").split(".")[0]
            if node.level == 0 or node.level == depth:
                found |= {name} if name else {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_is_below_it(path: Path) -> None:
    module = module_of(path)
    above = {name for name in imports(path) if name in RANK and RANK[name] > RANK[module]} - {
        module
    }
    assert not above, f"{module} imports {sorted(above)}, which stand above it"
    assert not imports(path) & TOOLS


def test_every_module_has_its_layer() -> None:
    assert {module_of(path) for path in sources()} == set(RANK)


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_transport_knows_httpx(path: Path) -> None:
    if module_of(path) not in KNOWS_THE_WIRE:
        assert not imports(path) & WIRE


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_shells_and_transport_are_coloured(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    coloured = any(isinstance(node, ast.AsyncFunctionDef | ast.Await) for node in ast.walk(tree))
    flows = path.name in {"flows.py", "calls.py"}
    assert not coloured or (module_of(path) in COLOURED and not flows)


def test_the_package_has_no_cycle() -> None:
    """A module of a line may not import one of its own line that imports it."""
    edges = {module: set[str]() for module in RANK}
    for path in sources():
        edges[module_of(path)] |= imports(path) & set(RANK) - {module_of(path)}
    for module, targets in edges.items():
        assert not [t for t in targets if module in edges[t]], module
