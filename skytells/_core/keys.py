"""Where a key comes from: an argument, the environment, the key file of the command line, Colab."""

from __future__ import annotations

import inspect
import os
import stat
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NoReturn

from .._data.checks import is_object
from ..errors import ConfigurationError

FOLDER_VARIABLE: Final = "SKYTELLS_CONFIG_DIR"
_FOLDER: Final = "~/.config/skytells"
_FILE: Final = "credentials.json"
_CONSOLE: Final = ("sk_pat_", "sk_proj_")
_LONGEST: Final = 512
_QUOTES: Final = frozenset("'\"`“”‘’")


class Secret:
    """A key that shows itself to no repr, format, log, `vars` or pickle."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The key, as it was last known."""
        return self._value

    def current(self) -> str:
        """The key to send now."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __reduce__(self) -> NoReturn:
        raise ConfigurationError.of(
            "An API key cannot be pickled. Set it in the environment of the other process, as "
            "SKYTELLS_API_KEY or SKYTELLS_ORCHESTRATOR_KEY, or build the client there."
        )


class ProvidedSecret(Secret):
    """A key that a function of the user's gives, for each request anew."""

    __slots__ = ("_check", "_provide")

    def __init__(self, provide: Callable[[], object], check: Callable[[object], str]) -> None:
        super().__init__("")
        self._provide = provide
        self._check = check

    def current(self) -> str:
        self._value = self._check(self._provide())
        return self._value


def secret_of(given: object, name: str, prefix: str, foreign: Sequence[str]) -> Secret:
    """A key that was given: a string, or a function that returns one.

    Args:
        given: What was given.
        name: What the argument or variable is called.
        prefix: What such keys begin with.
        foreign: What keys begin with that belong to other services.

    Raises:
        ConfigurationError: It is no key; the message does not show it.
    """

    def check(value: object) -> str:
        return _checked(value, name, prefix, foreign)

    if not callable(given) or isinstance(given, type):
        return Secret(check(given))
    if inspect.iscoroutinefunction(given):
        raise ConfigurationError.of(f"{name} is an async function; pass one that returns the key.")
    return ProvidedSecret(given, check)


def _checked(value: object, name: str, prefix: str, foreign: Sequence[str]) -> str:
    if not isinstance(value, str):
        raise ConfigurationError.of(f"{name} must be a string, not {type(value).__name__}.")
    value = value.strip()
    # The value itself never stands in a message.
    if value[:1] in _QUOTES and value[-1:] in _QUOTES:
        raise ConfigurationError.of(
            f"{name} is in quotation marks, as some readers of .env files leave them. Remove them."
        )
    if not value or len(value) > _LONGEST or not all("!" <= c <= "~" for c in value):
        raise ConfigurationError.of(
            f"{name} is empty or is not a key: a key is 1 to {_LONGEST} printable ASCII characters "
            f"without spaces."
        )
    if value.startswith(_CONSOLE):
        raise ConfigurationError.of(
            f"{name} is a token of the console's command line (sk_pat_…, sk_proj_…). Pass a key "
            f"that begins with {prefix!r}."
        )
    if value.startswith(tuple(foreign)):
        raise ConfigurationError.of(
            f"{name} is a key of another service of the platform. Pass a key that begins with "
            f"{prefix!r}."
        )
    return value


def stored_key(variables: Sequence[str], *, in_file: bool) -> tuple[str, str] | None:
    """The key that is set outside of the program, and what it is called there.

    Args:
        variables: Names of environment variables; the first that is set wins.
        in_file: Whether to look into the key file of the platform's command line as well.

    Raises:
        ConfigurationError: The key file can be read by others, or cannot be read.
    """
    for variable in variables:
        if value := os.environ.get(variable):
            return value, variable
    if in_file and (value := _in_file()):
        return value, _FILE
    if value := _in_colab(variables[0]):
        return value, variables[0]
    return None


def _in_file() -> str | None:
    from json import loads  # here: most programs have the key in the environment

    try:
        path = Path(os.environ.get(FOLDER_VARIABLE) or _FOLDER).expanduser() / _FILE
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ConfigurationError.of(
                f"{path} holds a key, and others can read it. Run: chmod 600 {path}"
            )
        value = loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, RuntimeError):  # nobody is home
        return None
    except (OSError, ValueError) as error:
        raise ConfigurationError.of(
            f"The key file {_FILE} cannot be read ({type(error).__name__}). Correct it, or set "
            "SKYTELLS_API_KEY."
        ) from None
    key = value.get("api_key") if is_object(value) else None
    return key if isinstance(key, str) else None


def _in_colab(name: str) -> str | None:
    if "google.colab" not in sys.modules:
        return None
    userdata: Any = import_module("google.colab.userdata")
    try:
        value = userdata.get(name)
    except Exception:  # not set there, or not open to this notebook
        return None
    return value if isinstance(value, str) else None
