"""Progress: who is told, and how it is drawn in a terminal and in a log."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

import pytest

from skytells import ConfigurationError, InvalidRequestError, PredictionResponse
from skytells._core.operation import Done, Flow, Raised, Sleep, advance
from skytells.predictions.progress import ProgressReporter
from skytells.predictions.progress_bar import Bar, Lines, State, Terminal


def state(status: str, progress: float | None = None, id: str = "p1") -> PredictionResponse:
    metrics = None if progress is None else {"progress": progress}
    return PredictionResponse.from_wire({"id": id, "status": status, "metrics": metrics})


class Recorder:
    """A drawing that remembers what it was to show."""

    def __init__(self) -> None:
        self.states: list[State] = []
        self.ended: list[bool] = []

    def show(self, state: State) -> None:
        self.states.append(state)

    def end(self, *, keep: bool) -> None:
        self.ended.append(keep)


class Broken:
    """A drawing that cannot draw."""

    def show(self, state: State) -> None:
        raise ValueError("I/O operation on closed file")

    def end(self, *, keep: bool) -> None:
        raise OSError("gone")


class Tty(io.StringIO):
    """A stderr that is a terminal."""

    def isatty(self) -> bool:
        return True


@contextmanager
def terminal() -> Generator[Tty]:
    """A block in which stderr is a terminal."""
    with pytest.MonkeyPatch.context() as patch, redirect_stderr(Tty()) as stream:
        patch.setenv("TERM", "xterm")
        patch.setenv("COLUMNS", "120")
        yield stream
    assert Terminal._screen is None, "the terminal was not given back"  # pyright: ignore[reportPrivateUsage]


# --- The bar ------------------------------------------------------------------------------------


def test_a_bar_shows_status_and_share_of_one_prediction() -> None:
    drawing = Recorder()
    with Bar(drawing=drawing) as bar:
        bar.see(state("starting"))
        bar.see(state("processing", 42.0))
        bar.see(state("succeeded", 100.0))
    assert list(map(str, drawing.states)) == [
        "sent",
        "p1 starting",
        "p1 processing 42%",
        "p1 succeeded 100%",
    ]
    assert drawing.ended == [True]


def test_a_bar_counts_many_predictions_and_those_that_had_ended() -> None:
    drawing = Recorder()
    bar = Bar(drawing=drawing)
    bar.expect({"p1": state("succeeded"), "p2": None, "p3": None, "p4": None})
    with bar:
        bar.see(state("processing", 50.0, "p2"))
        bar.see(state("failed", 10.0, "p2"))
    assert list(map(str, drawing.states)) == [
        "1 of 4 ended 25%",
        "1 of 4 ended 38%",
        "2 of 4 ended 50%",
    ]


def test_a_bar_of_no_predictions_is_at_none() -> None:
    drawing = Recorder()
    bar = Bar(drawing=drawing)
    bar.expect({})
    with bar:
        pass
    assert list(map(str, drawing.states)) == ["0 of 0 ended 0%"]


def test_a_bar_that_saw_nothing_leaves_nothing() -> None:
    drawing = Recorder()
    with Bar(drawing=drawing):
        pass
    assert drawing.ended == [False]


def test_a_bar_that_is_not_kept_does_not_show_the_end() -> None:
    drawing = Recorder()
    with Bar(keep=False, drawing=drawing) as bar:
        bar.see(state("processing", 1.0))
        bar.see(state("succeeded", 100.0))
    assert [s.stage for s in drawing.states] == ["", "processing"]
    assert drawing.ended == [False]


@pytest.mark.parametrize(("percent", "share"), [(-3.0, 0.0), (140.0, 1.0), (float("nan"), None)])
def test_a_bar_bears_a_progress_out_of_its_range(percent: float, share: float | None) -> None:
    drawing = Recorder()
    with Bar(drawing=drawing) as bar:
        bar.see(state("processing", percent))
    assert drawing.states[-1].share == share


def test_a_bar_that_cannot_be_drawn_does_not_end_the_waiting() -> None:
    with Bar(drawing=Broken()) as bar:
        bar.see(state("processing", 10.0))


def test_a_bar_shows_a_servers_text_without_control_characters() -> None:
    drawing = Recorder()
    with Bar(drawing=drawing) as bar:
        bar.see(state("odd\x1b[2J", id="p\r1"))
    assert drawing.states[-1].text == "p 1 odd [2J"


# --- In a log -----------------------------------------------------------------------------------


def test_lines_are_one_for_each_status_and_quarter(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar(drawing=Lines()) as bar:
        bar.see(state("starting"))
        for percent in range(1000):
            bar.see(state("processing", percent / 10))
        bar.see(state("succeeded", 100.0))
    assert capsys.readouterr().err.splitlines() == [
        "p1 starting",
        "p1 processing 0%",
        "p1 processing 25%",
        "p1 processing 50%",
        "p1 processing 75%",
        "p1 succeeded 100%",
    ]


def test_lines_of_many_predictions_are_few(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Bar(drawing=Lines())
    bar.expect(dict.fromkeys(map(str, range(500))))
    with bar:
        for number in range(500):
            bar.see(state("succeeded", 100.0, str(number)))
    assert capsys.readouterr().err.splitlines() == [
        "125 of 500 ended 25%",
        "250 of 500 ended 50%",
        "375 of 500 ended 75%",
        "500 of 500 ended 100%",
    ]


def test_a_program_without_a_stderr_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with Bar() as bar:
        bar.see(state("processing", 10.0))


# --- In a terminal ------------------------------------------------------------------------------


def test_a_terminal_shows_a_bar_that_stays() -> None:
    with terminal() as shown, Bar() as bar:
        bar.see(state("processing", 50.0))
        bar.see(state("succeeded", 100.0))
    assert re.search(r"p1 succeeded.*━+.*100%[^\n]*\n[^\n]*$", shown.getvalue())


def test_bars_at_the_same_time_stand_below_each_other() -> None:
    with terminal() as shown, Bar() as one, Bar() as two:
        one.see(state("processing", 10.0, "p1"))
        two.see(state("processing", 20.0, "p2"))
    assert re.search(r"p1 processing.*10%.*\n.*p2 processing.*20%", shown.getvalue())


def test_a_terminal_gets_its_cursor_back() -> None:
    def interrupted() -> None:
        with Bar() as bar:
            bar.see(state("processing", 10.0))
            raise KeyboardInterrupt

    with terminal() as shown, pytest.raises(KeyboardInterrupt):
        interrupted()
    assert shown.getvalue().rindex("\x1b[?25h") > shown.getvalue().rindex("\x1b[?25l")


def test_a_bar_that_is_not_kept_is_wiped_from_a_terminal() -> None:
    with terminal() as shown, Bar(keep=False) as bar:
        bar.see(state("processing", 10.0))
    # The line is erased, and nothing comes after.
    assert re.search(r"sent.*\x1b\[2K[^\n ]*$", shown.getvalue())


def test_what_goes_into_a_file_is_not_drawn_in_the_terminal() -> None:
    with terminal() as shown, redirect_stdout(io.StringIO()) as file, Bar() as bar:
        bar.see(state("processing", 10.0))
        print("a result")
    assert file.getvalue() == "a result\n"
    assert "a result" not in shown.getvalue()


def test_a_bar_that_never_showed_ends_without_a_screen() -> None:
    with terminal() as shown:
        Terminal().end(keep=True)
    assert shown.getvalue() == ""


def test_a_terminal_without_rich_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich", None)
    with (
        terminal(),
        pytest.raises(ConfigurationError, match=r'pip install "skytells\[progress\]"'),
    ):
        ProgressReporter(None, True)


# --- Who is told --------------------------------------------------------------------------------


def see(prediction: PredictionResponse) -> str:
    return prediction.id


def test_nobody_is_told_where_nothing_was_asked() -> None:
    assert ProgressReporter(None).callback is None
    assert ProgressReporter(None, False).callback is None


def test_a_function_is_told() -> None:
    assert ProgressReporter(see).callback is see


@pytest.mark.parametrize("progress", [None, 1, "yes", see])
def test_what_is_neither_true_nor_false_is_refused(progress: Any) -> None:
    with pytest.raises(InvalidRequestError, match="progress must be True or False"):
        ProgressReporter(None, progress)


def test_a_bar_and_a_function_are_both_told(capsys: pytest.CaptureFixture[str]) -> None:
    told = ProgressReporter(see, True)
    assert told.callback is not None
    assert told.callback(state("processing")) == "p1"  # what it returns may be to be awaited
    assert capsys.readouterr().err == "p1 processing\n"


def flow() -> Flow[str]:
    yield Sleep(1.0)
    return "done"


def test_a_flow_is_the_same_with_a_bar() -> None:
    for progress in (False, True):
        with terminal():
            during = ProgressReporter(None, progress).during(flow())
            pause, end = advance(during), advance(during)
            assert isinstance(pause, Sleep)
            assert pause.seconds == 1.0
            assert isinstance(end, Done)
            assert end.value == "done"


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_a_bar_ends_with_what_its_flow_raises(error: BaseException) -> None:
    with terminal() as shown:
        during = ProgressReporter(None, True).during(flow())
        advance(during)
        with pytest.raises(type(error)):
            advance(during, Raised(error))
    assert "sent" in shown.getvalue()


def test_a_bar_ends_when_its_flow_is_closed() -> None:
    with terminal() as shown:
        during = ProgressReporter(None, True).during(flow())
        advance(during)
        during.close()
    assert "sent" in shown.getvalue()
