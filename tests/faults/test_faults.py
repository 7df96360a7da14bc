"""Every fault of the plan, over real sockets, on both clients: one function for each family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from .cases import Fault
from .plan import FAMILIES
from .stage import Stage

ALWAYS: Final = "RMWD"
"""Families of which `make test` plays every fault: retries, money, waiting and dispatch are where
work is paid for twice, or lost."""
EACH: Final = 4
"""Of the other families it plays every fourth fault, by number, so that the sample is the same each
time and a new fault changes no other; neighbours differ the least. `make test-all` plays the rest."""


def marks(fault: Fault) -> list[pytest.MarkDecorator]:
    """What leaves a fault to `make test-all`."""
    family, number = fault.number[0], int(fault.number[1:])
    return [] if family in ALWAYS or number % EACH == 1 else [pytest.mark.extended]


def faults(letter: str) -> Callable[[Any], Any]:
    """Each fault of a family with each operation that meets it: `N07-create`."""
    cases = [
        pytest.param(fault, name, id=f"{fault.number}-{name}", marks=marks(fault))
        for family in FAMILIES
        if family.letter == letter
        for fault in family.faults
        for name in fault.due
    ]
    return pytest.mark.parametrize(("fault", "name"), cases)


@faults("N")
def test_network(stage: Stage, fault: Fault, name: str) -> None:
    stage.play(fault, name)


@faults("C")
def test_connections(stage: Stage, fault: Fault, name: str) -> None:
    stage.play(fault, name)


@faults("P")
def test_proxies(stage: Stage, fault: Fault, name: str) -> None:
    stage.play(fault, name)


@faults("B")
def test_bodies(stage: Stage, fault: Fault, name: str) -> None:
    stage.play(fault, name)


@faults("E")
def test_errors(stage: Stage, fault: Fault, name: str) -> None:
    stage.play(fault, name)


@faults("R")
def test_retries(stage: Stage, fault: Fault, name: str) -> None:
    stage.play(fault, name)


@faults("M")
def test_money(stage: Stage, fault: Fault, name: str) -> None:
    stage.play(fault, name)


@faults("W")
def test_waits(stage: Stage, fault: Fault, name: str) -> None:
    stage.play(fault, name)


@faults("D")
def test_dispatches(stage: Stage, fault: Fault, name: str) -> None:
    stage.play(fault, name)


@faults("S")
def test_streams(stage: Stage, fault: Fault, name: str) -> None:
    stage.play(fault, name)


@faults("L")
def test_redirects(stage: Stage, fault: Fault, name: str) -> None:
    stage.play(fault, name)


@faults("I")
def test_identifiers(stage: Stage, fault: Fault, name: str) -> None:
    stage.play(fault, name)


@faults("K")
def test_keys(stage: Stage, fault: Fault, name: str) -> None:
    stage.play(fault, name)


@faults("H")
def test_headers(stage: Stage, fault: Fault, name: str) -> None:
    stage.play(fault, name)


@faults("U")
def test_addresses(stage: Stage, fault: Fault, name: str) -> None:
    stage.play(fault, name)


@faults("G")
def test_configuration(stage: Stage, fault: Fault, name: str) -> None:
    stage.play(fault, name)


@faults("X")
def test_injected_client(stage: Stage, fault: Fault, name: str) -> None:
    stage.play(fault, name)
