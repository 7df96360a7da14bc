"""Measured figures in the pages are those of `docs/benchmarks/results.json`, and what they say of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import harness, pages, tables
from benchmarks.figures import Figures, ratio
from benchmarks.goals import GOALS, Goal
from benchmarks.results import About, Results
from benchmarks.scenarios import SCENARIOS
from benchmarks.scenarios.base import HTTPX, OPENAI, OURS, SOCKETS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def results() -> Results:
    kept = Results.read(ROOT / pages.FOLDER)
    assert kept.samples
    return kept


def few(samples: dict[str, list[Figures]]) -> Results:
    return Results(About("2026-11-25", False, "3.11.7", "Linux", {}), {"get": samples})


def test_the_pages_say_what_was_measured(results: Results) -> None:
    """Where this fails: `make figures`."""
    for path in pages.pages(ROOT):
        page = path.read_text(encoding="utf-8")
        assert pages.filled(page, results) == page, path.name
    shown = (ROOT / pages.FOLDER / "results.md").read_text(encoding="utf-8")
    assert shown == pages.figures(results)


def test_each_block_of_figures_is_one_that_there_is() -> None:
    found = dict[str, set[str]]()
    for path in pages.pages(ROOT):
        text = path.read_text(encoding="utf-8")
        found[path.name] = set(re.findall(r"<!-- figures: (.*?) -->", text))
    assert found["README.md"] == {"summary"}
    assert found["performance.md"] >= {"goals", "missed", "ahead", "layers"}
    known = set(pages.BLOCKS) | {scenario.key for scenario in SCENARIOS}
    assert set().union(*found.values()) <= known


def test_each_goal_is_about_a_figure_that_is_taken() -> None:
    taken = {scenario.key: scenario.figures for scenario in SCENARIOS}
    for goal in GOALS:
        assert goal.key in taken[goal.scenario], goal.text
        assert not goal.scenario_under or goal.key in taken[goal.scenario_under], goal.text
        assert (goal.most is None) != (goal.least is None), goal.text


def test_a_goal_that_is_missed_says_so_and_why() -> None:
    goal = next(each for each in GOALS if each.scenario == "get")
    said = tables.missed(few({OURS: [{"cpu": 11.0}], HTTPX: [{"cpu": 10.0}]}))
    assert said == [f"- **{goal.text}**: 1.1 instead of {goal.bound}. {goal.why}"]
    assert tables.missed(few({OURS: [{"cpu": 7.0}], HTTPX: [{"cpu": 10.0}]})) == [
        "Every goal that was measured is met."
    ]


@pytest.mark.parametrize(("value", "met"), [(1.29, False), (1.3, True), (2.0, True)])
def test_a_goal_may_be_a_least(value: float, met: bool) -> None:
    goal = Goal(10, "Events", "", "get", "cpu", OURS, HTTPX, least=1.3)
    spread = goal.spread(few({OURS: [{"cpu": value}], HTTPX: [{"cpu": 1.0}]}).samples)
    assert spread is not None
    assert (goal.bound, goal.met(spread)) == ("≥ 1.3", met)


def test_peers_that_are_ahead_are_named_and_others_are_not() -> None:
    measured = few({OURS: [{"cpu": 10.0}], HTTPX: [{"cpu": 9.8}], SOCKETS: [{"cpu": 2.0}]})
    (line,) = tables.ahead(measured)
    assert line.startswith("- **raw sockets**")
    assert "HTTP 0.20" in line
    assert tables.REASONS[SOCKETS] in line


def test_transports_are_compared_side_by_side() -> None:
    samples: dict[str, list[Figures]] = {
        OURS: [{"cpu": 2.0, "wall": 4.0}],
        "httpx2": [{"cpu": 3.0, "wall": 2.0}],
    }
    measured = Results(samples={"transport_1": samples, "transport_100": {OURS: samples[OURS]}})
    lines = tables.transports(measured)
    assert (
        lines[0]
        == "| | CPU, 1 in flight | CPU, 100 in flight | time, 1 in flight | time, 100 in flight |"
    )
    assert lines[3] == "| httpx2 | 1.50 | — | 0.50 | — |"
    assert tables.transports(Results()) == ["Not measured yet."]


def test_a_subject_that_failed_is_shown_as_failed() -> None:
    scenario = next(each for each in SCENARIOS if each.key == "get")
    samples: dict[str, list[Figures]] = {
        OURS: [{"cpu": 1e-6, "wall": 1e-6}, {}],
        HTTPX: [{"cpu": 2e-6, "wall": 2e-6}] * 2,
        OPENAI: [],
    }
    lines = tables.table(scenario, samples)
    assert "| openai: failed |  |  |  |  |" in lines
    assert any(line.startswith(f"| **{OURS}**: failed in 1 of 2 rounds | 0.50") for line in lines)
    assert pages.figures(few(samples))  # nor does what is missing keep a page from being made


def test_a_round_without_figures_keeps_the_pairs_of_the_others() -> None:
    spread = ratio(
        [{"cpu": 2.0}, {}, {"cpu": 4.0}], [{"cpu": 1.0}, {"cpu": 9.0}, {"cpu": 2.0}], "cpu"
    )
    assert spread is not None
    assert (spread.low, spread.high) == (2.0, 2.0)


def test_a_subject_may_fail_once(capsys: pytest.CaptureFixture[str]) -> None:
    turns = iter([{"cpu": 1.0}, None, {"cpu": 3.0}])

    def once() -> Figures:
        figures = next(turns)
        if figures is None:
            raise RuntimeError("the worker died")
        return figures

    def always() -> Figures:
        raise RuntimeError("not here")

    taken = harness.interleave({"once": once, "always": always}, 3, warm_up=False)
    assert taken == {"once": [{"cpu": 1.0}, {}, {"cpu": 3.0}], "always": []}
    assert "once failed: RuntimeError: the worker died" in capsys.readouterr().err


def test_results_are_kept_and_read_again(tmp_path: Path) -> None:
    written = few({OURS: [{"cpu": 1.0}], OPENAI: []})
    written.write(tmp_path)
    assert Results.read(tmp_path) == written
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]
    assert Results.read(tmp_path / "nowhere") == Results()


def test_a_comparison_that_takes_long_is_ended_after_its_least_rounds() -> None:
    taken = harness.interleave({"slow": lambda: {"wall": 20.0}}, 9, enough=-1.0)
    assert len(taken["slow"]) == harness.LEAST_ROUNDS
