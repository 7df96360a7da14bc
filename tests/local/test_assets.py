"""Assets over HTTP: types, validators and ranges."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

import skytells.local
from skytells.local.json_values import JsonObject

PICTURE: JsonObject = {"prompt": "a fox", "width": 64, "height": 64}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The URL of a picture on a platform that stands still."""
    with skytells.local.serve(speed=0) as platform:
        order = {"model": "flux-pro", "input": PICTURE}
        headers = {"x-api-key": platform.key}
        httpx.post(f"{platform.url}/predict", json=order, headers=headers)
        platform.advance(60.0)
        yield platform.predictions[0]["output"][0]


def test_an_asset_says_what_it_is_and_how_large(url: str) -> None:
    answer = httpx.get(url)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["accept-ranges"] == "bytes"
    assert int(answer.headers["content-length"]) == len(answer.content) == 9216
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_head_answers_the_same_headers_without_a_body(url: str) -> None:
    head, whole = httpx.head(url), httpx.get(url)
    assert head.content == b""
    for name in ("content-length", "content-type", "etag", "accept-ranges"):
        assert head.headers[name] == whole.headers[name]
    assert httpx.head(url, headers={"range": "bytes=1-2"}).status_code == 200


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=100-199", 100, 199),
        ("bytes=9000-", 9000, 9215),
        ("bytes=9000-99999", 9000, 9215),
        ("bytes=-16", 9200, 9215),
        ("bytes=-99999", 0, 9215),
        ("Bytes= 0-", 0, 9215),
    ],
)
def test_a_range_is_a_part_of_the_whole(url: str, asked: str, first: int, last: int) -> None:
    whole, part = httpx.get(url).content, httpx.get(url, headers={"range": asked})
    assert part.status_code == 206
    assert part.headers["content-range"] == f"bytes {first}-{last}/9216"
    assert int(part.headers["content-length"]) == len(part.content)
    assert part.content == whole[first : last + 1]


@pytest.mark.parametrize("asked", ["bytes=9216-", "bytes=5-4", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused_with_the_size(url: str, asked: str) -> None:
    answer = httpx.get(url, headers={"range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == "bytes */9216"


@pytest.mark.parametrize("asked", ["bytes=-", "bytes=0-1,4-5", "pages=1-2", "bytes=x-", ""])
def test_an_unsupported_range_is_ignored(url: str, asked: str) -> None:
    answer = httpx.get(url, headers={"range": asked})
    assert (answer.status_code, len(answer.content)) == (200, 9216)


def test_a_download_is_resumed_only_if_the_asset_is_still_the_same(url: str) -> None:
    etag, rest = httpx.get(url).headers["etag"], {"range": "bytes=9000-"}
    assert httpx.get(url, headers={**rest, "if-range": etag}).status_code == 206
    assert httpx.get(url, headers={**rest, "if-range": '"other"'}).status_code == 200


def test_an_asset_that_is_known_is_not_sent_again(url: str) -> None:
    etag = httpx.get(url).headers["etag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = httpx.get(url, headers={"if-none-match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
    assert httpx.get(url, headers={"if-none-match": '"other"'}).status_code == 200
