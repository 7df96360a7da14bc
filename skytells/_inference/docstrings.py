"""What a docstring in Google's style says of a function and of its arguments."""

from __future__ import annotations

import inspect
import re
from typing import Final

_SECTION: Final = re.compile(
    r"(Args|Arguments|Parameters|Params|Keyword Args|Keyword Arguments|Returns?|Yields?|Raises"
    r"|Examples?|Notes?|Warnings?|Warns|Attributes|References|See Also|Todo):\s*"
)
_ARGUMENTS: Final = {
    "Args",
    "Arguments",
    "Parameters",
    "Params",
    "Keyword Args",
    "Keyword Arguments",
}
_ENTRY: Final = re.compile(r"\*{0,2}(\w+)(?:\s*\((?:[^()]|\([^()]*\))*\))?\s*:\s*(.*)")


def described(docstring: str) -> tuple[str, dict[str, str]]:
    """The text before the first section, and what is said of each argument.

    Example:
        >>> described("Add.\\n\\nArgs:\\n    a (int): One number.\\n    b: Another,\\n        or not.")
        ('Add.', {'a': 'One number.', 'b': 'Another, or not.'})
    """
    about: list[str] = []
    arguments: dict[str, list[str]] = {}
    section: str | None = None
    entry: list[str] = []
    margin = 0
    for line in inspect.cleandoc(docstring).splitlines():
        indent = len(line) - len(line.lstrip())
        if found := _SECTION.fullmatch(line):
            section, entry, margin = found[1], [], 0
        elif section is None:
            about.append(line)
        elif section in _ARGUMENTS and indent:
            margin = margin or indent
            text = line.strip()
            if indent <= margin and (found := _ENTRY.fullmatch(text)):
                entry, text = arguments.setdefault(found[1], []), found[2].strip()
            entry.append(text)
        elif line:
            section = section if indent else ""
    told = {name: " ".join(filter(None, lines)) for name, lines in arguments.items()}
    return "\n".join(about).strip(), {name: text for name, text in told.items() if text}
