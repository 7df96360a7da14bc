"""Exceptions of HTTP libraries as errors of the SDK, without what they hold on to."""

from __future__ import annotations

from typing import Final, cast

from .._core.wire import Origin
from .._data.checks import clean
from ..errors import ApiErrorId, NetworkError, RequestTimeoutError, SkytellsError

# Names rather than classes: httpcore, httpx and clients of their shape share them.
UNSENT: Final = frozenset(
    {"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol"}
    | {"ClientConnectorError", "ConnectionTimeoutError"}  # aiohttp's
)
# Mocks that find no answer for a request raise errors of their own.
_MOCKS: Final = frozenset({"respx", "pook", "vcr"})
_PYTEST_HTTPX: Final = "No response can be found for"


def failure_of(error: Exception, origin: Origin, sent: bool | None) -> Exception:
    """An exception of an HTTP library as one of ours, without its frames: they may hold the key.

    What a mock raises where it has no answer is returned as it is, for the test that it fails.

    Args:
        error: What was raised while a request was sent or a response was read.
        origin: Where the request went.
        sent: Whether it was handed to a socket, where that is known.
    """
    if isinstance(error, SkytellsError) or _is_of_a_mock(error):
        return error
    names = _names(error)
    if sent is None:
        sent = not names & UNSENT
    kind = type(error).__name__
    # By its text, since httpcore's pool cuts it off from what it was raised from.
    certificate = bool(names & UNSENT) and "CERTIFICATE_VERIFY_FAILED" in str(error)
    if names & {"TimeoutException", "TimeoutError"}:
        failure: SkytellsError = RequestTimeoutError(
            f"{origin} did not answer in time. If it needs longer, raise timeout= (milliseconds).",
            ApiErrorId.REQUEST_TIMEOUT,
            f"{kind} from {origin}",
            408,
            maybe_sent=sent,
        )
    else:
        advice = (
            "Its certificate is not trusted; for an authority of your own, set SSL_CERT_FILE."
            if certificate
            else "Check the network, base_url, and any proxy between."
        )
        failure = NetworkError(
            f"No answer from {origin}: {(clean(str(error), 200) or kind).rstrip('.')}. {advice}",
            ApiErrorId.NETWORK_ERROR,
            f"{kind} from {origin}",
            retryable=not certificate,
            maybe_sent=sent,
        )
    failure.__cause__ = _without_attributes(error)
    return failure


def _without_attributes(error: Exception) -> Exception:
    """The same exception without its frames, causes and attributes: a request among them has the key.

    Pickles of frameworks, such as those of Dask, have the causes of an exception, too.
    """
    bare = error
    if vars(error):
        try:
            bare = type(error)(str(error))
        except Exception:  # a constructor that needs more
            bare = ConnectionError(f"{type(error).__name__}: {error}")
    bare.__cause__ = bare.__context__ = None
    return bare.with_traceback(None)


def _is_of_a_mock(error: Exception) -> bool:
    if isinstance(error, AssertionError) or type(error).__module__.partition(".")[0] in _MOCKS:
        return True
    return type(error).__name__ == "TimeoutException" and str(error).startswith(_PYTEST_HTTPX)


def _names(error: BaseException) -> set[str]:
    """What a failure is called."""
    if type(error.__cause__).__module__.startswith("aiohttp."):
        # httpx-aiohttp calls any connection that broke a ConnectTimeout; aiohttp itself is exact.
        error = cast("BaseException", error.__cause__)
    return {cls.__name__ for cls in type(error).__mro__}
