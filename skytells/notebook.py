"""Showing things in a notebook: `show()`.

Predictions, models and pages render themselves as the last line of a cell; this shows them anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from ._data.checks import is_array
from ._data.display import display
from ._data.record import Record, Rows
from .outputs.previews import Preview
from .types.models import Model, ModelList
from .types.predict import PredictionList, PredictionResponse
from .types.shared import PaginatedResponse

Shown: TypeAlias = (
    Record
    | Preview
    | PaginatedResponse
    | Iterable[Model]
    | Iterable[PredictionResponse]
    | Rows[Any]
)


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
    if isinstance(thing, Record | Preview | PaginatedResponse | Rows):
        return thing._repr_html_()  # pyright: ignore[reportPrivateUsage]  # IPython's name for it
    return _table(list(thing))._repr_html_()  # pyright: ignore[reportPrivateUsage]  # as above


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
    return [_table(thing)] if alike else list(thing)


def _table(things: Iterable[object]) -> ModelList | PredictionList:
    items = list(things)
    models = ModelList(item for item in items if isinstance(item, Model))
    return models or PredictionList(item for item in items if isinstance(item, PredictionResponse))
