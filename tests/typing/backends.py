"""The types of `skytells.fastapi`, as assertions. Checked by mypy and pyright; never run."""

from __future__ import annotations

from typing import assert_type

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, Response

from skytells import AsyncSkytellsClient, SkytellsError, WebhookHandler
from skytells.fastapi import (
    Client,
    add_error_handler,
    lifespan,
    problem,
    progress_events,
    webhook_router,
)


def parts(handler: WebhookHandler, error: SkytellsError) -> None:
    app = FastAPI(lifespan=lifespan(lambda: AsyncSkytellsClient()))
    FastAPI(lifespan=lifespan())
    add_error_handler(app)
    assert_type(webhook_router(handler, "/hook", background=False), APIRouter)
    assert_type(problem(error), JSONResponse)

    @app.get("/{id}")
    async def events(id: str, request: Request, client: Client) -> Response:
        assert_type(client, AsyncSkytellsClient)
        response = await progress_events(
            request, client, id, cancel_after=10, handler=handler, view=lambda p: p.id
        )
        assert_type(response, Response)
        return response
