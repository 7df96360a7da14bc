"""All types of the API, also importable from `skytells` itself."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    from .shared import (
        ApiErrorId,
        OnProgressCallback,
        PaginatedResponse,
        Pagination,
        SkytellsError,
    )

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


# A name loads its module when it is first used: predictions need nothing of the catalogue.
_HOMES = ("predict", "requests", "shared", "options", "models", "outputs")


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return import_module(f".{name}", __name__)
    for module in (import_module(f".{home}", __name__) for home in _HOMES if name in __all__):
        if hasattr(module, name):
            value = globals()[name] = getattr(module, name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
