"""What records look like in notebooks: HTML that runs nothing and loads nothing.

Whatever a server or a user wrote is escaped. Media that was downloaded is embedded; any other is a
link. Colours are those of the page around: a theme of Jupyter or of VS Code, or whatever is inherited.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from ..errors import ConfigurationError
from .checks import shown
from .html import Content, Markup, tag

# No colour here is for one background only: greys are see-through, and text has the page's own.
# A class that is named twice outweighs what notebooks say of their tables and texts.
STYLE: Final = tag(
    "style",
    Markup(
        """
.skytells{font:13px/1.5 var(--jp-ui-font-family,var(--vscode-font-family,system-ui,sans-serif));
color:var(--jp-ui-font-color1,var(--vscode-foreground,inherit));margin:4px 0}
.skytells.skytells p{margin:4px 0;max-width:72em;overflow-wrap:anywhere;unicode-bidi:isolate}
.skytells.skytells a{color:var(--jp-content-link-color,var(--vscode-textLink-foreground,inherit));
text-decoration:underline;overflow-wrap:anywhere}
.skytells.skytells table{border-collapse:collapse;margin:4px 0;font-size:inherit;color:inherit}
.skytells.skytells th,.skytells.skytells td{text-align:left;vertical-align:top;padding:3px 14px 3px 0;border:0;
border-bottom:1px solid rgba(128,128,128,.3);unicode-bidi:isolate}
.skytells.skytells th{font-weight:600}
.skytells.skytells td{overflow-wrap:anywhere;max-width:36em}
.skytells .line{white-space:nowrap}
.skytells.skytells pre{margin:4px 0;padding:8px 10px;max-width:72em;max-height:30em;overflow:auto;
white-space:pre-wrap;overflow-wrap:anywhere;font-size:13px;color:inherit;
background:rgba(128,128,128,.12);border-radius:4px}
.skytells.skytells code{font-size:12px;color:inherit;background:none;padding:0;overflow-wrap:anywhere}
.skytells .soft{opacity:.75}
.skytells .dot{display:inline-block;width:8px;height:8px;border-radius:50%;margin-right:6px;
background:#8b8b8b}
.skytells .succeeded{background:#2da44e}.skytells .failed{background:#e5534b}
.skytells .processing,.skytells .starting,.skytells .started,.skytells .fill{background:#3b82f6}
.skytells .many{display:flex;flex-wrap:wrap;gap:8px;align-items:flex-start}
.skytells img,.skytells video{display:block;max-width:100%;max-height:512px;margin:0;border-radius:4px}
.skytells .many img,.skytells .many video{max-width:256px;max-height:256px}
.skytells .track{display:inline-block;vertical-align:middle;width:240px;max-width:40%;height:6px;
border-radius:3px;overflow:hidden;background:rgba(128,128,128,.3);margin-right:10px}
.skytells .fill{display:block;height:100%}
"""
    ),
)


LONG: Final = 600


SHORT: Final = 90


@dataclass(frozen=True, slots=True)
class Media:
    """One output as a page can hold it.

    Args:
        kind: `"image"`, `"video"` or `"audio"`.
        source: A `data:` URI, or a path below the working directory; `None` if it cannot be shown.
        why: Why it cannot be shown.
        again: Whether another try may show it.
    """

    kind: str
    source: str | None = field(default=None, repr=False)
    why: str = ""
    again: bool = False


def display() -> Any:
    """IPython's `display`, which every notebook has.

    Raises:
        ConfigurationError: It is not installed.
    """
    try:
        return import_module("IPython.display").display
    except ImportError as error:
        raise ConfigurationError.of(
            'Showing something in a notebook needs IPython: pip install "skytells[notebook]".'
        ) from error


def progress_bar(text: str, share: float | None, seconds: float) -> str:
    """The HTML of a bar; the bar of a share that nobody knows is empty.

    Args:
        text: What stands beside it.
        share: How much is done, from 0 to 1.
        seconds: How long it has taken so far.
    """
    percent = round((share or 0.0) * 100)
    told = f"{seconds:.0f} s" if share is None else f"{percent} %, {seconds:.0f} s"
    fill = tag("span", class_="fill", style=f"width:{percent}%")
    return framed(tag("span", fill, class_="track"), f"{text} ", tag("span", told, class_="soft"))


def framed(*content: Content) -> str:
    """What `_repr_html_` returns: a plain `str`, since some notebooks look at the class."""
    return str(tag("div", STYLE, *content, class_="skytells"))


def output_html(name: str | None, url: str | None, media: Media | None, prompt: str) -> Markup:
    """A picture or a player; of what cannot be shown a link, and why it is no more than that."""
    if media is None or media.source is None:
        why = media.why if media else ""
        address = link(url or "", name) or cut(name or url or "", SHORT)
        return tag("p", address, tag("span", f" {why}", class_="soft") if why else "")
    if media.kind == "image":
        return tag("img", src=media.source, alt=cut(prompt, LONG))
    return tag(media.kind, src=media.source, controls=True, preload="metadata")


def table(columns: Sequence[str], rows: Sequence[Sequence[Content]]) -> Markup:
    head = tag("tr", *(tag("th", column) for column in columns))
    lines = [tag("tr", *(tag("td", cell) for cell in row)) for row in rows]
    return tag("table", tag("thead", head), tag("tbody", *lines))


def link(text: str, name: str | None = None) -> Markup | None:
    """A link, if a text is an address of the web and nothing else."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.netloc or not text.isprintable():
        return None
    name = name or unquote(parts.path.rpartition("/")[2]) or parts.netloc
    return tag("a", cut(name, SHORT), href=text, target="_blank", rel="noopener noreferrer")


def as_json(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=shown)
    except (ValueError, RecursionError):
        return shown(value)


def cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def fields(record: Mapping[str, Any]) -> Markup:
    """The table of a record's fields."""
    rows = [
        (name, cut(value if isinstance(value, str) else as_json(value), LONG))
        for name, value in record.items()
    ]
    return table(("", ""), rows)


def cell(item: str) -> Markup:
    """An output in the cell of a table: a link, or a short text."""
    address = link(item)
    return tag("div", cut(item, SHORT)) if address is None else tag("div", address)
