"""What goes over the wire and what comes back, without the wire: requests, replies, bodies."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final, NamedTuple, Protocol, TypeAlias
from urllib.parse import quote, urlencode

from pydantic_core import from_json

from .._data.checks import clean, segment
from ..errors import ApiErrorId, InvalidRequestError, InvalidResponseError, ServerError

MAX_ERROR_BODY: Final = 1024 * 1024
STANDARD_PORTS: Final = {"https": 443, "http": 80}
# What stands in a path as it is.
_SAFE: Final = "/%:@!$&'()*+,;=~-._"


class Origin(NamedTuple):
    """Where the API is: the only place that is ever sent the key."""

    scheme: str
    host: str
    port: int

    @property
    def netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == STANDARD_PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}"


def target_of(path: str, query: str) -> str:
    """A path and a query as they stand in a request: what is encoded stays so, what is not is now."""
    path, query = quote(path, safe=_SAFE), quote(query, safe=_SAFE + "?")
    return f"{path}?{query}" if query else path


def as_address(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is given as; `None` where it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its address or by a name that is always that."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = as_address(host)
    return address is not None and address.is_loopback


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is one of the public internet, and so is one that it may stand for."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(inner)
        # `is_global` takes for public what is outside of this, such as local translations of IPv4.
        if address not in _GLOBAL_UNICAST:
            return False
    return address.is_global and not address.is_multicast


_NAT64: Final = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")


@dataclass(slots=True, eq=False)
class WireRequest:
    """A request, built: all that a transport needs.

    `paid` asks for a connection that is new or was in use a moment ago: a server that closes an
    idle one just then would leave it unknown whether the work was started. `foreign` says that it
    goes to a place that is not the API, where nothing of a client's own may go along; `public`,
    that it may go to no address of a private network or of this machine.
    """

    method: str
    origin: Origin
    target: str
    headers: list[tuple[bytes, bytes]] = field(repr=False)
    body: bytes | None = field(repr=False)
    paid: bool
    max_response_bytes: int
    foreign: bool = False
    public: bool = False


class Body(Protocol):
    """The rest of a reply that is still on the wire, in either colour."""

    @property
    def closed(self) -> bool: ...

    def abandon(self) -> None: ...


Keep: TypeAlias = Callable[[dict[str, str]], bool]
"""Whether the body of a successful reply with these headers is to stay open."""


@dataclass(slots=True, eq=False)
class Reply:
    """A reply: status, headers by lower-case name, and the decoded body, whole or still to come."""

    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    stream: Body | None = field(default=None, repr=False, compare=False)
    """What is still to come, where it was asked to be kept open; `body` is then empty."""
    redact: Callable[[bytes], bytes] = field(default=bytes, repr=False, compare=False)
    """Makes what is still to come fit to be shown: an echoed key is taken out."""
    _json: Any = field(default=None, init=False, repr=False, compare=False)

    def json(self) -> Any:
        """The body's JSON; `None` where it is empty."""
        if self._json is None and self.body.strip():
            self._json = self._parse()
        return self._json

    @classmethod
    def of(cls, status: int, json: Any) -> Reply:
        """What a reply with this JSON would be."""
        reply = cls(status, {}, b"")
        reply._json = json
        return reply

    def _parse(self) -> Any:
        try:
            return from_json(self.body.removeprefix(b"\xef\xbb\xbf"), allow_inf_nan=False)
        except ValueError as error:
            kind = self.headers.get("content-type", "").lower()
            excerpt = clean(self.body[:2000].decode("utf-8", "replace"), 300)
            if "json" in kind or not kind:
                raise InvalidResponseError(
                    f"The server's answer is not valid JSON ({clean(str(error), 100)}). If this "
                    "persists, ask support.",
                    ApiErrorId.INVALID_JSON,
                    f"Status: {self.status}, Content: {excerpt}",
                    self.status,
                ) from None
            raise ServerError(
                f"The server answered {self.status} with {clean(kind, 60)} instead of JSON. Check "
                "base_url, and any proxy between.",
                ApiErrorId.SERVER_ERROR,
                f"Status: {self.status}, Content: {excerpt}",
                self.status,
            ) from None


def path(template: str, *segments: object) -> str:
    """A path whose `{name}` places are filled with encoded segments."""
    names = re.findall(r"\{(\w+)\}", template)
    for name, value in zip(names, segments, strict=True):
        template = template.replace(f"{{{name}}}", quote(segment(value, name), safe=""), 1)
    return template


def target(prefix: str, path: str, params: tuple[tuple[str, str], ...]) -> str:
    """Path and query of a request, encoded."""
    try:
        return f"{prefix}{path}?{urlencode(params)}" if params else f"{prefix}{path}"
    except UnicodeEncodeError:
        raise InvalidRequestError.of("The query holds text that is not valid Unicode.") from None


class BodyReader:
    """Collects a body chunk by chunk, decodes gzip, and stops at a limit before memory is spent.

    Args:
        status: The reply's status; the body of an error is cut rather than refused.
        headers: The reply's headers, by lower-case name.
        limit: Bytes allowed, after decoding.

    Raises:
        InvalidResponseError: The body is too large, or in an encoding that was not asked for.
    """

    def __init__(self, status: int, headers: dict[str, str], limit: int) -> None:
        self._status = status
        self._limit = min(limit, MAX_ERROR_BODY) if status >= 400 else limit
        self._chunks: list[bytes] = []
        self._size = 0
        self._begun = False
        encoding = headers.get("content-encoding", "identity").strip().lower()
        self._gzip = zlib.decompressobj(31) if encoding in {"gzip", "x-gzip"} else None
        if self._gzip is None and encoding not in {"identity", ""}:
            # Only a word is shown: a header may echo the key.
            name = encoding if re.fullmatch("[a-z]{1,8}", encoding) else "something unknown"
            raise self._unreadable(f"is encoded as {name}, which was not asked for")
        declared = headers.get("content-length", "")
        if declared.isdecimal() and len(declared) < 20 and int(declared) > self._limit:
            self._refuse_size()

    @property
    def enough(self) -> bool:
        """Whether the rest need not be read: the body of an error that is beyond its limit."""
        return self._status >= 400 and self._size > self._limit

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes off the wire."""
        self._begun = True
        try:
            while chunk and self._size <= self._limit:
                chunk = self._take(chunk)
        except zlib.error:
            raise self._unreadable("is not the gzip that it says it is") from None
        if self._size > self._limit:
            self._refuse_size()

    def _take(self, chunk: bytes) -> bytes:
        # One byte more than allowed tells a body that is too large from one that just fits.
        room = self._limit - self._size + 1
        if self._gzip is None:
            piece, rest = chunk[:room], chunk[room:]
        else:
            if self._gzip.eof:
                self._gzip = zlib.decompressobj(31)
            piece = self._gzip.decompress(chunk, room)
            rest = self._gzip.unconsumed_tail or self._gzip.unused_data
        self._chunks.append(piece)
        self._size += len(piece)
        return rest

    def finish(self) -> bytes:
        """The whole body."""
        whole = self._gzip is None or self._gzip.eof or not self._begun
        if not whole and self._size <= self._limit:
            raise self._unreadable("was cut short")
        return b"".join(self._chunks)[: self._limit]

    def _refuse_size(self) -> None:
        if self._status < 400:
            limit = f"{self._limit:,} bytes"
            raise self._unreadable(f"is larger than max_response_bytes ({limit})")

    def _unreadable(self, why: str) -> InvalidResponseError:
        message = f"The server's answer {why}. If it is what you expect, ask support."
        return InvalidResponseError(
            message, ApiErrorId.INVALID_RESPONSE, f"Status: {self._status}", self._status
        )
