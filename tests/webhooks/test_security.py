"""Rows 17 and 18 of the security checklist: what is believed of a webhook, and for how long."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import pickle
import traceback
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import skytells
from skytells import ConfigurationError, InvalidRequestError, SkytellsError, WebhookSignatureError
from skytells.webhooks import (
    SIGNATURE_HEADER,
    WebhookEvent,
    WebhookHandler,
    parse_event,
    sign,
    verify_signature,
)

KEY = "whsec_test"
BODY = b'{"id":"p1","status":"succeeded","output":["https://x/1.png"]}'
GOOD = hmac.new(KEY.encode(), BODY, hashlib.sha256).hexdigest()


def flipped(digits: str) -> str:
    return f"{int(digits[0], 16) ^ 1:x}{digits[1:]}"


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (BODY, GOOD),
        (BODY, GOOD.upper()),
        (BODY, f"  {GOOD}\r\n"),
        (bytearray(BODY), GOOD),
        ('{"id":"é"}'.encode(), None),
        (b"\xff\xfe not UTF-8", None),
        (b"", None),
    ],
    ids=["valid", "upper case", "white space", "bytearray", "not ASCII", "not UTF-8", "empty"],
)
def test_row_17_genuine_signature_is_accepted(body: bytes, header: str | None) -> None:
    verify_signature(body, header or sign(body, KEY), KEY)


REJECTED: dict[str, Any] = {
    "one bit flipped": flipped(GOOD),
    "wrong key": sign(BODY, "whsec_other"),
    "empty": "",
    "none": None,
    "63 digits": GOOD[:63],
    "65 digits": GOOD + "0",
    "half of it": GOOD[:32],
    "no hexadecimal digits": "z" * 64,
    "letters beyond ASCII": "é" * 64,
    "full-width digits": "".join(chr(ord(c) + 0xFEE0) for c in GOOD),
    "a zero byte inside": f"{GOOD[:32]}\x00{GOOD[32:]}",
    "a prefix": f"sha256={GOOD}",
    "a version": f"v1,{GOOD}",
    "two of them": f"{GOOD}, {GOOD}",
    "base64": base64.b64encode(bytes.fromhex(GOOD)).decode(),
    "a megabyte": "a" * 1_000_000,
    "a megabyte of space": " " * 1_000_000 + GOOD,
    "SHA-1": hmac.new(KEY.encode(), BODY, hashlib.sha1).hexdigest(),
    "no key at all": hashlib.sha256(BODY).hexdigest(),
    "bytes": GOOD.encode(),
    "a list": [GOOD],
    "a number": int(GOOD, 16),
}


@pytest.mark.parametrize("header", REJECTED.values(), ids=REJECTED)
def test_row_17_signature_that_is_not_genuine_is_refused(header: Any) -> None:
    with pytest.raises(WebhookSignatureError) as caught:
        verify_signature(BODY, header, KEY)
    assert caught.value.error_id == "WEBHOOK_SIGNATURE_INVALID"
    assert GOOD not in f"{caught.value!r}{vars(caught.value)}"


@pytest.mark.parametrize(
    "body",
    [
        BODY + b"\n",
        json.dumps(json.loads(BODY)).encode(),
        BODY[:-1],
        b"",
        BODY.decode(),
        None,
        json.loads(BODY),
    ],
    ids=["newline", "written again", "cut", "empty", "text", "none", "parsed"],
)
def test_row_17_body_that_is_not_as_it_arrived_is_refused(body: Any) -> None:
    with pytest.raises(WebhookSignatureError):
        verify_signature(body, GOOD, KEY)


@pytest.mark.parametrize("key", ["", None, 5, [KEY], KEY.encode(), " "], ids=repr)
@pytest.mark.parametrize("further", [(), (KEY,)], ids=["alone", "beside a good one"])
def test_row_17_key_that_cannot_be_one_verifies_nothing(key: Any, further: tuple[str, ...]) -> None:
    if key == " " and further:
        return  # it is a key, though none of ours
    made_without = hmac.new(b"", BODY, hashlib.sha256).hexdigest()
    for header in (GOOD, made_without):
        with pytest.raises(WebhookSignatureError):
            verify_signature(BODY, header, key, *further)


def test_row_17_without_keys_nothing_is_genuine(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WebhookSignatureError):
        verify_signature(BODY, GOOD)
    with pytest.raises(ConfigurationError, match="SKYTELLS_WEBHOOK_SECRET"):
        WebhookHandler()
    for key in ("", " ", None, 5):
        with pytest.raises(ConfigurationError, match="string that is not empty"):
            WebhookHandler(key)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_row_17_each_of_several_keys_verifies() -> None:
    for key in ("sk-old", "sk-new", "clé", "\ud800"):
        verify_signature(BODY, sign(BODY, key), "sk-old", "sk-new", "clé", "\ud800")
    with pytest.raises(ConfigurationError):
        sign(BODY, "")


@given(
    body=st.binary(max_size=64) | st.text(max_size=8) | st.none(),
    header=st.text(max_size=70) | st.binary(max_size=8) | st.none() | st.integers(),
    key=st.text(max_size=8) | st.none() | st.integers() | st.lists(st.text(max_size=2)),
)
@example(body=b"", header="\ud800" * 64, key="\ud800")
def test_row_17_nothing_but_one_error_comes_of_it(body: Any, header: Any, key: Any) -> None:
    with pytest.raises(WebhookSignatureError):
        verify_signature(body, header, key)


NAME = SIGNATURE_HEADER
BAD = flipped(GOOD)
PACKAGE = str(Path(skytells.__file__).parent)

ACCEPTED_HEADERS: dict[str, Any] = {
    "exact": {NAME: GOOD},
    "lower case": {NAME.lower(): GOOD},
    "a list of one": {NAME: [GOOD]},
    "pairs": [("content-type", "application/json"), (NAME, GOOD)],
    "pairs of bytes": [(NAME.lower().encode(), GOOD.encode())],
    "a tuple of pairs": ((NAME, GOOD),),
}
REFUSED_HEADERS: dict[str, Any] = {
    "missing": {},
    "another name": {"X-Signature": GOOD},
    "duplicated, good first": [(NAME, GOOD), (NAME, BAD)],
    "duplicated, bad first": [(NAME, BAD), (NAME, GOOD)],
    "duplicated, both good": [(NAME, GOOD), (NAME, GOOD)],
    "two spellings": {NAME: GOOD, NAME.lower(): BAD},
    "a list of two": {NAME: [GOOD, BAD]},
    "an empty list": {NAME: []},
    "none as value": {NAME: None},
    "a number as value": {NAME: 5},
    "none": None,
    "a number": 5,
    "text": GOOD,
    "pairs of three": [(NAME, GOOD, "")],
    "keys alone": [NAME],
    "keys that are no text": {5: GOOD},
}


@pytest.mark.parametrize("headers", ACCEPTED_HEADERS.values(), ids=ACCEPTED_HEADERS)
def test_row_17_header_is_found_however_it_is_handed_in(headers: Any) -> None:
    assert WebhookHandler(KEY).receive(BODY, headers).prediction.id == "p1"


@pytest.mark.parametrize("headers", REFUSED_HEADERS.values(), ids=REFUSED_HEADERS)
def test_row_17_header_that_is_not_there_once_is_refused(headers: Any) -> None:
    with pytest.raises(WebhookSignatureError):
        WebhookHandler(KEY).receive(BODY, headers)


@pytest.mark.parametrize("body", [b"not JSON", b"{}", b"[1]", b"\xff", BODY])
def test_row_17_body_is_not_read_before_it_is_verified(
    body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[bytes] = []
    monkeypatch.setattr("skytells.webhooks.handler.parse_event", read.append)
    with pytest.raises(WebhookSignatureError):
        WebhookHandler(KEY).receive(body, {NAME: BAD})
    assert read == []


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"null", b"7", b"[]", b'"p1"', b"{", b"\xff\xfe", b"{}", b'{"id":null}'),
        *(b'{"id":""}', b'{"id":true}', b'{"id":["p1"]}', b'{"data":{"id":null}}', b'{"data":7}'),
        *(b'{"id":NaN}', b"[" * 100_000, b'{"type":"prediction.failed","data":[]}'),
    ],
    ids=lambda body: repr(body[:20]),
)
def test_row_17_genuine_nonsense_is_refused_as_such(body: bytes) -> None:
    with pytest.raises(InvalidRequestError, match="400"):
        WebhookHandler(KEY).receive(body, {NAME: sign(body, KEY)})


@given(
    st.binary(max_size=60) | st.text(max_size=60) | st.dictionaries(st.text(max_size=4), st.none())
)
def test_row_17_reading_raises_nothing_foreign(body: Any) -> None:
    try:
        parse_event(body)
    except SkytellsError:
        return


def test_row_17_keys_show_themselves_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    secret = "whsec-never-to-be-seen"
    handler = WebhookHandler(secret)
    assert secret not in f"{handler!r}{vars(handler)!r}"
    with pytest.raises(ConfigurationError):
        pickle.dumps(vars(handler)["_keys"])
    with caplog.at_level(logging.DEBUG):
        for body, header in ((BODY, BAD), (b"{}", sign(b"{}", secret))):
            with pytest.raises(SkytellsError) as caught:
                handler.receive(body, {NAME: header})
            for frame, _ in traceback.walk_tb(caught.value.__traceback__):
                if frame.f_code.co_filename.startswith(PACKAGE):
                    assert secret not in repr(frame.f_locals)
            assert secret not in f"{caught.value!r}{vars(caught.value)}"
    assert secret not in caplog.text


# Row 18: signatures carry no time, so a delivery that somebody kept verifies for ever.

NOW = 1_767_225_600.0  # 2026-01-01T00:00:00Z


def replayed(told_at: str | None, tolerance: float | None, wrapped: bool) -> WebhookEvent:
    prediction: dict[str, Any] = {"id": "p1", "status": "succeeded"}
    said: dict[str, Any] = prediction
    if wrapped:
        said = {"type": "prediction.succeeded", "created_at": told_at, "data": prediction}
    elif told_at is not None:
        said = prediction | {"updated_at": told_at, "completed_at": "2020-01-01T00:00:00Z"}
    body = json.dumps(said).encode()
    handler = WebhookHandler(KEY, tolerance=tolerance, wall_clock=lambda: NOW)
    return handler.receive(body, {NAME: sign(body, KEY)})


@pytest.mark.parametrize("wrapped", [False, True], ids=["flat", "wrapped"])
@pytest.mark.parametrize(
    ("told_at", "fresh"),
    [
        ("2026-01-01T00:00:00Z", True),
        ("2025-12-31T23:55:00.000000Z", True),
        ("2026-01-01T01:05:00+01:00", True),
        ("2025-12-31T23:54:59Z", False),
        ("2026-01-01T00:05:01Z", False),
        ("yesterday", False),
        (None, False),
    ],
)
def test_row_18_event_out_of_tolerance_is_refused(
    told_at: str | None, fresh: bool, wrapped: bool
) -> None:
    assert replayed(told_at, None, wrapped).prediction.id == "p1"
    if fresh:
        assert replayed(told_at, 300, wrapped).prediction.id == "p1"
    else:
        with pytest.raises(WebhookSignatureError, match=r"seconds old|when it was made"):
            replayed(told_at, 300, wrapped)


@pytest.mark.parametrize("tolerance", [0, -1, True, "300", float("nan"), float("inf"), 10**400])
def test_row_18_tolerance_that_is_none_is_refused(tolerance: Any) -> None:
    with pytest.raises(ConfigurationError, match="tolerance"):
        WebhookHandler(KEY, tolerance=tolerance)


@pytest.mark.parametrize("wrapped", [False, True], ids=["flat", "wrapped"])
def test_row_18_replay_is_acted_on_once(wrapped: bool) -> None:
    handler = WebhookHandler(KEY)
    seen: list[str] = []

    @handler.on("*")
    def note(event: WebhookEvent) -> None:
        seen.append(str(event.type))

    for status in ("started", "succeeded", "cancelled") * 3:
        said: dict[str, Any] = {"id": "p1", "status": status}
        body = json.dumps({"type": f"prediction.{status}", "data": said} if wrapped else said)
        handler.handle(body.encode(), {NAME: sign(body.encode(), KEY)})
    assert seen == ["started", "completed", "canceled"]
