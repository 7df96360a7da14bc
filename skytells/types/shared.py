"""What all parts share: pages, callbacks, the client's configuration; errors, by their old address."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Self, TypeAlias, cast, overload

from .._checks import Default, as_mapping, is_mapping, known_keys, milliseconds, shown, whole
from ..errors import ApiErrorId, ConfigurationError, SkytellsError
from .predict import PredictionResponse

__all__ = [
    "ApiErrorId",
    "ClientOptions",
    "OnProgressCallback",
    "PaginatedResponse",
    "Pagination",
    "RetryOptions",
    "SkytellsError",
]

DEFAULT_TIMEOUT: Final = Default(60_000)

OnProgressCallback: TypeAlias = Callable[[PredictionResponse], object]
"""Called with each new state of a prediction; for the async client it may be `async`."""


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


@dataclass
class ClientOptions:
    """Configuration of a client, which takes the same as keywords; a keyword that is given wins.

    Args:
        base_url: Where the API is.
        timeout: Milliseconds for one call with all its retries; `None` has no limit.
        headers: Sent with every request.
        retry: How often a call is tried again; by default, by the SDK's own policy.
    """

    base_url: str | None = None
    timeout: float | None = DEFAULT_TIMEOUT
    headers: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    retry: RetryOptions | dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.headers = dict(as_mapping(self.headers or {}, "headers"))
        if self.retry is not None:
            self.retry = RetryOptions.of(self.retry)

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


class Pagination:
    """Where a page stands among all pages."""

    __slots__ = ("current_page", "last_page", "per_page", "total")

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.current_page: int = _int(data.get("current_page"), 1)
        self.per_page: int = _int(data.get("per_page"), 0)
        self.total: int = _int(data.get("total"), 0)
        self.last_page: int = _int(data.get("last_page"), 1)

    def to_dict(self) -> dict[str, int]:
        """The four numbers as a dict."""
        return {
            "current_page": self.current_page,
            "per_page": self.per_page,
            "total": self.total,
            "last_page": self.last_page,
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pagination) and self.to_dict() == other.to_dict()

    __hash__: ClassVar[None]  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return (
            f"Pagination(current_page={self.current_page}, total={self.total}, "
            f"last_page={self.last_page})"
        )


def _int(value: object, default: int) -> int:
    try:
        return default if value is None else int(str(value))
    except ValueError:
        return default


class PaginatedResponse:
    """One page of predictions: iterates over them, has their number as `len`.

    Example:
        >>> page = PaginatedResponse({"data": [{"id": "p1"}], "pagination": {"total": 1}})
        >>> [p.id for p in page], page["data"], page.pagination.total, len(page)
        (['p1'], [{'id': 'p1'}], 1, 1)
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        items: list[dict[str, Any]] = data.get("data") or []
        self.data: list[PredictionResponse] = [PredictionResponse.from_wire(i) for i in items]
        pagination = data.get("pagination")
        self.pagination: Pagination = Pagination(pagination if is_mapping(pagination) else {})

    def to_dict(self) -> dict[str, Any]:
        """The page as plain JSON data."""
        return {
            "data": [item.to_dict() for item in self.data],
            "pagination": self.pagination.to_dict(),
        }

    @overload
    def __getitem__(self, key: str) -> Any: ...
    @overload
    def __getitem__(self, key: int) -> PredictionResponse: ...
    def __getitem__(self, key: str | int) -> Any:
        """The wire's JSON under a name, or the prediction at a place."""
        return self.data[key] if isinstance(key, int) else self.to_dict()[key]

    def __iter__(self) -> Iterator[PredictionResponse]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)

    def __bool__(self) -> bool:
        # A page is an answer, even where it holds nothing.
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PaginatedResponse) and self.to_dict() == other.to_dict()

    __hash__: ClassVar[None]  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return f"PaginatedResponse(count={len(self.data)}, pagination={self.pagination!r})"

    def _repr_html_(self) -> str:
        from ..notebook import render

        return render(self)
