"""The requests that httpx sends, and what both senders read of its responses."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import httpx

from .._core.operation import Send
from .._core.wire import Origin, Reply
from ..errors import ConfigurationError
from .network import EXTENSION, IDLE_SECONDS, RequestState, seconds_until
from .pool import ConnectionKey

CONNECT_SECONDS: Final = 10.0
PAID_IDLE_SECONDS: Final = 2.0
"""A server that closes an idle connection just then would leave it unknown whether work began."""

# Where the sockets keep the deadline themselves.
_TIMEOUT: Final = {"connect": CONNECT_SECONDS, "read": None, "write": None, "pool": None}
_parsed: Final = lru_cache(256)(httpx.URL)


class RequestBuilder:
    """Builds the requests that a client sends.

    Args:
        client: What sends them.
        owned: Whether it is the default; else its own headers, cookies and auth go along.
        exact: Whether its sockets keep the deadline themselves.
    """

    def __init__(self, client: Any, owned: bool, exact: bool) -> None:
        self._client = client
        self._owned = owned
        self._exact = exact
        cookies = None if owned else getattr(client, "cookies", None)
        # Those that it has now; what servers add to them later is not sent.
        self._cookies = None if cookies is None else type(cookies)(cookies)

    def state(self, effect: Send) -> RequestState:
        """What travels beside a request."""
        paid, public_only = effect.request.paid, effect.request.public
        return RequestState(
            effect.deadline, PAID_IDLE_SECONDS if paid else IDLE_SECONDS, public_only
        )

    def build(self, effect: Send, state: RequestState, trace: object) -> tuple[Any, dict[str, Any]]:
        """A request, and how its client is to send it."""
        request = effect.request
        extensions: dict[str, Any] = {EXTENSION: state, "timeout": self._timeout(state)}
        if request.method not in {"GET", "HEAD"}:
            extensions["trace"] = trace
        url = f"{request.origin}{request.target}"
        if self._owned:
            # As a stream, since its headers are complete: httpx would look for what is missing.
            built = httpx.Request(
                request.method,
                _parsed(url),
                headers=request.headers,
                stream=httpx.ByteStream(request.body or b""),
                extensions=extensions,
            )
            built.read()  # so that hooks find its `content`
            return built, {"auth": None}
        return self._of_the_user(effect, url, extensions)

    def _of_the_user(
        self, effect: Send, url: str, extensions: dict[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        request = effect.request
        built = self._client.build_request(
            *(request.method, url),
            headers=request.headers,
            content=request.body,
            extensions=extensions,
        )
        if request.foreign:
            # Anew: nothing of the client's own goes along.
            bare = type(built)(
                *(request.method, url), headers=request.headers, extensions=extensions
            )
            return bare, {"auth": None}
        if self._cookies is not None and "cookie" in built.headers:
            del built.headers["cookie"]
            self._cookies.set_cookie_header(built)
        return built, {}

    def _timeout(self, state: RequestState) -> Mapping[str, float | None]:
        if self._exact:
            return _TIMEOUT
        left = seconds_until(state.deadline)
        connect = CONNECT_SECONDS if left is None else min(left, CONNECT_SECONDS)
        return {"connect": connect, "read": left, "write": left, "pool": left}


def key_of(origin: Origin) -> ConnectionKey:
    return origin.scheme.encode(), origin.host.encode(), origin.port, False


def headers_of(response: Any) -> dict[str, str]:
    """Headers by lower-case name. A response of a mock is decoded already."""
    named = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in response.headers.raw}
    if "location" in response.extensions:
        named["location"] = response.extensions["location"]
    if response.is_stream_consumed:
        named.pop("content-encoding", None)
        named.pop("content-length", None)
    return named


def stays_open(effect: Send, status: int, headers: dict[str, str]) -> bool:
    if effect.keep is None or not 200 <= status < 300 or not effect.keep(headers):
        return False
    # An open body is not decoded; it was asked for as it is.
    return headers.get("content-encoding", "identity").strip().lower() in {"identity", ""}


def refused_by_a_hook(error: Exception) -> Reply | None:
    """The reply that an event hook of the user's refused, as with `response.raise_for_status()`."""
    response: Any = getattr(error, "response", None)
    if response is None or type(error).__name__ != "HTTPStatusError":
        return None
    body = response.content if response.is_stream_consumed else b""
    return Reply(response.status_code, headers_of(response), body)


def not_ours() -> ConfigurationError:
    return ConfigurationError.of(
        "warm_up() opens connections of the SDK's own pool, and this client sends through your "
        "http_client. Have that open one by a request that costs nothing: client.models.list()."
    )
