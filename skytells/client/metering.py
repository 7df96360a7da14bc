"""Inference under a budget: refused where nothing is left, and counted by the tokens that it took."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypeVar, cast

from .._core.operation import Flow
from ..budget import Budget
from ..errors import AnswerError, NotFoundError, SkytellsError
from ..streaming.reading import Opened
from ..types.costs import TokenPrice, token_price
from ..types.models import Model

T = TypeVar("T")
FindModel: TypeAlias = Callable[[str], Flow[Model]]


def metered(model: str, find_model: FindModel, budget: Budget, performed: Flow[T]) -> Flow[T]:
    """Perform a call whose answer tells of the tokens that it took, and count them.

    Args:
        model: The slug of the model that is asked.
        find_model: Gives a model of the catalogue.
        budget: What pays.
        performed: The call, being performed.

    Raises:
        BudgetExceededError: Nothing is left, or what the model costs is not known.
    """
    tab = budget.open_tab(model, (yield from _price(model, find_model)))
    try:
        answer = yield from performed
    except AnswerError as error:
        tab.see(error.completion)
        raise
    except SkytellsError as error:
        if not error.maybe_sent:
            tab.cancel()
        raise
    if isinstance(answer, Opened):
        # What it took is told at its end.
        return cast(T, answer._replace(on_item=tab.see))
    tab.see(answer)
    return answer


def _price(model: str, find_model: FindModel) -> Flow[TokenPrice | str]:
    """What the tokens of a model cost, or why that is not known."""
    try:
        found = yield from find_model(model)
    except NotFoundError:  # such as a router, which is no model itself
        return "The catalogue does not have it."
    return token_price(found)
