"""A budget: what clients may spend on predictions, what they have spent, and what is set aside."""

from __future__ import annotations

import threading
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

from ._data.checks import as_object, shown
from ._data.record import Record
from .errors import ApiErrorId, BudgetExceededError, ConfigurationError, InvalidRequestError
from .types.costs import CURRENCY, TokenPrice
from .types.predict import PredictionResponse, PredictionStatus
from .types.shared import PaginatedResponse

if TYPE_CHECKING:
    from .errors import SkytellsError
    from .types.costs import Estimate
    from .types.requests import PredictionRequest

Money: TypeAlias = Decimal | str | int | float
"""An amount of US dollars; `"0.10"` and `Decimal("0.10")` are exact."""

_NOTHING: Final = Decimal(0)


class Reservation:
    """An amount that is set aside for one request, until it is known what became of it."""

    __slots__ = ("_budget", "amount", "request")

    def __init__(self, budget: Budget, amount: Decimal, request: PredictionRequest) -> None:
        self._budget = budget
        self.amount: Decimal = amount
        self.request: PredictionRequest = request

    def bind(self, prediction: PredictionResponse) -> None:
        """The request has become this prediction."""
        self._budget.bind(self, prediction)

    def release(self) -> None:
        """The request has surely become nothing."""
        self._budget.release(self)


class Tab:
    """One request to the inference API, whose answer tells what it took."""

    __slots__ = ("_budget", "_counted", "_price")

    def __init__(self, budget: Budget, price: TokenPrice | None, counted: Decimal) -> None:
        self._budget = budget
        self._price = price
        self._counted = counted

    def see(self, answer: object) -> None:
        """Count what an answer, or a piece of one, says that all of it took so far."""
        usage = _usage(answer)
        cost = self._price.of(usage) if self._price is not None and usage is not None else None
        if cost is not None:
            self._counted = self._budget.recount(self._counted, cost)

    def cancel(self) -> None:
        """It surely took nothing."""
        self._counted = self._budget.recount(self._counted, _NOTHING)


def _usage(answer: object) -> dict[str, Any] | None:
    if not isinstance(answer, Record):
        return None
    inner = as_object(answer.get("response")) or {}  # of an event
    return as_object(answer.get("usage")) or as_object(inner.get("usage"))


class Budget:
    """How much may be spent, by one client or by all that are given the same object.

    Before a run, its estimated price is set aside; a run that would exceed the limit is refused
    before it is sent. When a prediction is seen to have ended, what it cost takes the place of what
    was set aside. What chat, responses and embeddings cost is known only afterwards: they are
    counted by the tokens that they took, and refused once nothing is left. Safe among threads,
    tasks and event loops of a process.

    Args:
        limit: US dollars that may be spent.
        assume: US dollars to count for what has no price that can be known; by default, that is
            refused.

    Raises:
        ConfigurationError: An amount that is none.

    Example:
        >>> from skytells import Budget, SkytellsClient
        >>> budget = Budget("0.12")
        >>> client = SkytellsClient(budget=budget)
        >>> for prompt in ["A cat", "A dog", "A fox"]:
        ...     prediction = client.run("flux-pro", input={"prompt": prompt})
        Traceback (most recent call last):
        ...
        skytells.errors.BudgetExceededError: flux-pro would cost 0.05 USD, and 0.02 of the budget of 0.12 are left. Nothing was sent: wait for what is running, raise the limit, or ask for less.
        >>> budget
        Budget(limit=0.12, spent=0.10, reserved=0.00)
    """

    def __init__(self, limit: Money, *, assume: Money | None = None) -> None:
        self._limit = _amount(limit, "limit")
        self._assume = None if assume is None else _amount(assume, "assume")
        self._spent = self._reserved = _NOTHING
        self._open: set[Reservation] = set()
        self._by_id: dict[str, Reservation] = {}
        self._lock = threading.Lock()

    @property
    def limit(self) -> Decimal:
        """US dollars that may be spent."""
        return self._limit

    @property
    def spent(self) -> Decimal:
        """What inference did cost, and predictions that were seen to have ended."""
        return self._spent

    @property
    def reserved(self) -> Decimal:
        """What is set aside: for predictions not seen to have ended, and requests of unknown fate."""
        return self._reserved

    @property
    def remaining(self) -> Decimal:
        """What is left; below zero where predictions cost more than was estimated."""
        with self._lock:
            return self._limit - self._spent - self._reserved

    def reserve(self, estimate: Estimate, request: PredictionRequest) -> Reservation:
        """Set the price of a request aside.

        Raises:
            BudgetExceededError: It is more than what is left, or cannot be known.
        """
        amount, reason = estimate.amount, estimate.reason
        if amount is not None and estimate.currency != CURRENCY:
            amount, reason = None, f"It is priced in {estimate.currency}."
        known = amount is not None
        if amount is None:
            amount = self._assume
        if amount is None:
            raise _unknowable(request.model, reason)
        with self._lock:
            left = self._limit - self._spent - self._reserved
            if amount > left or (not known and left <= 0):
                raise _exceeded(request.model, amount, left, self._limit)
            reservation = Reservation(self, amount, request)
            self._open.add(reservation)
            self._reserved += amount
        return reservation

    def open_tab(self, model: str, price: TokenPrice | str) -> Tab:
        """Begin to count a request whose cost its answer will tell.

        Args:
            model: Whom it is for.
            price: What its tokens cost, or why that is not known.

        Raises:
            BudgetExceededError: Nothing is left, or the price is not known and none is assumed.
        """
        rates = price if isinstance(price, TokenPrice) else None
        if rates is None and self._assume is None:
            raise _unknowable(model, str(price))
        free = rates == TokenPrice(_NOTHING, _NOTHING)
        # Until its usage is told, what is assumed stands for it.
        counted = _NOTHING if free or self._assume is None else self._assume
        with self._lock:
            left = self._limit - self._spent - self._reserved
            if not free and left <= 0:
                raise _exceeded(model, None, left, self._limit)
            self._spent += counted
        return Tab(self, rates, counted)

    def recount(self, before: Decimal, now: Decimal) -> Decimal:
        """Count an amount as spent in place of another; returns it."""
        with self._lock:
            self._spent += now - before
        return now

    def bind(self, reservation: Reservation, prediction: PredictionResponse) -> None:
        """A request has become this prediction: what was set aside for it waits for its end."""
        with self._lock:
            if reservation in self._open:
                self._by_id[prediction.id] = reservation
        self.settle(prediction)

    def release(self, reservation: Reservation) -> None:
        """A request has surely become nothing: give back what was set aside for it."""
        with self._lock:
            self._close(reservation)

    def settle(self, prediction: PredictionResponse) -> None:
        """Count what a prediction cost, if it has ended and money was set aside for it.

        Clients do so with every prediction that they see. Call it with what they don't see, such as
        the prediction of a webhook's event.

        Args:
            prediction: As last seen. One that succeeded and does not state its cost counts as
                estimated; one that failed or was cancelled, and states none, as free.
        """
        # A mere acknowledgement, of a cancellation, says nothing of the end.
        if not self._by_id or "status" not in prediction or not prediction.done:
            return
        cost = prediction.cost
        with self._lock:
            reservation = self._by_id.pop(prediction.id, None)
            if reservation is None:
                return
            self._close(reservation)
            if cost is None:
                succeeded = prediction.status == PredictionStatus.SUCCEEDED
                cost = reservation.amount if succeeded else _NOTHING
            self._spent += cost

    def see(self, answer: object) -> None:
        """Settle what an answer of the API tells of."""
        if isinstance(answer, PredictionResponse):
            self.settle(answer)
        elif isinstance(answer, PaginatedResponse) and self._by_id:
            for prediction in answer:
                self.settle(prediction)

    def resolve(self, error: SkytellsError, prediction: PredictionResponse | None = None) -> None:
        """Say what became of a request whose outcome was unknown.

        Until then, the budget keeps its price set aside.

        Args:
            error: An error whose `maybe_sent` is true.
            prediction: What it started, as `client.predictions.find_unconfirmed(error)` tells;
                `None` if it started nothing.

        Raises:
            InvalidRequestError: Nothing is set aside for it.
        """
        with self._lock:
            bound = set(self._by_id.values())
            found = [r for r in self._open - bound if r.request == error.request]
        if not found:
            raise InvalidRequestError.of(
                "This budget has set nothing aside for the request of that error. Give an error "
                "whose maybe_sent is true, of a client that has this budget."
            )
        if prediction is None:
            found[0].release()
        else:
            found[0].bind(prediction)

    def _close(self, reservation: Reservation) -> None:
        if reservation in self._open:
            self._open.remove(reservation)
            self._reserved -= reservation.amount

    def __repr__(self) -> str:
        return f"Budget(limit={self.limit}, spent={self.spent}, reserved={self.reserved})"

    def __reduce__(self) -> NoReturn:
        raise ConfigurationError.of(
            "A budget cannot be pickled or copied: two of them would allow the money twice. Give "
            "each process a Budget of its own, with its part of the money."
        )


def _exceeded(
    model: str, amount: Decimal | None, left: Decimal, limit: Decimal
) -> BudgetExceededError:
    would = "costs money" if amount is None else f"would cost {amount} {CURRENCY}"
    return BudgetExceededError(
        f"{model} {would}, and {left} of the budget of {limit} are left. "
        "Nothing was sent: wait for what is running, raise the limit, or ask for less.",
        ApiErrorId.BUDGET_EXCEEDED,
        {
            "amount": None if amount is None else str(amount),
            "remaining": str(left),
            "limit": str(limit),
        },
    )


def _unknowable(model: str, reason: str) -> BudgetExceededError:
    return BudgetExceededError(
        f"What {model} would cost cannot be known, so the budget does not let it run: {reason} To "
        "count an amount for what has no known price, give Budget(…, assume=…).",
        ApiErrorId.PRICE_UNKNOWN,
        reason,
    )


def _amount(value: object, name: str) -> Decimal:
    try:
        if isinstance(value, bool) or not isinstance(value, Decimal | str | int | float):
            raise InvalidOperation
        amount = Decimal(str(value))
        if not amount.is_finite() or amount < 0:
            raise InvalidOperation
    except InvalidOperation:
        raise ConfigurationError.of(
            f"{name} must be an amount of US dollars, such as '5.00', not {shown(value)}."
        ) from None
    return amount


def as_budget(given: object) -> Budget:
    """Refuse anything but a budget."""
    if isinstance(given, Budget):
        return given
    raise ConfigurationError.of(
        f"budget must be a Budget, such as Budget('5.00'), not {shown(given)}."
    )
