"""The four forms in which streams come, and a server that speaks each to whoever asks for it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from ..behaviour.events import END, chunk
from ..behaviour.misbehaving import Peer, Request, Step
from ..behaviour.steps import head, reply

EVENTS: Final = "text/event-stream"
LINES: Final = "application/x-ndjson"


@dataclass(frozen=True)
class Form:
    """How one of them says `Hi`, and then that this was all."""

    kind: str
    said: bytes
    end: bytes

    @property
    def whole(self) -> bytes:
        return self.said + self.end

    def event(self, data: bytes, name: str = "") -> bytes:
        """An event of any data."""
        if self.kind == LINES:
            return data + b"\n"
        return (f"event: {name}\n" if name else "").encode() + b"data: " + data + b"\n\n"


CHAT: Final = Form(
    EVENTS,
    b'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n',
    b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
)
RESPONSES: Final = Form(
    EVENTS,
    b'data: {"type":"response.output_text.delta","delta":"Hi"}\n\n',
    b'data: {"type":"response.completed"}\n\n',
)
GENERATE: Final = Form(LINES, b'{"op":"Hi"}\n', b"")
FOLLOW: Final = Form(EVENTS, b"event: output\ndata: Hi\n\n", b"event: done\ndata: {}\n\n")
FORMS: Final = {"chat": CHAT, "responses": RESPONSES, "generate": GENERATE, "follow": FOLLOW}


def form_of(request: Request) -> Form:
    """The form of what is asked for."""
    for name, form in FORMS.items():
        if name in request.target:
            return form
    return FOLLOW


Part: TypeAlias = bytes | Callable[[Form], bytes]


def said(form: Form) -> bytes:
    return form.said


def end(form: Form) -> bytes:
    return form.end


def whole(form: Form) -> bytes:
    return form.whole


def junk(data: bytes, name: str = "") -> Callable[[Form], bytes]:
    """An event of this data."""
    return lambda form: form.event(data, name)


def speaks(
    *parts: Part,
    framing: Literal["chunks", "cut", "close", "length"] | int = "chunks",
    then: Callable[[Peer], Any] | None = None,
    pause: float = 0.0,
    **headers: str,
) -> Step:
    """Answers with a stream.

    Args:
        parts: What it says, each in a chunk of its own.
        framing: What ends its body: a last chunk, or none of that; the end of the connection; or
            a length.
        then: What is done after that.
        pause: Seconds between two parts.
        headers: Headers besides, or instead of, those that are due; an empty one is left out.
    """

    def step(peer: Peer) -> None:
        form = form_of(peer.read())
        named = {"content_type": form.kind, **headers}
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in named.items() if value]
        chunked = framing in {"chunks", "cut"}
        lines += ["transfer-encoding: chunked"] if chunked else []
        said = [part if isinstance(part, bytes) else part(form) for part in parts]
        length = sum(map(len, said)) if framing == "length" else framing
        lines += [f"content-length: {length}"] if isinstance(length, int) else []
        peer.send(head(*lines))
        for data in said:
            peer.send(chunk(data) if chunked and data else data)
            time.sleep(pause)
        if framing == "chunks":
            peer.send(END)
        if then is not None:
            then(peer)
        elif framing in {"cut", "close"}:
            peer.close()

    return step


def cuts(*, chunked: bool) -> Step:
    """Cuts a stream where the request says, after so many bytes; well answers what is looked up."""

    def step(peer: Peer) -> None:
        request = peer.read()
        found = re.search(rb"cut-(\d+)", request.raw)
        place = int(found[1]) if found else 0
        if request.method == "GET" and not request.target.endswith("/stream"):
            return peer.send(reply({"id": f"cut-{place}", "status": "succeeded"}))
        form = form_of(request)
        framing = ["transfer-encoding: chunked"] if chunked else []
        peer.send(head(f"content-type: {form.kind}", *framing))
        # One chunk, which is never whole.
        peer.send(b"ffff\r\n" if chunked else b"")
        peer.send(form.whole[:place])
        return peer.close()

    return step


def dripping(data: bytes) -> Callable[[Peer], None]:
    """Goes on and on in single bytes of one chunk."""

    def drip(peer: Peer) -> None:
        peer.send(b"ffff\r\n")
        while True:
            peer.drip(data)

    return drip


def flooding(part: Part, *, chunked: bool = True) -> Step:
    """Goes on and on, as fast as it is taken."""

    def step(peer: Peer) -> None:
        form = form_of(peer.read())
        data = part if isinstance(part, bytes) else part(form)
        peer.send(head("transfer-encoding: chunked", f"content-type: {form.kind}"))
        peer.send(b"" if chunked else b"fffffff\r\n")
        while True:
            peer.send(chunk(data) if chunked else data)

    return step
