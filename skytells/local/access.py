"""Access control: loopback host names only, and no web page except the platform's own.

The checks raise an `ApiError` with 403.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request

from .errors import ApiError
from .http import origin

_LOOPBACK: Final = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]*)?", re.IGNORECASE)


def check_host(request: Request) -> None:
    """Accept requests for a loopback host name only.

    A web page can make its own host name resolve to 127.0.0.1, but cannot change this header.
    """
    if not _LOOPBACK.fullmatch(request.headers.get("host", "")):
        raise ApiError(403, "SECURITY_VIOLATION", "This platform accepts loopback names only.")


def check_same_origin(request: Request) -> None:
    """Reject what a page of another origin makes a browser send; programs send neither header."""
    site, page = (request.headers.get(name) for name in ("sec-fetch-site", "origin"))
    if site not in (None, "same-origin", "none") or page not in (None, origin(request)):
        raise ApiError(403, "SECURITY_VIOLATION", "Only the platform's own page may send this.")


def looks_real(key: str) -> bool:
    """Whether a key may be one of the real platform, which must not be used here.

    Example:
        >>> looks_real("sk-local"), looks_real("sk-" + 40 * "a")
        (False, True)
    """
    return key.startswith("sk-") and len(key) >= 32
