"""Clients in threads, tasks, event loops, forks and other processes; and when they are interrupted."""

from __future__ import annotations

import asyncio
import copy
import operator
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from multiprocessing import get_context
from typing import Any

import pytest
import trustme

from skytells import (
    AsyncSkytellsClient,
    ConfigurationError,
    DispatchError,
    InvalidRequestError,
    NetworkError,
    PaginatedResponse,
    PredictionResponse,
    SkytellsClient,
    SkytellsError,
)
from skytells.local import LocalPlatform

from ..conftest import Build, Colour
from .conftest import Serve, limit_connections
from .misbehaving import Peer, Server
from .steps import answers, ignores, reply, stalls
from .test_transport import certified

KEY = "sk-do-not-show-me"
PYTHON = [sys.executable, "-W", "error", "-X", "dev", "-c"]
# In its debug mode asyncio tells of every step that took a tenth of a second.
QUIET = "import logging; logging.getLogger('asyncio').setLevel('ERROR')\n"


def echoes(peer: Peer) -> None:
    """Answers a GET about a prediction with one of that id."""
    peer.send(reply({"id": peer.read().target.rpartition("/")[2], "status": "succeeded"}))


def creates(peer: Peer) -> None:
    """Answers a POST with a prediction whose id is the prompt."""
    given = peer.read().json["input"]
    peer.send(reply({"id": given["prompt"], "status": "pending", "input": given}))


def python(script: str, *arguments: str) -> str:
    """What a script prints in a process of its own, where each warning is an error; no stderr."""
    ended = subprocess.run(
        [*PYTHON, QUIET + textwrap.dedent(script), *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (ended.stderr, ended.returncode) == ("", 0)
    return ended.stdout.strip()


# Threads, tasks and event loops


@pytest.mark.parametrize("threads", [64, 300])
def test_client_serves_many_threads_and_mixes_nothing_up(serve: Serve, threads: int) -> None:
    server = serve(echoes)
    with SkytellsClient(KEY, base_url=server.url) as client, ThreadPoolExecutor(threads) as pool:
        ids = [f"p{n}" for n in range(threads * 4)]
        barrier = threading.Barrier(threads)

        def get(id: str) -> str:
            if int(id[1:]) < threads:
                barrier.wait()
            return client.predictions.get(id).id

        assert list(pool.map(get, ids)) == ids
        assert server.connections <= 100
    assert server.is_alone()


async def test_client_serves_many_tasks_and_mixes_nothing_up(serve: Serve) -> None:
    server = serve(echoes)
    async with AsyncSkytellsClient(KEY, base_url=server.url) as client:
        ids = [f"p{n}" for n in range(300)]
        found = await asyncio.gather(*map(client.predictions.get, ids))
        assert [p.id for p in found] == ids
        connections = server.connections
        assert (await client.predictions.get("p1")).id == "p1"
        assert server.connections == connections
    assert await asyncio.to_thread(server.is_alone)


def test_async_client_serves_event_loops_of_several_threads(serve: Serve) -> None:
    server = serve(echoes)
    client = AsyncSkytellsClient(KEY, base_url=server.url)

    def one(thread: int) -> list[str]:
        async def main() -> list[str]:
            found = [client.predictions.get(f"p{thread}{n}") for n in range(10)]
            return [p.id for p in await asyncio.gather(*found)]

        return asyncio.run(main())

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(one, range(4)))
    assert found == [[f"p{thread}{n}" for n in range(10)] for thread in range(4)]
    assert server.is_alone()


def test_async_client_serves_event_loops_one_after_another(serve: Serve) -> None:
    server = serve(echoes)
    script = """
        import asyncio, sys
        from skytells import AsyncSkytellsClient

        client = AsyncSkytellsClient("sk-key", base_url=sys.argv[1])

        async def main(n):
            await client.predictions.get(f"a{n}")
            return (await client.predictions.get(f"b{n}")).id

        print(*[asyncio.run(main(n)) for n in range(5)])
    """
    assert python(script, server.url) == "b0 b1 b2 b3 b4"
    assert server.connections == 5


def test_async_client_goes_on_after_a_loop_that_crashed(serve: Serve) -> None:
    server = serve(echoes)
    script = """
        import asyncio, sys
        from skytells import AsyncSkytellsClient

        client = AsyncSkytellsClient("sk-key", base_url=sys.argv[1])

        async def crash():
            await client.predictions.get("p1")
            raise ZeroDivisionError

        async def go_on():
            print((await client.predictions.get("p2")).id)

        try:
            asyncio.run(crash())
        except ZeroDivisionError:
            asyncio.run(go_on())
    """
    assert python(script, server.url) == "p2"


FORGOTTEN = {
    "a sync client": """
        client = SkytellsClient("sk-key", base_url=sys.argv[1])
        client.predictions.get("p1")
        del client
    """,
    "a sync client at exit": """
        client = SkytellsClient("sk-key", base_url=sys.argv[1])
        client.predictions.get("p1")
    """,
    "an async client": """
        async def main():
            client = AsyncSkytellsClient("sk-key", base_url=sys.argv[1])
            await client.predictions.get("p1")

        asyncio.run(main())
    """,
    "an async client at exit": """
        client = AsyncSkytellsClient("sk-key", base_url=sys.argv[1])

        async def main():
            await client.predictions.get("p1")

        asyncio.run(main())
    """,
    "an async client in a loop that goes on": """
        async def forget():
            client = AsyncSkytellsClient("sk-key", base_url=sys.argv[1])
            await client.predictions.get("p1")

        async def main():
            await forget()
            gc.collect()
            await asyncio.sleep(0.05)
            gc.collect()

        asyncio.run(main())
    """,
    "a client that was never used": """
        SkytellsClient("sk-key", base_url=sys.argv[1])
        AsyncSkytellsClient("sk-key", base_url=sys.argv[1])
    """,
}


@pytest.mark.parametrize("what", FORGOTTEN)
def test_forgotten_client_leaves_no_warning(serve: Serve, what: str) -> None:
    preface = """
        import asyncio, gc, sys
        from skytells import AsyncSkytellsClient, SkytellsClient
    """
    ending = """
        gc.collect()
        print("done")
    """
    server = serve(echoes)
    script = "".join(textwrap.dedent(part) for part in (preface, FORGOTTEN[what], ending))
    assert python(script, server.url) == "done"
    assert server.is_alone()


# Forks and other processes


def test_fork_gives_parent_and_child_their_own_answers(serve: Serve) -> None:
    server = serve(echoes)
    script = """
        import os, sys
        from skytells import SkytellsClient

        client = SkytellsClient("sk-key", base_url=sys.argv[1])
        client.predictions.get("before")
        child = os.fork()
        me = "child" if child == 0 else "parent"
        right = all(client.predictions.get(f"{me}{n}").id == f"{me}{n}" for n in range(50))
        if child == 0:
            os._exit(0 if right else 1)
        print(right, os.waitpid(child, 0)[1])
    """
    assert python(script, server.url) == "True 0"
    # The parent goes on with its connection, the child with one of its own.
    assert server.connections == 2


def test_fork_gives_parent_and_child_of_an_async_client_their_own_answers(serve: Serve) -> None:
    server = serve(echoes)
    script = """
        import asyncio, os, sys
        from skytells import AsyncSkytellsClient

        client = AsyncSkytellsClient("sk-key", base_url=sys.argv[1])

        async def all_right(me):
            ids = [f"{me}{n}" for n in range(50)]
            return [(await client.predictions.get(id)).id for id in ids] == ids

        with asyncio.Runner() as runner:
            runner.run(all_right("before"))
            child = os.fork()
            if child == 0:
                with asyncio.Runner() as mine:
                    right = mine.run(all_right("child"))
                os._exit(0 if right else 1)
            print(runner.run(all_right("parent")), os.waitpid(child, 0)[1])
    """
    assert python(script, server.url) == "True 0"
    assert server.connections == 2


def test_records_errors_and_clients_go_to_spawned_processes(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(answers({"id": "p1", "status": "canceled", "new": [1]}))
    monkeypatch.setenv("SKYTELLS_API_KEY", KEY)
    record = PredictionResponse.from_wire({"id": "p1", "metrics": {"progress": 1}})
    page = PaginatedResponse({"data": [{"id": "p1"}], "pagination": {"total": 1}})
    error = NetworkError("m", "NETWORK_ERROR", {"a": 1}, maybe_sent=True)
    error.prediction = record
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:

        def there(act: Callable[[Any], Any], value: object) -> Any:
            return pool.submit(act, value).result()

        assert there(copy.copy, record) == record
        assert there(operator.attrgetter("metrics.progress"), record) == 1.0
        assert there(copy.copy, page) == page
        back = there(copy.deepcopy, error)
        assert (type(back), vars(back)) == (NetworkError, vars(error))
        for kind in (SkytellsClient, AsyncSkytellsClient):
            client = kind(base_url=server.url, timeout=7000, headers={"x-team": "a"})
            assert there(repr, client) == repr(client)
        ask = operator.methodcaller("request", "GET", "/predictions/p1")
        assert there(ask, SkytellsClient(base_url=server.url, headers={"x-team": "a"}))["new"] == [
            1
        ]
        with pytest.raises(InvalidRequestError, match="method must be"):
            there(operator.methodcaller("request", "TRACE", "/x"), SkytellsClient())
    headers = server.requests[0].headers
    assert (headers["x-api-key"], headers["x-team"]) == (KEY, "a")


def test_client_takes_the_key_of_the_process_it_arrives_in(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(echoes)
    monkeypatch.setenv("SKYTELLS_API_KEY", KEY)
    pickled = pickle.dumps(SkytellsClient(base_url=server.url))
    assert KEY.encode() not in pickled
    monkeypatch.setenv("SKYTELLS_API_KEY", "sk-there")
    with pickle.loads(pickled) as client:
        client.predictions.get("p1")
    assert server.requests[0].headers["x-api-key"] == "sk-there"


def test_client_with_an_explicit_key_refuses_to_be_pickled(build: Build, colour: Colour) -> None:
    kind: Any = SkytellsClient if colour == "sync" else AsyncSkytellsClient
    client = kind(KEY)
    with pytest.raises(ConfigurationError, match="SKYTELLS_API_KEY") as caught:
        pickle.dumps(client)
    assert KEY not in str(caught.value)


# Cancellation


async def cancelled_everywhere(client: AsyncSkytellsClient, points: Iterable[float]) -> None:
    for point in points:
        task = asyncio.create_task(client.predictions.get("p1"))
        await asyncio.sleep(point)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() or task.result().id == "p1"


@pytest.mark.parametrize("secure", [False, True])
async def test_cancelled_calls_leave_no_connection_checked_out(
    serve: Serve, secure: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    def slowly(peer: Peer) -> None:
        peer.read()
        for piece in (b"HTTP/1.1 200 OK\r\n", b"content-length: 12\r\n\r\n", b'{"id": ', b'"p1"}'):
            time.sleep(0.002)
            peer.send(piece)

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    limit_connections(monkeypatch, 1)
    server = serve(slowly, tls=certified(authority) if secure else None)
    async with AsyncSkytellsClient(KEY, base_url=server.url) as client:
        await cancelled_everywhere(client, (n * 0.0004 for n in range(50)))
        assert (await client.predictions.get("p1")).id == "p1"
        assert server.open <= 1
    assert await asyncio.to_thread(server.is_alone)


async def test_cancelled_tls_handshake_leaves_no_connection_open(serve: Serve) -> None:
    server = serve(ignores())
    async with AsyncSkytellsClient(KEY, base_url=f"https://127.0.0.1:{server.port}") as client:
        for number in range(1, 4):
            task = asyncio.create_task(client.predictions.get("p1"))
            assert await asyncio.to_thread(server.has_taken, number)
            task.cancel()
            await asyncio.wait([task])
        assert await asyncio.to_thread(server.is_alone)


async def test_cancelled_wait_names_the_prediction_and_is_never_wrapped(serve: Serve) -> None:
    server = serve(answers({"id": "p1", "status": "processing"}))
    async with AsyncSkytellsClient(KEY, base_url=server.url) as client:
        task = asyncio.create_task(client.wait("p1", interval=60_000))
        assert await asyncio.to_thread(server.has_seen, 1)
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert "p1" in caught.value.__notes__[0]


async def test_cancelling_from_outside_is_not_taken_for_a_timeout(serve: Serve) -> None:
    server = serve(stalls())
    async with AsyncSkytellsClient(KEY, base_url=server.url) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await client.predictions.get("p1")
    assert await asyncio.to_thread(server.was_cut)


async def test_cancelled_dispatch_gives_back_what_was_not_begun(serve: Serve) -> None:
    server = serve(*[stalls()] * 8, creates)
    async with AsyncSkytellsClient(KEY, base_url=server.url) as client:
        for n in range(20):
            client.queue({"model": "m", "input": {"prompt": f"p{n}"}})
        task = asyncio.create_task(client.dispatch())
        assert await asyncio.to_thread(server.has_seen, 8)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert "dispatch" in caught.value.__notes__[0]
        assert [p.id for p in await client.dispatch()] == [f"p{n}" for n in range(8, 20)]
    prompts = [request.json["input"]["prompt"] for request in server.requests]
    assert sorted(prompts) == sorted(f"p{n}" for n in range(20))


# Ctrl-C


@contextmanager
def interrupted(server: Server, script: str, requests: int) -> Generator[subprocess.Popen[str]]:
    """A process in which a script runs, interrupted when the server has seen so many requests."""
    with subprocess.Popen(
        [*PYTHON, QUIET + textwrap.dedent(script), server.url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert server.has_seen(requests)
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        yield process


def test_interrupt_in_a_callback_names_the_prediction(build: Build, serve: Serve) -> None:
    def interrupted(prediction: PredictionResponse) -> None:
        raise KeyboardInterrupt

    server = serve(answers({"id": "p1", "status": "processing"}))
    client = build(KEY, base_url=server.url)
    with pytest.raises(KeyboardInterrupt) as caught:
        client.wait("p1", on_progress=interrupted)
    assert "client.wait('p1')" in caught.value.__notes__[0]
    assert vars(caught.value)["prediction_id"] == "p1"
    assert client.predictions.get("p1").id == "p1"
    assert server.connections == 1


def test_interrupt_while_sleeping_names_the_prediction(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    server = serve(answers({"id": "p1", "status": "processing"}))
    with SkytellsClient(KEY, base_url=server.url) as client:
        with monkeypatch.context() as patched:
            patched.setattr("skytells._core.driver.time.sleep", interrupted)
            with pytest.raises(KeyboardInterrupt) as caught:
                client.wait("p1")
        assert vars(caught.value)["prediction_id"] == "p1"
        assert client.predictions.get("p1").id == "p1"


@pytest.mark.parametrize("phase", ["sleeping", "reading"])
def test_interrupt_by_signal_leaves_the_client_usable(serve: Serve, phase: str) -> None:
    running = {"id": "p1", "status": "processing"}
    first = answers(running) if phase == "sleeping" else stalls()
    server = serve(first, answers(running | {"status": "succeeded"}))
    script = """
        import sys
        from skytells import SkytellsClient

        client = SkytellsClient("sk-key", base_url=sys.argv[1])
        try:
            client.wait("p1", interval=60_000)
        except KeyboardInterrupt as interrupt:
            print(interrupt.prediction_id, client.predictions.get("p1").status)
            client.close()
    """
    with interrupted(server, script, requests=1) as process:
        assert process.communicate(timeout=240) == ("p1 succeeded\n", "")


def test_interrupted_dispatch_loses_nothing(serve: Serve) -> None:
    def late(peer: Peer) -> None:
        prompt = peer.read().json["input"]["prompt"]
        released.wait(30)
        peer.send(reply({"id": prompt, "status": "pending"}))

    released, server = threading.Event(), serve(late)
    script = """
        import sys
        from skytells import SkytellsClient

        client = SkytellsClient("sk-key", base_url=sys.argv[1])
        for n in range(20):
            client.queue({"model": "m", "input": {"prompt": f"p{n}"}})
        try:
            client.dispatch()
        except KeyboardInterrupt as interrupt:
            print(*interrupt.__notes__)
            print(*[p.id for p in client.dispatch()])
            client.close()
    """
    with interrupted(server, script, requests=8) as process:
        time.sleep(0.2)
        released.set()
        told, errors = process.communicate(timeout=240)
    assert errors == ""
    note, rest = told.splitlines()
    accepted = note.partition("Accepted: ")[2].rstrip(".").split(", ")
    assert sorted(accepted) == [f"p{n}" for n in range(8)]
    assert rest.split() == [f"p{n}" for n in range(8, 20)]
    assert len(server.requests) == 20


# dispatch() that fails in part


def test_dispatch_that_fails_in_part_hands_back_what_was_accepted(
    build: Build, serve: Serve
) -> None:
    def step(peer: Peer) -> None:
        request = peer.read()
        match request.json["input"]["prompt"]:
            case "p2":
                peer.send(reply({"error": {"message": "No.", "error_id": "INVALID_INPUT"}}, 422))
            case "p5":
                peer.reset()
            case prompt:
                peer.send(reply({"id": prompt, "status": "pending"}))

    server = serve(step)
    client = build(KEY, base_url=server.url)
    for n in range(10):
        client.queue({"model": "m", "input": {"prompt": f"p{n}"}})
    with pytest.raises(DispatchError) as caught:
        client.dispatch()
    error = caught.value
    accepted = [p.id if p else None for p in error.predictions]
    assert accepted == [None if n in {2, 5} else f"p{n}" for n in range(10)]
    assert [bool(e) for e in error.errors] == [n in {2, 5} for n in range(10)]
    assert (error.error_id, error.http_status, error.unsent) == ("INVALID_INPUT", 422, [])
    lost = error.errors[5]
    assert isinstance(lost, SkytellsError)
    assert lost.maybe_sent
    assert lost.request == error.requests[5]
    assert client.dispatch() == []


def test_dispatch_puts_what_was_never_sent_back_in_the_queue(
    build: Build, serve: Serve, hasty: None
) -> None:
    server = serve(creates, listening=False)
    client = build(KEY, base_url=server.url)
    for n in range(10):
        client.queue({"model": "m", "input": {"prompt": f"p{n}"}})
    with pytest.raises(DispatchError) as caught:
        client.dispatch()
    assert len(caught.value.unsent) == 10
    server.listen()
    assert [p.id for p in client.dispatch()] == [f"p{n}" for n in range(10)]
    assert len(server.requests) == 10


def test_queue_loses_nothing_between_threads(serve: Serve) -> None:
    server, numbers = serve(creates), count()
    found: list[str] = []
    with SkytellsClient(KEY, base_url=server.url) as client:

        def fill() -> None:
            for _ in range(25):
                client.queue({"model": "m", "input": {"prompt": f"p{next(numbers)}"}})

        filling = [threading.Thread(target=fill) for _ in range(4)]
        for thread in filling:
            thread.start()
        while any(thread.is_alive() for thread in filling):
            found += [p.id for p in client.dispatch()]
        found += [p.id for p in client.dispatch()]
    assert sorted(found) == sorted(f"p{n}" for n in range(100))


def test_context_manager_closes_the_connections(platform: LocalPlatform) -> None:
    with platform.client() as client:
        client.models.list()
    with pytest.raises(ConfigurationError, match="closed"):
        client.models.list(refresh=True)
