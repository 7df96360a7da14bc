"""All types of the API, also importable from `skytells` itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._data.lazy import load

if TYPE_CHECKING:
    from ..errors import ApiErrorId, SkytellsError
    from .models import (
        Model,
        ModelFieldsOptions,
        ModelMetadata,
        ModelPricing,
        ModelPrivacy,
        ModelService,
        ModelType,
        ModelVendor,
        PricingCriterion,
        PricingOperator,
        PricingUnit,
    )
    from .options import ClientOptions, RetryOptions
    from .outputs import DownloadProgress
    from .predict import (
        Output,
        PredictionBilling,
        PredictionFile,
        PredictionMetadata,
        PredictionMetrics,
        PredictionModel,
        PredictionResponse,
        PredictionSource,
        PredictionStatus,
        PredictionStorage,
        PredictionType,
        PredictionUrls,
        PredictionWebhook,
    )
    from .requests import (
        PredictionRequest,
        PredictionsListOptions,
        QueueItem,
        RunOptions,
        WaitOptions,
    )
    from .shared import OnProgressCallback, PaginatedResponse, Pagination

__all__ = [
    "ApiErrorId",
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
    "Output",
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
    "SkytellsError",
    "WaitOptions",
]


def __getattr__(name: str) -> object:
    return load(__name__, name, "predict", "shared", "options", "models", "outputs", "requests")
