"""What `import skytells` offers, and what it costs."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import skytells

DOCUMENTED = {
    *("SkytellsClient", "AsyncSkytellsClient", "Prediction", "AsyncPrediction"),
    *("PredictionsAPI", "ModelsAPI", "SkytellsError", "API_BASE_URL", "ApiErrorId"),
    *("ModelPrivacy", "ModelType", "PredictionSource", "PredictionStatus", "PredictionType"),
    *("PricingOperator", "PricingUnit", "ClientOptions", "ModelFieldsOptions"),
    *("PaginatedResponse", "Pagination", "PredictionRequest", "PredictionsListOptions"),
    *("QueueItem", "RetryOptions", "RunOptions", "WaitOptions", "OnProgressCallback"),
    *("Skytells", "create_client", "__version__", "PredictionResponse", "Model"),
}


def python(code: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=240
    )
    return result.stdout.strip()


def test_the_public_names_are_sorted_and_documented_ones_are_among_them() -> None:
    assert skytells.__all__ == sorted(skytells.__all__)
    assert set(skytells.__all__) >= DOCUMENTED


@pytest.mark.parametrize("name", skytells.__all__)
def test_a_public_name_is_there_and_says_what_it_is(name: str) -> None:
    value = getattr(skytells, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert inspect.getdoc(value), f"{name} has no docstring"
        if inspect.isclass(value):
            for attribute, member in vars(value).items():
                if not attribute.startswith("_") and inspect.isfunction(member):
                    assert member.__doc__, f"{name}.{attribute} has no docstring"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        getattr(skytells, "nonsense")  # noqa: B009  # a literal attribute would not type-check


def test_dir_lists_the_public_names() -> None:
    assert dir(skytells) == skytells.__all__


def loads(code: str) -> set[str]:
    """The modules that code loads, beyond those that any program has (measuring may add some)."""
    bare = set(python("import sys; print(*sys.modules)").split())
    return set(python(f"import sys; {code}; print(*sys.modules)").split()) - bare


def test_importing_the_package_loads_nothing_heavy() -> None:
    loaded = loads("import skytells")
    heavy = {"httpx", "httpcore", "pydantic", "asyncio", "ssl", "json", "starlette", "uvicorn"}
    assert not heavy & loaded


def test_an_error_can_be_caught_without_loading_the_wire() -> None:
    loaded = loads("from skytells import SkytellsError")
    assert not {"httpx", "httpcore", "pydantic", "asyncio"} & loaded


def test_the_version_is_that_of_the_published_reference() -> None:
    assert skytells.__version__ == "1.0.0"
    assert python("import skytells; print(skytells.__version__)") == "1.0.0"


@pytest.mark.parametrize("module", ["types", "types.shared", "types.predict", "types.models"])
def test_the_modules_of_the_published_package_are_there(module: str) -> None:
    assert import_module(f"skytells.{module}")


ADDRESSES = {
    "skytells.chat": ("CompletionsAPI", "ChatStream", "Tool", "ToolError", "ToolRun", "tool"),
    "skytells.embeddings": ("EmbeddingsAPI", "AsyncEmbeddingsAPI"),
    "skytells.errors": ("SkytellsError", "ApiErrorId", "DispatchError"),
    "skytells.models": ("ModelsAPI", "AsyncModelsAPI"),
    "skytells.notebook": ("render", "show"),
    "skytells.orchestrator": ("OrchestratorAPI", "Workflow", "Execution"),
    "skytells.outputs": ("OutputReader", "AsyncOutputReader", "Preview"),
    "skytells.pagination": ("Pager", "AsyncPager"),
    "skytells.predictions": ("PredictionsAPI", "Prediction", "Completed", "PredictionStream"),
    "skytells.predictions.requests": ("get_prediction", "create_prediction", "list_predictions"),
    "skytells.responses": ("ResponsesAPI", "ResponseStream"),
    "skytells.safety": ("SafetyAPI", "evaluate", "parse", "was_filtered", "filtered_categories"),
    "skytells.streaming": ("Stream", "AsyncStream", "EventDecoder", "LineDecoder"),
    "skytells.transports": ("AsyncHttpClient", "AsyncTransport", "HttpClient", "Transport"),
    "skytells.types.shared": ("PaginatedResponse", "ClientOptions", "RetryOptions"),
    "skytells.types.predict": ("PredictionResponse", "PredictionRequest", "RunOptions"),
    "skytells.webhooks": ("WebhookHandler", "parse_event", "sign", "verify_signature"),
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_the_pages_import_from_a_module_is_there(address: str) -> None:
    """In a process of its own: what a package gives must not hang on what was loaded before."""
    names = ", ".join(ADDRESSES[address])
    assert python(f"from {address} import {names}; print('there')") == "there"


@pytest.mark.parametrize("address", [a for a in ADDRESSES if a.count(".") == 1])
def test_a_package_gives_what_it_lists(address: str) -> None:
    module = import_module(address)
    for name in getattr(module, "__all__", ()):
        assert getattr(module, name) is not None


def test_the_package_tells_type_checkers_that_it_is_typed() -> None:
    assert (Path(skytells.__file__).parent / "py.typed").exists()
