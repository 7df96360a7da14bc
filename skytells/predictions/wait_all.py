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
from .._core.callbacks import callable_or_none
from .._core.operation import Bell, Clock, Flow, Notify, Sleep, Together
from .._core.polling import Patience
from ..errors import InvalidRequestError, SkytellsError
from ..types.predict import PredictionList, PredictionResponse
from ..types.shared import OnProgressCallback
from .progress import Told
from .requests import get_prediction, list_predictions
from .targets import Carrying, Waitable, known
from .wait import expected, handler_or_none, rarer_by, timed_out

if TYPE_CHECKING:
    from .._core.protocols import AsyncPerformer, Performer
    from ..types.requests import WaitOptions
    from ..webhooks import WebhookHandler

PER_PAGE = 50
FEW = 2
GETS_AT_ONCE = 8


class Watch:
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
        callable_or_none(on_progress)
        handler_or_none(handler)
        if isinstance(targets, str | Mapping) or not isinstance(targets, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidRequestError.of(
                "wait_all() and as_completed() take several predictions, as in a list; for one, "
                "there is wait()."
            )
        self._on_progress = on_progress
        self._clock = clock
        self._patience = Patience(options, clock, chance, rarer_by(handler))
        self._handler = handler
        self._bell: Bell[PredictionResponse] | None = None
        self._due: float | None = None
        pairs = list(map(known, targets))
        self._order = [id for id, _ in pairs]
        self._seen: dict[str, PredictionResponse | None] = dict(pairs)
        self._fresh = [p for p in self._seen.values() if p is not None and p.done]
        self._looked = False

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
            told = self._bell.take() if self._bell is not None else []
            yield from self._see(told) if told else self._look()
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
        with expected(self._handler, *self._running()) as self._bell:
            yield

    def _pause(self) -> Flow[None]:
        # With a handler, the first look is at once: a webhook may have come before this began.
        if not self._looked and (self._handler is not None or None in self._seen.values()):
            return
        if self._due is None:
            pause = self._patience.pause()
            if pause is None:
                id = self._running()[0]
                raise timed_out(id, self._seen[id], self._patience)
            self._due = self._clock() + pause
        # However many webhooks come, the next look is when it was due.
        yield Sleep(max(0.0, self._due - self._clock()), self._bell)

    def _look(self) -> Flow[None]:
        self._looked, self._due = True, None
        found: list[PredictionResponse] = []
        trouble: SkytellsError | None = None
        try:
            yield from self._states(found)
        except SkytellsError as error:
            trouble = error
        yield from self._see(found)
        if trouble is None:
            self._patience.relax()
        else:
            self._patience.bear(trouble)

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
                with Carrying(prediction.id, prediction):
                    yield Notify(self._on_progress, prediction)

    def _states(self, found: list[PredictionResponse]) -> Flow[None]:
        """Look at all that run; what is seen is in `found` even where a look fails."""
        waiting = set(self._running())
        last = 2 * len(waiting) // PER_PAGE + 1 if len(waiting) > FEW else 0
        for number in range(1, last + 1):
            listed = list_predictions(types.PredictionsListOptions(number, per_page=PER_PAGE))
            page = yield from listed.look(self._patience.look_limit())
            found += [p for p in page if p.id in waiting]
            waiting -= {p.id for p in page}
            if not waiting or number >= page.pagination.last_page:
                break
        rest = sorted(waiting)
        outcomes: list[PredictionResponse | Exception | None] = [None] * len(rest)
        if rest:
            limit = self._patience.look_limit()
            looks = [get_prediction(id).look(limit) for id in rest]
            yield Together(looks, GETS_AT_ONCE, outcomes)
        found += [outcome for outcome in outcomes if isinstance(outcome, PredictionResponse)]
        for id, outcome in zip(rest, outcomes, strict=True):
            if isinstance(outcome, Exception):
                with Carrying(id, self._seen[id]):
                    raise outcome


class Completed:
    """An iterable over predictions as they end."""

    def __init__(self, client: Performer, watch: Watch, told: Told) -> None:
        self._client = client
        self._watch = watch
        self._told = told

    def __iter__(self) -> Iterator[PredictionResponse]:
        with self._told.shown(self._watch.seen), self._watch.expecting():
            while self._watch.pending:
                yield from self._client.perform(self._watch.next())

    def __repr__(self) -> str:
        return f"<{type(self).__name__}({self._watch}): for prediction in …>"


class AsyncCompleted:
    """An async iterable over predictions as they end."""

    def __init__(self, client: AsyncPerformer, watch: Watch, told: Told) -> None:
        self._client = client
        self._watch = watch
        self._told = told

    async def __aiter__(self) -> AsyncIterator[PredictionResponse]:
        with self._told.shown(self._watch.seen), self._watch.expecting():
            while self._watch.pending:
                for prediction in await self._client.perform(self._watch.next()):
                    yield prediction

    def __repr__(self) -> str:
        return f"<{type(self).__name__}({self._watch}): async for prediction in …>"
