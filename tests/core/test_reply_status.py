"""An error that is raised while a reply is read has the status of that reply."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from skytells.embeddings.create import embed
from skytells.errors import NetworkError, SkytellsError
from skytells.streaming.reading import Limits, Opened, Reading

from ..streaming.any_stream import FORMS
from .anything import CALLS, judge
from .support import Hand, config, reply, script

STATUSES = [200, 201, 202]
WRONG: dict[str, bytes] = {
    "no JSON": b"<p>",
    "text": b'"p1"',
    "a number": b"1",
    "an array of numbers": b"[1]",
    "refused": b'{"success": false}',
    "an acknowledgement in words": b'{"success": "no"}',
    "a failure": b'{"status": false, "message": "No."}',
    "an error": b'{"error": {"message": "No."}}',
    "another": b'{"id": "p2"}',
    "no choices": b'{"id": "p1", "choices": []}',
    "no answer": json.dumps(
        {"id": "p1", "choices": [{"message": {"content": ""}, "finish_reason": "stop"}]}
    ).encode(),
    "a failed response": b'{"output": [], "status": "failed"}',
}
JSON_TYPE = {"content-type": "application/json", "x-request-id": "r1"}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", sorted(CALLS))
def test_error_of_a_reply_has_its_status_and_its_request_id(name: str, status: int) -> None:
    errors = [judge(CALLS[name](), status, JSON_TYPE, [body]) for body in WRONG.values()]
    found = [(error.http_status, error.request_id) for error in errors if error is not None]
    assert len(found) >= 4
    assert set(found) == {(status, "r1")}


def test_status_that_the_body_of_a_success_states_is_kept() -> None:
    body = {"error": {"message": "Slow down.", "status": 429}}
    with pytest.raises(SkytellsError) as caught:
        Hand(script(reply(body, 202)), config(retries=0)).perform(CALLS["chat"]())
    assert caught.value.http_status == 429


class NoBody:
    closed = True

    def abandon(self) -> None:
        """There is nothing to let go of."""


EVENTS: dict[str, bytes] = {
    "no JSON": b"<p>",
    "no object": b"[1]",
    "an error": b'{"error": {"message": "No."}}',
    "too large": b"x" * 100,
}


def _reading(form: str, status: int) -> Reading[Any]:
    shape = FORMS[form]()
    decoder: Any = shape.decoder
    reading = Reading(replace(shape, decoder=lambda: decoder(90)), Limits(None, None))
    reading.open(Opened(NoBody(), status, {"x-request-id": "r1"}, bytes), 0.0)
    return reading


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("form", ["chat", "responses", "lines"])
def test_error_inside_a_stream_has_the_status_of_the_reply_that_opened_it(
    form: str, event: str, status: int
) -> None:
    reading = _reading(form, status)
    start = b"" if form == "lines" else b"data: "
    with pytest.raises(SkytellsError) as caught:
        list(reading.feed(start + EVENTS[event] + b"\n\n"))
    error = reading.failed(caught.value)
    assert (error.http_status, error.request_id) == (status, "r1")


def test_error_of_the_connection_inside_a_stream_has_no_status() -> None:
    reading = _reading("chat", 201)
    with pytest.raises(NetworkError) as caught:
        list(reading.feed(b""))
    assert reading.failed(caught.value).http_status == 0


@pytest.mark.parametrize("status", STATUSES)
def test_vectors_of_the_wrong_length_have_the_status_of_their_reply(status: int) -> None:
    answer = reply({"data": [{"embedding": [1.0]}]}, status)
    with pytest.raises(SkytellsError) as caught:
        Hand(script(answer)).perform(embed("m", "a", {"dimensions": 2}))
    assert caught.value.http_status == status
