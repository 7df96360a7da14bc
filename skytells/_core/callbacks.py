"""The functions that users hand in, checked before anything is paid for."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TypeVar

from ..errors import InvalidRequestError

Callback = TypeVar("Callback", bound=Callable[..., object] | bool | None)


def callable_or_none(callback: object) -> None:
    """Refuse what cannot be called, before anything is paid for."""
    if callback is not None and not callable(callback):
        raise InvalidRequestError.of(
            f"on_progress must be a function, not {type(callback).__name__}."
        )


def blocking(callback: Callback) -> Callback:
    """A callback for the sync client, which cannot await: refused before anything is paid for."""
    called = getattr(callback, "func", callback)
    if any(map(inspect.iscoroutinefunction, (called, type(called).__call__))):
        raise InvalidRequestError.of(
            "on_progress is async, and this client is not: pass a plain function, or use "
            "AsyncSkytellsClient."
        )
    return callback
