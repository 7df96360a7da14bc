"""The models of this package as a user of httpx would write them: plain pydantic, all of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field

try:
    from openai import BaseModel  # it insists on its own
except ImportError:
    from pydantic import BaseModel


class Status(StrEnum):
    PENDING = "pending"
    STARTING = "starting"
    STARTED = "started"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Kind(StrEnum):
    INFERENCE = "inference"
    TRAINING = "training"


class Source(StrEnum):
    API = "api"
    CLI = "cli"
    WEB = "web"


class Model(BaseModel):
    name: str | None = None
    type: str | None = None


class Webhook(BaseModel):
    url: str | None = None
    events: list[str] | None = None


class Metrics(BaseModel):
    image_count: int | None = None
    predict_time: float | None = None
    total_time: float | None = None
    asset_count: int | None = None
    progress: float | None = None


class Billing(BaseModel):
    credits_used: float | None = None


class File(BaseModel):
    name: str | None = None
    type: str | None = None
    size: int | None = None
    url: str | None = None


class Storage(BaseModel):
    files: list[File] | None = None


class Metadata(BaseModel):
    billing: Billing | None = None
    storage: Storage | None = None
    data_available: bool | None = None


class Urls(BaseModel):
    get_: str | None = Field(default=None, alias="get")
    cancel: str | None = None
    stream: str | None = None
    delete: str | None = None


class Prediction(BaseModel):
    id: str
    status: Status | str
    type: Kind | str | None = None
    stream: bool | None = None
    input: dict[str, Any] | None = None
    response: str | None = None
    error: str | None = None
    output: str | list[str] | None = None
    created_at: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    updated_at: str | None = None
    privacy: str | None = None
    source: Source | str | None = None
    model: Model | str | None = None
    webhook: Webhook | str | None = None
    metrics: Metrics | None = None
    metadata: Metadata | None = None
    urls: Urls | None = None


class Page(BaseModel):
    data: list[Prediction]


class ModelKind(StrEnum):
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    MUSIC = "music"
    TEXT = "text"
    CODE = "code"


class Unit(StrEnum):
    IMAGE = "image"
    SECOND = "second"
    PREDICTION = "prediction"
    TOKEN = "token"


class Vendor(BaseModel):
    name: str | None = None
    description: str | None = None
    image_url: str | None = None
    verified: bool | None = None
    slug: str | None = None
    metadata: dict[str, Any] | None = None


class Criterion(BaseModel):
    field: str | None = None
    description: str | None = None
    operator: str | None = None
    value: str | bool | float | None = None
    billable_price: float | None = None
    unit: Unit | str | None = None


class Pricing(BaseModel):
    amount: float | None = None
    currency: str | None = None
    unit: Unit | str | None = None
    criterias: list[Criterion] | None = None
    formula: dict[str, Any] | None = None


class Service(BaseModel):
    type: str | None = None
    inference_party: str | None = None


class ModelMetadata(BaseModel):
    edge_compatible: bool | None = None
    openai_compatible: bool | None = None
    cold_boot: bool | None = None
    deployment_hardware: dict[str, Any] | None = None


class CatalogueModel(BaseModel):
    name: str | None = None
    namespace: str | None = None
    description: str | None = None
    type: ModelKind | str | None = None
    privacy: str | None = None
    img_url: str | None = None
    vendor: Vendor | str | None = None
    billable: bool | None = None
    pricing: Pricing | None = None
    capabilities: list[str] | None = None
    status: str | None = None
    service: Service | None = None
    metadata: ModelMetadata | None = None
    input_schema: dict[str, Any] | None = None
    output_schema: dict[str, Any] | None = None
