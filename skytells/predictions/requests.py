"""Predictions: each exchange with the API as a value."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, Union, cast

from .. import types
from .._core.operation import Call, Flow, Safety
from .._core.replies import has_id, http_date, wrong_kind
from .._core.wire import Reply, path
from .._data.checks import as_list, as_mapping, as_object
from ..errors import InvalidRequestError
from ..types.predict import PredictionResponse, PredictionStatus
from ..types.shared import PaginatedResponse

if TYPE_CHECKING:
    from ..errors import RequestInfo
    from ..types.requests import Input, PredictionRequest, PredictionsListOptions

Payload: TypeAlias = Union[Mapping[str, Any], "PredictionRequest", "RequestInfo"]
Accept: TypeAlias = Callable[[PredictionResponse], object]


def as_request(payload: Payload) -> PredictionRequest:
    """A request from any form in which a payload is taken."""
    if isinstance(payload, types.PredictionRequest):
        return payload
    return types.PredictionRequest.from_dict(
        as_mapping(payload, "the payload", InvalidRequestError)
    )


def create_prediction(
    request: PredictionRequest, accepted: Accept, *, await_: bool | None = None
) -> Call[PredictionResponse]:
    """`POST /predict`. The prediction is handed to `accepted` the moment it is known."""

    def read(reply: Reply) -> PredictionResponse:
        prediction = read_prediction(reply)
        accepted(prediction)
        return prediction

    body = request.encode() if await_ is None else request.encode(**{"await": await_})
    # A copy, after the check: what was asked for is compared later, should the answer be lost.
    asked = request.copy()
    return Call("POST", "/predict", read, Safety.PAID, body=body, name="/predict", request=asked)


def get_prediction(id: str) -> Call[PredictionResponse]:
    """`GET /predictions/{id}`"""
    return _by_id("GET", "/predictions/{id}", id)


def stream_prediction(id: str) -> Call[PredictionResponse]:
    """`GET /predictions/{id}/stream`"""
    return _by_id("GET", "/predictions/{id}/stream", id)


def cancel_prediction(id: str) -> Call[PredictionResponse]:
    """`POST /predictions/{id}/cancel`"""
    return _ending("POST", "/predictions/{id}/cancel", id, PredictionStatus.CANCELLED)


def delete_prediction(id: str) -> Call[PredictionResponse]:
    """`DELETE /predictions/{id}/delete`"""
    return _ending("DELETE", "/predictions/{id}/delete", id, "deleted")


def list_predictions(options: PredictionsListOptions) -> Call[PaginatedResponse]:
    """`GET /predictions`"""
    return Call("GET", "/predictions", read_page, params=options.params(), name="/predictions")


def list_by_the_servers_clock(
    options: PredictionsListOptions,
) -> Call[tuple[PaginatedResponse, float]]:
    """`GET /predictions`, with the server's time in seconds since the epoch."""

    def read(reply: Reply) -> tuple[PaginatedResponse, float]:
        return read_page(reply), http_date(reply.headers.get("date", "")) or time.time()

    return Call("GET", "/predictions", read, params=options.params(), name="/predictions")


def _by_id(method: str, template: str, id: str) -> Call[PredictionResponse]:
    return Call(method, path(template, id), partial(read_own, id), name=template)


def _ending(method: str, template: str, id: str, status: str) -> Call[PredictionResponse]:
    read = partial(_read_ending, id, status)
    return Call(method, path(template, id), read, Safety.CONVERGENT, name=template)


def read_prediction(reply: Reply) -> PredictionResponse:
    """A reply in which a prediction is due."""
    wire = as_object(reply.json())
    if wire is None or not has_id(wire):
        raise wrong_kind("a prediction", reply)
    return PredictionResponse.from_wire(wire)


def read_own(id: str, reply: Reply) -> PredictionResponse:
    prediction = read_prediction(reply)
    if str(prediction["id"]) != id:
        # A cache, a proxy or a crossed connection: nobody else's prediction is handed out.
        raise wrong_kind(f"prediction {id}", reply)
    return prediction


def _read_ending(id: str, status: str, reply: Reply) -> PredictionResponse:
    """The prediction, or a mere acknowledgement: `{"success": true}`, or nothing at all."""
    data = reply.json()
    wire = {} if data is None else as_object(data)
    if wire is None or wire.get("success", True) is not True:
        raise wrong_kind("an acknowledgement", reply)
    if "id" in wire:
        return read_own(id, reply)
    return PredictionResponse.from_wire(wire, {"id": id, "status": status})


def read_page(reply: Reply) -> PaginatedResponse:
    """A page of predictions: the documented envelope, or a bare array."""
    data = reply.json()
    envelope = as_object(data)
    rows = as_list(data if envelope is None else envelope.get("data"))
    if rows is None or not all(map(has_id, rows)):
        raise wrong_kind("a page of predictions", reply)
    pagination = {"per_page": len(rows), "total": len(rows)}
    return PaginatedResponse(envelope or {"data": rows, "pagination": pagination})


def listing(
    page: int | None,
    since: str | None,
    until: str | None,
    model: str | None,
    options: PredictionsListOptions | Mapping[str, Any] | None,
    per_page: int | None,
    status: str | None,
) -> PredictionsListOptions:
    """Filters given as keywords, over those given as options."""
    merged = types.PredictionsListOptions()
    if isinstance(options, types.PredictionsListOptions):
        merged = options
    elif options is not None:
        merged = types.PredictionsListOptions.from_dict(
            as_mapping(options, "predictions.list()'s options")
        )
    return types.PredictionsListOptions(
        merged.page if page is None else page,
        merged.since if since is None else since,
        merged.until if until is None else until,
        merged.model if model is None else model,
        per_page=merged.per_page if per_page is None else per_page,
        status=merged.status if status is None else status,
    )


def creating(
    payload: Payload | None,
    model: str | None,
    input: Input | None,
    webhook: Mapping[str, Any] | str | None,
    await_: bool,
    stream: bool,
) -> PredictionRequest:
    """What `create()` is asked for: one payload, or keywords."""
    if (payload is None) == (model is None):
        raise InvalidRequestError.of(
            "create() takes either one payload, as {'model': …, 'input': …}, or the keywords "
            "model= and input=."
        )
    if payload is not None:
        if input is not None or webhook is not None or await_ or stream:
            raise InvalidRequestError.of(
                "create() was given a payload and keywords. Put 'input', 'webhook', 'await' and "
                "'stream' into the payload."
            )
        return as_request(payload)
    request = types.PredictionRequest(
        model or "", cast("dict[str, Any]", {} if input is None else input), webhook, await_, stream
    )
    request.input = dict(as_mapping(request.input, "input", InvalidRequestError))
    return request


def cancel_and_fetch(id: str) -> Flow[PredictionResponse]:
    """Cancel, and see what came of it: some answers are a mere acknowledgement."""
    answer = yield from cancel_prediction(id)
    return answer if "status" in answer else (yield from get_prediction(id))
