"""Placing paid work: what is looked at before a request is sent."""

from __future__ import annotations

from dataclasses import dataclass, field

from .._catalogue import Catalogue
from .._flow import Flow
from ..types.predict import PredictionRequest, PredictionResponse
from .calls import Accept, create_prediction


@dataclass(frozen=True, slots=True)
class Desk:
    """What a client has at hand before it sends paid work."""

    catalogue: Catalogue = field(default_factory=Catalogue)


def prepare(request: PredictionRequest, desk: Desk, validate: bool) -> Flow[PredictionRequest]:
    """A request as it is to be sent: checked by the model's schema, where that is asked for."""
    if validate:
        from ..models import find_model  # here: nothing else of a prediction needs the catalogue

        request.encode()
        model = yield from find_model(desk.catalogue, request.model)
        model.validate(request.input)
    return request


def create(
    request: PredictionRequest,
    accepted: Accept,
    desk: Desk,
    validate: bool,
    await_: bool | None = None,
) -> Flow[PredictionResponse]:
    """Prepare a request, and send it."""
    ready = yield from prepare(request, desk, validate)
    return (yield from create_prediction(ready, accepted, await_=await_))
