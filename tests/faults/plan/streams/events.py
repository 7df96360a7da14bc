"""Events that nobody can read, that are odd, too many or too large."""

from __future__ import annotations

from skytells import InvalidResponseError
from skytells.streaming import decoders

from ....behaviour.events import END, chunk
from ....behaviour.misbehaving import Peer
from ....behaviour.steps import reply
from ...cases import Fault, block, shown
from ...forms import Form, end, flooding, junk, said, speaks, whole
from ...stage import Stage
from .due import EVENTFUL, broken, faults, heard, looked, orchestrated, piece


def huge(form: Form) -> bytes:
    return form.said.replace(b"Hi", b"x" * 3_000_000)


def overflowing(peer: Peer) -> None:
    while True:
        peer.send(chunk(b": more\n\n"))


def unasked(peer: Peer) -> None:
    # With the end, at one blow: what comes after the next request was sent would pass for its answer.
    peer.send(END + reply({"id": "p9", "status": "succeeded"}))


# It says what nobody can read

unreadable: list[Fault] = faults(
    66,
    {**broken(InvalidResponseError, "INVALID_JSON", 200, received=1), **looked(None)},
    [
        (f"An event that is {shown(data)}", speaks(said, junk(data), end))
        for data in (b"{", b"nonsense", b"{}{}", b"NaN", b"\xff\xfe", b"\0\0\0\0", b"{'a': 1}")
    ],
)
unreadable += faults(
    73,
    {**broken(InvalidResponseError, "INVALID_RESPONSE", 200, received=1), **looked(None)},
    [
        (f"An event that is {shown(data)}", speaks(said, junk(data), end))
        for data in (b"[1]", b"null", b"7", b'"text"')
    ],
)
unreadable += faults(
    77,
    {**broken(InvalidResponseError, "INVALID_RESPONSE", 200, on=EVENTFUL, received=1), **looked()},
    [("An event without data", speaks(said, b"data\n\n", end))],
)
unreadable += faults(
    78,
    {**broken(InvalidResponseError, "INVALID_JSON", 200, received=1), **looked(None)},
    [
        (
            "JSON nested a hundred thousand times",
            speaks(said, junk(b'{"a":' * 100_000 + b"1" + b"}" * 100_000), end),
        )
    ],
)

# It is lawful, and odd

lawful: list[Fault] = faults(
    79,
    {**heard(), **looked()},
    [
        ("Everything in one chunk", speaks(whole)),
        ("Each byte in a chunk", speaks(*(piece(place) for place in range(130)))),
        ("CR and LF", speaks(lambda form: form.whole.replace(b"\n", b"\r\n"))),
        ("A byte order mark", speaks(b"\xef\xbb\xbf", whole)),
        ("Its last event without what ends it", speaks(lambda form: form.whole.rstrip(b"\n"))),
        ("A length instead of chunks", speaks(whole, framing="length")),
        ("An end of the connection instead of chunks", speaks(whole, framing="close")),
        ("Empty lines in between", speaks(b"\n\n\n", said, b"\n\n", end)),
    ],
)
lawful += faults(
    87,
    {**heard(on=EVENTFUL), **looked()},
    [
        ("CR alone", speaks(lambda form: form.whole.replace(b"\n", b"\r"))),
        ("Comments", speaks(b": hi\n\n", said, b":\n\n", end)),
        ("Ids and pauses", speaks(b"id: 7\nretry: 9\n\n", said, b"id: 8\n", end)),
        ("No space after the colon", speaks(lambda form: form.whole.replace(b": ", b":"))),
        ("Fields that there are not", speaks(b"novel: x\n", said, b"datax: {\n\n", end)),
    ],
)
lawful += faults(
    92,
    {**heard("x" * 3_000_000), **looked("x" * 3_000_000)},
    [("An event of three megabytes", speaks(huge, end))],
)

# It goes on after its end

trailing: list[Fault] = faults(
    93,
    {**heard(on=EVENTFUL), **looked()},
    [
        ("More events after the last", speaks(whole, said, said)),
        ("Junk after the last", speaks(whole, junk(b"{"), b"\xff\n\n")),
        ("An error after the last", speaks(whole, junk(b'{"error": "late"}'))),
        ("Silence after the last", speaks(whole, framing="cut", then=Peer.hold)),
        ("Events without end after the last", speaks(whole, framing="cut", then=overflowing)),
        ("Closed after the last, within a chunk", speaks(whole, framing="cut")),
    ],
)
trailing += faults(
    99,
    {**heard(on=EVENTFUL), **looked()},
    [
        (
            "Another answer behind it, which nobody asked for",
            speaks(whole, framing="cut", then=unasked),
        )
    ],
)

# It is too much


def small(stage: Stage) -> None:
    """An event may have a hundred thousand bytes."""
    orchestrated(stage)
    for decoder in (decoders.EventDecoder, decoders.LineDecoder):
        stage.monkeypatch.setattr(decoder.__init__, "__defaults__", (100_000,))


large = block(
    "S",
    100,
    {
        **broken(InvalidResponseError, "INVALID_RESPONSE", 200, received=0, says="100,000 bytes"),
        **looked(""),
    },
    [
        ("An event without end", flooding(b"data: x" * 999, chunked=False)),
        ("An event of many short lines, without end", flooding(b"data: x\r" * 999, chunked=False)),
    ],
    world=small,
)
