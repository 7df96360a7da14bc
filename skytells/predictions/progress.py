"""Reports of progress while predictions are waited for."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, TypeVar

from .._core.operation import Flow
from .._data.checks import check_callback
from ..errors import InvalidRequestError
from ..types.predict import PredictionResponse
from ..types.shared import OnProgressCallback

if TYPE_CHECKING:
    from .progress_bar import Bar

T = TypeVar("T")


class ProgressReporter:
    """Reports each new state during a wait: to a function, to a bar, or to both.

    Args:
        on_progress: The user's function.
        progress: Whether to draw a bar.
    """

    def __init__(
        self,
        on_progress: OnProgressCallback | None,
        progress: bool = False,
    ) -> None:
        check_callback(on_progress)
        if not isinstance(progress, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidRequestError.of(
                f"progress must be True or False, not {type(progress).__name__}. Pass a function as "
                "on_progress."
            )
        self._function = on_progress
        self._bar: Bar | None = None
        if progress:
            from .progress_bar import Bar

            self._bar = Bar()

    @property
    def callback(self) -> OnProgressCallback | None:
        """What a flow calls with each new state; `None` where nobody listens."""
        return self._function if self._bar is None else self._report

    def _report(self, prediction: PredictionResponse) -> object:
        if self._bar is not None:
            self._bar.see(prediction)
        return None if self._function is None else self._function(prediction)

    def shown(
        self, many: Mapping[str, PredictionResponse | None] | None = None
    ) -> AbstractContextManager[object]:
        """A block in which the bar is there, if there is one; it ends with the block.

        Args:
            many: Ids and known states, where the bar is for several predictions together.
        """
        if self._bar is not None and many is not None:
            self._bar.expect(many)
        return self._bar or nullcontext()

    def during(
        self, flow: Flow[T], many: Mapping[str, PredictionResponse | None] | None = None
    ) -> Flow[T]:
        """The same flow, with the bar there until it ends, however it ends."""
        with self.shown(many):
            return (yield from flow)
