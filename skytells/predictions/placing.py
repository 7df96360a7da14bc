"""Placing paid work: what is looked at before a request is sent, and what is set aside for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._catalogue import Catalogue
from .._flow import Call, Flow
from ..errors import SkytellsError
from ..types.predict import PredictionRequest, PredictionResponse
from .calls import Accept, create_prediction

if TYPE_CHECKING:
    from ..budget import Budget, Reservation


@dataclass(frozen=True, slots=True)
class Desk:
    """What a client has at hand before it sends paid work."""

    catalogue: Catalogue = field(default_factory=Catalogue)
    budget: Budget | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """A request that is ready to be sent, and what is set aside for it."""

    request: PredictionRequest
    call: Call[PredictionResponse]
    reservation: Reservation | None

    def send(self) -> Flow[PredictionResponse]:
        """Send it. An interrupt leaves what is set aside as it is: the outcome is unknown."""
        try:
            prediction = yield from self.call
        except SkytellsError as error:
            self.end(error)
            raise
        self.end(prediction)
        return prediction

    def end(self, outcome: PredictionResponse | Exception | None) -> None:
        """Account for what became of it; `None` is that it was never begun."""
        if self.reservation is None:
            return
        if isinstance(outcome, PredictionResponse):
            self.reservation.bind(outcome)
        elif outcome is None or (isinstance(outcome, SkytellsError) and not outcome.maybe_sent):
            self.reservation.release()


def place(
    request: PredictionRequest,
    accepted: Accept,
    desk: Desk,
    validate: bool = False,
    await_: bool | None = None,
) -> Flow[Placed]:
    """Make a request ready: check its input, if that is asked for, and set its price aside."""
    call = create_prediction(request, accepted, await_=await_)
    reservation = None
    if validate or desk.budget is not None:
        from ..models import find_model  # here: nothing else of a prediction needs the catalogue

        model = yield from find_model(desk.catalogue, request.model)
        if validate:
            model.validate(request.input)
        if desk.budget is not None:
            # The call's own copy, by which an error names its request.
            asked = call.request or request
            reservation = desk.budget.reserve(model.estimate(request.input), asked)
    return Placed(request, call, reservation)


def create(
    request: PredictionRequest,
    accepted: Accept,
    desk: Desk,
    validate: bool,
    await_: bool | None = None,
) -> Flow[PredictionResponse]:
    """Make a request ready, and send it."""
    placed = yield from place(request, accepted, desk, validate, await_)
    return (yield from placed.send())
