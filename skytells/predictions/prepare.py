"""Placing paid work: what is looked at before a request is sent, and what is set aside for it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from .._core.operation import Call, Flow, RunBlocking
from .._data.checks import as_list, as_object, has_files
from ..errors import ApiErrorId, InvalidRequestError, SkytellsError
from ..types.predict import PredictionResponse
from .requests import Accept, create_prediction
from .state import Preflight

if TYPE_CHECKING:
    from ..budget import Reservation
    from ..types.requests import PredictionRequest


class PreparedRequest:
    """A request that is ready to be sent, and what is set aside for it."""

    __slots__ = ("call", "request", "reservation")

    def __init__(
        self,
        request: PredictionRequest,
        call: Call[PredictionResponse],
        reservation: Reservation | None,
    ) -> None:
        self.request: PredictionRequest = request
        self.call: Call[PredictionResponse] = call
        self.reservation: Reservation | None = reservation

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


def prepare(
    request: PredictionRequest,
    accepted: Accept,
    preflight: Preflight,
    validate: bool = False,
    await_: bool | None = None,
) -> Flow[PreparedRequest]:
    """Make a request ready: read its files, check its input, set its price aside, as is due."""
    if has_files(request.input):
        request = yield from _with_files(request, preflight)
    call = create_prediction(request, accepted, await_=await_)
    reservation = None
    if validate or preflight.budget is not None:
        model = yield from preflight.find_model(request.model)
        refuse_chat_model(request, preflight)
        if validate:
            model.validate(request.input)
        if preflight.budget is not None:
            # The call's own copy, by which an error names its request.
            asked = call.request or request
            reservation = preflight.budget.reserve(model.estimate(request.input), asked)
    else:
        refuse_chat_model(request, preflight)
    return PreparedRequest(request, call, reservation)


def _with_files(request: PredictionRequest, preflight: Preflight) -> Flow[PredictionRequest]:
    """A request whose files are data URIs, where the model takes them."""
    from .._data.files import read_files

    check(request, preflight)
    with suppress(SkytellsError):  # what the schema is not known to forbid is left to the server
        yield from preflight.find_model(request.model)
    check(request, preflight)
    schema = as_object(preflight.cached_model(request.model).get("input_schema")) or {}
    input = yield from RunBlocking(partial(read_files, request.input, schema))
    return replace(request, input=input)


def check(request: PredictionRequest, preflight: Preflight) -> None:
    """Refuse a request that surely cannot be sent, by what is known without asking anybody."""
    if not has_files(request.input):
        request.encode()
        refuse_chat_model(request, preflight)
        return
    from .._data.files import check_files, check_places, without_files

    replace(request, input=without_files(request.input)).encode()
    refuse_chat_model(request, preflight)
    check_files(request.input)
    schema = as_object(preflight.cached_model(request.model).get("input_schema"))
    if schema:
        check_places(request.input, schema, request.model)


def refuse_chat_model(request: PredictionRequest, preflight: Preflight) -> None:
    """Refuse a model that only chats, if the catalogue is known to say so."""
    known = preflight.cached_model(request.model)
    if not known:
        return
    from ..types.models import Model

    if not Model.from_wire(dict(known)).chats_only:
        return
    embeds = "embeddings" in (as_list(known.get("capabilities")) or [])
    instead = "embeddings.create(…, input=…)" if embeds else "chat.completions.create(…)"
    raise InvalidRequestError(
        f"{request.model} takes no predictions, and nothing was sent. Ask it with "
        f"client.{instead}.",
        ApiErrorId.MODEL_NOT_SUPPORTED,
        f"{request.model} is a model of the inference API",
    )


def create(
    request: PredictionRequest,
    accepted: Accept,
    preflight: Preflight,
    validate: bool,
    await_: bool | None = None,
) -> Flow[PredictionResponse]:
    """Make a request ready, and send it."""
    prepared = yield from prepare(request, accepted, preflight, validate, await_)
    return (yield from prepared.send())
