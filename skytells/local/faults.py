"""Faults on demand: which requests they befall, and what happens to those. No network here.

The same rule can be made in Python (`platform.fault(...)`), over HTTP (`POST /_platform/faults`)
and on a single request (header `X-Skytells-Local-Fault`). Times are real seconds: faults test the
caller's patience, which no platform clock can hurry.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from fnmatch import fnmatchcase
from typing import Final, Literal, NoReturn, TypedDict, get_args

from .errors import Envelope, shaped
from .prediction_json import Json, JsonObject, Refusal, known_variants

HEADER: Final = "x-skytells-local-fault"
"""The request header that carries a fault for that request."""

Drop = Literal["before", "after"]
Body = Literal["truncated", "garbage", "html", "empty"]
Stream = Literal["error", "failed", "unfinished", "stalled"]

_STATUS_OF: Final = {
    "UNAUTHORIZED": 401,
    "INVALID_PARAMETER": 400,
    "INVALID_INPUT": 400,
    "INVALID_REQUEST": 400,
    "INVALID_DATE_FORMAT": 400,
    "INVALID_DATE_RANGE": 400,
    "INVALID_PARAMETER_COMBINATION": 400,
    "MODEL_NOT_FOUND": 404,
    "MODEL_NOT_SUPPORTED": 422,
    "VALIDATION_ERROR": 422,
    "INSUFFICIENT_CREDITS": 402,
    "PAYMENT_REQUIRED": 402,
    "ACCOUNT_SUSPENDED": 403,
    "SECURITY_VIOLATION": 403,
    "FORBIDDEN": 403,
    "RATE_LIMIT_EXCEEDED": 429,
    "RATE_LIMITED": 429,
    "INTERNAL_ERROR": 500,
    "INFERENCE_ERROR": 500,
    "PREDICTION_FAILED": 502,
    "INFRASTRUCTURE_ERROR": 503,
    "SERVICE_UNAVAILABLE": 503,
    "INFERENCE_TIMEOUT": 504,
    "CONTENT_POLICY_VIOLATION": 451,
    "INFERENCE_RATE_LIMITED": 429,
    "ENDPOINT_NOT_FOUND": 404,
}
_ERROR_OF: Final = {status: name for name, status in reversed(_STATUS_OF.items())}


class FaultFields(TypedDict, total=False):
    """What a fault is made of; all may be left out. See `Fault`."""

    method: str | None
    path: str | None
    model: str | None
    nth: int | None
    times: int | None
    latency: float
    slow: float
    error: str | None
    status: int | None
    message: str
    envelope: Envelope | None
    retry_after: float | None
    drop: Drop | None
    body: Body | None
    stream: Stream | None
    after: int | None
    redirect: str | None
    variants: list[str] | tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A rule that makes requests go wrong.

    Arguments:
        method: only requests of this method, such as `POST`.
        path: only requests of this path, with or without `/v1`; `*` stands for anything.
        model: only requests that concern this model, by its bare slug.
        nth: only the n-th request that matches, counted from 1.
        times: at most so many requests.
        latency: real seconds before anything else happens.
        slow: real seconds over which the answer arrives, in small pieces.
        error: refuse, with this `error_id`; the request is not acted upon.
        status: the HTTP status: of the refusal, or (below 400) of the ordinary answer.
        message: what the refusal says.
        envelope: the shape of the refusal, by default that of the route: `unified`, `error`,
            `inference`, `flat`, `simple`, `bare`; or `failed-prediction`: the ordinary answer,
            saying that the prediction failed.
        retry_after: seconds for the header `Retry-After`; a 429 has one anyway.
        drop: close the connection `before` the request is acted upon, or `after`.
        body: `truncated` (half of it, then the connection closes), `garbage`, `empty`, or `html`
            (what a proxy says: 502 unless `status` is given; the request is not acted upon).
        stream: what befalls a stream of inference, which begins well: an `error` in one of its
            lines (with the id and message given here), `failed` (a response that says so),
            `unfinished` (it ends without its terminator), `stalled` (it says no more, and stays).
        after: after how many events; `stream`, and the bodies `truncated` and `garbage` where the
            answer is a stream, wait for half of it unless told otherwise.
        redirect: send the caller to this URL, with 307.
        variants: spell the answer otherwise; see `skytells.local.prediction_json.VARIANTS`.

    Raises:
        ValueError: a field makes no sense; the message names it.

    Example:
        >>> Fault(error="RATE_LIMIT_EXCEEDED").refusal()
        (429, 'RATE_LIMIT_EXCEEDED')
    """

    method: str | None = None
    path: str | None = None
    model: str | None = None
    nth: int | None = None
    times: int | None = None
    latency: float = 0.0
    slow: float = 0.0
    error: str | None = None
    status: int | None = None
    message: str = "A fault that was asked for."
    envelope: Envelope | None = None
    retry_after: float | None = None
    drop: Drop | None = None
    body: Body | None = None
    stream: Stream | None = None
    after: int | None = None
    redirect: str | None = None
    variants: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "variants", tuple(sorted(known_variants(self.variants))))
        for name, check in _CHECKS.items():
            check(name, getattr(self, name))

    def matches(self, method: str, path: str, model: str | None) -> bool:
        """Whether it befalls such a request, apart from how many there were."""
        return (
            (self.method is None or self.method.upper() == method)
            and (self.model is None or self.model == model)
            and (self.path is None or _fits(self.path, path))
        )

    def refusal(self) -> tuple[int, str] | None:
        """The status and id of the error it answers with; `None` when it lets the request pass."""
        if self.stream is not None:
            return None
        if self.error is None and (self.status is None or self.status < 400):
            return None
        said = self.says("INTERNAL_ERROR")
        return said.status, said.error_id

    def says(self, usual: str) -> Refusal:
        """What the refusal says, or the line in a stream; of a usual id if none is given."""
        status = self.status or _STATUS_OF.get(self.error or usual, 500)
        error_id = self.error or (_ERROR_OF.get(status, usual) if self.status else usual)
        return Refusal(status, error_id, self.message)

    def as_json(self) -> JsonObject:
        """What differs from the default."""
        usual = asdict(Fault())
        return {name: value for name, value in asdict(self).items() if value != usual[name]}


def read_fault(given: Json) -> Fault:
    """A fault from JSON, as the control endpoint and the header carry it.

    Raises:
        ValueError: it is no object, has a field that no fault has, or one that makes no sense.

    Example:
        >>> read_fault({"drop": "after"}).drop
        'after'
    """
    names = {field.name for field in fields(Fault)}
    try:
        unknown = sorted(given.keys() - names)
    except AttributeError:
        raise ValueError("a fault is a JSON object") from None
    if unknown:
        raise ValueError(f"a fault has no {unknown[0]!r}: it has {', '.join(sorted(names))}")
    return Fault(**given)


def read_header(text: str) -> Fault:
    """A fault from a header: JSON, or `name=value` pairs with commas between them.

    Raises:
        ValueError: as `read_fault`.

    Example:
        >>> read_header("error=INTERNAL_ERROR, latency=0.5").latency
        0.5
    """
    if text.lstrip().startswith("{"):
        return read_fault(json.loads(text))
    pairs = [pair.partition("=") for pair in text.split(",")]
    given: JsonObject = {name.strip(): _value(value.strip()) for name, _, value in pairs}
    if isinstance(given.get("variants"), str):
        given["variants"] = given["variants"].split()
    return read_fault(given)


def envelope_of(fault: Fault, request_id: str, usual: Envelope = "unified") -> JsonObject:
    """The body of a refusal in the shape asked for, or the usual one of its route."""
    return shaped(fault.envelope or usual, fault.says("INTERNAL_ERROR"), request_id)


def failed(prediction: JsonObject, message: str) -> JsonObject:
    """A prediction's answer, changed to say that it failed."""
    changes = {"status": "failed", "output": None, "response": message, "error": message}
    return {**prediction, **changes, "urls": {}}


class FaultBook:
    """The faults in force, and how often each was met; safe to use from several threads."""

    def __init__(self) -> None:
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Fault]:
        with self._lock:
            return iter([rule.fault for rule in self._rules])

    def add(self, fault: Fault) -> None:
        """Put one more in force."""
        with self._lock:
            self._rules.append(_Rule(fault))

    def clear(self) -> None:
        """Let everything go well again."""
        with self._lock:
            self._rules.clear()

    def meet(self, method: str, path: str, model: str | None) -> Fault | None:
        """The fault that befalls a request: the oldest that fits and has not had its times."""
        with self._lock:
            for rule in self._rules:
                if rule.fault.matches(method, path, model) and rule.strikes():
                    if rule.spent:
                        self._rules.remove(rule)
                    return rule.fault
        return None


@dataclass
class _Rule:
    fault: Fault
    seen: int = 0
    struck: int = 0

    def strikes(self) -> bool:
        self.seen += 1
        if self.fault.nth is not None and self.seen != self.fault.nth:
            return False
        self.struck += 1
        return True

    @property
    def spent(self) -> bool:
        return self.fault.nth is not None or self.struck == self.fault.times


def _fits(pattern: str, path: str) -> bool:
    bare = path.removeprefix("/edge").removeprefix("/v1").removeprefix("/orchestrator")
    return fnmatchcase(path, pattern) or fnmatchcase(bare, pattern)


def _value(text: str) -> Json:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _refuse(name: str, value: object, wanted: str) -> NoReturn:
    raise ValueError(f"{name} must be {wanted}, not {value!r}")


def _text(name: str, value: Json) -> None:
    if not (isinstance(value, str) or (value is None and name != "message")):
        _refuse(name, value, "a string")


def _count(name: str, value: Json) -> None:
    least = 0 if name == "after" else 1
    if value is not None and not (type(value) is int and value >= least):
        _refuse(name, value, f"a whole number from {least}")


def _seconds(name: str, value: Json) -> None:
    if value is None and name == "retry_after":
        return
    if not (isinstance(value, int | float) and 0 <= value < math.inf):
        _refuse(name, value, "a number of seconds")


def _status(name: str, value: Json) -> None:
    if value is not None and not (type(value) is int and 200 <= value <= 599):
        _refuse(name, value, "an HTTP status from 200 to 599")


def _one_of(choices: tuple[str, ...]) -> Callable[[str, Json], None]:
    def check(name: str, value: Json) -> None:
        if value is not None and value not in choices:
            _refuse(name, value, f"one of {', '.join(choices)}")

    return check


_CHECKS: Final[Mapping[str, Callable[[str, Json], None]]] = {
    **dict.fromkeys(("method", "path", "model", "error", "message", "redirect"), _text),
    **dict.fromkeys(("nth", "times", "after"), _count),
    **dict.fromkeys(("latency", "slow", "retry_after"), _seconds),
    "status": _status,
    "envelope": _one_of(get_args(Envelope)),
    "drop": _one_of(get_args(Drop)),
    "body": _one_of(get_args(Body)),
    "stream": _one_of(get_args(Stream)),
}
