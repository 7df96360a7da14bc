"""What the tests of the transport share."""

from __future__ import annotations

import pytest

from skytells.transports import AsyncTransport, Transport

from ..conftest import Serve


def limit_connections(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Let default clients that are built from now on send at most so many requests at once."""
    for transport in (Transport, AsyncTransport):
        defaults = transport.__init__.__kwdefaults__
        assert defaults is not None
        monkeypatch.setitem(defaults, "max_connections", most)


__all__ = ["Serve", "limit_connections"]
