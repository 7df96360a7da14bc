"""The operations that read a stream, each to its end or as far as it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from skytells import SkytellsClient, SkytellsError

from .forms import FORMS

Listen = Callable[..., Any]


@dataclass(frozen=True)
class Heard:
    """What came of a stream."""

    text: str
    events: int
    status: str = ""


def _read(stream: Any, leave: int | None) -> int:
    """Read events, up to so many; how many there were."""
    events = 0
    if leave == 0:
        return events
    for _ in stream:
        events += 1
        if leave == events:
            break
    return events


def chat(client: SkytellsClient, words: str, leave: int | None, **limits: Any) -> Heard:
    messages: Any = [{"role": "user", "content": words}]
    stream = client.chat.completions.stream(model="gpt-5", messages=messages, **limits)
    events = _read(stream, leave)
    return Heard(stream.snapshot.text if stream.received else "", events)


def responses(client: SkytellsClient, words: str, leave: int | None, **limits: Any) -> Heard:
    stream = client.responses.stream(model="gpt-5", input=words, **limits)
    events = _read(stream, leave)
    return Heard(stream.snapshot.output_text, events)


def generate(client: SkytellsClient, words: str, leave: int | None, **limits: Any) -> Heard:
    stream = client.orchestrator.ai.generate(words, **limits)
    events = _read(stream, leave)
    return Heard("".join(operation.op or "" for operation in stream.received), events)


def follow(client: SkytellsClient, words: str, leave: int | None, **limits: Any) -> Heard:
    stream = client.predictions.stream(words if words.startswith("cut-") else "p1", **limits)
    events = _read(stream, leave)
    text = "".join(event.text for event in stream.received)
    return Heard(text, events, "" if leave is not None else str(stream.final().status))


LISTEN: Final[Mapping[str, Listen]] = {
    "chat": chat,
    "responses": responses,
    "generate": generate,
    "follow": follow,
}


def listener(name: str, words: str) -> Callable[..., object]:
    """An operation of the plan: one stream, or one for each place at which it can be cut."""
    listen = LISTEN[name]

    def act(
        client: SkytellsClient, leave: int | None = None, everywhere: bool = False, **limits: Any
    ) -> object:
        if not everywhere:
            return listen(client, words, leave, **limits)
        return list(_everywhere(client, listen, len(FORMS[name].whole)))

    return act


def _everywhere(client: SkytellsClient, listen: Listen, places: int) -> Iterable[object]:
    for place in range(places):
        try:
            yield listen(client, f"cut-{place}", None)
        except SkytellsError as error:
            yield error
