"""The JSON of predictions and of lists of predictions."""

from __future__ import annotations

import math
from collections.abc import Collection
from datetime import UTC, datetime

from .jobs import Job, JobPage
from .json_values import Json, JsonObject
from .schedule import WAITING
from .variants import spell_status


def list_json(page: JobPage, now: float, origin: str, *, variants: Collection[str] = ()) -> Json:
    """A page of a list of predictions."""
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
    """A prediction.

    Args:
        job: The prediction.
        now: The moment on the platform's clock.
        origin: Scheme, host and port of the URLs in it.
        with_stream: Include the stream URL even if the prediction was created without `stream`.
        variants: The forms to use; see `skytells.local.variants`.
    """
    since, status = job.stage(now)
    shown = spell_status(status, variants)
    if "status-false" in variants and status in WAITING:
        return {"status": False, "id": job.id, "error": {"message": f"Prediction is {shown}."}}
    started, completed = job.started(now), job.completed(now)
    failure = job.failure(now)
    return {
        "id": job.id,
        "status": shown,
        "type": "inference",
        "stream": job.request.stream,
        "input": job.request.input,
        "output": _output(job, now, origin),
        "response": failure,
        **({"error": failure} if status == "failed" else {}),
        "created_at": _microseconds(job, job.created),
        "started_at": _seconds(job, started),
        "completed_at": _seconds(job, completed),
        "updated_at": _microseconds(job, since),
        "privacy": "private",
        "source": "api",
        "model": _model(job, variants),
        "webhook": job.request.webhook or {"url": None, "events": []},
        "metrics": _metrics(job, now),
        "metadata": _metadata(job, now, origin),
        "urls": {} if status == "failed" else _urls(job, origin, with_stream, variants),
    }


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
    started, completed = job.started(now), job.completed(now)
    if completed is None:
        return {"progress": job.schedule.progress(job.age(now))}
    times = {
        "predict_time": 0.0 if started is None else round(completed - started, 3),
        "total_time": round(completed - job.created, 3),
    }
    if job.stage(now).status != "succeeded":
        return times
    images = {"image_count": len(job.files)} if job.model.type == "image" else {}
    return {**images, **times, "asset_count": len(job.files), "progress": 100.0}


def _metadata(job: Job, now: float, origin: str) -> JsonObject:
    finished, available = job.completed(now) is not None, job.has_assets(now)
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
        "billing": {"credits_used": job.credits(now)} if finished else None,
        "storage": {"files": files} if available else None,
        "data_available": available,
    }


def _urls(job: Job, origin: str, with_stream: bool, variants: Collection[str]) -> dict[str, str]:
    url = f"{origin}/v1/predictions/{job.id}"
    urls = {"get": url, "cancel": f"{url}/cancel"}
    if with_stream or job.request.stream:
        urls["stream"] = f"{url}/{'stream' if 'stream-events' in variants else 'events'}"
    return {**urls, "delete": f"{url}/delete"}


def _microseconds(job: Job, moment: float) -> str:
    return datetime.fromtimestamp(job.date(moment), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _seconds(job: Job, moment: float | None) -> str | None:
    if moment is None:
        return None
    return datetime.fromtimestamp(job.date(moment), UTC).isoformat(timespec="seconds")
