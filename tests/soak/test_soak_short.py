"""A few seconds of the soak; `make soak` runs the rest."""

from __future__ import annotations

import pytest

from .soak import soak


@pytest.mark.extended
def test_soak_balances_its_books() -> None:
    books, wrong = soak(seconds=1.5, lanes=4)
    assert not any(wrong.values()), wrong
    assert books.outcomes["predictions on the platform"] > 20
