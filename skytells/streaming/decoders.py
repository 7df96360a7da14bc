"""Bytes in, events out: the two formats in which a stream arrives, without I/O.

Both take chunks of any size, search only what is new, and bound the size of one event.
"""

from __future__ import annotations

import re
from itertools import repeat
from typing import Final, Protocol, TypeAlias

from ..errors import ApiErrorId, InvalidResponseError

MAX_EVENT: Final = 32 * 1024 * 1024
"""Bytes that one event may have."""

# As numbers: to ask whether bytes are in bytes costs twenty times as much.
_NEWLINE, _RETURN = b"\n\r"
_BOM: Final = b"\xef\xbb\xbf"
# One event after another, in C: its name, its id and its one line of data, which is how nearly all
# are spelled; or all lines of it. Possessive, so that no byte is looked at twice.
_EVENTS: Final = re.compile(
    rb"\n*+(?:(?:event: ?+([^\n]*+)\n)?+(?:id: ?+([^\n\0]++)\n)?+data: ?+([^\n]*+)(?:\n\n|\Z)"
    rb"|([^\n]++(?:\n[^\n]++)*+))"
)


Event: TypeAlias = tuple[str, bytes]
"""One event of a stream: its name, which is empty where it has none, and its data."""


class Decoder(Protocol):
    """What turns chunks of bytes into events."""

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that a chunk completes."""
        ...

    def finish(self) -> list[Event]:
        """What there is, at the end of the bytes, of an event that was not completed."""
        ...


class EventDecoder:
    """Server-sent events, as the HTML standard has them, but for an end in the midst of one.

    Args:
        most: Bytes that one event may have.

    Raises:
        InvalidResponseError: An event is larger.

    Example:
        >>> decoder = EventDecoder()
        >>> decoder.feed(b"event: greet\\ndata: Hel"), decoder.feed(b"lo\\n\\n")
        ([], [('greet', b'Hello')])
    """

    def __init__(self, most: int = MAX_EVENT) -> None:
        self._most = most
        self._begun = bytearray()
        self._after_return = False
        self._start: bytes | None = b""
        self._last_id = b""
        self.retry: int | None = None
        """Milliseconds to wait before connecting again, as the server last said."""

    @property
    def last_id(self) -> str:
        """The last `id` that was sent."""
        return self._last_id.decode("utf-8", "replace")

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that a chunk completes."""
        if self._start is not None:
            chunk = self._begin(chunk)
        if self._after_return or _RETURN in chunk:
            chunk = self._only_newlines(chunk)
        begun = self._begun
        if begun and begun[-1] == _NEWLINE and chunk.startswith(b"\n"):
            # The end of an event is half here and half in what came before.
            begun.pop()
            chunk = b"\n" + chunk
        whole, end, rest = chunk.rpartition(b"\n\n")
        if end and begun:
            whole = b"".join((begun, whole))
            begun.clear()
        begun += rest
        if len(begun) > self._most:
            raise too_large(self._most)
        return self._events(whole) if end else []

    def finish(self) -> list[Event]:
        """What there is of an event that the end of the bytes has cut, or left without its blank line."""
        block, self._begun = bytes(self._begun), bytearray()
        return self._event(block)

    def _events(self, whole: bytes) -> list[Event]:
        if whole.startswith(b"data: "):
            # Of a conversation, each event is one line of data.
            if _NEWLINE not in whole:
                return [("", whole[6:])]
            parts = whole.split(b"\n\ndata: ")
            parts[0] = parts[0][6:]
            # Joined, since to look for a byte costs a hundredth of counting it.
            if _NEWLINE not in b"".join(parts):
                return list(zip(repeat(""), parts))
        events = list[Event]()
        # Stripped: a run of empty lines that nothing follows would be tried from each of them.
        for name, id, data, lines in _EVENTS.findall(whole.strip(b"\n")):
            if lines:
                events += self._event(lines)
                continue
            if id:
                self._last_id = id
            events.append((name.decode("utf-8", "replace") if name else "", data))
        return events

    def _begin(self, chunk: bytes) -> bytes:
        """Leave out the byte order mark, which may come in pieces."""
        chunk = (self._start or b"") + chunk
        undecided = len(chunk) < len(_BOM) and _BOM.startswith(chunk)
        self._start = chunk if undecided else None
        return b"" if undecided else chunk.removeprefix(_BOM)

    def _only_newlines(self, chunk: bytes) -> bytes:
        """Each end of a line as `\\n`; that of the last chunk may have been half of `\\r\\n`."""
        if self._after_return and chunk:
            chunk, self._after_return = chunk.removeprefix(b"\n"), False
        if chunk:
            self._after_return = chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _event(self, block: bytes) -> list[Event]:
        name, data = "", list[bytes]()
        for line in block.split(b"\n"):
            field, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if field == b"data":
                data.append(value)
            elif field == b"event":
                name = value.decode("utf-8", "replace")
            elif field == b"id" and b"\0" not in value:
                self._last_id = value
            elif field == b"retry" and value.isdigit() and len(value) < 16:
                self.retry = int(value)
        return [(name, b"\n".join(data))] if data else []


class LineDecoder:
    """JSON lines: one value to a line, the last of which may lack its end.

    Args:
        most: Bytes that one line may have.

    Raises:
        InvalidResponseError: A line is longer.

    Example:
        >>> decoder = LineDecoder()
        >>> decoder.feed(b'{"a": 1}\\n\\n{"b"'), decoder.finish()
        ([('', b'{"a": 1}')], [('', b'{"b"')])
    """

    def __init__(self, most: int = MAX_EVENT) -> None:
        self._most = most
        self._rest = bytearray()
        self._first = True

    def feed(self, chunk: bytes) -> list[Event]:
        """The lines that a chunk completes; empty ones are left out."""
        whole, end, rest = chunk.rpartition(b"\n")
        if end:
            whole = bytes(self._rest) + whole
            self._rest.clear()
        self._rest += rest
        if len(self._rest) > self._most:
            raise too_large(self._most)
        return self._lines(whole) if end else []

    def finish(self) -> list[Event]:
        """The last line, where it lacks its end."""
        line, self._rest = bytes(self._rest), bytearray()
        return self._lines(line)

    def _lines(self, whole: bytes) -> list[Event]:
        if self._first:
            whole, self._first = whole.removeprefix(_BOM), False
        return [("", line) for line in map(bytes.strip, whole.split(b"\n")) if line]


def too_large(most: int) -> InvalidResponseError:
    """The error for an event beyond its bound."""
    return InvalidResponseError(
        f"The server sent an event of more than {most:,} bytes. If it is what you expect, ask "
        "support.",
        ApiErrorId.INVALID_RESPONSE,
        f"An event of more than {most} bytes",
    )
