"""What the stream of a prediction says, made events of.

The format is documented nowhere, so whatever may be meant is understood: states of the prediction,
JSON under any name, chunks as of chat, and plain text. What is not understood is passed on as it is.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from pydantic_core import from_json

from .._core.wire import STANDARD_PORTS, target_of
from .._data.checks import as_object
from ..streaming.decoders import Event
from ..types.chat import ChatCompletionChunk, text_of
from ..types.outputs import is_address, parts_of
from ..types.predict import PredictionResponse
from ..types.streams import PredictionEvent

_LAST: Final = frozenset({"done", "complete", "completed", "end", "error"})
_SAYING: Final = frozenset({"output", "text", "delta", "token", "chunk"})
_JSON: Final = (b"{", b"[", b'"')


def is_last(event: PredictionEvent) -> bool:
    """Whether a stream has nothing to say after this."""
    return event.kind in _LAST or (event.prediction is not None and event.prediction.done)


class PredictionEventParser:
    """Makes events of what is told of one prediction, and knows how much of its text was said.

    Args:
        id: The prediction.
    """

    def __init__(self, id: str) -> None:
        self._id = id
        self._said: list[str] = []

    def of_state(self, state: PredictionResponse) -> PredictionEvent:
        """A state that was looked up."""
        text = self._rest(state.output)
        return PredictionEvent("prediction", state.to_dict(), text, state)

    def read(self, event: Event) -> PredictionEvent:
        """An event of the stream."""
        name, raw = event
        name = "" if name == "message" else name  # what the standard calls those without a name
        data = _value(raw)
        wire = as_object(data)
        if wire is None:
            kind = name or "output"
            says = isinstance(data, str) and kind in _SAYING and not is_address(data)
            return PredictionEvent(kind, data, self._say(data if says else ""))
        prediction = self._whole(wire)
        kind = name or _kind(wire, prediction)
        if prediction is not None:
            text = self._rest(prediction.output)
        elif kind in _SAYING and wire.get("output") is not None:
            text = self._rest(wire["output"])
        else:
            text = self._say(_piece(kind, wire))
        return PredictionEvent(kind, data, text, prediction)

    def _whole(self, wire: dict[str, Any]) -> PredictionResponse | None:
        """The prediction, where all of it is there; a mere status is less."""
        for name in (None, "prediction", "data"):
            inner = wire if name is None else as_object(wire.get(name))
            if inner is not None and inner.get("id") == self._id and "created_at" in inner:
                return PredictionResponse.from_wire(inner)
        return None

    def _say(self, piece: str) -> str:
        if piece:
            self._said.append(piece)
        return piece

    def _rest(self, output: object) -> str:
        """What an output that holds all of the text adds to what was said."""
        whole = "".join(part for part in parts_of(output) if not is_address(part))
        said = "".join(self._said)
        return self._say(whole.removeprefix(said)) if whole.startswith(said) else ""


def _value(raw: bytes) -> Any:
    """JSON, or text. A number, or `null`, is what a model says: nobody sends it as JSON."""
    if raw.lstrip().startswith(_JSON):
        try:
            return from_json(raw, allow_inf_nan=False)
        except ValueError:
            pass
    return raw.decode("utf-8", "replace")


def _kind(wire: dict[str, Any], prediction: PredictionResponse | None) -> str:
    """What an event without a name is."""
    if prediction is not None and wire.get("id") == prediction.id:
        return "prediction"
    if wire.get("error"):
        return "error"
    for name in ("type", "event"):
        if isinstance(wire.get(name), str) and wire[name]:
            return str(wire[name])
    return "output"


def _piece(kind: str, wire: dict[str, Any]) -> str:
    """What a JSON event adds to the text."""
    if "choices" in wire:
        return ChatCompletionChunk.from_wire(wire).text
    if kind not in _SAYING and not kind.endswith(".delta"):
        return ""
    given = (wire[name] for name in ("delta", "text", "token", "content") if wire.get(name))
    return text_of(next(given, None)) or ""


def below(url: str | None, base_url: str) -> str | None:
    """What follows `base_url` in an address; `None` for an address that is elsewhere.

    What a prediction says of its stream is not believed: the key travels below `base_url` only.
    """
    if not url or re.search(r"[\s\\\x00-\x1f\x7f]", url):
        return None
    try:
        there, home = urlsplit(url), urlsplit(base_url)
        same = _place(url) == _place(base_url)
    except ValueError:
        return None
    path = there.path.removeprefix(home.path)
    dotted = {".", ".."} & {unquote(part) for part in path.split("/")}
    beside = not there.path.startswith(f"{home.path}/")
    if not same or dotted or beside or there.username is not None:
        return None
    return target_of(path, there.query)


def _place(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or STANDARD_PORTS.get(parts.scheme)
