"""What a client is told, checked once: keywords over `options` over the environment over defaults."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from .. import types
from .._data.checks import DEFAULT_TIMEOUT, Default, as_mapping, milliseconds, shown, whole
from .._version import __version__
from ..errors import ConfigurationError
from . import endpoints as _endpoints
from .endpoints import Endpoint
from .operation import Service
from .retry import RetryPolicy

if TYPE_CHECKING:
    from ..budget import Budget
    from ..types.options import ClientOptions, RetryOptions

DEFAULT_MAX_RESPONSE: Final = Default(32 * 1024 * 1024)
EDGE_TIMEOUT: Final = Default(25_000)
"""The edge is for what answers at once."""

_HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_HEADER_VALUE = r"[\t -~]*"
# Set by the transport or by `api_key`; a second value would smuggle or leak.
_RESERVED = frozenset(
    {"x-api-key", "authorization", "cookie", "host", "content-length", "transfer-encoding"}
    | {"connection", "upgrade", "te", "trailer", "accept-encoding", "proxy-authorization"}
    | {"expect", "keep-alive", "proxy-connection"}
)
_STANDARD_HEADERS: Final = {
    "accept": "application/json",
    "accept-encoding": "gzip",
    "user-agent": f"skytells-python/{__version__} python/{'.'.join(map(str, sys.version_info[:2]))}",
}


@dataclass(slots=True, eq=False, repr=False)
class Config:
    """A client's settings, in the units of the inside: seconds and bytes."""

    api: Endpoint
    orchestrator: Endpoint
    timeout: float | None
    retry: RetryPolicy
    headers: tuple[tuple[bytes, bytes], ...] = field(repr=False)
    max_response_bytes: int
    budget: Budget | None = None

    def endpoint(self, service: Service) -> Endpoint:
        """Where requests to a side go, and with which key."""
        return self.api if service is Service.API else self.orchestrator

    def keys(self) -> list[str]:
        """All that must never be shown, whichever side showed it."""
        endpoints = (self.api, self.orchestrator)
        keys = (endpoint.key.reveal() for endpoint in endpoints if endpoint.key is not None)
        return [
            key for key in keys if key
        ]  # of a function's, nothing is known before its first use


def configure(
    api_key: str | Callable[[], str] | None,
    options: ClientOptions | Mapping[str, Any] | None,
    *,
    base_url: str | None,
    timeout: float | None,
    headers: Mapping[str, str] | None,
    retry: RetryOptions | Mapping[str, Any] | None,
    allow_http: bool,
    max_response_bytes: int,
    orchestrator_key: str | None = None,
    orchestrator_base_url: str | None = None,
    edge: bool = False,
    budget: Budget | None = None,
    auth: str = "x-api-key",
) -> Config:
    """Merge and check all that a client is built from."""
    merged = {} if options is None else _settings(types.ClientOptions.of(options))
    api = _endpoints.api(
        api_key, base_url or merged.get("base_url"), allow_http=allow_http, edge=edge, auth=auth
    )
    usual = EDGE_TIMEOUT if api.edge else DEFAULT_TIMEOUT
    timeouts = (timeout, merged.get("timeout", usual))
    given = [value for value in timeouts if not isinstance(value, Default)]
    chosen_timeout = given[0] if given else usual
    chosen_retry = retry if retry is not None else merged.get("retry")
    return Config(
        api=api,
        orchestrator=_endpoints.orchestrator(
            orchestrator_key, orchestrator_base_url, allow_http=allow_http
        ),
        timeout=None if chosen_timeout is None else milliseconds(chosen_timeout, "timeout") / 1000,
        retry=RetryPolicy.of(None if chosen_retry is None else types.RetryOptions.of(chosen_retry)),
        headers=_headers({**merged.get("headers", {}), **_checked(headers)}),
        max_response_bytes=whole(max_response_bytes, "max_response_bytes", 1024, 2**40),
        budget=_budget(budget),
    )


def _settings(options: ClientOptions) -> dict[str, Any]:
    # Not `vars`: a subclass may have slots.
    settings = {name: getattr(options, name) for name in ("base_url", "timeout", "headers")}
    return {**settings, "retry": options.retry if options.retry.given else None}


def reconfigure(
    config: Config,
    *,
    api_key: str | None,
    timeout: float | None,
    headers: Mapping[str, str] | None,
    retry: RetryOptions | Mapping[str, Any] | None,
    orchestrator_key: str | None = None,
    budget: Budget | None = None,
) -> Config:
    """The same settings with some changed; a `Default` or `None` is one that was not given."""
    changes: dict[str, Any] = {}
    if api_key is not None:
        changes["api"] = config.api.with_key(api_key)
    if orchestrator_key is not None:
        changes["orchestrator"] = config.orchestrator.with_key(orchestrator_key)
    if not isinstance(timeout, Default):
        changes["timeout"] = None if timeout is None else milliseconds(timeout, "timeout") / 1000
    if headers is not None:
        present = {name.decode(): value.decode() for name, value in config.headers}
        changes["headers"] = _headers(_checked(headers), present)
    if retry is not None:
        changes["retry"] = RetryPolicy.of(types.RetryOptions.of(retry))
    if budget is not None:
        changes["budget"] = _budget(budget)
    return replace(config, **changes)


def _budget(given: Budget | None) -> Budget | None:
    if given is None:
        return None
    from ..budget import as_budget  # here: it loads the arithmetic of decimals

    return as_budget(given)


def portable(config: Config) -> Config:
    """The settings as they may leave the process: without the keys, if they can be read again."""
    return replace(config, api=config.api.portable(), orchestrator=config.orchestrator.portable())


def arrived(config: Config) -> Config:
    """The settings in another process, with that process's keys."""
    return replace(config, api=config.api.with_key(), orchestrator=config.orchestrator.with_key())


def _checked(headers: object) -> Mapping[str, Any]:
    return {} if headers is None else as_mapping(headers, "headers")


def _headers(
    given: Mapping[str, Any], present: Mapping[str, str] = _STANDARD_HEADERS
) -> tuple[tuple[bytes, bytes], ...]:
    wire = dict(present)
    for name, value in given.items():
        if not isinstance(name, str) or not re.fullmatch(_HEADER_NAME, name):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError.of(f"headers: {shown(name)} is not the name of a header.")
        if name.lower() in _RESERVED:
            raise ConfigurationError.of(
                f"headers: {name!r} is set by the client itself. The key goes in api_key=; for "
                "anything else, hand in a ready http_client=."
            )
        if not isinstance(value, str) or not re.fullmatch(_HEADER_VALUE, value):
            raise ConfigurationError.of(
                f"headers: the value of {name!r} must be a string of printable ASCII."
            )
        wire[name.lower()] = value
    return tuple((name.encode(), value.strip().encode()) for name, value in wire.items())
