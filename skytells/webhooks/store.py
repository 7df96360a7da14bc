"""What has been handled: so that a webhook that arrives twice is acted on once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Awaitable
from typing import Protocol

from .._data.checks import whole


class WebhookStore(Protocol):
    """Where a handler remembers the keys of events; its methods may be `async`.

    One that several processes share, in Redis or a table with a unique key, recognises what any of
    them has handled. Forget keys after a day or more.

    It may also have `complete(key)`, called when all functions have returned: what was claimed and
    never completed, since its process died, can then be forgotten after minutes, and is handled
    when it is told again.
    """

    def claim(self, key: str, /) -> bool | Awaitable[bool]:
        """Remember a key, in one step for all; false if it was known already."""
        ...

    def release(self, key: str, /) -> object:
        """Forget a key: what it stands for failed, and is to be handled when it is repeated."""
        ...


class MemoryStore:
    """The keys of the latest events, in this process.

    Args:
        most: How many are remembered; of more, the oldest are forgotten.

    Raises:
        ConfigurationError: `most` is not a whole number of at least 1.

    Example:
        >>> from skytells.webhooks import MemoryStore
        >>> store = MemoryStore()
        >>> store.claim("p1:completed"), store.claim("p1:completed")
        (True, False)
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = whole(most, "most", 1, 2**40)
        self._keys: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def claim(self, key: str, /) -> bool:
        """Remember a key; false if it was known already."""
        with self._lock:
            if key in self._keys:
                self._keys.move_to_end(key)
                return False
            self._keys[key] = None
            if len(self._keys) > self._most:
                self._keys.popitem(last=False)
            return True

    def release(self, key: str, /) -> None:
        """Forget a key."""
        with self._lock:
            self._keys.pop(key, None)

    def __len__(self) -> int:
        return len(self._keys)
