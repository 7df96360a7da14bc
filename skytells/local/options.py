"""The options of a local platform."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from .catalogue import Model


class PlatformOptions(TypedDict, total=False):
    """The options of a local platform, all of which are optional.

    Args:
        seed: Makes ids repeatable (0); `None` makes them random.
        key: The only API key that is accepted; `None` accepts any that is not empty.
        models: The models that it offers, instead of `skytells.local.MODELS`.
        asset_lifetime: Calendar seconds for which files are kept after the end (300).
        credits: The initial balance (a million); one credit is one dollar.
        rpm: Requests to one model that may begin within 60 platform seconds (no limit).
        concurrency: Requests to one model that may run at once (no limit).
        webhook_secret: Signs webhooks instead of the key of the prediction's request.
        webhook_wrapped: Send `{"type", "created_at", "data"}` to webhooks, instead of the bare
            prediction.
        webhook_copies: How often each event is sent to a webhook (1).
        variants: Other forms of responses; see `skytells.local.variants`.
        orchestrator_key: The only key that the Orchestrator accepts (any `wfb_…`).
        keep: Predictions to keep (10,000); of more, the oldest finished ones are dropped.
    """

    seed: int | None
    key: str | None
    models: Iterable[Model]
    asset_lifetime: float
    credits: float
    rpm: int | None
    concurrency: int | None
    webhook_secret: str | None
    webhook_wrapped: bool
    webhook_copies: int
    variants: Iterable[str]
    orchestrator_key: str | None
    keep: int
