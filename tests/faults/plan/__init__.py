"""The numbered plan: every fault that we know how to make, by family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..cases import Family
from . import (
    bodies,
    configuration,
    connections,
    dispatches,
    envelopes,
    headers,
    identifiers,
    injected,
    money,
    network,
    proxies,
    redirects,
    retries,
    streams,
    waits,
)

FAMILIES: Final[Sequence[Family]] = (
    network.FAMILY,
    connections.FAMILY,
    proxies.FAMILY,
    bodies.FAMILY,
    envelopes.FAMILY,
    retries.FAMILY,
    money.FAMILY,
    waits.FAMILY,
    dispatches.FAMILY,
    streams.FAMILY,
    redirects.FAMILY,
    identifiers.FAMILY,
    headers.KEYS,
    headers.HEADERS,
    configuration.ADDRESSES,
    configuration.SETTINGS,
    injected.FAMILY,
)
