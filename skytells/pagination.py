"""All pages, one after another: what comes next is decided once, in `Cursor`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from ._core.operation import Call
from .types.predict import PredictionResponse
from .types.shared import PaginatedResponse

if TYPE_CHECKING:
    from ._core.protocols import AsyncPerformer, Performer
    from .types.requests import PredictionsListOptions

Fetch: TypeAlias = "Callable[[PredictionsListOptions], Call[PaginatedResponse]]"


class Cursor:
    """A walk over pages. What moved to a later page meanwhile is not given a second time."""

    def __init__(self, options: PredictionsListOptions, fetch: Fetch) -> None:
        self._fetch = fetch
        self._seen: set[str] = set()
        self.next: Call[PaginatedResponse] | None = fetch(options)
        self._options = replace(options, page=options.page or 1)

    def take(self, page: PaginatedResponse) -> list[PredictionResponse]:
        """What is new on a page; `next` is then the call for the page after it, if there is one."""
        fresh = [item for item in page if item.id not in self._seen]
        self._seen.update(item.id for item in fresh)
        number = (self._options.page or 1) + 1
        self._options = replace(self._options, page=number)
        more = page.data and number <= page.pagination.last_page
        self.next = self._fetch(self._options) if more else None
        return fresh


class Pager:
    """An iterable over all predictions that fit; each iteration begins anew."""

    def __init__(self, client: Performer, options: PredictionsListOptions, fetch: Fetch) -> None:
        self._client = client
        self._options = options
        self._fetch = fetch

    def __iter__(self) -> Iterator[PredictionResponse]:
        cursor = Cursor(self._options, self._fetch)
        while cursor.next is not None:
            yield from cursor.take(self._client.perform(cursor.next))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}({_chosen(self._options)}): for prediction in …>"


class AsyncPager:
    """An async iterable over all predictions that fit; each iteration begins anew."""

    def __init__(
        self, client: AsyncPerformer, options: PredictionsListOptions, fetch: Fetch
    ) -> None:
        self._client = client
        self._options = options
        self._fetch = fetch

    async def __aiter__(self) -> AsyncIterator[PredictionResponse]:
        cursor = Cursor(self._options, self._fetch)
        while cursor.next is not None:
            for prediction in cursor.take(await self._client.perform(cursor.next)):
                yield prediction

    def __repr__(self) -> str:
        return f"<{type(self).__name__}({_chosen(self._options)}): async for prediction in …>"


def _chosen(options: PredictionsListOptions) -> str:
    given = vars(options).items()
    return ", ".join(f"{name}={value!r}" for name, value in given if value is not None)
