"""The exit code of each kind of failure, and what is said of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from skytells import errors
from skytells.local import LocalPlatform

from .support import KEY, PICTURE, Skytells

ROOT = Path(__file__).parents[2]


def test_no_command_shows_the_help(cli: Skytells) -> None:
    result = cli()
    assert "Usage: skytells" in result.out + result.err


def test_an_unknown_command_is_a_usage_error(cli: Skytells) -> None:
    assert cli("frobnicate").code == 2


def test_a_configuration_that_cannot_work_exits_with_2(
    cli: Skytells, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKYTELLS_BASE_URL", "ftp://example.com")
    result = cli("models", "list")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: ")


def test_an_input_that_the_model_refuses_exits_with_2(
    cli: Skytells, platform: LocalPlatform
) -> None:
    result = cli("run", "flux-pro", "-i", "seed=1")
    assert result.code == 2
    assert "prompt" in result.err


def test_a_wrong_key_exits_with_3(
    cli: Skytells, platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKYTELLS_API_KEY", "sk-wrong")
    result = cli("models", "list")
    assert result.code == 3
    assert "sk-wrong" not in result.err


def test_a_missing_key_exits_with_3_and_names_the_variable(
    cli: Skytells, platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SKYTELLS_API_KEY")
    result = cli("models", "list")
    assert result.code == 3
    assert "SKYTELLS_API_KEY" in result.err


@pytest.mark.parametrize("command", [("run", "-i", "prompt=x"), ("models", "get")], ids=" ".join)
def test_an_unknown_model_exits_with_5(
    cli: Skytells, platform: LocalPlatform, command: tuple[str, ...]
) -> None:
    result = cli(*command, "no-such-model")
    assert result.code == 5
    assert "`skytells models list`" in result.err


def test_an_unknown_prediction_exits_with_5(cli: Skytells, platform: LocalPlatform) -> None:
    assert {cli("predictions", c, "nope").code for c in ("get", "wait", "cancel", "delete")} == {5}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("FORBIDDEN", 3),
        ("INSUFFICIENT_CREDITS", 4),
        ("RATE_LIMIT_EXCEEDED", 6),
        ("INTERNAL_ERROR", 10),
    ],
)
def test_an_error_of_the_platform_has_its_exit_code(
    cli: Skytells, platform: LocalPlatform, error: str, code: int
) -> None:
    platform.fault(error=error, retry_after=0)
    result = cli("run", *PICTURE)
    assert (result.code, result.out) == (code, "")
    assert result.err.startswith("error: ")


def test_a_failed_prediction_exits_with_7_and_says_why(
    cli: Skytells, platform: LocalPlatform
) -> None:
    platform.script("flux-edge", fails="NSFW content detected.")
    result = cli("run", *PICTURE)
    assert (result.code, result.out) == (7, "")
    assert "NSFW content detected." in result.err


def test_a_failed_prediction_is_still_one_json_document(
    cli: Skytells, platform: LocalPlatform
) -> None:
    platform.script("flux-edge", fails="NSFW content detected.")
    result = cli("run", *PICTURE, "--json")
    assert result.code == 7
    assert json.loads(result.out)["status"] == "failed"


def test_a_cancelled_prediction_exits_with_7(cli: Skytells, platform: LocalPlatform) -> None:
    platform.script("flux-edge", statuses=["processing", "cancelled"])
    result = cli("run", *PICTURE)
    assert (result.code, result.out) == (7, "")
    assert "cancelled" in result.err


def test_a_wait_that_is_over_exits_with_8_and_says_how_to_go_on(
    cli: Skytells, platform: LocalPlatform
) -> None:
    platform.script("flux-edge", seconds=1e6)
    result = cli("run", *PICTURE, "--max-wait", "0.05", "--json")
    id = platform.predictions[0]["id"]
    assert result.code == 8
    assert f"`skytells predictions wait {id}`" in result.err
    assert json.loads(result.out)["id"] == id


def test_a_server_that_does_not_answer_exits_with_8(cli: Skytells, silent_port: str) -> None:
    assert cli("models", "list", "--base-url", silent_port, "--timeout", "0.2").code == 8


def test_a_closed_port_exits_with_9(cli: Skytells, closed_port: str) -> None:
    result = cli("run", *PICTURE, "--base-url", closed_port, "--timeout", "0.2")
    assert result.code == 9
    assert closed_port.removesuffix("/v1") in result.err


KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.SkytellsError)
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_exit_code_of_an_error_is_the_documented_one(kind: type[errors.SkytellsError]) -> None:
    from skytells.cli.failures import code_of

    table = re.findall(
        r"^\| (\d+) \|(.*)\|$", (ROOT / "docs/cli.md").read_text("utf-8"), re.MULTILINE
    )
    codes = {name: int(code) for code, text in table for name in re.findall(r"`(\w+Error)`", text)}
    documented = next(codes[base.__name__] for base in kind.__mro__ if base.__name__ in codes)
    assert code_of(kind("What happened.", "SOME_ID", "")) == documented


def test_the_help_names_every_exit_code(cli: Skytells) -> None:
    from skytells.cli.failures import CODES, INTERRUPTED, PIPE_CLOSED

    epilog = cli("--help").out.partition("Exit codes:")[2]
    named = {int(number) for number in re.findall(r"\b\d+\b", epilog)}
    assert named == {*CODES.values(), INTERRUPTED, PIPE_CLOSED}


def test_a_message_never_holds_the_key_that_a_server_quotes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from skytells.cli.failures import complain

    monkeypatch.setenv("SKYTELLS_API_KEY", KEY)
    complain(errors.AuthenticationError(f"The key {KEY} is revoked.", "UNAUTHORIZED", ""))
    assert capsys.readouterr().err == "error: The key sk-… is revoked.\n"


def test_a_message_advises_in_the_words_of_a_shell(
    cli: Skytells, platform: LocalPlatform, silent_port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.script("flux-edge", seconds=1e6)
    told = [
        cli("run", *PICTURE, "--max-wait", "0"),
        cli("run", "nope"),
        cli("run", "flux-pro"),
        cli("predictions", "get", "nope"),
        cli("models", "list", "--timeout", "0.1", "--base-url", silent_port),
        cli("run", *PICTURE, "--no-wait", "--timeout", "0.1", "--base-url", silent_port),
    ]
    monkeypatch.delenv("SKYTELLS_API_KEY")
    told.append(cli("models", "list"))
    advice = "".join(result.err for result in told)
    assert not re.search(r"client\.|SkytellsClient|timeout=|retry=|error\)", advice)
    assert advice.count("skytells ") >= 5
