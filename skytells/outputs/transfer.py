"""One output off the wire, piece by piece: checked, and resumed where it breaks."""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass, field
from typing import Final, Self

from .._core.operation import Clock, CloseBody, Flow, ReadBody, Send, Sleep
from .._core.replies import retry_after
from .._core.retry import LONGEST_RETRY_AFTER, backoff, is_passing
from .._core.wire import Body, Origin, Reply, WireRequest
from ..errors import (
    ApiErrorId,
    InvalidResponseError,
    NetworkError,
    NotFoundError,
    ServerError,
    SkytellsError,
)
from .address import Place, place_of, redirected
from .sources import Source, inline

REDIRECTS: Final = 3
TRIES: Final = 5
FRUITFUL: Final = 1024 * 1024
"""A try that brought so many bytes does not count as one that failed."""
GONE: Final = frozenset({403, 404, 410})

_LARGEST_ENVELOPE: Final = 32 * 1024 * 1024
_PART: Final = re.compile(r"bytes\s+(\d{1,18})-\d{1,18}/(\d{1,18}|\*)")


@dataclass(frozen=True, slots=True)
class Terms:
    """Under what terms outputs are fetched.

    Args:
        home: Where the API is.
        agent: What the client calls itself.
        patience: Seconds without a byte that are borne.
        deadline: When all of it must end, in seconds on the monotonic clock.
        max_bytes: Largest output.
        allow_private: Whether it may be at a private address.
    """

    home: Origin
    agent: bytes
    idle_timeout: float | None
    deadline: float | None
    max_bytes: int
    allow_private: bool

    def limit(self, now: float) -> float | None:
        """When an exchange that begins now must have its answer."""
        due = None if self.idle_timeout is None else now + self.idle_timeout
        limits = [each for each in (due, self.deadline) if each is not None]
        return min(limits) if limits else None


@dataclass(frozen=True, slots=True)
class Piece:
    """The next bytes of an output, and where in it they belong; none at its end."""

    offset: int
    chunks: list[bytes] = field(repr=False)

    @property
    def size(self) -> int:
        return sum(map(len, self.chunks))


class Transfer:
    """An output under way.

    After a break it goes on where it was, by `Range`, if what it has is still part of what is
    there; else it begins anew, and the next piece's offset is 0.

    Args:
        source: What to fetch.
        terms: Under what terms.
    """

    def __init__(
        self,
        source: Source,
        terms: Terms,
        *,
        clock: Clock = time.monotonic,
        chance: Clock = random.random,
    ) -> None:
        self.type, self.size = source.type, source.size
        self.body: Body | None = None
        self.stopped = False
        """Whether it is to end at its next bytes, unfinished."""
        self.source: Source = source
        self._terms = terms
        self._clock, self._chance = clock, chance
        self._content: bytes | None = None
        self._status = 0
        self._received = 0
        self._total: int | None = None
        self._ended = False
        self._version = _Version()
        self._resumable = True
        self._errors, self._mark, self._pause = 0, 0, 0.0

    def next(self, most: int = 1) -> Flow[Piece]:
        """The next bytes: `most` of them or more, unless they end or the wire breaks before."""
        offset, chunks = self._received, list[bytes]()

        def take(chunk: bytes) -> None:
            if self.stopped:
                raise SkytellsError("Interrupted.", ApiErrorId.ABORTED, "Interrupted")
            chunks.append(chunk)
            self._received += len(chunk)
            self._refuse_above(self._received)

        while not chunks and not self._ended:
            try:
                if self.body is None:
                    yield from self._open()
                offset = self._received
                if self.body is not None:
                    terms = self._terms
                    yield ReadBody(self.body, take, terms.deadline, terms.idle_timeout, most)
                elif self._content is not None:
                    take(self._content)
                self._end()
            except SkytellsError as trouble:
                if self.body is not None:
                    yield CloseBody(self.body)
                    self.body = None
                self._bear(trouble)
        return Piece(offset, chunks)

    def abandon(self) -> None:
        """Let go of the wire, wherever it is."""
        if self.body is not None:
            self.body.abandon()

    def _end(self) -> None:
        if self.body is not None and not self.body.closed:
            return
        self.body = None
        if self._total is not None and self._received != self._total:
            raise self._broken(f"ended after {self._received:,} of {self._total:,} bytes")
        self._ended = True

    def _bear(self, trouble: SkytellsError) -> None:
        """Put up with trouble, if it may pass and there was not too much of it."""
        fruitful = self._received - self._mark >= FRUITFUL
        self._errors = 1 if fruitful else self._errors + 1
        self._mark = self._received
        pause = backoff(0.5, self._errors, self._chance())
        self._pause = max(pause, min(LONGEST_RETRY_AFTER, trouble.retry_after or 0.0))
        deadline = self._terms.deadline
        late = deadline is not None and self._clock() + self._pause >= deadline
        if late or self._errors >= TRIES or not is_passing(trouble):
            raise trouble

    def _open(self) -> Flow[None]:
        url = self.source.url or ""
        self._content = self.source.content if not url else inline(url)
        if self._content is not None:
            self.size = len(self._content)
            return
        if self._pause:
            yield Sleep(self._pause)
        for _ in range(REDIRECTS + 1):
            place = place_of(url, self._terms.home, allow_private=self._terms.allow_private)
            limit = self._terms.limit(self._clock())
            reply: Reply = yield Send(self._request(place), limit, _keep)
            location = reply.headers.get("location")
            if location is None or not 300 < reply.status < 400:
                return self._arrive(reply, place)
            url = redirected(url, location)
        raise InvalidResponseError(
            f"It is behind more than {REDIRECTS} redirects. If this persists, ask support.",
            ApiErrorId.UNEXPECTED_REDIRECT,
            f"More than {REDIRECTS} redirects",
        )

    def _request(self, place: Place) -> WireRequest:
        headers = [
            (b"host", place.origin.netloc.encode()),
            (b"accept", b"*/*"),
            (b"accept-encoding", b"identity"),
            (b"user-agent", self._terms.agent),
        ]
        if self._received and self._resumable:
            headers.append((b"range", f"bytes={self._received}-".encode()))
            if condition := self._version.condition:
                headers.append((b"if-range", condition))
        most, limit = self._terms.max_bytes, _LARGEST_ENVELOPE
        return WireRequest(
            *("GET", place.origin, place.target, headers, None, False, min(most, limit)),
            foreign=True,
            public=place.public,
        )

    def _arrive(self, reply: Reply, place: Place) -> None:
        self.body, self._status = reply.stream, reply.status
        asked = bool(self._received) and self._resumable
        if asked and reply.status == 416:
            raise self._changed()
        if reply.status != 200 and not (asked and reply.status == 206):
            raise _unsuccessful(reply, place)
        if reply.status == 206:
            self._go_on(reply)
        else:
            self._begin(reply)

    def _begin(self, reply: Reply) -> None:
        headers = reply.headers
        self._received = 0
        self._version = _Version.told(headers)
        self.type = headers.get("content-type", "").partition(";")[0].strip() or self.source.type
        if reply.stream is None:
            self._content = reply.body
            self._total = len(reply.body)
        elif (length := _number(headers.get("content-length", ""))) is not None:
            self._total = length
        elif "transfer-encoding" in headers:
            self._total = None
        else:
            # Only its end tells how long it is, and it ends in the same way where it is cut.
            self._total = self.source.size
        self.size = self._total if self._total is not None else self.source.size
        self._refuse_above(self._total or 0)

    def _go_on(self, reply: Reply) -> None:
        part = _PART.match(reply.headers.get("content-range", ""))
        same = self._version.may_be(_Version.told(reply.headers))
        if part is None or reply.stream is None or int(part[1]) != self._received or not same:
            raise self._changed()
        total = _number(part[2])
        if self._total is not None and total not in {None, self._total}:
            raise self._changed()
        self._total = self._total if total is None else total

    def _changed(self) -> NetworkError:
        """What is there is not what was begun: begin anew, and ask for no part of it again."""
        self._received, self._resumable = 0, False
        return self._broken("could not be resumed")

    def _broken(self, how: str) -> NetworkError:
        message = f"The transfer {how}. Try again in a moment."
        return NetworkError(message, ApiErrorId.NETWORK_ERROR, how)

    def _refuse_above(self, size: int) -> None:
        if size > self._terms.max_bytes:
            raise InvalidResponseError(
                f"It is larger than max_bytes ({self._terms.max_bytes:,} bytes); raise that.",
                ApiErrorId.INVALID_RESPONSE,
                f"At least {size:,} bytes",
                self._status,
            )


def _keep(_: dict[str, str]) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class _Version:
    """What a store says that tells one version of a file from another."""

    etag: str = ""
    changed: str = ""

    @classmethod
    def told(cls, headers: dict[str, str]) -> Self:
        etag, changed = headers.get("etag", ""), headers.get("last-modified", "")
        return cls(*(each if _fits_header(each) else "" for each in (etag, changed)))

    @property
    def condition(self) -> bytes:
        """A value of `If-Range`: an etag if it is a strong one, else the date."""
        strong = bool(self.etag) and not self.etag.startswith("W/")
        return (self.etag if strong else self.changed).encode()

    def may_be(self, other: Self) -> bool:
        """Whether nothing that both of them tell is different."""
        pairs = ((self.etag, other.etag), (self.changed, other.changed))
        return all(mine == others for mine, others in pairs if mine and others)


def _fits_header(value: str) -> bool:
    return value.isascii() and value.isprintable()


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 20 else None


def _unsuccessful(reply: Reply, place: Place) -> SkytellsError:
    if reply.status in GONE:
        text = f"{place.origin.netloc} answered HTTP {reply.status}: the file is not there."
        return NotFoundError(text, ApiErrorId.OUTPUT_EXPIRED, text, reply.status)
    text = f"{place.origin.netloc} answered HTTP {reply.status}. Try again in a moment."
    kind = ServerError if reply.status >= 400 else InvalidResponseError
    return kind(
        text, ApiErrorId.HTTP_ERROR, text, reply.status, retry_after=retry_after(reply.headers)
    )
