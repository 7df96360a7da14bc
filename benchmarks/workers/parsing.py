"""Reading bodies from memory, and what the results weigh: one process for all designs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import payloads
from common import Figures, Job, measured, memory, serve
from plain_models import Page, Prediction

from skytells._core.wire import Reply
from skytells.models.requests import list_models
from skytells.predictions.requests import get_prediction, read_page

ONE = payloads.encoded(payloads.prediction())
PAGE = payloads.encoded(payloads.page())
MODELS = payloads.encoded(payloads.models())
_one = get_prediction(payloads.ID).read
_models = list_models(None, None).read


def _reply(body: bytes) -> Reply:
    return Reply(200, {}, body)


def _every(call: Callable[[], object]) -> Job:
    return lambda times: measured(call, times)


def _touched_models() -> None:
    for model in _models(_reply(MODELS)):
        _ = model.type


def _eager_page() -> None:
    raw = json.loads(PAGE)
    _ = [(Prediction.model_validate(row), row) for row in raw["data"]]


PARSING: dict[str, Job] = {
    "one_json": _every(lambda: json.loads(ONE)),
    "one_ours": _every(lambda: _one(_reply(ONE))),
    "one_ours_touched": _every(lambda: _one(_reply(ONE)).status),
    "one_pydantic": _every(lambda: Prediction.model_validate_json(ONE)),
    "page_json": _every(lambda: json.loads(PAGE)),
    "page_ours": _every(lambda: read_page(_reply(PAGE))),
    "page_ours_touched": _every(lambda: [p.status for p in read_page(_reply(PAGE))]),
    "page_pydantic": _every(lambda: Page.model_validate_json(PAGE)),
    "page_pydantic_and_raw": _every(_eager_page),
    "models_json": _every(lambda: json.loads(MODELS)),
    "models_ours": _every(lambda: _models(_reply(MODELS))),
    "models_ours_touched": _every(_touched_models),
}


def _holding(read: Callable[[bytes], Any], number: int) -> Figures:
    """Resident memory of so many predictions, of pages of fifty, as kB each."""
    read(PAGE)
    before = memory()
    kept = [read(payloads.encoded(payloads.page(first))) for first in range(50, number + 50, 50)]
    grown = memory() - before
    return {"rss": grown * 1000 / number, "pages": float(len(kept))}


def _read(body: bytes) -> list[Any]:
    return list(read_page(_reply(body)))


def _read_touched(body: bytes) -> list[Any]:
    rows = _read(body)
    for row in rows:
        _ = row.status
    return rows


def _pydantic_and_raw(body: bytes) -> list[Any]:
    return [(Prediction.model_validate(row), row) for row in json.loads(body)["data"]]


HOLDING: dict[str, Job] = {
    "hold_json": lambda number: _holding(json.loads, number),
    "hold_ours": lambda number: _holding(_read, number),
    "hold_ours_touched": lambda number: _holding(_read_touched, number),
    "hold_pydantic": lambda number: _holding(Page.model_validate_json, number),
    "hold_pydantic_and_raw": lambda number: _holding(_pydantic_and_raw, number),
}

if __name__ == "__main__":
    serve(**PARSING, **HOLDING)
