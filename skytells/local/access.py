"""Who may talk to the platform, and by which name: loopback ones, and no web page but its own."""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request

from .prediction_json import Refusal

_LOOPBACK: Final = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]*)?", re.IGNORECASE)


def origin(request: Request) -> str:
    """Scheme, host and port by which the platform was called."""
    return str(request.base_url).rstrip("/")


def check_host(request: Request) -> None:
    """Take requests by a loopback name only.

    A page on the web can make its own name point at 127.0.0.1, but not change this header.

    Raises:
        Refusal: 403, the request was for another name.
    """
    if not _LOOPBACK.fullmatch(request.headers.get("host", "")):
        raise Refusal(403, "SECURITY_VIOLATION", "This platform answers to loopback names only.")


def check_same_origin(request: Request) -> None:
    """Refuse what a page of another origin makes a browser send; programs send neither header.

    Raises:
        Refusal: 403, the request comes from such a page.
    """
    site, page = (request.headers.get(name) for name in ("sec-fetch-site", "origin"))
    if site not in (None, "same-origin", "none") or page not in (None, origin(request)):
        raise Refusal(403, "SECURITY_VIOLATION", "Only the platform's own page may ask for this.")


def bearer(request: Request) -> str | None:
    """The key that came as `Authorization: Bearer`."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def looks_real(key: str) -> bool:
    """Whether a key may be one of the real platform, which has no business here.

    Example:
        >>> looks_real("sk-local"), looks_real("sk-" + 40 * "a")
        (False, True)
    """
    return key.startswith("sk-") and len(key) >= 32
