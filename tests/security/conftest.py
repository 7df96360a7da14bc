"""The servers are those that the behaviour is tested against."""

from __future__ import annotations

from ..behaviour.conftest import Serve, serve

__all__ = ["Serve", "serve"]
