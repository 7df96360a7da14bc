"""Strings that match a regular expression, for the expressions that schemas use."""

from __future__ import annotations

import re
import string
from typing import Final

_CLASSES: Final = {"d": "1", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a"}
_ZERO_WIDTH: Final = "bBAZ"
_CONTROL: Final = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_CANDIDATES: Final = string.ascii_letters + string.digits + string.punctuation + " "
_BOUNDS: Final = re.compile(r"\{(\d*)(,?)(\d*)\}")
_MAX_REPEAT: Final = 10_000


def matching_string(pattern: str) -> str:
    """A short string that matches a pattern.

    Raises:
        ValueError: The pattern is invalid, or uses something unsupported such as look-ahead.

    Example:
        >>> matching_string(r"^[A-Z]{3}-\\d+$")
        'AAA-1'
    """
    reader = _Reader(pattern)
    text = reader.alternatives()
    try:
        fits = reader.done and re.search(pattern, text)
    except re.error:
        fits = None
    if not fits:
        raise ValueError(f"the pattern {pattern!r} is invalid or not supported")
    return text


class _Reader:
    """Reads an expression and builds a string that matches it."""

    def __init__(self, pattern: str) -> None:
        self._rest = pattern

    @property
    def done(self) -> bool:
        return not self._rest

    def alternatives(self) -> str:
        """The first alternative; the others are skipped."""
        first = self._sequence()
        while self._take("|"):
            self._sequence()
        return first

    def _sequence(self) -> str:
        text: list[str] = []
        while self._rest and self._rest[0] not in "|)":
            atom = self._atom()
            text.append(atom * self._repetitions())
        return "".join(text)

    def _atom(self) -> str:
        match self._next():
            case "^" | "$":
                return ""
            case ".":
                return "a"
            case "\\":
                return self._escaped()
            case "[":
                return self._one_of_class()
            case "(":
                return self._group()
            case letter:
                return letter

    def _repetitions(self) -> int:
        least = 1
        if self._take("?") or self._take("*"):
            least = 0
        elif self._take("+"):
            least = 1
        elif found := _BOUNDS.match(self._rest):
            self._rest = self._rest[found.end() :]
            least = int(found[1] or 0)
        else:
            return 1
        self._take("?")  # a lazy quantifier
        if least > _MAX_REPEAT:
            raise ValueError("a pattern requires too long a string")
        return least

    def _group(self) -> str:
        if self._take("?"):
            if self._take("P<") or (self._rest[:1] == "<" and self._rest[1:2] not in "=!"):
                self._rest = self._rest.partition(">")[2]
            elif not self._take(":"):
                raise ValueError("a pattern uses look-ahead or look-behind, which is not supported")
        text = self.alternatives()
        if not self._take(")"):
            raise ValueError("a group of a pattern does not end")
        return text

    def _escaped(self) -> str:
        letter = self._next()
        if letter in _ZERO_WIDTH:
            return ""
        return _CLASSES.get(letter) or _CONTROL.get(letter) or letter

    def _one_of_class(self) -> str:
        inside, last = "[", ""
        while not (self._rest[:1] == "]" and inside not in ("[", "[^")):
            last = self._next()
            inside += last + (self._next() if last == "\\" else "")
        self._next()
        try:
            member = re.compile(f"{inside}]")
        except re.error:
            raise ValueError(f"invalid set of characters: {inside}]") from None
        letters: str = inside + _CANDIDATES
        for letter in letters:
            if member.fullmatch(letter):
                return letter
        raise ValueError(f"no supported character is one of {inside}]")

    def _next(self) -> str:
        if not self._rest:
            raise ValueError("a pattern ends too early")
        letter, self._rest = self._rest[0], self._rest[1:]
        return letter

    def _take(self, text: str) -> bool:
        if not self._rest.startswith(text):
            return False
        self._rest = self._rest[len(text) :]
        return True
