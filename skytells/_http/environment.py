"""What the process's environment decides: certificate authorities and proxies."""

from __future__ import annotations

import os
import ssl
import sys
import threading
from importlib import import_module
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

import certifi
import httpcore

from .._core.wire import STANDARD_PORTS
from ..errors import ConfigurationError

_contexts: Final[dict[tuple[type[ssl.SSLContext], str | None, str | None], ssl.SSLContext]] = {}
_contexts_lock = threading.Lock()


def tls_context() -> ssl.SSLContext:
    """The TLS context that all clients share: loading the authorities takes tens of milliseconds."""
    # The class as well: `truststore.inject_into_ssl()` replaces it.
    key = (ssl.SSLContext, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    with _contexts_lock:
        if key not in _contexts:
            _contexts[key] = _new_context(*key[1:])
        return _contexts[key]


def _new_context(file: str | None, folder: str | None) -> ssl.SSLContext:
    """As httpx builds it by default."""
    if not file and not folder:
        file = certifi.where()
    return ssl.create_default_context(cafile=file or None, capath=None if file else folder)


class Proxy(NamedTuple):
    """A proxy that the environment names."""

    scheme: str
    host: str
    port: int
    auth: tuple[str, str] | None

    @property
    def is_socks(self) -> bool:
        return self.scheme.startswith("socks")

    @property
    def url(self) -> httpcore.URL:
        return httpcore.URL(
            scheme=self.scheme.encode(), host=self.host.encode(), port=self.port, target=b"/"
        )


_DEFAULT_PORTS: Final = {**STANDARD_PORTS, "socks5": 1080, "socks5h": 1080}
# There, proxies are named in the settings of the system as well.
_WITH_SYSTEM_PROXIES: Final = {"darwin", "win32"}


def _names_a_proxy(variable: str) -> bool:
    return variable.lower().endswith("_proxy")


def environment_proxy(scheme: str, host: str, port: int) -> Proxy | None:
    """The proxy that the environment names for an origin, if it does.

    Only https goes through: over plain http a proxy would read the key.

    Raises:
        ConfigurationError: The proxy cannot be used.
    """
    if sys.platform not in _WITH_SYSTEM_PROXIES and not any(map(_names_a_proxy, os.environ)):
        return None
    from urllib.request import getproxies, proxy_bypass  # here: few programs have a proxy

    proxies = getproxies()
    url = proxies.get("https") or proxies.get("all")
    if not url or scheme != "https" or proxy_bypass(f"{host}:{port}"):
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        usable = parts.scheme in _DEFAULT_PORTS and parts.hostname
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError:
        raise _unusable() from None
    if not usable:
        raise _unusable()
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    auth = (user, password) if user else None
    proxy = Proxy(parts.scheme, parts.hostname or "", port, auth)
    if proxy.is_socks:
        _need_socksio()
    return proxy


def _unusable() -> ConfigurationError:
    return ConfigurationError.of(
        "The environment names a proxy whose address cannot be used. Set HTTPS_PROXY or ALL_PROXY "
        "to one like http://host:port, or pass http_client=httpx.Client(proxy=…)."
    )


def _need_socksio() -> None:
    try:
        import_module("socksio")
    except ImportError:
        raise ConfigurationError.of(
            "The environment names a SOCKS proxy, which needs the package socksio. Install it with "
            "pip install 'httpx[socks]'."
        ) from None
