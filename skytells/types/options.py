"""How a client is set up; by the side of `shared`, since a client with defaults needs none of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self, cast

from .._data.checks import DEFAULT_TIMEOUT, as_mapping, known_keys, milliseconds, shown, whole
from ..errors import ConfigurationError


@dataclass
class RetryOptions:
    """How often a call is tried again. A request that costs money is re-sent only when it surely
    did not reach the server, or was refused with 425 or 429, whatever is asked here.

    Args:
        retries: Tries after the first, 0 to 100.
        retry_delay: Base of the back-off in milliseconds: before retry n, a random time up to
            `retry_delay × 2ⁿ⁻¹`, at most 8 s; never less than the server's `Retry-After`.
        retry_on: HTTP statuses that are worth another try.

    Raises:
        ConfigurationError: A value out of its range.
    """

    DEFAULT_RETRY_ON: ClassVar[tuple[int, ...]] = (429, 500, 502, 503, 504)

    retries: int = 0
    retry_delay: float = 1000
    retry_on: list[int] = field(default_factory=lambda: list(RetryOptions.DEFAULT_RETRY_ON))

    def __post_init__(self) -> None:
        whole(self.retries, "retries", 0, 100)
        milliseconds(self.retry_delay, "retry_delay", zero=True)
        given = cast("object", self.retry_on)
        given = self.DEFAULT_RETRY_ON if given is None else given
        if not isinstance(given, list | tuple | set | frozenset):
            raise ConfigurationError.of(f"retry_on must be a list of statuses, not {shown(given)}.")
        self.retry_on = [whole(s, "retry_on", 100, 599) for s in cast("Iterable[object]", given)]
        self._is_default = False

    @classmethod
    def default(cls) -> Self:
        """The options of a client to which none were given: the SDK's own policy holds."""
        options = cls()
        options._is_default = True
        return options

    @property
    def given(self) -> bool:
        """Whether somebody chose these, even where they are the documented defaults."""
        return not self._is_default or self != RetryOptions()

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Self:
        """Options from a dict; an unknown key is refused."""
        known_keys(d, ("retries", "retry_delay", "retry_on"), "retry")
        return cls(**d)

    @classmethod
    def of(cls, given: RetryOptions | Mapping[str, Any]) -> RetryOptions:
        """Options from any form in which the client takes them."""
        if isinstance(given, RetryOptions):
            return given
        return cls.from_dict(as_mapping(given, "retry"))


@dataclass(init=False)
class ClientOptions:
    """Configuration of a client, which takes the same as keywords; a keyword that is given wins.

    Args:
        base_url: Where the API is.
        timeout: Milliseconds for one call with all its retries; `None` has no limit.
        headers: Sent with every request.
        retry: How often a call is tried again, as `RetryOptions` or a dict; where it is not given,
            the SDK's own policy holds.
    """

    base_url: str | None = None
    timeout: float | None = DEFAULT_TIMEOUT
    headers: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    retry: RetryOptions = field(default_factory=RetryOptions.default)

    def __init__(
        self,
        base_url: str | None = None,
        timeout: float | None = DEFAULT_TIMEOUT,
        headers: Mapping[str, str] | None = None,
        retry: RetryOptions | Mapping[str, Any] | None = None,
    ) -> None:
        self.base_url, self.timeout = base_url, timeout
        self.headers = cast("dict[str, str]", headers)
        self.retry = cast("RetryOptions", retry)
        self.__post_init__()

    def __post_init__(self) -> None:
        self.headers = dict(as_mapping(self.headers or {}, "headers"))
        retry = cast("RetryOptions | Mapping[str, Any] | None", self.retry)
        self.retry = RetryOptions.default() if retry is None else RetryOptions.of(retry)

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Self:
        """Options from a dict; an unknown key is refused."""
        known_keys(d, ("base_url", "timeout", "headers", "retry"), "options")
        return cls(**d)

    @classmethod
    def of(cls, given: ClientOptions | Mapping[str, Any] | None) -> ClientOptions:
        """Options from any form in which the client takes them."""
        if given is None:
            return cls()
        if isinstance(given, ClientOptions):
            return given
        return cls.from_dict(as_mapping(given, "options"))
