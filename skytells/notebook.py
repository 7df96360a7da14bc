"""How predictions, models and pages look in a notebook: HTML that runs nothing and loads nothing.

Whatever a server or a user wrote is escaped. Media that was downloaded is embedded; any other is a
link. Colours are those of the page around: a theme of Jupyter or of VS Code, or whatever is inherited.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from ._data.checks import clean, is_array, shown
from ._data.html import Content, Markup, tag, together
from ._data.record import Record, Rows
from .errors import ConfigurationError
from .outputs.previews import Media, Preview
from .types.models import Model
from .types.outputs import is_address, name_in, parts_of
from .types.predict import PredictionFile, PredictionResponse
from .types.shared import PaginatedResponse

Shown: TypeAlias = (
    Record
    | Preview
    | PaginatedResponse
    | Iterable[Model]
    | Iterable[PredictionResponse]
    | Rows[Any]
)

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

_LONG: Final = 600
_SHORT: Final = 90


def render(thing: Shown) -> str:
    """The HTML of a record, of a page, or of many models or predictions.

    Args:
        thing: What is to be shown.

    Example:
        >>> from skytells.notebook import render
        >>> html = render(client.models.list())
        >>> html.count("<tr>") > 10, "<script" in html
        (True, False)
    """
    return _framed(_body(thing))


def show(thing: object) -> None:
    """Show something in the output of the cell, wherever in the cell this stands.

    Args:
        thing: Whatever renders itself, such as a handle, a record or a page; a list of models or of
            predictions, which becomes a table; or any other list, whose items are shown one by one.

    Raises:
        ConfigurationError: IPython is not installed.
    """
    put = display()
    for one in _several(thing):
        put(one)


def _several(thing: object) -> list[object]:
    if not is_array(thing) or isinstance(thing, Rows):
        return [thing]
    alike = any(all(isinstance(one, kind) for one in thing) for kind in (Model, PredictionResponse))
    return [Rows(thing)] if alike else list(thing)


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
    return _framed(tag("span", fill, class_="track"), f"{text} ", tag("span", told, class_="soft"))


def _framed(*content: Content) -> Markup:
    return tag("div", STYLE, *content, class_="skytells")


def _body(thing: Shown) -> Markup:
    match thing:
        case Preview():
            return _prediction(thing.prediction, thing.media)
        case PredictionResponse():
            return _prediction(thing, {})
        case Model():
            return _model(thing)
        case Record():
            return _fields(thing)
        case PaginatedResponse():
            at, last = thing.pagination.current_page, thing.pagination.last_page
            told = f"Page {at} of {last}, {thing.pagination.total} in all."
            return together(_predictions(thing.data), tag("p", told, class_="soft"))
        case _:
            items = list(thing)
            models = [item for item in items if isinstance(item, Model)]
            if models:
                return _models(models)
            return _predictions([item for item in items if isinstance(item, PredictionResponse)])


def _prediction(prediction: PredictionResponse, media: Mapping[int, Media]) -> Markup:
    prompt = _prompt(prediction)
    shown = [_file(file, media.get(place), prompt) for place, file in enumerate(prediction.files)]
    parts = [tag("div", *shown, class_="many" if len(shown) > 1 else "one")] if shown else []
    parts += [tag("pre", part) for part in parts_of(prediction.output) if not is_address(part)]
    if prediction.failure is not None:
        parts.append(tag("pre", _cut(prediction.failure, _LONG)))
    if prompt:
        parts.append(tag("p", _cut(prompt, _LONG)))
    told = [prediction.slug or ""]
    if prediction.metrics and prediction.metrics.total_time is not None:
        told.append(f"{prediction.metrics.total_time:g} s")
    spent = _credits(prediction)
    told += [f"{spent} credits"] if spent else []
    about = ", ".join([prediction.status, *filter(None, told)])
    id = tag("code", prediction.id)
    parts.append(tag("p", _dot(prediction), tag("span", f"{about} ", id, class_="soft")))
    return together(*parts)


def _file(file: PredictionFile, media: Media | None, prompt: str) -> Markup:
    """A picture or a player; of what cannot be shown a link, and why it is no more than that."""
    if media is None or media.source is None:
        why = media.why if media else ""
        address = link(file.url or "", file.name) or _cut(file.name or file.url or "", _SHORT)
        return tag("p", address, tag("span", f" {why}", class_="soft") if why else "")
    if media.kind == "image":
        return tag("img", src=media.source, alt=_cut(prompt, _LONG))
    return tag(media.kind, src=media.source, controls=True, preload="metadata")


def _predictions(predictions: Sequence[PredictionResponse]) -> Markup:
    rows = [
        (
            tag("span", _dot(p), clean(p.status, 40), class_="line"),
            p.slug or "",
            _cut(_prompt(p), _SHORT),
            together(*map(_cell, parts_of(p.output))),
            tag("span", f"{p.created:%Y-%m-%d %H:%M}" if p.created else "", class_="line"),
            _credits(p),
            tag("code", p.id),
        )
        for p in predictions
    ]
    return _table(("Status", "Model", "Prompt", "Output", "Created", "Credits", "Id"), rows)


def _cell(item: str) -> Markup:
    address = link(item)
    return tag("div", _cut(item, _SHORT)) if address is None else tag("div", address)


def _model(model: Model) -> Markup:
    title = tag(
        "p", tag("strong", model.name or model.slug or ""), " ", tag("code", model.slug or "")
    )
    told = ", ".join(filter(None, (model.type, model.vendor_name, *(model.capabilities or ()))))
    return together(
        title,
        tag("p", told, class_="soft"),
        tag("p", _cut(model.description or "", _LONG)),
        tag("div", _prices(model)),
    )


def _models(models: Sequence[Model]) -> Markup:
    rows = [
        (tag("code", m.slug or ""), m.name or "", m.type or "", m.vendor_name or "", _prices(m))
        for m in models
    ]
    return _table(("Slug", "Name", "Type", "Vendor", "Price"), rows)


def _prices(model: Model) -> Markup:
    """The price and, below it, those of the inputs that have one of their own."""
    rules = (model.pricing.criterias if model.pricing else None) or ()
    special = [
        tag("div", f"{rule.price} where {rule.field} is {_json(rule.value)}", class_="soft")
        for rule in rules
    ]
    return together(model.price or "", *special)


def _fields(record: Record) -> Markup:
    rows = [
        (name, _cut(value if isinstance(value, str) else _json(value), _LONG))
        for name, value in record.shown().items()
    ]
    return _table(("", ""), rows)


def _table(columns: Sequence[str], rows: Sequence[Sequence[Content]]) -> Markup:
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
    name = name or name_in(text) or parts.netloc
    return tag("a", _cut(name, _SHORT), href=text, target="_blank", rel="noopener noreferrer")


def _prompt(prediction: PredictionResponse) -> str:
    prompt = (prediction.input or {}).get("prompt")
    return prompt if isinstance(prompt, str) else ""


def _credits(prediction: PredictionResponse) -> str:
    billing = prediction.metadata.billing if prediction.metadata else None
    return "" if billing is None or billing.credits_used is None else f"{billing.credits_used:g}"


def _dot(prediction: PredictionResponse) -> Markup:
    return tag("span", class_=f"dot {prediction.status}")


def _json(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=shown)
    except (ValueError, RecursionError):
        return shown(value)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
