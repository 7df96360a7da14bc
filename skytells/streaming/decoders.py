"""Bytes in, events out: the two formats in which a stream arrives, without I/O.

Both take chunks of any size, search only what is new, and bound the size of one event.
"""

from __future__ import annotations

from typing import Final, Protocol, TypeAlias

from ..errors import ApiErrorId, InvalidResponseError

MAX_EVENT: Final = 32 * 1024 * 1024
"""Bytes that one event may have."""

_BOM: Final = b"\xef\xbb\xbf"


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
        self._rest = bytearray()
        self._after_newline = False
        self._after_return = False
        self._start: bytes | None = b""
        self.last_id: str = ""
        """The last `id` that was sent."""
        self.retry: int | None = None
        """Milliseconds to wait before connecting again, as the server last said."""

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that a chunk completes."""
        if self._start is not None:
            chunk = self._begin(chunk)
        if self._after_return or b"\r" in chunk:
            chunk = self._only_newlines(chunk)
        if self._after_newline:
            # The end of an event may be half here and half in what came before.
            chunk = b"\n" + chunk
        whole, end, rest = chunk.rpartition(b"\n\n")
        if end and self._rest:
            whole = bytes(self._rest) + whole
            self._rest.clear()
        self._after_newline = rest.endswith(b"\n")
        self._rest += rest[:-1] if self._after_newline else rest
        if len(self._rest) > self._most:
            raise too_large(self._most)
        return self._events(whole) if end else []

    def finish(self) -> list[Event]:
        """What there is of an event that the end of the bytes has cut, or left without its blank line."""
        block, self._rest = bytes(self._rest), bytearray()
        return self._event(block)

    def _events(self, whole: bytes) -> list[Event]:
        if whole.startswith(b"data: "):
            # Nearly always each event is one line of data.
            parts = whole[6:].split(b"\n\ndata: ")
            if whole.count(b"\n") == 2 * (len(parts) - 1):
                return [("", data) for data in parts]
        return [event for block in whole.split(b"\n\n") for event in self._event(block)]

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
                self.last_id = value.decode("utf-8", "replace")
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
        200,
    )
