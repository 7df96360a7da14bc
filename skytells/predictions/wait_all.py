"""Many predictions waited for at once, for as few requests as the API allows.

One look at the list shows fifty predictions. Those that the list does not show soon enough, behind
newer ones of the same account, are asked for one by one.
"""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .. import types
from .._core.operation import Clock, Flow, Gather, Progress, Sleep, Wakeup
from .._core.polling import PollSchedule
from .._data.checks import check_callback
from ..errors import InvalidRequestError, SkytellsError
from ..types.predict import PredictionList, PredictionResponse
from ..types.shared import OnProgressCallback
from .progress import ProgressReporter
from .requests import get_prediction, list_predictions
from .targets import Waitable, attach_prediction, resolve_target
from .wait import check_handler, slowdown_by, timed_out, webhook_wakeup

if TYPE_CHECKING:
    from .._core.protocols import AsyncPerformer, Performer
    from ..types.requests import WaitOptions
    from ..webhooks.handler import WebhookHandler

PER_PAGE = 50
FEW = 2
CONCURRENT_GETS = 8


class PredictionBatch:
    """Predictions that are waited for together.

    Args:
        targets: Records, handles, dicts or ids.
        options: How to wait; `max_wait` is for all of them.
        on_progress: Called with each new state of each prediction.
        handler: What receives webhooks: what they tell has no need to be looked at.
    """

    def __init__(
        self,
        targets: Iterable[Waitable],
        options: WaitOptions,
        on_progress: OnProgressCallback | None = None,
        handler: WebhookHandler | None = None,
        *,
        clock: Clock = time.monotonic,
        chance: Clock = random.random,
    ) -> None:
        check_callback(on_progress)
        check_handler(handler)
        if isinstance(targets, str | Mapping) or not isinstance(targets, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidRequestError.of(
                "wait_all() and as_completed() take several predictions, as in a list; for one, "
                "there is wait()."
            )
        self._on_progress = on_progress
        self._clock = clock
        self._schedule = PollSchedule(options, clock, chance, slowdown_by(handler))
        self._handler = handler
        self._wakeup: Wakeup[PredictionResponse] | None = None
        self._due: float | None = None
        pairs = list(map(resolve_target, targets))
        self._order = [id for id, _ in pairs]
        self._seen: dict[str, PredictionResponse | None] = dict(pairs)
        self._fresh = [p for p in self._seen.values() if p is not None and p.done]
        self._polled = False

    @property
    def seen(self) -> Mapping[str, PredictionResponse | None]:
        """The last state of each, by id; `None` where it is not known yet."""
        return self._seen

    @property
    def pending(self) -> bool:
        """Whether there is any that has not been given yet."""
        return bool(self._fresh or self._running())

    def _running(self) -> list[str]:
        return [id for id, p in self._seen.items() if p is None or not p.done]

    def __str__(self) -> str:
        return f"{len(self._seen) - len(self._running())} of {len(self._seen)} ended"

    def next(self) -> Flow[list[PredictionResponse]]:
        """Those that have ended since the last time; waits until there is at least one."""
        while not self._fresh and self._running():
            yield from self._pause()
            announced = self._wakeup.take() if self._wakeup is not None else []
            yield from self._see(announced) if announced else self._poll()
        ended, self._fresh = self._fresh, []
        return ended

    def all(self) -> Flow[list[PredictionResponse]]:
        """All of them, in the order of the targets, once the last has ended."""
        with self.expecting():
            while self.pending:
                yield from self.next()
        return PredictionList(p for p in map(self._seen.get, self._order) if p is not None)

    @contextmanager
    def expecting(self) -> Generator[None]:
        """A block in which the webhooks of those that are running are heard."""
        with webhook_wakeup(self._handler, *self._running()) as self._wakeup:
            yield

    def _pause(self) -> Flow[None]:
        # With a handler, the first look is at once: a webhook may have come before this began.
        if not self._polled and (self._handler is not None or None in self._seen.values()):
            return
        if self._due is None:
            pause = self._schedule.pause()
            if pause is None:
                id = self._running()[0]
                raise timed_out(id, self._seen[id], self._schedule)
            self._due = self._clock() + pause
        # However many webhooks come, the next look is when it was due.
        yield Sleep(max(0.0, self._due - self._clock()), self._wakeup)

    def _poll(self) -> Flow[None]:
        self._polled, self._due = True, None
        found: list[PredictionResponse] = []
        failure: SkytellsError | None = None
        try:
            yield from self._states(found)
        except SkytellsError as error:
            failure = error
        yield from self._see(found)
        if failure is None:
            self._schedule.reset()
        else:
            self._schedule.tolerate(failure)

    def _see(self, found: Iterable[PredictionResponse]) -> Flow[None]:
        """Take in new states; what had ended before, as a look may have shown, is not new."""
        running = set(self._running())
        for prediction in found:
            if prediction.id not in running:
                continue
            self._seen[prediction.id] = prediction
            if prediction.done:
                running.remove(prediction.id)
                self._fresh.append(prediction)
            if self._on_progress is not None:
                with attach_prediction(prediction.id, prediction):
                    yield Progress(self._on_progress, prediction)

    def _states(self, found: list[PredictionResponse]) -> Flow[None]:
        """Look at all that run; what is seen is in `found` even where a look fails."""
        waiting = set(self._running())
        last = 2 * len(waiting) // PER_PAGE + 1 if len(waiting) > FEW else 0
        for number in range(1, last + 1):
            listed = list_predictions(types.PredictionsListOptions(number, per_page=PER_PAGE))
            page = yield from listed.poll(self._schedule.poll_timeout())
            found += [p for p in page if p.id in waiting]
            waiting -= {p.id for p in page}
            if not waiting or number >= page.pagination.last_page:
                break
        rest = sorted(waiting)
        outcomes: list[PredictionResponse | Exception | None] = [None] * len(rest)
        if rest:
            limit = self._schedule.poll_timeout()
            polls = [get_prediction(id).poll(limit) for id in rest]
            yield Gather(polls, CONCURRENT_GETS, outcomes)
        found += [outcome for outcome in outcomes if isinstance(outcome, PredictionResponse)]
        for id, outcome in zip(rest, outcomes, strict=True):
            if isinstance(outcome, Exception):
                with attach_prediction(id, self._seen[id]):
                    raise outcome


class Completed:
    """An iterable over predictions as they end."""

    def __init__(
        self, client: Performer, batch: PredictionBatch, reporter: ProgressReporter
    ) -> None:
        self._client = client
        self._batch = batch
        self._reporter = reporter

    def __iter__(self) -> Iterator[PredictionResponse]:
        with self._reporter.shown(self._batch.seen), self._batch.expecting():
            while self._batch.pending:
                yield from self._client.perform(self._batch.next())

    def __repr__(self) -> str:
        return f"<{type(self).__name__}({self._batch}): for prediction in …>"


class AsyncCompleted:
    """An async iterable over predictions as they end."""

    def __init__(
        self, client: AsyncPerformer, batch: PredictionBatch, reporter: ProgressReporter
    ) -> None:
        self._client = client
        self._batch = batch
        self._reporter = reporter

    async def __aiter__(self) -> AsyncIterator[PredictionResponse]:
        with self._reporter.shown(self._batch.seen), self._batch.expecting():
            while self._batch.pending:
                for prediction in await self._client.perform(self._batch.next()):
                    yield prediction

    def __repr__(self) -> str:
        return f"<{type(self).__name__}({self._batch}): async for prediction in …>"
