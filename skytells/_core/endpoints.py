"""The platform's two sides, each as one value: where it is, and the only key that is sent there.

An address and a key never travel apart, and neither can be the other side's: a `Surface` that would
take a key or a request to the wrong host cannot be made.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote, urlsplit

from .._data.checks import clean, shown
from ..errors import ConfigurationError
from .keys import Secret, secret_of, stored_key
from .operation import Service
from .wire import STANDARD_PORTS, Origin, as_address, is_loopback

API_BASE_URL: Final = "https://api.skytells.ai/v1"
EDGE_BASE_URL: Final = "https://edge.skytells.ai/v1"
ORCHESTRATOR_BASE_URL: Final = "https://orchestrator.skytells.ai"
KEY_VARIABLE: Final = "SKYTELLS_API_KEY"
URL_VARIABLE: Final = "SKYTELLS_BASE_URL"
ORCHESTRATOR_KEY_VARIABLE: Final = "SKYTELLS_ORCHESTRATOR_KEY"
ORCHESTRATOR_URL_VARIABLE: Final = "SKYTELLS_ORCHESTRATOR_BASE_URL"

_API_HOST: Final = "api.skytells.ai"
_EDGE_HOST: Final = "edge.skytells.ai"
# Labels that a resolver can take; anything else would fail only there.
_HOST: Final = re.compile(r"(?=.{1,253}$)[0-9a-z_-]{1,63}(\.[0-9a-z_-]{1,63})*\.?")


class _Names:
    """What one side's address and key are called, and how both are known."""

    def __init__(
        self,
        *,
        url: str,
        url_variable: str,
        key: str,
        key_variables: tuple[str, ...],
        prefix: str,
        hosts: tuple[str, ...],
    ) -> None:
        self.url: str = url
        self.url_variable: str = url_variable
        self.key: str = key
        self.key_variables: tuple[str, ...] = key_variables
        self.prefix: str = prefix
        self.hosts: tuple[str, ...] = hosts


_NAMES: Final = {
    Service.API: _Names(
        url="base_url",
        url_variable=URL_VARIABLE,
        key="api_key",
        key_variables=(KEY_VARIABLE,),
        prefix="sk-",
        hosts=(_API_HOST, _EDGE_HOST),
    ),
    Service.ORCHESTRATOR: _Names(
        url="orchestrator_base_url",
        url_variable=ORCHESTRATOR_URL_VARIABLE,
        key="orchestrator_key",
        key_variables=(
            *(ORCHESTRATOR_KEY_VARIABLE, "SKYTELLS_ORCHESTRATOR_API_KEY"),
            "ORCHESTRATOR_API_KEY",
        ),
        prefix="wfb_",
        hosts=("orchestrator.skytells.ai",),
    ),
}
CREDENTIALS: Final = frozenset({b"x-api-key", b"authorization"})
_NO_API_KEY: Final = (
    f"No API key is set: pass one, as SkytellsClient('sk-…'), or set {KEY_VARIABLE}."
)
_NO_ORCHESTRATOR_KEY: Final = (
    "The Orchestrator has a key of its own, and none is set: pass it, as "
    f"SkytellsClient(orchestrator_key='wfb_…'), or set {ORCHESTRATOR_KEY_VARIABLE}."
)
_KEY_ONLY: Final = (
    "Check orchestrator_key. The Orchestrator promises to take a key for webhooks.trigger() alone: "
    "it may want a signed-in browser for the rest."
)
_EDGE_ONLY_SOME: Final = (
    "The edge serves the models whose metadata.edge_compatible is true, to plans that have it; "
    f"others need a client on {API_BASE_URL}."
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Endpoint:
    """One side of the platform: its address, and the only key that travels there.

    Args:
        side: Which side it is.
        origin: Its scheme, host and port.
        prefix: What all of its paths begin with.
        key: Its key, if one is set.
        from_environment: Whether the key was read from the environment, and can be read again.
        edge: Whether it is the edge, which serves fewer models and calls no webhooks.
        auth: How the key travels: `"x-api-key"`, `"bearer"` or `"both"`; by default as the service
            wants it.

    Raises:
        ConfigurationError: The key or the host is another side's.
    """

    service: Service
    origin: Origin
    prefix: str
    key: Secret | None = None
    from_environment: bool = False
    edge: bool = False
    auth: str | None = None

    def __post_init__(self) -> None:
        for service, names in _NAMES.items():
            if service is self.service:
                continue
            own = _NAMES[self.service]
            if self.origin.host.rstrip(".") in names.hosts:
                raise ConfigurationError.of(
                    f"{own.url} names {self.origin.host}, which must never be sent the {own.key}: "
                    f"that host is for {names.url}. Correct {own.url} or {own.url_variable}."
                )
            if self.key is not None and self.key.reveal().startswith(names.prefix):
                raise ConfigurationError.of(
                    f"{own.key} begins with {names.prefix!r}, so it is a key for {names.key}: pass "
                    f"it there. Neither {own.key} nor {own.key_variables[0]} may hold it."
                )

    @property
    def url(self) -> str:
        """Its address."""
        return f"{self.origin}{self.prefix}"

    def credentials(self) -> list[tuple[bytes, bytes]]:
        """The headers that carry its key, and no other side's.

        Raises:
            ConfigurationError: There is no key, and this side answers nobody without one.
        """
        if self.key is None:
            if self.service is Service.ORCHESTRATOR:
                raise ConfigurationError.of(_NO_ORCHESTRATOR_KEY)
            return []
        key = self.key.current().encode()
        auth = self.auth or ("x-api-key" if self.service is Service.API else "bearer")
        headers = list[tuple[bytes, bytes]]()
        if auth in {"x-api-key", "both"}:
            headers.append((b"x-api-key", key))
        if auth in {"bearer", "both"}:
            headers.append((b"authorization", b"Bearer " + key))
        return headers

    def advice(self, status: int) -> str | None:
        """What to do about a refused key, as this side has it; `None` for other refusals."""
        if status != 401:
            return None
        if self.service is Service.ORCHESTRATOR:
            return _KEY_ONLY
        return _NO_API_KEY if self.key is None else None

    def remark(self, status: int) -> str:
        """What else may be the reason for a refusal to start work."""
        return _EDGE_ONLY_SOME if self.edge and status in {403, 404, 422} else ""

    def with_key(self, given: object = None) -> Endpoint:
        """The same side with the key that was given, or with that of the environment."""
        names = _NAMES[self.service]
        foreign = [n.prefix for service, n in _NAMES.items() if service is not self.service]
        where = names.key
        if given is None:
            stored = stored_key(names.key_variables, in_file=self.service is Service.API)
            if stored is None:
                return replace(self, key=None, from_environment=False)
            given, where = stored
            key: Secret = secret_of(given, where, names.prefix, ())
            return replace(self, key=key, from_environment=True)
        # Of a function's, it is known only when it is sent.
        foreign = foreign if callable(given) else []
        return replace(
            self, key=secret_of(given, where, names.prefix, foreign), from_environment=False
        )

    def portable(self) -> Endpoint:
        """This side as it may leave the process: without the key, if it can be read again."""
        if self.key is not None and not self.from_environment:
            names = _NAMES[self.service]
            raise ConfigurationError.of(
                f"This client was given its {names.key}, and a key is not pickled. Set it in the "
                f"environment as {names.key_variables[0]} instead, here and in the other process, or "
                "build the client there."
            )
        return replace(self, key=None)


def api(
    key: object, url: object, *, allow_http: bool, edge: object, auth: object = "x-api-key"
) -> Endpoint:
    """The API's side, as given or as the environment has it."""
    if auth not in {"x-api-key", "bearer", "both"}:
        raise ConfigurationError.of(
            f"auth must be 'x-api-key', 'bearer' or 'both', not {shown(auth)}."
        )
    if not isinstance(edge, bool):
        raise ConfigurationError.of(f"edge must be True or False, not {type(edge).__name__}.")
    default = EDGE_BASE_URL if edge else API_BASE_URL
    endpoint = _address(Service.API, url, default, allow_http)
    if edge and endpoint.origin.host == _API_HOST:
        raise ConfigurationError.of(
            f"edge=True, but base_url or {URL_VARIABLE} names {_API_HOST}, which is not the edge. "
            "Leave out one of them."
        )
    at_edge = edge or endpoint.origin.host == _EDGE_HOST
    return replace(endpoint, edge=at_edge, auth=str(auth)).with_key(key)


def orchestrator(key: object, url: object, *, allow_http: bool) -> Endpoint:
    """The Orchestrator's side, as given or as the environment has it."""
    endpoint = _address(Service.ORCHESTRATOR, url, ORCHESTRATOR_BASE_URL, allow_http)
    return endpoint.with_key(key)


def _address(service: Service, given: object, default: str, allow_http: bool) -> Endpoint:
    names = _NAMES[service]
    where = names.url if given else names.url_variable
    url = given or os.environ.get(names.url_variable) or default
    if not isinstance(url, str) or not url.isascii() or re.search(r"[\s\x00-\x1f\x7f\\]", url):
        raise ConfigurationError.of(f"{where} must be a URL in ASCII, such as {default!r}.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError.of(f"{where} is not a URL: {error}.") from None
    if parts.username is not None or set("?#") & set(url) or not parts.hostname:
        raise ConfigurationError.of(
            f"{where} must be scheme, host, and at most a port and a path, such as "
            f"{default!r}: no user name, query or fragment."
        )
    if parts.scheme == "http" and not (allow_http or is_loopback(parts.hostname)):
        raise ConfigurationError.of(
            f"{where} is plain http to {parts.hostname}: the key would travel in clear. Use https, "
            "or pass allow_http=True if the network between is yours."
        )
    if parts.scheme not in {"https", "http"}:
        raise ConfigurationError.of(f"{where} must start with https://, not {parts.scheme!r}.")
    dotted = {".", ".."} & {unquote(part) for part in parts.path.split("/")}
    if port == 0 or dotted or not (_HOST.fullmatch(parts.hostname) or as_address(parts.hostname)):
        raise ConfigurationError.of(
            f"{where} names no host, port or path that there can be: {clean(url, 100)}."
        )
    origin = Origin(
        parts.scheme, parts.hostname, STANDARD_PORTS[parts.scheme] if port is None else port
    )
    return Endpoint(service, origin, parts.path.rstrip("/"))
