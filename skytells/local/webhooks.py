"""Webhooks: which events an application receives, with what content, and how often.

No network here: the outbox returns what is due, and records the result of each delivery. Times are
platform seconds, so that with a stopped clock a delivery is repeated when the clock is moved.
"""

from __future__ import annotations

import hashlib
import heapq
import hmac
import ipaddress
import json
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from .jobs import Job
from .json_values import Json
from .prediction_json import prediction_json
from .store import RecentItems

SIGNATURE: Final = "X-Skytells-Signature"
"""The header with the signature of the body, in lower-case hexadecimal digits."""

BACKOFF: Final = (1.0, 5.0, 25.0, 125.0, 625.0)
"""Platform seconds before each repetition of a delivery without a 2xx response."""

_NAMES: Final = {
    "started": ("started", "start", "prediction.started"),
    "completed": ("completed", "succeeded", "prediction.succeeded", "prediction.completed"),
    "failed": ("failed", "prediction.failed"),
    "canceled": ("canceled", "cancelled", "prediction.cancelled", "prediction.canceled"),
}
_WRAPPED_NAMES: Final = {
    "started": "prediction.started",
    "completed": "prediction.succeeded",
    "failed": "prediction.failed",
    "canceled": "prediction.cancelled",
}
_EVENT_OF_STATUS: Final = {
    "succeeded": "completed",
    "failed": "failed",
    "cancelled": "canceled",
    "canceled": "canceled",
}


@dataclass(frozen=True)
class Delivery:
    """An attempt to deliver an event to a webhook.

    Args:
        url: The URL.
        event: `started`, `completed`, `failed` or `canceled`.
        raw: The body, which the signature is computed from.
        headers: The headers.
        attempt: 1 for the first.
        status: The HTTP status of the response, or `None` if there was none.
        error: Why there was no response.
    """

    url: str
    event: str
    raw: bytes
    headers: dict[str, str]
    attempt: int
    status: int | None = None
    error: str | None = None

    @property
    def body(self) -> Json:
        """The body as JSON."""
        return json.loads(self.raw)

    @property
    def delivered(self) -> bool:
        """Whether the response was 2xx."""
        return self.status is not None and 200 <= self.status < 300


class Notification(NamedTuple):
    """An event that is to be delivered at a moment."""

    moment: float
    number: int
    job: Job
    event: str
    happened: float
    attempt: int
    raw: bytes | None = None


class Outbox:
    """Notifications that are to be delivered, and the deliveries so far. Thread-safe.

    Args:
        secret: Signs every body; `None` signs with the key of the prediction's request.
        wrapped: Send `{"type", "created_at", "data"}` instead of the bare prediction.
        copies: How often each event is sent; more than 1 to test the handling of duplicates.
        variants: The forms of predictions; see `skytells.local.variants`.

    Raises:
        ValueError: Fewer than one copy.
    """

    def __init__(
        self,
        *,
        secret: str | None = None,
        wrapped: bool = False,
        copies: int = 1,
        variants: Collection[str] = (),
    ) -> None:
        if copies < 1:
            raise ValueError(f"webhook_copies must be at least 1, not {copies!r}")
        self._sent = RecentItems[Delivery](count=10_000, size=64 * 1024 * 1024)
        self._secret = secret
        self._wrapped = wrapped
        self._copies = copies
        self._variants = variants
        self._pending: list[Notification] = []
        self._numbers = count()
        self._lock = threading.RLock()

    @property
    def deliveries(self) -> list[Delivery]:
        """The deliveries so far, oldest first."""
        with self._lock:
            return list(self._sent)

    @property
    def next_moment(self) -> float | None:
        """When the next notification is due, if there is one."""
        with self._lock:
            return self._pending[0].moment if self._pending else None

    def plan(self, job: Job) -> None:
        """Schedule the notifications of a new prediction."""
        self._add(job, "started", job.created + job.schedule.starts)
        self._add(job, "ended", job.ends)

    def reschedule(self, job: Job) -> None:
        """Replace the notification of the scheduled end of a prediction that ended early."""
        with self._lock:
            self._pending = [n for n in self._pending if n.job is not job or n.happened <= job.ends]
            heapq.heapify(self._pending)
            self._add(job, "ended", job.ends)

    def take_due(self, now: float) -> list[Notification]:
        """Remove and return the notifications that are due, in the order of their events."""
        due: list[Notification] = []
        with self._lock:
            while self._pending and self._pending[0].moment <= now + 1e-6:
                due.append(heapq.heappop(self._pending))
        return due

    def build(self, notification: Notification) -> Delivery:
        """The delivery of a notification, before it is sent."""
        job, webhook = notification.job, notification.job.request.webhook or {}
        raw = notification.raw or self._body(notification)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "skytells-local",
            SIGNATURE: sign(raw, self._secret or job.key),
        }
        return Delivery(webhook["url"], notification.event, raw, headers, notification.attempt)

    def record(self, notification: Notification, delivery: Delivery, now: float) -> None:
        """Record the result of a delivery, and schedule its repetition if it failed."""
        with self._lock:
            self._sent.add(delivery, len(delivery.raw))
            if not delivery.delivered and notification.attempt <= len(BACKOFF):
                retry = notification._replace(
                    moment=now + BACKOFF[notification.attempt - 1],
                    attempt=notification.attempt + 1,
                    raw=delivery.raw,
                )
                heapq.heappush(self._pending, retry)

    def _body(self, notification: Notification) -> bytes:
        job, happened = notification.job, notification.happened
        body = prediction_json(job, happened, job.origin, variants=self._variants)
        if self._wrapped:
            date = datetime.fromtimestamp(job.date(happened), UTC)
            body = {
                "type": _WRAPPED_NAMES[notification.event],
                "created_at": date.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "data": body,
            }
        return json.dumps(body, separators=(",", ":")).encode("ascii")

    def _add(self, job: Job, event: str, moment: float) -> None:
        webhook = job.request.webhook
        if not webhook or not webhook["url"]:
            return
        if event == "ended":
            event = _EVENT_OF_STATUS[job.stage(moment).status]
        if wants(webhook["events"], event):
            with self._lock:
                for _ in range(self._copies):
                    number = next(self._numbers)
                    notification = Notification(moment, number, job, event, moment, 1)
                    heapq.heappush(self._pending, notification)


def sign(body: bytes, secret: str) -> str:
    """The signature of a body: HMAC with SHA-256, as lower-case hexadecimal digits.

    Example:
        >>> sign(b"{}", "sk-local")[:8]
        '4a8e2f35'
    """
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def wants(events: Sequence[Json], event: str) -> bool:
    """Whether a webhook's list of events includes an event; an empty list includes all.

    Example:
        >>> wants(["prediction.succeeded"], "completed"), wants([], "started")
        (True, True)
    """
    return not events or any(name in _NAMES[event] for name in events)


def url_error(url: str, *, allow_remote: bool) -> str | None:
    """Why a URL must not be called, or `None`.

    Only this machine is called unless others are allowed: a test with a copy of a production setting
    must not notify a production system.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError as error:
        return f"not a URL: {error}"
    if parts.scheme not in ("http", "https") or not host:
        return "not an http or https URL"
    if allow_remote or _is_loopback(host):
        return None
    return f"{host} is not this machine: permit it (allow_remote, --allow-remote)"


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
