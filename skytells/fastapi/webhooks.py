"""A router that receives webhooks."""

from __future__ import annotations

import logging
from typing import Final

from fastapi import APIRouter
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from ..errors import InvalidRequestError, WebhookSignatureError
from ..webhooks import WebhookEvent, WebhookHandler
from .problems import problem

_log: Final = logging.getLogger("skytells")
_MEDIA_TYPE: Final = "application/problem+json"


def webhook_router(
    handler: WebhookHandler,
    path: str = "/webhooks/skytells",
    *,
    background: bool = True,
    max_bytes: int = 4 * 1024 * 1024,
) -> APIRouter:
    """A router with the one route that the platform calls.

    It answers 200 to what is signed with a key of the handler's, 401 to what is not, 400 to what
    tells of no prediction, 413 to what is too large.

    Args:
        handler: What verifies, and holds your functions.
        path: Where it receives.
        background: Answer first, then call your functions: the platform does not wait for them, and
            does not repeat what they fail at. If false, the answer comes after them, and is 500 if
            one fails, so that the platform tells again. What fails is logged either way.
        max_bytes: Largest body that is read.

    Example:
        >>> from fastapi import FastAPI
        >>> from skytells.fastapi import webhook_router
        >>> handler = WebhookHandler("whsec-mine")
        >>> @handler.on("completed")
        ... async def keep(event):
        ...     print(event.prediction.output)
        >>> app = FastAPI()
        >>> app.include_router(webhook_router(handler))
    """
    router = APIRouter()

    @router.post(path, include_in_schema=False)
    async def receive(request: Request) -> Response:
        body = await _body(request, max_bytes)
        if body is None:
            return _refusal(413, "The body is too large.")
        try:
            event = handler.receive(body, request.headers.raw)
        except WebhookSignatureError as error:
            return problem(error)
        except InvalidRequestError as error:
            return _refusal(400, error.message)
        if background:
            return _received(BackgroundTask(_act, handler, event, _LATE))
        if await _act(handler, event, _IN_TIME):
            return _received(None)
        # Not left to the application, which may make a 4xx of it: the delivery was right.
        return _refusal(500, "It was not acted on. Send it again.")

    return router


def _received(task: BackgroundTask | None) -> Response:
    return JSONResponse({"received": True}, background=task)


def _refusal(status: int, detail: str) -> Response:
    body = {"type": "about:blank", "status": status, "detail": detail}
    return JSONResponse(body, status, media_type=_MEDIA_TYPE)


async def _body(request: Request, most: int) -> bytes | None:
    """The raw body; `None` if it is larger than allowed."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                return None
    except ClientDisconnect:
        pass  # what came of it does not verify
    return bytes(body)


_LATE: Final = "It was answered already"
_IN_TIME: Final = "It was answered with 500, so that the platform may repeat it"


async def _act(handler: WebhookHandler, event: WebhookEvent, answered: str) -> bool:
    """Call what is registered; whether none of it failed."""
    try:
        await handler.adispatch(event)
    except Exception:
        _log.exception(
            "A function for the webhook %r of prediction %s failed. %s; look at the prediction "
            "with client.predictions.get(%r).",
            *(str(event.type), event.prediction.id, answered, event.prediction.id),
        )
        return False
    return True
