"""What a prediction will cost: the rules of a model's price, applied to an input."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Protocol

from .._data.checks import as_list, as_object
from .._data.schema import properties

CURRENCY: Final = "USD"


class Priced(Protocol):
    """What has a price: a `Model`."""

    @property
    def slug(self) -> str | None: ...
    @property
    def billable(self) -> bool | None: ...
    @property
    def input_schema(self) -> dict[str, Any] | None: ...
    def get(self, key: str, default: Any = None) -> Any: ...


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a prediction is expected to cost, or why that cannot be known before it has run.

    Args:
        amount: The cost; `None` where it cannot be known.
        currency: Of the amount, usually `"USD"`.
        reason: How the amount came about, or why there is none.
        rate: The price of one unit, where a rule of the price list applies.
        unit: What the rate is for, such as `"image"` or `"second"`.
        quantity: How many units the input asks for.
        rule: The rule that matched, as the catalogue describes it; `None` is the base price.

    Example:
        >>> model = client.models.get("flux-pro")
        >>> print(model.estimate({"prompt": "A cat", "num_outputs": 3}))
        0.15 USD (3 × image at 0.05)
    """

    amount: Decimal | None
    currency: str
    reason: str
    rate: Decimal | None = None
    unit: str | None = None
    quantity: Decimal | None = None
    rule: str | None = None

    def __str__(self) -> str:
        known = self.amount is not None
        return f"{self.amount} {self.currency} ({self.reason})" if known else self.reason


class _Unknown(Exception):  # noqa: N818  # an answer rather than an error
    """Why a cost cannot be known."""


class _Asked:
    """An input, with the defaults that the model's schema gives to what it leaves out."""

    def __init__(self, input: Mapping[str, Any], schema: Mapping[str, Any] | None) -> None:
        self._input = input
        self._known = schema is not None
        parts = properties(schema) if schema is not None else {}
        self._defaults = {name: part.get("default") for name, part in parts.items()}

    def value(self, *names: str) -> Any:
        """The first of some inputs that is given, else has a default; `None` if none has."""
        for values in (self._input, self._defaults):
            for name in names:
                if values.get(name) is not None:
                    return values[name]
        if not self._known:
            raise _Unknown(
                f"{names[0]} is not given, and this record has no input_schema to tell its "
                "default: fetch the model with client.models.get(slug)."
            )
        return None


def estimate(model: Priced, input: Mapping[str, Any]) -> Estimate:
    """Apply the rules of a model's price to an input, in their order."""
    pricing = as_object(model.get("pricing"))
    currency = str((pricing or {}).get("currency") or CURRENCY)
    if model.billable is False:
        return Estimate(Decimal(0), currency, "it is not billed")
    try:
        if pricing is None:
            raise _Unknown(f"The catalogue has no price of {model.slug}.")
        return _priced(pricing, currency, _Asked(input, model.input_schema))
    except _Unknown as unknown:
        reason, unit = str(unknown), (pricing or {}).get("unit")
        return Estimate(None, currency, reason, unit=unit if isinstance(unit, str) else None)


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """What the tokens of a model cost, in US dollars each.

    Args:
        read: Those of the prompt.
        written: Those of the answer.
    """

    read: Decimal
    written: Decimal

    def of(self, usage: Mapping[str, Any]) -> Decimal | None:
        """The cost of what an answer says that it took; `None` where it says nothing that counts."""
        read = _told(usage, "prompt_tokens", "input_tokens")
        written = _told(usage, "completion_tokens", "output_tokens")
        if read is None:
            return None
        return read * self.read + (written or 0) * self.written


def token_price(model: Priced) -> TokenPrice | str:
    """What the tokens of a model cost, or why that is not known.

    The base price is that of tokens that are read. A rule whose value is `"output"` has the price
    of those that are written; without one they cost the same.
    """
    pricing = as_object(model.get("pricing"))
    if model.billable is False:
        return TokenPrice(Decimal(0), Decimal(0))
    if pricing is None:
        return f"The catalogue has no price of {model.slug}."
    if (pricing.get("currency") or CURRENCY) != CURRENCY:
        return f"It is priced in {pricing.get('currency')}."
    rates = {"input": _per_token(pricing)}
    for rule in map(as_object, as_list(pricing.get("criterias")) or []):
        kind = (rule or {}).get("value")
        if rule is None or kind not in ("input", "output"):
            return "The catalogue has a price rule for it that cannot be read."
        rates[kind] = _per_token({"unit": pricing.get("unit"), **rule})
    read, written = rates["input"], rates.get("output", rates["input"])
    if pricing.get("formula") or read is None or written is None:
        return "It is not priced by the token."
    return TokenPrice(read, written)


def _per_token(price: Mapping[str, Any]) -> Decimal | None:
    amount = decimal(price.get("billable_price", price.get("amount")))
    many = _TOKENS.get(str(price.get("unit")))
    return None if amount is None or many is None else amount / many


_TOKENS: Final = {"token": 1, "tokens": 1, "million_token": 1_000_000}


def _told(usage: Mapping[str, Any], *names: str) -> int | None:
    """A number of tokens among what an answer says of its usage."""
    numbers = (usage.get(name) for name in names)
    return next((n for n in numbers if type(n) is int and n >= 0), None)


def _priced(pricing: Mapping[str, Any], currency: str, asked: _Asked) -> Estimate:
    if pricing.get("formula"):
        raise _Unknown("The price is a formula, which only the platform evaluates.")
    rule = _matching(pricing, asked)
    price, unit = (
        (pricing.get("amount"), pricing.get("unit"))
        if rule is None
        else (rule.get("billable_price"), rule.get("unit") or pricing.get("unit"))
    )
    rate = decimal(price)
    if rate is None or not isinstance(unit, str):
        raise _Unknown("The catalogue's price cannot be read: it lacks an amount or a unit.")
    base = Estimate(None, currency, "", rate, unit, rule=_described(rule))
    if rate == 0:
        return replace(base, amount=rate, reason=f"free of charge per {unit}")
    quantity = _quantity(unit, asked)
    because = f", since {base.rule}" if base.rule else ""
    reason = f"{_plain(quantity)} × {unit} at {_plain(rate)}{because}"
    return replace(base, amount=_plain(rate * quantity), quantity=_plain(quantity), reason=reason)


def _matching(pricing: Mapping[str, Any], asked: _Asked) -> Mapping[str, Any] | None:
    """The first rule that fits the input."""
    for rule in map(as_object, as_list(pricing.get("criterias")) or []):
        name = (rule or {}).get("field")
        if rule is None or not isinstance(name, str):
            raise _Unknown("The catalogue has a price rule that cannot be read.")
        if rule.get("operator") not in {"==", "equals"}:
            raise _Unknown(f"A price rule compares {name} in a way that is not known here.")
        if _same(asked.value(name), rule.get("value")):
            return rule
    return None


def _same(given: object, value: object) -> bool:
    """Whether two values are equal as JSON: true is not 1."""
    return isinstance(given, bool) is isinstance(value, bool) and given == value


def _described(rule: Mapping[str, Any] | None) -> str | None:
    if rule is None:
        return None
    return str(rule.get("description") or f"{rule.get('field')} is {rule.get('value')}")


def _quantity(unit: str, asked: _Asked) -> Decimal:
    if unit not in _QUANTITIES:
        raise _Unknown(_UNKNOWABLE.get(unit, f"The unit {unit!r} is not known here."))
    return _QUANTITIES[unit](asked)


def _one(_: _Asked) -> Decimal:
    return Decimal(1)


def _count(asked: _Asked) -> Decimal:
    return _number(asked, "num_outputs", "number_of_images", "n") or Decimal(1)


def _megapixels(asked: _Asked) -> Decimal:
    width, height = _number(asked, "width"), _number(asked, "height")
    if width is None or height is None:
        raise _Unknown(
            "It is priced by the megapixel, and the size is the model's choice: give width and "
            "height to know."
        )
    return _count(asked) * width * height / 1_000_000


def _seconds(asked: _Asked) -> Decimal:
    seconds = _number(asked, "duration_seconds", "seconds", "duration")
    if seconds is None:
        raise _Unknown("It is priced by its length, which the input does not give.")
    return _count(asked) * seconds


def _fives(asked: _Asked) -> Decimal:
    return Decimal(math.ceil(_seconds(asked) / 5))


def _minutes(asked: _Asked) -> Decimal:
    return _seconds(asked) / 60


def _number(asked: _Asked, *names: str) -> Decimal | None:
    """A positive number among the inputs."""
    given = asked.value(*names)
    number = decimal(given)
    if given is not None and not number:
        raise _Unknown(f"{names[0]} should be a number above 0, and the input gives another value.")
    return number


_QUANTITIES: Final[Mapping[str, Callable[[_Asked], Decimal]]] = {
    "prediction": _one,
    **dict.fromkeys(("image", "video", "audio"), _count),
    **dict.fromkeys(("image_megapixel", "megapixel"), _megapixels),
    **dict.fromkeys(("second", "video_second", "audio_second"), _seconds),
    "5 seconds": _fives,
    "minute": _minutes,
}
_BY_WORK: Final = "It is priced by computing time, which is known only once it has run."
_BY_LENGTH: Final = "It is priced by tokens, which are counted only once it has run."
_UNKNOWABLE: Final = {
    **dict.fromkeys(("computing_second", "gpu"), _BY_WORK),
    **dict.fromkeys(_TOKENS, _BY_LENGTH),
}
_NUMERAL: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")


def decimal(value: object) -> Decimal | None:
    """A number of JSON, or a numeral, exactly; `None` for all else, and for what is below 0."""
    if isinstance(value, str):
        return Decimal(value) if _NUMERAL.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        return None
    return Decimal(str(value))


def _plain(number: Decimal) -> Decimal:
    """To the billionth, as the platform counts, and without zeros at its end."""
    try:
        number = round(number, 9)
    except InvalidOperation:
        raise _Unknown("The input asks for more than can be counted.") from None
    return number.quantize(Decimal(1)) if number == number.to_integral() else number.normalize()
