"""The command as a process: terminals, pipes, Ctrl-C, completion, imports."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys

import pytest

import skytells
from skytells.local import LocalPlatform

from .support import KEY, PICTURE, POSIX, Result, Skytells, create, in_terminal, process, python


def test_a_result_in_a_terminal_holds_no_control_characters(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from skytells.cli.output import result

    result("plain \x1b[31m")
    in_terminal(monkeypatch)
    result("shown \x1b[31m\ttwo\nlines")
    assert capsys.readouterr().out == "plain \x1b[31m\nshown �[31m\ttwo\nlines\n"


def test_json_is_ascii_where_stdout_can_carry_no_more(
    platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    out, _ = process("run", "local-text", "-i", "prompt=狐", "--json").communicate(timeout=240)
    assert json.loads(out)["input"] == {"prompt": "狐"}


def test_the_version_is_printed(cli: Skytells) -> None:
    assert cli("--version") == Result(0, f"skytells {skytells.__version__}\n", "")


def test_completion_offers_commands_and_the_slugs_of_models(
    platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_SKYTELLS_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_CWORD", "2")
    monkeypatch.setenv("COMP_WORDS", "skytells run flux")
    out, _ = process().communicate(timeout=240)
    assert {"flux-pro", "flux-edge"} <= set(out.split())
    assert "local-text" not in out


def test_completion_offers_nothing_where_no_platform_answers(
    closed_port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKYTELLS_BASE_URL", closed_port)
    monkeypatch.setenv("_SKYTELLS_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_CWORD", "2")
    monkeypatch.setenv("COMP_WORDS", "skytells run flux")
    out, err = process().communicate(timeout=240)
    assert (out.strip(), err) == ("", "")


@POSIX
def test_a_pipe_that_is_closed_early_leaves_no_traceback(platform: LocalPlatform) -> None:
    for _ in range(20):
        create(platform)
    command = process("predictions", "list", "--json", "-n", "0")
    assert command.stdout is not None
    command.stdout.close()
    assert command.stderr is not None
    with command, command.stderr:
        assert command.stderr.read() == ""
    assert command.returncode == 141


def _bytes_of(*arguments: str) -> tuple[bytes, str]:
    done = subprocess.run(
        [sys.executable, "-m", "skytells", *arguments], capture_output=True, check=True, timeout=60
    )
    return done.stdout, done.stderr.decode()


def test_the_one_output_is_written_to_stdout(platform: LocalPlatform) -> None:
    picture, told = _bytes_of("run", *PICTURE, "-o", "-")
    assert picture.startswith(b"\x89PNG")
    assert "succeeded" in told
    id = str(platform.predictions[0]["id"])
    assert _bytes_of("predictions", "wait", id, "-o", "-")[0] == picture


def test_a_text_is_written_to_stdout(platform: LocalPlatform) -> None:
    text, _ = _bytes_of("run", "local-text", "-i", "prompt=hello", "-o", "-")
    assert text.decode().strip() == platform.predictions[0]["output"].strip()


@POSIX
def test_the_progress_bar_is_drawn_in_a_terminal(platform: LocalPlatform) -> None:
    import pty

    platform.script("flux-edge", seconds=900.0)
    ours, theirs = pty.openpty()
    with process("run", *PICTURE, stderr=theirs, env=os.environ | {"TERM": "xterm"}) as command:
        os.close(theirs)
        drawn = b"".join(iter(lambda: _read(ours), b""))
        os.close(ours)
    assert command.returncode == 0
    assert platform.predictions[0]["id"].encode() in drawn
    assert re.search(rb"\d+%", drawn)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # its other end is closed
        return b""


def interrupted(command: subprocess.Popen[str]) -> str:
    """Send Ctrl-C once the command has said something; returns the rest of what it says."""
    assert command.stderr is not None
    with command:
        first = command.stderr.readline()
        command.send_signal(signal.SIGINT)
        return first + command.stderr.read()


@POSIX
@pytest.mark.parametrize("command", ["run", "wait"])
def test_ctrl_c_names_the_prediction_and_how_to_go_on(
    platform: LocalPlatform, command: str
) -> None:
    platform.script("flux-pro", seconds=1e6)
    if command == "run":
        started = process("run", "flux-pro", "-i", "prompt=x")
    else:
        started = process("predictions", "wait", create(platform))
    told = interrupted(started)
    id = platform.predictions[0]["id"]
    assert started.returncode == 130
    assert f"skytells predictions wait {id}" in told
    assert f"skytells predictions cancel {id}" in told
    assert "Traceback" not in told


@POSIX
def test_ctrl_c_of_a_local_run_advises_nothing_that_cannot_be_done(
    clean_environment: None,
) -> None:
    started = process("run", "truefusion-video-pro", "-i", "prompt=x", "--local")
    told = interrupted(started)
    assert started.returncode == 130
    assert "Interrupted." in told
    assert "predictions wait" not in told


@POSIX
def test_local_serves_until_ctrl_c(clean_environment: None) -> None:
    with process("local", "--port", "0", "--key", "sk-mine") as command:
        assert command.stdout is not None
        said = "".join(iter(command.stdout.readline, "export SKYTELLS_API_KEY=sk-mine\n"))
        command.send_signal(signal.SIGINT)
    assert re.search(r"export SKYTELLS_BASE_URL=http://127\.0\.0\.1:\d+/v1", said)
    assert command.returncode == 0


def test_local_has_the_options_of_its_own_command(cli: Skytells) -> None:
    result = cli("local", "--help")
    assert result.code == 0
    assert "--allow-remote" in result.out


@pytest.mark.parametrize("library", ["typer", "rich"])
def test_without_its_libraries_the_command_names_the_extra(library: str) -> None:
    hidden = f"import sys; sys.modules[{library!r}] = None; "
    result = python(f"{hidden} from skytells.cli import main; main(['--version'])")
    assert result.returncode == 2
    assert result.stderr == 'The command skytells needs an extra: pip install "skytells[cli]"\n'


def test_a_fault_of_its_own_is_not_taken_for_a_missing_library() -> None:
    hidden = "import sys; sys.modules['skytells.cli.models'] = None; "
    result = python(f"{hidden} from skytells.cli import main; main(['--version'])")
    assert "ModuleNotFoundError" in result.stderr


def test_importing_the_command_loads_no_library_and_its_help_no_client() -> None:
    loaded = python("import sys, skytells.cli; print(*sys.modules)").stdout.split()
    assert not {"typer", "rich", "pydantic", "httpx"} & set(loaded)
    loaded = python("import sys, skytells.cli.app; print(*sys.modules)").stdout.split()
    assert not {"skytells.client", "pydantic", "httpx", "httpcore"} & set(loaded)


@POSIX
def test_ctrl_c_before_the_id_is_known_says_where_to_look(
    clean_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKYTELLS_API_KEY", KEY)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        with process("run", *PICTURE, "--no-wait", "--base-url", address) as command:
            connection, _ = silent.accept()
            with connection:
                connection.recv(1)
                command.send_signal(signal.SIGINT)
                assert command.stderr is not None
                told = command.stderr.read()
    assert command.returncode == 130
    assert "`skytells predictions list`" in told
