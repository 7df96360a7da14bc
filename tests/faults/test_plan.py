"""The plan, its page and its tests belong together."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

import pytest

from . import test_faults
from .acts import ACTS
from .cases import Fault
from .page import PAGE, page
from .plan import FAMILIES

TESTS: Final = Path(__file__).parents[1]
RELIABILITY: Final = PAGE.with_name("reliability.md")
FAULTS: Final = [fault for family in FAMILIES for fault in family.faults]
NUMBERS: Final = [fault.number for fault in FAULTS]


def test_page_is_what_the_plan_says() -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert written == page(), "run: python -m tests.faults.page"


def test_numbers_are_unique_and_ascend_within_their_family() -> None:
    assert len(set(NUMBERS)) == len(NUMBERS)
    for family in FAMILIES:
        numbers = [fault.number for fault in family.faults]
        assert all(re.fullmatch(rf"{family.letter}\d\d+", number) for number in numbers)
        assert numbers == sorted(numbers, key=lambda number: int(number[1:]))


def test_faults_of_a_family_have_different_words() -> None:
    for family in FAMILIES:
        words = [fault.fault for fault in family.faults]
        assert len(set(words)) == len(words), sorted({w for w in words if words.count(w) > 1})


def test_plan_is_large_enough() -> None:
    assert len(FAULTS) >= 300


@pytest.mark.parametrize("fault", FAULTS, ids=NUMBERS)
def test_fault_fits_a_row_and_meets_operations_that_there_are(fault: Fault) -> None:
    assert fault.due
    assert set(fault.due) | set(fault.before) <= set(ACTS)
    row = f"{fault.fault}{''.join(due.tell() for due in fault.due.values())}"
    assert row.isprintable()
    assert "|" not in row


def test_every_fault_is_played_with_each_operation_that_meets_it() -> None:
    functions = [test for name, test in vars(test_faults).items() if name.startswith("test_")]
    played = [case.id for test in functions for mark in test.pytestmark for case in mark.args[1]]
    assert sorted(played) == sorted(f"{f.number}-{name}" for f in FAULTS for name in f.due)


# The page of promises


def functions() -> set[str]:
    """All tests that there are: `file.py::name`."""
    found: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found.add(f"{path.relative_to(TESTS)}::{node.name}")
    return found


def rows(title: str) -> list[list[str]]:
    """The rows of the table below a heading of the page."""
    text = RELIABILITY.read_text(encoding="utf-8")
    section = text.split(f"\n## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


def test_every_promise_names_tests_that_there_are() -> None:
    known = functions()
    for promise in rows("Promises"):
        proof = promise[-1]
        tests = re.findall(r"`([\w/]+\.py::\w+)`", proof)
        ranges = re.findall(r"\b([A-Z])(\d{2,3})(?:–(?:[A-Z])?(\d{2,3}))?\b", proof)
        families = re.findall(r"\ball of ([A-Z])\b", proof)
        assert tests or ranges or families, promise
        assert not [test for test in tests if test not in known], promise
        assert set(families) <= {family.letter for family in FAMILIES}, promise
        for letter, first, last in ranges:
            for number in {first, last or first}:
                assert f"{letter}{number}" in NUMBERS, (promise, f"{letter}{number}")


def test_every_promise_that_is_not_kept_says_what_to_do() -> None:
    kept_not = rows("Not promised")
    assert kept_not
    assert all(len(row) == 3 and all(row) for row in kept_not)
