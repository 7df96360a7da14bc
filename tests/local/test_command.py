"""`python -m skytells.local`: the platform from a shell."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from subprocess import PIPE

import httpx
import pytest

import skytells.local
from skytells.local.__main__ import main


@contextmanager
def command(*arguments: str) -> Generator[tuple[subprocess.Popen[str], dict[str, str]], None, None]:
    """The command, once it said what to export."""
    line = [sys.executable, "-m", "skytells.local", "--port", "0", "--key", "sk-mine", *arguments]
    with subprocess.Popen(line, stdout=PIPE, stderr=PIPE, text=True) as process:
        assert process.stdout
        said = [process.stdout.readline() for _ in range(4)]
        exports = [line.removeprefix("export ").rstrip().split("=", 1) for line in said[2:]]
        yield process, dict(exports)


def ended(process: subprocess.Popen[str], how: signal.Signals = signal.SIGINT) -> list[str]:
    """What it wrote to stderr until it was ended."""
    process.send_signal(how)
    _, errors = process.communicate()
    assert process.returncode == 0
    return errors.splitlines()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_command_says_what_to_export_and_ends_when_told(how: signal.Signals) -> None:
    with command() as (process, exports):
        assert ended(process, how) == []
    assert exports["SKYTELLS_BASE_URL"].startswith("http://127.0.0.1:")
    assert exports["SKYTELLS_API_KEY"] == "sk-mine"


def test_the_command_logs_each_request_in_one_line_without_its_key() -> None:
    with command("--speed", "1000") as (process, exports):
        headers = {"x-api-key": "sk-mine"}
        with httpx.Client(base_url=exports["SKYTELLS_BASE_URL"], headers=headers) as http:
            order = {"model": "flux-pro", "input": {"prompt": "a fox"}}
            made = http.post("/predict", json=order).json()["id"]
            http.get(f"/predictions/{made}?key=sk-mine")
            http.get("/predictions/a%20b%0A")
            http.get("/models", headers={"x-api-key": "sk-wrong"})
            http.get("/models", headers={"x-skytells-local-fault": "status=503"})
            http.get(str(http.base_url).removesuffix("/v1/"))
        lines = ended(process)
    assert not any("sk-" in line for line in lines)
    assert all(re.match(r"time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ", line) for line in lines)
    told = [re.sub(r"^time=\S+ | ms=\d+\.\d(?= |$)", "", line) for line in lines]
    assert told == [
        f"method=POST path=/v1/predict status=200 prediction={made}",
        f"method=GET path=/v1/predictions/{made} status=200 prediction={made}",
        "method=GET path=/v1/predictions/a%20b%0A status=404 error=PREDICTION_NOT_FOUND",
        "method=GET path=/v1/models status=401 error=UNAUTHORIZED",
        "method=GET path=/v1/models status=503 error=INFRASTRUCTURE_ERROR",
    ]


def test_the_command_can_be_quiet() -> None:
    with command("--quiet") as (process, exports):
        httpx.get(exports["SKYTELLS_BASE_URL"])
        assert ended(process) == []


def test_the_command_ends_while_a_fault_holds_a_request() -> None:
    with command("--quiet") as (process, exports), ThreadPoolExecutor(1) as pool:
        url = exports["SKYTELLS_BASE_URL"] + "/models"
        headers = {"x-api-key": "sk-mine", "x-skytells-local-fault": "latency=3600"}
        held = pool.submit(httpx.get, url, headers=headers, timeout=None)
        time.sleep(0.3)
        assert ended(process) == []
        assert held.result().status_code == 200


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [(["--host", "0.0.0.0"], "--allow-remote"), (["--speed", "-1"], "speed")],
)
def test_the_command_refuses_what_is_invalid(
    arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert hint in capsys.readouterr().err


def test_the_command_says_that_a_port_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with skytells.local.serve() as platform, pytest.raises(SystemExit):
        main(["--port", str(httpx.URL(platform.url).port)])
    assert "--port" in capsys.readouterr().err
