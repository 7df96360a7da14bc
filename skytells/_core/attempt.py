"""One logical call: its tries, the pauses between them, and the reading of the answer.

This is the flow that a driver runs for each `Call`, in both colours.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

from .._data.checks import as_object, clean
from ..errors import (
    Attempt,
    InvalidRequestError,
    NetworkError,
    NotFoundError,
    RequestTimeoutError,
    ServerError,
    SkytellsError,
)
from .config import Config
from .endpoints import API_BASE_URL, CREDENTIALS
from .operation import Call, Clock, Flow, Safety, Send, Service, Sleep, interrupted
from .replies import attribute, error_of
from .retry import RetryBudget, RetryPolicy, pause_before_retry
from .wire import Reply, WireRequest, target

T = TypeVar("T")

_log: Final = logging.getLogger("skytells")
_log.addHandler(logging.NullHandler())
_GONE: Final = Reply(200, {}, b'{"success":true}')


def attempt_call(
    call: Call[T],
    config: Config,
    budget: RetryBudget,
    *,
    clock: Clock = time.monotonic,
    wall_clock: Clock = time.time,
    chance: Callable[[], float] = random.random,
) -> Flow[T]:
    """Perform a call by the client's settings, all of it within one deadline."""
    if config.api.edge:
        _refuse_webhook(call)
    began, began_at = clock(), wall_clock()
    deadline = _deadline(call, config, began)
    tries = _Tries(call, config, budget)
    while True:
        began_try = clock()
        try:
            request = _request(call, config, len(tries.failed))
            reply: Reply = yield Send(request, deadline, call.keep)
            _log_reply(call, reply, config, clock() - began_try)
            result = _read(call, reply, config)
        except SkytellsError as error:
            failure = error
        except BaseException as interrupt:
            if call.request is not None:
                _leave_a_trace(interrupt, interrupted(call, began_at))
            raise
        else:
            budget.succeed(len(tries.failed) + 1)
            if config.budget is not None:
                config.budget.see(result)
            return result
        if tries.lost and call.method == "DELETE" and isinstance(failure, NotFoundError):
            # An earlier try, whose answer was lost, has done it.
            return call.read(_GONE)
        now = clock()
        left = None if deadline is None else deadline - now
        pause = tries.pause_after(failure, now - began_try, left, chance())
        if pause is None:
            raise _given_up(call, failure, tries.failed, began_at)
        yield Sleep(pause)


def _deadline(call: Call[Any], config: Config, began: float) -> float | None:
    limits = [limit for limit in (config.timeout, call.timeout) if limit is not None]
    return began + min(limits) if limits else None


class _Tries:
    """The tries of one call that have failed, and whether another follows."""

    def __init__(self, call: Call[Any], config: Config, budget: RetryBudget) -> None:
        self.failed: list[Attempt] = []
        self.lost = False
        """Whether one of them may have had its effect all the same."""
        self._call = call
        self._policy = RetryPolicy(retries=0) if call.once else config.retry
        self._budget = budget if config.retry.budgeted else None

    def pause_after(
        self, failure: SkytellsError, took: float, left: float | None, chance: float
    ) -> float | None:
        """Seconds until the next try; `None` where this failure is the last."""
        call, number = self._call, len(self.failed) + 1
        begun = _may_have_begun(failure)
        self.lost = self.lost or begun
        failure.maybe_sent = begun and call.safety is Safety.PAID
        pause = pause_before_retry(self._policy, call.safety, failure, number, left, chance)
        if pause is not None and self._budget is not None and not self._budget.spend(failure):
            pause, failure.retry_suppressed = None, "budget"
        outcome = str(failure.http_status or type(failure).__name__)
        self.failed.append(Attempt(number, outcome, took, pause))
        if pause is not None:
            _log.info(
                "%s %s: %s, trying again in %.2f s (try %d)",
                *(call.method, call.name, outcome, pause, number + 1),
            )
        return pause


def _given_up(
    call: Call[T], failure: SkytellsError, tries: list[Attempt], began_at: float
) -> SkytellsError:
    """The failure of the last try as the error of the call."""
    failure.attempts = tuple(tries)
    failure.started_at = began_at
    if failure.maybe_sent:
        failure.request, failure.retryable = call.request, False
        failure.message += " " + (_MAYBE_SENT if call.request is None else _MAYBE_SENT_LOOK)
        failure.args = (failure.message,)
    return failure


def _leave_a_trace(interrupt: BaseException, unconfirmed: SkytellsError) -> None:
    """A task that is cancelled, or Ctrl-C, must not hide that something may have been paid for."""
    interrupt.add_note(
        "A paid request was under way. To look for what it may have started: "
        "client.predictions.find_unconfirmed(exception.unconfirmed)"
    )
    with suppress(TypeError):  # an exception without a __dict__
        vars(interrupt)["unconfirmed"] = unconfirmed


_MAYBE_SENT: Final = "The request may have been accepted all the same, so it is not sent again."
_MAYBE_SENT_LOOK: Final = (
    "The request may have been accepted all the same, so it is not sent again; look with "
    "client.predictions.find_unconfirmed(error) first."
)


def _refuse_webhook(call: Call[Any]) -> None:
    if call.request is not None and call.request.webhook is not None:
        raise InvalidRequestError.of(
            "The edge calls no webhooks. Leave webhook out and wait for the prediction, or create "
            f"it with a client on {API_BASE_URL}."
        )


def _request(call: Call[T], config: Config, retries: int) -> WireRequest:
    # Address and key of one side: they are never told apart.
    endpoint = config.api if call.service is Service.API else config.orchestrator
    # First, since it may refuse the query: the key is not yet among the locals.
    place = target(endpoint.prefix, call.path, call.params)
    headers = [(b"host", endpoint.origin.netloc.encode()), *config.headers]
    if call.headers:
        headers = _merged(headers, call.headers)
    headers += endpoint.credentials()
    if call.body is not None and not any(name == b"content-type" for name, _ in headers):
        headers.append((b"content-type", b"application/json"))
    if call.body is not None or call.method not in {"GET", "HEAD", "DELETE"}:
        headers.append((b"content-length", str(len(call.body or b"")).encode()))
    if retries:
        headers.append((b"x-skytells-retry-count", str(retries).encode()))
    return WireRequest(
        call.method,
        endpoint.origin,
        place,
        headers,
        call.body,
        call.safety is Safety.PAID,
        config.max_response_bytes,
    )


def _merged(
    headers: list[tuple[bytes, bytes]], own: tuple[tuple[bytes, bytes], ...]
) -> list[tuple[bytes, bytes]]:
    """The client's headers with those of a call, which carry no key: that is a surface's alone."""
    names = {name.lower() for name, _ in own}
    if names & CREDENTIALS:
        raise InvalidRequestError.of(
            "A call's headers may not carry a key: the client adds the one that belongs to the "
            "host. Leave out x-api-key and authorization."
        )
    return [*((name, value) for name, value in headers if name not in names), *own]


def _read(call: Call[T], reply: Reply, config: Config) -> T:
    if reply.stream is not None:
        reply.redact = lambda data: _without_keys(Reply(200, {}, data), config).body
        return call.read(reply)
    try:
        return _result(call, reply, config)
    except SkytellsError:
        safe = _without_keys(reply, config)
        if safe is reply:
            raise
    return _result(call, safe, config)


def _result(call: Call[T], reply: Reply, config: Config) -> T:
    try:
        return _checked(call, reply, config)
    except SkytellsError as error:
        attribute(error, reply.status, reply.headers)
        raise


def _checked(call: Call[T], reply: Reply, config: Config) -> T:
    if not 200 <= reply.status < 300:
        endpoint = config.endpoint(call.service)
        # A route that starts work names a model, which the edge may not serve.
        remark = endpoint.remark(reply.status) if call.safety is Safety.PAID else ""
        raise error_of(reply, endpoint.advice(reply.status), remark)
    if not call.raw:
        body = as_object(reply.json()) or {}
        if body.get("status") is False and not body.get("id"):
            raise error_of(reply)
    return call.read(reply)


def _without_keys(reply: Reply, config: Config) -> Reply:
    """A reply that echoes a key, without it: the text of an error goes into messages and logs."""
    keys = config.keys()
    if not keys:
        return reply
    import json  # here: only a failure comes this far

    body, headers = reply.body, reply.headers
    if b"\\" in body:
        # The key may stand there with its characters escaped.
        with suppress(SkytellsError, ValueError):
            body = json.dumps(reply.json(), ensure_ascii=False).encode()
    bare = body
    for key in keys:
        bare = bare.replace(json.dumps(key)[1:-1].encode(), b"***").replace(key.encode(), b"***")
        headers = {name: value.replace(key, "***") for name, value in headers.items()}
    if bare == body and headers == reply.headers:
        return reply
    return Reply(reply.status, headers, bare)


def _may_have_begun(failure: SkytellsError) -> bool:
    """Whether a try that failed so may have had its effect all the same."""
    if isinstance(failure, NetworkError | RequestTimeoutError):
        return failure.maybe_sent
    unreadable = isinstance(failure, ServerError) and failure.http_status < 300
    return unreadable or failure.http_status == 408 or failure.http_status >= 500


def _log_reply(call: Call[T], reply: Reply, config: Config, seconds: float) -> None:
    if _log.isEnabledFor(logging.DEBUG):
        headers = _without_keys(reply, config).headers
        _log.debug(
            "%s %s: %d in %.3f s, request id %s",
            *(call.method, call.name, reply.status, seconds),
            clean(headers.get("x-request-id", "unknown"), 64),
        )
