"""What the platform says: the JSON of a prediction, of a page and of a refusal, built here only."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from .schedule import WAITING

if TYPE_CHECKING:
    from .jobs import Job, Page

Json: TypeAlias = Any
"""Any JSON value. Tests index it freely, so it is not spelled out."""

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object."""


VARIANTS: Final[Mapping[str, str]] = {
    "queued": "a prediction that waits is `queued`, not `pending`",
    "canceled": "the other spelling of `cancelled`",
    "status-false": 'a prediction that waits is `{"status": false, "id": …}`',
    "model-slug": "the model of a prediction is its slug, not an object",
    "bare-list": "a list of predictions is an array without pagination",
    "cancel-success": '`{"success": true}` is the answer to a cancellation',
    "missing-502": "a prediction that does not exist is a 502, not a 404",
    "stream-events": "`urls.stream` is `…/stream`, which tells events itself",
    "output-pieces": "what a model says comes as pieces of text, in events called `output`",
    "edge-422": "a model that is not at the edge is a 422, not a 404",
    "obfuscation": "streams of inference are padded with `obfuscation`",
    "array-content": "what a chunk of chat says is an array of parts, not a string",
    "crlf": "the lines of a stream of inference end with CR and LF",
    "comments": "comments come between the events of inference, as heartbeats",
    "event-ids": "the events of inference have an `id` and a `retry`",
    "multi-line": "the JSON of an event of inference comes in several lines",
    "execution-completed": "an execution that succeeded is `completed`, one that failed `error`",
    "session-only": "the Orchestrator takes keys for webhooks alone, and sessions for the rest",
    "responses-done": "a stream of responses ends with `[DONE]`, as one of chat does",
}
"""Other forms of answers that the platform's documents or clients know; all are off at first."""

_SPELLINGS: Final = {"pending": "queued", "cancelled": "canceled"}


class Refusal(Exception):
    """The platform says no, in the unified error envelope.

    Arguments:
        status: the HTTP status.
        error_id: the machine-readable name.
        message: the human-readable sentence.
        details: more of it, or `None`.
        param: the field that is to blame, where a shape names it.
        headers: what goes with the answer, such as `Retry-After`.

    Example:
        >>> Refusal(404, "MODEL_NOT_FOUND", "No such model.").envelope()["error"]["http_status"]
        404
    """

    def __init__(
        self,
        status: int,
        error_id: str,
        message: str,
        details: str | JsonObject | None = None,
        *,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, error_id, message, details)
        self.status = status
        self.error_id = error_id
        self.message = message
        self.details = details
        self.param = param
        self.headers: dict[str, str] = dict(headers or {})

    def __str__(self) -> str:
        return f"{self.status} {self.error_id}: {self.message}"

    def envelope(self) -> JsonObject:
        """The body of the answer."""
        error = {
            "http_status": self.status,
            "message": self.message,
            "details": self.details,
            "error_id": self.error_id,
        }
        return {"status": False, "response": self.message, "error": error}


class InvalidRequest(Refusal):
    """A request that OpenAI's API refuses, with the `param` and `code` that it gives.

    Arguments:
        message: what is wrong.
        param: the field that is to blame.
        code: the machine-readable reason, which is null for many.
    """

    def __init__(self, message: str, param: str | None, code: str | None = None) -> None:
        super().__init__(400, "INVALID_PARAMETER", message, param=param)
        self.code = code


def known_variants(names: Iterable[str]) -> frozenset[str]:
    """The names, or the one name, all of which are in `VARIANTS`.

    Raises:
        ValueError: one is not.
    """
    try:
        given = frozenset([names] if isinstance(names, str) else names)
    except TypeError:
        raise ValueError(f"variants must be a list of names, not {names!r}") from None
    if unknown := given - VARIANTS.keys():
        known = ", ".join(VARIANTS)
        raise ValueError(f"no variant {min(unknown)!r}: take some of {known}")
    return given


def page_json(page: Page, now: float, origin: str, *, variants: Collection[str] = ()) -> Json:
    """A page of predictions as the platform sends it."""
    data = [prediction_json(job, now, origin, variants=variants) for job in page.jobs]
    if "bare-list" in variants:
        return data
    pagination = {
        "current_page": page.number,
        "per_page": page.per_page,
        "total": page.total,
        "last_page": max(1, math.ceil(page.total / page.per_page)),
    }
    return {"data": data, "pagination": pagination}


def prediction_json(
    job: Job,
    now: float,
    origin: str,
    *,
    with_stream: bool = False,
    variants: Collection[str] = (),
) -> JsonObject:
    """A prediction as the platform sends it.

    Arguments:
        job: the prediction.
        now: the moment, as the platform's clock shows it.
        origin: scheme, host and port that the answer's URLs begin with.
        with_stream: name the stream URL even where none was asked for at creation.
        variants: which of the other spellings to use; see `VARIANTS`.
    """
    since, status = job.stage(now)
    shown = spelled(status, variants)
    if "status-false" in variants and status in WAITING:
        return {"status": False, "id": job.id, "error": {"message": f"Prediction is {shown}."}}
    started, completed = job.started(now), job.completed(now)
    wanted = with_stream or job.order.stream
    failure = job.failure(now)
    failed = {"error": failure} if status == "failed" else {}
    streams = ("stream" if "stream-events" in variants else "events") if wanted else None
    return {
        "id": job.id,
        "status": shown,
        "type": "inference",
        "stream": job.order.stream,
        "input": job.order.input,
        "output": _output(job, now, origin),
        "response": failure,
        **failed,
        "created_at": _micros(job, job.created),
        "started_at": _seconds(job, started),
        "completed_at": _seconds(job, completed),
        "updated_at": _micros(job, since),
        "privacy": "private",
        "source": "api",
        "model": _model(job, variants),
        "webhook": job.order.webhook or {"url": None, "events": []},
        "metrics": _metrics(job, now),
        "metadata": _metadata(job, now, origin),
        "urls": {} if status == "failed" else _urls(job, origin, streams),
    }


def spelled(status: str, variants: Collection[str]) -> str:
    """A status in the spelling asked for.

    Example:
        >>> spelled("cancelled", {"canceled"})
        'canceled'
    """
    other = _SPELLINGS.get(status, status)
    return other if other in variants else status


def spellings(status: str) -> tuple[str, ...]:
    """Every spelling of a status.

    Example:
        >>> spellings("pending")
        ('pending', 'queued')
    """
    other = _SPELLINGS.get(status)
    return (status,) if other is None else (status, other)


def _model(job: Job, variants: Collection[str]) -> JsonObject | str:
    if "model-slug" in variants:
        return job.model.namespace
    return {"name": job.model.namespace, "type": job.model.type}


def _output(job: Job, now: float, origin: str) -> list[str] | str | None:
    if not job.has_output(now):
        return None
    if job.text is not None:
        return job.text
    return [f"{origin}/assets/{job.id}/{file.name}" for file in job.files]


def _metrics(job: Job, now: float) -> JsonObject:
    status = job.stage(now).status
    completed = job.completed(now)
    if completed is None:
        return {"progress": job.life.progress(job.age(now))}
    started = job.started(now)
    times = {
        "predict_time": 0.0 if started is None else round(completed - started, 3),
        "total_time": round(completed - job.created, 3),
    }
    if status != "succeeded":
        return times
    images = {"image_count": len(job.files)} if job.model.type == "image" else {}
    return {**images, **times, "asset_count": len(job.files), "progress": 100.0}


def _metadata(job: Job, now: float, origin: str) -> JsonObject:
    completed = job.completed(now) is not None
    available = job.has_assets(now)
    files = [
        {
            "name": file.name,
            "type": file.media_type,
            "size": file.size,
            "url": f"{origin}/assets/{job.id}/{file.name}",
        }
        for file in (job.files if available else ())
    ]
    return {
        "billing": {"credits_used": job.credits(now)} if completed else None,
        "storage": {"files": files} if available else None,
        "data_available": available,
    }


def _urls(job: Job, origin: str, streams: str | None) -> dict[str, str]:
    this = f"{origin}/v1/predictions/{job.id}"
    stream = {} if streams is None else {"stream": f"{this}/{streams}"}
    return {"get": this, "cancel": f"{this}/cancel", **stream, "delete": f"{this}/delete"}


def _micros(job: Job, moment: float) -> str:
    return datetime.fromtimestamp(job.date(moment), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _seconds(job: Job, moment: float | None) -> str | None:
    if moment is None:
        return None
    return datetime.fromtimestamp(job.date(moment), UTC).isoformat(timespec="seconds")
