"""A prediction's progress, relayed to a browser as server-sent events."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from .._data.checks import milliseconds, seconds
from ..client import AsyncSkytellsClient
from ..errors import SkytellsError
from ..types.predict import PredictionResponse
from ..webhooks import WebhookHandler
from .problems import problem_body

View: TypeAlias = Callable[[PredictionResponse], object]

_log: Final = logging.getLogger("skytells")
_LEFT: Final = object()


def summary(prediction: PredictionResponse) -> dict[str, Any]:
    """What a browser is told of a prediction: no input, no price, no address of yours."""
    return {
        "id": prediction.id,
        "status": str(prediction.status),
        "progress": prediction.metrics.progress if prediction.metrics else None,
        "output": prediction.output,
        "failure": prediction.failure,
    }


async def progress_events(
    request: Request,
    client: AsyncSkytellsClient,
    id: str,
    *,
    view: View = summary,
    cancel_after: float | None = None,
    handler: WebhookHandler | None = None,
    interval: float | None = None,
    heartbeat: float = 15.0,
    retry: float = 3.0,
) -> Response:
    """An answer that tells a browser how a prediction goes on, until it has ended.

    Each new state is an event `progress`, the last one an event `end`: close the `EventSource`
    there, since a browser would ask again. Trouble on the way is an event `problem`, with the
    fields of `problem()`. A browser that comes back is told how things stand.

    Args:
        request: The request of the browser. Check first whether its visitor may see this prediction.
        client: The application's client.
        id: The prediction's id.
        view: What of it is told, as JSON; by default `summary`.
        cancel_after: Cancel the prediction when no browser has been listening for so many seconds;
            by default it goes on. Listeners are counted in this process.
        handler: What receives your webhooks: the end is then told at once, and looks between are
            six times rarer.
        interval: Pause between looks in milliseconds; by default adaptive.
        heartbeat: Seconds of silence after which a comment is sent, so that nothing between closes
            the connection.
        retry: Seconds that a browser waits before it comes back.

    Raises:
        SkytellsError: There is no such prediction, or it cannot be seen; nothing was sent then.

    Example:
        >>> from fastapi import FastAPI, Request
        >>> from skytells.fastapi import Client, lifespan, progress_events
        >>> app = FastAPI(lifespan=lifespan())
        >>> @app.get("/pictures/{id}/events")
        ... async def events(id: str, request: Request, client: Client):
        ...     return await progress_events(request, client, id, cancel_after=10)
    """
    seconds(heartbeat, "heartbeat")
    seconds(retry, "retry", zero=True)
    if cancel_after is not None:
        seconds(cancel_after, "cancel_after", zero=True)
    if interval is not None:
        milliseconds(interval, "interval")
    first = await client.predictions.get(id)

    async def watch(tell: Callable[[PredictionResponse], None]) -> None:
        await client.wait(first, on_progress=tell, handler=handler, interval=interval)

    return _Progress(request, client, first, watch, view, cancel_after, heartbeat, retry)


class _Progress(Response):
    """The events of one prediction for one browser."""

    media_type = "text/event-stream"

    def __init__(
        self,
        request: Request,
        client: AsyncSkytellsClient,
        first: PredictionResponse,
        watch: Callable[[Callable[[PredictionResponse], None]], Any],
        view: View,
        cancel_after: float | None,
        heartbeat: float,
        retry: float,
    ) -> None:
        super().__init__(
            headers={"cache-control": "no-store, no-transform", "x-accel-buffering": "no"}
        )
        del self.headers["content-length"]
        seen = request.headers.get("last-event-id", "")
        self._number = int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 16 else 0
        self._client, self._first, self._watch = client, first, watch
        self._view, self._cancel_after = view, cancel_after
        self._heartbeat, self._retry = heartbeat, retry
        self._told: object = None
        self._news: asyncio.Queue[object] = asyncio.Queue()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # as ASGI has it
        with _listening(self._first.id):
            ended = await self._relay(receive, send)
        if not ended and self._cancel_after is not None:
            await self._cancel(self._cancel_after)

    async def _relay(self, receive: Receive, send: Send) -> bool:
        """Send events until the end, or until the browser leaves; whether it was the end."""
        self._news.put_nowait(self._first)
        tasks = [asyncio.create_task(self._look()), asyncio.create_task(self._leave(receive))]
        try:
            head = {"status": self.status_code, "headers": self.raw_headers}
            await _send(send, {"type": "http.response.start", **head})
            await _say(send, f"retry: {round(self._retry * 1000)}\n\n")
            while (news := await self._next()) is not _LEFT:
                text, ended = self._event(news)
                if text:
                    await _say(send, text, more=not ended)
                if ended:
                    return True
        except _BrowserLeft:
            pass
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return False

    async def _next(self) -> object:
        """What is to be told next; `None` if there has been nothing for a while."""
        try:
            async with asyncio.timeout(self._heartbeat):
                return await self._news.get()
        except TimeoutError:
            return None

    def _event(self, news: object) -> tuple[str, bool]:
        """Some news as text to send, and whether it is the last."""
        if isinstance(news, PredictionResponse):
            told = self._view(news)
            if told == self._told and not news.done:
                return "", False
            self._told = told
            self._number += 1
            return encode("end" if news.done else "progress", told, self._number), news.done
        if isinstance(news, SkytellsError):
            self._number += 1
            return encode("problem", problem_body(news), self._number), True
        if isinstance(news, Exception):
            raise news
        return ":\n\n", False

    async def _look(self) -> None:
        try:
            await self._watch(self._news.put_nowait)
        except Exception as trouble:
            self._news.put_nowait(trouble)

    async def _leave(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._news.put_nowait(_LEFT)

    async def _cancel(self, grace: float) -> None:
        await asyncio.sleep(grace)
        if _listeners[self._first.id]:
            return
        try:
            await self._client.cancel_prediction(self._first.id)
        except SkytellsError as error:
            # It may have ended meanwhile.
            _log.info("Prediction %s was not cancelled: %s", self._first.id, error)


class _BrowserLeft(Exception):  # noqa: N818  # it is no error
    """What some servers say by an `OSError`."""


async def _send(send: Send, message: Message) -> None:
    try:
        await send(message)
    except OSError:
        raise _BrowserLeft from None


async def _say(send: Send, text: str, *, more: bool = True) -> None:
    body = {"body": text.encode(), "more_body": more}
    await _send(send, {"type": "http.response.body", **body})


def encode(event: str, data: object, id: int) -> str:
    """A server-sent event; its data is JSON on one line."""
    line = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"id: {id}\nevent: {event}\ndata: {line}\n\n"


_listeners: Counter[str] = Counter()
_lock = threading.Lock()


@contextmanager
def _listening(id: str) -> Generator[None]:
    """Within this block, somebody listens to a prediction."""
    with _lock:
        _listeners[id] += 1
    try:
        yield
    finally:
        with _lock:
            _listeners[id] -= 1
            if not _listeners[id]:
                del _listeners[id]
