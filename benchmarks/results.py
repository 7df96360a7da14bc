"""What was measured, as it is kept: `results.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Self

from .scenarios.base import Samples

NAME: Final = "results.json"


@dataclass
class About:
    """When and with what it was measured."""

    day: str = ""
    quick: bool = False
    python: str = ""
    system: str = ""
    versions: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])


@dataclass
class Results:
    """All figures of a run, by scenario and subject; a subject that failed has none."""

    about: About = field(default_factory=About)
    samples: dict[str, Samples] = field(default_factory=dict[str, Samples])

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Those of a folder; none if it has none."""
        path = folder / NAME
        if not path.exists():
            return cls()
        kept = json.loads(path.read_text())
        return cls(About(**kept["about"]), kept["results"])

    def write(self, folder: Path) -> None:
        """Keep them, whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        written = {"about": asdict(self.about), "results": self.samples}
        part = folder / f"{NAME}.part"
        part.write_text(json.dumps(written, indent=1) + "\n")
        part.replace(folder / NAME)
