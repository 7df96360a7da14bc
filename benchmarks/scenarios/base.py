"""What a scenario is: subjects side by side, one of them the measure of the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ..figures import Figures
from ..harness import Place

OURS: Final = "skytells (this)"
PUBLISHED: Final = "skytells 1.0.0"
HTTPX: Final = "httpx"
TYPED: Final = "httpx + pydantic"
SOCKETS: Final = "raw sockets"
OPENAI: Final = "openai"
REPLICATE: Final = "replicate"
AIOHTTP: Final = "aiohttp"
HTTPX_SSE: Final = "httpx-sse"

Samples = dict[str, list[Figures]]


@dataclass(frozen=True)
class Scenario:
    """One comparison.

    Args:
        key: Its name in the JSON and on the command line.
        title: What is compared.
        baseline: The subject that counts as 1.
        figures: What was taken of each subject, and its unit: `cpu`, `wall` in seconds, `rss` in MB.
        run: Measures, given where the server is and whether to be quick.
        note: What a reader must know.
    """

    key: str
    title: str
    baseline: str
    figures: dict[str, str]
    run: Callable[[Place, bool], Samples]
    note: str = ""
    scale: dict[str, float] = field(default_factory=dict[str, float])
