"""What the local platform costs: time to start, requests per second, memory of predictions.

    python -m benchmarks.local_platform

The yardstick is `bare.py`: Starlette and uvicorn answering the same JSON and doing nothing else.
Both are measured in turn, round after round, in processes of their own. The figures are printed
and written to `docs/benchmarks/`. Memory is read from /proc, so this runs on Linux.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import platform as machine
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

import skytells.local

HERE: Final = Path(__file__).parent
FIGURES: Final = HERE.parent / "docs" / "benchmarks"

STARTS: Final = 5
ROUNDS: Final = 9
REQUESTS: Final = 300
PREDICTIONS: Final = 10_000

Values: TypeAlias = list[float]


@dataclass(frozen=True)
class Figure:
    """A quantity, measured round by round on the local platform and, where it can be, on bare.py."""

    name: str
    unit: str
    local: Values = field(default_factory=Values)
    bare: Values = field(default_factory=Values)

    @property
    def ratios(self) -> Values:
        """Local to bare, round by round."""
        return [ours / theirs for ours, theirs in zip(self.local, self.bare, strict=False)]

    def as_json(self) -> dict[str, object]:
        """Everything that was measured."""
        kinds = {"local": self.local, "bare": self.bare, "ratio": self.ratios}
        medians = {kind: median(values) for kind, values in kinds.items() if values}
        rounds = {kind: values for kind, values in kinds.items() if values}
        return {"name": self.name, "unit": self.unit, "median": medians, "rounds": rounds}


@dataclass(frozen=True)
class Server:
    """A server in a process of its own, and how long it took to answer for the first time."""

    process: subprocess.Popen[str]
    port: int
    seconds: float

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The JSON of an answer."""
        return ask(self.port, method, path, body)

    def megabytes(self) -> float:
        """What the process keeps in memory now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        resident = re.search(r"VmRSS:\s+([0-9]+) kB", status)
        assert resident
        return int(resident[1]) / 1024


Start: TypeAlias = Callable[[int], subprocess.Popen[str]]


def start_local(port: int) -> subprocess.Popen[str]:
    """Begin to serve the local platform, as `python -m skytells.local` does."""
    return spawn(["-m", "skytells.local", "--port", str(port)], "")


def start_bare(answer: object) -> Start:
    """Begin to serve one answer to everything."""
    return lambda port: spawn([str(HERE / "bare.py"), str(port)], json.dumps(answer))


def spawn(arguments: Sequence[str], input: str) -> subprocess.Popen[str]:
    """A Python process, given its standard input."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin
    process.stdin.write(input)
    process.stdin.close()
    return process


@contextmanager
def serving(start: Start) -> Generator[Server, None, None]:
    """A server from its first answer on."""
    port = free_port()
    began = time.perf_counter()
    process = start(port)
    try:
        while not answers(port):
            assert process.poll() is None, "the server ended before it answered"
            time.sleep(0.001)
        yield Server(process, port, time.perf_counter() - began)
    finally:
        # A shell that starts things behind its back has them ignore SIGINT.
        process.terminate()
        process.wait()


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def answers(port: int) -> bool:
    """Whether a server is there yet."""
    try:
        ask(port, "GET", "/v1/models")
    except ConnectionRefusedError:
        return False
    return True


def ask(port: int, method: str, path: str, body: object = None) -> Any:
    """The JSON of an answer, on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    content = None if body is None else json.dumps(body)
    headers = {"x-api-key": "sk-local", "content-type": "application/json"}
    connection.request(method, path, content, headers)
    answer = connection.getresponse()
    said = json.load(answer)
    connection.close()
    assert answer.status == 200, said
    return said


def rate(port: int, requests: Sequence[bytes], connections: int) -> float:
    """Requests per second over connections that are kept alive."""
    return asyncio.run(_rate(port, requests, connections))


async def _rate(port: int, requests: Sequence[bytes], connections: int) -> float:
    waiting = iter(requests)

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in waiting:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: ([0-9]+)", head, re.IGNORECASE)
            assert length, head
            said = await reader.readexactly(int(length[1]))
            assert b" 200 " in head[:16], said
        writer.close()
        await writer.wait_closed()

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(connections)))
    return len(requests) / (time.perf_counter() - began)


_NUMBERS: Final = count()


def get(prediction: str) -> bytes:
    """A request for a prediction."""
    return _request("GET", f"/v1/predictions/{prediction}", b"")


def create() -> bytes:
    """A request for a new picture, unlike all others."""
    return _request("POST", "/v1/predict", json.dumps(order()).encode())


def order() -> dict[str, object]:
    """An order of a picture, unlike all others."""
    return {"model": "flux-edge", "input": {"prompt": f"fox number {next(_NUMBERS)}"}}


def _request(method: str, path: str, body: bytes) -> bytes:
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-key: sk-local\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def measure_starts(prediction: object) -> list[Figure]:
    """From nothing to the first answer."""
    shell = Figure("Command to first answer", "ms")
    memory = Figure("Memory after the first answer", "MB")
    inside = Figure("`serve()` to first answer, in a process that did it before", "ms")
    seconds_to_serve()
    for _ in range(STARTS):
        with serving(start_local) as local, serving(start_bare(prediction)) as bare:
            shell.local.append(1000 * local.seconds)
            shell.bare.append(1000 * bare.seconds)
            memory.local.append(local.megabytes())
            memory.bare.append(bare.megabytes())
        inside.local.append(1000 * seconds_to_serve())
    return [shell, inside, memory]


def seconds_to_serve() -> float:
    """How long a test waits for a platform of its own."""
    began = time.perf_counter()
    with skytells.local.serve() as platform:
        port = urlsplit(platform.url).port
        assert port
        assert answers(port)
        return time.perf_counter() - began


def measure_rates(local: Server, bare: Server, prediction: str) -> list[Figure]:
    """Requests per second, one after the other and a hundred at once."""
    figures: list[Figure] = []
    for connections, how in ((1, "one after the other"), (100, "100 at once")):
        gets = Figure(f"Get a prediction, {how}", "requests/s")
        creates = Figure(f"Create a prediction, {how}", "requests/s")
        for _ in range(ROUNDS):
            for server in (local, bare):
                got = rate(server.port, [get(prediction)] * REQUESTS, connections)
                created = rate(server.port, [create() for _ in range(REQUESTS)], connections)
                (gets.local if server is local else gets.bare).append(got)
                (creates.local if server is local else creates.bare).append(created)
        figures += [gets, creates]
    return figures


def measure_memory() -> list[Figure]:
    """What the server's process grows by."""
    created = Figure(f"Memory for {PREDICTIONS:,} predictions", "MB")
    listed = Figure(f"Memory for {PREDICTIONS:,} predictions, after all were listed", "MB")
    for _ in range(2):
        with serving(start_local) as server:
            before = server.megabytes()
            rate(server.port, [create() for _ in range(PREDICTIONS)], 100)
            created.local.append(server.megabytes() - before)
            server.ask("POST", "/v1/predict", {**order(), "await": True})  # the last to be over
            for page in range(1, PREDICTIONS // 50 + 1):
                server.ask("GET", f"/v1/predictions?per_page=50&page={page}")
            listed.local.append(server.megabytes() - before)
    return [created, listed]


def measure() -> list[Figure]:
    """All figures."""
    with serving(start_local) as local:
        prediction = local.ask("POST", "/v1/predict", {**order(), "await": True})
        with serving(start_bare(prediction)) as bare:
            rates = measure_rates(local, bare, prediction["id"])
    return [*measure_starts(prediction), *rates, *measure_memory()]


def table(figures: Sequence[Figure]) -> str:
    """The figures in Markdown."""
    head = "| | Local platform | Bare Starlette and uvicorn | Ratio |\n|---|---:|---:|---:|\n"
    return head + "".join(
        f"| {one.name} | {cell(one.local, one.unit)} | {cell(one.bare, one.unit)} "
        f"| {cell(one.ratios)} |\n"
        for one in figures
    )


def cell(values: Values, unit: str = "") -> str:
    """The median of some values, and how far they spread."""
    if not values:
        return "–"
    digits = 0 if median(values) >= 100 else 1 if unit else 2
    low, middle, high = (
        f"{value:,.{digits}f}" for value in (min(values), median(values), max(values))
    )
    return f"{middle} {unit} ({low}–{high})".replace("  ", " ")


def page(figures: Sequence[Figure]) -> str:
    """The page of the documentation."""
    return f"""# The local platform in figures

What a stand-in costs: the time until it answers, how much it answers, and what it keeps in memory.
The yardstick is a bare Starlette application on uvicorn that answers the same JSON to everything;
both were measured in turn. Each cell is a median with the lowest and the highest value.

{table(figures)}
Measured by `make bench` on {about()}.
Absolute figures are those of a shared machine; the ratios are what to compare. The
[values of every round](local-platform.json) are kept beside this page.
"""


def about() -> str:
    """Where and when the figures were measured."""
    day = datetime.now(UTC).date()
    return (
        f"{day} with Python {machine.python_version()}, {machine.system()} {machine.machine()}, "
        f"{os.cpu_count()} cores"
    )


def main() -> None:
    figures = measure()
    print(table(figures))
    FIGURES.mkdir(parents=True, exist_ok=True)
    record = {"measured": about(), "figures": [figure.as_json() for figure in figures]}
    (FIGURES / "local-platform.json").write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    (FIGURES / "local-platform.md").write_text(page(figures), "utf-8")


if __name__ == "__main__":
    main()
