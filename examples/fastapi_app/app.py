"""A picture studio: order a picture, watch it being made, keep it when the platform tells that it is ready.

python examples/fastapi_app/app.py          # without a key, on a local platform
uvicorn --factory app:create_app            # with SKYTELLS_API_KEY, and PUBLIC_URL for webhooks
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated, Final, Literal

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel, Field

import skytells.local
from skytells import AsyncSkytellsClient, Webhook, WebhookEvent, WebhookHandler
from skytells.fastapi import Client, add_error_handler, lifespan, progress_events, webhook_router

PAGE: Final = Path(__file__).with_name("page.html")
HOOK: Final = "/webhooks/skytells"


class Order(BaseModel):
    """What a visitor asks for."""

    prompt: Annotated[str, Field(min_length=1, max_length=500)]
    model: Literal["flux-pro", "truefusion", "truefusion-edge"] = "flux-pro"


class Picture(BaseModel):
    """What a visitor is told of an order: whether its picture is kept here."""

    id: str
    kept: bool = False


def create_app(public_url: str | None = None, cancel_after: float = 10.0) -> FastAPI:
    """The application.

    Args:
        public_url: Where the platform reaches it; without one there are no webhooks.
        cancel_after: Seconds without anybody watching after which a picture is cancelled.
    """
    client = AsyncSkytellsClient()
    webhooks = WebhookHandler()
    hook = f"{public_url}{HOOK}" if public_url else os.environ.get("PUBLIC_URL", "") + HOOK
    kept: dict[str, Path] = {}
    mine: set[str] = set()
    folder = Path(tempfile.mkdtemp(prefix="pictures-"))

    app = FastAPI(title="Picture studio", lifespan=lifespan(lambda: client))
    app.include_router(webhook_router(webhooks, HOOK))
    add_error_handler(app)

    @webhooks.on("completed")
    async def keep(event: WebhookEvent) -> None:
        # At once: the platform deletes what it made after five minutes.
        job = event.prediction
        kept[job.id] = (await client.predictions.save(job, folder / job.id))[0]

    def own(id: str) -> str:
        if id not in mine:
            raise HTTPException(404, "There is no such picture here.")
        return id

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(PAGE)

    @app.post("/pictures", status_code=202)
    async def create(order: Order, client: Client) -> Picture:
        webhook = Webhook(hook, ["completed"]) if hook != HOOK else None
        job = await client.predictions.create(
            model=order.model, input={"prompt": order.prompt}, webhook=webhook
        )
        mine.add(job.id)
        return Picture(id=job.id)

    @app.get("/pictures/{id}")
    async def look(id: str) -> Picture:
        return Picture(id=own(id), kept=id in kept)

    @app.get("/pictures/{id}/file")
    async def file(id: str) -> FileResponse:
        if own(id) not in kept:
            raise HTTPException(404, "That picture is not kept here yet.")
        return FileResponse(kept[id])

    @app.get("/pictures/{id}/events")
    async def events(id: str, request: Request, client: Client) -> Response:
        return await progress_events(
            request, client, own(id), handler=webhooks, interval=500, cancel_after=cancel_after
        )

    @app.delete("/pictures/{id}", status_code=204)
    async def cancel(id: str, client: Client) -> None:
        await client.cancel_prediction(own(id))

    return app


def main() -> None:
    """Serve it on this machine; without a key, on a local platform."""
    address = "http://127.0.0.1:8000"
    if "SKYTELLS_API_KEY" not in os.environ:
        platform = skytells.local.serve(speed=5.0)
        os.environ |= {"SKYTELLS_API_KEY": platform.key, "SKYTELLS_BASE_URL": platform.url}
        print(f"No SKYTELLS_API_KEY is set, so this runs on a local platform: {platform.url}")
    print(f"The studio is at {address}")
    app = create_app(address)
    uvicorn.run(app, port=8000, log_level="warning", timeout_graceful_shutdown=2)


if __name__ == "__main__":
    main()
