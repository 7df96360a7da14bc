"""What the platform tells an application's webhook: which events, what they say, how often.

No network here: the outbox says what is due and is told how it went. Platform seconds throughout,
so that on a standing clock a delivery is repeated when the clock is moved, not while one waits.
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
from .prediction_json import Json, JsonObject, prediction_json
from .store import Recent

SIGNATURE: Final = "X-Skytells-Signature"
"""The header that carries the signature of the body, in lower-case hexadecimal digits."""

BACKOFF: Final = (1.0, 5.0, 25.0, 125.0, 625.0)
"""Platform seconds before each repetition of a delivery that was not answered with 2xx."""

_NAMES: Final = {
    "started": ("started", "start", "prediction.started"),
    "completed": ("completed", "succeeded", "prediction.succeeded", "prediction.completed"),
    "failed": ("failed", "prediction.failed"),
    "canceled": ("canceled", "cancelled", "prediction.cancelled", "prediction.canceled"),
}
_WRAPPED: Final = {
    "started": "prediction.started",
    "completed": "prediction.succeeded",
    "failed": "prediction.failed",
    "canceled": "prediction.cancelled",
}
_EVENT_OF: Final = {
    "succeeded": "completed",
    "failed": "failed",
    "cancelled": "canceled",
    "canceled": "canceled",
}


@dataclass(frozen=True)
class Delivery:
    """An attempt to tell a webhook of an event.

    Arguments:
        url: where it went.
        event: `started`, `completed`, `failed` or `canceled`.
        raw: the body as it travelled, which is what the signature is made of.
        headers: by the names they travelled with.
        attempt: 1 for the first.
        status: the HTTP status of the answer, or `None` when there was none.
        error: why there was none.
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
        """What it said."""
        return json.loads(self.raw)

    @property
    def delivered(self) -> bool:
        """Whether it was answered with 2xx."""
        return self.status is not None and 200 <= self.status < 300


class Notice(NamedTuple):
    """Something that an application is to be told."""

    moment: float
    number: int
    job: Job
    event: str
    happened: float
    attempt: int
    raw: bytes | None = None


class Outbox:
    """What is still to be told, and what was; safe to use from several threads.

    Arguments:
        secret: signs every body; `None` signs with the key that ordered the prediction.
        wrapped: send `{"type", "created_at", "data"}` instead of the bare prediction.
        copies: how often each event is sent; more than 1 to see duplicates handled.
        variants: how predictions are spelled (see `skytells.local.prediction_json`).

    Raises:
        ValueError: fewer than one copy.
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
        self._sent = Recent[Delivery](count=10_000, weight=64 * 1024 * 1024)
        self._secret = secret
        self._wrapped = wrapped
        self._copies = copies
        self._variants = variants
        self._due: list[Notice] = []
        self._numbers = count()
        self._lock = threading.RLock()

    @property
    def deliveries(self) -> list[Delivery]:
        """The attempts so far, oldest first."""
        with self._lock:
            return list(self._sent)

    @property
    def next_moment(self) -> float | None:
        """When the next notice is due; `None` when all is said."""
        with self._lock:
            return self._due[0].moment if self._due else None

    def plan(self, job: Job) -> None:
        """Foresee what will be told of a new prediction."""
        if job.order.webhook and job.order.webhook["url"]:
            self._add(job, "started", job.created + job.life.starts)
            self._add(job, "ended", job.ends)

    def ended(self, job: Job) -> None:
        """Tell at once that a prediction ended early; what was foreseen is forgotten."""
        if job.order.webhook and job.order.webhook["url"]:
            with self._lock:
                self._due = [n for n in self._due if n.job is not job or n.happened <= job.ends]
                heapq.heapify(self._due)
                self._add(job, "ended", job.ends)

    def due(self, now: float) -> list[Notice]:
        """Take what is to be sent now, in the order in which it happened."""
        taken: list[Notice] = []
        with self._lock:
            while self._due and self._due[0].moment <= now + 1e-6:
                taken.append(heapq.heappop(self._due))
        return taken

    def compose(self, notice: Notice) -> Delivery:
        """The message of a notice, not yet sent."""
        job, hook = notice.job, notice.job.order.webhook or {}
        raw = notice.raw or self._say(notice)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "skytells-local",
            SIGNATURE: sign(raw, self._secret or job.key),
        }
        return Delivery(hook["url"], notice.event, raw, headers, notice.attempt)

    def settle(self, notice: Notice, delivery: Delivery, now: float) -> None:
        """Remember how a delivery went, and foresee its repetition if it failed."""
        with self._lock:
            self.record(delivery)
            if not delivery.delivered and notice.attempt <= len(BACKOFF):
                moment = now + BACKOFF[notice.attempt - 1]
                again = notice._replace(moment=moment, attempt=notice.attempt + 1, raw=delivery.raw)
                heapq.heappush(self._due, again)

    def _say(self, notice: Notice) -> bytes:
        job = notice.job
        said = prediction_json(job, notice.happened, job.origin, variants=self._variants)
        body = _wrap(notice, said) if self._wrapped else said
        return json.dumps(body, separators=(",", ":")).encode("ascii")

    def record(self, delivery: Delivery) -> None:
        """Remember an attempt."""
        with self._lock:
            self._sent.add(delivery, len(delivery.raw))

    def _add(self, job: Job, event: str, moment: float) -> None:
        name = event if event == "started" else _EVENT_OF[job.stage(moment).status]
        hook = job.order.webhook or {}
        if wants(hook["events"], name):
            for _ in range(self._copies):
                notice = Notice(moment, next(self._numbers), job, name, moment, 1)
                with self._lock:
                    heapq.heappush(self._due, notice)


def sign(body: bytes, secret: str) -> str:
    """The signature of a body: HMAC with SHA-256, as lower-case hexadecimal digits.

    Example:
        >>> sign(b"{}", "sk-local")[:8]
        '4a8e2f35'
    """
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def wants(asked: Sequence[Json], event: str) -> bool:
    """Whether a webhook that asked for some events is told of this one; no list means all.

    Example:
        >>> wants(["prediction.succeeded"], "completed"), wants([], "started")
        (True, True)
    """
    return not asked or any(name in _NAMES[event] for name in asked)


def obstacle(url: str, *, allow_remote: bool) -> str | None:
    """Why a URL is not called, or `None`.

    Only this machine is, unless others are allowed: a test that copies a production setting must
    not tell a production system of predictions that never were.
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


def _wrap(notice: Notice, said: JsonObject) -> JsonObject:
    date = datetime.fromtimestamp(notice.job.date(notice.happened), UTC)
    return {
        "type": _WRAPPED[notice.event],
        "created_at": date.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "data": said,
    }
