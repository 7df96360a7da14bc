"""What stands for a prediction, and what an error says of the one that it leaves behind."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, Union

from .._data.checks import is_mapping
from .._data.record import Record
from ..errors import InvalidRequestError, SkytellsError
from ..types.predict import PredictionResponse

if TYPE_CHECKING:
    from ..errors import PredictionInfo


class Handle(Protocol):
    """What stands for a prediction: `Prediction` or `AsyncPrediction`."""

    @property
    def response(self) -> PredictionResponse: ...


Waitable: TypeAlias = Union[Handle, PredictionResponse, "PredictionInfo", Mapping[str, Any], str]


def resolve_target(
    target: Waitable, taker: str = "wait() takes"
) -> tuple[str, PredictionResponse | None]:
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


class LastState:
    """What is known of a prediction so far."""

    __slots__ = ("prediction",)

    def __init__(self, prediction: PredictionResponse | None) -> None:
        self.prediction: PredictionResponse | None = prediction


@contextmanager
def attach_prediction(id: str, prediction: PredictionResponse | None) -> Generator[LastState]:
    """Attach a prediction to whatever exception leaves this block: its last state, or its id."""
    last = LastState(prediction)
    try:
        yield last
    except SkytellsError as error:
        error.prediction = error.prediction or last.prediction
        raise
    except GeneratorExit:
        raise
    except BaseException as interrupt:
        interrupt.add_note(f"Prediction {id} may still be running: client.wait({id!r})")
        with suppress(TypeError):  # an exception without a __dict__
            vars(interrupt)["prediction_id"] = id
        raise
