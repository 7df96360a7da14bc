"""Where outputs may be fetched from: what a prediction says is not believed without a look."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

from .._core.wire import STANDARD_PORTS, Origin, as_address, is_loopback, is_public, target_of
from .._data.checks import clean
from .._http.network import refused_as_private
from ..errors import ApiErrorId, InvalidResponseError

_HOST: Final = re.compile(r"(?=.{1,253}$)[0-9a-z_-]{1,63}(\.[0-9a-z_-]{1,63})*\.?")
# What a resolver would read as a number: an address in disguise.
_NUMBER: Final = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)\.?")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an output is, checked."""

    origin: Origin
    target: str
    public: bool
    """Whether its host may be resolved to public addresses only."""


def place_of(url: str, home: Origin, *, allow_private: bool) -> Place:
    """Check the address of an output.

    Args:
        url: What the prediction, or a redirect, says.
        home: Where the API is: its host may be private, and serve plain http where the API does.
        allow_private: Whether any host may.

    Raises:
        InvalidResponseError: It is not an address that outputs are fetched from.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode() if parts.hostname else ""
    except ValueError:  # of which UnicodeError is one
        raise _refused(url, "is not an address") from None
    scheme = parts.scheme
    if scheme not in {"https", "http"} or port == 0 or re.search(r"[\s\\\x00-\x1f\x7f]", url):
        raise _refused(url, "is not an https address")
    if parts.username is not None or not _is_host(host):
        raise _refused(url, "names no host, or more than that")
    loopback = is_loopback(host.rstrip("."))
    trusted = host == home.host or (loopback and is_loopback(home.host))
    plain = allow_private or (trusted and (loopback or home.scheme == "http"))
    if scheme == "http" and not plain:
        raise _refused(url, "is plain http")
    address = as_address(host)
    public = not (allow_private or trusted)
    if public and (loopback or (address is not None and not is_public(address))):
        raise refused_as_private(host)
    origin = Origin(scheme, host, STANDARD_PORTS[scheme] if port is None else port)
    return Place(origin, target_of(parts.path or "/", parts.query), public)


def redirected(url: str, location: str) -> str:
    """Where a redirect leads."""
    try:
        return urljoin(url, location)
    except ValueError:
        raise _refused(location, "is not an address") from None


def _is_host(host: str) -> bool:
    if as_address(host) is not None:
        return True
    return bool(_HOST.fullmatch(host)) and not _NUMBER.fullmatch(host)


def _refused(url: str, why: str) -> InvalidResponseError:
    # Without user, password and query, which may be what grants access.
    shown = clean(re.sub(r"//[^/]*@", "//", url.partition("?")[0]), 100)
    return InvalidResponseError(
        f"{shown} {why}; outputs are fetched over https only. If it is a store of yours, pass "
        "allow_private=True.",
        ApiErrorId.ADDRESS_REFUSED,
        shown,
    )
