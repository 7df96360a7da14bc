"""Embeddings: floats in the order of their inputs, however many requests that takes."""

from __future__ import annotations

import base64
import math
import struct
import sys
from typing import Any

import pytest

import skytells.embeddings.create
from skytells import (
    ConfigurationError,
    EmbeddingResponse,
    InvalidRequestError,
    InvalidResponseError,
    SkytellsClient,
    SkytellsError,
)
from skytells.embeddings.create import embed

from ..behaviour.misbehaving import Peer
from ..behaviour.steps import answers, reply
from ..conftest import Build, Serve

MODEL = "skytells-embed-3-small"


def packed(*numbers: float) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def row(vector: Any, **more: Any) -> dict[str, Any]:
    return {"object": "embedding", "embedding": vector, **more}


def page(*rows: Any) -> dict[str, Any]:
    usage = {"prompt_tokens": 2, "total_tokens": 2}
    return {"object": "list", "model": "m", "data": list(rows), "usage": usage}


def test_texts_become_vectors_of_floats(client: SkytellsClient) -> None:
    one = client.embeddings.create(model=MODEL, input="A cat")
    assert len(one.data) == 1
    assert isinstance(one.data[0].embedding[0], float)
    assert math.isclose(sum(x * x for x in one.vectors[0]), 1.0, rel_tol=1e-4)
    both = client.embeddings.create(model=MODEL, input=["A cat", "A dog"], dimensions=64)
    assert [len(vector) for vector in both.vectors] == [64, 64]
    assert both["data"][0]["embedding"] == both.vectors[0]


def test_an_answer_shows_how_its_vectors_begin() -> None:
    answer = EmbeddingResponse.from_wire(page(row([0.5] * 3072)))
    assert "embedding=[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, ...])" in repr(answer)
    assert answer.vectors == [[0.5] * 3072]
    assert answer.data[0].to_dict()["embedding"] == [0.5] * 3072


@pytest.mark.parametrize("input", [[1, 2, 3], [[1, 2], [3]]])
def test_tokens_become_vectors(client: SkytellsClient, input: Any) -> None:
    answer = client.embeddings.create(model=MODEL, input=input)
    assert len(answer.data) == (1 if input == [1, 2, 3] else 2)


def test_vectors_travel_as_base64_and_are_floats(serve: Serve, build: Build) -> None:
    server = serve(answers(page(row(packed(0.5, -2.0), index=0))))
    client = build("k", base_url=server.url)
    answer = client.embeddings.create(model="m", input="x", user="u", extra_body={"truncate": True})
    assert answer.vectors == [[0.5, -2.0]]
    expected = {"model": "m", "input": "x", "user": "u", "truncate": True}
    assert server.requests[0].json == expected | {"encoding_format": "base64"}


def test_vectors_are_matched_by_index(serve: Serve, build: Build) -> None:
    server = serve(answers(page(row([2.0], index=1), row(packed(1.0), index=0))))
    answer = build("k", base_url=server.url).embeddings.create(model="m", input=["a", "b"])
    assert answer.vectors == [[1.0], [2.0]]


def test_vectors_without_an_index_have_their_places(serve: Serve, build: Build) -> None:
    server = serve(answers(page(row([1.0]), row([2.0]))))
    answer = build("k", base_url=server.url).embeddings.create(model="m", input=["a", "b"])
    assert answer.vectors == [[1.0], [2.0]]


BAD: list[Any] = [
    [],
    {"data": None},
    page(),
    page(None),
    page(row([1.0], index=1)),
    page(row([1.0], index=None)),
    page(row(None, index=0)),
    page(row("no base64!", index=0)),
    page(row(base64.b64encode(b"12345").decode(), index=0)),
    page(row("", index=0)),
    page(row([], index=0)),
    page(row([1.0, "2"], index=0)),
    page(row([True], index=0)),
    page(row(packed(1.0, math.nan), index=0)),
    page(row(packed(math.inf), index=0)),
    page(row([1.0], index=0), row([1.0], index=1)),
]


@pytest.mark.parametrize("body", BAD)
def test_an_answer_that_is_not_the_vectors_asked_for_is_an_error(
    serve: Serve, build: Build, body: Any
) -> None:
    client = build("k", base_url=serve(answers(body)).url)
    with pytest.raises(InvalidResponseError, match="where an embedding was due"):
        client.embeddings.create(model="m", input="a")


def test_too_few_vectors_are_an_error(serve: Serve, build: Build) -> None:
    client = build("k", base_url=serve(answers(page(row([1.0])))).url)
    with pytest.raises(InvalidResponseError, match="where a list of 2 embeddings was due"):
        client.embeddings.create(model="m", input=["a", "b"])


@pytest.mark.parametrize(
    ("second", "dimensions", "said"),
    [
        ([1.0], None, "have 1 and 2 dimensions, where the same for all was due"),
        ([1.0], 2, "have 1 and 2 dimensions, where 2 was due"),
        ([1.0, 2.0], 3, "have 2 dimensions, where 3 was due"),
    ],
)
def test_vectors_that_cannot_be_held_against_each_other_are_an_error_that_holds_them(
    serve: Serve, build: Build, second: list[float], dimensions: int | None, said: str
) -> None:
    rows = page(row([0.0, 1.0], index=0), row(second, index=1))
    client = build("k", base_url=serve(answers(rows)).url)
    with pytest.raises(InvalidResponseError, match=said) as caught:
        client.embeddings.create(model="m", input=["a", "b"], dimensions=dimensions)
    assert [item.embedding for item in caught.value.received] == [[0.0, 1.0], second]


EMPTY: list[Any] = ["", [], [[]], [""], [1, "a"], [[1], "a"], [True], 5, None, {"a": 1}]


@pytest.mark.parametrize("input", EMPTY)
def test_inputs_that_cannot_be_embedded_are_refused(offline: Any, input: Any) -> None:
    with pytest.raises(InvalidRequestError, match="input must be"):
        offline.embeddings.create(model="m", input=input)


def test_options_out_of_their_range_are_refused(offline: Any) -> None:
    for dimensions in (0, -1, 1.5, "8", True):
        with pytest.raises(InvalidRequestError, match="dimensions must be a whole number"):
            offline.embeddings.create(model="m", input="a", dimensions=dimensions)
    with pytest.raises(InvalidRequestError, match="JSON cannot carry input"):
        offline.embeddings.create(model="m", input=["a", "half a pair: \ud800"])
    with pytest.raises(ConfigurationError, match="at_once"):
        offline.embeddings.create(model="m", input="a", at_once=0)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three inputs, or twenty tokens, are the most of one request."""
    monkeypatch.setattr(skytells.embeddings.create, "MOST_INPUTS", 3)
    monkeypatch.setattr(skytells.embeddings.create, "MOST_TOKENS", 20)


def embeds(peer: Peer) -> None:
    """Gives each input the vector of its own number; refuses what is named bad."""
    request = peer.read()
    texts: list[str] = request.json["input"]
    if "bad" in texts:
        refusal = {"error": {"message": "Bad.", "error_id": "INVALID_INPUT"}}
        return peer.send(reply(refusal, 400))
    rows = [row(packed(float(text.split()[0])), index=i) for i, text in enumerate(texts)]
    return peer.send(reply(page(*reversed(rows))))


@pytest.mark.usefixtures("few")
def test_large_inputs_are_split_and_joined_in_order(serve: Serve, build: Build) -> None:
    server = serve(embeds)
    texts = [f"{n} " + "x" * (60 if n == 4 else 1) for n in range(8)]
    answer = build("k", base_url=server.url).embeddings.create(model="m", input=texts, at_once=2)
    assert answer.vectors == [[float(n)] for n in range(8)]
    assert [item.index for item in answer.data] == list(range(8))
    assert sorted(len(r.json["input"]) for r in server.requests) == [1, 1, 3, 3]
    assert answer.usage is not None
    assert answer.usage.total_tokens == 8
    assert answer.model == "m"


@pytest.mark.usefixtures("few")
def test_requests_whose_vectors_differ_in_length_are_an_error(serve: Serve, build: Build) -> None:
    def differs(peer: Peer) -> None:
        texts: list[str] = peer.read().json["input"]
        rows = [row([1.0] * len(texts), index=place) for place in range(len(texts))]
        peer.send(reply(page(*rows)))

    client = build("k", base_url=serve(differs).url)
    with pytest.raises(InvalidResponseError, match="have 1 and 3 dimensions") as caught:
        client.embeddings.create(model="m", input=["a"] * 4)
    assert [item.index for item in caught.value.received] == [0, 1, 2, 3]


@pytest.mark.usefixtures("few")
def test_what_came_before_one_request_of_many_failed_is_kept(serve: Serve, build: Build) -> None:
    server = serve(embeds)
    client = build("k", base_url=server.url)
    with pytest.raises(SkytellsError, match="3 embeddings that came are in") as caught:
        client.embeddings.create(model="m", input=["0", "1", "bad", "3", "4", "5"])
    assert [(item.index, item.embedding) for item in caught.value.received] == [
        (3, [3.0]),
        (4, [4.0]),
        (5, [5.0]),
    ]


@pytest.mark.usefixtures("few")
def test_nothing_is_kept_where_every_request_failed(serve: Serve, build: Build) -> None:
    client = build("k", base_url=serve(embeds).url)
    with pytest.raises(SkytellsError, match="The 0 embeddings"):
        client.embeddings.create(model="m", input=["bad"] * 4)


def test_vectors_are_an_array_when_they_are_wanted_so() -> None:
    answer = EmbeddingResponse.from_wire(page(row([0.5, 1.0]), row([2.0, 3.0])))
    array = answer.numpy()
    assert (array.shape, array.dtype.name) == ((2, 2), "float32")
    assert array.tolist() == answer.vectors


def test_an_array_without_numpy_is_an_error_that_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(ConfigurationError, match=r'pip install "skytells\[numpy\]"'):
        EmbeddingResponse(data=[]).numpy()


def test_a_failure_of_another_kind_is_raised_as_it_is(few: None) -> None:
    flow = embed("m", ["a"] * 4, {})
    effect: Any = next(flow)
    without_usage = EmbeddingResponse.from_wire({"data": [], "usage": {"odd": None}})
    effect.outcomes[:] = [without_usage, ValueError("odd")]
    with pytest.raises(ValueError, match="odd"):
        flow.send(None)
