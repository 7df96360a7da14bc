"""Pieces of a completion, put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .._data.checks import is_list, is_object
from ..types.chat import ChatCompletion, ChatCompletionChunk, json_text, text_of


def completion_of(chunks: Iterable[ChatCompletionChunk]) -> ChatCompletion:
    """The completion whose pieces these are.

    Of what chunks have at their top, the last that is not null is taken; `obfuscation`, which is
    padding, is not. Choices are put together by `index`, and so are their tool calls.
    """
    whole: dict[str, Any] = {}
    choices: dict[int, _Choice] = {}
    for chunk in chunks:
        for name, value in chunk.items():
            if name == "choices":
                for piece in _objects(value):
                    index = _index(piece, 0)
                    choices.setdefault(index, _Choice(index)).add(piece)
            elif name != "obfuscation" and (value is not None or name not in whole):
                whole[name] = value
    whole["object"] = "chat.completion"
    whole["choices"] = [choices[index].whole() for index in sorted(choices)]
    return ChatCompletion.from_wire(whole)


class _Choice:
    """One answer, while it grows."""

    def __init__(self, index: int) -> None:
        self._wire: dict[str, Any] = {"index": index, "message": {}, "finish_reason": None}
        self._message: dict[str, Any] = {"role": "assistant", "content": None}
        # Text is joined once: adding piece to piece would copy it again and again.
        self._texts: dict[str, list[str]] = {}
        self._calls: dict[int, _Call] = {}

    def add(self, piece: dict[str, Any]) -> None:
        for name, value in piece.items():
            if name == "delta":
                self._say(value if is_object(value) else {})
            elif is_object(value):
                self._wire[name] = _merged(self._wire.get(name), value)
            elif value is not None:
                self._wire[name] = value

    def _say(self, delta: dict[str, Any]) -> None:
        for name, value in delta.items():
            if name == "tool_calls":
                for place, piece in enumerate(_objects(value)):
                    self._calls.setdefault(_index(piece, place), _Call()).add(piece)
            elif name == "role":
                self._message[name] = value or self._message[name]
            elif (text := text_of(value)) is not None:
                # Of `content` and `refusal`, and of what some models say apart, as their reasoning.
                self._texts.setdefault(name, []).append(text)
            elif value is not None:
                self._message[name] = value

    def whole(self) -> dict[str, Any]:
        texts = {name: "".join(pieces) for name, pieces in self._texts.items()}
        message = self._message | texts
        if self._calls:
            message["tool_calls"] = [self._calls[index].whole() for index in sorted(self._calls)]
        return self._wire | {"message": message}


class _Call:
    """One tool call, while it grows."""

    def __init__(self) -> None:
        self._wire: dict[str, Any] = {}
        self._name = ""
        self._arguments: list[str] = []

    def add(self, piece: dict[str, Any]) -> None:
        function = piece.get("function")
        if is_object(function):
            self._name = function.get("name") or self._name
            self._arguments.append(str(json_text(function.get("arguments")) or ""))
        self._wire |= {k: v for k, v in piece.items() if v and k not in {"function", "index"}}

    def whole(self) -> dict[str, Any]:
        function = {"name": self._name, "arguments": "".join(self._arguments)}
        return {"type": "function", **self._wire, "function": function}


def _objects(value: object) -> Iterator[dict[str, Any]]:
    return (item for item in value if is_object(item)) if is_list(value) else iter(())


def _index(piece: dict[str, Any], default: int) -> int:
    index = piece.get("index")
    return index if isinstance(index, int) else default


def _merged(before: object, more: dict[str, Any]) -> dict[str, Any]:
    """Lists are joined, as those of log probabilities; of all else the later one is taken."""
    merged: dict[str, Any] = dict(before) if is_object(before) else {}
    for name, value in more.items():
        known = merged.get(name)
        if is_list(known) and is_list(value):
            known += value
        elif value is not None:
            merged[name] = [*value] if is_list(value) else value
    return merged
