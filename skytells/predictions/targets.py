"""What stands for a prediction, and what an error says of the one that it leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol, Self, TypeAlias

from .._data.checks import is_mapping
from .._data.record import Record
from ..errors import InvalidRequestError, PredictionInfo, SkytellsError
from ..types.predict import PredictionResponse


class Handle(Protocol):
    """What stands for a prediction: `Prediction` or `AsyncPrediction`."""

    @property
    def response(self) -> PredictionResponse: ...


Waitable: TypeAlias = Handle | PredictionResponse | PredictionInfo | Mapping[str, Any] | str


def known(target: Waitable, taker: str = "wait() takes") -> tuple[str, PredictionResponse | None]:
    """The id of what is waited for and, where it is more than an id, its last state."""
    if isinstance(target, str):
        return target, None
    record = target if isinstance(target, Record) else getattr(target, "response", None)
    if isinstance(record, PredictionResponse):
        return record.id, record
    if is_mapping(target):
        wire = dict(target)
        if isinstance(wire.get("id"), str) and wire["id"]:
            return wire["id"], PredictionResponse.from_wire(wire)
    raise InvalidRequestError.of(
        f"{taker} a prediction, a dict with an 'id', or an id; got {type(target).__name__} "
        "without one."
    )


class Carrying:
    """Whatever leaves this block names the prediction that it leaves behind."""

    def __init__(self, id: str, prediction: PredictionResponse | None) -> None:
        self.id = id
        self.prediction = prediction

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, SkytellsError):
            error.prediction = error.prediction or self.prediction
        elif error is not None and not isinstance(error, GeneratorExit):
            error.add_note(f"Prediction {self.id} may still be running: client.wait({self.id!r})")
            with suppress(TypeError):  # an exception without a __dict__
                vars(error)["prediction_id"] = self.id
