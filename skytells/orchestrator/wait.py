"""The Orchestrator: what takes more than one exchange, or more than its error says."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from .._core.operation import Clock, Flow, Progress
from .._core.polling import PollSchedule, next_state
from .._data.checks import check_callback, is_mapping
from ..errors import InvalidRequestError
from .records import Execution
from .requests import execution_status

if TYPE_CHECKING:
    from ..types.requests import WaitOptions

Runnable: TypeAlias = Execution | Mapping[str, Any] | str
"""What stands for an execution: a record, a dict with an `id`, or an id."""
OnExecution: TypeAlias = Callable[[Execution], object]
"""Called with each new state of an execution; for the async client it may be `async`."""


def wait_for_execution(
    target: Runnable,
    options: WaitOptions,
    on_progress: OnExecution | None = None,
    *,
    clock: Clock = time.monotonic,
    chance: Clock = random.random,
) -> Flow[Execution]:
    """Look at an execution until it has ended, as predictions are waited for."""
    check_callback(on_progress)
    id, seen = _known(target)
    if seen is not None and seen.done:
        return seen
    schedule = PollSchedule(options, clock, chance)
    while True:
        state = yield from next_state(execution_status(id), schedule, seen is None)
        if state is None:
            error = schedule.timed_out(
                f"Execution {id}",
                None if seen is None else seen.status,
                f"wait again with client.orchestrator.executions.wait({id!r})",
            )
            error.response = None if seen is None else seen.to_dict()
            raise error
        seen = state
        if on_progress is not None:
            yield Progress(on_progress, seen)
        if seen.done:
            return seen


def _known(target: Runnable) -> tuple[str, Execution | None]:
    """The id of what is waited for and, where it is more than an id, its last state."""
    if isinstance(target, str):
        return target, None
    if isinstance(target, Execution):
        return target.id, target
    if is_mapping(target) and isinstance(target.get("id"), str):
        execution = Execution.from_wire(dict(target))
        return execution.id, execution
    raise InvalidRequestError.of(
        "wait() takes an execution, a dict with an 'id', or an id; got "
        f"{type(target).__name__} without one."
    )
