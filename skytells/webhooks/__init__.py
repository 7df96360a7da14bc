"""Webhooks: ask for them, verify what arrives, read it, and act on it once.

    from skytells.webhooks import WebhookHandler

    handler = WebhookHandler()  # reads SKYTELLS_WEBHOOK_SECRET, else SKYTELLS_API_KEY

    @handler.on("completed")
    def keep(event):
        print(event.prediction.output)

    # In the view that receives the POST, with the raw body:
    handler.handle(body, headers)

Nothing here does I/O: a web framework receives, and `skytells.fastapi` is one that is ready.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._data.lazy import load

if TYPE_CHECKING:
    from .events import Webhook, WebhookEvent, WebhookEventType, parse_event
    from .handler import WebhookHandler
    from .signatures import SIGNATURE_HEADER, sign, verify_signature
    from .store import MemoryStore, WebhookStore

__all__ = [
    "SIGNATURE_HEADER",
    "MemoryStore",
    "Webhook",
    "WebhookEvent",
    "WebhookEventType",
    "WebhookHandler",
    "WebhookStore",
    "parse_event",
    "sign",
    "verify_signature",
]


def __getattr__(name: str) -> object:
    return load(__name__, name, "events", "handler", "signatures", "store")
