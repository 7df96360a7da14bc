"""What a call costs, counted rather than timed: counts are the same on a machine that is busy.

Each bound stands a little above today's count. A change that passes one is a decision: make it, and
move the bound, or find out what has become dearer. `make bench` has the times.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from skytells import AsyncSkytellsClient, SkytellsClient
from skytells._core.polling import poll_pause
from skytells._core.wire import Reply
from skytells.chat.requests import CHUNKS
from skytells.predictions.requests import get_prediction, read_page
from skytells.streaming import EventDecoder, Limits
from skytells.streaming.reading import Reading

ID = "pred_0123456789abcdef"
PREDICTION: dict[str, Any] = {
    "id": ID,
    "status": "succeeded",
    "type": "inference",
    "input": {"prompt": "A lighthouse"},
    "output": ["https://delivery.skytells.cloud/output.png"],
    "created_at": "2026-11-23T12:00:00Z",
    "completed_at": "2026-11-23T12:00:04Z",
    "source": "api",
    "model": {"name": "flux-pro", "type": "image"},
    "metrics": {"predict_time": 4.2, "total_time": 4.7, "progress": 100.0},
    "metadata": {"billing": {"credits_used": 0.04}, "storage": {"files": [{"name": "a.png"}]}},
    "urls": {"get": f"https://api.skytells.ai/v1/predictions/{ID}"},
}
BODY = json.dumps(PREDICTION).encode()


class Server:
    """Answers every request with the same prediction, and counts connections."""

    def __init__(self) -> None:
        self.connections = 0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop: asyncio.Event
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._ready.wait(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def _run(self) -> None:
        async def serve() -> None:
            server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            self._stop = asyncio.Event()
            self._ready.set()
            await self._stop.wait()
            server.close()

        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(serve())

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(BODY)}"
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(head.encode() + b"\r\n\r\n" + BODY)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            writer.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)


@pytest.fixture
def server() -> Iterator[Server]:
    serving = Server()
    try:
        yield serving
    finally:
        serving.stop()


class Calls:
    """How many calls of Python functions this thread made, by the module that they are in."""

    def __init__(self) -> None:
        self.modules: dict[str, int] = {}

    def __call__(self, frame: Any, event: str, _: object) -> None:
        if event == "call":
            module = frame.f_globals.get("__name__", "")
            self.modules[module] = self.modules.get(module, 0) + 1

    def of(self, package: str) -> int:
        return sum(
            count
            for module, count in self.modules.items()
            if module == package or module.startswith(f"{package}.")
        )

    @property
    def all(self) -> int:
        return sum(self.modules.values())


@contextmanager
def counted() -> Generator[Calls]:
    calls, before = Calls(), sys.getprofile()
    sys.setprofile(calls)
    try:
        yield calls
    finally:
        sys.setprofile(before)


def least(work: Callable[[], object]) -> Calls:
    """The cheapest of a few tries, after one that warms up."""
    work()
    tries = list[Calls]()
    for _ in range(5):
        with counted() as calls:
            work()
        tries.append(calls)
    return min(tries, key=lambda calls: calls.all)


def loaded(code: str) -> set[str]:
    """The modules that a process has loaded after running some code."""
    code = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=240
    )
    return set(done.stdout.split())


def test_a_sync_get_makes_few_calls(server: Server) -> None:
    with SkytellsClient("sk-key", base_url=server.url) as client:
        calls = least(lambda: client.predictions.get(ID))
    assert calls.of("skytells") <= 98  # the rest is httpx, httpcore and h11
    assert calls.all <= 680
    assert server.connections == 1


def test_a_sync_post_makes_few_calls_more(server: Server) -> None:
    order = {"prompt": "A lighthouse", "aspect_ratio": "16:9"}
    with SkytellsClient("sk-key", base_url=server.url) as client:
        calls = least(lambda: client.predictions.create(model="flux-pro", input=order))
    assert calls.of("skytells") <= 161
    assert calls.all <= 790


def test_an_async_get_makes_few_calls(server: Server) -> None:
    async def tries() -> Calls:
        async def count(work: Callable[[], Awaitable[object]]) -> Calls:
            with counted() as calls:
                await work()
            return calls

        async with AsyncSkytellsClient("sk-key", base_url=server.url) as client:
            await client.predictions.get(ID)
            counts = [await count(lambda: client.predictions.get(ID)) for _ in range(5)]
        return min(counts, key=lambda calls: calls.all)

    calls = asyncio.run(tries())
    assert calls.of("skytells") <= 140
    assert calls.all <= 1040
    assert server.connections == 1


def test_concurrent_calls_cost_no_more_each_than_one_alone(server: Server) -> None:
    """A pool that looks at every connection for every call would be seen here."""

    async def cost(number: int) -> float:
        async with AsyncSkytellsClient("sk-key", base_url=server.url) as client:

            async def burst() -> None:
                await asyncio.gather(*(client.predictions.get(ID) for _ in range(number)))

            await burst()
            with counted() as calls:
                await burst()
        return calls.all / number

    few, many = asyncio.run(cost(4)), asyncio.run(cost(200))
    assert many <= 1.25 * few


def test_connections_are_as_many_as_calls_in_flight(server: Server) -> None:
    async def bursts() -> None:
        async with AsyncSkytellsClient("sk-key", base_url=server.url) as client:
            for _ in range(3):
                await asyncio.gather(*(client.predictions.get(ID) for _ in range(20)))

    asyncio.run(bursts())
    assert server.connections <= 20


def test_a_record_is_read_when_it_is_looked_at() -> None:
    read = get_prediction(ID).read
    untouched = least(lambda: read(Reply(200, {}, BODY)))
    touched = least(lambda: read(Reply(200, {}, BODY)).status)
    assert untouched.all <= 17
    assert touched.all <= 24


def test_a_page_costs_little_until_it_is_looked_at() -> None:
    page = json.dumps({"data": [PREDICTION] * 50}).encode()
    untouched = least(lambda: read_page(Reply(200, {}, page)))
    touched = least(lambda: [p.status for p in read_page(Reply(200, {}, page))])
    assert untouched.all <= 240
    assert touched.all <= 560


CHUNK: dict[str, Any] = {
    "id": "chatcmpl-0123456789abcdef",
    "object": "chat.completion.chunk",
    "choices": [{"index": 0, "delta": {"content": " word"}, "finish_reason": None}],
}


@pytest.mark.parametrize(("size", "most"), [(0, 11), (64 * 1024, 8), (64, 14)])
def test_an_event_of_a_stream_costs_few_calls(size: int, most: int) -> None:
    """Event by event, many in a chunk, and in pieces smaller than one."""
    event = b"data: %b\n\n" % json.dumps(CHUNK).encode()
    body = event * 300
    size = size or len(event)
    pieces = [body[place : place + size] for place in range(0, len(body), size)]

    def read() -> None:
        reading = Reading(CHUNKS, Limits(None, None))
        for piece in pieces:
            for _ in reading.feed(piece):
                pass
        assert len(reading.received) == 300

    assert least(read).all <= most * 300


def test_many_named_events_are_decoded_at_one_blow() -> None:
    body = b"event: output\nid: 1:0\ndata:  word\n\n" * 300

    def decode() -> None:
        assert len(EventDecoder().feed(body)) == 300

    assert least(decode).all <= 8


def test_a_sync_client_loads_no_more_than_it_needs() -> None:
    modules = loaded("from skytells import SkytellsClient; SkytellsClient('sk-key')") - loaded("")
    assert not {"httpx", "asyncio", "skytells.client.aio", "starlette"} & modules
    assert not {"json", "statistics", "difflib", "concurrent.futures", "urllib.request"} & modules
    assert not {"skytells.models.requests", "skytells.types.models"} & modules
    ours = {name for name in modules if name.split(".")[0] == "skytells"}
    assert not {f"skytells.predictions.{name}" for name in ("run", "prepare", "wait")} & ours
    assert (
        not {"skytells.types.requests", "skytells.types.options", "skytells.predictions.handle"}
        & ours
    )
    assert len(ours) <= 35


def test_what_a_first_look_loads_compiles_little() -> None:
    """Each field of a named tuple and each method of a dataclass is compiled when it is defined."""
    code = """
import httpcore, pydantic
from pydantic import BaseModel, PrivateAttr, model_validator

class Plain(BaseModel):
    name: str | None = None

compiled = []
def hear(event, about):
    if event == "compile" and not str(about[1]).endswith(".py"):  # no module that was not cached
        compiled.append(about)
sys.addaudithook(hear)
from skytells import PredictionResponse, SkytellsClient
SkytellsClient("sk-key")
PredictionResponse.from_wire({"id": "p1"}).status
print(len(compiled), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}"], capture_output=True, text=True, timeout=240
    )
    assert int(done.stderr) <= 42


def test_a_first_look_at_a_record_looks_for_no_plugins() -> None:
    """Pydantic's own validators do, among all installed packages: it takes tens of milliseconds."""
    code = "from skytells import PredictionResponse as P; P.from_wire({'id': 'p1'}).status"
    modules = loaded(code) - loaded("")
    assert not {"importlib.metadata", "email.message", "zipfile"} & modules


def test_an_import_loads_next_to_nothing() -> None:
    added = loaded("import skytells") - loaded("")
    assert {name for name in added if not name.startswith("skytells")} <= {
        *("__future__", "importlib", "importlib._bootstrap", "importlib._bootstrap_external"),
        *("warnings", "_warnings"),
    }


def test_many_clients_share_one_tls_context(monkeypatch: pytest.MonkeyPatch) -> None:
    import ssl

    from skytells._http import environment

    built = list[ssl.SSLContext]()

    def build(*args: Any, **options: Any) -> ssl.SSLContext:
        built.append(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        return built[-1]

    monkeypatch.setattr(environment, "_contexts", {})
    monkeypatch.setattr(ssl, "create_default_context", build)
    clients = [SkytellsClient("sk-key", base_url="https://127.0.0.1:9/v1") for _ in range(100)]
    assert built == []  # none is paid for before the first call over TLS
    for client in clients:
        with pytest.raises(Exception, match="No answer"):
            client.with_options(retry={"retries": 0}).predictions.get(ID)
    assert len(built) == 1


@pytest.mark.parametrize(
    ("seconds", "looks", "delay"),
    [(0.8, 3, 0.30), (4, 12, 0.08), (12, 22, 0.07), (60, 39, 0.05), (180, 65, 0.03)],
)
def test_the_schedule_of_looks_is_soon_and_sparing(
    seconds: float, looks: int, delay: float
) -> None:
    """Mean over jobs around a length, on a clock of the test's own."""
    chance = random.Random(7)
    asked, late, jobs = 0, 0.0, 200
    for _ in range(jobs):
        end = chance.lognormvariate(math.log(seconds), 0.4)
        now = 0.0
        while now < end:
            now += poll_pause(now, chance.random()) + 0.12
            asked += 1
        late += (now - end) / end
    assert asked / jobs <= looks
    assert late / jobs <= delay


def test_the_benchmark_of_waiting_drives_flows_as_they_are() -> None:
    """Its worker performs effects itself, in a process that no type checker sees."""
    root = Path(__file__).parents[2] / "benchmarks"
    code = "import waiting; print(waiting.schedule(None, True, 4), waiting.together(True, 60))"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {[str(root / 'workers'), str(root)]}; {code}"],
        capture_output=True,
        text=True,
        timeout=240,
    )  # fmt: skip
    assert "'delay'" in done.stdout, done.stderr
    assert "'requests'" in done.stdout
