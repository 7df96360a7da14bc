"""What a local platform may be told when it starts, in one place for all who start one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from .catalogue import Model


class PlatformOptions(TypedDict, total=False):
    """The options of a local platform; each may be left out. See `serve` for what they mean."""

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
