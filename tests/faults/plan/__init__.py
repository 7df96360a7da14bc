from __future__ import annotations

from ..cases import Family
from . import bodies, connections, network, proxies

FAMILIES: list[Family] = [network.FAMILY, connections.FAMILY, proxies.FAMILY, bodies.FAMILY]
