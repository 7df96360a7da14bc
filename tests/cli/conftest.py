"""The command in this process, and what it talks to."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest

import skytells.local
from skytells.cli import main
from skytells.local import LocalPlatform

from .support import KEY, Result, Skytells


@pytest.fixture
def platform(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalPlatform]:
    """A platform to which the environment points, and which takes one key only."""
    with skytells.local.serve(speed=1000.0, key=KEY) as running:
        monkeypatch.setenv("SKYTELLS_BASE_URL", running.url)
        monkeypatch.setenv("SKYTELLS_API_KEY", KEY)
        yield running


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], clean_environment: None) -> Skytells:
    """Runs the command in this process; it never prints the key."""

    def run(*arguments: str) -> Result:
        with pytest.raises(SystemExit) as left:
            main(arguments)
        out, err = (re.sub(r"\x1b\[[0-9;]*m", "", text) for text in capsys.readouterr())
        assert KEY not in out + err
        code = left.value.code
        return Result(code if isinstance(code, int) else 0, out, err)

    return run


@pytest.fixture
def closed_port() -> str:
    """The address of a server that has gone."""
    with skytells.local.serve() as gone:
        return gone.url


@pytest.fixture
def silent_port() -> Iterator[str]:
    """The address of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        yield f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
