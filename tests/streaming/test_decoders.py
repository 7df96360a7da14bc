"""The decoders of streams: any chunking gives what a slow reading of the standard gives."""

from __future__ import annotations

import re
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skytells import InvalidResponseError
from skytells.streaming import EventDecoder, LineDecoder

from .any_stream import FORMS, decoded, judge_stream, read_stream_case, slowly

SEEDS = Path(__file__).parents[2] / "fuzz" / "streams"


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(places)]


ENDS = st.sampled_from([b"\n", b"\r", b"\r\n"])
LINES = st.one_of(
    st.sampled_from(
        [
            *(b"", b"data", b"data:", b"data: ", b"data:  x", b": comment", b"event: a", b"id: 1"),
            *(b"data: {}", b"retry: 5", b"datax: y", b"event", b"data: \xef\xbb\xbf"),
            b"data: \xc3",
        ]
    ),
    st.binary(max_size=6).map(lambda data: b"data: " + data.translate(None, b"\r\n")),
)
STREAMS = st.tuples(
    st.sampled_from([b"", b"\xef\xbb\xbf", b"\xef\xbb"]),
    st.lists(st.tuples(LINES, ENDS), max_size=14),
    st.sampled_from([b"", b"data: cut", b"\n"]),
).map(lambda parts: parts[0] + b"".join(a + b for a, b in parts[1]) + parts[2])


@given(STREAMS, st.lists(st.integers(0, 400), max_size=30))
def test_any_chunking_gives_what_the_standard_says(data: bytes, cuts: list[int]) -> None:
    assert decoded(EventDecoder(), pieces(data, cuts)) == slowly(data)


@given(STREAMS)
def test_byte_by_byte_gives_what_the_standard_says(data: bytes) -> None:
    assert decoded(EventDecoder(), (data[i : i + 1] for i in range(len(data)))) == slowly(data)


BLOCKS = st.sampled_from(
    [
        *(b"data: {}\n\n", b"data: x\n\n", b"data: [DONE]\n\n", b"\n", b": p\n\n"),
        *(b"event: a\ndata: {}\n\n", b"event: \xc3\nid: 1\ndata:y\n\n", b"id:2\ndata:  z\n\n"),
        *(b"id: 3\n\n", b"id:\ndata: x\n\n", b"id: 4\0\ndata: x\n\n", b"event: b\n\n"),
        *(b"data: 1\ndata: 2\n\n", b"id: 5\nevent: c\ndata: x\n\n", b"event: d\ndata\n\n"),
    ]
)


@given(st.lists(BLOCKS), st.lists(st.integers(0, 200), max_size=8))
def test_plain_events_take_the_short_way_to_the_same_end(
    blocks: list[bytes], cuts: list[int]
) -> None:
    data = b"".join(blocks)
    decoder = EventDecoder()
    assert decoded(decoder, pieces(data, cuts)) == slowly(data)
    ids = re.findall(rb"^id: ?([^\0\n]*)$", data, re.MULTILINE)
    assert decoder.last_id.encode() == (ids[-1] if ids else b"")


@given(
    st.lists(st.sampled_from([b"{}", b" ", b"", b'{"a":1}\r', b"\xe2\x80\xa8", b"\x0b"])),
    st.sampled_from([b"", b"\n", b'{"cut"']),
    st.lists(st.integers(0, 200), max_size=8),
)
def test_lines_are_the_same_in_any_chunking(
    lines: list[bytes], end: bytes, cuts: list[int]
) -> None:
    data = b"\n".join(lines) + end
    expected = [("", line.strip()) for line in data.split(b"\n") if line.strip()]
    assert decoded(LineDecoder(), pieces(data, cuts)) == expected


def test_a_byte_order_mark_before_lines_is_left_out() -> None:
    assert decoded(LineDecoder(), [b"\xef\xbb", b"\xbf{}\n{}"]) == [("", b"{}")] * 2


def test_ids_and_the_pause_before_connecting_again_are_kept() -> None:
    decoder = EventDecoder()
    decoder.feed(b"id: a\nretry: 250\ndata: x\n\nid: b\0\nretry: 1x\nretry:\ndata: y\n\n")
    assert (decoder.last_id, decoder.retry) == ("a", 250)


@pytest.mark.parametrize("decoder", [EventDecoder, LineDecoder])
def test_an_event_beyond_its_bound_is_refused_before_it_has_come(
    decoder: type[EventDecoder | LineDecoder],
) -> None:
    with pytest.raises(InvalidResponseError, match="more than 1,000 bytes"):
        decoded(decoder(1000), [b"data: xxxx"] * 1000)


@pytest.mark.parametrize("decoder", [EventDecoder, LineDecoder])
def test_the_bytes_of_a_huge_event_are_looked_at_once(
    decoder: type[EventDecoder | LineDecoder],
) -> None:
    """The calls that a chunk costs are the same whatever came before it."""

    def cost(before: int) -> int:
        reading, calls = decoder(), 0
        reading.feed(b"data: " + b"x" * before)

        def count(frame: object, event: str, argument: object) -> None:
            nonlocal calls
            calls += event in {"call", "c_call"}

        sys.setprofile(count)
        reading.feed(b"y" * 100)
        sys.setprofile(None)
        return calls

    assert cost(10) == cost(1_000_000)


@pytest.mark.parametrize(
    "piece", [b"\n", b"\r", b":\n", b"id: 1\n", b"event: a\n", b"data\n", b"x\n\n"]
)
@pytest.mark.parametrize("last", [b"", b"data: x\n\n"])
def test_hosts_of_lines_that_say_nothing_are_passed_over(piece: bytes, last: bytes) -> None:
    """Where a byte is looked at again and again, this never ends."""
    events = decoded(EventDecoder(), [piece * 200_000 + b"\n\n" + last])
    assert [event for event in events if event[1].strip()] == [("", b"x")][: len(last)]


@pytest.mark.parametrize("file", sorted(SEEDS.iterdir()), ids=lambda file: file.name)
def test_a_stream_of_the_corpus_is_the_same_in_any_chunking(file: Path) -> None:
    judge_stream(*read_stream_case(file.read_bytes()))


@given(
    st.sampled_from(sorted(FORMS)),
    st.lists(
        st.one_of(
            st.sampled_from(
                [
                    *(
                        b'data: {"choices":[{"delta":{"content":"Hi"}}]}',
                        b"data: [DONE]",
                        b"data: {}",
                    ),
                    *(b'data: {"type":"response.output_text.delta","delta":"Hi"}', b'{"op":"a"}'),
                    *(b'data: {"type":"response.completed"}', b'data: {"error":"No."}', b"{"),
                    *(b"event: output\ndata: Hi", b"event: done\ndata: {}", b"nonsense", b"[1]"),
                ]
            ),
            st.binary(max_size=12),
        ),
        max_size=8,
    ),
    st.sampled_from([b"\n", b"\n\n", b"\r\n\r\n", b"\r\r"]),
    st.lists(st.integers(0, 300), max_size=6),
)
def test_any_stream_is_the_same_in_any_chunking(
    form: str, lines: list[bytes], end: bytes, cuts: list[int]
) -> None:
    judge_stream(form, pieces(end.join(lines), cuts))
