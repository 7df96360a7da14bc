"""What the process's environment decides: certificate authorities and proxies."""

from __future__ import annotations

import os
import ssl
import sys
import threading
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import certifi

from ._core.wire import STANDARD_PORTS, Origin
from .errors import ConfigurationError

_contexts: Final[dict[tuple[str | None, str | None], ssl.SSLContext]] = {}
_contexts_lock = threading.Lock()


def tls_context() -> ssl.SSLContext:
    """The TLS settings that all clients share: loading the authorities takes tens of milliseconds."""
    place = (os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    with _contexts_lock:
        if place not in _contexts:
            _contexts[place] = _new_context(*place)
        return _contexts[place]


def _new_context(file: str | None, folder: str | None) -> ssl.SSLContext:
    """As httpx builds it, without importing httpx: that would double the time to a first answer."""
    if not file and not folder:
        file = certifi.where()
    return ssl.create_default_context(cafile=file or None, capath=None if file else folder)


# There, proxies are named in the settings of the system as well.
_WITH_SYSTEM_PROXIES: Final = {"darwin", "win32"}


def _names_a_proxy(variable: str) -> bool:
    return variable.lower().endswith("_proxy")


def proxy_options(origin: Origin) -> dict[str, Any] | None:
    """How to reach an origin through the proxy that the environment names for it, if it does.

    Only https goes through: over plain http a proxy would read the key.
    """
    if sys.platform not in _WITH_SYSTEM_PROXIES and not any(map(_names_a_proxy, os.environ)):
        return None
    # Here: it loads the standard library's own client, and what that reads mail with.
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    url = proxies.get("https") or proxies.get("all")
    if not url or origin.scheme != "https" or proxy_bypass(origin.host):
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port
    except ValueError:
        raise ConfigurationError.of(
            "The environment names a proxy whose address cannot be read. Correct HTTPS_PROXY or "
            "ALL_PROXY."
        ) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError.of(
            "The environment names a proxy that is neither http nor https. Hand in a client that "
            "can use it: http_client=httpx.Client(proxy=…), with pip install 'httpx[socks]'."
        )
    proxy = Origin(parts.scheme, parts.hostname, port or STANDARD_PORTS[parts.scheme])
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return {
        "proxy_url": str(proxy),
        "proxy_auth": (user, password) if user else None,
        "ssl_context": tls_context(),
        # Equal limits: httpcore closes busy connections where fewer may idle than are open.
        "max_connections": 100,
        "max_keepalive_connections": 100,
        "keepalive_expiry": 2.0,
    }
