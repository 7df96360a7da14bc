"""`AsyncSkytellsClient` does the same on asyncio, uvloop and trio."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import anyio
import anyio.to_thread
import pytest

from skytells import (
    AsyncSkytellsClient,
    RequestTimeoutError,
    WaitTimeoutError,
    WebhookHandler,
)
from skytells.local import LocalPlatform
from skytells.local import serve as serve_locally

from ..webhooks.test_delivery import HOUR, receiving
from .conftest import Serve, limit_connections
from .misbehaving import Peer
from .steps import answers, drips, head, ignores, reply, resets, sends, stalls
from .test_lifecycle import creates, echoes
from .test_transport import KEY, ONCE, ORDER, P1

T = TypeVar("T")
Run: TypeAlias = Callable[[Callable[[], Awaitable[T]]], T]

BACKENDS: Final[dict[str, dict[str, Any]]] = {
    "asyncio": {"backend": "asyncio"},
    "uvloop": {"backend": "asyncio", "backend_options": {"use_uvloop": True}},
    "trio": {"backend": "trio"},
}
FLUX: Final[dict[str, Any]] = {"model": "flux-pro", "input": {"prompt": "A cat"}}


@pytest.fixture(params=list(BACKENDS))
def run(request: pytest.FixtureRequest) -> Run[Any]:
    """Runs an async function on an event loop of the kind under test."""
    options = BACKENDS[request.param]

    def ran(main: Callable[[], Awaitable[Any]]) -> Any:
        result = anyio.run(main, **options)
        gc.collect()  # what was left open warns now
        return result

    return ran


def of(platform: LocalPlatform) -> AsyncSkytellsClient:
    return AsyncSkytellsClient(platform.key, base_url=platform.url)


def test_verbs(run: Run[Any], platform: LocalPlatform, tmp_path: Path) -> None:
    async def main() -> None:
        async with of(platform) as client:
            states: list[str] = []
            assert await client.warm_up(2) == 2
            prediction = await client.run(
                "flux-pro", FLUX["input"], lambda p: states.append(str(p.status)), interval=1
            )
            assert states[-1] == prediction.status == "succeeded"
            assert len(await prediction.bytes(0, allow_private=True)) > 1000
            [saved] = await prediction.save(tmp_path, allow_private=True)
            assert saved.stat().st_size > 1000
            created = await client.predictions.create(FLUX)
            assert (await client.wait(created, interval=1)).status == "succeeded"
            for _ in range(20):
                client.queue(FLUX)
            jobs = await client.dispatch()
            ended = await client.wait_all(jobs, interval=1)
            assert [p.id for p in ended] == [p.id for p in jobs]
            found = [p.id async for p in client.as_completed(jobs, interval=1)]
            assert sorted(found) == sorted(p.id for p in jobs)

    run(main)
    assert len(platform.predictions) == 22


# trio warns of each async generator that is not read to its end, httpx's and httpcore's among them.
left_early = pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")


@left_early
def test_streams(run: Run[Any], platform: LocalPlatform) -> None:
    message = {"role": "user", "content": "Hello"}

    async def main() -> None:
        async with of(platform) as client:
            for most in (1, 1000):  # one is left early
                stream = await client.chat.completions.create(
                    model="gpt-5", messages=[message], stream=True
                )
                async with stream:
                    chunks: list[object] = []
                    async for chunk in stream:
                        chunks.append(chunk)
                        if len(chunks) == most:
                            break
                assert chunks
            text = (await client.chat.completions.create(model="gpt-5", messages=[message])).text
            assert text

    run(main)


def test_a_webhook_wakes_what_waits_from_another_thread(run: Run[Any]) -> None:
    with serve_locally(speed=0) as platform, receiving(WebhookHandler(platform.key)) as receiver:

        async def main() -> None:
            async with of(platform) as client:
                job = await client.predictions.create({**FLUX, "webhook": {"url": receiver.url}})

                def end_it(prediction: Any) -> None:
                    if not prediction.done:
                        threading.Timer(0.05, platform.advance, (600.0,)).start()

                ended = await client.wait(
                    job, interval=HOUR, on_progress=end_it, handler=receiver.handler
                )
                assert ended.status == "succeeded"

        run(main)


def test_a_handler_that_hears_nothing_does_not_hold_a_wait(run: Run[Any]) -> None:
    async def main() -> None:
        with serve_locally(speed=0) as platform:
            async with of(platform) as client:
                job = await client.predictions.create(FLUX)
                with pytest.raises(WaitTimeoutError):
                    await client.wait(job, max_wait=50, handler=WebhookHandler(platform.key))

    run(main)


@pytest.mark.parametrize(
    "step",
    [
        stalls(),
        ignores(),
        drips(b"", head(status=103)),
        drips(head("content-length: 99999"), b" "),
        drips(head("transfer-encoding: chunked"), b"1\r\n \r\n"),
    ],
)
def test_timeouts(step: Any, run: Run[Any], serve: Serve) -> None:
    server = serve(step)

    async def main() -> None:
        async with AsyncSkytellsClient(KEY, base_url=server.url, timeout=150) as client:
            acts: list[Callable[[], Awaitable[object]]] = [
                lambda: client.predictions.get("p1"),
                lambda: client.predictions.create(ORDER),
            ]
            for act in acts:
                with pytest.raises(RequestTimeoutError):
                    await act()

    run(main)
    assert server.was_cut(2)
    assert server.is_alone()


def test_a_failure_of_the_network_is_tried_again(run: Run[Any], serve: Serve, hasty: None) -> None:
    server = serve(resets(), sends(head("content-length: 9"), then=Peer.close), answers(P1))

    async def main() -> None:
        async with AsyncSkytellsClient(KEY, base_url=server.url) as client:
            assert (await client.predictions.get("p1")).id == "p1"

    run(main)
    assert server.connections == 3


def slowly(peer: Peer) -> None:
    peer.read()
    for piece in (b"HTTP/1.1 200 OK\r\n", b"content-length: 12\r\n\r\n", b'{"id": ', b'"p1"}'):
        peer.pause(0.002)
        peer.send(piece)


def test_a_call_that_is_cancelled_anywhere_frees_its_connection(
    run: Run[Any], serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_connections(monkeypatch, 1)
    server = serve(slowly)

    async def main() -> None:
        async with AsyncSkytellsClient(KEY, base_url=server.url) as client:
            for n in range(40):
                with anyio.move_on_after(n * 0.0004):
                    await client.predictions.get("p1")
            assert (await client.predictions.get("p1")).id == "p1"
            assert server.open <= 1

    run(main)
    assert server.is_alone()


def test_a_wait_that_is_cancelled_names_its_prediction(run: Run[Any], serve: Serve) -> None:
    server = serve(answers({"id": "p1", "status": "processing"}))
    seen: list[BaseException] = []

    async def main() -> None:
        async with AsyncSkytellsClient(KEY, base_url=server.url) as client:
            with anyio.move_on_after(0.2) as scope:
                try:
                    await client.wait("p1", interval=60_000)
                except BaseException as error:
                    seen.append(error)
                    raise
            assert scope.cancelled_caught

    run(main)
    [error] = seen
    assert "p1" in error.__notes__[0]
    assert vars(error)["prediction_id"] == "p1"


def test_a_dispatch_that_is_cancelled_loses_nothing(run: Run[Any], serve: Serve) -> None:
    server = serve(*[stalls()] * 8, creates)
    seen: list[BaseException] = []

    async def main() -> None:
        async with AsyncSkytellsClient(KEY, base_url=server.url) as client:
            for n in range(20):
                client.queue({"model": "m", "input": {"prompt": f"p{n}"}})

            async def dispatch() -> None:
                try:
                    await client.dispatch()
                except BaseException as error:
                    seen.append(error)
                    raise

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(dispatch)
                assert await anyio.to_thread.run_sync(server.has_seen, 8)
                tasks.cancel_scope.cancel()
            assert [p.id for p in await client.dispatch()] == [f"p{n}" for n in range(8, 20)]

    run(main)
    assert "dispatch" in seen[0].__notes__[0]
    prompts = [request.json["input"]["prompt"] for request in server.requests]
    assert sorted(prompts) == sorted(f"p{n}" for n in range(20))


def test_event_loops_one_after_another_share_a_client(run: Run[Any], serve: Serve) -> None:
    server = serve(echoes)
    client = AsyncSkytellsClient(KEY, base_url=server.url)

    async def main() -> list[str]:
        return [(await client.predictions.get(id)).id for id in ("p1", "p2")]

    for _ in range(4):
        assert run(main) == ["p1", "p2"]
    assert server.connections == 4
    assert server.is_alone()


def test_event_loops_of_all_kinds_share_a_client(serve: Serve) -> None:
    server = serve(echoes)
    client = AsyncSkytellsClient(KEY, base_url=server.url)

    async def main() -> str:
        return (await client.predictions.get("p1")).id

    for options in [*BACKENDS.values()] * 2:
        assert anyio.run(main, **options) == "p1"
    assert asyncio.run(main()) == "p1"
    assert server.connections == 7
    assert server.is_alone()


def test_hundreds_of_tasks_mix_nothing_up(run: Run[Any], serve: Serve) -> None:
    server = serve(echoes)
    found: dict[str, str] = {}

    async def main() -> None:
        async with AsyncSkytellsClient(KEY, base_url=server.url) as client:

            async def one(id: str) -> None:
                found[id] = (await client.predictions.get(id)).id

            async with anyio.create_task_group() as tasks:
                for n in range(300):
                    tasks.start_soon(one, f"p{n}")

    run(main)
    assert len(found) == 300
    assert all(id == answer for id, answer in found.items())
    assert server.is_alone()


@left_early
def test_a_stream_that_is_forgotten_gives_back_its_connection(
    run: Run[Any], serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_connections(monkeypatch, 1)
    event = b'data: {"choices": [{"delta": {"content": "Hi"}}]}\n\n'
    stream = head("content-type: text/event-stream", "transfer-encoding: chunked")
    server = serve(
        sends(stream, b"%x\r\n%b\r\n" % (len(event), event), then=Peer.hold), sends(reply(P1))
    )

    async def main() -> None:
        async with AsyncSkytellsClient(KEY, base_url=server.url, retry=ONCE) as client:
            chunks = await client.chat.completions.create(
                model="gpt-5", messages=[{"role": "user", "content": "Hello"}], stream=True
            )
            async for _ in chunks:
                break
            del chunks
            for _ in range(3):
                gc.collect()
                await anyio.sleep(0.02)
            assert (await client.predictions.get("p1")).id == "p1"

    run(main)
    assert server.was_cut()
