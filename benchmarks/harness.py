"""How things are measured: workers in processes of their own, taken in turns, compared by round.

A shared machine makes any single figure meaningless. So the subjects of a comparison take turns in
shuffled order, each round gives one ratio, and what counts is their median; the spread is the range
of the middle half.
"""

from __future__ import annotations

import json
import os
import random
import resource
import select
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from .environments import python
from .figures import Figures

HERE: Final = Path(__file__).parent
WORKERS: Final = HERE / "workers"
LONGEST: Final = 120.0
# So often may a subject fail before it is given up.
FAILURES: Final = 2
# A comparison that has taken so many seconds is ended, if it has had its least rounds: the whole of
# them is to take minutes, on a busy machine as well.
ENOUGH: Final = 20.0
LEAST_ROUNDS: Final = 3

Subject = Callable[[], Figures]


@dataclass(frozen=True)
class Place:
    """Where the server is, and which authorities its certificate is checked against."""

    http: str
    https: str
    http2: str
    authorities: str

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a process; nothing of the user's own settings."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {
            "BENCH_HTTP": self.http,
            "BENCH_HTTPS": self.https,
            "SSL_CERT_FILE": self.authorities,
            "PYTHONPATH": f"{WORKERS}:{HERE}",
            "PYTHONHASHSEED": "0",
            **more,
        }


def start(core: int, command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
    """A process kept on one core, where there are several: client and server on different ones."""
    process = subprocess.Popen(command, **options)
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        with suppress(ProcessLookupError):  # it has ended already
            os.sched_setaffinity(process.pid, {cores[core % len(cores)]})
    return process


@contextmanager
def place() -> Generator[Place]:
    """The servers, while they are needed."""
    import certifi
    import trustme

    with tempfile.TemporaryDirectory() as folder:
        authority = trustme.CA()
        certificate, authorities = Path(folder, "server.pem"), Path(folder, "authorities.pem")
        authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
            str(certificate)
        )
        # All of certifi's: with one authority, the cost of loading them would not show.
        authorities.write_bytes(Path(certifi.where()).read_bytes())
        authority.cert_pem.write_to_path(str(authorities), append=True)
        server = start(
            1,
            [sys.executable, "-m", "benchmarks.server", str(certificate)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=HERE.parent,
        )
        assert server.stdout is not None
        http, https = server.stdout.readline().split()
        with _http2_server(str(certificate), Path(folder, "key.pem")) as http2:
            try:
                yield Place(
                    f"http://127.0.0.1:{http}",
                    f"https://127.0.0.1:{https}",
                    http2,
                    str(authorities),
                )
            finally:
                server.kill()
                server.wait()


@contextmanager
def _http2_server(certificate: str, key: Path) -> Generator[str]:
    """A server that speaks HTTP/2 as well, for the clients that can."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    from cryptography.hazmat.primitives import serialization

    private = serialization.load_pem_private_key(Path(certificate).read_bytes(), None)
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    command = [python("h2server"), "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--no-ws", "--http", "auto", "--log-level", "critical"]
    command += ["--ssl-certificate", certificate, "--ssl-keyfile", str(key)]
    server = start(1, [*command, "benchmarks.server_http2:app"], cwd=HERE.parent)
    try:
        for _ in range(200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.1):
                break
            time.sleep(0.05)
        yield f"https://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


class Worker:
    """A process of a subject, which does jobs on demand."""

    def __init__(self, where: Place, environment: str, script: str, **settings: str) -> None:
        self._process = start(
            0,
            [python(environment), str(WORKERS / f"{script}.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=where.environment(**settings),
            bufsize=0,
        )

    def do(self, *job: object, longest: float = LONGEST) -> Figures:
        """Have a job done; a job that fails or hangs is an error, never a figure."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(job).encode() + b"\n")
        if not select.select([stdout], [], [], longest)[0]:
            self._process.kill()
            raise RuntimeError(f"{job[0]} took longer than {longest:.0f} s")
        answer: dict[str, Any] = json.loads(stdout.readline() or b'{"error": "the worker died"}')
        if "error" in answer:
            raise RuntimeError(f"{job[0]}: {answer['error']}")
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._process.wait()


def once(where: Place, environment: str, script: str, *job: object, **settings: str) -> Subject:
    """A subject whose every round is a fresh process."""

    def subject() -> Figures:
        with Worker(where, environment, script, **settings) as worker:
            return worker.do(*job)

    return subject


def process(where: Place, environment: str, code: str) -> Subject:
    """A subject that is a whole process running some code: CPU and wall from start to end."""

    def subject() -> Figures:
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        running = start(
            0,
            [python(environment), "-c", code],
            env=where.environment(),
            cwd=WORKERS,  # `-c` imports from here first
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            _, complaint = running.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            running.kill()
            running.communicate()
            raise
        if running.returncode:
            raise RuntimeError(complaint.decode()[-300:])
        wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return {"cpu": cpu, "wall": wall}

    return subject


def interleave(
    subjects: Mapping[str, Subject],
    rounds: int,
    *,
    warm_up: bool = True,
    enough: float = ENOUGH,
) -> dict[str, list[Figures]]:
    """Let all subjects take turns, in a new order each round.

    A round in which a subject failed has no figures of it, so that the others keep their pairs.
    One that fails again and again has none at all. There are fewer rounds where they take long.
    """
    taken: dict[str, list[Figures]] = {name: [] for name in subjects}
    failures, began = Counter[str](), time.monotonic()
    for turn in range(-1 if warm_up else 0, rounds):
        if turn >= LEAST_ROUNDS and time.monotonic() - began > enough:
            break
        order = [name for name in subjects if failures[name] < FAILURES]
        random.shuffle(order)
        for name in order:
            figures: Figures = {}
            try:
                figures = subjects[name]()
            except Exception as error:
                failures[name] += 1
                print(f"  {name} failed: {type(error).__name__}: {error}", file=sys.stderr)
            if turn >= 0:
                taken[name].append(figures)
    return {name: [] if failures[name] >= FAILURES else taken[name] for name in subjects}
