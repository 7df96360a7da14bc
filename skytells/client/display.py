"""What a notebook shows of an async client's prediction: a display cannot await, so it blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._core.driver import Driver
from .._http.engine import SyncEngine
from ..outputs.previews import LARGEST_PICTURE
from ..outputs.saving import terms_of
from ..predictions.outputs import preview_outputs
from .base import ClientBase, Shared

if TYPE_CHECKING:
    from .._core.config import Config
    from ..outputs.previews import Preview
    from ..predictions.handle import AsyncPrediction


class _Blocking(ClientBase, Driver):
    """A sync driver with the settings of an async client."""

    def __init__(self, config: Config, shared: Shared) -> None:
        super().__init__(config, shared)
        self._engine = SyncEngine()


def preview(
    config: Config, shared: Shared, prediction: AsyncPrediction, max_wait: float
) -> Preview:
    """Fetch the outputs of a prediction, over connections of its own; `max_wait` in milliseconds."""
    terms = terms_of(config, max_wait, LARGEST_PICTURE, allow_private=False)
    with _Blocking(config, shared) as driver:
        return driver.perform(preview_outputs(prediction, terms))
