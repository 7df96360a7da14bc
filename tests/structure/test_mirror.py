"""Each async shell is its sync twin plus `await`: compared as syntax trees, so they cannot drift."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from typing import Any

import pytest

from skytells import (
    AsyncChatAPI,
    AsyncModelsAPI,
    AsyncPrediction,
    AsyncPredictionsAPI,
    AsyncSkytellsClient,
    ChatAPI,
    ModelsAPI,
    Prediction,
    PredictionsAPI,
    SkytellsClient,
    orchestrator,
)
from skytells._core.async_driver import AsyncDriver
from skytells._core.driver import Driver
from skytells.chat import (
    AsyncChatStream,
    AsyncCompletionsAPI,
    ChatStream,
    CompletionsAPI,
)
from skytells.embeddings.api import AsyncEmbeddingsAPI, EmbeddingsAPI
from skytells.predictions.stream import AsyncPredictionStream, PredictionStream
from skytells.responses.api import AsyncResponsesAPI, ResponsesAPI
from skytells.responses.stream import AsyncResponseStream, ResponseStream
from skytells.safety import AsyncSafetyAPI, SafetyAPI
from skytells.streaming import AsyncStream, Stream

PAIRS: list[tuple[type[Any], type[Any]]] = [
    (PredictionsAPI, AsyncPredictionsAPI),
    (ModelsAPI, AsyncModelsAPI),
    (Prediction, AsyncPrediction),
    (SkytellsClient, AsyncSkytellsClient),
    (Driver, AsyncDriver),
    *(
        (getattr(orchestrator, name), getattr(orchestrator, f"Async{name}"))
        for name in orchestrator.__all__
        if name.endswith("API") and not name.startswith("Async")
    ),
    (SafetyAPI, AsyncSafetyAPI),
    (Stream, AsyncStream),
    (ChatStream, AsyncChatStream),
    (ChatAPI, AsyncChatAPI),
    (CompletionsAPI, AsyncCompletionsAPI),
    (ResponsesAPI, AsyncResponsesAPI),
    (ResponseStream, AsyncResponseStream),
    (PredictionStream, AsyncPredictionStream),
    (EmbeddingsAPI, AsyncEmbeddingsAPI),
]
# What differs by more than colour: how effects are performed, how a client ends, what iterates.
OWN = {
    *("_give", "_together", "close", "aclose", "__init__"),
    *("__enter__", "__exit__", "__aenter__", "__aexit__"),
    *("__iter__", "__aiter__", "__next__", "__anext__", "_items", "_all", "text"),
    *("_repr_html_", "_preview"),
}
TWINS = "|".join(
    [
        *(sync.__name__ for sync, _ in PAIRS),
        *("OpenBody", "Pager", "Completed", "OutputReader", "EngineProtocol"),
    ]
)
# What waits: a call of these is awaited in the twin, and what holds an `await` is `async`.
RULES = [
    (r"\bSyncEngine\b", "AsyncEngine"),
    (r"\bhttpx\.Client\b", "httpx.AsyncClient"),
    (rf"\b({TWINS})\b", r"Async\1"),
    (r"\bself\._all\(\)", r"await self._all()"),
    (r"(?<=return )(self\.stream\(.*\)\.open\(\))", r"await \1"),
    (r"\bself\._client\.(perform|wait|predictions\.(?:save|bytes|preview))\(", r"await self._client.\1("),
    (r"\bprediction\.save\(", "await prediction.save("),
    (r"(?<!await )\bself\.(perform|_give|predictions\.\w+|models\.\w+)\(", r"await self.\1("),
    (r"\b(?:verbs\.)?blocking(?:_tools)?\((\w+)\)", r"\1"),
]  # fmt: skip


def methods(cls: type[Any]) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    assert isinstance(tree, ast.ClassDef)
    found = {
        node.name: node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name not in OWN
    }
    for node in found.values():
        if ast.get_docstring(node):
            node.body = node.body[1:]
    return found


def as_async(source: str) -> str:
    for pattern, replacement in RULES:
        source = re.sub(pattern, replacement, source)
    return source.replace("def ", "async def ", 1) if "await " in source else source


@pytest.mark.parametrize(("sync", "twin"), PAIRS, ids=lambda cls: cls.__name__)
def test_the_async_class_is_the_sync_one_plus_await(sync: type[Any], twin: type[Any]) -> None:
    expected = {name: as_async(ast.unparse(node)) for name, node in methods(sync).items()}
    actual = {name: ast.unparse(node) for name, node in methods(twin).items()}
    assert list(actual) == list(expected)
    for name, source in expected.items():
        assert actual[name] == ast.unparse(ast.parse(source)), f"{twin.__name__}.{name} has drifted"


def test_the_mirror_covers_every_verb_of_the_client() -> None:
    verbs = {"run", "predict", "wait", "dispatch", "request", "with_options"}
    assert verbs <= set(methods(SkytellsClient))
    assert "perform" in methods(Driver)
