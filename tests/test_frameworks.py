"""What frameworks of others do with records, pages, handles, errors, streams and clients."""

from __future__ import annotations

import asyncio
import copy
import inspect
import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any
from unittest.mock import create_autospec

import pytest
import taskiq.serialization
from fastapi import FastAPI
from fastapi.testclient import TestClient

import skytells.errors
import skytells.local
from skytells import (
    AsyncSkytellsClient,
    ClientOptions,
    InvalidRequestError,
    NetworkError,
    NotFoundError,
    PaginatedResponse,
    Pagination,
    Prediction,
    PredictionResponse,
    RetryOptions,
    SkytellsClient,
    SkytellsError,
)
from skytells.local import LocalPlatform

ERRORS = [
    cls
    for _, cls in inspect.getmembers(skytells.errors, inspect.isclass)
    if issubclass(cls, SkytellsError)
]
KEY = "sk-do-not-show-me-0123456789"
HI = [{"role": "user", "content": "Say hi"}]


@pytest.fixture(scope="module")
def platform() -> Iterator[LocalPlatform]:
    with skytells.local.serve() as serving:
        yield serving


@pytest.fixture
def client(platform: LocalPlatform) -> Iterator[SkytellsClient]:
    with SkytellsClient(platform.key, base_url=platform.url) as client:
        yield client


def test_fastapi_encodes_pages_handles_and_records(client: SkytellsClient) -> None:
    handle = client.run("flux-pro", input={"prompt": "A cat"})
    app = FastAPI()

    @app.get("/page")
    def page() -> Any:
        return client.predictions.list()

    @app.get("/typed-page")
    def typed_page() -> PaginatedResponse:
        return client.predictions.list()

    @app.get("/pagination")
    def pagination() -> Pagination:
        return client.predictions.list().pagination

    @app.get("/handle")
    def untyped() -> Any:
        return handle

    @app.get("/typed-handle")
    def typed() -> Prediction:
        return handle

    with TestClient(app) as web:
        assert web.get("/page").json() == web.get("/typed-page").json()
        assert web.get("/page").json()["data"][0] == handle.raw()
        assert web.get("/pagination").json() == dict(client.predictions.list().pagination)
        assert web.get("/handle").json() == web.get("/typed-handle").json() == handle.raw()
        assert web.get("/openapi.json").status_code == 200


def test_a_page_and_a_handle_are_mappings_for_dict(client: SkytellsClient) -> None:
    handle = client.run("flux-pro", input={"prompt": "A cat"})
    page = client.predictions.list()
    assert dict(handle) == handle.raw()
    assert handle["status"] == "succeeded"
    assert dict(page) == page.to_dict()
    assert dict(page.pagination) == page.pagination.to_dict()
    with pytest.raises(KeyError):
        page.pagination["next"]


def test_a_slice_of_a_page_is_its_predictions() -> None:
    page = PaginatedResponse({"data": [{"id": f"p{n}"} for n in range(5)]})
    assert [p.id for p in page[:2]] == ["p0", "p1"]
    assert page[-1].id == "p4"


@pytest.mark.parametrize("cls", ERRORS)
def test_an_error_is_rebuilt_from_its_args(cls: type[SkytellsError]) -> None:
    error = cls("No such model.", "MODEL_NOT_FOUND", "flux-por", 404)
    again = cls(*error.args)
    assert (type(again), str(again), again.http_status) == (cls, "No such model.", 0)


def test_celery_gives_back_the_class_of_an_error() -> None:
    celery: Any = import_module("celery")  # it has no types
    base: Any = import_module("celery.backends.base")
    backend = base.Backend(celery.Celery(set_as_current=False), serializer="json")
    sent = backend.prepare_exception(NotFoundError("No such model.", "MODEL_NOT_FOUND", "x", 404))
    error = backend.exception_to_python(json.loads(json.dumps(sent)))
    assert isinstance(error, NotFoundError)
    assert str(error) == "No such model."


def test_taskiq_gives_back_the_class_of_an_error() -> None:
    error = NotFoundError("No such model.", "MODEL_NOT_FOUND", "x", 404)
    sent = taskiq.serialization.prepare_exception(error, json)
    again = taskiq.serialization.exception_to_python(sent)
    assert isinstance(again, NotFoundError)
    assert str(again) == "No such model."


def test_dask_gives_back_the_whole_error() -> None:
    protocol: Any = import_module("distributed.protocol")  # it has no types
    sent = protocol.serialize(NotFoundError("No such model.", "MODEL_NOT_FOUND", "x", 404))
    again = protocol.deserialize(*sent)
    assert isinstance(again, NotFoundError)
    assert (again.error_id, again.http_status) == ("MODEL_NOT_FOUND", 404)


def test_an_error_that_dask_pickles_with_its_causes_holds_no_key() -> None:
    protocol: Any = import_module("distributed.protocol")
    client = SkytellsClient(KEY, base_url="http://127.0.0.1:9", retry={"retries": 0})
    with pytest.raises(NetworkError) as caught:
        client.predictions.get("p1")
    _, frames = protocol.serialize(caught.value)
    assert KEY.encode() not in b"".join(map(bytes, frames))
    assert type(caught.value.__cause__).__name__ == "ConnectError"


def test_a_stream_may_be_asked_for_an_iterator_before_it_is_read(client: SkytellsClient) -> None:
    with client.chat.completions.stream(model="gpt-5", messages=HI) as stream:
        assert iter(stream) is not None  # as Streamlit does, to see whether it can
        first = next(stream)
        rest = list(stream)
    assert [first, *rest] == list(stream.received)
    assert list(stream) == []


def test_what_next_has_left_is_read_for_the_whole(client: SkytellsClient) -> None:
    with client.chat.completions.stream(model="gpt-5", messages=HI) as stream:
        next(stream)
        assert stream.final().text == "".join(chunk.text for chunk in stream.received)
    with client.chat.completions.stream(model="gpt-5", messages=HI) as stream:
        next(stream)
    with pytest.raises(InvalidRequestError, match="left before its end"):
        stream.final()


def test_what_next_has_left_of_a_prediction_is_passed_over(client: SkytellsClient) -> None:
    background = client.predictions.create(model="flux-pro", input={"prompt": "x"}, stream=True)
    with client.predictions.stream(background) as stream:
        next(stream)
        assert stream.final().done


async def test_an_async_stream_gives_its_items_one_by_one(platform: LocalPlatform) -> None:
    async with AsyncSkytellsClient(platform.key, base_url=platform.url) as client:
        stream = client.chat.completions.stream(model="gpt-5", messages=HI)
        assert aiter(stream) is not None
        items = [await anext(stream)]
        other = client.chat.completions.stream(model="gpt-5", messages=HI)
        await anext(other)
        assert (await other.final()).finish_reason == "stop"
        items += [item async for item in stream]
    assert items == list(stream.received)


def test_a_stream_that_was_left_is_not_read_again(client: SkytellsClient) -> None:
    stream = client.chat.completions.stream(model="gpt-5", messages=HI)
    for _ in stream:
        break
    with pytest.raises(InvalidRequestError, match="iterated once"):
        list(stream)


def test_html_is_a_plain_string_wherever_it_is_handed_out(client: SkytellsClient) -> None:
    handle = client.run("flux-pro", input={"prompt": "A cat"})
    shown: list[Any] = [handle, handle.response, client.predictions.list(), client.models.list()]
    assert {type(each._repr_html_()) for each in shown} == {str}


def test_a_deep_copy_of_a_client_shares_connections_and_settings(client: SkytellsClient) -> None:
    for made in (copy.copy(client), copy.deepcopy({"client": client})["client"]):
        assert made is not client
        assert made.http_client is client.http_client
        assert made.models.get("flux-pro").name == "FLUX Pro"


def test_a_deep_copy_of_an_async_client_shares_its_connections(platform: LocalPlatform) -> None:
    async def main() -> None:
        async with AsyncSkytellsClient(platform.key, base_url=platform.url) as client:
            made = copy.deepcopy(client)
            assert made.http_client is client.http_client
            assert (await made.models.get("flux-pro")).name == "FLUX Pro"

    asyncio.run(main())


@pytest.mark.parametrize("kind", [SkytellsClient, AsyncSkytellsClient])
@pytest.mark.parametrize(
    "family",
    ["predictions", "models", "chat", "responses", "embeddings", "safety", "orchestrator"],
)
def test_an_automatic_mock_has_every_family(kind: type[object], family: str) -> None:
    mock = create_autospec(kind, instance=True)
    getattr(mock, family).get.return_value = "mocked"
    assert getattr(mock, family).get("p1") == "mocked"


def test_options_have_the_documented_defaults_and_know_what_was_given() -> None:
    assert ClientOptions().retry == RetryOptions()
    assert ClientOptions().retry.retries == 0
    assert not ClientOptions().retry.given
    assert not copy.deepcopy(ClientOptions()).retry.given
    assert ClientOptions(retry=RetryOptions()).retry.given
    options = ClientOptions()
    options.retry.retries = 2
    assert options.retry.given


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("__setitem__", ("status", "failed")),
        ("__delitem__", ("status",)),
        ("update", ({"status": "failed"},)),
        ("pop", ("status",)),
        ("popitem", ()),
        ("setdefault", ("status", "failed")),
        ("clear", ()),
    ],
)
def test_a_change_of_a_record_says_what_to_do(method: str, arguments: tuple[object, ...]) -> None:
    record = PredictionResponse(id="p1", status="succeeded")
    with pytest.raises(TypeError, match=r"read-only; to_dict\(\) gives a copy to change"):
        getattr(record, method)(*arguments)
    assert record.to_dict() == {"id": "p1", "status": "succeeded"}
