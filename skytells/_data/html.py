"""HTML as values: what is not markup already is escaped, so that nobody has to think of it."""

from __future__ import annotations

import html
from typing import Final, TypeAlias

_EMPTY: Final = frozenset({"br", "img", "input", "link", "meta"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Content: TypeAlias = str | Markup
Attribute: TypeAlias = str | int | float | bool


def tag(element: str, /, *content: Content, **attributes: Attribute) -> Markup:
    """An element.

    Args:
        element: such as `p`.
        content: text, which is escaped, and markup, which is not.
        attributes: `_` becomes `-` and a trailing one falls away; `True` stands for no value,
            `False` for no attribute.

    Example:
        >>> tag("p", "1 < 2, ", tag("b", "always"), class_="fact")
        '<p class="fact">1 &lt; 2, <b>always</b></p>'
    """
    start = f"<{element}{''.join(map(_attribute, attributes.items()))}>"
    return Markup(start if element in _EMPTY else f"{start}{together(*content)}</{element}>")


def together(*content: Content) -> Markup:
    """Several pieces, one after another."""
    return Markup("".join(map(_escaped, content)))


def _escaped(content: Content) -> str:
    return content if isinstance(content, Markup) else html.escape(_sendable(content))


def _attribute(attribute: tuple[str, Attribute]) -> str:
    name, value = attribute
    if value is False:
        return ""
    shown = "" if value is True else f'="{html.escape(_sendable(str(value)))}"'
    return f" {name.rstrip('_').replace('_', '-')}{shown}"


def _sendable(text: str) -> str:
    """Half a surrogate pair, which JSON can carry and UTF-8 can't, becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")
