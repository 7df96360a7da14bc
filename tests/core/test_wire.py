"""Requests, replies and bodies: what may go over the wire, and what may come back."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skytells._core.wire import MAX_ERROR_BODY, BodyReader, Origin, Reply, WireRequest, path, target
from skytells._data.checks import clean
from skytells.errors import InvalidRequestError, InvalidResponseError, ServerError

from .support import json_values, reply

# Origins


@pytest.mark.parametrize(
    ("origin", "netloc"),
    [
        (Origin("https", "api.example.com", 443), "api.example.com"),
        (Origin("https", "api.example.com", 8443), "api.example.com:8443"),
        (Origin("http", "localhost", 80), "localhost"),
        (Origin("http", "localhost", 443), "localhost:443"),
        (Origin("http", "::1", 8000), "[::1]:8000"),
    ],
)
def test_origin_leaves_out_the_standard_port(origin: Origin, netloc: str) -> None:
    assert origin.netloc == netloc
    assert str(origin) == f"{origin.scheme}://{netloc}"


def test_wire_request_shows_neither_headers_nor_body() -> None:
    origin = Origin("https", "h", 443)
    request = WireRequest("POST", origin, "/v1", [(b"x-api-key", b"sk-1")], b"secret", True, 1)
    assert "sk-1" not in repr(request)
    assert "secret" not in repr(request)
    assert "/v1" in repr(request)


# Paths and queries


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ("p1", "p1"),
        ("vendor/slug", "vendor%2Fslug"),
        ("../models", "..%2Fmodels"),
        ("...", "..."),
        ("a?b#c", "a%3Fb%23c"),
        ("a b", "a%20b"),
        ("50%", "50%25"),
        ("%2e%2e", "%252e%252e"),
        ("FLUX.2-pro", "FLUX.2-pro"),
        ("è", "%C3%A8"),
        ("{id}", "%7Bid%7D"),
        ("x" * 512, "x" * 512),
    ],
)
def test_path_encodes_a_value_as_one_segment(value: str, encoded: str) -> None:
    assert path("/predictions/{id}/cancel", value) == f"/predictions/{encoded}/cancel"


@pytest.mark.parametrize(
    "value", ["", " ", "\t", ".", "..", "a\n", "a\x00b", "\x7f", "x" * 513, "\ud800"]
)
def test_path_refuses_what_is_no_segment(value: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"^id must be 1 to 512 characters"):
        path("/predictions/{id}", value)


@pytest.mark.parametrize("value", [None, 5, b"p1", ["p1"]])
def test_path_refuses_what_is_no_string(value: object) -> None:
    with pytest.raises(InvalidRequestError, match=r"^slug must be a string, not"):
        path("/model/{slug}", value)


def test_path_fills_places_in_order() -> None:
    assert path("/a/{x}/b/{y}", "{y}", "2") == "/a/%7By%7D/b/2"


@settings(max_examples=80)
@given(st.text(min_size=1, max_size=40))
def test_path_keeps_any_value_within_its_segment(value: str) -> None:
    try:
        filled = path("/predictions/{id}/x", value)
    except InvalidRequestError:
        return
    head, segment, tail = filled.removeprefix("/").split("/")
    assert (head, unquote(segment), tail) == ("predictions", value, "x")
    assert not set("?#\\ \n") & set(filled)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ((), "/v1/models"),
        ((("a", "b&page=9"), ("c", "d e")), "/v1/models?a=b%26page%3D9&c=d+e"),
    ],
)
def test_target_encodes_the_query(params: tuple[tuple[str, str], ...], expected: str) -> None:
    assert target("/v1", "/models", params) == expected


@settings(max_examples=60)
@given(st.lists(st.tuples(st.text(min_size=1), st.text()), min_size=1, max_size=4))
def test_target_round_trips_any_query(params: list[tuple[str, str]]) -> None:
    encoded = target("", "/x", tuple(params))
    assert parse_qsl(encoded.partition("?")[2], keep_blank_values=True) == params
    assert encoded.isascii()


def test_target_refuses_what_utf8_cannot_carry() -> None:
    with pytest.raises(InvalidRequestError, match="query"):
        target("", "/x", (("model", "\ud800"),))


# Text of servers


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  plain  ", "plain"),
        ("two\r\nlines", "two lines"),
        ("\x1b[2Jred", "[2Jred"),
        ("a\u202etxt.exe\u2066b\u00ad", "a txt.exe b"),
        ("\u200b\ufeff", ""),
        ("naïve 東京 🦊", "naïve 東京 🦊"),
    ],
)
def test_clean_makes_one_printable_line(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_clean_bounds_length() -> None:
    assert clean("x" * 500) == "x" * 500
    assert clean("x" * 501) == "x" * 500 + "…"
    assert clean("ab" * 10**6, 3) == "aba…"


# Bodies


def read(
    chunks: list[bytes],
    headers: dict[str, str] | None = None,
    status: int = 200,
    limit: int = 2**20,
) -> bytes:
    reader = BodyReader(status, headers or {}, limit)
    for chunk in chunks:
        reader.feed(chunk)
        if reader.enough:
            break
    return reader.finish()


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)]


GZIP = {"content-encoding": "gzip"}
TEXT = json.dumps({"a": ["è" * 50] * 20}).encode()


@pytest.mark.parametrize("size", [1, 2, 7, 100_000])
@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("", bytes),
        ("identity", bytes),
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        (" GZip ", gzip.compress),
    ],
)
def test_body_is_read_in_chunks_of_any_size(encoding: str, encode: Any, size: int) -> None:
    assert read(cut(encode(TEXT), size), {"content-encoding": encoding}) == TEXT


@pytest.mark.parametrize("size", [1, 100_000])
def test_body_of_several_gzip_members_is_joined(size: int) -> None:
    data = gzip.compress(TEXT[:50]) + gzip.compress(b"") + gzip.compress(TEXT[50:])
    assert read(cut(data, size), GZIP) == TEXT


def test_body_that_is_empty_needs_no_gzip_trailer() -> None:
    assert read([], GZIP) == b""
    assert read([], {}) == b""


@pytest.mark.parametrize("missing", [1, 4, 8, 12])
def test_body_of_cut_gzip_is_refused(missing: int) -> None:
    with pytest.raises(InvalidResponseError, match="cut short") as caught:
        read([gzip.compress(TEXT)[:-missing]], GZIP)
    assert caught.value.http_status == 200


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        TEXT,
        gzip.compress(TEXT)[:-8] + b"\x00" * 8,
        b"\x1f\x8b\x08\x00" + b"\xff" * 40,
        gzip.compress(TEXT) + b"garbage",
        zlib.compress(TEXT),
    ],
    ids=["json", "text", "wrong checksum", "wrong blocks", "garbage after", "zlib"],
)
def test_body_that_is_no_gzip_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidResponseError, match="not the gzip"):
        read([data], GZIP)


@pytest.mark.parametrize("encoding", ["br", "deflate", "zstd", "gzip, gzip", "\x1b[31m" * 50])
def test_body_in_another_encoding_is_refused(encoding: str) -> None:
    with pytest.raises(InvalidResponseError, match="was not asked for") as caught:
        read([TEXT], {"content-encoding": encoding})
    assert caught.value.error_id == "INVALID_RESPONSE"
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("headers", [{}, GZIP])
@pytest.mark.parametrize("size", [1, 100, 100_000])
def test_body_may_be_as_large_as_the_limit_but_no_larger(
    headers: dict[str, str], size: int
) -> None:
    body = random.Random(1).randbytes(1024)
    wire = gzip.compress(body) if headers else body
    assert read(cut(wire, size), headers, limit=1024) == body
    with pytest.raises(InvalidResponseError, match=r"larger than max_response_bytes \(1,023 "):
        read(cut(wire, size), headers, limit=1023)


def test_body_that_is_a_bomb_is_refused_before_it_is_decoded() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    reader = BodyReader(200, GZIP, 4096)
    with pytest.raises(InvalidResponseError, match="larger than"):
        reader.feed(bomb)
    assert len(reader.finish()) <= 4097


@pytest.mark.parametrize("declared", ["4097", "99999999999"])
def test_body_declared_too_large_is_refused_unread(declared: str) -> None:
    with pytest.raises(InvalidResponseError, match="larger than"):
        BodyReader(200, {"content-length": declared}, 4096)


@pytest.mark.parametrize("declared", ["", "4096", "-1", "abc", "1e9", "²", "9" * 30])
def test_body_with_a_declared_length_that_says_nothing_is_read(declared: str) -> None:
    assert read([TEXT], {"content-length": declared}) == TEXT


@pytest.mark.parametrize("headers", [{}, GZIP, {"content-length": "99999999"}])
@pytest.mark.parametrize("status", [400, 429, 500, 599])
def test_body_of_an_error_is_cut_rather_than_refused(status: int, headers: dict[str, str]) -> None:
    page = b"x" * 5000
    wire = gzip.compress(page) if headers == GZIP else page
    assert read(cut(wire, 10), headers, status, limit=4096) == page[:4096]
    assert read([wire], headers, status, limit=4096) == page[:4096]


def test_body_of_an_error_is_read_up_to_a_megabyte() -> None:
    reader = BodyReader(500, {}, 2**30)
    reader.feed(b"x" * MAX_ERROR_BODY)
    reader.feed(b"y")
    assert reader.enough
    assert reader.finish() == b"x" * MAX_ERROR_BODY


def test_body_of_a_success_never_has_enough() -> None:
    reader = BodyReader(200, {}, 4)
    reader.feed(b"1234")
    assert not reader.enough


@settings(max_examples=80)
@given(st.binary(max_size=2000), st.integers(1, 500), st.booleans())
def test_any_body_is_read_as_it_was_sent(data: bytes, size: int, zipped: bool) -> None:
    wire = gzip.compress(data) if zipped else data
    assert read(cut(wire, size), GZIP if zipped else {}) == data


@settings(max_examples=80)
@given(st.binary(max_size=200))
def test_any_bytes_as_gzip_are_read_or_refused(data: bytes) -> None:
    with suppress(InvalidResponseError):
        assert read([data], GZIP) == (gzip.decompress(data) if data else b"")


# JSON


@settings(max_examples=80)
@given(json_values)
def test_json_of_a_reply_is_read(value: object) -> None:
    assert reply(value).json() == value


@pytest.mark.parametrize("body", [b"", b"  ", b"\r\n\t", b"null", b"\xef\xbb\xbfnull"])
def test_json_of_nothing_is_none(body: bytes) -> None:
    assert Reply(200, {}, body).json() is None


def test_json_is_read_past_a_byte_order_mark() -> None:
    assert Reply(200, {}, b'\xef\xbb\xbf{"a": 1}').json() == {"a": 1}


def test_json_keeps_the_last_of_two_equal_keys() -> None:
    assert Reply(200, {}, b'{"a": 1, "a": 2}').json() == {"a": 2}


def test_json_is_read_whatever_its_content_type_says() -> None:
    assert Reply(200, {"content-type": "text/plain"}, b'{"a": 1}').json() == {"a": 1}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": "\xff\xfe"}',
        b'{"a": "\\ud800"}',
        b'{"a": 1} trailing',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        '{"a": 1}'.encode("utf-16"),
    ],
)
@pytest.mark.parametrize("kind", ["", "application/json", "application/problem+json; charset=x"])
def test_json_that_is_none_is_refused(body: bytes, kind: str) -> None:
    with pytest.raises(InvalidResponseError, match="not valid JSON") as caught:
        Reply(200, {"content-type": kind}, body).json()
    assert (caught.value.error_id, caught.value.http_status) == ("INVALID_JSON", 200)
    assert isinstance(caught.value.details, str)
    assert caught.value.details.startswith("Status: 200, Content: ")
    assert len(caught.value.details) < 400
    assert caught.value.details.isprintable()
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("status", [200, 203])
def test_page_where_json_is_due_is_a_server_error(status: int) -> None:
    page = Reply(status, {"content-type": "text/html; charset=utf-8"}, b"<html>\nLog in\n</html>")
    with pytest.raises(ServerError, match=f"answered {status} with text/html") as caught:
        page.json()
    assert type(caught.value) is ServerError
    assert (caught.value.error_id, caught.value.http_status) == ("SERVER_ERROR", status)
    assert caught.value.details == f"Status: {status}, Content: <html> Log in </html>"


def test_reply_shows_neither_headers_nor_body() -> None:
    assert repr(Reply(200, {"x": "secret"}, b"secret")) == "Reply(status=200)"
