"""What the platform remembers, bounded: it may run for weeks in somebody's terminal."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

from .jobs import Job

T = TypeVar("T")


class Recent(Generic[T]):
    """The latest of many things, bounded by their number and by their weight in bytes.

    Example:
        >>> seen = Recent[str](count=2, weight=100)
        >>> for word in ("one", "two", "three"):
        ...     seen.add(word, len(word))
        >>> list(seen)
        ['two', 'three']
    """

    def __init__(self, *, count: int, weight: int) -> None:
        self._count = count
        self._weight = weight
        self._total = 0
        self._items: deque[tuple[T, int]] = deque()

    def __iter__(self) -> Iterator[T]:
        return (item for item, _ in self._items)

    def add(self, item: T, weight: int) -> None:
        """Remember one more; the newest is kept however heavy it is."""
        self._items.append((item, weight))
        self._total += weight
        while len(self._items) > 1 and not self._fits():
            self._total -= self._items.popleft()[1]

    def _fits(self) -> bool:
        return len(self._items) <= self._count and self._total <= self._weight


class Jobs:
    """Predictions by id, oldest first; of too many, the oldest that are over are forgotten.

    Running ones are never forgotten, however many they are.

    Arguments:
        count: how many are kept.
        weight: bytes of input that are kept; inputs may hold pictures.

    Raises:
        ValueError: the count is below 1.
    """

    def __init__(self, *, count: int, weight: int) -> None:
        if count < 1:
            raise ValueError(f"keep must be at least 1, not {count!r}")
        self._count = self._most = count
        self._weight = self._heaviest = weight
        self._total = 0
        self._jobs: dict[str, tuple[Job, int]] = {}

    def __len__(self) -> int:
        return len(self._jobs)

    def __getitem__(self, job_id: str) -> Job:
        return self._jobs[job_id][0]

    def newest_first(self) -> list[Job]:
        """All of them."""
        return [job for job, _ in reversed(self._jobs.values())]

    def add(self, job: Job, weight: int, now: float) -> None:
        """Keep one more, and forget others if there are too many."""
        self._jobs[job.id] = (job, weight)
        self._total += weight
        if len(self._jobs) > self._most or self._total > self._heaviest:
            self._forget_some(now)

    def remove(self, job_id: str) -> None:
        """Forget one."""
        self._total -= self._jobs.pop(job_id)[1]

    def _forget_some(self, now: float) -> None:
        for job, _ in list(self._jobs.values()):
            if len(self._jobs) <= self._count and self._total <= self._weight:
                break
            if job.finished(now):
                self.remove(job.id)
        # With room to spare, so that it is seldom done even while nothing can be forgotten.
        self._most = max(self._count, len(self._jobs)) + self._count // 10
        self._heaviest = max(self._weight, self._total) + self._weight // 10
