"""What all parts share: pages and callbacks; errors and options, by their published address."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, overload

from .._data.checks import is_mapping
from .._data.encoding import WireEncoded
from ..errors import ApiErrorId, SkytellsError
from .predict import PredictionResponse, predictions_html

if TYPE_CHECKING:
    from .options import ClientOptions, RetryOptions

__all__ = [
    "ApiErrorId",
    "ClientOptions",
    "OnProgressCallback",
    "PaginatedResponse",
    "Pagination",
    "RetryOptions",
    "SkytellsError",
]


OnProgressCallback: TypeAlias = Callable[[PredictionResponse], object]
"""Called with each new state of a prediction; for the async client it may be `async`."""


class Pagination(WireEncoded):
    """Where a page stands among all pages."""

    __slots__ = ("current_page", "last_page", "per_page", "total")

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.current_page: int = _int(data.get("current_page"), 1)
        self.per_page: int = _int(data.get("per_page"), 0)
        self.total: int = _int(data.get("total"), 0)
        self.last_page: int = _int(data.get("last_page"), 1)

    def to_dict(self) -> dict[str, int]:
        """The four numbers as a dict, as `dict(pagination)` gives them too."""
        return {name: self[name] for name in self.keys()}

    def keys(self) -> tuple[str, ...]:
        """Names of the four numbers."""
        return ("current_page", "per_page", "total", "last_page")

    def __getitem__(self, key: str) -> int:
        if key not in self.keys():
            raise KeyError(key)
        number: int = getattr(self, key)
        return number

    def _encoded(self) -> dict[str, Any]:
        return {**self.to_dict()}

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


class PaginatedResponse(WireEncoded):
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

    def _encoded(self) -> dict[str, Any]:
        return self.to_dict()

    def keys(self) -> tuple[str, str]:
        """Names of its parts, so that `dict(page)` is the page as plain JSON data."""
        return ("data", "pagination")

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
    @overload
    def __getitem__(self, key: slice) -> list[PredictionResponse]: ...
    def __getitem__(self, key: str | int | slice) -> Any:
        """The wire's JSON under a name, or the predictions at some places."""
        return self.to_dict()[key] if isinstance(key, str) else self.data[key]

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
        from .._data.display import framed
        from .._data.html import tag

        at, last = self.pagination.current_page, self.pagination.last_page
        told = f"Page {at} of {last}, {self.pagination.total} in all."
        return framed(predictions_html(self.data), tag("p", told, class_="soft"))


def __getattr__(name: str) -> object:
    """Options, by their published address."""
    if name not in {"ClientOptions", "RetryOptions"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(".options", __package__), name)


def __dir__() -> list[str]:
    return __all__
