"""Where a fault is played: a server that has its script, a stranger that must hear nothing, a clock
that does not wait, and the checks that hold whatever happens.
"""

from __future__ import annotations

import logging
import pickle
import socket
import ssl
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from types import FunctionType
from typing import Any, Final, cast

import httpx
import pytest
import trustme

from skytells import ConfigurationError, SkytellsClient, SkytellsError
from skytells._core.attempt import attempt_call
from skytells._core.operation import Sleep
from skytells._data.checks import as_list
from skytells.predictions.wait import wait
from skytells.predictions.wait_all import PredictionBatch

from ..behaviour.misbehaving import Server, Step
from ..behaviour.steps import answers
from ..conftest import Build, Colour, unfaced
from .acts import ACTS, ORDER
from .cases import KEY, Due, Fault, Raises
from .facts import fact

PATIENT: Final[Mapping[str, Any]] = {
    "timeout": 20_000.0,
    "retry": {"retries": 1, "retry_delay": 0},
}


HOSTS: Final = ("127.0.0.1", "localhost")


class Stand(Server):
    """A server whose trouble can end."""

    def recover(self, *steps: Step) -> None:
        """From now on it answers well, or as these steps say."""
        self._steps = list(steps) or [answers({"id": "usable", "status": "succeeded"})]

    def speak(self, tls: ssl.SSLContext | None) -> None:
        """From the next connection on it speaks TLS so, or plainly."""
        self._tls = tls

    def whisper(self, data: bytes) -> None:
        """Send on all connections what nobody asked for."""
        for peer in list(self._peers):
            peer.sock.sendall(data)

    def hang_up(self) -> None:
        """Cut all connections."""
        for peer in list(self._peers):
            with suppress(OSError):
                peer.sock.shutdown(socket.SHUT_RDWR)

    def fill(self) -> list[socket.socket]:
        """Fill a backlog that nobody empties: whoever connects next hears nothing."""
        self._listener.listen(0)
        callers = [socket.socket(), socket.socket()]
        for caller in callers:
            caller.setblocking(False)
            with suppress(BlockingIOError):
                caller.connect(("127.0.0.1", self.port))
        return callers


class Clockwork:
    """Time that passes only where something sleeps, and then at once.

    What sleeps is noted in `pauses`; jitter is at its most, so that pauses are known beforehand.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pauses: list[float] = []
        self.on_pause: Callable[[], object] | None = None
        self._passed = 0.0
        for module in ("_core.attempt", "_core.polling", "predictions.recover"):
            monkeypatch.setattr(f"skytells.{module}.Sleep", self._sleep)
        monkeypatch.setattr("skytells.predictions.wait_all.Sleep", self._sleep)
        real = _defaults(attempt_call)["clock"]
        monkeypatch.setitem(_defaults(attempt_call), "clock", lambda: real() + self._passed)
        monkeypatch.setitem(_defaults(attempt_call), "chance", _most)
        for flow in (wait, PredictionBatch.__init__):
            monkeypatch.setitem(_defaults(flow), "clock", lambda: self._passed)
            monkeypatch.setitem(_defaults(flow), "chance", _most)

    def _sleep(self, seconds: float, wakeup: object = None) -> Sleep:
        if self.on_pause is not None:
            self.on_pause()
        self.pauses.append(seconds)
        self._passed += seconds
        return Sleep(0.0)


def _most() -> float:
    return 1.0


def _defaults(function: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", cast(FunctionType, function).__kwdefaults__)


@lru_cache
def authority(name: str) -> trustme.CA:
    """A certificate authority; the one called `trusted` is trusted on the stage."""
    return trustme.CA(organization_name=name)


@dataclass
class Stage:
    """All that a fault needs, and all that is looked at afterwards."""

    colour: Colour
    build: Build
    monkeypatch: pytest.MonkeyPatch
    logs: pytest.LogCaptureFixture
    clockwork: Clockwork
    server: Stand
    stranger: Stand
    proxy: Stand
    mend: list[Callable[[], object]] = field(default_factory=list[Callable[[], object]])
    """What ends the trouble of a fault's own world."""
    options: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)
    """What a fault's world adds to the client's options."""

    def play(self, fault: Fault, name: str) -> None:
        """Let an operation meet a fault, and look at all that it came to."""
        due = fault.due[name]
        for logger in ("skytells", "httpcore", "httpx", "hpack", "asyncio"):
            self.logs.set_level(logging.DEBUG, logger)
        if fault.world is not None:
            fault.world(self)
        built: list[SkytellsClient] = []
        outcome = self._attempt(fault, name, due, built)
        self._check_outcome(due, outcome)
        self._check_wire(due)
        self._check_logs()
        self.end_trouble()
        for client in built:
            if not fault.lasting:
                self._check_usable(client)
            assert in_use(client) == 0, "a connection is still checked out"
            self._close(client)
            assert self.server.is_alone(), "a connection is open after close()"

    def end_trouble(self) -> None:
        """End what the fault's own world has brought."""
        while self.mend:
            self.mend.pop()()

    def _attempt(
        self, fault: Fault, name: str, due: Due, built: list[SkytellsClient]
    ) -> object | BaseException:
        """The result, or the error; one that is due from the user's own code is let through."""
        own: type[BaseException] = due.kind if isinstance(due, Raises) else SkytellsError
        try:
            built.append(self._client(fault))
            for act in fault.before:
                ACTS[act](built[0])
            if fault.between is not None:
                fault.between(self)
            return ACTS[name](built[0], **fault.given)
        except BaseException as error:
            if isinstance(error, (SkytellsError, own)):
                return error
            raise

    def _client(self, fault: Fault) -> SkytellsClient:
        options = {"base_url": self.server.url, **self.options, **fault.options}
        key = options.pop("api_key", KEY)
        return self.build(key, **options)

    def _check_outcome(self, due: Due, outcome: object | BaseException) -> None:
        if isinstance(due, Raises):
            assert type(outcome) is due.kind, f"got {outcome!r}"
            if isinstance(outcome, SkytellsError):
                self._check_error(due, outcome)
        elif isinstance(outcome, BaseException):
            raise AssertionError(f"a result was due, not {outcome!r}") from outcome
        for each in as_list(outcome) or ():
            if isinstance(each, SkytellsError):
                check_error(each)
        got = {name: fact(outcome, name) for name in due.facts}
        assert got == dict(due.facts)
        if due.pauses is not None:
            assert self.clockwork.pauses == pytest.approx(list(due.pauses), abs=1e-6)

    def _check_error(self, due: Raises, error: SkytellsError) -> None:
        if due.error_id is not None:
            assert (error.error_id, error.http_status) == (due.error_id, due.status)
        assert error.maybe_sent is due.maybe_sent
        assert due.says in error.message
        if due.attempts is not None:
            assert len(error.attempts) == due.attempts
        check_error(error)

    def _check_wire(self, due: Due) -> None:
        server = self.server
        assert server.has_seen(due.requests)
        assert len(server.requests) == due.requests, server.targets()
        if due.connections is not None:
            assert server.connections == due.connections
        if due.targets is not None:
            assert server.targets() == list(due.targets)
        for name, value in due.sent.items():
            assert server.requests[0].headers.get(name) == value
        assert self.stranger.connections == 0, "a stranger was contacted"
        for request in self.proxy.requests:
            assert request.method == "CONNECT"
            assert KEY.encode() not in request.raw
        for request in server.requests:
            lines = request.raw.partition(b"\r\n\r\n")[0].lower().split(b"\r\n")
            names = [line.partition(b":")[0] for line in lines]
            assert names.count(b"x-api-key") == ("x-api-key" in request.headers)
            # The Orchestrator's key is sent so, and no other is sent there.
            orchestrator = request.target.startswith("/api/")
            assert names.count(b"authorization") == orchestrator
            assert not (orchestrator and b"x-api-key" in names)
            assert request.headers["host"] in {f"{h}:{server.port}" for h in HOSTS}
            assert not {b"cookie", b"transfer-encoding"} & set(names)

    def _check_logs(self) -> None:
        for record in self.logs.records:
            if record.msg.startswith("receive_response_headers.complete"):
                continue  # httpcore tells there what a server said, an echo of the key included
            told = f"{record.getMessage()} {record.args}"
            assert KEY not in told, told
            assert ORDER["input"]["prompt"] not in told, told

    def _close(self, client: SkytellsClient) -> None:
        """Close a client, and the httpx client under it, which it leaves open."""
        client.close()
        inner = self.options.get("http_client")
        if isinstance(inner, httpx.AsyncClient):
            vars(client)["_runner"].run(inner.aclose())
        elif inner is not None:
            inner.close()

    def _check_usable(self, client: SkytellsClient) -> None:
        """The client goes on as if nothing had happened."""
        self.server.recover()
        ready = client.with_options(**PATIENT)
        assert ready.predictions.get("usable").id == "usable"


def check_error(error: SkytellsError) -> None:
    """What holds for each error: readable, bounded, portable, and without the key."""
    assert error.message.isprintable(), error.message
    assert error.message.rstrip()[-1] in ".!?", error.message
    assert len(error.message) < 2000
    shown = [str(error), repr(error), repr(vars(error)), repr(error.__cause__), told(error)]
    assert not [text for text in shown if KEY in text], "the key shows itself"
    packed = pickle.dumps(error)
    assert KEY.encode() not in packed
    again = pickle.loads(packed)
    assert (type(again), again.args, again.error_id) == (type(error), error.args, error.error_id)
    cause = error.__cause__
    if cause is not None and not isinstance(cause, SkytellsError):
        assert (cause.__traceback__, cause.__cause__, cause.__context__) == (None,) * 3


def told(error: SkytellsError) -> str:
    """Its traceback with locals; that of a client which is not built has the caller's arguments."""
    if isinstance(error, ConfigurationError):
        return ""
    try:
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
    except RecursionError:  # an argument without end
        return ""
    return "".join(told.format())


def in_use(client: SkytellsClient) -> int:
    """How many requests hold a connection of the default client."""
    pool: Any = getattr(unfaced(client).http_client, "pool", None)
    return 0 if pool is None else int(pool.in_flight)
