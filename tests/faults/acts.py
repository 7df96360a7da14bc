"""The operations that meet the faults, by name; each takes a client and what a fault gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from skytells import SkytellsClient, SkytellsError

from .listening import LISTEN, listener

ORDER: Final[Mapping[str, Any]] = {"model": "flux-pro", "input": {"prompt": "A cat on a mat"}}
RUNNING: Final[Mapping[str, Any]] = {"id": "p1", "status": "processing"}


def get(client: SkytellsClient, id: Any = "p1") -> object:
    return client.predictions.get(id)


def stream(client: SkytellsClient, id: Any = "p1") -> object:
    return client.stream_prediction(id)


def cancel(client: SkytellsClient, id: Any = "p1") -> object:
    return client.cancel_prediction(id)


def delete(client: SkytellsClient, id: Any = "p1") -> object:
    return client.delete_prediction(id)


def list_(client: SkytellsClient, **filters: Any) -> object:
    return client.predictions.list(**filters)


def iterate(client: SkytellsClient, **filters: Any) -> object:
    return list(client.predictions.iterate(**filters))


def models(client: SkytellsClient, **options: Any) -> object:
    return client.models.list(**options)


def model(client: SkytellsClient, id: Any = "flux-pro") -> object:
    return client.models.get(id, fields=[])


def create(client: SkytellsClient, payload: Any = ORDER) -> object:
    return client.predictions.create(payload)


def predict(client: SkytellsClient, payload: Any = ORDER) -> object:
    return client.predict(payload)


def queue(client: SkytellsClient, payload: Any = ORDER) -> None:
    client.queue(payload)


def run(client: SkytellsClient, **options: Any) -> object:
    return client.run(ORDER["model"], ORDER["input"], **options)


def wait(client: SkytellsClient, target: Any = RUNNING, **options: Any) -> object:
    return client.wait(target, **options)


def wait_all(client: SkytellsClient, targets: Any = ("p1", "p2", "p3"), **options: Any) -> object:
    return client.wait_all(targets, **options)


def dispatch(client: SkytellsClient, places: int = 5) -> object:
    for place in range(places):
        client.queue({"model": "flux-pro", "input": {"place": place}})
    try:
        return client.dispatch()
    except SkytellsError as error:
        # What is left in the queue goes out in a second round.
        vars(error)["second"] = [p.id for p in client.dispatch()]
        raise


def outage(client: SkytellsClient, calls: int = 1) -> object:
    """So many calls, whatever becomes of all but the last."""
    for _ in range(calls - 1):
        with suppress(SkytellsError):
            get(client)
    return get(client)


def request(client: SkytellsClient, method: str = "GET", path: str = "/models", **more: Any) -> Any:
    return client.request(method, path, **more)


def base(client: SkytellsClient) -> object:
    return client.base_url


def derive(client: SkytellsClient, **changes: Any) -> object:
    return get(client.with_options(**changes))


ACTS: Final[Mapping[str, Callable[..., object]]] = {
    "get": get,
    "stream": stream,
    "cancel": cancel,
    "delete": delete,
    "list": list_,
    "iterate": iterate,
    "models": models,
    "model": model,
    "create": create,
    "predict": predict,
    "queue": queue,
    "run": run,
    "wait": wait,
    "wait_all": wait_all,
    "dispatch": dispatch,
    "outage": outage,
    "request": request,
    "base_url": base,
    "with_options": derive,
    **{name: listener(name, ORDER["input"]["prompt"]) for name in LISTEN},
}
