"""A string that a regular expression matches, for the expressions that schemas are written with."""

from __future__ import annotations

import re
import string
from typing import Final

_CLASSES: Final = {"d": "1", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a"}
_NOTHING: Final = "bBAZ"
_CONTROL: Final = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_CANDIDATES: Final = string.ascii_letters + string.digits + string.punctuation + " "
_BOUNDS: Final = re.compile(r"\{(\d*)(,?)(\d*)\}")
_MOST: Final = 10_000


def matching(pattern: str) -> str:
    """The shortest string that comes to mind and matches.

    Raises:
        ValueError: the pattern is none, or uses what this does not know, such as look-ahead.

    Example:
        >>> matching(r"^[A-Z]{3}-\\d+$")
        'AAA-1'
    """
    reader = _Reader(pattern)
    made = reader.alternatives()
    try:
        fits = reader.done and re.search(pattern, made)
    except re.error:
        fits = None
    if not fits:
        raise ValueError(f"no string comes to mind that matches the pattern {pattern!r}")
    return made


class _Reader:
    """Walks through an expression, and makes what it asks for on the way."""

    def __init__(self, pattern: str) -> None:
        self._rest = pattern

    @property
    def done(self) -> bool:
        return not self._rest

    def alternatives(self) -> str:
        """The first of them; the others are passed over."""
        first = self._sequence()
        while self._take("|"):
            self._sequence()
        return first

    def _sequence(self) -> str:
        made: list[str] = []
        while self._rest and self._rest[0] not in "|)":
            atom = self._atom()
            made.append(atom * self._times())
        return "".join(made)

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

    def _times(self) -> int:
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
        self._take("?")  # of a lazy one
        if least > _MOST:
            raise ValueError("a pattern asks for too long a string")
        return least

    def _group(self) -> str:
        if self._take("?"):
            if self._take("P<") or (self._rest[:1] == "<" and self._rest[1:2] not in "=!"):
                self._rest = self._rest.partition(">")[2]
            elif not self._take(":"):
                raise ValueError("a pattern looks ahead or behind")
        made = self.alternatives()
        if not self._take(")"):
            raise ValueError("a group of a pattern has no end")
        return made

    def _escaped(self) -> str:
        letter = self._next()
        if letter in _NOTHING:
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
            raise ValueError(f"no set of characters: {inside}]") from None
        letters: str = inside + _CANDIDATES
        for letter in letters:
            if member.fullmatch(letter):
                return letter
        raise ValueError(f"no character comes to mind that is one of {inside}]")

    def _next(self) -> str:
        if not self._rest:
            raise ValueError("a pattern has no end")
        letter, self._rest = self._rest[0], self._rest[1:]
        return letter

    def _take(self, text: str) -> bool:
        if not self._rest.startswith(text):
            return False
        self._rest = self._rest[len(text) :]
        return True
