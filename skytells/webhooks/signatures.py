"""Signatures of webhooks: HMAC-SHA256 of the raw body, as hexadecimal digits in one header.

There is no timestamp and no prefix in it. The key is the secret of the account's dashboard
(enterprise), else the API key that created the prediction.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias, cast

from .._data.checks import is_array
from ..errors import ApiErrorId, ConfigurationError, WebhookSignatureError

SIGNATURE_HEADER: Final = "X-Skytells-Signature"
"""The header that carries the signature."""

Headers: TypeAlias = Mapping[str, Any] | Iterable[tuple[Any, Any]]
"""Headers as a framework has them: a mapping, or pairs of names and values, text or bytes."""

_DIGEST = re.compile(r"[0-9A-Fa-f]{64}")


def sign(body: bytes, key: str) -> str:
    """The signature of a body, as the platform would make it; for tests of your own.

    Args:
        body: The raw body.
        key: The API key, or the webhook secret.

    Returns:
        64 lower-case hexadecimal digits.

    Raises:
        ConfigurationError: The key is empty, or no text.

    Example:
        >>> from skytells.webhooks import sign
        >>> sign(b'{"id": "p1"}', "sk-key")[:8]
        '5578447a'
    """
    encoded = _encoded(key)
    if encoded is None:
        raise ConfigurationError.of("A key to sign with must be a string that is not empty.")
    return _digest(body, encoded).hex()


def verify_signature(body: bytes, header: str | None, *keys: str) -> None:
    """Make sure that a webhook was signed with one of your keys. Do so before reading its body.

    Args:
        body: The body's raw bytes, as they arrived: JSON that was read and written again differs.
        header: The value of the header `X-Skytells-Signature`.
        keys: The webhook secret of your account, else the API key that created the prediction;
            several while keys are exchanged. The comparison takes the same time wherever it fails.

    Raises:
        WebhookSignatureError: It was not, whatever is the matter with it. Answer 401.

    Example:
        >>> from skytells.webhooks import sign, verify_signature
        >>> body = b'{"id": "p1", "status": "succeeded"}'
        >>> verify_signature(body, sign(body, "sk-new"), "sk-old", "sk-new")
        >>> try:
        ...     verify_signature(body, sign(body, "sk-other"), "sk-old", "sk-new")
        ... except WebhookSignatureError as error:
        ...     print(error.details)
        The webhook was not signed with a key of yours.
    """
    flaw = flaw_in(body, header, keys)
    del keys  # a traceback with locals is to show none of them
    if flaw is not None:
        raise refused(flaw)


def flaw_in(body: object, header: object, keys: Sequence[object]) -> str | None:
    """What is the matter with a delivery; `None` if it was signed with one of the keys."""
    if not isinstance(body, bytes | bytearray):
        return f"The body must be its raw bytes, not {type(body).__name__}."
    if not isinstance(header, str):
        return f"There is no header {SIGNATURE_HEADER}, or more than one."
    digits = header.strip(" \t\r\n") if len(header) < 128 else ""
    if not _DIGEST.fullmatch(digits):
        return f"{SIGNATURE_HEADER} must be 64 hexadecimal digits and nothing else."
    encoded = [key for key in map(_encoded, keys) if key is not None]
    if not encoded or len(encoded) < len(keys):
        return "A key to verify with must be a string that is not empty."
    claimed = bytes.fromhex(digits)
    # All are compared, so that time does not tell which key it was.
    matches = [hmac.compare_digest(_digest(body, key), claimed) for key in encoded]
    return None if any(matches) else _NOT_SIGNED


_NOT_SIGNED: Final = "The webhook was not signed with a key of yours."


def refused(flaw: str) -> WebhookSignatureError:
    """The error for a delivery that is not to be trusted."""
    return WebhookSignatureError(
        f"{flaw} Answer 401 and drop it; if it is from Skytells, verify the raw body, with the key "
        "that created the prediction or the webhook secret of your account.",
        ApiErrorId.WEBHOOK_SIGNATURE_INVALID,
        flaw,
    )


def signature_in(headers: object) -> str | None:
    """The one signature in headers; `None` if there is none, or more than one."""
    found: list[object] = []
    for pair in _pairs(headers):
        if not is_array(pair) or len(pair) != 2 or _text(pair[0]).lower() != _NAME:
            continue
        found += pair[1] if is_array(pair[1]) else [pair[1]]
    return _text(found[0]) if len(found) == 1 else None


_NAME: Final = SIGNATURE_HEADER.lower()


def _pairs(headers: object) -> Iterable[object]:
    items = getattr(headers, "items", None)
    given = items() if callable(items) else headers
    return cast("Iterable[object]", given) if isinstance(given, Iterable) else ()


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else ""


def _encoded(key: object) -> bytes | None:
    if not isinstance(key, str):
        return None
    return key.encode("utf-8", "surrogatepass") or None


def _digest(body: bytes | bytearray, key: bytes) -> bytes:
    return hmac.new(key, body, hashlib.sha256).digest()
