"""Predictions: what one sends, and what comes back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final, Self, TypeAlias

from pydantic import Field, SkipValidation

from .._checks import (
    PLAIN,
    Default,
    as_mapping,
    has_files,
    is_mapping,
    known_keys,
    milliseconds,
    segment,
    shown,
    whole,
)
from .._json import pairs, to_json
from .._record import Record, Rows
from ..errors import InvalidRequestError
from .outputs import described, is_address, parts_of

if TYPE_CHECKING:
    from decimal import Decimal

DEFAULT_INTERVAL: Final = Default(5000)


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
    def _missing_(cls, value: object) -> PredictionStatus | None:
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
    def cost(self) -> Decimal | None:
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


class PredictionList(Rows[PredictionResponse]):
    """A list of predictions, which a notebook shows as a table."""


def moment(text: str | None) -> datetime | None:
    """A date of the wire as an aware datetime; `None` where it is none."""
    try:
        read = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return read.replace(tzinfo=UTC) if read and read.tzinfo is None else read


@dataclass
class PredictionRequest:
    """What to create: a model, its input, and how.

    Args:
        model: Slug of the model.
        input: Its parameters.
        webhook: `{"url": …, "events": […]}`.
        await_: Let the server hold its answer until the prediction has ended.
        stream: Ask for `urls.stream`.
        extra: Further keys of the body, sent as they are.

    Raises:
        InvalidRequestError: A value that JSON cannot carry, or a model that is not a slug.

    Example:
        >>> PredictionRequest("flux-pro", {"prompt": "A cat"}, await_=True).to_dict()
        {'model': 'flux-pro', 'input': {'prompt': 'A cat'}, 'await': True}
    """

    model: str
    input: dict[str, Any]
    webhook: Mapping[str, Any] | str | None = None
    await_: bool = False
    stream: bool = False
    extra: dict[str, Any] = field(default_factory=dict[str, Any], kw_only=True)

    def to_dict(self) -> dict[str, Any]:
        """The body as sent; what is false or unset is left out."""
        body: dict[str, Any] = {"model": self.model, "input": self.input}
        if self.webhook is not None:
            body["webhook"] = dict(self.webhook) if is_mapping(self.webhook) else self.webhook
        if self.await_:
            body["await"] = True
        if self.stream:
            body["stream"] = True
        return body | self.extra

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Self:
        """A request from a payload; keys that are not known travel along."""
        known = {"model", "input", "webhook", "await", "stream"}
        if "model" not in d:
            raise InvalidRequestError.of("The payload has no 'model'; give the slug of a model.")
        return cls(
            d["model"],
            d.get("input", {}),
            d.get("webhook"),
            d.get("await", False),
            d.get("stream", False),
            extra={key: value for key, value in d.items() if key not in known},
        )

    def encode(self, **settled: bool) -> bytes:
        """The JSON body, checked; `settled` keys are set in it."""
        segment(self.model, "model")
        if not isinstance(self.input, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidRequestError.of(f"input must be a dict, not {type(self.input).__name__}.")
        return to_json({**self.to_dict(), "input": dict(self.input), **settled})

    def copy(self) -> Self:
        """A copy that later changes to the caller's dicts do not reach."""
        try:
            input, webhook, extra = map(_own, (self.input, self.webhook, self.extra))
        except RecursionError:
            raise InvalidRequestError.of("The request is nested too deeply.") from None
        return replace(self, input=input, webhook=webhook, extra=extra)


def _own(value: Any) -> Any:
    """A copy of what JSON can carry, down to its last dict and list."""
    if isinstance(value, PLAIN):
        return value
    if is_mapping(value):
        return {key: _own(item) for key, item in value.items()}
    if isinstance(value, bytearray):
        return bytes(value)
    parts = pairs(value)
    return value if parts is None else [_own(item) for _, item in parts]


def plain_input(given: object) -> dict[str, Any]:
    """A model's input as the JSON that it travels as, with something in place of each file."""
    input = as_mapping(given, "input", InvalidRequestError)
    if has_files(input):
        from .._inputs import without_files

        input = without_files(input)
    plain: dict[str, Any] = json.loads(to_json(dict(input)))
    return plain


@dataclass
class RunOptions:
    """Options of `run()`, which takes the same as keywords.

    Args:
        input: The model's parameters.
        webhook: `{"url": …, "events": […]}`.
        stream: Ask for `urls.stream`.
        max_wait: Longest wait in milliseconds; `None` has no limit.
        interval: Pause between looks in milliseconds; by default adaptive.
    """

    input: dict[str, Any]
    webhook: Mapping[str, Any] | str | None = None
    stream: bool = False
    max_wait: float | None = field(default=None, kw_only=True)
    interval: float | None = field(default=None, kw_only=True)

    def to_dict(self) -> dict[str, Any]:
        """The part of the body that these options are; what is unset is left out."""
        body: dict[str, Any] = {"input": self.input}
        if self.webhook is not None:
            body["webhook"] = dict(self.webhook) if is_mapping(self.webhook) else self.webhook
        if self.stream:
            body["stream"] = True
        return body

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Self:
        """Options from a dict; an unknown key is refused."""
        known_keys(d, ("input", "webhook", "stream", "max_wait", "interval"), "run()'s options")
        return cls(
            d.get("input") or {},
            d.get("webhook"),
            d.get("stream", False),
            max_wait=d.get("max_wait"),
            interval=d.get("interval"),
        )


@dataclass
class WaitOptions:
    """Options of `wait()`.

    Args:
        interval: Pause between looks in milliseconds. Left out, looks are quick at first and ease
            to one in five seconds.
        max_wait: Longest wait in milliseconds; `None` has no limit. The last look is at its end.

    Raises:
        ConfigurationError: A value that is not a positive number.
    """

    interval: float = DEFAULT_INTERVAL
    max_wait: float | None = None

    def __post_init__(self) -> None:
        milliseconds(self.interval, "interval")
        if self.max_wait is not None:
            milliseconds(self.max_wait, "max_wait", zero=True)

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Self:
        """Options from a dict; an unknown key is refused."""
        known_keys(d, ("interval", "max_wait"), "wait()'s options")
        return cls(**d)

    @classmethod
    def of(cls, given: WaitOptions | Mapping[str, Any] | None) -> WaitOptions:
        """Options from any form in which `wait()` takes them."""
        if given is None:
            return cls()
        if isinstance(given, WaitOptions):
            return given
        return cls.from_dict(as_mapping(given, "wait()'s options"))


@dataclass
class PredictionsListOptions:
    """Filters of `predictions.list()`, which takes the same as keywords.

    Args:
        page: Page number, from 1.
        since: First day, `YYYY-MM-DD`.
        until: Last day, `YYYY-MM-DD`.
        model: Slug of a model.
        per_page: Predictions on a page, 1 to 50.
        status: Only predictions in this status.
    """

    page: int | None = None
    since: str | None = None
    until: str | None = None
    model: str | None = None
    per_page: int | None = field(default=None, kw_only=True)
    status: str | None = field(default=None, kw_only=True)

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Self:
        """Filters from a dict; an unknown key is refused."""
        known = ("page", "since", "until", "model", "per_page", "status")
        known_keys(d, known, "predictions.list()'s options")
        return cls(**d)

    def params(self) -> tuple[tuple[str, str], ...]:
        """The query: checked, and in the wire's names."""
        numbers = {
            "page": _number(self.page, "page", 1_000_000_000),
            "per_page": _number(self.per_page, "per_page", 50),
        }
        texts = {
            "from": _text(self.since, "since"),
            "to": _text(self.until, "until"),
            "model": _text(self.model, "model"),
            "status": _text(self.status, "status"),
        }
        return tuple((k, str(v)) for k, v in (numbers | texts).items() if v is not None)


def _number(value: object, name: str, most: int) -> int | None:
    return None if value is None else whole(value, name, 1, most, InvalidRequestError)


def _text(value: object, name: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise InvalidRequestError.of(
            f"{name} must be a string that is not empty; got {shown(value)}."
        )
    return str(value)


@dataclass
class QueueItem:
    """One request in the client's queue."""

    request: PredictionRequest
