"""The sync driver: performs operations, effect by effect. Waiting happens here and nowhere else."""

from __future__ import annotations

import inspect
import math
import threading
import time
from contextlib import closing
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from ..errors import InvalidRequestError, SkytellsError
from .operation import (
    Call,
    CallUser,
    CloseBody,
    Done,
    Effect,
    Flow,
    Gather,
    OpenConnection,
    Operation,
    Progress,
    Raised,
    ReadBody,
    RunBlocking,
    Send,
    Sleep,
    Wakeup,
    advance,
    shortened,
)

if TYPE_CHECKING:
    from .protocols import EngineProtocol, OpenBody

T = TypeVar("T")


class Driver:
    """What performs operations for threads."""

    _engine: EngineProtocol

    def _performed(self, call: Call[T]) -> Flow[T]:
        """The flow that performs a call, as the client is set up."""
        raise NotImplementedError

    def perform(self, operation: Operation[T]) -> T:
        """Perform a call, or a flow of your own: a generator that yields calls and returns a value.

        Args:
            operation: What to do. The same operation is performed by either client.

        Returns:
            What the operation returns.
        """
        try:
            # A call is performed as its attempts.
            flow = self._performed(operation) if isinstance(operation, Call) else operation
            with closing(flow):
                effect = advance(flow)
                while not isinstance(effect, Done):
                    effect = advance(flow, self._give(effect))
                return effect.value
        except SkytellsError as error:
            raise shortened(error)

    def _give(self, effect: Effect) -> object:
        """What an effect gives, or what it raised."""
        try:
            match effect:
                case Call():
                    return self.perform(effect)
                case Send():
                    return self._engine.sender.send(effect)
                case ReadBody():
                    _pour(effect)
                case CloseBody(body=body):
                    cast("OpenBody", body).close()
                case RunBlocking(work=work):
                    return work()
                case CallUser(work=work):
                    return _not_awaitable(work(), "A tool")
                case Sleep(seconds=seconds, wakeup=wakeup):
                    _sleep(seconds, wakeup)
                case Progress(callback=callback, state=state):
                    _not_awaitable(callback(state), "on_progress")
                case Gather():
                    self._together(effect)
                case OpenConnection():
                    return self._engine.sender.connect(effect)
        except BaseException as error:
            return Raised(error)
        return None

    def _together(self, effect: Gather[Any]) -> None:
        def one(place: int) -> None:
            try:
                effect.outcomes[place] = self.perform(effect.begin(place))
            except Exception as error:
                effect.outcomes[place] = error

        # Here: a client that performs one call at a time never loads them.
        from concurrent.futures import ThreadPoolExecutor
        from concurrent.futures import wait as wait_for

        with ThreadPoolExecutor(effect.limit, thread_name_prefix="skytells") as threads:
            try:
                # Each thread sees the caller's context variables, as tasks do.
                wait_for(
                    [
                        threads.submit(copy_context().run, one, place)
                        for place in range(len(effect.operations))
                    ]
                )
            except BaseException:
                if effect.cancel is not None:
                    effect.cancel()
                # What is under way ends, so that its outcome is known; the rest is not begun.
                threads.shutdown(wait=True, cancel_futures=True)
                raise

    def close(self) -> None:
        """Close the connections, those of `with_options` clients too."""
        sender = self._engine.end()
        if sender is not None:
            sender.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _sleep(seconds: float, wakeup: Wakeup[Any] | None) -> None:
    if wakeup is None:
        time.sleep(seconds)
        return
    woken = threading.Event()
    with wakeup.listening(woken.set):
        woken.wait(seconds)


def _pour(effect: ReadBody) -> None:
    body, room = cast("OpenBody", effect.body), effect.most or math.inf
    try:
        while room > 0 and (chunk := body.read(effect.limit())):
            effect.into(chunk)
            room -= len(chunk)
    except BaseException:
        body.close()
        raise


def _not_awaitable(answer: object, whose: str) -> object:
    """What a function of the user's gave, unless it is something to await."""
    if inspect.isawaitable(answer):
        if inspect.iscoroutine(answer):
            answer.close()
        raise InvalidRequestError.of(
            f"{whose} returned something to await, and this client cannot: pass a plain "
            "function, or use AsyncSkytellsClient."
        )
    return answer
