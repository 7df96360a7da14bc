"""The async driver: performs operations, effect by effect. Waiting happens here and nowhere else."""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

import anyio
import anyio.to_thread

from ..errors import SkytellsError
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
    from .protocols import AsyncEngineProtocol, AsyncOpenBody

T = TypeVar("T")


class AsyncDriver:
    """What performs operations for tasks."""

    _engine: AsyncEngineProtocol

    def _performed(self, call: Call[T]) -> Flow[T]:
        """The flow that performs a call, as the client is set up."""
        raise NotImplementedError

    async def perform(self, operation: Operation[T]) -> T:
        """Perform a call, or a flow of your own; as `SkytellsClient.perform`."""
        try:
            # A call is performed as its attempts.
            flow = self._performed(operation) if isinstance(operation, Call) else operation
            with closing(flow):
                effect = advance(flow)
                while not isinstance(effect, Done):
                    effect = advance(flow, await self._give(effect))
                return effect.value
        except SkytellsError as error:
            raise shortened(error)

    async def _give(self, effect: Effect) -> object:
        """What an effect gives, or what it raised."""
        try:
            match effect:
                case Call():
                    return await self.perform(effect)
                case Send():
                    return await self._engine.sender.send(effect)
                case ReadBody():
                    await _pour(effect)
                case CloseBody(body=body):
                    await cast("AsyncOpenBody", body).aclose()
                case RunBlocking(work=work):
                    return await anyio.to_thread.run_sync(work)
                case CallUser(work=work):
                    return await _awaited(work())
                case Sleep(seconds=seconds, wakeup=wakeup):
                    await _sleep(seconds, wakeup)
                case Progress(callback=callback, state=state):
                    await _awaited(callback(state))
                case Gather():
                    await self._together(effect)
                case OpenConnection():
                    return await self._engine.sender.connect(effect)
        except BaseException as error:
            return Raised(error)
        return None

    async def _together(self, effect: Gather[Any]) -> None:
        places = iter(range(len(effect.operations)))

        async def worker() -> None:
            for place in places:
                try:
                    effect.outcomes[place] = await self.perform(effect.begin(place))
                except Exception as error:
                    effect.outcomes[place] = error

        async with anyio.create_task_group() as tasks:
            for _ in range(min(effect.limit, len(effect.operations))):
                tasks.start_soon(worker)

    async def aclose(self) -> None:
        """Close this event loop's connections, those of `with_options` clients too."""
        sender = self._engine.end()
        if sender is not None:
            await sender.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()


async def _awaited(answer: object) -> object:
    """What a function of the user's gave, or what that came to."""
    return await answer if inspect.isawaitable(answer) else answer


async def _sleep(seconds: float, wakeup: Wakeup[Any] | None) -> None:
    if wakeup is None:
        await anyio.sleep(seconds)
        return
    woken, call_soon = anyio.Event(), _call_soon_from_threads()
    with wakeup.listening(lambda: call_soon(woken.set)), anyio.move_on_after(seconds):
        await woken.wait()


def _call_soon_from_threads() -> Callable[[Callable[[], object]], object]:
    """What has this event loop call a function soon, from whatever thread."""
    try:
        return asyncio.get_running_loop().call_soon_threadsafe
    except RuntimeError:
        import trio  # it is what runs this

        return trio.lowlevel.current_trio_token().run_sync_soon


async def _pour(effect: ReadBody) -> None:
    body, room = cast("AsyncOpenBody", effect.body), effect.most or math.inf
    try:
        while room > 0 and (chunk := await body.read(effect.limit())):
            effect.into(chunk)
            room -= len(chunk)
    except BaseException:
        await body.aclose()
        raise
