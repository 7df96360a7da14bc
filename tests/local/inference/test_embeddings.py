"""Embeddings on the local platform, over a real socket."""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Iterator, Sequence

import httpx
import pytest

from skytells.local import LocalPlatform
from skytells.local.errors import ApiError
from skytells.local.inference.embeddings import create_embeddings, parse_embeddings
from skytells.local.json_values import JsonObject


@pytest.fixture
def http(platform: LocalPlatform) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {platform.key}"}
    with httpx.Client(base_url=platform.url, headers=headers, timeout=30.0) as http:
        yield http


def posted(http: httpx.Client, given: object, **fields: object) -> httpx.Response:
    return http.post(
        "/embeddings", json={"model": "skytells-embed-3-small", "input": given, **fields}
    )


def embedded(http: httpx.Client, given: object, **fields: object) -> list[list[float]]:
    answer = posted(http, given, **fields)
    assert answer.status_code == 200, answer.text
    data: list[JsonObject] = answer.json()["data"]
    assert [one["index"] for one in data] == list(range(len(data)))
    return [one["embedding"] for one in data]


def likeness(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_embeddings_have_the_documented_form(http: httpx.Client) -> None:
    body = posted(http, "a fox").json()
    assert (body["object"], body["model"]) == ("list", "skytells-embed-3-small")
    assert body["data"][0]["object"] == "embedding"
    assert body["usage"] == {"prompt_tokens": 2, "total_tokens": 2}


@pytest.mark.parametrize(
    ("model", "dimensions"),
    [("skytells-embed-3-small", 1536), ("skytells/skytells-embed-3-large", 3072)],
)
def test_a_vector_is_of_its_models_length_and_of_length_one(
    http: httpx.Client, model: str, dimensions: int
) -> None:
    (vector,) = embedded(http, "a fox", model=model)
    assert len(vector) == dimensions
    assert math.isclose(likeness(vector, vector), 1.0, rel_tol=1e-6)


def test_texts_that_share_words_are_near(http: httpx.Client) -> None:
    fox, foxes, tax = embedded(
        http, ["A quick brown fox jumps", "the quick brown fox sleeps", "income tax return form"]
    )
    assert likeness(fox, foxes) > 0.5 > 0.2 > likeness(fox, tax)
    assert embedded(http, "A quick brown fox jumps") == [fox]


def test_base64_holds_the_same_numbers(http: httpx.Client) -> None:
    (plain,) = embedded(http, "a fox", dimensions=8)
    packed = posted(http, "a fox", dimensions=8, encoding_format="base64").json()["data"][0]
    numbers = struct.unpack("<8f", base64.b64decode(packed["embedding"]))
    assert numbers == pytest.approx(plain, abs=1e-6)


def test_fewer_dimensions_are_the_first_ones(http: httpx.Client) -> None:
    (long,) = embedded(http, "a fox")
    (short,) = embedded(http, "a fox", dimensions=2)
    assert short[0] / short[1] == pytest.approx(long[0] / long[1], rel=1e-4)
    assert math.isclose(likeness(short, short), 1.0, rel_tol=1e-6)


def test_tokens_are_taken_for_words(http: httpx.Client) -> None:
    (one,) = embedded(http, [1, 2])
    assert embedded(http, [[1, 2], [3]])[0] == one
    assert posted(http, [[1, 2], [3]]).json()["usage"]["total_tokens"] == 3
    assert embedded(http, "?!")


@pytest.mark.parametrize(
    ("given", "fields", "param"),
    [
        (None, {}, "input"),
        ("", {}, "input"),
        ([], {}, "input"),
        (["a", ""], {}, "input"),
        ({"text": "a"}, {}, "input"),
        ([1, "a"], {}, "input"),
        ([-1], {}, "input"),
        (["a"] * 2049, {}, "input"),
        ([[1] * 8193], {}, "input"),
        ("a", {"dimensions": 0}, "dimensions"),
        ("a", {"dimensions": 1537}, "dimensions"),
        ("a", {"encoding_format": "hex"}, "encoding_format"),
        ("a", {"model": "gpt-5"}, "model"),
        ("a", {"model": "flux-pro"}, "model"),
    ],
)
def test_a_wrong_field_is_named(
    http: httpx.Client, given: object, fields: JsonObject, param: str
) -> None:
    error = posted(http, given, **fields).json()["error"]
    assert (error["status"], error["error_id"], error["param"]) == (400, "INVALID_PARAMETER", param)


def test_no_vectors_are_made_after_the_platform_has_closed() -> None:
    asked = iter([False, False, True])
    embed = parse_embeddings({"model": "m", "input": ["a fox"] * 2048})
    with pytest.raises(ApiError, match="has closed") as caught:
        create_embeddings(embed, "m", 8, lambda: next(asked))
    assert caught.value.status == 503


def test_embeddings_are_paid_for_and_may_fail(platform: LocalPlatform, http: httpx.Client) -> None:
    embedded(http, ["word"] * 20)
    assert 1_000_000 - platform.credits == pytest.approx(20 * 0.02e-6, rel=1e-3)
    platform.script("skytells-embed-3-small", fails="No room.", times=1)
    assert posted(http, "a").json()["error"]["message"] == "No room."
    assert posted(http, "a").status_code == 200
