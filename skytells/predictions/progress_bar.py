"""The progress of predictions, drawn: a bar in a terminal, one in a notebook, elsewhere a few lines.

Loaded by what draws. Who is told of each new state is `predictions.waiting.Told`.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from math import isfinite
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, Self

from .._data.checks import clean
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from .._core.operation import Clock
    from ..types.predict import PredictionResponse


@dataclass(frozen=True, slots=True)
class State:
    """What there is to be seen of one prediction, or of many.

    Args:
        text: What to say of it.
        share: How much is done, from 0 to 1; `None` where nobody knows.
        stage: What stays the same while only `share` grows.
    """

    text: str
    share: float | None = None
    stage: str = ""

    def __str__(self) -> str:
        return self.text if self.share is None else f"{self.text} {self.share:.0%}"


class Drawing(Protocol):
    """Where progress is shown."""

    def show(self, state: State) -> None:
        """Show a new state."""

    def end(self, *, keep: bool) -> None:
        """Nothing comes any more; `keep` says whether the last state stays to be seen."""


class Bar:
    """The progress of one prediction, or of many, inside a `with` block; `see` is told of states.

    What cannot be drawn is not drawn: a paid prediction is not given up for it.

    Args:
        keep: Whether the last state stays to be seen.
        drawing: Where it is shown; by default what is right where the program runs.

    Raises:
        ConfigurationError: The package that draws in terminals is not installed.
    """

    def __init__(self, *, keep: bool = True, drawing: Drawing | None = None) -> None:
        self._keep = keep
        self._drawing: Drawing = drawing or _drawing()
        self._shares: dict[str, float] = {}
        self._many = False

    def expect(self, known: Mapping[str, PredictionResponse | None]) -> None:
        """Many are waited for: their ids, and their states where those are known."""
        self._many = True
        self._shares = {id: float(p is not None and p.done) for id, p in known.items()}

    def __enter__(self) -> Self:
        if self._many:
            self._show_many()
        else:
            self._show(State("sent"))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with suppress(Exception):
            self._drawing.end(keep=self._keep and bool(self._shares))

    def see(self, prediction: PredictionResponse) -> None:
        """Show a new state."""
        if prediction.done and not (self._keep or self._many):
            return
        percent = prediction.metrics.progress if prediction.metrics else None
        if percent is not None:
            percent = min(max(percent, 0.0), 100.0) if isfinite(percent) else None
        share = None if percent is None else percent / 100
        self._shares[prediction.id] = 1.0 if prediction.done else share or 0.0
        if self._many:
            self._show_many()
        else:
            status = clean(prediction.status, 40)
            self._show(State(f"{clean(prediction.id, 80)} {status}", share, status))

    def _show_many(self) -> None:
        shares = self._shares.values()
        ended = sum(share == 1.0 for share in shares)
        self._show(State(f"{ended} of {len(shares)} ended", sum(shares) / (len(shares) or 1)))

    def _show(self, state: State) -> None:
        with suppress(Exception):
            self._drawing.show(state)


def _drawing() -> Drawing:
    """What is right where the program runs."""
    if in_notebook():
        return Cell()
    # A program without a console has no stderr.
    return Terminal() if getattr(sys.stderr, "isatty", bool)() else Lines()


def in_notebook() -> bool:
    """Whether this program is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


class Terminal:
    """A bar on stderr; those that are drawn at the same time stand below each other."""

    _lock: ClassVar[threading.RLock] = threading.RLock()
    _screen: ClassVar[Progress | None] = None
    _drawn: ClassVar[int] = 0

    def __init__(self) -> None:
        if find_spec("rich") is None:  # said before anything is paid for
            raise ConfigurationError.of(
                "A progress bar in a terminal needs the package rich: "
                'pip install "skytells[progress]", or pass a function as progress=.'
            )
        self._task: TaskID | None = None

    def show(self, state: State) -> None:
        """Draw the bar, or draw it anew."""
        total = None if state.share is None else 1.0
        with Terminal._lock:
            screen = Terminal._screen = Terminal._screen or _screen()
            if self._task is None:
                Terminal._drawn += 1
                self._task = screen.add_task(state.text, total=None)
            screen.update(self._task, description=state.text, total=total, completed=state.share)

    def end(self, *, keep: bool) -> None:
        """The last of the bars gives the terminal back."""
        with Terminal._lock:
            screen = Terminal._screen
            if screen is None or self._task is None:
                return
            screen.stop_task(self._task)
            if not keep:
                screen.remove_task(self._task)
            self._task = None
            Terminal._drawn -= 1
            if not Terminal._drawn:
                Terminal._screen = None
                screen.live.transient = not screen.tasks
                screen.stop()


def _screen() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    screen = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        # What is printed meanwhile stands above the bars; but what goes into a file stays there.
        redirect_stdout=sys.stdout.isatty(),
    )
    screen.start()
    return screen


class Lines:
    """Lines on stderr, for logs: one for each status and each quarter, and no more."""

    STEPS: Final = 4

    def __init__(self) -> None:
        self._last: tuple[str, int] = ("", 0)

    def show(self, state: State) -> None:
        """Write a line, if enough has happened."""
        mark = (state.stage, int((state.share or 0.0) * self.STEPS))
        if mark != self._last:
            self._last = mark
            sys.stderr.write(f"{state}\n")
            sys.stderr.flush()

    def end(self, *, keep: bool) -> None:
        """Lines have no end."""


class Cell:
    """A bar in the output of a notebook's cell."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock, self._began = clock, clock()
        self._handle: Any = None
        self._last: dict[str, str] = {}

    def show(self, state: State) -> None:
        """Draw the bar, or draw it anew."""
        from .._data.display import progress_bar

        seconds = self._clock() - self._began
        bar = progress_bar(state.text, state.share, seconds)
        self._draw({"text/plain": str(state), "text/html": bar})

    def end(self, *, keep: bool) -> None:
        """The bar stays, or an empty place."""
        if not keep:
            self._draw({"text/plain": "", "text/html": ""})

    def _draw(self, shown: dict[str, str]) -> None:
        from .._data.display import display

        if self._handle is None:
            self._handle = display()(shown, raw=True, display_id=True)
        elif shown != self._last:
            self._handle.update(shown, raw=True)
        self._last = shown
