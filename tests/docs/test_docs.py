"""Every Python block of README.md and docs/ runs against the local platform.

The blocks of a page share one namespace, in order; a block may `await` at its top level, as in a
notebook. A traceback shows the page and the line.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import skytells.errors
import skytells.local
from skytells.local import LocalPlatform

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]

_FENCE = re.compile(
    r"^(?P<indent>[ ]*)```(?P<info>[^\n`]*)\n(?P<code>.*?)^(?P=indent)```[ ]*$",
    re.MULTILINE | re.DOTALL,
)
_LINK = re.compile(r"\]\((?!https?:|#)(?P<file>[^)#\s]+)(?:#[^)]*)?\)")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, and the line on which its code begins."""

    info: str
    code: str
    line: int


def blocks_of(text: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [
        Block(
            found["info"].strip(),
            textwrap.dedent(found["code"]),
            text.count("\n", 0, found.start("code")) + 1,
        )
        for found in _FENCE.finditer(text)
    ]


def python_of(text: str) -> list[Block]:
    """The Python blocks of a page; a fence that nearly says so is refused."""
    blocks = blocks_of(text)
    odd = [b for b in blocks if b.info.lower().startswith("py") and b.info != "python"]
    assert not odd, (
        f"line {odd[0].line}: a block is ```python, or another language; {odd[0].info!r}"
    )
    return [b for b in blocks if b.info == "python"]


def run_page(text: str, name: str) -> dict[str, Any]:
    """Run the Python blocks of a page and return their namespace."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    with asyncio.Runner() as runner:
        for block in python_of(text):
            code = compile(
                "\n" * (block.line - 1) + block.code,
                name,
                "exec",
                flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
                dont_inherit=True,
            )
            if code.co_flags & inspect.CO_COROUTINE:
                runner.run(eval(code, namespace))
            else:
                exec(code, namespace)
    return namespace


@pytest.fixture(autouse=True)
def served(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalPlatform]:
    """A local platform to which the environment points, so that `SkytellsClient()` finds it."""
    with skytells.local.serve(speed=100.0) as platform:
        monkeypatch.setenv("SKYTELLS_BASE_URL", platform.url)
        monkeypatch.setenv("SKYTELLS_API_KEY", platform.key)
        monkeypatch.setenv("SKYTELLS_ORCHESTRATOR_BASE_URL", platform.orchestrator_url)
        monkeypatch.setenv("SKYTELLS_ORCHESTRATOR_KEY", platform.orchestrator_key)
        yield platform


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_python_blocks_of_a_page_run(page: Path) -> None:
    run_page(page.read_text(encoding="utf-8"), str(page))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_links_of_a_page_lead_to_files(page: Path) -> None:
    links = [found["file"] for found in _LINK.finditer(page.read_text(encoding="utf-8"))]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_and_the_guides_have_python_blocks() -> None:
    having = {p.stem for p in PAGES if python_of(p.read_text(encoding="utf-8"))}
    guides = {"quickstart", "async", "waiting", "errors", "records", "configuration", "migration"}
    assert {"README", "index", "architecture", *guides} <= having


def test_the_reference_page_has_every_public_name() -> None:
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^::: skytells\.|- )(\w+)$", page, re.MULTILINE))
    from_errors = {name for name in skytells.__all__ if name in vars(skytells.errors)}
    assert set(skytells.__all__) - named - from_errors == {"__version__"}


def test_the_errors_page_has_every_class_and_every_id() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    classes = {c.__name__ for c in vars(skytells.errors).values() if _is_error(c)}
    assert classes - {"SkytellsError"} <= rows
    told = {
        name
        for row in re.findall(r"^\| (`[A-Z_]+`(?:, `[A-Z_]+`)*) \|", page, re.MULTILINE)
        for name in row.replace("`", "").split(", ")
    }
    assert told == set(skytells.ApiErrorId)


def _is_error(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, skytells.SkytellsError)


def test_the_readme_begins_with_the_two_commands() -> None:
    first = blocks_of((ROOT / "README.md").read_text(encoding="utf-8"))[0]
    assert [line.split("#")[0].strip() for line in first.code.splitlines()] == [
        "make demo",
        "make test",
    ]


def test_a_block_that_raises_fails_with_the_line_of_its_page() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        run_page("A page.\n\n```python\nx = 0\n```\n\nand\n\n```python\n1 / x\n```\n", "page.md")
    assert caught.traceback[-1].lineno == 9  # counted from 0


def test_a_block_may_await_at_its_top_level() -> None:
    page = "```python\nimport asyncio\nx = await asyncio.sleep(0, 42)\n```\n```python\ny = x\n```\n"
    assert run_page(page, "page.md")["y"] == 42


def test_a_block_inside_a_list_or_a_tab_runs() -> None:
    assert run_page("- so:\n\n    ```python\n    x = 1\n    ```\n", "page.md")["x"] == 1


def test_a_fence_that_nearly_says_python_is_refused() -> None:
    with pytest.raises(AssertionError, match="line 2"):
        python_of("```python no-run\nx\n```\n")


def test_the_blocks_find_the_local_platform(served: LocalPlatform) -> None:
    page = "```python\nfrom skytells import SkytellsClient\nc = SkytellsClient('sk-mine')\n```\n"
    assert run_page(page, "page.md")["c"].base_url == served.url
