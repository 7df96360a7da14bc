"""`python -m skytells.local`: the platform from a shell."""

from __future__ import annotations

import signal
import subprocess
import sys
from subprocess import PIPE

import httpx
import pytest

import skytells.local
from skytells.local.__main__ import main


def test_the_command_says_what_to_export_and_ends_with_ctrl_c() -> None:
    command = [sys.executable, "-m", "skytells.local", "--port", "0", "--key", "sk-mine"]
    with subprocess.Popen(command, stdout=PIPE, stderr=PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        lines = [process.stdout.readline() for _ in range(4)]
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0
        assert process.stderr.read() == ""
    assert lines[2].startswith("export SKYTELLS_BASE_URL=http://127.0.0.1:")
    assert lines[3] == "export SKYTELLS_API_KEY=sk-mine\n"


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [(["--host", "0.0.0.0"], "--allow-remote"), (["--speed", "-1"], "speed")],
)
def test_the_command_refuses_what_makes_no_sense(
    arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert hint in capsys.readouterr().err


def test_the_command_says_that_a_port_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with skytells.local.serve() as platform, pytest.raises(SystemExit):
        main(["--port", str(httpx.URL(platform.url).port)])
    assert "--port" in capsys.readouterr().err
