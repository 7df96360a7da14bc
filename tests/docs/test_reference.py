"""The published reference, as tests: its snippets as they stand, its tables, shapes and names."""

from __future__ import annotations

import asyncio
import inspect
import json
import warnings
from collections.abc import Iterator, Mapping
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

import skytells
import skytells.local
from skytells import (
    ApiErrorId,
    AsyncModelsAPI,
    AsyncPrediction,
    AsyncPredictionsAPI,
    AsyncSkytellsClient,
    ClientOptions,
    ModelPrivacy,
    ModelsAPI,
    ModelType,
    NetworkError,
    PaginatedResponse,
    Pagination,
    Prediction,
    PredictionResponse,
    PredictionsAPI,
    PredictionSource,
    PredictionStatus,
    PredictionType,
    PricingOperator,
    PricingUnit,
    RequestTimeoutError,
    RetryOptions,
    SkytellsClient,
    SkytellsError,
    create_client,
)
from skytells.local import LocalPlatform

PREDICTION: dict[str, Any] = {
    "id": "pred_abc123",
    "status": "succeeded",
    "type": "inference",
    "stream": False,
    "input": {"prompt": "A cat"},
    "response": None,
    "output": ["https://example.com/cat.png"],
    "created_at": "2026-01-31T12:00:00.000000Z",
    "started_at": "2026-01-31T12:00:01+00:00",
    "completed_at": "2026-01-31T12:00:05+00:00",
    "updated_at": "2026-01-31T12:00:05.000000Z",
    "privacy": "private",
    "source": "api",
    "model": {"name": "flux-pro", "type": "image"},
    "webhook": {"url": None, "events": []},
    "metrics": {
        "image_count": 1,
        "predict_time": 4.0,
        "total_time": 5.0,
        "asset_count": 1,
        "progress": 100.0,
    },
    "metadata": {
        "billing": {"credits_used": 1},
        "storage": {
            "files": [
                {
                    "name": "cat.png",
                    "type": "image/png",
                    "size": 1024,
                    "url": "https://example.com/cat.png",
                }
            ]
        },
        "data_available": True,
    },
    "urls": {
        "get": "https://api.skytells.ai/v1/predictions/pred_abc123",
        "cancel": "https://api.skytells.ai/v1/predictions/pred_abc123/cancel",
        "stream": "https://api.skytells.ai/v1/predictions/pred_abc123/stream",
        "delete": "https://api.skytells.ai/v1/predictions/pred_abc123/delete",
    },
}
"""A prediction with every field of the reference, under the id that its snippets use."""

MODEL = {"name": "FLUX Pro", "namespace": "flux-pro", "type": "image"}


class Canned(BaseHTTPRequestHandler):
    """A server that knows one prediction and one model, and answers whatever is asked of them."""

    def do_GET(self) -> None:
        page = {"current_page": 1, "per_page": 20, "total": 1, "last_page": 1}
        known: dict[str, object] = {
            "/v1/predictions": {"data": [PREDICTION], "pagination": page},
            "/v1/predictions/pred_abc123": PREDICTION,
            "/v1/predictions/pred_abc123/stream": PREDICTION,
            "/v1/models": [MODEL],
            "/v1/model/flux-pro": MODEL,
        }
        self._answer(known.get(self.path.partition("?")[0]))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        known: dict[str, object] = {
            "/v1/predict": PREDICTION,
            "/v1/predictions/pred_abc123/cancel": PREDICTION | {"status": "cancelled"},
        }
        self._answer(known.get(self.path))

    def do_DELETE(self) -> None:
        known = {"/v1/predictions/pred_abc123/delete": {"success": True}}
        self._answer(known.get(self.path))

    def _answer(self, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(404 if body is None else 200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def served(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalPlatform]:
    """A local platform to which the environment points, so that snippets need not name it."""
    with skytells.local.serve(speed=1000.0) as platform:
        monkeypatch.setenv("SKYTELLS_BASE_URL", platform.url)
        yield platform


@pytest.fixture
def canned(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server for the snippets that use the id `pred_abc123`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Canned) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("SKYTELLS_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
        yield
        server.shutdown()
        thread.join()


def test_snippet_basic_prints_the_output(
    served: LocalPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    from skytells import SkytellsClient, SkytellsError

    client = SkytellsClient("sk-your-api-key")

    try:
        prediction = client.run("flux-pro", input={"prompt": "test"})
        print(prediction.output)
    except SkytellsError as e:
        print(f"Error: {e}")  # human-readable message
        print(f"Error ID: {e.error_id}")  # e.g. "UNAUTHORIZED"
        print(f"HTTP Status: {e.http_status}")  # e.g. 401
        print(f"Details: {e.details}")

    assert capsys.readouterr().out == f"{served.predictions[0]['output']}\n"


def test_snippet_basic_prints_what_is_wrong_with_a_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with skytells.local.serve(key="sk-right") as platform:
        monkeypatch.setenv("SKYTELLS_BASE_URL", platform.url)
        client = SkytellsClient("sk-wrong")

        try:
            prediction = client.run("flux-pro", input={"prompt": "test"})
            print(prediction.output)
        except SkytellsError as e:
            print(f"Error: {e}")
            print(f"Error ID: {e.error_id}")
            print(f"HTTP Status: {e.http_status}")
            print(f"Details: {e.details}")

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Error: The API key is not valid.")
    assert lines[1:] == [
        "Error ID: UNAUTHORIZED",
        "HTTP Status: 401",
        "Details: The API key is not valid.",
    ]


def test_snippet_wait_prints_the_output(
    served: LocalPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    client = SkytellsClient("sk-your-api-key")

    bg = client.predictions.create({"model": "flux-pro", "input": {"prompt": "A cat"}})

    try:
        result = client.wait(bg, options={"max_wait": 60_000})  # 1 minute max
        print(result["output"])
    except SkytellsError as e:
        if e.error_id == "WAIT_TIMEOUT":
            pred_id = bg["id"]
            print(f"Timed out. Prediction ID for later: {pred_id}")

    assert capsys.readouterr().out == f"{served.predictions[0]['output']}\n"


def test_snippet_wait_prints_the_id_when_time_is_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with skytells.local.serve(speed=0) as platform:
        monkeypatch.setenv("SKYTELLS_BASE_URL", platform.url)
        client = SkytellsClient("sk-your-api-key")

        bg = client.predictions.create({"model": "flux-pro", "input": {"prompt": "A cat"}})

        try:
            result = client.wait(bg, options={"max_wait": 60})
            print(result["output"])
        except SkytellsError as e:
            if e.error_id == "WAIT_TIMEOUT":
                pred_id = bg["id"]
                print(f"Timed out. Prediction ID for later: {pred_id}")

        assert capsys.readouterr().out == (
            f"Timed out. Prediction ID for later: {platform.predictions[0]['id']}\n"
        )


def test_snippet_keyword_args_builds_a_client(clean_environment: None) -> None:
    from skytells import SkytellsClient

    # Keyword arguments (recommended)
    client = SkytellsClient("sk-key", timeout=30_000, retry={"retries": 3})

    assert client.base_url == "https://api.skytells.ai/v1"


def test_snippet_async_basic_deletes_its_prediction(
    served: LocalPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    import asyncio

    from skytells import AsyncSkytellsClient

    async def main() -> None:
        client = AsyncSkytellsClient("sk-your-api-key")
        prediction = await client.run("flux-pro", input={"prompt": "A cat"})
        print(prediction.output)
        await prediction.delete()

    asyncio.run(main())

    assert capsys.readouterr().out.startswith("['http://127.0.0.1:")
    assert served.predictions == []


def test_snippet_async_lifecycle_cancels_and_deletes(canned: None) -> None:
    async def main() -> None:
        client = AsyncSkytellsClient("sk-key")
        prediction = await client.run("flux-pro", input={"prompt": "A cat"})

        # AsyncPrediction — cancel and delete are async
        await prediction.cancel()
        assert prediction.status == "cancelled"
        await prediction.delete()

        # Or by ID
        cancelled = await client.cancel_prediction("pred_abc123")
        assert cancelled["status"] == "cancelled"
        deleted = await client.delete_prediction("pred_abc123")
        assert dict(deleted) == {"success": True}

    asyncio.run(main())


def test_snippet_deprecated_gives_what_its_replacement_gives(canned: None) -> None:
    client = SkytellsClient("sk-key")

    import warnings

    # Before (deprecated)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        models = client.list_models()
        predictions = client.list_predictions()
        pred = client.get_prediction("pred_abc123")
        model = client.get_model("flux-pro")

    before = (models, predictions, pred, model)

    # After (recommended)
    models = client.models.list()
    predictions = client.predictions.list()
    pred = client.predictions.get("pred_abc123")
    model = client.models.get("flux-pro")

    assert before == (models, predictions, pred, model)
    assert before[2] == PREDICTION
    assert before[3] == MODEL


# --- Names --------------------------------------------------------------------------------------

IMPORTS = {
    "the main names": """
from skytells import SkytellsClient          # Synchronous client (recommended)
from skytells import AsyncSkytellsClient      # Async client (asyncio)
from skytells import Prediction, AsyncPrediction
from skytells import PredictionsAPI, ModelsAPI
from skytells import SkytellsError
from skytells import API_BASE_URL
""",
    "enums and types": """
from skytells import (
    ApiErrorId,
    ModelPrivacy,
    ModelType,
    PredictionSource,
    PredictionStatus,
    PredictionType,
    PricingOperator,
    PricingUnit,
)
""",
    "configuration types": """
from skytells import (
    ClientOptions,
    ModelFieldsOptions,
    PaginatedResponse,
    Pagination,
    PredictionRequest,
    PredictionsListOptions,
    QueueItem,
    RetryOptions,
    RunOptions,
    WaitOptions,
    OnProgressCallback,   # Callable[[dict], None]
)
""",
    "skytells.types": """
from skytells.types import (
    PredictionStatus,
    PredictionType,
    PredictionSource,
    ModelType,
    ModelPrivacy,
    PricingUnit,
    ApiErrorId,
)
""",
}


@pytest.mark.parametrize("snippet", IMPORTS.values(), ids=IMPORTS)
def test_snippet_imports_give_public_names(snippet: str) -> None:
    names: dict[str, object] = {}
    exec(snippet, names)
    del names["__builtins__"]
    assert names == {name: getattr(skytells, name) for name in names}
    assert set(names) <= set(skytells.__all__)


def test_the_constants_are_as_documented() -> None:
    assert skytells.API_BASE_URL == "https://api.skytells.ai/v1"
    assert skytells.__version__ == "1.0.0"


def test_the_client_has_its_sub_apis() -> None:
    client = SkytellsClient("sk-key")
    assert isinstance(client.predictions, PredictionsAPI)
    assert isinstance(client.models, ModelsAPI)


# --- Enums --------------------------------------------------------------------------------------

ENUMS: dict[type[Enum], str] = {
    PredictionStatus: "pending · starting · started · processing · succeeded · failed · cancelled",
    PredictionType: "inference · training",
    PredictionSource: "api · cli · web",
    ModelType: "image · video · audio · music · text · code · multimodal",
    ModelPrivacy: "public · private",
    PricingUnit: "image · video · second · prediction · gpu · image_megapixel · computing_second · "
    "audio_second · video_second · token · 5 seconds · minute",
    PricingOperator: "equals · ==",
}

API_ERRORS = {
    "UNAUTHORIZED": 401,
    "INVALID_PARAMETER": 400,
    "INVALID_DATE_FORMAT": 400,
    "INVALID_DATE_RANGE": 400,
    "MODEL_NOT_FOUND": 404,
    "INTERNAL_ERROR": 500,
    "INVALID_INPUT": 400,
    "INSUFFICIENT_CREDITS": 402,
    "ACCOUNT_SUSPENDED": 403,
    "PAYMENT_REQUIRED": 402,
    "SECURITY_VIOLATION": 403,
    "RATE_LIMIT_EXCEEDED": 429,
    "INFRASTRUCTURE_ERROR": 503,
}
SDK_ERRORS = [
    "PREDICTION_FAILED",
    "WAIT_TIMEOUT",
    "REQUEST_TIMEOUT",
    "NETWORK_ERROR",
    "SERVER_ERROR",
    "INVALID_JSON",
]


@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.__name__)
def test_an_enum_has_the_documented_members_in_order(enum: type[Enum]) -> None:
    assert [member.value for member in enum] == ENUMS[enum].split(" · ")


@pytest.mark.parametrize("enum", [*ENUMS, ApiErrorId], ids=lambda enum: enum.__name__)
def test_the_members_of_an_enum_are_their_strings(enum: type[Enum]) -> None:
    for member in enum:
        assert isinstance(member, str)
        assert member == member.value
        assert str(member) == member.value


def test_the_error_ids_begin_with_the_documented_ones() -> None:
    documented = [*API_ERRORS, *SDK_ERRORS]
    assert [member.value for member in ApiErrorId][: len(documented)] == documented
    assert all(member.name == member.value for member in ApiErrorId)


# --- Signatures ---------------------------------------------------------------------------------

KEYWORD, EITHER = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
CONSTRUCTOR: list[tuple[str, object, object]] = [
    ("api_key", EITHER, None),
    ("options", EITHER, None),
    ("base_url", KEYWORD, None),
    ("timeout", KEYWORD, 60_000),
    ("headers", KEYWORD, None),
    ("retry", KEYWORD, None),
]


@pytest.mark.parametrize(
    "build", [SkytellsClient, AsyncSkytellsClient, skytells.Skytells, create_client]
)
def test_a_constructor_takes_the_documented_arguments_first(build: Any) -> None:
    parameters = list(inspect.signature(build).parameters.values())
    assert [(p.name, p.kind, p.default) for p in parameters[: len(CONSTRUCTOR)]] == CONSTRUCTOR


@pytest.mark.parametrize("build", [SkytellsClient, AsyncSkytellsClient])
def test_what_a_constructor_takes_besides_is_optional_and_by_keyword(build: Any) -> None:
    for parameter in list(inspect.signature(build).parameters.values())[len(CONSTRUCTOR) :]:
        assert parameter.kind is KEYWORD
        assert parameter.default is not parameter.empty


def test_both_clients_have_the_same_constructor() -> None:
    def shape(build: Any) -> list[tuple[str, object, object]]:
        found = inspect.signature(build).parameters.values()
        return [(p.name, p.kind, p.default) for p in found]

    assert shape(AsyncSkytellsClient) == shape(SkytellsClient)


METHODS: dict[type, list[str]] = {
    AsyncSkytellsClient: [
        "run",
        "predict",
        "wait",
        "dispatch",
        "stream_prediction",
        "cancel_prediction",
        "delete_prediction",
    ],
    AsyncPredictionsAPI: ["create", "get", "list"],
    AsyncModelsAPI: ["list", "get"],
    AsyncPrediction: ["cancel", "delete"],
}
TWINS: dict[type, type] = {
    AsyncSkytellsClient: SkytellsClient,
    AsyncPredictionsAPI: PredictionsAPI,
    AsyncModelsAPI: ModelsAPI,
    AsyncPrediction: Prediction,
}
AWAITED = [(cls, name) for cls, names in METHODS.items() for name in names]


@pytest.mark.parametrize(("cls", "name"), AWAITED)
def test_an_async_method_is_a_coroutine_function_and_its_twin_is_not(cls: type, name: str) -> None:
    assert inspect.iscoroutinefunction(getattr(cls, name))
    assert not inspect.iscoroutinefunction(getattr(TWINS[cls], name))


def test_queue_is_not_awaited() -> None:
    assert not inspect.iscoroutinefunction(AsyncSkytellsClient.queue)
    AsyncSkytellsClient("sk-key").queue({"model": "flux-pro", "input": {}})


def test_the_handles_have_the_same_properties() -> None:
    for name in ("id", "status", "output", "response"):
        assert isinstance(inspect.getattr_static(Prediction, name), property)
        assert isinstance(inspect.getattr_static(AsyncPrediction, name), property)
    for name in ("outputs", "raw"):
        assert callable(getattr(Prediction, name))
        assert not inspect.iscoroutinefunction(getattr(AsyncPrediction, name))


async def test_the_async_methods_return_what_the_table_says(canned: None) -> None:
    async with AsyncSkytellsClient("sk-key") as client:
        payload = {"model": "flux-pro", "input": {"prompt": "A cat"}}
        id = "pred_abc123"
        assert isinstance(await client.run("flux-pro", input={"prompt": "A cat"}), AsyncPrediction)
        client.queue(payload)
        dispatched = await client.dispatch()
        assert isinstance(dispatched, list)
        models = await client.models.list()
        assert isinstance(models, list)
        assert isinstance(await client.predictions.list(), PaginatedResponse)
        dicts = [
            await client.predict(payload),
            await client.wait(PREDICTION),
            *dispatched,
            await client.stream_prediction(id),
            await client.cancel_prediction(id),
            await client.delete_prediction(id),
            await client.predictions.create(payload),
            await client.predictions.get(id),
            *models,
            await client.models.get("flux-pro"),
        ]
        for answer in dicts:
            assert isinstance(answer, Mapping)
            assert type(json.loads(json.dumps(dict(answer)))) is dict


def test_a_prediction_has_the_documented_shape_by_key(canned: None) -> None:
    p = SkytellsClient("sk-key").predictions.get("pred_abc123")
    assert dict(p) == PREDICTION
    assert p["metrics"]["progress"] == 100.0
    assert p["metadata"]["storage"]["files"][0]["name"] == "cat.png"
    assert p["urls"]["stream"].endswith("/stream")
    assert {type(p[key]) for key in ("input", "model", "webhook", "metrics", "metadata")} == {dict}


def test_a_prediction_has_every_documented_field_as_an_attribute(canned: None) -> None:
    p = SkytellsClient("sk-key").predictions.get("pred_abc123")
    for name in PREDICTION:
        assert (getattr(p, name) is None) is (PREDICTION[name] is None)
    for part in ("model", "webhook", "metrics", "metadata"):
        for name, value in PREDICTION[part].items():
            assert (getattr(getattr(p, part), name) is None) is (value is None)


def test_what_the_local_platform_sends_has_the_documented_fields(served: LocalPlatform) -> None:
    p = SkytellsClient("sk-key").run("flux-pro", input={"prompt": "A cat"}).response
    assert set(p) == set(PREDICTION)
    assert set(p["metrics"]) == set(PREDICTION["metrics"])
    assert set(p["metadata"]) == set(PREDICTION["metadata"])


def test_a_page_has_data_and_a_pagination(canned: None) -> None:
    result = SkytellsClient("sk-key").predictions.list()
    assert result.data == [PREDICTION]
    assert isinstance(result.pagination, Pagination)
    assert result.pagination.current_page == 1
    assert result.pagination.per_page == 20
    assert result.pagination.total == 1
    assert result.pagination.last_page == 1


def test_on_progress_is_called_with_what_reads_like_a_dict(served: LocalPlatform) -> None:
    seen: list[str] = []

    def show(prediction: PredictionResponse) -> None:
        seen.append(prediction["status"])

    SkytellsClient("sk-key").run("flux-pro", {"prompt": "A cat"}, show)
    assert seen[-1] == "succeeded"


def test_options_may_be_an_object_or_a_dict(canned: None) -> None:
    url = SkytellsClient("sk-key").base_url
    given: dict[str, Any] = {"base_url": url, "timeout": 5_000, "headers": {"x-team": "a"}}
    for options in (given, ClientOptions(**given)):
        assert SkytellsClient("sk-key", options).predictions.get("pred_abc123").id == "pred_abc123"


def test_retry_may_be_an_object_or_a_dict() -> None:
    for retry in (RetryOptions(retries=3), {"retries": 3}):
        assert SkytellsClient("sk-key", retry=retry)


def test_an_error_has_the_documented_attributes() -> None:
    error = SkytellsError("Message.", "MODEL_NOT_FOUND", "Details.", 404)
    assert str(error) == "Message."
    assert (error.error_id, error.details, error.http_status) == (
        ApiErrorId.MODEL_NOT_FOUND,
        "Details.",
        404,
    )
    assert SkytellsError("Message.", "NETWORK_ERROR", "Details.").http_status == 0


def test_an_error_of_the_network_has_status_0() -> None:
    client = SkytellsClient("sk-key", base_url="http://127.0.0.1:9/v1", retry={"retries": 0})
    with pytest.raises(NetworkError) as caught:
        client.models.list()
    assert (caught.value.error_id, caught.value.http_status) == ("NETWORK_ERROR", 0)


def test_a_timeout_of_a_request_has_status_408() -> None:
    with skytells.local.serve(speed=0) as platform:
        client = platform.client(timeout=100, retry={"retries": 0})
        with pytest.raises(RequestTimeoutError) as caught:
            client.predict({"model": "flux-pro", "input": {"prompt": "A cat"}, "await": True})
        assert (caught.value.error_id, caught.value.http_status) == ("REQUEST_TIMEOUT", 408)


def test_a_wait_timeout_has_status_408(served: LocalPlatform) -> None:
    served.script("flux-pro", seconds=1_000_000)
    client = SkytellsClient("sk-key")
    bg = client.predictions.create({"model": "flux-pro", "input": {"prompt": "A cat"}})
    with pytest.raises(SkytellsError) as caught:
        client.wait(bg, options={"max_wait": 20})
    assert (caught.value.error_id, caught.value.http_status) == ("WAIT_TIMEOUT", 408)


def test_a_failed_prediction_has_its_error_id(served: LocalPlatform) -> None:
    served.script("flux-pro", fails="Too dark.")
    with pytest.raises(SkytellsError, match=r"^Too dark\.") as caught:
        SkytellsClient("sk-key").run("flux-pro", input={"prompt": "A cat"})
    assert caught.value.error_id == "PREDICTION_FAILED"


def test_a_wrong_date_has_its_error_id(served: LocalPlatform) -> None:
    client = SkytellsClient("sk-key")
    for since, until, error_id in (
        ("31.01.2026", None, "INVALID_DATE_FORMAT"),
        ("2026-02-01", "2026-01-01", "INVALID_DATE_RANGE"),
    ):
        with pytest.raises(SkytellsError) as caught:
            client.predictions.list(since=since, until=until)
        assert (caught.value.error_id, caught.value.http_status) == (error_id, 400)


def test_create_client_warns_and_gives_a_client() -> None:
    with pytest.warns(DeprecationWarning, match=r"create_client\(\) .* SkytellsClient\(\)"):
        client = create_client("sk-key")
    assert type(client) is SkytellsClient


DEPRECATED = [
    ("list_models", (), "client.models.list()"),
    ("list_predictions", (), "client.predictions.list()"),
    ("get_prediction", ("pred_abc123",), "client.predictions.get("),
    ("get_model", ("flux-pro",), "client.models.get("),
]


@pytest.mark.parametrize(("name", "arguments", "replacement"), DEPRECATED)
def test_a_deprecated_method_works_and_warns_at_its_caller(
    canned: None, name: str, arguments: tuple[str, ...], replacement: str
) -> None:
    client = SkytellsClient("sk-key")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert getattr(client, name)(*arguments) is not None
    [warning] = [w for w in caught if issubclass(w.category, DeprecationWarning)]
    assert replacement in str(warning.message)
    assert warning.filename == __file__


@pytest.mark.parametrize(("name", "arguments", "replacement"), DEPRECATED)
async def test_a_deprecated_async_method_works_and_warns_at_its_caller(
    canned: None, name: str, arguments: tuple[str, ...], replacement: str
) -> None:
    async with AsyncSkytellsClient("sk-key") as client:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert await getattr(client, name)(*arguments) is not None
    [warning] = [w for w in caught if issubclass(w.category, DeprecationWarning)]
    assert replacement in str(warning.message)
    assert warning.filename == __file__
