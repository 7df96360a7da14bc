"""Everything that can go wrong, as one tree.

Catch `SkytellsError` for all of it, a subclass for one meaning, or match `error_id`:

    SkytellsError
    ├── ConfigurationError        the client was built with options that cannot work
    ├── InvalidRequestError       refused input: before the wire, or HTTP 400, 409, 413, 422, 451
    ├── AuthenticationError       401: the key is missing, wrong or suspended
    ├── PaymentRequiredError      402: no credits
    ├── PermissionDeniedError     403: this account may not do that
    ├── BudgetExceededError       refused here: it would cost more than the client's budget has left
    ├── NotFoundError             404, or an answer that says "no such thing"
    ├── RateLimitError            429: slow down; `retry_after` says for how long
    ├── ServerError               408, 425, 5xx, or an answer that is not the documented API
    │   └── InvalidResponseError  an answer that cannot be read: not JSON, cut short, too large
    ├── NetworkError              no answer: refused, reset, DNS, TLS
    ├── RequestTimeoutError       no answer within `timeout`
    ├── PredictionFailedError     the prediction ran and failed; `prediction` is attached
    ├── AnswerError               a model answered, not with what was due; `completion` is attached
    ├── WaitTimeoutError          still running after `max_wait`; `prediction` is attached
    ├── DownloadError             an output was not fetched or kept; `prediction` is attached
    │   └── OutputExpiredError    its files are no longer there
    ├── ToolRunError              a tool raised, or rounds were not enough; `tool_run` is attached
    ├── DispatchError             some queued requests were accepted and some were not
    └── WebhookSignatureError     a webhook delivery that Skytells did not sign

The message of each error ends with what to do next.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, KeysView, Mapping, Sequence
    from decimal import Decimal
    from pathlib import Path

Details: TypeAlias = str | dict[str, Any] | list[Any]


class ApiErrorId(StrEnum):
    """Known values of `SkytellsError.error_id`; an id that is not listed stays a plain `str`."""

    UNAUTHORIZED = "UNAUTHORIZED"
    INVALID_PARAMETER = "INVALID_PARAMETER"
    INVALID_DATE_FORMAT = "INVALID_DATE_FORMAT"
    INVALID_DATE_RANGE = "INVALID_DATE_RANGE"
    MODEL_NOT_FOUND = "MODEL_NOT_FOUND"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    INVALID_INPUT = "INVALID_INPUT"
    INSUFFICIENT_CREDITS = "INSUFFICIENT_CREDITS"
    ACCOUNT_SUSPENDED = "ACCOUNT_SUSPENDED"
    PAYMENT_REQUIRED = "PAYMENT_REQUIRED"
    SECURITY_VIOLATION = "SECURITY_VIOLATION"
    RATE_LIMIT_EXCEEDED = "RATE_LIMIT_EXCEEDED"
    INFRASTRUCTURE_ERROR = "INFRASTRUCTURE_ERROR"
    PREDICTION_FAILED = "PREDICTION_FAILED"
    WAIT_TIMEOUT = "WAIT_TIMEOUT"
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT"
    NETWORK_ERROR = "NETWORK_ERROR"
    SERVER_ERROR = "SERVER_ERROR"
    INVALID_JSON = "INVALID_JSON"
    # Sent by the API, though the reference does not list them.
    INVALID_PARAMETER_COMBINATION = "INVALID_PARAMETER_COMBINATION"
    INVALID_REQUEST = "INVALID_REQUEST"
    VALIDATION_ERROR = "VALIDATION_ERROR"
    MODEL_NOT_SUPPORTED = "MODEL_NOT_SUPPORTED"
    PREDICTION_NOT_FOUND = "PREDICTION_NOT_FOUND"
    ENDPOINT_NOT_FOUND = "ENDPOINT_NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    RATE_LIMITED = "RATE_LIMITED"
    INFERENCE_RATE_LIMITED = "INFERENCE_RATE_LIMITED"
    INFERENCE_TIMEOUT = "INFERENCE_TIMEOUT"
    INFERENCE_ERROR = "INFERENCE_ERROR"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    CONTENT_POLICY_VIOLATION = "CONTENT_POLICY_VIOLATION"
    # Given by the SDK to answers that name no id of their own, and to its own refusals.
    API_ERROR = "API_ERROR"
    HTTP_ERROR = "HTTP_ERROR"
    UNKNOWN_ERROR = "UNKNOWN_ERROR"
    SDK_ERROR = "SDK_ERROR"
    ABORTED = "ABORTED"
    CONFIGURATION_ERROR = "CONFIGURATION_ERROR"
    INVALID_RESPONSE = "INVALID_RESPONSE"
    UNEXPECTED_REDIRECT = "UNEXPECTED_REDIRECT"
    BUDGET_EXCEEDED = "BUDGET_EXCEEDED"
    PRICE_UNKNOWN = "PRICE_UNKNOWN"
    WEBHOOK_SIGNATURE_INVALID = "WEBHOOK_SIGNATURE_INVALID"
    OUTPUT_EXPIRED = "OUTPUT_EXPIRED"
    ADDRESS_REFUSED = "ADDRESS_REFUSED"
    MODEL_REFUSED = "MODEL_REFUSED"
    ANSWER_CUT_OFF = "ANSWER_CUT_OFF"
    ANSWER_MISSING = "ANSWER_MISSING"
    TOOL_FAILED = "TOOL_FAILED"
    TOOL_CALLS_CUT = "TOOL_CALLS_CUT"
    TOOL_ROUNDS_EXCEEDED = "TOOL_ROUNDS_EXCEEDED"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a call, as kept on `SkytellsError.attempts`.

    Args:
        number: 1 for the first try.
        outcome: The HTTP status, or the name of the transport failure.
        elapsed: Seconds from the try's start to its outcome.
        pause: Seconds slept before the next try; `None` if there was none.
    """

    number: int
    outcome: str
    elapsed: float
    pause: float | None = None


if TYPE_CHECKING:
    # This module knows no other: what its errors carry is described here, not named. For type
    # checkers only, since a protocol takes long to make.

    class RecordInfo(Protocol):  # noqa: PLW1641  # as a dict, it has no hash
        """An answer of the API: its wire JSON by key."""

        def get(self, key: str, default: Any = None) -> Any: ...
        def keys(self) -> KeysView[str]: ...
        def to_dict(self) -> dict[str, Any]: ...
        def __getitem__(self, key: str, /) -> Any: ...
        def __eq__(self, other: object, /) -> bool: ...

    class PredictionInfo(RecordInfo, Protocol):
        """The prediction of an error: a `PredictionResponse`."""

        @property
        def id(self) -> str: ...
        @property
        def status(self) -> str: ...
        @property
        def done(self) -> bool: ...
        @property
        def slug(self) -> str | None: ...
        @property
        def input(self) -> dict[str, Any] | None: ...
        @property
        def output(self) -> str | list[str] | None: ...
        @property
        def failure(self) -> str | None: ...
        @property
        def cost(self) -> Decimal | None: ...
        def outputs(self) -> str | list[str] | None: ...

    class RequestInfo(Protocol):
        """The request of an error: a `PredictionRequest`."""

        @property
        def model(self) -> str: ...
        @property
        def input(self) -> dict[str, Any]: ...
        @property
        def webhook(self) -> Mapping[str, Any] | str | None: ...
        @property
        def await_(self) -> bool: ...
        @property
        def stream(self) -> bool: ...
        def to_dict(self) -> dict[str, Any]: ...

    class CompletionInfo(RecordInfo, Protocol):
        """The completion of an error: a `ChatCompletion`."""

        @property
        def id(self) -> str | None: ...
        @property
        def model(self) -> str | None: ...
        @property
        def text(self) -> str: ...
        @property
        def finish_reason(self) -> str | None: ...
        @property
        def tool_calls(self) -> Sequence[Any]: ...

    class ToolRunInfo(Protocol):
        """The conversation of an error: a `ToolRun`."""

        @property
        def messages(self) -> Sequence[Any]: ...
        @property
        def completions(self) -> Sequence[CompletionInfo]: ...
        @property
        def completion(self) -> CompletionInfo: ...
        @property
        def text(self) -> str: ...
        @property
        def rounds(self) -> int: ...
        @property
        def calls(self) -> Sequence[Any]: ...


class SkytellsError(Exception):
    """Any failure of this package or of the API.

    Args:
        message: What happened and what to do next; also `str(error)`.
        error_id: Machine-readable id, such as `"UNAUTHORIZED"`; compare with `ApiErrorId`.
        details: More text, or the object that the server sent as its details.
        http_status: HTTP status of the answer; 408 for timeouts, 0 where there was no answer.
        error_type: `type` of an inference error.
        error_code: `code` of an inference error.
        request_id: The server's id of the request, for support.
        retry_after: Seconds that the server asked to wait.
        response: The parsed body of the answer, if it was a JSON object.
        retryable: Whether the same call may succeed later; false with `maybe_sent`, where it may
            have succeeded already.
        maybe_sent: Whether a paid request may have been accepted although no answer tells so;
            look with `client.predictions.find_unconfirmed(error)` before sending it again.

    Example:
        >>> error = SkytellsError("No such model.", "MODEL_NOT_FOUND", "flux-por", 404)
        >>> error.error_id == ApiErrorId.MODEL_NOT_FOUND, error.http_status
        (True, 404)
    """

    default_retryable: ClassVar[bool] = False

    prediction: PredictionInfo | None = None
    """The prediction that the error is about, as last seen."""
    request: RequestInfo | None = None
    """The paid request whose outcome is unknown (with `maybe_sent`)."""
    candidates: Sequence[PredictionInfo] = ()
    """Predictions that may be the unconfirmed one, when `run()` found more than one."""
    received: Sequence[Any] = ()
    """What had come before it failed: the items of a stream, or the embeddings of other requests."""
    tool_run: ToolRunInfo | None = None
    """What a `run_tools()` had come to before it failed; its `messages` go on from there."""
    attempts: tuple[Attempt, ...] = ()
    """The tries that were made, in order."""
    retry_suppressed: str | None = None
    """`"budget"` where a retry was left out because too many had failed of late."""
    started_at: float | None = None
    """When the call began, in seconds since the epoch."""

    def __init__(
        self,
        message: str,
        error_id: str = ApiErrorId.UNKNOWN_ERROR,
        details: Details = "",
        http_status: int = 0,
        *,
        error_type: str | None = None,
        error_code: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        response: dict[str, Any] | None = None,
        retryable: bool | None = None,
        maybe_sent: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error_id = error_id
        self.details: Details = details
        self.http_status = http_status
        self.error_type = error_type
        self.error_code = error_code
        self.request_id = request_id
        self.retry_after = retry_after
        self.response = response
        self.retryable: bool = self.default_retryable if retryable is None else retryable
        self.maybe_sent = maybe_sent

    @property
    def status_code(self) -> int | None:
        """The HTTP status, or `None` where there was no answer."""
        return self.http_status or None

    @property
    def prediction_id(self) -> str | None:
        """Id of the prediction that the error is about, if there is one."""
        return self.prediction.id if self.prediction is not None else None

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(message={self.message!r}, error_id={str(self.error_id)!r}, "
            f"http_status={self.http_status!r})"
        )

    def __reduce__(self) -> tuple[Callable[..., SkytellsError], tuple[Any, ...]]:
        # The default calls the class with `args` alone, which lacks the required arguments.
        return _rebuild, (type(self), self.args, self.__dict__.copy())


def _rebuild(
    cls: type[SkytellsError], args: tuple[Any, ...], state: dict[str, Any]
) -> SkytellsError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(SkytellsError):
    """The client was built with options that cannot work."""

    @classmethod
    def of(cls, message: str) -> Self:
        return cls(message, ApiErrorId.CONFIGURATION_ERROR, message)


class InvalidRequestError(SkytellsError):
    """The input was refused, by this package before the wire or by the server."""

    @classmethod
    def of(cls, message: str) -> Self:
        return cls(message, ApiErrorId.INVALID_PARAMETER, message)


class AuthenticationError(SkytellsError):
    """The API key is missing, wrong, or belongs to a suspended account."""


class PaymentRequiredError(SkytellsError):
    """The account has no credits left."""


class BudgetExceededError(SkytellsError):
    """The client's `Budget` has less left than this would cost, or cannot know; nothing was sent."""


class PermissionDeniedError(SkytellsError):
    """The account may not do that."""


class NotFoundError(SkytellsError):
    """No such model, prediction or endpoint."""


class RateLimitError(SkytellsError):
    """Too many requests; `retry_after` (seconds) says how long to wait, if the server said so."""

    default_retryable = True


class ServerError(SkytellsError):
    """The platform failed, or something in front of it answered."""

    default_retryable = True


class InvalidResponseError(ServerError):
    """The answer cannot be read: not JSON, cut short, too large, or of the wrong kind."""

    default_retryable = False


class NetworkError(SkytellsError):
    """There was no answer: refused, reset, unresolvable, or not trusted."""

    default_retryable = True


class RequestTimeoutError(SkytellsError):
    """There was no answer within `timeout`."""

    default_retryable = True


class PredictionFailedError(SkytellsError):
    """The prediction ran and failed; `prediction` holds it."""


class AnswerError(SkytellsError):
    """A model answered, though not with what was due. The answer is paid for, and is not lost."""

    completion: CompletionInfo
    """The completion; what the model wrote is its `text`."""


class WaitTimeoutError(SkytellsError):
    """The prediction is still running after `max_wait`; `prediction` holds it as last seen."""


class DownloadError(SkytellsError):
    """An output could not be fetched or kept. The prediction itself is not lost: `prediction`.

    Its `error_id`, `details` and `http_status` are those of what went wrong, which is its cause.
    """

    paths: Sequence[Path | None] = ()
    """What was kept, at the places of the outputs; `None` where nothing was."""
    errors: Sequence[DownloadError | None] = ()
    """What went wrong, at the places of the outputs."""


class OutputExpiredError(DownloadError):
    """An output is no longer there: outputs are deleted minutes after their prediction ends."""


class ToolRunError(SkytellsError):
    """A run of tools could not end: a tool raised (its cause), or the model called on and on.

    Nothing is lost: `tool_run` holds the conversation, and every completion that was paid for.
    """


class WebhookSignatureError(SkytellsError):
    """A webhook delivery whose signature does not match its body."""


class DispatchError(SkytellsError):
    """Some queued requests were not accepted. Nothing that was accepted is lost.

    Its `error_id`, `details` and `http_status` are those of the first failure.
    """

    predictions: Sequence[PredictionInfo | None] = ()
    """What was accepted, at the places of the queue; `None` where nothing was."""
    errors: Sequence[Exception | None] = ()
    """What failed, at the places of the queue."""
    requests: Sequence[RequestInfo] = ()
    """What was asked for, in the order of the queue."""
    unsent: Sequence[RequestInfo] = ()
    """What surely was not begun (unsent, or refused with 425 or 429); it is back in the queue."""
