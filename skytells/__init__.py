"""The Python SDK of the Skytells AI platform.

from skytells import SkytellsClient

client = SkytellsClient()  # reads SKYTELLS_API_KEY
prediction = client.run("flux-pro", input={"prompt": "An astronaut on the moon"})
print(prediction.outputs())
"""

from __future__ import annotations

from importlib import import_module

from ._version import __version__

TYPE_CHECKING = False  # type checkers take it as true; `typing` itself would double the import
if TYPE_CHECKING:
    from ._flow import Call, Flow
    from .budget import Budget
    from .chat import (
        AsyncChatAPI,
        AsyncChatStream,
        AsyncCompletionsAPI,
        ChatAPI,
        ChatStream,
        CompletionsAPI,
    )
    from .client import API_BASE_URL, AsyncSkytellsClient, Skytells, SkytellsClient, create_client
    from .errors import (
        ApiErrorId,
        Attempt,
        AuthenticationError,
        BudgetExceededError,
        ConfigurationError,
        DispatchError,
        DownloadError,
        InvalidRequestError,
        InvalidResponseError,
        NetworkError,
        NotFoundError,
        OutputExpiredError,
        PaymentRequiredError,
        PermissionDeniedError,
        PredictionFailedError,
        RateLimitError,
        RequestTimeoutError,
        ServerError,
        SkytellsError,
        WaitTimeoutError,
        WebhookSignatureError,
    )
    from .models import AsyncModelsAPI, ModelsAPI
    from .orchestrator import AsyncOrchestratorAPI, OrchestratorAPI
    from .outputs import AsyncOutputReader, OutputReader
    from .pagination import AsyncPager, Pager
    from .prediction import AsyncPrediction, Prediction
    from .predictions import AsyncCompleted, AsyncPredictionsAPI, Completed, PredictionsAPI
    from .streaming import AsyncStream, Stream
    from .types import (
        ClientOptions,
        DownloadProgress,
        Model,
        ModelFieldsOptions,
        ModelMetadata,
        ModelPricing,
        ModelPrivacy,
        ModelService,
        ModelType,
        ModelVendor,
        OnProgressCallback,
        PaginatedResponse,
        Pagination,
        PredictionBilling,
        PredictionFile,
        PredictionMetadata,
        PredictionMetrics,
        PredictionModel,
        PredictionRequest,
        PredictionResponse,
        PredictionsListOptions,
        PredictionSource,
        PredictionStatus,
        PredictionStorage,
        PredictionType,
        PredictionUrls,
        PredictionWebhook,
        PricingCriterion,
        PricingOperator,
        PricingUnit,
        QueueItem,
        RetryOptions,
        RunOptions,
        WaitOptions,
    )
    from .types.chat import (
        ChatCompletion,
        ChatCompletionChunk,
        ChatMessage,
        ChatParams,
        Choice,
        FilterResult,
        FinishReason,
        MessageParam,
        ToolCall,
        Usage,
    )
    from .types.costs import Estimate
    from .webhooks import Webhook, WebhookEvent, WebhookEventType, WebhookHandler

__all__ = [
    "API_BASE_URL",
    "ApiErrorId",
    "AsyncChatAPI",
    "AsyncChatStream",
    "AsyncCompleted",
    "AsyncCompletionsAPI",
    "AsyncModelsAPI",
    "AsyncOrchestratorAPI",
    "AsyncOutputReader",
    "AsyncPager",
    "AsyncPrediction",
    "AsyncPredictionsAPI",
    "AsyncSkytellsClient",
    "AsyncStream",
    "Attempt",
    "AuthenticationError",
    "Budget",
    "BudgetExceededError",
    "Call",
    "ChatAPI",
    "ChatCompletion",
    "ChatCompletionChunk",
    "ChatMessage",
    "ChatParams",
    "ChatStream",
    "Choice",
    "ClientOptions",
    "Completed",
    "CompletionsAPI",
    "ConfigurationError",
    "DispatchError",
    "DownloadError",
    "DownloadProgress",
    "Estimate",
    "FilterResult",
    "FinishReason",
    "Flow",
    "InvalidRequestError",
    "InvalidResponseError",
    "MessageParam",
    "Model",
    "ModelFieldsOptions",
    "ModelMetadata",
    "ModelPricing",
    "ModelPrivacy",
    "ModelService",
    "ModelType",
    "ModelVendor",
    "ModelsAPI",
    "NetworkError",
    "NotFoundError",
    "OnProgressCallback",
    "OrchestratorAPI",
    "OutputExpiredError",
    "OutputReader",
    "Pager",
    "PaginatedResponse",
    "Pagination",
    "PaymentRequiredError",
    "PermissionDeniedError",
    "Prediction",
    "PredictionBilling",
    "PredictionFailedError",
    "PredictionFile",
    "PredictionMetadata",
    "PredictionMetrics",
    "PredictionModel",
    "PredictionRequest",
    "PredictionResponse",
    "PredictionSource",
    "PredictionStatus",
    "PredictionStorage",
    "PredictionType",
    "PredictionUrls",
    "PredictionWebhook",
    "PredictionsAPI",
    "PredictionsListOptions",
    "PricingCriterion",
    "PricingOperator",
    "PricingUnit",
    "QueueItem",
    "RateLimitError",
    "RequestTimeoutError",
    "RetryOptions",
    "RunOptions",
    "ServerError",
    "Skytells",
    "SkytellsClient",
    "SkytellsError",
    "Stream",
    "ToolCall",
    "Usage",
    "WaitOptions",
    "WaitTimeoutError",
    "Webhook",
    "WebhookEvent",
    "WebhookEventType",
    "WebhookHandler",
    "WebhookSignatureError",
    "__version__",
    "create_client",
]

# A name loads its module when it is first used, so that importing the package costs nothing.
_HOMES = {
    "_flow": (
        "Call",
        "Flow",
    ),
    "budget": ("Budget",),
    "client": (
        "API_BASE_URL",
        "AsyncSkytellsClient",
        "Skytells",
        "SkytellsClient",
        "create_client",
    ),
    "errors": (
        "ApiErrorId",
        "Attempt",
        "AuthenticationError",
        "BudgetExceededError",
        "ConfigurationError",
        "DispatchError",
        "DownloadError",
        "InvalidRequestError",
        "InvalidResponseError",
        "NetworkError",
        "NotFoundError",
        "OutputExpiredError",
        "PaymentRequiredError",
        "PermissionDeniedError",
        "PredictionFailedError",
        "RateLimitError",
        "RequestTimeoutError",
        "ServerError",
        "SkytellsError",
        "WaitTimeoutError",
        "WebhookSignatureError",
    ),
    "models": (
        "AsyncModelsAPI",
        "ModelsAPI",
    ),
    "orchestrator": (
        "AsyncOrchestratorAPI",
        "OrchestratorAPI",
    ),
    "prediction": (
        "AsyncPrediction",
        "Prediction",
    ),
    "outputs": ("AsyncOutputReader", "OutputReader"),
    "pagination": ("AsyncPager", "Pager"),
    "predictions": (
        "AsyncCompleted",
        "AsyncPredictionsAPI",
        "Completed",
        "PredictionsAPI",
    ),
    "types": (
        "ClientOptions",
        "DownloadProgress",
        "Model",
        "ModelFieldsOptions",
        "ModelMetadata",
        "ModelPricing",
        "ModelPrivacy",
        "ModelService",
        "ModelType",
        "ModelVendor",
        "OnProgressCallback",
        "PaginatedResponse",
        "Pagination",
        "PredictionBilling",
        "PredictionFile",
        "PredictionMetadata",
        "PredictionMetrics",
        "PredictionModel",
        "PredictionRequest",
        "PredictionResponse",
        "PredictionSource",
        "PredictionStatus",
        "PredictionStorage",
        "PredictionType",
        "PredictionUrls",
        "PredictionWebhook",
        "PredictionsListOptions",
        "PricingCriterion",
        "PricingOperator",
        "PricingUnit",
        "QueueItem",
        "RetryOptions",
        "RunOptions",
        "WaitOptions",
    ),
    "types.costs": ("Estimate",),
    "webhooks": (
        "Webhook",
        "WebhookEvent",
        "WebhookEventType",
        "WebhookHandler",
    ),
    "chat": (
        "AsyncChatAPI",
        "AsyncChatStream",
        "AsyncCompletionsAPI",
        "ChatAPI",
        "ChatStream",
        "CompletionsAPI",
    ),
    "streaming": (
        "AsyncStream",
        "Stream",
    ),
    "types.chat": (
        "ChatCompletion",
        "ChatCompletionChunk",
        "ChatMessage",
        "ChatParams",
        "Choice",
        "FilterResult",
        "FinishReason",
        "MessageParam",
        "ToolCall",
        "Usage",
    ),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name in _HOMES:  # a module, as in `skytells.types`
        return import_module(f".{name}", __name__)
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_HOME[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return __all__
