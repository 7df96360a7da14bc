"""What is told of a prediction while it is followed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .._data.checks import is_object
from .predict import PredictionResponse


@dataclass(frozen=True, slots=True)
class PredictionEvent:
    """One piece of news of a prediction: an event of its stream, or a state that was looked up.

    Args:
        kind: What it is. `"prediction"` is a state; else it is as the stream calls it, such as
            `"status"`, `"output"`, `"logs"` or `"done"`. Where the stream does not say, it is
            `"output"`.
        data: All of it, as it came: JSON, or a text.
        text: What it adds to the text that the model says; empty where it adds none.
        prediction: The prediction, where the whole of it was told.

    Example:
        >>> PredictionEvent("status", {"id": "p1", "status": "processing"}).status
        'processing'
    """

    kind: str
    data: Any = field(default=None, repr=False)
    text: str = ""
    prediction: PredictionResponse | None = None

    @property
    def status(self) -> str | None:
        """The status that it tells, if it does; compares equal to members of `PredictionStatus`."""
        if self.prediction is not None:
            return self.prediction.status
        status = self.data.get("status") if is_object(self.data) else None
        return status if isinstance(status, str) else None

    @property
    def progress(self) -> float | None:
        """How much is done, from 0 to 100, if it tells that."""
        if self.prediction is not None:
            metrics = self.prediction.metrics
            return None if metrics is None else metrics.progress
        progress = self.data.get("progress") if is_object(self.data) else None
        if isinstance(progress, int | float) and not isinstance(progress, bool):
            return float(progress)
        return None
