"""What is done about webhooks: verified, read, recognised if repeated, and handed to functions."""

from __future__ import annotations

import inspect
import os
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar

from .._core.endpoints import KEY_VARIABLE
from .._core.keys import Secret
from .._core.operation import Clock, Done, Raised, Wakeup, advance
from .._data.checks import did_you_mean, seconds, shown
from ..errors import ConfigurationError, InvalidRequestError
from ..types.predict import PredictionResponse, PredictionStatus
from .events import WebhookEvent, WebhookEventType, event_type, parse_event
from .signatures import Headers, flaw_in, refused, signature_in
from .store import MemoryStore, WebhookStore

SECRET_VARIABLE: Final = "SKYTELLS_WEBHOOK_SECRET"  # noqa: S105  # a name, not a secret

Action: TypeAlias = Callable[[WebhookEvent], object]
"""What is done about an event; it may be `async`."""
F = TypeVar("F", bound=Action)

_EVERY: Final = frozenset({"*", "prediction.*"})
_STATUSES: Final = frozenset({*PredictionStatus, "queued"})


class WebhookHandler:
    """Receives webhooks: verifies them, reads them, and calls what you have registered, once.

    Args:
        keys: What deliveries are signed with: the webhook secret of your account, else the API keys
            that create predictions; several while keys are exchanged. By default the environment's
            `SKYTELLS_WEBHOOK_SECRET`, else `SKYTELLS_API_KEY`.
        store: What remembers which events were handled; by default the latest 10,000, in memory.
        tolerance: Seconds that an event may be old, or ahead of this clock. By default any age:
            a delivery that somebody has kept verifies for ever, since signatures carry no time.
        wall_clock: What tells the time, in seconds since the epoch; for tests.

    Raises:
        ConfigurationError: There is no key, or one that cannot be one.

    Example:
        >>> from skytells.webhooks import SIGNATURE_HEADER, WebhookHandler, sign
        >>> handler = WebhookHandler("whsec-mine")
        >>> @handler.on("completed")
        ... def show(event):
        ...     print(event.prediction.id, "is ready")
        >>> body = b'{"id": "p1", "status": "succeeded"}'
        >>> headers = {SIGNATURE_HEADER: sign(body, "whsec-mine")}
        >>> handler.handle(body, headers).duplicate
        p1 is ready
        False
        >>> handler.handle(body, headers).duplicate
        True
    """

    def __init__(
        self,
        *keys: str,
        store: WebhookStore | None = None,
        tolerance: float | None = None,
        wall_clock: Clock = time.time,
    ) -> None:
        self._keys = _secrets(keys)
        self._store: WebhookStore = MemoryStore() if store is None else store
        self._tolerance = None if tolerance is None else seconds(tolerance, "tolerance")
        self._wall_clock = wall_clock
        self._actions: list[tuple[frozenset[str], Action]] = []
        self._awaited: dict[str, list[Wakeup[PredictionResponse]]] = {}
        self._lock = threading.Lock()

    def on(self, *patterns: str) -> Callable[[F], F]:
        """Register a function for events; use it as a decorator.

        Functions are called in the order in which they were registered, each once for an event. An
        `async` one needs `ahandle()`, which calls others in a thread.

        Args:
            patterns: `"completed"`, `"failed"`, `"canceled"`, `"started"`, `"output"`, `"logs"`;
                `"prediction.succeeded"` and so on, by status; `"prediction.*"` or `"*"` for all.

        Raises:
            InvalidRequestError: A pattern that nothing would match.
        """
        chosen = frozenset(map(_pattern, patterns or ("*",)))

        def register(action: F) -> F:
            self._actions.append((chosen, action))
            return action

        return register

    def receive(self, body: bytes, headers: Headers) -> WebhookEvent:
        """Verify and read a delivery, without acting on it: for a queue, or a task of your own.

        A `client.wait(…, handler=…)` for its prediction ends here, as does whatever else waits by
        this handler.

        Args:
            body: The body's raw bytes.
            headers: All headers, as a mapping or as pairs.

        Raises:
            WebhookSignatureError: It is not signed with a key of yours, or older than `tolerance`.
            InvalidRequestError: It tells of no prediction.
        """
        flaw = flaw_in(body, signature_in(headers), [key.reveal() for key in self._keys])
        if flaw is not None:
            raise refused(flaw)
        event = parse_event(bytes(body))
        self._refuse_replay(event)
        if event.prediction.done:
            with self._lock:
                for wakeup in self._awaited.get(event.prediction.id, ()):
                    wakeup.notify(event.prediction)
        return event

    def handle(self, body: bytes, headers: Headers) -> WebhookEvent:
        """Verify a delivery, and call what is registered for it unless that was done before.

        Args:
            body: The body's raw bytes.
            headers: All headers, as a mapping or as pairs.

        Returns:
            The event; `event.duplicate` says whether it had been handled already.

        Raises:
            WebhookSignatureError: As `receive()`, like `InvalidRequestError`.
            Exception: What a function raised, as it is. Answer 500: the repetition will be handled.
        """
        return self.dispatch(self.receive(body, headers))

    async def ahandle(self, body: bytes, headers: Headers) -> WebhookEvent:
        """As `handle`, awaited: functions may be `async`, and others do not block the loop."""
        return await self.adispatch(self.receive(body, headers))

    def dispatch(self, event: WebhookEvent) -> WebhookEvent:
        """Call what is registered for an event that was received, unless that was done before."""
        with closing(self._acting(event)) as steps:
            step = advance(steps)
            while not isinstance(step, Done):
                step = advance(steps, _do(step))
            return step.value

    async def adispatch(self, event: WebhookEvent) -> WebhookEvent:
        """As `dispatch`, awaited."""
        with closing(self._acting(event)) as steps:
            step = advance(steps)
            while not isinstance(step, Done):
                step = advance(steps, await _ado(step))
            return step.value

    @contextmanager
    def expect(self, *ids: str) -> Generator[Wakeup[PredictionResponse]]:
        """Within this block, what tells of a prediction's end rings the bell that it gives."""
        wakeup = Wakeup[PredictionResponse]()
        with self._lock:
            for id in ids:
                self._awaited.setdefault(id, []).append(wakeup)
        try:
            yield wakeup
        finally:
            with self._lock:
                for id in ids:
                    self._awaited[id].remove(wakeup)
                    if not self._awaited[id]:
                        del self._awaited[id]

    def _acting(self, event: WebhookEvent) -> Generator[partial[Any], Any, WebhookEvent]:
        """What to do about an event, step by step, for either colour to do."""
        if not (yield partial(self._store.claim, event.key)):
            return replace(event, duplicate=True)
        try:
            for patterns, action in tuple(self._actions):
                if _matches(patterns, event):
                    yield partial(action, event)
        except GeneratorExit:
            raise
        except BaseException:
            # A cancelled task too: the repetition is to be handled.
            yield partial(self._store.release, event.key)
            raise
        complete = getattr(self._store, "complete", None)
        if complete is not None:
            yield partial(complete, event.key)
        return event

    def _refuse_replay(self, event: WebhookEvent) -> None:
        if self._tolerance is None:
            return
        told = event.created
        if told is None:
            raise refused("The webhook does not say when it was made.")
        if abs(self._wall_clock() - told.timestamp()) > self._tolerance:
            raise refused(f"The webhook is more than {self._tolerance:g} seconds old, or ahead.")

    def __repr__(self) -> str:
        return f"WebhookHandler(keys={len(self._keys)}, functions={len(self._actions)})"


def _do(step: partial[Any]) -> object:
    try:
        if _is_async(step.func):
            raise ConfigurationError.of(
                f"{_name(step)} is async, and handle() is not: use ahandle(), or a plain function."
            )
        answer = step()
        if inspect.isawaitable(answer):
            if inspect.iscoroutine(answer):
                answer.close()
            raise ConfigurationError.of(
                f"{_name(step)} returned something to await: use ahandle(), or a plain function."
            )
        return answer
    except BaseException as error:
        return Raised(error)


async def _ado(step: partial[Any]) -> object:
    import anyio.to_thread  # here: a sync handler never loads it

    try:
        answer = step() if _is_async(step.func) else await anyio.to_thread.run_sync(step)
        return await answer if inspect.isawaitable(answer) else answer
    except BaseException as error:
        return Raised(error)


def _is_async(function: Any) -> bool:
    called = getattr(function, "func", function)
    return any(map(inspect.iscoroutinefunction, (called, type(called).__call__)))


def _name(step: partial[Any]) -> str:
    return str(getattr(step.func, "__qualname__", type(step.func).__name__))


def _pattern(given: object) -> str:
    """A pattern as it is compared: `*`, a type of event, or a status."""
    if isinstance(given, str):
        if given in _EVERY:
            return "*"
        status = given.removeprefix("prediction.")
        known = event_type(given) or (status if status in _STATUSES and status != given else None)
        if known is not None:
            return known
    names = [
        *map(str, WebhookEventType),
        "prediction.*",
        *(f"prediction.{s}" for s in PredictionStatus),
    ]
    hint = did_you_mean(str(given), names) or f" Known: {', '.join(names)}, *."
    raise InvalidRequestError.of(f"No webhook matches {shown(given)}.{hint}")


def _matches(patterns: frozenset[str], event: WebhookEvent) -> bool:
    if "*" in patterns or event.type in patterns:
        return True
    status = str(event.prediction.status)
    return event_type(status) is None and status in patterns


def _secrets(given: tuple[object, ...]) -> tuple[Secret, ...]:
    keys = given
    if not keys:
        found = os.environ.get(SECRET_VARIABLE) or os.environ.get(KEY_VARIABLE)
        keys = (found,) if found else ()
    if not keys:
        raise ConfigurationError.of(
            "There is no key to verify webhooks with: pass the webhook secret of your account, or "
            f"your API key, or set {SECRET_VARIABLE} or {KEY_VARIABLE}."
        )
    secrets: list[Secret] = []
    for key in keys:
        if not isinstance(key, str) or not key.strip():
            raise ConfigurationError.of(
                f"A key to verify webhooks with must be a string that is not empty, not "
                f"{'an empty one' if isinstance(key, str) else type(key).__name__}."
            )
        secrets.append(Secret(key.strip()))
    return tuple(secrets)
