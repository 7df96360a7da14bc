"""What a client is told, checked once: keywords over `options` over the environment over defaults."""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NoReturn
from urllib.parse import unquote, urlsplit

from ._checks import Default, as_mapping, milliseconds, shown, whole
from ._retry import RetryPolicy
from ._version import __version__
from ._wire import Origin, clean
from .errors import ConfigurationError
from .types.shared import ClientOptions, RetryOptions

API_BASE_URL: Final = "https://api.skytells.ai/v1"
DEFAULT_MAX_RESPONSE: Final = Default(32 * 1024 * 1024)
KEY_VARIABLE: Final = "SKYTELLS_API_KEY"
URL_VARIABLE: Final = "SKYTELLS_BASE_URL"

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Labels that a resolver can take; anything else would fail only there.
_HOST = re.compile(r"(?=.{1,253}$)[0-9a-z_-]{1,63}(\.[0-9a-z_-]{1,63})*\.?")
_VALUE = re.compile(r"[\t -~]*")
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


class Secret:
    """A key that shows itself to no repr, format, log, `vars` or pickle."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __reduce__(self) -> NoReturn:
        raise ConfigurationError.of(
            "An API key cannot be pickled. Set it in the environment of the other process, as "
            f"{KEY_VARIABLE}, or build the client there."
        )


@dataclass(frozen=True, slots=True)
class Config:
    """A client's settings, in the units of the inside: seconds and bytes."""

    origin: Origin
    prefix: str
    timeout: float | None
    retry: RetryPolicy
    headers: tuple[tuple[bytes, bytes], ...] = field(repr=False)
    key: Secret | None
    key_from_environment: bool
    max_response_bytes: int

    @property
    def base_url(self) -> str:
        return f"{self.origin}{self.prefix}"


def configure(
    api_key: str | None,
    options: ClientOptions | Mapping[str, Any] | None,
    *,
    base_url: str | None,
    timeout: float | None,
    headers: Mapping[str, str] | None,
    retry: RetryOptions | Mapping[str, Any] | None,
    allow_http: bool,
    max_response_bytes: int,
) -> Config:
    """Merge and check all that a client is built from."""
    merged = ClientOptions.of(options)
    chosen_timeout = merged.timeout if isinstance(timeout, Default) else timeout
    chosen_retry = retry if retry is not None else merged.retry
    origin, prefix = _base(base_url or merged.base_url, allow_http)
    key = _key(api_key)
    return Config(
        origin=origin,
        prefix=prefix,
        timeout=None if chosen_timeout is None else milliseconds(chosen_timeout, "timeout") / 1000,
        retry=RetryPolicy.of(None if chosen_retry is None else RetryOptions.of(chosen_retry)),
        headers=_headers({**merged.headers, **_checked(headers)}),
        key=key,
        key_from_environment=key is not None and api_key is None,
        max_response_bytes=whole(max_response_bytes, "max_response_bytes", 1024, 2**40),
    )


def reconfigure(
    config: Config,
    *,
    api_key: str | None,
    timeout: float | None,
    headers: Mapping[str, str] | None,
    retry: RetryOptions | Mapping[str, Any] | None,
) -> Config:
    """The same settings with some changed; a `Default` or `None` is one that was not given."""
    changes: dict[str, Any] = {}
    if api_key is not None:
        changes |= {"key": _key(api_key), "key_from_environment": False}
    if not isinstance(timeout, Default):
        changes["timeout"] = None if timeout is None else milliseconds(timeout, "timeout") / 1000
    if headers is not None:
        present = {name.decode(): value.decode() for name, value in config.headers}
        changes["headers"] = _headers(_checked(headers), present)
    if retry is not None:
        changes["retry"] = RetryPolicy.of(RetryOptions.of(retry))
    return replace(config, **changes)


def portable(config: Config) -> Config:
    """The settings as they may leave the process: without the key, if it can be read again."""
    if config.key is not None and not config.key_from_environment:
        raise ConfigurationError.of(
            "This client was given its key, and a key is not pickled. Set it in the environment as "
            f"{KEY_VARIABLE} instead, here and in the other process, or build the client there."
        )
    return replace(config, key=None)


def arrived(config: Config) -> Config:
    """The settings in another process, with that process's key."""
    key = _key(None)
    return replace(config, key=key, key_from_environment=key is not None)


def _key(given: object) -> Secret | None:
    where = "api_key" if given is not None else KEY_VARIABLE
    value = given if given is not None else os.environ.get(KEY_VARIABLE) or None
    if value is None:
        return None
    if not isinstance(value, str):
        raise ConfigurationError.of(f"{where} must be a string, not {type(value).__name__}.")
    value = value.strip()
    if not value or len(value) > 512 or not all("!" <= c <= "~" for c in value):
        # The value itself never stands in the message.
        raise ConfigurationError.of(
            f"{where} is empty or is not a key: a key is 1 to 512 printable ASCII characters "
            f"without spaces. Leave it out to use {KEY_VARIABLE}."
        )
    return Secret(value)


def _base(given: object, allow_http: bool) -> tuple[Origin, str]:
    where = "base_url" if given else URL_VARIABLE
    url = given or os.environ.get(URL_VARIABLE) or API_BASE_URL
    if not isinstance(url, str) or not url.isascii() or re.search(r"[\s\x00-\x1f\x7f\\]", url):
        raise ConfigurationError.of(f"{where} must be a URL in ASCII, such as {API_BASE_URL!r}.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError.of(f"{where} is not a URL: {error}.") from None
    if parts.username is not None or set("?#") & set(url) or not parts.hostname:
        raise ConfigurationError.of(
            f"{where} must be scheme, host, and at most a port and a path, such as "
            f"{API_BASE_URL!r}: no user name, query or fragment."
        )
    if parts.scheme == "http" and not (allow_http or _loopback(parts.hostname)):
        raise ConfigurationError.of(
            f"{where} is plain http to {parts.hostname}: the key would travel in clear. Use https, "
            "or pass allow_http=True if the network between is yours."
        )
    if parts.scheme not in {"https", "http"}:
        raise ConfigurationError.of(f"{where} must start with https://, not {parts.scheme!r}.")
    dotted = {".", ".."} & {unquote(part) for part in parts.path.split("/")}
    if port == 0 or dotted or not (_HOST.fullmatch(parts.hostname) or _address(parts.hostname)):
        raise ConfigurationError.of(
            f"{where} names no host, port or path that there can be: {clean(url, 100)}."
        )
    standard = 443 if parts.scheme == "https" else 80
    origin = Origin(parts.scheme, parts.hostname, standard if port is None else port)
    return origin, parts.path.rstrip("/")


def _loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _checked(headers: object) -> Mapping[str, Any]:
    return {} if headers is None else as_mapping(headers, "headers")


def _headers(
    given: Mapping[str, Any], present: Mapping[str, str] = _STANDARD_HEADERS
) -> tuple[tuple[bytes, bytes], ...]:
    wire = dict(present)
    for name, value in given.items():
        if not isinstance(name, str) or not _TOKEN.fullmatch(name):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError.of(f"headers: {shown(name)} is not the name of a header.")
        if name.lower() in _RESERVED:
            raise ConfigurationError.of(
                f"headers: {name!r} is set by the client itself. The key goes in api_key=; for "
                "anything else, hand in a ready http_client=."
            )
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            raise ConfigurationError.of(
                f"headers: the value of {name!r} must be a string of printable ASCII."
            )
        wire[name.lower()] = value
    return tuple((name.encode(), value.strip().encode()) for name, value in wire.items())
