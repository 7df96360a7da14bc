"""A prediction followed to its end: by its stream where it has one, and else by looking at it.

Whatever goes wrong with the stream, or however it ends, the prediction is looked at: what it has come
to is always the answer to a look, and no prediction is lost with its stream.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .._core.operation import Call, Clock, CloseBody, Flow, ReadBody
from .._core.polling import PollSchedule, next_state, wait_options
from .._core.wire import Body, Reply, path
from .._data.checks import clean
from ..errors import SkytellsError
from ..streaming.decoders import EventDecoder
from ..streaming.reading import (
    Format,
    Limits,
    Opened,
    Reading,
    ended,
    is_event_stream,
    iterated_again,
)
from ..types.predict import PredictionResponse
from ..types.streams import PredictionEvent
from .events import PredictionEventParser, below, is_last
from .requests import get_prediction, read_own
from .targets import Waitable, attach_prediction, resolve_target
from .wait import timed_out

if TYPE_CHECKING:
    from ..types.requests import WaitOptions

ROUTE: Final = "/predictions/{id}/stream"
_HEADERS: Final = (
    (b"accept", b"text/event-stream, application/json;q=0.9"),
    (b"accept-encoding", b"identity"),
)

_log: Final = logging.getLogger("skytells")


class Live(NamedTuple):
    """A stream that is being listened to."""

    body: Body
    reading: Reading[PredictionEvent]


class PredictionFollower:
    """A prediction that is followed.

    Args:
        target: A record, a handle, a dict with an `id`, or an id.
        base_url: Where the API is; a stream elsewhere is not followed.
        options: How to wait.
        idle: Seconds that may pass between two events of a stream.
        tell: Called with each state of the prediction that is seen.
    """

    def __init__(
        self,
        target: Waitable,
        base_url: str,
        options: WaitOptions,
        idle: float | None,
        tell: Callable[[PredictionResponse], object] | None = None,
        *,
        clock: Clock = time.monotonic,
        chance: Clock = random.random,
    ) -> None:
        id, seen = resolve_target(target, "stream() takes")
        self.id: str = id
        self._seen: PredictionResponse | None = seen
        self._place: str = path(ROUTE, self.id)
        self._base_url = base_url
        self._options, self._idle, self._tell = options, idle, tell
        self._clock, self._chance = clock, chance
        self._schedule: PollSchedule | None = None
        self._limit: float | None = None
        self._parser = PredictionEventParser(self.id)
        self._live: Live | None = None
        self._told: dict[str, Any] | None = None
        self._unseen = True
        self._begun = False
        self._news: list[PredictionEvent] = []
        self.received: list[PredictionEvent] = []
        self.streamed: bool = False
        self.over: bool = False

    def begin(self) -> None:
        """Refuse to be iterated a second time."""
        if self._begun:
            raise iterated_again()
        self._begun = True

    @property
    def body(self) -> Body | None:
        """What is open of its stream."""
        return None if self._live is None else self._live.body

    def open(self) -> Flow[None]:
        """Ask for the stream, unless that has been done."""
        if self._schedule is not None:
            return
        self._schedule = PollSchedule(self._options, self._clock, self._chance)
        if self._options.max_wait is not None:
            self._limit = self._clock() + self._options.max_wait / 1000
        if self._seen is not None and self._seen.done:
            self._see(self._seen)
            return
        with attach_prediction(self.id, self._seen) as last:
            try:
                yield from self._connect(self._schedule.poll_timeout())
            except SkytellsError as error:
                self._give_up(error)
            last.prediction = self._seen

    def next(self) -> Flow[list[PredictionEvent]]:
        """What is told next; nothing once the prediction has ended, and that has been told."""
        yield from self.open()
        with attach_prediction(self.id, self._seen) as last:
            try:
                while not self._news and not self.over:
                    yield from self._poll() if self._live is None else self._listen(self._live)
                    last.prediction = self._seen
            except SkytellsError as error:
                error.received = tuple(self.received)
                raise
        news, self._news = self._news, []
        return news

    def finish(self) -> Flow[PredictionResponse]:
        """The prediction once it has ended; what has not been told yet is passed over."""
        self._begun = True
        while self._seen is None or not self.over:
            yield from self.next()
        self._news.clear()
        return self._seen

    def _connect(self, seconds: float | None) -> Flow[None]:
        """Open the stream, by the address that the prediction says where it says one."""
        place = self._told_place() or self._place
        while True:
            answer = yield from self._asking(place).poll(seconds)
            if isinstance(answer, Opened):
                break
            self._see(answer)
            self._unseen = False
            there = self._told_place()
            if self.over or there is None or there == place:
                return
            place = there
        now = self._clock()
        total = None if self._limit is None else self._limit - now
        form = Format(EventDecoder, self._parser.read, is_last, paid=False)
        self._live = Live(answer.body, Reading(form, Limits(self._idle, total)))
        self._live.reading.open(answer, now)
        self.streamed = True

    def _told_place(self) -> str | None:
        """Where its stream is below `base_url`, as far as is known."""
        urls = self._seen.urls if self._seen is not None else None
        url = urls.stream if urls is not None else None
        place = below(url, self._base_url)
        if url and place is None:
            _log.info(
                "GET %s: it is not below base_url (%s): looking instead", ROUTE, clean(url, 80)
            )
        return place

    def _asking(self, place: str) -> Call[Opened | PredictionResponse]:
        read = partial(_read, self.id)
        return Call("GET", place, read, headers=_HEADERS, keep=is_event_stream, name=ROUTE)

    def _listen(self, live: Live) -> Flow[None]:
        """Hear what the stream says next."""
        body, reading = live
        chunks: list[bytes] = []
        try:
            yield ReadBody(body, chunks.append, reading.deadline(self._clock()), most=1)
            for event in reading.feed(b"".join(chunks)):
                self._add(event)
            if not reading.ended:
                return
            yield from ended(body)
        except SkytellsError as error:
            self._give_up(error)
        yield CloseBody(body)
        self._live, self._unseen = None, True

    def _poll(self) -> Flow[None]:
        """See what has become of it."""
        schedule = self._schedule or PollSchedule(self._options)
        state = yield from next_state(get_prediction(self.id), schedule, self._unseen)
        if state is None:
            raise timed_out(self.id, self._seen, schedule)
        self._unseen = False
        self._see(state)

    def _see(self, state: PredictionResponse) -> None:
        """It was looked at, and this is its state, which is told if it is another one."""
        self.over = state.done
        # One answer names a stream, and the next does not.
        told = {**state, "urls": None}
        if state.done or told != self._told:
            self._told = told
            self._add(self._parser.of_state(state))

    def _add(self, event: PredictionEvent) -> None:
        self._news.append(event)
        self.received.append(event)
        if event.prediction is not None:
            self._seen = event.prediction
            if self._tell is not None:
                self._tell(event.prediction)

    def _give_up(self, error: SkytellsError) -> None:
        self.streamed = False
        _log.info("GET %s: %s, looking instead", ROUTE, error.http_status or type(error).__name__)

    def __repr__(self) -> str:
        state = "ended" if self.over else "streamed" if self.streamed else "looked at"
        begun = state if self._schedule is not None else "not begun"
        return f"id={self.id!r}, {begun}, {len(self.received)} received"


def follow(
    target: Waitable,
    base_url: str,
    max_wait: float | None,
    interval: float | None,
    idle_timeout: float | None,
    tell: Callable[[PredictionResponse], object] | None = None,
) -> PredictionFollower:
    """A prediction to follow, by settings in milliseconds."""
    idle = Limits.of(idle_timeout, None).idle
    return PredictionFollower(target, base_url, wait_options(None, max_wait, interval), idle, tell)


def _read(id: str, reply: Reply) -> Opened | PredictionResponse:
    if reply.stream is not None:
        return Opened(reply.stream, reply.status, reply.headers, reply.redact)
    return read_own(id, reply)
