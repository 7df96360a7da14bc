"""The types that users rely on, as assertions. Checked by mypy and pyright; never run.

What stands here is a promise: a change that breaks one of these lines breaks users' programs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, assert_type

import httpx
import httpx2
from pydantic import BaseModel

from skytells import (
    API_BASE_URL,
    AnswerError,
    ApiErrorId,
    AsyncChatStream,
    AsyncModelsAPI,
    AsyncOrchestratorAPI,
    AsyncOutputReader,
    AsyncPrediction,
    AsyncPredictionsAPI,
    AsyncPredictionStream,
    AsyncResponseStream,
    AsyncSkytellsClient,
    Attempt,
    Budget,
    Call,
    ChatCompletion,
    ChatCompletionChunk,
    ChatMessage,
    ChatStream,
    Choice,
    ClientOptions,
    DispatchError,
    DownloadError,
    Embedding,
    EmbeddingResponse,
    Estimate,
    FinishReason,
    Flow,
    MessageParam,
    Model,
    ModelFieldsOptions,
    ModelMetadata,
    ModelPricing,
    ModelPrivacy,
    ModelsAPI,
    ModelService,
    ModelType,
    ModelVendor,
    OnProgressCallback,
    OrchestratorAPI,
    OutputItem,
    OutputReader,
    PaginatedResponse,
    Pagination,
    ParsedCompletion,
    Prediction,
    PredictionBilling,
    PredictionEvent,
    PredictionFailedError,
    PredictionFile,
    PredictionMetadata,
    PredictionMetrics,
    PredictionModel,
    PredictionRequest,
    PredictionResponse,
    PredictionsAPI,
    PredictionsListOptions,
    PredictionSource,
    PredictionStatus,
    PredictionStorage,
    PredictionStream,
    PredictionType,
    PredictionUrls,
    PredictionWebhook,
    Preview,
    PricingCriterion,
    PricingOperator,
    PricingUnit,
    QueueItem,
    Response,
    ResponseEvent,
    ResponseStream,
    RetryOptions,
    RunOptions,
    SafetyCategory,
    SafetyFinding,
    SafetyReport,
    SafetySeverity,
    SafetyTemplate,
    SafetyTemplates,
    Skytells,
    SkytellsClient,
    SkytellsError,
    TextDeltaEvent,
    Tool,
    ToolCall,
    ToolRun,
    ToolRunError,
    Usage,
    WaitOptions,
    WaitTimeoutError,
    __version__,
    create_client,
    image,
    tool,
)
from skytells.errors import CompletionInfo, Details, PredictionInfo, RequestInfo, ToolRunInfo
from skytells.orchestrator import (
    Execution,
    ExecutionLog,
    ExecutionStatus,
    Integration,
    OrchestratorUser,
    Workflow,
    WorkflowOperation,
)
from skytells.pagination import AsyncPager, Pager
from skytells.predictions.requests import get_prediction
from skytells.streaming import AsyncStream, Stream
from skytells.transports import AsyncTransport, Transport
from skytells.types.chat import ImagePart
from skytells.types.responses import InputItem
from skytells.webhooks import (
    MemoryStore,
    Webhook,
    WebhookEvent,
    WebhookEventType,
    WebhookHandler,
    parse_event,
    sign,
    verify_signature,
)

PAYLOAD: dict[str, Any] = {"model": "flux-pro", "input": {"prompt": "A cat"}}


def constructors() -> None:
    texts: list[str] = [API_BASE_URL, __version__]
    assert_type(SkytellsClient(base_url=texts[0]), SkytellsClient)
    assert_type(SkytellsClient("sk-key", {"timeout": 1_000}), SkytellsClient)
    assert_type(SkytellsClient("sk-key", ClientOptions(timeout=None)), SkytellsClient)
    assert_type(
        SkytellsClient(
            "sk-key",
            base_url=API_BASE_URL,
            timeout=30_000,
            headers={"x-team": "pictures"},
            retry={"retries": 3},
        ),
        SkytellsClient,
    )
    assert_type(SkytellsClient(timeout=None, retry=RetryOptions(retries=1)), SkytellsClient)
    assert_type(
        SkytellsClient(http_client=httpx.Client(), allow_http=True, max_response_bytes=2048),
        SkytellsClient,
    )
    assert_type(AsyncSkytellsClient("sk-key", timeout=0.5), AsyncSkytellsClient)
    assert_type(AsyncSkytellsClient(http_client=httpx.AsyncClient()), AsyncSkytellsClient)
    # Clients of httpx's continuation, and those of `skytells.transports`.
    assert_type(SkytellsClient(http_client=httpx2.Client()), SkytellsClient)
    assert_type(AsyncSkytellsClient(http_client=httpx2.AsyncClient()), AsyncSkytellsClient)
    with httpx.Client(transport=Transport(max_connections=10)) as http:
        assert_type(SkytellsClient(http_client=http).http_client, httpx.Client)
    http_async = httpx.AsyncClient(transport=AsyncTransport())
    assert_type(AsyncSkytellsClient(http_client=http_async).http_client, httpx.AsyncClient)
    assert_type(Skytells("sk-key"), SkytellsClient)
    assert_type(create_client("sk-key"), SkytellsClient)
    # The wrong colour of client.
    SkytellsClient(http_client=httpx2.AsyncClient())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AsyncSkytellsClient(http_client=httpx2.Client())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    SkytellsClient(http_client=httpx.AsyncClient())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    # Milliseconds are a number.
    SkytellsClient(timeout="30s")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def clients(client: SkytellsClient) -> None:
    assert_type(client.predictions, PredictionsAPI)
    assert_type(client.models, ModelsAPI)
    assert_type(client.base_url, str)
    assert_type(client.recent_predictions, Sequence[str])
    assert_type(client.with_options(timeout=None, retry={"retries": 0}), SkytellsClient)
    assert_type(client.warm_up(4), int)
    assert_type(client.request("GET", "/models", params={"fields": "name"}), Any)
    client.close()
    with client as entered:
        assert_type(entered, SkytellsClient)


async def async_clients(client: AsyncSkytellsClient) -> None:
    assert_type(client.predictions, AsyncPredictionsAPI)
    assert_type(client.models, AsyncModelsAPI)
    assert_type(client.base_url, str)
    assert_type(client.recent_predictions, Sequence[str])
    assert_type(client.with_options(api_key="sk-other"), AsyncSkytellsClient)
    assert_type(await client.warm_up(), int)
    assert_type(await client.request("POST", "/predict", json=PAYLOAD), Any)
    await client.aclose()
    async with client as entered:
        assert_type(entered, AsyncSkytellsClient)


def show(prediction: PredictionResponse) -> None:
    """A callback."""


async def show_async(prediction: PredictionResponse) -> None:
    """A callback of the async client."""


def verbs(client: SkytellsClient) -> None:
    callback: OnProgressCallback = show
    p = client.run("flux-pro", input={"prompt": "A cat"})
    assert_type(p, Prediction)
    assert_type(client.run("flux-pro", {"prompt": "A cat"}, callback), Prediction)
    assert_type(
        client.run(
            "flux-pro",
            on_progress=lambda seen: print(seen.status),
            webhook={"url": "https://example.com", "events": ["completed"]},
            stream=True,
            options=RunOptions({"prompt": "A cat"}, max_wait=1_000),
            max_wait=60_000,
            interval=500.0,
        ),
        Prediction,
    )
    assert_type(client.predict(PAYLOAD), PredictionResponse)
    assert_type(client.predict(PredictionRequest("flux-pro", {})), PredictionResponse)
    assert_type(client.wait(p), PredictionResponse)
    assert_type(client.wait(p.response, {"max_wait": 60_000}), PredictionResponse)
    assert_type(client.wait({"id": "pred_abc123"}, WaitOptions(5_000)), PredictionResponse)
    assert_type(client.wait("pred_abc123", on_progress=show, max_wait=1), PredictionResponse)
    assert_type(client.wait_all([p, p], max_wait=60_000), list[PredictionResponse])
    assert_type(client.wait_all(["pred_abc123"], WaitOptions()), list[PredictionResponse])
    assert_type(client.wait_all([{"id": "pred_abc123"}]), list[PredictionResponse])
    assert_type(client.run("flux-pro", {}, progress=True), Prediction)
    assert_type(client.wait(p, on_progress=show), PredictionResponse)
    assert_type(client.wait_all([p], progress=True), list[PredictionResponse])
    assert_type(p.wait(progress=True), PredictionResponse)
    assert_type(client.predictions.preview(p, max_wait=1_000), Preview)
    p.show()
    client.run("flux-pro", progress="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    for ended in client.as_completed([p.response], progress=True):
        assert_type(ended, PredictionResponse)
    for ended in client.as_completed([p.response], on_progress=show):
        assert_type(ended, PredictionResponse)
    client.queue(PAYLOAD)
    client.queue(PredictionRequest("flux-pro", {}))
    assert_type(client.dispatch(), list[PredictionResponse])
    assert_type(client.stream_prediction("pred_abc123"), PredictionResponse)
    assert_type(client.cancel_prediction("pred_abc123"), PredictionResponse)
    assert_type(client.delete_prediction("pred_abc123"), PredictionResponse)
    client.run("flux-pro", imput={"prompt": "A cat"})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.wait(42)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def async_verbs(client: AsyncSkytellsClient) -> None:
    callback: OnProgressCallback = show_async
    p = await client.run("flux-pro", input={"prompt": "A cat"})
    assert_type(p, AsyncPrediction)
    assert_type(await client.run("flux-pro", {"prompt": "A cat"}, callback), AsyncPrediction)
    assert_type(
        await client.run("flux-pro", options={"input": {}}, max_wait=60_000, interval=500.0),
        AsyncPrediction,
    )
    assert_type(await client.predict(PAYLOAD), PredictionResponse)
    assert_type(await client.wait(p), PredictionResponse)
    assert_type(await client.wait(p.response, {"max_wait": 60_000}), PredictionResponse)
    assert_type(await client.wait("pred_abc123", on_progress=show, interval=1), PredictionResponse)
    assert_type(await client.wait_all([p, p], {"max_wait": 60_000}), list[PredictionResponse])
    assert_type(await client.wait_all(["pred_abc123"]), list[PredictionResponse])
    assert_type(await client.run("flux-pro", {}, on_progress=show_async), AsyncPrediction)
    assert_type(await client.wait(p, progress=True), PredictionResponse)
    assert_type(await client.wait_all([p], on_progress=show_async), list[PredictionResponse])
    assert_type(await p.wait(progress=True), PredictionResponse)
    assert_type(await client.predictions.preview("pred_abc123"), Preview)
    await p.show(max_wait=1_000, allow_private=True)
    async for ended in client.as_completed([p.response], progress=True):
        assert_type(ended, PredictionResponse)
    async for ended in client.as_completed([p.response], on_progress=show_async):
        assert_type(ended, PredictionResponse)
    client.queue(PAYLOAD)
    assert_type(await client.dispatch(), list[PredictionResponse])
    assert_type(await client.stream_prediction("pred_abc123"), PredictionResponse)
    assert_type(await client.cancel_prediction("pred_abc123"), PredictionResponse)
    assert_type(await client.delete_prediction("pred_abc123"), PredictionResponse)
    # A forgotten `await` is noticed.
    print(client.predict(PAYLOAD).status)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]


def predictions(client: SkytellsClient, error: SkytellsError) -> None:
    api = client.predictions
    assert_type(api.create(PAYLOAD), PredictionResponse)
    assert_type(api.create(PredictionRequest("flux-pro", {})), PredictionResponse)
    assert_type(
        api.create(model="flux-pro", input={}, webhook="https://example.com", await_=True),
        PredictionResponse,
    )
    assert_type(api.get("pred_abc123"), PredictionResponse)
    assert_type(api.list(), PaginatedResponse)
    assert_type(api.list(1, "2026-01-01", "2026-01-31", "flux-pro"), PaginatedResponse)
    assert_type(api.list(options=PredictionsListOptions(per_page=10)), PaginatedResponse)
    assert_type(api.list(status=PredictionStatus.FAILED, per_page=10), PaginatedResponse)
    assert_type(api.iterate(model="flux-pro"), Pager)
    for prediction in api.iterate():
        assert_type(prediction, PredictionResponse)
    assert_type(api.cancel("pred_abc123"), PredictionResponse)
    assert_type(api.delete("pred_abc123"), PredictionResponse)
    assert_type(api.find_unconfirmed(error), list[PredictionResponse])


async def async_predictions(client: AsyncSkytellsClient, error: SkytellsError) -> None:
    api = client.predictions
    assert_type(await api.create(PAYLOAD), PredictionResponse)
    assert_type(await api.create(model="flux-pro", input={}), PredictionResponse)
    assert_type(await api.get("pred_abc123"), PredictionResponse)
    assert_type(await api.list(since="2026-01-01"), PaginatedResponse)
    assert_type(api.iterate(model="flux-pro"), AsyncPager)
    async for prediction in api.iterate():
        assert_type(prediction, PredictionResponse)
    assert_type(await api.cancel("pred_abc123"), PredictionResponse)
    assert_type(await api.delete("pred_abc123"), PredictionResponse)
    assert_type(await api.find_unconfirmed(error), list[PredictionResponse])


def models(client: SkytellsClient) -> None:
    assert_type(client.models.list(), list[Model])
    assert_type(client.models.list(["input_schema"]), list[Model])
    assert_type(client.models.get("flux-pro", options={"fields": ["input_schema"]}), Model)
    assert_type(client.models.get("flux-pro", refresh=True), Model)
    assert_type(client.models.list(refresh=True), list[Model])
    options = ModelFieldsOptions(["output_schema"])
    assert_type(client.models.get("flux-pro", options=options), Model)
    assert_type(client.models.get("flux-pro").price, str | None)
    assert_type(client.models.get("flux-pro").vendor_name, str | None)


async def async_models(client: AsyncSkytellsClient) -> None:
    assert_type(await client.models.list(), list[Model])
    assert_type(await client.models.get("flux-pro", refresh=True), Model)
    assert_type(await client.models.get("flux-pro", fields=["input_schema"]), Model)


def deprecated(client: SkytellsClient) -> None:
    assert_type(client.list_models(), list[Model])
    assert_type(client.list_predictions(2), PaginatedResponse)
    assert_type(client.get_prediction("pred_abc123"), PredictionResponse)
    assert_type(client.get_model("flux-pro"), Model)


async def async_deprecated(client: AsyncSkytellsClient) -> None:
    assert_type(await client.list_models(), list[Model])
    assert_type(await client.list_predictions(2), PaginatedResponse)
    assert_type(await client.get_prediction("pred_abc123"), PredictionResponse)
    assert_type(await client.get_model("flux-pro"), Model)


def handles(p: Prediction) -> None:
    assert_type(p.id, str)
    assert_type(p.status, str)
    assert_type(p.output, str | list[str] | None)
    assert_type(p.outputs(), str | list[str] | None)
    assert_type(p.response, PredictionResponse)
    assert_type(p.raw(), dict[str, Any])
    assert_type(p.cancel(), PredictionResponse)
    assert_type(p.delete(), PredictionResponse)
    assert_type(p.refresh(), PredictionResponse)
    assert_type(p.wait({"max_wait": 1}, show, interval=1), PredictionResponse)


async def async_handles(p: AsyncPrediction) -> None:
    assert_type(p.id, str)
    assert_type(p.status, str)
    assert_type(p.output, str | list[str] | None)
    assert_type(p.outputs(), str | list[str] | None)
    assert_type(p.response, PredictionResponse)
    assert_type(p.raw(), dict[str, Any])
    assert_type(await p.cancel(), PredictionResponse)
    assert_type(await p.delete(), PredictionResponse)
    assert_type(await p.refresh(), PredictionResponse)
    assert_type(await p.wait(on_progress=show_async, max_wait=1), PredictionResponse)


def total(ids: list[str]) -> Flow[float]:
    """A flow of a user's own, for both clients."""
    credits_used = 0.0
    for id in ids:
        prediction = yield from get_prediction(id)
        assert_type(prediction, PredictionResponse)
        if prediction.metadata and prediction.metadata.billing:
            credits_used += prediction.metadata.billing.credits_used or 0.0
    return credits_used


def report(ids: list[str]) -> Flow[str]:
    """A flow that is made of another."""
    found = yield from total(ids)
    assert_type(found, float)
    return f"{found:.2f}"


def slugs() -> Call[list[str]]:
    """A call of a user's own."""

    def read(reply: Any) -> list[str]:
        return [model["namespace"] for model in reply.json()]

    return Call("GET", "/models", read)


def performing(client: SkytellsClient) -> None:
    assert_type(client.perform(get_prediction("pred_abc123")), PredictionResponse)
    assert_type(client.perform(slugs()), list[str])
    assert_type(client.perform(total([])), float)
    assert_type(client.perform(report([])), str)


async def async_performing(client: AsyncSkytellsClient) -> None:
    assert_type(await client.perform(get_prediction("pred_abc123")), PredictionResponse)
    assert_type(await client.perform(slugs()), list[str])
    assert_type(await client.perform(total([])), float)
    assert_type(await client.perform(report([])), str)


def prediction_records(p: PredictionResponse) -> None:
    assert_type(p.id, str)
    assert_type(p.status, PredictionStatus | str)
    assert_type(p.type, PredictionType | str | None)
    assert_type(p.stream, bool | None)
    assert_type(p.input, dict[str, Any] | None)
    assert_type(p.response, str | None)
    assert_type(p.error, str | None)
    assert_type(p.output, str | list[str] | None)
    assert_type(p.created_at, str | None)
    assert_type(p.started_at, str | None)
    assert_type(p.completed_at, str | None)
    assert_type(p.updated_at, str | None)
    assert_type(p.privacy, str | None)
    assert_type(p.source, PredictionSource | str | None)
    assert_type(p.model, PredictionModel | str | None)
    assert_type(p.webhook, PredictionWebhook | str | None)
    assert_type(p.metrics, PredictionMetrics | None)
    assert_type(p.metadata, PredictionMetadata | None)
    assert_type(p.urls, PredictionUrls | None)
    assert_type(p.done, bool)
    assert_type(p.failure, str | None)
    assert_type(p.slug, str | None)
    assert_type(p.created, datetime | None)
    assert_type(p.started, datetime | None)
    assert_type(p.completed, datetime | None)
    assert_type(p.updated, datetime | None)
    assert_type(p.outputs(), str | list[str] | None)
    p.status = "failed"  # pyright: ignore[reportAttributeAccessIssue]


def parts_of_predictions(
    metrics: PredictionMetrics,
    metadata: PredictionMetadata,
    storage: PredictionStorage,
    urls: PredictionUrls,
    webhook: PredictionWebhook,
    model: PredictionModel,
    billing: PredictionBilling,
    file: PredictionFile,
) -> None:
    assert_type(metrics.image_count, int | None)
    assert_type(metrics.predict_time, float | None)
    assert_type(metrics.total_time, float | None)
    assert_type(metrics.asset_count, int | None)
    assert_type(metrics.progress, float | None)
    assert_type(metadata.billing, PredictionBilling | None)
    assert_type(metadata.storage, PredictionStorage | None)
    assert_type(metadata.data_available, bool | None)
    assert_type(billing.credits_used, float | None)
    assert_type(storage.files, list[PredictionFile] | None)
    assert_type((file.name, file.type, file.url), tuple[str | None, str | None, str | None])
    assert_type(file.size, int | None)
    assert_type((urls.get_, urls.cancel), tuple[str | None, str | None])
    assert_type((urls.stream, urls.delete), tuple[str | None, str | None])
    assert_type((webhook.url, webhook.events), tuple[str | None, list[str] | None])
    assert_type((model.name, model.type), tuple[str | None, str | None])


def costs(model: Model, record: PredictionResponse, handle: Prediction) -> None:
    model.validate({"prompt": "A cat"})
    estimate = model.estimate({"prompt": "A cat"})
    assert_type(estimate, Estimate)
    assert_type(model.chats_only, bool)
    assert_type((estimate.amount, estimate.rate), tuple[Decimal | None, Decimal | None])
    assert_type((estimate.currency, estimate.reason), tuple[str, str])
    assert_type((estimate.unit, estimate.rule), tuple[str | None, str | None])
    assert_type((record.cost, handle.cost), tuple[Decimal | None, Decimal | None])


def budgets(error: SkytellsError, record: PredictionResponse) -> None:
    budget = Budget("5.00", assume=0.1)
    assert_type(Budget(Decimal(5)).limit, Decimal)
    amounts = (budget.spent, budget.reserved, budget.remaining)
    assert_type(amounts, tuple[Decimal, Decimal, Decimal])
    budget.settle(record)
    budget.resolve(error, record)
    client = SkytellsClient(budget=budget)
    assert_type(client.with_options(budget=budget), SkytellsClient)
    twin = AsyncSkytellsClient(budget=budget)
    assert_type(twin.with_options(budget=budget), AsyncSkytellsClient)
    # Amounts are not lists.
    Budget([5])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def validated(client: SkytellsClient, twin: AsyncSkytellsClient) -> None:
    assert_type(client.run("flux-pro", {}, validate=True), Prediction)
    assert_type(client.run("m", {"image": Path("a.png"), "mask": b"", "n": 1}), Prediction)
    assert_type(client.predict(PAYLOAD, validate=True), PredictionResponse)
    assert_type(client.dispatch(validate=True), list[PredictionResponse])
    assert_type(client.predictions.create(PAYLOAD, validate=True), PredictionResponse)
    assert_type(await twin.run("flux-pro", {}, validate=True), AsyncPrediction)
    assert_type(await twin.predict(PAYLOAD, validate=True), PredictionResponse)
    assert_type(await twin.dispatch(validate=True), list[PredictionResponse])
    assert_type(await twin.predictions.create(PAYLOAD, validate=True), PredictionResponse)


def model_records(m: Model, pricing: ModelPricing, rule: PricingCriterion) -> None:
    assert_type((m.name, m.namespace, m.slug), tuple[str | None, str | None, str | None])
    assert_type(m.type, ModelType | str | None)
    assert_type(m.privacy, ModelPrivacy | str | None)
    assert_type(m.vendor, ModelVendor | str | None)
    assert_type(m.pricing, ModelPricing | None)
    assert_type(m.service, ModelService | None)
    assert_type(m.metadata, ModelMetadata | None)
    assert_type(m.capabilities, list[str] | None)
    assert_type(m.input_schema, dict[str, Any] | None)
    assert_type(m.output_schema, dict[str, Any] | None)
    assert_type(pricing.amount, float | None)
    assert_type(pricing.unit, PricingUnit | str | None)
    assert_type(pricing.criterias, list[PricingCriterion] | None)
    assert_type(rule.operator, PricingOperator | str | None)


def the_wire_face(p: PredictionResponse) -> None:
    assert_type(p["metadata"]["billing"], Any)
    assert_type(p.get("output"), Any)
    assert_type("output" in p, bool)
    assert_type(len(p), int)
    assert_type(list(p), list[str])
    assert_type(list(p.keys()), list[str])
    assert_type(list(p.items()), list[tuple[str, Any]])
    assert_type(list(p.values()), list[Any])
    assert_type(p.to_dict(), dict[str, Any])
    assert_type(dict(p), dict[str, Any])
    assert_type({**p}, dict[str, Any])
    assert_type(p.model_copy(update={"status": "failed"}), PredictionResponse)
    assert_type(PredictionResponse.from_wire({"id": "p1"}), PredictionResponse)
    assert_type(PredictionResponse(id="p1", status="succeeded"), PredictionResponse)


def pages(page: PaginatedResponse) -> None:
    assert_type(page.data, list[PredictionResponse])
    assert_type(page.pagination, Pagination)
    assert_type(page.pagination.current_page, int)
    assert_type(page.pagination.per_page, int)
    assert_type(page.pagination.total, int)
    assert_type(page.pagination.last_page, int)
    assert_type(page[0], PredictionResponse)
    assert_type(page["data"], Any)
    assert_type(len(page), int)
    assert_type([p.id for p in page], list[str])
    assert_type(page.to_dict(), dict[str, Any])


def outputs(client: SkytellsClient, prediction: Prediction) -> None:
    assert_type(prediction.files, list[PredictionFile])
    assert_type(prediction.paths, list[Path])
    assert_type(prediction.save(), list[Path])
    assert_type(prediction.save(Path("out"), progress=lambda come, total: None), list[Path])
    assert_type(prediction.bytes(1), bytes)
    with prediction.open() as output:
        assert_type(output, OutputReader)
        assert_type(list(output), list[bytes])
        assert_type(output.read(), bytes)
        assert_type(output.size, int | None)
    assert_type(client.predictions.save("p1", "out/", overwrite=True, max_wait=1), list[Path])
    assert_type(client.predictions.bytes({"id": "p1"}), bytes)
    assert_type(client.predictions.open(prediction), OutputReader)
    assert_type(client.run("flux-pro", download_to=Path("out")), Prediction)


def prediction_streams(client: SkytellsClient, prediction: Prediction) -> None:
    with client.predictions.stream("p1", max_wait=1000, idle_timeout=None) as stream:
        assert_type(stream, PredictionStream)
        for event in stream:
            assert_type(event, PredictionEvent)
            assert_type(event.kind, str)
            assert_type(event.text, str)
            assert_type(event.status, str | None)
            assert_type(event.progress, float | None)
            assert_type(event.prediction, PredictionResponse | None)
    assert_type(list(prediction.stream(interval=500).text), list[str])
    assert_type(stream.final(), PredictionResponse)
    assert_type(stream.received, Sequence[PredictionEvent])
    assert_type(stream.streamed, bool)


async def async_prediction_streams(
    client: AsyncSkytellsClient, prediction: AsyncPrediction
) -> None:
    async with client.predictions.stream({"id": "p1"}) as stream:
        assert_type(stream, AsyncPredictionStream)
        assert_type([event async for event in stream], list[PredictionEvent])
    assert_type([piece async for piece in prediction.stream().text], list[str])
    assert_type(await stream.final(), PredictionResponse)


async def async_outputs(client: AsyncSkytellsClient, prediction: AsyncPrediction) -> None:
    assert_type(await prediction.save(), list[Path])
    assert_type(await prediction.bytes(), bytes)
    async with prediction.open() as output:
        assert_type(output, AsyncOutputReader)
        assert_type([chunk async for chunk in output], list[bytes])
        assert_type(await output.read(), bytes)
    assert_type(await client.predictions.save("p1"), list[Path])


def options() -> None:
    assert_type(ClientOptions(base_url=None, timeout=1, headers={}, retry=None), ClientOptions)
    assert_type(ClientOptions.from_dict({}), ClientOptions)
    assert_type(RetryOptions(retries=1, retry_delay=0.5, retry_on=[500]), RetryOptions)
    assert_type(RunOptions({}, stream=True, interval=1), RunOptions)
    assert_type(WaitOptions(interval=1, max_wait=None), WaitOptions)
    assert_type(WaitOptions.from_dict({}), WaitOptions)
    request = PredictionRequest("flux-pro", {}, await_=True)
    assert_type(request.to_dict(), dict[str, Any])
    assert_type(QueueItem(request).request, PredictionRequest)


def enums() -> None:
    status: str = PredictionStatus.SUCCEEDED
    error_id: str = ApiErrorId.UNAUTHORIZED
    assert_type(PredictionStatus("succeeded"), PredictionStatus)
    assert_type(status == PredictionStatus.SUCCEEDED, bool)
    assert_type(error_id == "UNAUTHORIZED", bool)


def errors(client: SkytellsClient) -> None:
    try:
        client.dispatch()
    except DispatchError as error:
        assert_type(error.predictions, Sequence[PredictionInfo | None])
        assert_type(error.errors, Sequence[Exception | None])
        assert_type(error.requests, Sequence[RequestInfo])
        for accepted, request in zip(error.predictions, error.requests, strict=True):
            if accepted is not None:
                assert_type(client.wait(accepted), PredictionResponse)
            assert_type(client.predict(request), PredictionResponse)
        assert_type(error.unsent, Sequence[RequestInfo])
    except DownloadError as error:
        assert_type(error.paths, Sequence[Path | None])
        assert_type(error.errors, Sequence[DownloadError | None])
    except (PredictionFailedError, WaitTimeoutError) as error:
        assert_type(error.prediction, PredictionInfo | None)
        assert_type(error.prediction_id, str | None)
    except SkytellsError as error:
        assert_type(error.message, str)
        assert_type(error.error_id, str)
        assert_type(error.details, Details)
        assert_type(error.http_status, int)
        assert_type(error.status_code, int | None)
        assert_type(error.error_type, str | None)
        assert_type(error.error_code, str | None)
        assert_type(error.request_id, str | None)
        assert_type(error.retry_after, float | None)
        assert_type(error.response, dict[str, Any] | None)
        assert_type(error.retryable, bool)
        assert_type(error.maybe_sent, bool)
        assert_type(error.attempts, tuple[Attempt, ...])
        assert_type(error.prediction, PredictionInfo | None)
        assert_type(error.request, RequestInfo | None)
        assert_type(error.candidates, Sequence[PredictionInfo])
        assert_type(error.started_at, float | None)


def raising() -> SkytellsError:
    return SkytellsError("Message.", "NETWORK_ERROR", "Details.", 0)


def payloads(client: SkytellsClient, given: Mapping[str, Any]) -> None:
    assert_type(client.predictions.create(given), PredictionResponse)
    assert_type(client.run("flux-pro", given), Prediction)


def webhooks(client: SkytellsClient, p: Prediction) -> None:
    handler = WebhookHandler("whsec", store=MemoryStore(), tolerance=300)

    @handler.on("completed", "prediction.failed")
    def act(event: WebhookEvent) -> int:
        assert_type(event.type, WebhookEventType | str)
        assert_type(event.prediction, PredictionResponse)
        assert_type(event.created_at, str | None)
        assert_type(event.created, datetime | None)
        assert_type(event.raw, dict[str, Any])
        assert_type(event.duplicate, bool)
        return 1

    event = handler.handle(b"", {"x-skytells-signature": ""})
    assert_type(event, WebhookEvent)
    assert_type(act(event), int)  # what is decorated keeps its type
    assert_type(handler.receive(b"", [(b"x-skytells-signature", b"")]), WebhookEvent)
    assert_type(handler.dispatch(event), WebhookEvent)
    assert_type(parse_event({"id": "p1"}), WebhookEvent)
    assert_type(sign(b"", "whsec"), str)
    verify_signature(b"", None, "old", "new")
    hook: Mapping[str, Any] = Webhook("https://example.com", ["completed"])
    assert_type(client.run("flux-pro", {}, webhook=hook), Prediction)
    assert_type(client.predictions.create(PredictionRequest("m", {}, hook)), PredictionResponse)
    assert_type(client.wait(p, handler=handler), PredictionResponse)
    assert_type(p.wait(handler=handler), PredictionResponse)
    assert_type(client.run("flux-pro", {}, webhook=hook, handler=handler), Prediction)
    assert_type(client.wait_all([p], handler=handler), list[PredictionResponse])
    for found in client.as_completed([p], handler=handler):
        assert_type(found, PredictionResponse)


async def async_webhooks(client: AsyncSkytellsClient, p: AsyncPrediction) -> None:
    handler = WebhookHandler()

    @handler.on("*")
    async def act(event: WebhookEvent) -> None: ...

    event = await handler.ahandle(b"", {})
    assert_type(event, WebhookEvent)
    assert_type(await handler.adispatch(event), WebhookEvent)
    assert_type(await act(event), None)
    assert_type(await client.wait(p, handler=handler), PredictionResponse)
    assert_type(await p.wait(handler=handler), PredictionResponse)
    assert_type(await client.run("flux-pro", {}, handler=handler), AsyncPrediction)
    assert_type(await client.wait_all([p], handler=handler), list[PredictionResponse])
    async for found in client.as_completed([p], handler=handler):
        assert_type(found, PredictionResponse)


def workflows(client: SkytellsClient) -> None:
    api = client.orchestrator
    assert_type(api, OrchestratorAPI)
    assert_type(api.workflows.list(), list[Workflow])
    assert_type(api.workflows.create("Posters", nodes=[{"id": "n1"}]), Workflow)
    assert_type(api.workflows.update("w1", visibility="public"), Workflow)
    assert_type(api.workflows.code("w1"), str)
    assert_type(api.workflows.download("w1"), bytes)
    assert_type(api.executions.list("w1"), list[Execution])
    started = api.webhooks.trigger("w1", {"title": "Jazz"})
    assert_type(started, Execution)
    assert_type(api.executions.wait(started, lambda state: state.done, max_wait=1_000), Execution)
    assert_type(started.status, ExecutionStatus | str | None)
    assert_type(started.started, datetime | None)
    assert_type(api.executions.logs("e1"), list[ExecutionLog])
    assert_type(api.integrations.list("slack"), list[Integration])
    assert_type(api.integrations.test("i1").ok, bool)
    assert_type(api.api_keys.create("CI").key, str | None)
    assert_type(api.user.get(), OrchestratorUser)
    SkytellsClient(
        "sk-key", orchestrator_key="wfb_key", orchestrator_base_url="https://x", edge=True
    )


async def async_workflows(client: AsyncSkytellsClient) -> None:
    api = client.orchestrator
    assert_type(api, AsyncOrchestratorAPI)
    assert_type(await api.workflows.list(), list[Workflow])
    started = await api.webhooks.trigger("w1")
    assert_type(await api.executions.wait(started), Execution)
    assert_type(await api.executions.status("e1"), Execution)
    assert_type(client.with_options(orchestrator_key="wfb_key"), AsyncSkytellsClient)


def chat(client: SkytellsClient, question: Mapping[str, Any]) -> None:
    messages: list[MessageParam] = [{"role": "user", "content": "Hi"}, question]
    completion = client.chat.completions.create(model="m", messages=messages, max_tokens=9)
    assert_type(completion, ChatCompletion)
    assert_type(completion.text, str)
    assert_type(completion.message, ChatMessage)
    assert_type(completion.choices, list[Choice])
    assert_type(completion.usage, Usage | None)
    assert_type(completion.tool_calls, list[ToolCall])
    assert_type(completion.finish_reason, FinishReason | str | None)
    assert_type(completion["choices"], Any)
    parts = client.chat.completions.create(
        model="m",
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "What is it?"}]},
            completion.message,
        ],
        response_format={"type": "json_object"},
    )
    assert_type(parts, ChatCompletion)
    assert_type(
        client.chat.completions.create(model="m", messages=messages, stream=True), ChatStream
    )
    with client.chat.completions.stream(model="m", messages=messages, idle_timeout=None) as stream:
        assert_type(stream, ChatStream)
        for chunk in stream:
            assert_type(chunk, ChatCompletionChunk)
        for text in stream.text:
            assert_type(text, str)
        assert_type(stream.received, Sequence[ChatCompletionChunk])
    assert_type(stream.final(), ChatCompletion)


class Trip(BaseModel):
    city: str


@dataclass
class Point:
    x: int


def parsing(client: SkytellsClient, messages: list[MessageParam]) -> None:
    parse = client.chat.completions.parse
    answer = parse(model="m", messages=messages, response_format=Trip, max_tokens=9)
    assert_type(answer, ParsedCompletion[Trip])
    assert_type(answer.parsed, Trip)
    assert_type(answer.usage, Usage | None)
    kept: ChatCompletion = answer
    assert_type(parse(model="m", messages=messages, response_format=Point).parsed, Point)
    assert_type(parse(model="m", messages=messages, response_format=list[Trip]).parsed, list[Trip])
    assert_type(parse(model="m", messages=messages, response_format=int).parsed, int)
    try:
        client.safety.evaluate(kept)
    except AnswerError as error:
        assert_type(error.completion, CompletionInfo)


async def aparsing(client: AsyncSkytellsClient, messages: list[MessageParam]) -> None:
    answer = await client.chat.completions.parse(
        model="m", messages=messages, response_format=list[Trip], temperature=0
    )
    assert_type(answer, ParsedCompletion[list[Trip]])
    assert_type(answer.parsed[0].city, str)


def weather(city: str, days: int = 1) -> str:
    return f"{city} {days}"


async def forecast(city: str) -> list[int]:
    return [len(city)]


@tool
def add(one: int, other: int) -> int:
    return one + other


@tool(name="double", description="Twice as much.")
def twice(number: int) -> int:
    return 2 * number


def tools(client: SkytellsClient, messages: list[MessageParam]) -> None:
    assert_type(add(1, other=2), int)
    assert_type(twice(1), int)
    assert_type(tool(weather)("Paris"), str)
    assert_type(add.to_dict(), dict[str, Any])
    texts: list[str] = [add.name, add.description]
    tool_of_functions: Tool[..., object] = add
    run = client.chat.completions.run_tools(
        model="m", messages=messages, tools=[weather, add], max_rounds=3, temperature=0
    )
    assert_type(run, ToolRun)
    client.responses.create(model="m", input="Hi", tools=[weather, add])
    assert_type(run.text, str)
    assert_type(run.completion, ChatCompletion)
    assert_type(run.completions, list[ChatCompletion])
    assert_type(run.messages, list[MessageParam])
    assert_type(run.calls, list[ToolCall])
    assert_type(run.usage, Usage)
    assert_type(run.rounds, int)
    schema = {"type": "function", "function": {"name": texts[0]}}
    client.chat.completions.create(
        model="m", messages=run.messages, tools=[weather, tool_of_functions, schema]
    )
    assert_type(ToolRunError("m", "id", "d").tool_run, ToolRunInfo | None)


async def atools(client: AsyncSkytellsClient, messages: list[dict[str, str]]) -> None:
    made = tool(forecast)
    assert_type(await made("Paris"), list[int])
    completions = client.chat.completions

    async def see(run: ToolRun) -> None:
        assert_type(run.rounds, int)

    run = await completions.run_tools(
        model="m", messages=messages, tools=[forecast, add, made], on_progress=see
    )
    assert_type(run, ToolRun)


async def achat(client: AsyncSkytellsClient, messages: list[dict[str, str]]) -> None:
    completions = client.chat.completions
    assert_type(await completions.create(model="m", messages=messages), ChatCompletion)
    assert_type(
        await completions.create(model="m", messages=messages, stream=True), AsyncChatStream
    )
    async with completions.stream(model="m", messages=messages) as stream:
        assert_type(stream, AsyncChatStream)
        async for chunk in stream:
            assert_type(chunk, ChatCompletionChunk)
        async for text in stream.text:
            assert_type(text, str)
    assert_type(await stream.final(), ChatCompletion)


def responses(client: SkytellsClient) -> None:
    response = client.responses.create(model="m", input="Hi", reasoning={"effort": "low"})
    assert_type(response, Response)
    assert_type(response.output_text, str)
    assert_type(response.output, list[OutputItem])
    items: list[InputItem] = [{"role": "user", "content": "Hi"}, *response.output]
    assert_type(client.chat.responses.create(model="m", input=items), Response)
    assert_type(client.responses.create(model="m", input="Hi", stream=True), ResponseStream)
    with client.responses.stream(model="m", input="Hi") as stream:
        for event in stream:
            assert_type(event, ResponseEvent)
            if isinstance(event, TextDeltaEvent):
                assert_type(event.delta, str)
        for text in stream.text:
            assert_type(text, str)
    assert_type(stream.final(), Response)


async def aresponses(client: AsyncSkytellsClient) -> None:
    assert_type(await client.responses.create(model="m", input="Hi"), Response)
    assert_type(
        await client.responses.create(model="m", input="Hi", stream=True), AsyncResponseStream
    )
    async with client.responses.stream(model="m", input="Hi") as stream:
        async for event in stream:
            assert_type(event, ResponseEvent)
    assert_type(await stream.final(), Response)


def judging(client: SkytellsClient, completion: ChatCompletion) -> None:
    report = client.safety.check_text("A cat", template=SafetyTemplates.STRICT)
    assert_type(report, SafetyReport)
    assert_type(report.passed, bool)
    assert_type(report.findings, tuple[SafetyFinding, ...])
    assert_type(report.categories, tuple[SafetyCategory | str, ...])
    assert_type(report.findings[0].severity, SafetySeverity | str | None)
    assert_type(client.safety.check_image(b"", categories=["hate"]), SafetyReport)
    assert_type(client.safety.evaluate(completion, SafetyTemplate("low")), SafetyReport)
    assert_type(client.safety.was_filtered([{"choices": []}]), bool)
    assert_type(client.safety.parse(completion), tuple[SafetyFinding, ...])
    assert_type(client.orchestrator.ai.generate("x"), Stream[WorkflowOperation])


async def async_judging(client: AsyncSkytellsClient, completion: ChatCompletion) -> None:
    assert_type(await client.safety.check_text("A cat"), SafetyReport)
    assert_type(client.safety.evaluate(completion), SafetyReport)
    assert_type(client.orchestrator.ai.generate("x"), AsyncStream[WorkflowOperation])


async def embeddings(client: SkytellsClient, aclient: AsyncSkytellsClient) -> None:
    answer = client.embeddings.create(model="m", input=["a", "b"], dimensions=9)
    assert_type(answer, EmbeddingResponse)
    assert_type(answer.vectors, list[list[float]])
    assert_type(answer.data, list[Embedding])
    assert_type(client.embeddings.create(model="m", input=[[1, 2], [3]]), EmbeddingResponse)
    assert_type(await aclient.embeddings.create(model="m", input="a"), EmbeddingResponse)


def seeing(client: SkytellsClient, picture: Path, opened: BinaryIO) -> None:
    part = image(picture, detail="low")
    assert_type(part, ImagePart)
    client.chat.completions.create(
        model="m",
        messages=[
            {"role": "user", "content": [{"type": "text", "text": "What?"}, part, image(opened)]},
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": picture}}]},
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": b"PNG"}}]},
        ],
    )
    client.responses.create(
        model="m",
        input=[{"role": "user", "content": [{"type": "input_image", "image_url": picture}]}],
    )
    client.safety.check_image(opened)
