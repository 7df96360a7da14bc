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

from .._base import ClientBase, Shared
from .._config import Config
from .._flow import (
    Ask,
    Bell,
    Call,
    Close,
    Connect,
    Done,
    Effect,
    Exchange,
    Notify,
    Offload,
    Operation,
    Pour,
    Raised,
    Sleep,
    Together,
    advance,
)

if TYPE_CHECKING:
    import httpx

    from .._http.async_sender import AsyncOpenBody
    from .._http.engine import AsyncEngine

T = TypeVar("T")


class AsyncDriver(ClientBase):
    """What performs operations for tasks."""

    def __init__(self, config: Config, engine: AsyncEngine, shared: Shared | None = None) -> None:
        super().__init__(config, shared)
        self._engine = engine

    async def perform(self, operation: Operation[T]) -> T:
        """Perform a call, or a flow of your own; as `SkytellsClient.perform`."""
        # A call is performed as its attempts.
        flow = self._performed(operation) if isinstance(operation, Call) else operation
        with closing(flow):
            effect = advance(flow)
            while not isinstance(effect, Done):
                effect = advance(flow, await self._give(effect))
            return effect.value

    async def _give(self, effect: Effect) -> object:
        """What an effect gives, or what it raised."""
        try:
            match effect:
                case Call():
                    return await self.perform(effect)
                case Exchange():
                    return await self._engine.sender.send(effect)
                case Pour():
                    await _pour(effect)
                case Close(body=body):
                    await cast("AsyncOpenBody", body).aclose()
                case Offload(work=work):
                    return await anyio.to_thread.run_sync(work)
                case Ask(work=work):
                    return await _awaited(work())
                case Sleep(seconds=seconds, bell=bell):
                    await _sleep(seconds, bell)
                case Notify(callback=callback, state=state):
                    await _awaited(callback(state))
                case Together():
                    await self._together(effect)
                case Connect():
                    return await self._engine.sender.connect(effect)
        except BaseException as error:
            return Raised(error)
        return None

    async def _together(self, effect: Together[Any]) -> None:
        gate = anyio.Semaphore(effect.limit)

        async def one(place: int) -> None:
            async with gate:
                try:
                    effect.outcomes[place] = await self.perform(effect.begin(place))
                except Exception as error:
                    effect.outcomes[place] = error

        async with anyio.create_task_group() as tasks:
            for place in range(len(effect.operations)):
                tasks.start_soon(one, place)

    @property
    def http_client(self) -> httpx.AsyncClient:
        """What sends the requests: the `httpx.AsyncClient` of this client's own, or the one passed in."""
        client: httpx.AsyncClient = self._engine.sender.client
        return client

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


async def _sleep(seconds: float, bell: Bell[Any] | None) -> None:
    if bell is None:
        await anyio.sleep(seconds)
        return
    woken, call_soon = anyio.Event(), _call_soon_from_threads()
    with bell.heard(lambda: call_soon(woken.set)), anyio.move_on_after(seconds):
        await woken.wait()


def _call_soon_from_threads() -> Callable[[Callable[[], object]], object]:
    """What has this event loop call a function soon, from whatever thread."""
    try:
        return asyncio.get_running_loop().call_soon_threadsafe
    except RuntimeError:
        import trio  # it is what runs this

        return trio.lowlevel.current_trio_token().run_sync_soon


async def _pour(effect: Pour) -> None:
    body, room = cast("AsyncOpenBody", effect.body), effect.most or math.inf
    try:
        while room > 0 and (chunk := await body.read(effect.limit())):
            effect.into(chunk)
            room -= len(chunk)
    except BaseException:
        await body.aclose()
        raise
