"""Figures: medians, spreads, and one subject over another."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

Figures = dict[str, float]


@dataclass(frozen=True)
class Spread:
    """A median and the range of the middle half."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        if len(values) < 2:
            return cls(values[0], values[0], values[0])
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)


def ratio(over: Sequence[Figures], under: Sequence[Figures], key: str) -> Spread | None:
    """One figure over another, round by round."""
    pairs = [(a[key], b[key]) for a, b in zip(over, under, strict=False) if key in a and b.get(key)]
    return Spread.of([a / b for a, b in pairs]) if pairs else None


def median(figures: Sequence[Figures], key: str) -> float | None:
    """The median of one figure, where it was taken."""
    values = [f[key] for f in figures if key in f]
    return statistics.median(values) if values else None


def number(value: float) -> str:
    """A figure with as many digits as it deserves."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return (
        f"{value:.1f}"
        if abs(value) >= 10
        else f"{value:.2f}"
        if abs(value) >= 0.1
        else f"{value:.3f}"
    )
