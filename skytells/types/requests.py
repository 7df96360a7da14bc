"""Predictions: what one sends, and how; by the side of `predict`, since looking needs none of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final, Protocol, Self, TypeAlias

from pydantic import BaseModel

from .._data.checks import (
    PLAIN,
    Default,
    as_mapping,
    has_files,
    is_file,
    is_mapping,
    known_keys,
    milliseconds,
    segment,
    shown,
    whole,
)
from .._data.json import fields_of, has_input_form, pairs, plain, sent, to_json
from ..errors import InvalidRequestError

DEFAULT_INTERVAL: Final = Default(5000)


class Fields(Protocol):
    """A dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


Input: TypeAlias = Mapping[str, Any] | BaseModel | Fields
"""The parameters of a model, as a dict, a pydantic model or a dataclass."""


@dataclass
class PredictionRequest:
    """What to create: a model, its input, and how.

    Args:
        model: Slug of the model.
        input: Its parameters.
        webhook: `{"url": …, "events": […]}`.
        await_: Let the server hold its answer until the prediction has ended.
        stream: Ask for `urls.stream`.
        extra: Further keys of the body, sent as they are.

    Raises:
        InvalidRequestError: A value that JSON cannot carry, or a model that is not a slug.

    Example:
        >>> PredictionRequest("flux-pro", {"prompt": "A cat"}, await_=True).to_dict()
        {'model': 'flux-pro', 'input': {'prompt': 'A cat'}, 'await': True}
    """

    model: str
    input: dict[str, Any]
    webhook: Mapping[str, Any] | str | None = None
    await_: bool = False
    stream: bool = False
    extra: dict[str, Any] = field(default_factory=dict[str, Any], kw_only=True)

    def __post_init__(self) -> None:
        if type(self.input) is not dict:
            self.input = as_input(self.input)

    def to_dict(self) -> dict[str, Any]:
        """The body as sent; what is false or unset is left out."""
        body: dict[str, Any] = {"model": self.model, "input": self.input}
        if self.webhook is not None:
            body["webhook"] = dict(self.webhook) if is_mapping(self.webhook) else self.webhook
        if self.await_:
            body["await"] = True
        if self.stream:
            body["stream"] = True
        return body | self.extra

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Self:
        """A request from a payload; keys that are not known travel along."""
        known = {"model", "input", "webhook", "await", "stream"}
        if "model" not in d:
            raise InvalidRequestError.of("The payload has no 'model'; give the slug of a model.")
        return cls(
            d["model"],
            d.get("input", {}),
            d.get("webhook"),
            d.get("await", False),
            d.get("stream", False),
            extra={key: value for key, value in d.items() if key not in known},
        )

    def encode(self, **settled: bool) -> bytes:
        """The JSON body, checked; `settled` keys are set in it."""
        segment(self.model, "model")
        if not isinstance(self.input, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidRequestError.of(f"input must be a dict, not {type(self.input).__name__}.")
        return to_json({**self.to_dict(), "input": dict(self.input), **settled})

    def copy(self) -> Self:
        """A copy that later changes to the caller's dicts do not reach."""
        try:
            input, webhook, extra = map(_own, (self.input, self.webhook, self.extra))
        except RecursionError:
            raise InvalidRequestError.of("The request is nested too deeply.") from None
        return replace(self, input=input, webhook=webhook, extra=extra)


def _own(value: Any) -> Any:
    """A copy of what JSON can carry, down to its last dict and list."""
    if isinstance(value, PLAIN):
        return value
    if has_input_form(value):
        return _own_plain(value)
    if is_mapping(value):
        return {key: _own(item) for key, item in value.items()}
    if isinstance(value, bytearray):
        return bytes(value)
    parts = pairs(value)
    if parts is not None:
        return [_own(item) for _, item in parts]
    return value if is_file(value) else _own_plain(value)


def _own_plain(value: object) -> Any:
    try:
        return _own(plain(value))
    except TypeError:
        return value  # encoding says what is wrong with it


def as_input(given: Any) -> Any:
    """A model's input; of a pydantic model or a dataclass, its fields."""
    fields = None if is_mapping(given) else fields_of(given)
    return given if fields is None else fields


def plain_input(given: object) -> dict[str, Any]:
    """A model's input as the JSON that it travels as, with something in place of each file."""
    input = as_mapping(as_input(given), "input", InvalidRequestError)
    if has_files(input):
        from .._data.files import without_files

        input = without_files(input)
    return sent(input)


@dataclass
class RunOptions:
    """Options of `run()`, which takes the same as keywords.

    Args:
        input: The model's parameters.
        webhook: `{"url": …, "events": […]}`.
        stream: Ask for `urls.stream`.
        max_wait: Longest wait in milliseconds; `None` has no limit.
        interval: Pause between looks in milliseconds; by default adaptive.
    """

    input: dict[str, Any]
    webhook: Mapping[str, Any] | str | None = None
    stream: bool = False
    max_wait: float | None = field(default=None, kw_only=True)
    interval: float | None = field(default=None, kw_only=True)

    def to_dict(self) -> dict[str, Any]:
        """The part of the body that these options are; what is unset is left out."""
        body: dict[str, Any] = {"input": self.input}
        if self.webhook is not None:
            body["webhook"] = dict(self.webhook) if is_mapping(self.webhook) else self.webhook
        if self.stream:
            body["stream"] = True
        return body

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Self:
        """Options from a dict; an unknown key is refused."""
        known_keys(d, ("input", "webhook", "stream", "max_wait", "interval"), "run()'s options")
        return cls(
            d.get("input") or {},
            d.get("webhook"),
            d.get("stream", False),
            max_wait=d.get("max_wait"),
            interval=d.get("interval"),
        )


@dataclass
class WaitOptions:
    """Options of `wait()`.

    Args:
        interval: Pause between looks in milliseconds. Left out, looks are quick at first and ease
            to one in five seconds.
        max_wait: Longest wait in milliseconds; `None` has no limit. The last look is at its end.

    Raises:
        ConfigurationError: A value that is not a positive number.
    """

    interval: float = DEFAULT_INTERVAL
    max_wait: float | None = None

    def __post_init__(self) -> None:
        milliseconds(self.interval, "interval")
        if self.max_wait is not None:
            milliseconds(self.max_wait, "max_wait", zero=True)

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Self:
        """Options from a dict; an unknown key is refused."""
        known_keys(d, ("interval", "max_wait"), "wait()'s options")
        return cls(**d)

    @classmethod
    def of(cls, given: WaitOptions | Mapping[str, Any] | None) -> WaitOptions:
        """Options from any form in which `wait()` takes them."""
        if given is None:
            return cls()
        if isinstance(given, WaitOptions):
            return given
        return cls.from_dict(as_mapping(given, "wait()'s options"))


@dataclass
class PredictionsListOptions:
    """Filters of `predictions.list()`, which takes the same as keywords.

    Args:
        page: Page number, from 1.
        since: First day, `YYYY-MM-DD`.
        until: Last day, `YYYY-MM-DD`.
        model: Slug of a model.
        per_page: Predictions on a page, 1 to 50.
        status: Only predictions in this status.
    """

    page: int | None = None
    since: str | None = None
    until: str | None = None
    model: str | None = None
    per_page: int | None = field(default=None, kw_only=True)
    status: str | None = field(default=None, kw_only=True)

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Self:
        """Filters from a dict; an unknown key is refused."""
        known = ("page", "since", "until", "model", "per_page", "status")
        known_keys(d, known, "predictions.list()'s options")
        return cls(**d)

    def params(self) -> tuple[tuple[str, str], ...]:
        """The query: checked, and in the wire's names."""
        numbers = {
            "page": _number(self.page, "page", 1_000_000_000),
            "per_page": _number(self.per_page, "per_page", 50),
        }
        texts = {
            "from": _text(self.since, "since"),
            "to": _text(self.until, "until"),
            "model": _text(self.model, "model"),
            "status": _text(self.status, "status"),
        }
        return tuple((k, str(v)) for k, v in (numbers | texts).items() if v is not None)


def _number(value: object, name: str, most: int) -> int | None:
    return None if value is None else whole(value, name, 1, most, InvalidRequestError)


def _text(value: object, name: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise InvalidRequestError.of(
            f"{name} must be a string that is not empty; got {shown(value)}."
        )
    return str(value)


@dataclass
class QueueItem:
    """One request in the client's queue."""

    request: PredictionRequest
