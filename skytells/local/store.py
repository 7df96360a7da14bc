"""Bounded storage, since a platform may run for weeks."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

from .jobs import Job

T = TypeVar("T")


class RecentItems(Generic[T]):
    """The latest items, limited by their number and by their size in bytes.

    Example:
        >>> words = RecentItems[str](count=2, size=100)
        >>> for word in ("one", "two", "three"):
        ...     words.add(word, len(word))
        >>> list(words)
        ['two', 'three']
    """

    def __init__(self, *, count: int, size: int) -> None:
        self._count = count
        self._size = size
        self._total = 0
        self._items: deque[tuple[T, int]] = deque()

    def __iter__(self) -> Iterator[T]:
        return (item for item, _ in self._items)

    def add(self, item: T, size: int) -> None:
        """Add an item and drop the oldest; the newest is kept whatever its size."""
        self._items.append((item, size))
        self._total += size
        while len(self._items) > 1 and (len(self._items) > self._count or self._total > self._size):
            self._total -= self._items.popleft()[1]


class JobStore:
    """Predictions by id. Of too many, the oldest finished ones are dropped, running ones never.

    Args:
        count: How many are kept.
        size: Bytes of requests that are kept; inputs may contain pictures.

    Raises:
        ValueError: The count is below 1.
    """

    def __init__(self, *, count: int, size: int) -> None:
        if count < 1:
            raise ValueError(f"keep must be at least 1, not {count!r}")
        self._count = self._count_limit = count
        self._size = self._size_limit = size
        self._total = 0
        self._jobs: dict[str, tuple[Job, int]] = {}

    def __len__(self) -> int:
        return len(self._jobs)

    def __getitem__(self, job_id: str) -> Job:
        return self._jobs[job_id][0]

    def newest_first(self) -> list[Job]:
        """All of them."""
        return [job for job, _ in reversed(self._jobs.values())]

    def add(self, job: Job, size: int, now: float) -> None:
        """Add one, and drop others if there are too many."""
        self._jobs[job.id] = (job, size)
        self._total += size
        if len(self._jobs) > self._count_limit or self._total > self._size_limit:
            self._drop_finished(now)

    def remove(self, job_id: str) -> None:
        """Remove one."""
        self._total -= self._jobs.pop(job_id)[1]

    def _drop_finished(self, now: float) -> None:
        for job, _ in list(self._jobs.values()):
            if len(self._jobs) <= self._count and self._total <= self._size:
                break
            if job.finished(now):
                self.remove(job.id)
        # With room to spare, so that it seldom runs even if nothing can be dropped.
        self._count_limit = max(self._count, len(self._jobs)) + self._count // 10
        self._size_limit = max(self._size, self._total) + self._size // 10
