"""What a numbered fault is: what goes wrong, and what is due for each operation that meets it."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from skytells import (
    ConfigurationError,
    InvalidRequestError,
    InvalidResponseError,
    NetworkError,
    PredictionFailedError,
    RequestTimeoutError,
    SkytellsError,
    WaitTimeoutError,
)

from ..behaviour.misbehaving import Step
from ..behaviour.steps import answers

if TYPE_CHECKING:
    from .stage import Stage

KEY: Final = "sk-do-not-show-me-0123456789"
SOON: Final = 1_000.0
"""The timeout, in milliseconds, of calls to servers that stall."""
ONCE: Final[Mapping[str, Any]] = {"retries": 0}
P1: Final[Mapping[str, Any]] = {"id": "p1", "status": "succeeded"}
PENDING: Final[Mapping[str, Any]] = {"id": "p1", "status": "processing"}
WELL: Final = answers(P1)
"""What a server answers whose trouble is over."""


USUAL_IDS: Final[Mapping[type[BaseException], str]] = {
    NetworkError: "NETWORK_ERROR",
    RequestTimeoutError: "REQUEST_TIMEOUT",
    ConfigurationError: "CONFIGURATION_ERROR",
    WaitTimeoutError: "WAIT_TIMEOUT",
    PredictionFailedError: "PREDICTION_FAILED",
}
"""Ids that go without saying."""


@dataclass(frozen=True, kw_only=True)
class Due:
    """What an operation must come to.

    Args:
        requests: How many requests the server reads.
        connections: On how many connections, where that matters.
        targets: Method and target of each request, where that matters.
        pauses: Seconds slept before each further try, with jitter at its most.
        sent: Headers of the first request by name; `None` must be absent.
        facts: What must hold of the result, or of the error: attributes by dotted name, or what
            `facts.py` knows to compute.
        words: The same for the page, where the facts do not speak for themselves.
    """

    requests: int = 1
    connections: int | None = None
    targets: Sequence[str] | None = None
    pauses: Sequence[float] | None = None
    sent: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    words: str = ""

    def tell(self) -> str:
        """In words, for the page."""
        told = [self.words or self._words()]
        if self.pauses:
            told.append("after " + ", ".join(f"{pause:g} s" for pause in self.pauses))
        if self.requests != 1:
            told.append(f"{self.requests or 'no'} requests")
        return ", ".join(told)

    def _words(self) -> str:
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Gives(Due):
    """A result."""

    def _words(self) -> str:
        return "the result"


@dataclass(frozen=True, kw_only=True)
class Raises(Due):
    """An error of just this class; what is `None` is not looked at."""

    kind: type[BaseException]
    error_id: str | None = None
    status: int | None = None
    maybe_sent: bool = False
    attempts: int | None = None
    says: str = ""

    def _words(self) -> str:
        told = f"`{self.kind.__name__}`"
        if self.error_id not in {None, USUAL_IDS.get(self.kind)}:
            told += f" `{self.error_id}`"
        if self.maybe_sent:
            told += ", may have been sent"
        return told


World: TypeAlias = Callable[["Stage"], None]
Script: TypeAlias = Sequence[Step]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One row of the plan.

    Args:
        number: Family and number, such as `N07`.
        fault: What goes wrong, in words.
        due: What is due, by the name of the operation (see `acts.py`).
        script: What the server does, request by request; the last step is repeated.
        options: Arguments of the client besides its key and address.
        given: Arguments of the operation.
        before: Operations that succeed on the same client before it.
        world: What is prepared before the client is built.
        between: What is done between `before` and the operation.
        listening: Whether the server takes connections from the start.
        lasting: Whether the trouble outlasts the fault, so that the client stays of no use.
        tls: What makes the context with which the server speaks TLS.
    """

    number: str
    fault: str
    due: Mapping[str, Due]
    script: Script = (WELL,)
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    given: Mapping[str, Any] = field(default_factory=dict[str, Any])
    before: Sequence[str] = ()
    world: World | None = None
    between: World | None = None
    listening: bool = True
    lasting: bool = False
    tls: Callable[[], ssl.SSLContext] | None = None


@dataclass(frozen=True)
class Family:
    """Faults of one kind: a section of the page, and a test function."""

    letter: str
    title: str
    about: str
    faults: Sequence[Fault]


def block(
    letter: str,
    first: int,
    due: Mapping[str, Due] | Due,
    faults: Iterable[tuple[str, Any]],
    **common: Any,
) -> list[Fault]:
    """Faults with the same consequences, numbered from `first`.

    Each is its words with its script: a step (then all is well) or several; or with a dict of
    whatever a `Fault` has.
    """
    made: list[Fault] = []
    for number, (fault, own) in enumerate(faults, first):
        fields: dict[str, Any] = {"due": each(due), **common}
        if isinstance(own, Mapping):
            given = cast("Mapping[str, Any]", own)
            fields |= {**given, "due": each(given.get("due", fields["due"]))}
        else:
            fields["script"] = own if isinstance(own, tuple) else (own, WELL)
        made.append(Fault(number=f"{letter}{number:02}", fault=fault, **fields))
    return made


def each(due: Mapping[str, Due] | Due) -> Mapping[str, Due]:
    """What is due for a read, for what may be sent twice, and for what costs money."""
    return dict.fromkeys(("get", "cancel", "create"), due) if isinstance(due, Due) else due


def several(*values: Any) -> tuple[Any, ...]:
    """Values of many kinds."""
    return values


def shown(value: object, most: int = 48) -> str:
    """A value as it stands in the words of a fault: as code, bounded, fit for a table."""
    text = value if isinstance(value, str) and value.isidentifier() else ascii(value)
    text = text if len(text) <= most else f"{text[: most - 1]}…"
    text = re.sub(r"\s+", " ", text).replace("|", "¦")
    length = f" ({len(value)} characters)" if isinstance(value, str) and len(value) > most else ""
    return (f"`` {text} ``" if "`" in text else f"`{text}`") + length


def wired(value: object) -> str:
    """JSON as it stands in the words of a fault."""
    text = json.dumps(value, separators=(",", ":"))
    return f"`{text if len(text) <= 90 else f'{text[:89]}…'}`"


# What is often due.


def found(requests: int = 1, **more: Any) -> Gives:
    """The prediction that was asked for."""
    return Gives(requests=requests, facts={"id": "p1"} | more.pop("facts", {}), **more)


def unsent(kind: type[SkytellsError] = NetworkError, attempts: int = 1, **more: Any) -> Raises:
    """No connection: a request that surely never left."""
    timed_out = kind is RequestTimeoutError
    return Raises(
        kind=kind,
        error_id="REQUEST_TIMEOUT" if timed_out else "NETWORK_ERROR",
        status=408 if timed_out else 0,
        requests=more.pop("requests", 0),
        attempts=attempts,
        **more,
    )


def lost(requests: int = 1, *, maybe_sent: bool = True, **more: Any) -> Raises:
    """A connection that broke after the request was sent."""
    return Raises(
        kind=NetworkError,
        error_id="NETWORK_ERROR",
        status=0,
        maybe_sent=maybe_sent,
        requests=requests,
        **more,
    )


def late(*, maybe_sent: bool = False, requests: int = 1) -> Raises:
    """The deadline has passed."""
    return Raises(
        kind=RequestTimeoutError,
        error_id="REQUEST_TIMEOUT",
        status=408,
        maybe_sent=maybe_sent,
        requests=requests,
        attempts=1,
    )


def unreadable(
    error_id: str = "INVALID_RESPONSE", *, maybe_sent: bool = False, status: int = 200, **more: Any
) -> Raises:
    """An answer that came and cannot be read."""
    kind = more.pop("kind", InvalidResponseError)
    return Raises(kind=kind, error_id=error_id, status=status, maybe_sent=maybe_sent, **more)


def unconfigured(says: str = "") -> Raises:
    """A setting that cannot work."""
    error_id = "CONFIGURATION_ERROR"
    return Raises(
        kind=ConfigurationError, error_id=error_id, status=0, requests=0, connections=0, says=says
    )


def refused(says: str = "") -> Raises:
    """Input that is refused before the wire."""
    return Raises(
        kind=InvalidRequestError,
        error_id="INVALID_PARAMETER",
        status=0,
        requests=0,
        connections=0,
        says=says,
    )


PASSING: Final[Mapping[str, Due]] = {"get": found(2), "cancel": found(2), "create": lost()}
"""Due where a connection breaks once: what may be sent twice is, what costs money is not."""
STALLED: Final[Mapping[str, Due]] = {
    "get": late(),
    "create": late(maybe_sent=True),
}
"""Due where a server lets the client wait."""
UNREADABLE: Final[Mapping[str, Due]] = {
    "get": unreadable(),
    "cancel": unreadable(),
    "create": unreadable(maybe_sent=True),
}
"""Due where an answer came that cannot be read."""
FINE: Final[Mapping[str, Due]] = {"get": found(), "cancel": found(), "create": found()}
"""Due where there is oddity, and no fault."""
