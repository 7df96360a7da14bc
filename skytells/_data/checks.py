"""What users pass in, checked: each refusal names the culprit and, where close, what was meant."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias, TypeGuard, TypeVar

from ..errors import ConfigurationError, InvalidRequestError

T = TypeVar("T")
Callback = TypeVar("Callback", bound=Callable[..., object] | bool | None)
Refusal: TypeAlias = type[ConfigurationError | InvalidRequestError]

MAX_MILLISECONDS = 86_400_000 * 7
# What the platform's keys look like: one that was just made is known to nobody else.
_KEY: Final = r"\b(sk-|wfb_|sk_pat_|sk_proj_|whsec_)[\w-]{8,}"
_CONTROL = r"[\x00-\x1f\x7f\ud800-\udfff]"


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a value of JSON is an object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether a value of JSON is an array."""
    return isinstance(value, list)


def is_array(value: object) -> TypeGuard[Sequence[Any]]:
    """Whether a value that a user hands in is a list or a tuple."""
    return isinstance(value, list | tuple)


def is_mapping(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether a value that a user hands in has keys."""
    return isinstance(value, Mapping)


def as_object(value: object) -> dict[str, Any] | None:
    """A JSON object, or `None` for JSON of another kind."""
    return value if is_object(value) else None


def as_list(value: object) -> list[Any] | None:
    """A JSON array, or `None` for JSON of another kind."""
    return value if is_list(value) else None


PLAIN: Final = (str, int, float, type(None))
ARRAY_LIBRARIES: Final = frozenset({"numpy", "torch"})


def is_file(value: object) -> bool:
    """Whether a value of an input is a file: a path, bytes, something to read from, or a picture."""
    if isinstance(value, bytes | bytearray | os.PathLike) or is_picture(value):
        return True
    return not is_mapping(value) and callable(getattr(value, "read", None))


def is_picture(value: object) -> bool:
    """Whether a value is an image of Pillow, or an array of NumPy or PyTorch that is no number."""
    library = type(value).__module__.partition(".")[0]
    if library == "PIL":
        return callable(getattr(value, "save", None))
    return library in ARRAY_LIBRARIES and getattr(value, "ndim", 0) > 0


def has_files(value: object) -> bool:
    """Whether there is a file anywhere in an input."""
    if isinstance(value, PLAIN):
        return False
    try:
        if is_mapping(value):
            return any(map(has_files, value.values()))
        return any(map(has_files, value)) if is_array(value) else is_file(value)
    except RecursionError:
        return False  # encoding says what is wrong with it


class Default(int):
    """A default number: equal to it and shown as it, yet known not to have been given by the user."""


DEFAULT_TIMEOUT: Final = Default(60_000)
"""Milliseconds that one call may take with all its retries."""

DEFAULT_IDLE: Final = Default(60_000)
"""Milliseconds that may pass between two events of a stream."""


def shown(value: object) -> str:
    """A user's value for a message: bounded, and safe whatever its own `repr` does."""
    try:
        text = repr(value)
    except Exception:
        return f"a {type(value).__name__} that cannot be shown"
    return text if len(text) <= 200 else f"{text[:200]}…"


def clean(text: str, most: int = 500) -> str:
    """Text of a server made fit for a message: one line, printable, bounded, without keys."""
    text = "".join(c if c.isprintable() else " " for c in text[: 4 * most])
    text = re.sub(_KEY, r"\1***", text)
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[:most]}…"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?` where something known is close to `name`, else nothing."""
    import difflib  # here: only a mistake needs it

    close = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def known_keys(given: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Refuse a mapping with a key that `where` does not have."""
    known = list(known)
    for key in given:
        if key not in known:
            hint = did_you_mean(shown(key).strip("'"), known) or f" Known: {', '.join(known)}."
            raise ConfigurationError.of(f"{where} has no option {shown(key)}.{hint}")


def as_mapping(
    given: object, where: str, refusal: Refusal = ConfigurationError
) -> Mapping[str, Any]:
    """Refuse anything but a mapping."""
    if is_mapping(given):
        return given
    raise refusal.of(f"{where} must be a dict, not {type(given).__name__}.")


def milliseconds(value: object, name: str, *, zero: bool = False) -> float:
    """A finite, positive number of milliseconds, at most a week."""
    # Not `isfinite`, which fails on large integers.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < math.inf:
        raise ConfigurationError.of(f"{name} must be a number of milliseconds, not {shown(value)}.")
    if value < 0 or (value == 0 and not zero) or value > MAX_MILLISECONDS:
        least = "0 or more" if zero else "more than 0"
        raise ConfigurationError.of(
            f"{name} is in milliseconds and must be {least}, at most a week; got {shown(value)}."
        )
    return float(value)


def seconds(value: object, name: str, *, zero: bool = False) -> float:
    """A positive number of seconds, such as a clock can count."""
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else -1
    if not 0 <= number < 1e9 or (number == 0 and not zero):
        least = "of at least 0" if zero else "above 0"
        raise ConfigurationError.of(
            f"{name} must be a number of seconds {least}, not {shown(value)}."
        )
    return float(number)


def whole(
    value: object, name: str, least: int, most: int, refusal: Refusal = ConfigurationError
) -> int:
    """A whole number within bounds."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise refusal.of(
            f"{name} must be a whole number from {least} to {most}, not {shown(value)}."
        )
    return int(value)


def _has_control(text: str) -> bool:
    # What is printable has none; the pattern is compiled for other text only, which takes long.
    return not text.isprintable() and re.search(_CONTROL, text) is not None


def segment(value: object, name: str) -> str:
    """A string that may stand as one segment of a path: an id or a slug."""
    if not isinstance(value, str):
        raise InvalidRequestError.of(f"{name} must be a string, not {type(value).__name__}.")
    if not value.strip() or value in {".", ".."} or len(value) > 512 or _has_control(value):
        raise InvalidRequestError.of(
            f"{name} must be 1 to 512 characters without control characters; got {value[:40]!r}."
        )
    return value


def check_callback(callback: object) -> None:
    """Refuse what cannot be called, before anything is paid for."""
    if callback is not None and not callable(callback):
        raise InvalidRequestError.of(
            f"on_progress must be a function, not {type(callback).__name__}."
        )


def blocking(callback: Callback) -> Callback:
    """A callback for the sync client, which cannot await: refused before anything is paid for."""
    import inspect  # here: only what waits needs it

    called = getattr(callback, "func", callback)
    if any(map(inspect.iscoroutinefunction, (called, type(called).__call__))):
        raise InvalidRequestError.of(
            "on_progress is async, and this client is not: pass a plain function, or use "
            "AsyncSkytellsClient."
        )
    return callback
