"""All that is measured."""

from __future__ import annotations

from .bursts import BURSTS
from .calls import CALLS
from .cold import COLD
from .reading import READING
from .streams import STREAMS
from .transports import TRANSPORTS
from .waiting import WAITING

SCENARIOS = [*CALLS, *BURSTS, *COLD, *READING, *STREAMS, *TRANSPORTS, *WAITING]
