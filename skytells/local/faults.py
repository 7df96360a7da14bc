"""Fault rules: which requests fail, and how. No network here; see `fault_injection`.

A rule is made in Python (`platform.fault(...)`), over HTTP (`POST /_platform/faults`) or for one
request (header `X-Skytells-Local-Fault`). Its times are real seconds, since they test the timeouts
of the caller.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from fnmatch import fnmatchcase
from typing import Final, Literal, NoReturn, TypedDict, get_args

from .errors import ApiError, Envelope
from .json_values import Json, JsonObject
from .variants import check_variants

HEADER: Final = "x-skytells-local-fault"
"""The request header with a fault for that request."""

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
    """The fields of a fault, all of which are optional; see `Fault`."""

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
    """A rule that makes requests fail.

    Args:
        method: Only requests with this method, such as `POST`.
        path: Only requests with this path, with or without `/v1`; `*` matches anything.
        model: Only requests for this model, by its slug without the vendor.
        nth: Only the n-th matching request, counted from 1.
        times: At most this many requests.
        latency: Real seconds before anything else happens.
        slow: Real seconds over which the response is sent, in small pieces.
        error: Return this `error_id`; the request is not processed.
        status: The HTTP status of the error, or (below 400) of the usual response.
        message: The message of the error.
        envelope: The form of the error, by default that of the route: `unified`, `error`,
            `inference`, `flat`, `simple`, `bare`; or `failed-prediction`: the usual response with
            the status `failed`.
        retry_after: Seconds for the header `Retry-After`; a 429 has it in any case.
        drop: Close the connection `before` or `after` the request is processed.
        body: `truncated` (half of it, then the connection is closed), `garbage`, `empty`, or `html`
            as from a proxy (502 unless `status` is set; the request is not processed).
        stream: How an inference stream fails after it has begun: an `error` in one of its lines
            (with the id and message of the fault), `failed` (a failed response), `unfinished` (it
            ends without its terminator), `stalled` (it sends no more, and stays open).
        after: The number of events before `stream`, or before `truncated` and `garbage` in a
            stream; half of the events by default.
        redirect: Redirect to this URL, with 307.
        variants: Other forms of the response; see `skytells.local.variants`.

    Raises:
        ValueError: A field is wrong; the message names it.

    Example:
        >>> Fault(error="RATE_LIMIT_EXCEEDED").api_error().status
        429
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
    message: str = "An injected fault."
    envelope: Envelope | None = None
    retry_after: float | None = None
    drop: Drop | None = None
    body: Body | None = None
    stream: Stream | None = None
    after: int | None = None
    redirect: str | None = None
    variants: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "variants", tuple(sorted(check_variants(self.variants))))
        for name, check in _CHECKS.items():
            check(name, getattr(self, name))

    def matches(self, method: str, path: str, model: str | None) -> bool:
        """Whether it applies to a request, apart from `nth` and `times`."""
        return (
            (self.method is None or self.method.upper() == method)
            and (self.model is None or self.model == model)
            and (self.path is None or _path_matches(self.path, path))
        )

    @property
    def replaces_response(self) -> bool:
        """Whether an error is returned instead of the usual response."""
        return self.stream is None and bool(self.error or (self.status or 0) >= 400)

    def api_error(self, default: str = "INTERNAL_ERROR") -> ApiError:
        """The error that is returned, or sent within a stream.

        Args:
            default: The `error_id` if the fault has none.
        """
        status = self.status or _STATUS_OF.get(self.error or default, 500)
        error_id = self.error or (_ERROR_OF.get(status, default) if self.status else default)
        return ApiError(status, error_id, self.message)

    def as_json(self) -> JsonObject:
        """The fields that differ from their defaults."""
        defaults = asdict(Fault())
        return {name: value for name, value in asdict(self).items() if value != defaults[name]}


def parse_fault(given: Json) -> Fault:
    """A fault from JSON, as the control endpoint and the header have it.

    Raises:
        ValueError: It is not an object, has an unknown field, or a field is wrong.
    """
    names = {field.name for field in fields(Fault)}
    try:
        unknown = sorted(given.keys() - names)
    except AttributeError:
        raise ValueError("a fault is a JSON object") from None
    if unknown:
        raise ValueError(f"a fault has no {unknown[0]!r}: it has {', '.join(sorted(names))}")
    return Fault(**given)


def parse_fault_header(text: str) -> Fault:
    """A fault from a header: JSON, or `name=value` pairs separated by commas.

    Raises:
        ValueError: As for `parse_fault`.

    Example:
        >>> parse_fault_header("error=INTERNAL_ERROR, latency=0.5").latency
        0.5
    """
    if text.lstrip().startswith("{"):
        return parse_fault(json.loads(text))
    pairs = [pair.partition("=") for pair in text.split(",")]
    given: JsonObject = {name.strip(): _value(value.strip()) for name, _, value in pairs}
    if isinstance(given.get("variants"), str):
        given["variants"] = given["variants"].split()
    return parse_fault(given)


class FaultRules:
    """The active faults and their uses. Thread-safe."""

    def __init__(self) -> None:
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Fault]:
        with self._lock:
            return iter([rule.fault for rule in self._rules])

    def add(self, fault: Fault) -> None:
        """Add a fault."""
        with self._lock:
            self._rules.append(_Rule(fault))

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._rules.clear()

    def match(self, method: str, path: str, model: str | None) -> Fault | None:
        """The oldest fault that applies to a request, which is counted."""
        with self._lock:
            for rule in self._rules:
                if rule.fault.matches(method, path, model) and rule.applies():
                    if rule.exhausted:
                        self._rules.remove(rule)
                    return rule.fault
        return None


@dataclass
class _Rule:
    fault: Fault
    matched: int = 0
    used: int = 0

    def applies(self) -> bool:
        self.matched += 1
        if self.fault.nth is not None and self.matched != self.fault.nth:
            return False
        self.used += 1
        return True

    @property
    def exhausted(self) -> bool:
        return self.fault.nth is not None or self.used == self.fault.times


def _path_matches(pattern: str, path: str) -> bool:
    bare = path.removeprefix("/edge").removeprefix("/v1").removeprefix("/orchestrator")
    return fnmatchcase(path, pattern) or fnmatchcase(bare, pattern)


def _value(text: str) -> Json:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _reject(name: str, value: object, expected: str) -> NoReturn:
    raise ValueError(f"{name} must be {expected}, not {value!r}")


def _check_text(name: str, value: Json) -> None:
    if not (isinstance(value, str) or (value is None and name != "message")):
        _reject(name, value, "a string")


def _check_count(name: str, value: Json) -> None:
    least = 0 if name == "after" else 1
    if value is not None and not (type(value) is int and value >= least):
        _reject(name, value, f"a whole number from {least}")


def _check_seconds(name: str, value: Json) -> None:
    if value is None and name == "retry_after":
        return
    if not (isinstance(value, int | float) and 0 <= value < math.inf):
        _reject(name, value, "a number of seconds")


def _check_status(name: str, value: Json) -> None:
    if value is not None and not (type(value) is int and 200 <= value <= 599):
        _reject(name, value, "an HTTP status from 200 to 599")


def _one_of(choices: tuple[str, ...]) -> Callable[[str, Json], None]:
    def check(name: str, value: Json) -> None:
        if value is not None and value not in choices:
            _reject(name, value, f"one of {', '.join(choices)}")

    return check


_CHECKS: Final[Mapping[str, Callable[[str, Json], None]]] = {
    **dict.fromkeys(("method", "path", "model", "error", "message", "redirect"), _check_text),
    **dict.fromkeys(("nth", "times", "after"), _check_count),
    **dict.fromkeys(("latency", "slow", "retry_after"), _check_seconds),
    "status": _check_status,
    "envelope": _one_of(get_args(Envelope)),
    "drop": _one_of(get_args(Drop)),
    "body": _one_of(get_args(Body)),
    "stream": _one_of(get_args(Stream)),
}
