"""Outputs of predictions by whatever stands for one: a record, a handle, a dict or an id."""

from __future__ import annotations

import os
from pathlib import Path

from .._core.operation import Flow
from ..outputs.previews import Preview, preview
from ..outputs.reading import OutputStream
from ..outputs.saving import fetch, save
from ..outputs.transfer import Terms
from ..types.outputs import DownloadProgress
from ..types.predict import PredictionResponse
from .requests import get_prediction
from .targets import Waitable, resolve_target


def save_outputs(
    target: Waitable,
    to: str | os.PathLike[str],
    terms: Terms,
    progress: DownloadProgress | None,
    *,
    overwrite: bool,
) -> Flow[list[Path]]:
    """Keep all outputs."""
    prediction = yield from _ended(target)
    return (yield from save(prediction, to, terms, progress, overwrite=overwrite))


def fetch_output(target: Waitable, index: int, terms: Terms) -> Flow[bytes]:
    """One output, in memory."""
    prediction = yield from _ended(target)
    return (yield from fetch(prediction, index, terms))


def open_output(target: Waitable, index: int, terms: Terms) -> Flow[OutputStream]:
    """One output, begun."""
    prediction = yield from _ended(target)
    return (yield from OutputStream(prediction, index, terms).begin())


def preview_outputs(target: Waitable, terms: Terms) -> Flow[Preview]:
    """What a notebook shows of it; a handle knows where its outputs were saved."""
    prediction = yield from _ended(target)
    return (yield from preview(prediction, getattr(target, "paths", ()), terms))


def _ended(target: Waitable) -> Flow[PredictionResponse]:
    """The prediction as it is known, if it has ended; else as the server has it now."""
    id, seen = resolve_target(target, "save(), bytes() and open() take")
    if seen is not None and seen.done:
        return seen
    return (yield from get_prediction(id))
