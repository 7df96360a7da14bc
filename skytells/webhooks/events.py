"""Webhooks asked for, and events read from what arrives."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic_core import from_json

from .._core.wire import is_loopback
from .._data.checks import as_object, did_you_mean, is_array, is_mapping, shown
from ..errors import InvalidRequestError
from ..types.predict import PredictionResponse, PredictionStatus, moment


class WebhookEventType(StrEnum):
    """What a webhook tells of. Each spelling of the platform leads to its member.

    Example:
        >>> from skytells.webhooks import WebhookEventType
        >>> WebhookEventType("prediction.succeeded") is WebhookEventType.COMPLETED
        True
    """

    STARTED = "started"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"
    OUTPUT = "output"
    LOGS = "logs"

    @classmethod
    def _missing_(cls, value: object) -> WebhookEventType | None:
        if not isinstance(value, str):
            return None
        bare = value.removeprefix("prediction.")
        return _SPELLINGS.get(bare) or (
            cls.__members__.get(bare.upper()) if bare.islower() else None
        )


_SPELLINGS: Final = {
    "start": WebhookEventType.STARTED,
    "succeeded": WebhookEventType.COMPLETED,
    "cancelled": WebhookEventType.CANCELED,
}
_ENDINGS: Final = (
    WebhookEventType.COMPLETED,
    WebhookEventType.FAILED,
    WebhookEventType.CANCELED,
)
_ONCE: Final = frozenset({WebhookEventType.STARTED, *_ENDINGS})


def event_type(name: str) -> WebhookEventType | None:
    """The type that a name stands for, in any of the platform's vocabularies."""
    try:
        return WebhookEventType(name)
    except ValueError:
        return None


@dataclass(frozen=True, eq=False)
class Webhook(Mapping[str, Any]):
    """Where to announce a prediction's events: pass it as `webhook=`, or in a payload.

    Args:
        url: Address of your endpoint: https, or http to this machine.
        events: What to tell of, in any of the platform's spellings; by default each ending.

    Raises:
        InvalidRequestError: The address cannot be called, or there is no such event.

    Example:
        >>> from skytells.webhooks import Webhook
        >>> webhook = Webhook("https://example.com/hooks/skytells", ["completed", "failed"])
        >>> client.predictions.create(
        ...     model="flux-pro", input={"prompt": "A cat"}, webhook=webhook
        ... ).webhook.url
        'https://example.com/hooks/skytells'
    """

    url: str
    events: Sequence[str] = _ENDINGS

    def __post_init__(self) -> None:
        _check_url(self.url)
        if not is_array(self.events) or not self.events:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidRequestError.of("A webhook's events must be a list of at least one event.")
        for event in self.events:
            if not isinstance(event, str) or event_type(event) is None:  # pyright: ignore[reportUnnecessaryIsInstance]
                hint = did_you_mean(str(event), map(str, WebhookEventType))
                known = hint or f" Known: {', '.join(WebhookEventType)}."
                raise InvalidRequestError.of(f"There is no webhook event {shown(event)}.{known}")

    def __getitem__(self, key: str) -> Any:
        if key == "url":
            return self.url
        if key == "events":
            return [str(event) for event in self.events]
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(("url", "events"))

    def __len__(self) -> int:
        return 2


def _check_url(url: object) -> None:
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        host = parts.hostname if parts is not None and parts.port != 0 else None
    except ValueError:
        parts = host = None
    plain = isinstance(url, str) and url.isascii() and url.isprintable() and " " not in url
    if parts is None or not host or not plain or parts.scheme not in {"https", "http"}:
        raise InvalidRequestError.of(
            "A webhook's url must be the address of your endpoint, such as "
            f"'https://example.com/hooks/skytells'; got {shown(url)}."
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise InvalidRequestError.of(
            f"A webhook's url must be https: outputs would travel in clear to {host}. Plain http "
            "is for this machine."
        )


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """What a webhook said.

    Args:
        type: `WebhookEventType`, or the platform's own word for what is not known.
        prediction: The prediction as it was then.
        created_at: When it was said, as the platform writes it.
        raw: The body's JSON.
        duplicate: Whether it had been handled already, so that nothing was called.
    """

    type: WebhookEventType | str
    prediction: PredictionResponse
    created_at: str | None = None
    raw: dict[str, Any] = field(default_factory=dict[str, Any], repr=False, compare=False)
    duplicate: bool = False

    @property
    def created(self) -> datetime | None:
        """`created_at` as an aware datetime."""
        return moment(self.created_at)

    @property
    def key(self) -> str:
        """What names this event among all others, and each repetition of it alike."""
        name = f"{self.prediction.id}:{self.type}"
        if self.type in _ONCE:
            return name
        # Of output, logs and progress there are many: each that says something else is another.
        return f"{name}:{hashlib.sha256(repr(self.raw).encode('utf-8', 'replace')).hexdigest()}"


def parse_event(body: bytes | str | Mapping[str, Any]) -> WebhookEvent:
    """Read a webhook's body, in each form in which the platform sends it. Verify it first.

    Args:
        body: The body, or its JSON as it was read, such as `event.raw` in another process.

    Raises:
        InvalidRequestError: It is not JSON, or tells of no prediction. Answer 400.

    Example:
        >>> from skytells.webhooks import parse_event
        >>> event = parse_event(b'{"id": "p1", "status": "succeeded"}')
        >>> print(event.type, event.prediction.id)
        completed p1
        >>> wrapped = {"type": "prediction.cancelled", "data": {"id": "p2", "status": "cancelled"}}
        >>> print(parse_event(wrapped).type)
        canceled
    """
    wire = dict(body) if is_mapping(body) else _object(body)
    data = as_object(wire.get("data"))
    if data is None or "status" in wire:
        prediction = _prediction(wire)
        return WebhookEvent(_type_of(prediction), prediction, _told_at(prediction), wire)
    prediction = _prediction(data)
    name, created_at = wire.get("type"), wire.get("created_at")
    return WebhookEvent(
        event_type(name) or name if isinstance(name, str) else _type_of(prediction),
        prediction,
        created_at if isinstance(created_at, str) else _told_at(prediction),
        wire,
    )


def _object(body: object) -> dict[str, Any]:
    if not isinstance(body, bytes | bytearray | str):
        raise InvalidRequestError.of(
            f"A webhook's body is bytes, text or a dict, not {type(body).__name__}."
        )
    try:
        wire = as_object(from_json(body, allow_inf_nan=False))
    except ValueError:
        wire = None
    if wire is None:
        raise InvalidRequestError.of("The webhook's body is not a JSON object. Answer 400.")
    return wire


def _prediction(wire: dict[str, Any]) -> PredictionResponse:
    id = wire.get("id")
    if not isinstance(id, str | int) or isinstance(id, bool) or id == "":
        raise InvalidRequestError.of("The webhook tells of no prediction. Answer 400.")
    return PredictionResponse.from_wire(wire)


def _type_of(prediction: PredictionResponse) -> WebhookEventType | str:
    status = str(prediction.status)
    if status == PredictionStatus.STARTING:
        return WebhookEventType.STARTED
    return event_type(status) or status


def _told_at(prediction: PredictionResponse) -> str | None:
    return prediction.updated_at or prediction.completed_at or prediction.started_at
