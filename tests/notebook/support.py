"""HTML as a browser would read it, for tests to look into."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

EMPTY = {"br", "img"}
ALLOWED = {
    *("div", "style", "p", "a", "table", "thead", "tbody", "tr", "th", "td", "pre", "code"),
    *("span", "strong", "img", "video", "audio", "figure", "figcaption"),
}
ATTRIBUTES = {
    *("class", "href", "target", "rel", "src", "alt", "controls", "style", "preload", "title"),
}


@dataclass
class Element:
    """An element of a page."""

    name: str
    attributes: dict[str, str]
    texts: list[str] = field(default_factory=list[str])


class Page(HTMLParser):
    """A piece of HTML, read; it is refused where it is not what we ever show."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        html.encode("utf-8")
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED, f"<{tag}> is shown"
        element = Element(tag, {name: value or "" for name, value in attrs})
        assert element.attributes.keys() <= ATTRIBUTES, element
        assert urlsplit(element.attributes.get("href", "https:")).scheme in {"http", "https"}
        assert element.attributes.get("src", "data:").startswith("data:"), element
        self.elements.append(element)
        if tag not in EMPTY:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> ends nothing"
        assert self._open.pop().name == tag

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data}")

    def all(self, name: str, class_: str | None = None) -> list[Element]:
        """The elements of a name, and of a class where one is given."""
        return [
            element
            for element in self.elements
            if element.name == name
            and (class_ is None or class_ in element.attributes.get("class", "").split())
        ]

    def texts(self, name: str) -> list[str]:
        """What stands in the elements of a name."""
        return ["".join(element.texts) for element in self.all(name)]

    def rows(self) -> list[list[str]]:
        """The cells of the body of the first table, as texts."""
        cells = self.texts("td")
        columns = len(self.all("th"))
        return [cells[at : at + columns] for at in range(0, len(cells), columns)]

    @property
    def text(self) -> str:
        """All text but that of the style."""
        style = "".join(self.texts("style"))
        return "".join(self.texts("div")[:1]).replace(style, "", 1)
