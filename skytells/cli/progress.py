"""The progress of a prediction on stderr: a bar in a terminal, elsewhere a line for each status."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from .output import note

if TYPE_CHECKING:
    from rich.progress import Progress

    from ..types.predict import PredictionResponse


class Watch:
    """Follows one prediction inside a `with` block; `see` is its `on_progress`."""

    def __init__(self) -> None:
        self._bar = _bar() if sys.stderr.isatty() else None
        self._status = ""

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.add_task("sent", total=None)
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def see(self, prediction: "PredictionResponse") -> None:
        """Show a new state."""
        done = prediction.metrics.progress if prediction.metrics else None
        text = f"{prediction.id} {prediction.status}"
        if self._bar is not None:
            total = None if done is None else 100.0
            self._bar.update(self._bar.task_ids[0], description=text, total=total, completed=done)
        elif prediction.status != self._status and not prediction.done:
            note(text)
        self._status = prediction.status


def _bar() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
