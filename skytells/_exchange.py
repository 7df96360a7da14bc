"""One logical call: its tries, the pauses between them, and the reading of the answer.

This is the flow that a driver runs for each `Call`, in both colours.
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

from ._config import Config
from ._flow import Call, Clock, Exchange, Flow, Safety, Sleep, interrupted
from ._replies import error_of
from ._retry import RetryBudget, RetryPolicy, pause_before_retry
from ._wire import Reply, WireRequest, as_object, clean, target
from .errors import (
    Attempt,
    NetworkError,
    NotFoundError,
    RequestTimeoutError,
    ServerError,
    SkytellsError,
)

T = TypeVar("T")

_log: Final = logging.getLogger("skytells")
_log.addHandler(logging.NullHandler())
_GONE: Final = Reply(200, {}, b'{"success":true}')


def exchange(
    call: Call[T],
    config: Config,
    budget: RetryBudget,
    *,
    clock: Clock = time.monotonic,
    wall_clock: Clock = time.time,
    chance: Callable[[], float] = random.random,
) -> Flow[T]:
    """Perform a call by the client's settings, all of it within one deadline."""
    limits = [limit for limit in (config.timeout, call.timeout) if limit is not None]
    began, began_at = clock(), wall_clock()
    deadline = began + min(limits) if limits else None
    tries: list[Attempt] = []
    lost = False
    while True:
        began_try = clock()
        try:
            reply: Reply = yield Exchange(_request(call, config, len(tries)), deadline, call.keep)
            _log_reply(call, reply, config, clock() - began_try)
            result = _read(call, reply, config)
        except SkytellsError as error:
            failure = error
        except BaseException as interrupt:
            if call.request is not None:
                _leave_a_trace(interrupt, interrupted(call, began_at))
            raise
        else:
            budget.succeed(len(tries) + 1)
            return result
        if lost and call.method == "DELETE" and isinstance(failure, NotFoundError):
            # An earlier try, whose answer was lost, has done it.
            return call.read(_GONE)
        now = clock()
        left = None if deadline is None else deadline - now
        begun = _may_have_begun(failure)
        lost = lost or begun
        failure.maybe_sent = begun and call.safety is Safety.PAID
        pause = pause_before_retry(
            RetryPolicy(retries=0) if call.once else config.retry,
            call.safety,
            failure,
            len(tries) + 1,
            left,
            chance(),
        )
        if pause is not None and config.retry.budgeted and not budget.spend(failure):
            pause, failure.retry_suppressed = None, "budget"
        outcome = str(failure.http_status or type(failure).__name__)
        tries.append(Attempt(len(tries) + 1, outcome, now - began_try, pause))
        if pause is None:
            break
        _log.info(
            "%s %s: %s, trying again in %.2f s (try %d)",
            *(call.method, call.name, outcome, pause, len(tries) + 1),
        )
        yield Sleep(pause)
    raise _given_up(call, failure, tries, began_at)


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


def _request(call: Call[T], config: Config, retries: int) -> WireRequest:
    # First, since it may refuse the query: the key is not yet among the locals.
    place = target(config.prefix, call.path, call.params)
    headers = [(b"host", config.origin.netloc.encode()), *config.headers]
    if call.headers:
        own = dict(call.headers)
        headers = [*((k, v) for k, v in headers if k not in own), *call.headers]
    if config.key is not None:
        headers.append((b"x-api-key", config.key.reveal().encode()))
    if call.body is not None and not any(name == b"content-type" for name, _ in headers):
        headers.append((b"content-type", b"application/json"))
    if call.body is not None or call.method not in {"GET", "HEAD", "DELETE"}:
        headers.append((b"content-length", str(len(call.body or b"")).encode()))
    if retries:
        headers.append((b"x-skytells-retry-count", str(retries).encode()))
    return WireRequest(
        call.method,
        config.origin,
        place,
        headers,
        call.body,
        call.safety is Safety.PAID,
        config.max_response_bytes,
    )


def _read(call: Call[T], reply: Reply, config: Config) -> T:
    if reply.stream is not None:
        return call.read(reply)
    try:
        return _result(call, reply, config)
    except SkytellsError:
        safe = _without_key(reply, config)
        if safe is reply:
            raise
    return _result(call, safe, config)


def _result(call: Call[T], reply: Reply, config: Config) -> T:
    if not 200 <= reply.status < 300:
        raise error_of(reply, has_key=config.key is not None)
    body = as_object(reply.json()) or {}
    if body.get("status") is False and not body.get("id"):
        raise error_of(reply)
    return call.read(reply)


def _without_key(reply: Reply, config: Config) -> Reply:
    """A reply that echoes the key, without it: the text of an error goes into messages and logs."""
    key = config.key.reveal() if config.key is not None else ""
    if not key:
        return reply
    body = reply.body
    if b"\\" in body:
        # The key may stand there with its characters escaped.
        with suppress(SkytellsError, ValueError):
            body = json.dumps(reply.json(), ensure_ascii=False).encode()
    bare = body.replace(json.dumps(key)[1:-1].encode(), b"***").replace(key.encode(), b"***")
    headers = {name: value.replace(key, "***") for name, value in reply.headers.items()}
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
        headers = _without_key(reply, config).headers
        _log.debug(
            "%s %s: %d in %.3f s, request id %s",
            *(call.method, call.name, reply.status, seconds),
            clean(headers.get("x-request-id", "unknown"), 64),
        )
