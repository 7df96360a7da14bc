"""Other forms of responses that the platform's documentation or its clients know."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

VARIANTS: Final[Mapping[str, str]] = {
    "queued": "a waiting prediction has the status `queued`, not `pending`",
    "canceled": "the other spelling of `cancelled`",
    "status-false": 'a waiting prediction is `{"status": false, "id": …}`',
    "model-slug": "the model of a prediction is its slug, not an object",
    "bare-list": "a list of predictions is an array without pagination",
    "cancel-success": 'a cancellation returns `{"success": true}`',
    "missing-502": "a prediction that does not exist is a 502, not a 404",
    "stream-events": "`urls.stream` is `…/stream`, which sends the events itself",
    "output-pieces": "text output is sent in pieces, in events called `output`",
    "edge-422": "a model that is not at the edge is a 422, not a 404",
    "obfuscation": "inference streams are padded with `obfuscation`",
    "array-content": "the content of a chat chunk is an array of parts, not a string",
    "crlf": "lines of an inference stream end with CR and LF",
    "comments": "comments are sent between the events of an inference stream, as heartbeats",
    "event-ids": "the events of an inference stream have an `id` and a `retry`",
    "multi-line": "the JSON of an inference event spans several lines",
    "execution-completed": "a successful execution is `completed`, a failed one `error`",
    "session-only": "the Orchestrator accepts keys for webhooks only, and sessions for the rest",
    "responses-done": "a responses stream ends with `[DONE]`, as a chat stream does",
}
"""The variants by name. All are off by default."""

_SPELLINGS: Final = {"pending": "queued", "cancelled": "canceled"}


def check_variants(names: Iterable[str]) -> frozenset[str]:
    """The names as a set; one name may be given as a string.

    Raises:
        ValueError: A name is not in `VARIANTS`.
    """
    try:
        given = frozenset([names] if isinstance(names, str) else names)
    except TypeError:
        raise ValueError(f"variants must be a list of names, not {names!r}") from None
    if unknown := given - VARIANTS.keys():
        known = ", ".join(VARIANTS)
        raise ValueError(f"unknown variant {min(unknown)!r}: use one of {known}")
    return given


def spell_status(status: str, variants: Collection[str]) -> str:
    """A status in the spelling that the variants select.

    Example:
        >>> spell_status("cancelled", {"canceled"})
        'canceled'
    """
    other = _SPELLINGS.get(status, status)
    return other if other in variants else status


def status_spellings(status: str) -> tuple[str, ...]:
    """Every spelling of a status.

    Example:
        >>> status_spellings("pending")
        ('pending', 'queued')
    """
    other = _SPELLINGS.get(status)
    return (status,) if other is None else (status, other)
