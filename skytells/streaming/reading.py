"""What a stream has received, without I/O: bytes in, typed items out, and how it may end.

A stream that fails, or that ends without the sign that it is complete, raises; what came before is
kept, on the stream and on the error.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Generic, NamedTuple, TypeVar

from pydantic_core import from_json

from .._core.operation import Flow, ReadBody
from .._core.replies import attribute, error_of
from .._core.wire import Body, Reply
from .._data.checks import as_object, clean, is_object, milliseconds
from ..errors import (
    ApiErrorId,
    InvalidRequestError,
    InvalidResponseError,
    NetworkError,
    RequestTimeoutError,
    SkytellsError,
)
from .decoders import Decoder, Event

T = TypeVar("T")

# After its last event a stream may take this long, in seconds, to end.
_LINGER: Final = 0.25

_DONE: Final = b"[DONE]"


@dataclass(frozen=True, slots=True)
class Format(Generic[T]):
    """How events become items.

    Args:
        decoder: What makes events of bytes.
        read: What makes an item of an event, or raises.
        is_last: Whether an item says that the stream is complete.
        open_ended: Whether the end of the bytes is as good as a sign of completion.
        finishes: Whether an item says that the answer is complete, though not the stream: with one,
            the end of the bytes is a good end; without one, `[DONE]` is not.
        paid: Whether asking again costs again.
    """

    decoder: Callable[[], Decoder]
    read: Callable[[Event], T]
    is_last: Callable[[T], bool] = field(default=lambda _: False)
    open_ended: bool = False
    finishes: Callable[[T], bool] | None = None
    paid: bool = True


class Opened(NamedTuple):
    """A stream whose head has arrived."""

    body: Body
    status: int
    headers: dict[str, str]
    redact: Callable[[bytes], bytes]
    on_item: Callable[[object], object] | None = None
    """Hears each item: what keeps count of what it costs."""


def is_event_stream(headers: dict[str, str]) -> bool:
    """Whether a reply is server-sent events."""
    return headers.get("content-type", "").strip().lower().startswith("text/event-stream")


STREAM_HEADERS: Final = ((b"accept", b"text/event-stream"), (b"accept-encoding", b"identity"))


def opened(reply: Reply) -> Opened:
    """A reply in which an open stream is due."""
    if reply.stream is not None:
        return Opened(reply.stream, reply.status, reply.headers, reply.redact)
    wire = as_object(reply.json()) or {}
    if wire.get("error"):
        raise error_in_stream(wire)
    kind = clean(reply.headers.get("content-type", ""), 60) or "nothing that says what it is"
    raise InvalidResponseError(
        f"The server answered {reply.status} with {kind} where a stream was due. Ask without "
        "streaming, or for another model.",
        ApiErrorId.INVALID_RESPONSE,
        f"Status: {reply.status}, Content-Type: {kind}",
        reply.status,
        response=wire or None,
    )


class Limits(NamedTuple):
    """How long a stream may take, in seconds: from event to event, and from its start to its end."""

    idle: float | None
    total: float | None

    @classmethod
    def of(cls, idle_timeout: float | None, total_timeout: float | None) -> Limits:
        """Limits given in milliseconds; `None` is no limit."""
        return cls(
            None if idle_timeout is None else milliseconds(idle_timeout, "idle_timeout") / 1000,
            None if total_timeout is None else milliseconds(total_timeout, "total_timeout") / 1000,
        )


class Reading(Generic[T]):
    """The state of one stream, whichever client reads it."""

    def __init__(self, format: Format[T], limits: Limits) -> None:
        self.received: list[T] = []
        self.begun: bool = False
        self.ended: bool = False
        self._format = format
        self._limits = limits
        self._decoder = format.decoder()
        self._opened: Opened | None = None
        self._last_moment: float | None = None
        self._waiting_since: float | None = None

    def begin(self) -> None:
        """Refuse to be iterated a second time."""
        if self.begun:
            raise iterated_again()
        self.begun = True

    def open(self, opened: Opened, now: float) -> None:
        """The head has arrived."""
        self._opened = opened
        if self._limits.total is not None:
            self._last_moment = now + self._limits.total

    def deadline(self, now: float) -> float | None:
        """Until when the next bytes must come."""
        if self._waiting_since is None:
            self._waiting_since = now
        if self._limits.idle is None:
            return self._last_moment
        idle = self._waiting_since + self._limits.idle
        return idle if self._last_moment is None else min(idle, self._last_moment)

    def feed(self, chunk: bytes) -> Iterator[T]:
        """The items that a chunk completes; no bytes are the end of all."""
        events = self._decoder.feed(chunk) if chunk else self._decoder.finish()
        for event in events:
            if event[1] == _DONE:
                if self._format.finishes is not None and not self._finished():
                    raise _cut_short()
                self.ended = True
                return
            item = self._item(event, cut=not chunk)
            self.received.append(item)
            if self._opened is not None and self._opened.on_item is not None:
                self._opened.on_item(item)
            self._waiting_since = None
            yield item
            if self._format.is_last(item):
                self.ended = True
                return
        if not chunk:
            if not self._format.open_ended and not self._finished():
                raise _cut_short()
            self.ended = True

    def _finished(self) -> bool:
        """Whether an item has said that the answer is complete; as a rule, one of the last."""
        finishes = self._format.finishes
        return finishes is not None and any(map(finishes, reversed(self.received)))

    def _item(self, event: Event, *, cut: bool) -> T:
        try:
            return self._format.read(event)
        except SkytellsError as error:
            if cut and isinstance(error, InvalidResponseError):
                raise _cut_short() from None
            data = event[1] if self._opened is None else self._opened.redact(event[1])
            if data == event[1]:
                raise
        return self._format.read((event[0], data))

    def failed(self, error: SkytellsError) -> SkytellsError:
        """An error as that of this stream: with what came before, and whether to ask again."""
        error.received = tuple(self.received)
        if self._opened is not None:
            attribute(error, self._opened.status, self._opened.headers)
        if isinstance(error, RequestTimeoutError):
            error.message = self._too_slow()
        if self._format.paid:
            error.maybe_sent, error.retryable = True, False
            error.message += " What came is in error.received; asking again is paid for again."
        error.args = (error.message,)
        # Without its frames: they hold what the server sent, which may echo the key.
        return error.with_traceback(None)

    def _too_slow(self) -> str:
        idle, total = self._limits
        since, last = self._waiting_since, self._last_moment
        if idle is None or (last is not None and since is not None and last <= since + idle):
            return (
                f"The stream was not complete within {(total or 0) * 1000:.0f} ms. If it needs "
                "longer, raise total_timeout= (milliseconds)."
            )
        return (
            f"No event came for {idle * 1000:.0f} ms. If the model needs longer, raise "
            "idle_timeout= (milliseconds)."
        )

    def __repr__(self) -> str:
        state = "complete" if self.ended else "begun" if self.begun else "not begun"
        return f"{state}, {len(self.received)} received"

    def complete(self) -> list[T]:
        """All that came, if that is all there is."""
        if not self.ended:
            raise InvalidRequestError.of(
                "The stream was left before its end. Iterate it to its end first; what came is in "
                "its `received`."
            )
        return self.received


def ended(body: Body) -> Flow[None]:
    """Read on after the last event, for a moment, so that the connection can serve again."""
    with suppress(SkytellsError):
        yield ReadBody(body, bytes, time.monotonic() + _LINGER)


def iterated_again() -> InvalidRequestError:
    """The error for a stream that is iterated a second time."""
    return InvalidRequestError.of(
        "A stream can be iterated once; what it gave is in its `received`. Ask again for another one."
    )


def _cut_short() -> NetworkError:
    message = "The stream ended before it was complete."
    return NetworkError(message, ApiErrorId.NETWORK_ERROR, "An end without the sign of completion")


def event_object(event: Event) -> dict[str, Any]:
    """The JSON object of an event; an error that the server sends inside a stream is raised."""
    name, data = event
    try:
        wire = from_json(data, allow_inf_nan=False)
    except ValueError:
        if data.strip():
            raise _unreadable("valid JSON", ApiErrorId.INVALID_JSON, data) from None
        wire = None
    if not is_object(wire):
        raise _unreadable("a JSON object", ApiErrorId.INVALID_RESPONSE, data)
    said = wire.get
    if said("error") or name == "error" or said("type") == "error" or said("object") == "error":
        raise error_in_stream(wire)
    return wire


def _unreadable(due: str, error_id: ApiErrorId, data: bytes) -> InvalidResponseError:
    return InvalidResponseError(
        f"The server sent an event that is not {due}. If this persists, ask support.",
        error_id,
        f"Event: {clean(data[:1000].decode('utf-8', 'replace'), 200)}",
    )


def error_in_stream(wire: dict[str, Any]) -> SkytellsError:
    """The error that a server sends where a stream or an answer was due.

    Its status is the one that it states; without one, that of the reply, which is not known here.
    """
    inner = wire.get("error")
    said = as_object(inner) or wire
    stated = said.get("status", said.get("http_status"))
    status = 429 if said.get("code") == "rate_limit_exceeded" else 500
    named = isinstance(stated, int) and 400 <= stated < 600
    if isinstance(stated, int) and named:
        status = stated
    error = error_of(Reply.of(status, wire if inner else {"error": wire}))
    error.http_status, error.response = status if named else 0, wire
    return error
