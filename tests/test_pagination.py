"""Pages one after another, without a prediction twice and without losing one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skytells import AsyncSkytellsClient, SkytellsClient
from skytells._core.operation import Operation
from skytells._core.wire import Reply, WireRequest
from skytells.errors import ServerError, SkytellsError
from skytells.pagination import AsyncPager, Cursor, Pager
from skytells.predictions.requests import list_predictions
from skytells.types import PaginatedResponse, PredictionsListOptions

from .core.support import Hand, config, reply, script


def page(ids: Sequence[str], last: int) -> PaginatedResponse:
    return PaginatedResponse(
        {"data": [{"id": id} for id in ids], "pagination": {"last_page": last}}
    )


def walk(*pages: PaginatedResponse, **options: Any) -> tuple[list[str], list[dict[str, str]]]:
    """Ids in the order in which they are given, and the queries that it took."""
    cursor = Cursor(PredictionsListOptions(**options), list_predictions)
    ids: list[str] = []
    queries: list[dict[str, str]] = []
    rest = list(pages)
    while cursor.next is not None:
        queries.append(dict(cursor.next.params))
        ids += [p.id for p in cursor.take(rest.pop(0))]
    return ids, queries


def test_cursor_walks_to_the_last_page() -> None:
    ids, queries = walk(page(["a", "b"], 3), page(["c", "d"], 3), page(["e"], 3), model="m")
    assert ids == ["a", "b", "c", "d", "e"]
    assert queries == [
        {"model": "m"},
        {"page": "2", "model": "m"},
        {"page": "3", "model": "m"},
    ]


def test_cursor_begins_at_the_page_that_was_asked_for() -> None:
    _, queries = walk(page(["a"], 5), page(["b"], 5), page(["c"], 5), page=3)
    assert [query["page"] for query in queries] == ["3", "4", "5"]


@pytest.mark.parametrize("first", [page([], 9), page(["a"], 1), page(["a"], 0)])
def test_cursor_ends_where_there_is_no_more(first: PaginatedResponse) -> None:
    _, queries = walk(first)
    assert len(queries) == 1


def test_cursor_follows_pages_that_grow_in_number() -> None:
    ids, _ = walk(page(["a"], 2), page(["b"], 3), page(["c"], 3))
    assert ids == ["a", "b", "c"]


def test_cursor_gives_what_has_moved_only_once() -> None:
    ids, _ = walk(page(["c", "b"], 2), page(["b", "a"], 2))
    assert ids == ["c", "b", "a"]


def test_cursor_goes_on_past_a_page_of_nothing_but_moved_ones() -> None:
    ids, _ = walk(page(["b"], 3), page(["b"], 3), page(["a"], 3))
    assert ids == ["b", "a"]


@settings(max_examples=60)
@given(
    st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=3, unique=True), min_size=1, max_size=6)
)
def test_cursor_gives_each_prediction_once_and_ends(pages: list[list[str]]) -> None:
    ids, queries = walk(*(page(ids, len(pages)) for ids in pages))
    assert len(ids) == len(set(ids))
    assert len(queries) <= len(pages)


# The iterables


def serve(request: WireRequest) -> Reply:
    number = 2 if "page=2" in request.target else 1
    return reply({"data": [{"id": f"p{number}"}], "pagination": {"last_page": 2}})


class AsyncHand:
    """What an async pager needs of a client."""

    def __init__(self, hand: Hand) -> None:
        self.hand = hand

    async def perform(self, operation: Operation[Any]) -> Any:
        return self.hand.perform(operation)


def test_pager_begins_anew_each_time() -> None:
    hand = Hand(serve)
    pager = Pager(cast("SkytellsClient", hand), PredictionsListOptions(), list_predictions)
    assert hand.exchanges == []
    assert [p.id for p in pager] == [p.id for p in pager] == ["p1", "p2"]
    assert len(hand.exchanges) == 4


async def test_async_pager_begins_anew_each_time() -> None:
    hand = Hand(serve)
    client = cast("AsyncSkytellsClient", AsyncHand(hand))
    pager = AsyncPager(client, PredictionsListOptions(), list_predictions)
    assert [p.id async for p in pager] == [p.id async for p in pager] == ["p1", "p2"]
    assert len(hand.exchanges) == 4


def test_pager_fetches_no_page_before_it_is_needed() -> None:
    hand = Hand(serve)
    pager = Pager(cast("SkytellsClient", hand), PredictionsListOptions(), list_predictions)
    assert next(iter(pager)).id == "p1"
    assert len(hand.exchanges) == 1


def test_pager_lets_errors_through() -> None:
    hand = Hand(script(reply({}, 500)), config(retries=0))
    pager = Pager(cast("SkytellsClient", hand), PredictionsListOptions(), list_predictions)
    with pytest.raises(ServerError) as caught:
        list(pager)
    assert isinstance(caught.value, SkytellsError)


@pytest.mark.parametrize(("kind", "word"), [(Pager, "for"), (AsyncPager, "async for")])
def test_a_pager_says_what_it_is_of_and_how_to_iterate(kind: Any, word: str) -> None:
    options = PredictionsListOptions(since="2026-11-01", model="flux-pro", per_page=50)
    shown = repr(kind(cast(Any, None), options, list_predictions))
    chosen = "since='2026-11-01', model='flux-pro', per_page=50"
    assert shown == f"<{kind.__name__}({chosen}): {word} prediction in …>"
