"""What the tests of the tools share: the command in this process, and in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import pytest

from skytells.local import LocalPlatform

KEY: Final = "sk-a-key-that-no-output-may-show"
PICTURE: Final = ("flux-edge", "-i", "prompt=a fox")
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and terminals of POSIX")


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str


Skytells: TypeAlias = Callable[..., Result]


def process(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Start the command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "skytells", *arguments],
        stdout=subprocess.PIPE,
        stderr=options.pop("stderr", subprocess.PIPE),
        encoding="utf-8",
        **options,
    )


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=240
    )


def in_terminal(monkeypatch: pytest.MonkeyPatch, width: int = 200) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")


def create(platform: LocalPlatform, slug: str = "flux-pro") -> str:
    with platform.client() as client:
        return client.predictions.create(model=slug, input={"prompt": "a fox"}).id
