"""Predictions as they come back.

Annotations are evaluated as the module loads: from strings, pydantic would compile each of them.
"""

from datetime import UTC, datetime
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

from pydantic import Field, SkipValidation

from .._data.checks import clean
from .._data.record import Record, Rows
from ..errors import InvalidRequestError
from .outputs import described, is_address, parts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from .._data.display import Media
    from .._data.html import Markup
    from .requests import (
        PredictionRequest,
        PredictionsListOptions,
        QueueItem,
        RunOptions,
        WaitOptions,
    )

__all__ = [
    "Output",
    "PredictionBilling",
    "PredictionFile",
    "PredictionList",
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
    "QueueItem",
    "RunOptions",
    "WaitOptions",
]


class PredictionStatus(StrEnum):
    """Where a prediction is in its life. `canceled`, as some answers spell it, is `CANCELLED`."""

    PENDING = "pending"
    STARTING = "starting"
    STARTED = "started"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @classmethod
    def _missing_(cls, value: object) -> "PredictionStatus | None":
        # HTTP 200 with `status: false` and an id is a prediction that waits for its turn.
        return cls.CANCELLED if value == "canceled" else cls.PENDING if value is False else None


class PredictionType(StrEnum):
    """The kind of work."""

    INFERENCE = "inference"
    TRAINING = "training"


class PredictionSource(StrEnum):
    """What created a prediction."""

    API = "api"
    CLI = "cli"
    WEB = "web"


TERMINAL: Final = frozenset(
    {PredictionStatus.SUCCEEDED, PredictionStatus.FAILED, PredictionStatus.CANCELLED}
)

Output: TypeAlias = str | list[str] | None
"""What a prediction gives: a URL, several, or text; `None` until it is there."""


class PredictionModel(Record):
    """The model that a prediction ran on."""

    name: str | None = None
    """Its slug."""
    type: str | None = None


class PredictionWebhook(Record):
    """Where the platform announces a prediction's events."""

    url: str | None = None
    events: list[str] | None = None


class PredictionMetrics(Record):
    """How a prediction went so far."""

    image_count: int | None = None
    predict_time: float | None = None
    """Seconds of computing."""
    total_time: float | None = None
    """Seconds from creation to completion."""
    asset_count: int | None = None
    progress: float | None = None
    """From 0 to 100."""


class PredictionBilling(Record):
    """What a prediction cost."""

    credits_used: float | None = None


class PredictionFile(Record):
    """One file of a prediction's output; its URL dies minutes after the prediction ends."""

    name: str | None = None
    type: str | None = None
    size: int | None = None
    """Bytes."""
    url: str | None = None

    def __skytells_input__(self) -> str:
        """What stands for it in an input: its address."""
        if self.url is None:
            raise InvalidRequestError.of("The file has no address to give as an input.")
        return self.url


class PredictionStorage(Record):
    """The files of a prediction."""

    files: list[PredictionFile] | None = None


class PredictionMetadata(Record):
    """Billing and storage of a prediction."""

    billing: PredictionBilling | None = None
    storage: PredictionStorage | None = None
    data_available: bool | None = None


class PredictionUrls(Record):
    """Addresses of a prediction. `urls.get_` is the wire's `get`: `urls["get"]` works too."""

    get_: str | None = Field(default=None, alias="get")
    cancel: str | None = None
    stream: str | None = None
    delete: str | None = None


class PredictionResponse(Record):
    """A prediction as the server last described it.

    Example:
        >>> p = PredictionResponse(id="p1", status="canceled", metrics={"progress": 40})
        >>> p.status, p["status"], p.done, p.metrics.progress
        (<PredictionStatus.CANCELLED: 'cancelled'>, 'canceled', True, 40.0)
    """

    id: str
    status: Annotated[PredictionStatus | str, Field(union_mode="left_to_right")] = (
        PredictionStatus.PENDING
    )
    type: Annotated[PredictionType | str | None, Field(union_mode="left_to_right")] = None
    stream: bool | None = None
    input: dict[str, Any] | None = None
    response: str | None = None
    """A message for people; on failure, often the reason."""
    error: str | None = None
    """The reason of a failure, where the server gives it here."""
    output: Annotated[Output, SkipValidation] = None
    created_at: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    updated_at: str | None = None
    privacy: str | None = None
    source: Annotated[PredictionSource | str | None, Field(union_mode="left_to_right")] = None
    model: PredictionModel | str | None = None
    webhook: PredictionWebhook | str | None = None
    metrics: PredictionMetrics | None = None
    metadata: PredictionMetadata | None = None
    urls: PredictionUrls | None = None

    @property
    def done(self) -> bool:
        """Whether it has succeeded, failed or been cancelled."""
        return self.status in TERMINAL

    @property
    def failure(self) -> str | None:
        """Why it failed, in the server's words; `None` if it did not."""
        if self.status != PredictionStatus.FAILED:
            return None
        return self.response or self.error or "The server gave no reason."

    @property
    def slug(self) -> str | None:
        """The slug of its model, in whichever form the server named it."""
        return self.model.name if isinstance(self.model, PredictionModel) else self.model

    @property
    def created(self) -> datetime | None:
        """`created_at` as an aware datetime."""
        return moment(self.created_at)

    @property
    def started(self) -> datetime | None:
        """`started_at` as an aware datetime."""
        return moment(self.started_at)

    @property
    def completed(self) -> datetime | None:
        """`completed_at` as an aware datetime."""
        return moment(self.completed_at)

    @property
    def updated(self) -> datetime | None:
        """`updated_at` as an aware datetime."""
        return moment(self.updated_at)

    @property
    def cost(self) -> "Decimal | None":
        """What it cost, in credits, if the server said so: `metadata.billing.credits_used`.

        One credit is taken to be one US dollar. That is what known prices and bills suggest; the
        platform's documents do not say it.
        """
        from .costs import decimal

        billing = self.metadata.billing if self.metadata is not None else None
        return decimal(billing.credits_used) if billing is not None else None

    @property
    def files(self) -> list[PredictionFile]:
        """The files of its output, as the platform lists them, else by the addresses in `output`.

        Name, type and size are there where they are known. Text is not a file.

        Example:
            >>> p = PredictionResponse(id="p1", output=["https://cdn.example/fox.png"])
            >>> p.files[0].name, p.files[0].type
            ('fox.png', 'image/png')
        """
        storage = self.metadata.storage if self.metadata else None
        stored = (storage.files if storage else None) or []
        listed = [file for file in stored if is_address(file.url or "")]
        addresses = [part for part in parts_of(self.output) if is_address(part)]
        if len(listed) >= len(addresses):
            return listed
        known = {file.url: file for file in listed}
        return [known.get(a) or PredictionFile.from_wire(described(a)) for a in addresses]

    def outputs(self) -> Output:
        """The output, a list of one unwrapped."""
        if isinstance(self.output, list) and len(self.output) == 1:
            return self.output[0]
        return self.output

    def _html(self) -> "Markup":
        return prediction_html(self, {})


class PredictionList(Rows[PredictionResponse]):
    """A list of predictions, which a notebook shows as a table."""

    def _html(self) -> "Markup":
        return predictions_html(self)


def prediction_html(prediction: PredictionResponse, media: "Mapping[int, Media]") -> "Markup":
    """A prediction as a notebook shows it.

    Args:
        prediction: The prediction.
        media: Its outputs as a page can hold them, by their place among its files.
    """
    from .._data.display import LONG, cut, output_html
    from .._data.html import tag, together

    prompt = _prompt(prediction)
    shown = [
        output_html(file.name, file.url, media.get(place), prompt)
        for place, file in enumerate(prediction.files)
    ]
    parts = [tag("div", *shown, class_="many" if len(shown) > 1 else "one")] if shown else []
    parts += [tag("pre", part) for part in parts_of(prediction.output) if not is_address(part)]
    if prediction.failure is not None:
        parts.append(tag("pre", cut(prediction.failure, LONG)))
    if prompt:
        parts.append(tag("p", cut(prompt, LONG)))
    told = [prediction.slug or ""]
    if prediction.metrics and prediction.metrics.total_time is not None:
        told.append(f"{prediction.metrics.total_time:g} s")
    spent = _credits(prediction)
    told += [f"{spent} credits"] if spent else []
    about = ", ".join([prediction.status, *filter(None, told)])
    id = tag("code", prediction.id)
    dot = tag("span", class_=f"dot {prediction.status}")
    parts.append(tag("p", dot, tag("span", f"{about} ", id, class_="soft")))
    return together(*parts)


def predictions_html(predictions: "Iterable[PredictionResponse]") -> "Markup":
    """Predictions as the table that a notebook shows of them."""
    from .._data.display import SHORT, cell, cut, table
    from .._data.html import tag, together

    rows = [
        (
            tag("span", tag("span", class_=f"dot {p.status}"), clean(p.status, 40), class_="line"),
            p.slug or "",
            cut(_prompt(p), SHORT),
            together(*map(cell, parts_of(p.output))),
            tag("span", f"{p.created:%Y-%m-%d %H:%M}" if p.created else "", class_="line"),
            _credits(p),
            tag("code", p.id),
        )
        for p in predictions
    ]
    return table(("Status", "Model", "Prompt", "Output", "Created", "Credits", "Id"), rows)


def _prompt(prediction: PredictionResponse) -> str:
    prompt = (prediction.input or {}).get("prompt")
    return prompt if isinstance(prompt, str) else ""


def _credits(prediction: PredictionResponse) -> str:
    billing = prediction.metadata.billing if prediction.metadata else None
    return "" if billing is None or billing.credits_used is None else f"{billing.credits_used:g}"


def moment(text: str | None) -> datetime | None:
    """A date of the wire as an aware datetime; `None` where it is none."""
    try:
        read = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return read.replace(tzinfo=UTC) if read and read.tzinfo is None else read


def __getattr__(name: str) -> object:
    """What one sends, by its published address."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(".requests", __package__), name)


def __dir__() -> list[str]:
    return __all__
