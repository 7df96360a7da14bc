"""In a real kernel: cells that run, that are interrupted, and the notebook among the examples."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

import skytells.local
from skytells.local import LocalPlatform

from .support import Page

EXAMPLE = Path(__file__).parents[2] / "examples" / "notebook.ipynb"
SETUP = """
from skytells import AsyncSkytellsClient, SkytellsClient
client, async_client = SkytellsClient(), AsyncSkytellsClient()
"""
CAT = "'flux-pro', {'prompt': 'A cat'}"


@dataclass
class Cell:
    """What a cell has put out."""

    outputs: list[Any] = field(default_factory=list[Any])

    def data(self, kind: str) -> list[dict[str, str]]:
        """The data of all outputs of a kind, in order."""
        return [content["data"] for sort, content in self.outputs if sort == kind]

    @property
    def error(self) -> str:
        """The traceback that the user reads; empty where there is none."""
        return "\n".join(
            line
            for sort, content in self.outputs
            if sort == "error"
            for line in content["traceback"]
        )

    @property
    def result(self) -> dict[str, str]:
        """The data of the cell's last line."""
        assert not self.error, self.error
        return self.data("execute_result")[0]


class Run(Protocol):
    def __call__(self, code: str, interrupt: Callable[[Any], bool] = ...) -> Cell: ...


@pytest.fixture(scope="module")
def served() -> Iterator[LocalPlatform]:
    with skytells.local.serve(speed=100.0) as platform:
        yield platform


@pytest.fixture(scope="module")
def kernel(served: LocalPlatform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs cells in one kernel; `interrupt` is asked, output by output, whether to do that now."""
    home = str(tmp_path_factory.mktemp("home"))
    manager: Any = KernelManager(kernel_name="python3")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(name, home)
        patch.setenv("SKYTELLS_API_KEY", served.key)
        patch.setenv("SKYTELLS_BASE_URL", served.url)
        manager.start_kernel()
    channels = manager.client()
    channels.start_channels()
    channels.wait_for_ready(timeout=120)

    def run(code: str, interrupt: Callable[[Any], bool] = lambda content: False) -> Cell:
        asked, cell, interrupted = channels.execute(code), Cell(), False
        while True:
            message = channels.get_iopub_msg(timeout=120)
            if message["parent_header"].get("msg_id") != asked:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return cell
            if kind not in {"status", "execute_input"}:
                cell.outputs.append((kind, content))
                if not interrupted and interrupt(content):
                    interrupted = True
                    manager.interrupt_kernel()

    assert not run(SETUP).error
    try:
        yield run
    finally:
        channels.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


def test_the_sync_client_works_inside_a_running_loop(kernel: Run) -> None:
    cell = kernel(f"import asyncio; asyncio.get_running_loop(); client.run({CAT})")
    assert "Prediction(id=" in cell.result["text/plain"]
    assert len(Page(cell.result["text/html"]).all("img")) == 1


def test_the_async_client_works_with_await_at_the_top_level(kernel: Run) -> None:
    cell = kernel(
        f"prediction = await async_client.run({CAT}); await prediction.show(); prediction"
    )
    [shown] = cell.data("display_data")
    assert Page(shown["text/html"]).all("img")
    assert cell.result["text/html"] == shown["text/html"]


@pytest.mark.parametrize("call", ["client.run", "await async_client.run"])
def test_a_handle_as_the_last_line_is_a_picture_in_either_colour(kernel: Run, call: str) -> None:
    result = kernel(f"prediction = {call}({CAT})\nprediction").result
    assert len(Page(result["text/html"]).all("img")) == 1
    assert "Prediction(id=" in result["text/plain"]


@pytest.mark.parametrize("call", ["client", "await async_client"])
def test_a_page_as_the_last_line_is_a_table_in_either_colour(kernel: Run, call: str) -> None:
    id = kernel("client.predictions.create(model='flux-pro', input={'prompt': 'A cat'}).id")
    result = kernel(f"{call}.predictions.list(per_page=5)").result
    page = Page(result["text/html"])
    assert page.texts("th")[:4] == ["Status", "Model", "Prompt", "Output"]
    assert page.rows()[0][-1] in id.result["text/plain"]
    assert not page.all("img")
    assert kernel(f"{call}.models.list()").result["text/html"].count("<tr>") > 10


def test_a_list_of_models_is_a_table_and_stays_a_list(kernel: Run) -> None:
    result = kernel("client.models.list()").result
    assert len(Page(result["text/html"]).rows()) > 10
    assert result["text/plain"].startswith("[Model(")


@pytest.mark.parametrize("call", ["client.run", "await async_client.run"])
def test_progress_is_one_bar_that_is_drawn_anew(kernel: Run, call: str) -> None:
    cell = kernel(f"prediction = {call}({CAT}, progress=True)")
    assert not cell.error
    [first], updates = cell.data("display_data"), cell.data("update_display_data")
    assert first["text/plain"] == "sent"
    assert updates[-1]["text/plain"].endswith("succeeded 100%")
    assert Page(updates[-1]["text/html"]).all("span", "fill")[0].attributes["style"] == "width:100%"


def test_progress_leaves_nothing_of_what_had_ended(kernel: Run) -> None:
    kernel(f"ended = client.run({CAT})")
    cell = kernel("client.wait(ended, progress=True).done")
    assert not cell.error
    assert cell.data("update_display_data") == [{"text/plain": "", "text/html": ""}]


@pytest.mark.parametrize(
    ("call", "again"),
    [("client.run", "client.wait"), ("await async_client.run", "await async_client.wait")],
)
def test_an_interrupted_cell_names_its_job_and_the_client_goes_on(
    kernel: Run, served: LocalPlatform, call: str, again: str
) -> None:
    served.script("flux-edge", seconds=1_000_000)
    cell = kernel(
        f"{call}('flux-edge', {{'prompt': 'A cat'}}, progress=True)",
        lambda content: "pending" in content.get("data", {}).get("text/plain", ""),
    )
    id = served.predictions[0]["id"]
    assert f"Prediction {id} may still be running: client.wait('{id}')" in cell.error
    stopped = kernel(f"client.cancel_prediction('{id}'); str(({again}('{id}')).status)")
    assert stopped.result["text/plain"] == "'cancelled'"


def test_an_interrupt_while_no_id_is_known_says_how_to_look(
    kernel: Run, served: LocalPlatform
) -> None:
    served.script("flux-edge", seconds=1_000_000)
    cell = kernel(
        "print('asked', flush=True)\nclient.run('flux-edge', {'prompt': 'A dog'})",
        lambda content: _arrived(served, "A dog"),
    )
    assert "find_unconfirmed(exception.unconfirmed)" in cell.error
    found = kernel(
        "import sys; [p.input for p in "
        "client.predictions.find_unconfirmed(sys.last_value.unconfirmed)]"
    )
    assert found.result["text/plain"] == "[{'prompt': 'A dog'}]"


def _arrived(served: LocalPlatform, prompt: str) -> bool:
    """Waits until the platform has a prediction with this prompt."""
    while not any(p["input"].get("prompt") == prompt for p in served.predictions):
        time.sleep(0.01)
    return True


# --- The notebook among the examples ------------------------------------------------------------


def test_the_example_notebook_is_kept_without_outputs() -> None:
    cells = json.loads(EXAMPLE.read_text(encoding="utf-8"))["cells"]
    assert [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []


def test_the_example_notebook_runs_and_shows_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    # Without types of its own.
    notebook: Any = import_module("nbformat").read(EXAMPLE, as_version=4)
    NotebookClient(notebook, timeout=240, kernel_name="python3").execute(cwd=str(tmp_path))
    html = [
        Page(output["data"]["text/html"])
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "text/html" in output.get("data", {})
    ]
    counts = {name: sum(len(page.all(name)) for page in html) for name in ("img", "video", "audio")}
    assert counts == {"img": 1 + 4 + 2, "video": 1, "audio": 1}
    assert sum(len(page.all("table")) for page in html) == 2
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert {output["output_type"] for output in outputs} == {"display_data", "execute_result"}
