"""All that is measured. Streams and downloads join when the package has them."""

from __future__ import annotations

from .bursts import BURSTS
from .calls import CALLS
from .cold import COLD
from .reading import READING
from .waiting import WAITING

SCENARIOS = [*CALLS, *BURSTS, *COLD, *READING, *WAITING]
