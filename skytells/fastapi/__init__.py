"""For FastAPI backends: one client for the application, webhooks received, errors and progress told.

    from fastapi import FastAPI
    from skytells.fastapi import Client, add_error_handler, lifespan

    app = FastAPI(lifespan=lifespan())
    add_error_handler(app)

    @app.post("/pictures")
    async def create(prompt: str, client: Client) -> dict[str, str]:
        job = await client.predictions.create(model="flux-pro", input={"prompt": prompt})
        return {"id": job.id}

Needs `pip install "skytells[fastapi]"`.
"""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("fastapi") is None:
    raise ImportError('skytells.fastapi needs FastAPI: pip install "skytells[fastapi]"')

from .client import Client, get_client, lifespan
from .problems import add_error_handler, problem
from .progress import progress_events, summary
from .webhooks import webhook_router

__all__ = [
    "Client",
    "add_error_handler",
    "get_client",
    "lifespan",
    "problem",
    "progress_events",
    "summary",
    "webhook_router",
]
