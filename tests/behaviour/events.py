"""Streams as a server sends them: heads, chunks, and the events of a chat completion."""

from __future__ import annotations

import json
from typing import Any, Final

from .misbehaving import Peer, Step
from .steps import head, sends

HEAD: Final = head("transfer-encoding: chunked", "content-type: text/event-stream")
END: Final = b"0\r\n\r\n"
DONE: Final = b"data: [DONE]\n\n"
MESSAGES: Final = [{"role": "user", "content": "Say hi"}]
ASK: Final[dict[str, Any]] = {"model": "gpt-5", "messages": MESSAGES}


def chunk(data: bytes) -> bytes:
    """One chunk of a body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(wire: object, name: str = "") -> bytes:
    """One server-sent event."""
    first = f"event: {name}\n" if name else ""
    return f"{first}data: {json.dumps(wire)}\n\n".encode()


def delta(text: object = None, *, index: int = 0, finish: str | None = None, **more: Any) -> Any:
    """A piece of a completion that says `text`."""
    said = {} if text is None else {"content": text}
    choice = {"index": index, "delta": said | more, "finish_reason": finish}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5"} | {
        "choices": [choice]
    }  # fmt: skip


def streams(*events: bytes, end: bytes = END, then: Any = None) -> Step:
    """Sends these events, each in a chunk of its own, and ends the body well."""
    return sends(HEAD, *map(chunk, events), end, then=then)


def says(*texts: str, then: Any = None) -> Step:
    """Streams a completion that says these texts, to its good end."""
    deltas = [event(delta(text)) for text in texts]
    return streams(*deltas, event(delta(finish="stop")), DONE, then=then)


def holds(*events: bytes) -> Step:
    """Sends these events, and then nothing more until the client is gone."""
    return streams(*events, end=b"", then=Peer.hold)
