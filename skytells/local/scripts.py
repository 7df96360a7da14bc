"""Scripts: how the next predictions of a model are to fare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .catalogue import Model
from .lives import Life, scripted


@dataclass
class _Script:
    life: Life
    times: int | None


class Scripts:
    """The scripts in force, one per model at most. Its owner holds a lock while it calls."""

    def __init__(self) -> None:
        self._scripts: dict[str, _Script] = {}

    def set(
        self,
        model: Model,
        *,
        fails: str | None,
        seconds: float | None,
        statuses: Sequence[str] | None,
        times: int | None,
    ) -> None:
        """Replace the script of a model; see `Platform.script`.

        Raises:
            ValueError: the script contradicts itself.
        """
        if times is not None and times < 1:
            raise ValueError(f"times must be at least 1, not {times!r}")
        life = scripted(normal_life(model), fails=fails, seconds=seconds, statuses=statuses)
        self._scripts[model.namespace] = _Script(life, times)

    def life(self, model: Model) -> Life:
        """How the next prediction of a model will fare."""
        script = self._scripts.get(model.namespace)
        return normal_life(model) if script is None else script.life

    def use(self, model: Model) -> None:
        """Count a prediction that began under a model's script."""
        script = self._scripts.get(model.namespace)
        if script is not None and script.times is not None:
            script.times -= 1
            if not script.times:
                del self._scripts[model.namespace]


def normal_life(model: Model) -> Life:
    """How a prediction of a model fares without a script."""
    return replace(Life(model.seconds), failure=f"Failed to generate {model.type}.")
