"""Whatever a server streams: the same comes of it however it is cut into chunks.

The property tests and the fuzz target (`fuzz/fuzz_stream.py`) hold any bytes against `judge_stream`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from skytells.chat.requests import CHUNKS
from skytells.errors import InvalidResponseError, SkytellsError
from skytells.orchestrator.requests import OPERATIONS
from skytells.predictions.events import PredictionEventParser, is_last
from skytells.responses.requests import EVENTS
from skytells.streaming import EventDecoder, Format, Limits, LineDecoder
from skytells.streaming.decoders import Decoder, Event
from skytells.streaming.reading import Reading

MOST: Final = 64
"""A small bound, in bytes, for what may be kept of an event."""
CALLS_PER_BYTE: Final = 30


def decoded(decoder: Decoder, chunks: Iterable[bytes]) -> list[Event]:
    """All events of a stream."""
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    return events + decoder.finish()


def slowly(data: bytes) -> list[Event]:
    """Server-sent events by the letter of the standard, but that the last may lack its blank line."""
    lines = [""]
    text = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    for place, character in enumerate(text):
        if character == "\n" and text[place - 1 : place] == "\r":
            continue
        if character in "\r\n":
            lines.append("")
        else:
            lines[-1] += character
    events: list[Event] = []
    name, parts = "", list[str]()
    for line in [*lines, ""]:
        if not line:
            if parts:
                events.append((name, "\n".join(parts).encode("utf-8", "surrogateescape")))
            name, parts = "", []
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        elif field == "data":
            parts.append(value)
    return events


def _told() -> Format[Any]:
    return Format(EventDecoder, PredictionEventParser("p1").read, is_last, paid=False)


FORMS: Final[Mapping[str, Callable[[], Format[Any]]]] = {
    "chat": lambda: CHUNKS,
    "responses": lambda: EVENTS,
    "lines": lambda: OPERATIONS,
    "prediction": _told,
}
"""The forms of streams, by a short name."""


def judge_stream(form: str, chunks: Sequence[bytes]) -> object:
    """Hold a stream against what must be true of any.

    Returns:
        What came of it: the items, and how it ended. What is raised is a defect.
    """
    data = b"".join(chunks)
    single = [data[place : place + 1] for place in range(len(data))]
    kind = EventDecoder if FORMS[form]().decoder is EventDecoder else LineDecoder
    events = decoded(kind(), chunks)
    assert events == decoded(kind(), [data]) == decoded(kind(), single)
    if kind is EventDecoder:
        assert events == slowly(data)
    for pieces in (chunks, single):
        _check_bounds(kind, pieces)
    outcome = _read(FORMS[form](), chunks)
    assert outcome == _read(FORMS[form](), [data]) == _read(FORMS[form](), single)
    return outcome


def read_stream_case(data: bytes) -> tuple[str, list[bytes]]:
    """A form and its chunks from bytes; any will do.

    The first line names the form; a form feed begins a new chunk.
    """
    name, _, rest = data.partition(b"\n")
    form = name.decode("latin-1")
    return form if form in FORMS else "prediction", rest.split(b"\f")


def _read(form: Format[Any], chunks: Iterable[bytes]) -> tuple[list[Any], str]:
    """What a reader has had in the end, and how it ended."""
    reading = Reading(form, Limits(None, None))
    try:
        for chunk in [*filter(None, chunks), b""]:
            if not reading.ended:
                list(reading.feed(chunk))
    except SkytellsError as error:
        failure = reading.failed(error)
        assert failure.message.isprintable()
        assert failure.received == tuple(reading.received)
        return reading.received, str(failure.error_id)
    return reading.complete(), "complete"


def _check_bounds(kind: type[EventDecoder | LineDecoder], chunks: Iterable[bytes]) -> None:
    """What is kept of an event is bounded, and what a byte costs does not depend on those before."""
    decoder = kind(MOST)
    fed = calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        del frame, argument
        calls += event in {"call", "c_call"}

    def feed(chunk: bytes) -> None:
        before = sys.getprofile()
        sys.setprofile(count)
        try:
            decoder.feed(chunk)
        finally:
            sys.setprofile(before)

    with suppress(InvalidResponseError):  # an event that is too large
        for chunk in chunks:
            feed(chunk)
            fed += len(chunk) + 1
            state: dict[str, object] = vars(decoder)
            kept = [value for value in state.values() if isinstance(value, bytearray)]
            assert sum(map(len, kept)) <= MOST
            assert calls <= CALLS_PER_BYTE * fed
