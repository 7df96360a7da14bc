"""One real job, from its creation to the moment that its end is known; in either package."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from typing import Any

from common import Figures, serve

from skytells import SkytellsClient


def job(slug: str) -> Figures:
    """How long after its completion, by the platform's clock, a job is known to have ended."""
    options: dict[str, Any] = {"base_url": os.environ["BENCH_PLATFORM"]}
    client = SkytellsClient(os.environ["BENCH_KEY"], options)
    created = client.predictions.create({"model": slug, "input": {"prompt": "A lighthouse"}})
    ended = client.wait(created)
    now = time.time()
    began = datetime.fromisoformat(created["created_at"]).astimezone(UTC)
    completed = datetime.fromisoformat(ended["completed_at"]).astimezone(UTC)
    lasted = (completed - began).total_seconds()
    return {"lasted": lasted, "delay": now - completed.timestamp(), "wall": now - began.timestamp()}


if __name__ == "__main__":
    serve(job=job)
