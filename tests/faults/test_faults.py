"""Every fault of the plan, over real sockets, on both clients: one function for each family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .cases import Fault
from .plan import FAMILIES
from .stage import Stage


def faults(letter: str) -> Callable[[Any], Any]:
    """Each fault of a family with each operation that meets it: `N07-create`."""
    cases = [
        pytest.param(fault, name, id=f"{fault.number}-{name}")
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
