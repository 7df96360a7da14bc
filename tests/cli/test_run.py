"""`skytells run`: what it sends, prints and keeps."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from pathlib import Path

import pytest

import skytells.local
from skytells.local import LocalPlatform

from .support import KEY, PICTURE, Skytells, in_terminal


def test_run_prints_the_address_of_the_output_and_nothing_else(
    cli: Skytells, platform: LocalPlatform
) -> None:
    result = cli("run", *PICTURE)
    [prediction] = platform.predictions
    assert (result.code, result.out) == (0, f"{prediction['output'][0]}\n")


def test_run_tells_id_status_and_cost_on_stderr(cli: Skytells, platform: LocalPlatform) -> None:
    result = cli("run", *PICTURE)
    assert re.fullmatch(r"[0-9a-f-]{36} succeeded, .* credits", result.err.splitlines()[-1])


def test_run_prints_the_text_of_a_text_model(cli: Skytells, platform: LocalPlatform) -> None:
    result = cli("run", "local-text", "-i", "prompt=hello")
    assert result.out.strip() == platform.predictions[0]["output"]


def test_run_prints_one_json_document(cli: Skytells, platform: LocalPlatform) -> None:
    result = cli("run", *PICTURE, "--json")
    document = json.loads(result.out)
    assert document["status"] == "succeeded"
    assert document["input"] == {"prompt": "a fox"}


def test_run_reads_json_as_json_and_the_rest_as_text() -> None:
    from skytells.cli.inputs import read_input

    pairs = ["prompt=a = b", "seed=7", "note=NaN", 'tags:=["x"]', "flag=true", "empty=", 'n="42"']
    assert read_input(None, pairs) == {
        "prompt": "a = b",
        "seed": 7,
        "note": "NaN",
        "tags": ["x"],
        "flag": True,
        "empty": "",
        "n": "42",
    }


def test_run_lays_the_command_line_over_the_input_file(
    cli: Skytells, platform: LocalPlatform, tmp_path: Path
) -> None:
    file = tmp_path / "input.json"
    file.write_text('{"prompt": "a fox — 狐", "seed": 1}', encoding="utf-8")
    cli("run", "flux-edge", "--input-file", str(file), "-i", "seed=2")
    assert platform.predictions[0]["input"] == {"prompt": "a fox — 狐", "seed": 2}


def test_run_reads_the_input_from_stdin(
    cli: Skytells, platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(b'{"prompt": "from stdin"}'), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", stdin)
    assert cli("run", "flux-edge", "--input-file", "-").code == 0
    assert platform.predictions[0]["input"] == {"prompt": "from stdin"}


@pytest.mark.parametrize(
    "wrong",
    [
        ("-i", "prompt"),
        ("-i", "=x"),
        ("-i", "seed:=not json"),
        ("-i", "x:=NaN"),
        ("-i", "a=1", "-i", "a=2"),
        ("--input-file", "no-such-file.json"),
        ("--input-file", __file__),
        ("--no-wait", "--local"),
        ("--no-wait", "--download", "."),
        ("--local", "--base-url", "http://127.0.0.1:1/v1"),
        ("--download", os.devnull),
        ("--max-wait", "-1"),
        ("--max-wait", "nan"),
        ("--key", "sk-x"),
        ("-i", "image=@no-such-file.png"),
        ("-i", "image=@"),
        ("-i", "a[]=1", "-i", "a=2"),
        ("-i", "a=1", "-i", "a[]=2"),
        ("-i", "[]=2"),
    ],
    ids=" ".join,
)
def test_run_refuses_a_wrong_command_line_before_it_sends_anything(
    cli: Skytells, platform: LocalPlatform, wrong: tuple[str, ...]
) -> None:
    result = cli("run", *PICTURE, *wrong)
    assert (result.code, result.out) == (2, "")
    assert platform.requests == []


def test_run_refuses_an_input_file_that_holds_no_object(
    cli: Skytells, platform: LocalPlatform, tmp_path: Path
) -> None:
    file = tmp_path / "list.json"
    file.write_text("[1]")
    result = cli("run", "flux-edge", "--input-file", str(file))
    assert result.code == 2
    assert "JSON object" in result.err


def test_run_without_waiting_prints_the_id(cli: Skytells, platform: LocalPlatform) -> None:
    platform.script("flux-pro", seconds=1e6)
    result = cli("run", "flux-pro", "-i", "prompt=x", "--no-wait")
    [prediction] = platform.predictions
    assert (result.code, result.out) == (0, f"{prediction['id']}\n")
    assert prediction["status"] not in {"succeeded", "failed", "cancelled"}


def test_run_without_waiting_prints_the_accepted_prediction_as_json(
    cli: Skytells, platform: LocalPlatform
) -> None:
    result = cli("run", "flux-pro", "-i", "prompt=x", "--no-wait", "--json")
    assert json.loads(result.out)["id"] == platform.predictions[0]["id"]


def test_run_says_each_status_and_quarter_once_where_stderr_is_no_terminal(
    cli: Skytells, platform: LocalPlatform
) -> None:
    platform.script("flux-edge", statuses=["processing", "succeeded"], seconds=600.0)
    result = cli("run", *PICTURE)
    told = [line for line in result.err.splitlines() if "processing" in line]
    assert 1 <= len(told) == len(set(told)) <= 4
    assert sum("succeeded" in line for line in result.err.splitlines()) == 1


def test_run_locally_needs_neither_key_nor_network(cli: Skytells) -> None:
    result = cli("run", *PICTURE, "--local")
    assert result.code == 0
    assert result.out.startswith("http://127.0.0.1:")
    assert "local platform has ended" in result.err


def test_run_locally_ignores_the_platform_of_the_environment(
    cli: Skytells, platform: LocalPlatform
) -> None:
    assert cli("run", *PICTURE, "--local").code == 0
    assert platform.requests == []


def test_run_locally_names_the_extra_that_is_missing(
    cli: Skytells, monkeypatch: pytest.MonkeyPatch
) -> None:
    def serve(**_: object) -> None:
        raise ImportError('pip install "skytells[local]"')

    monkeypatch.setattr(skytells.local, "serve", serve)
    result = cli("run", *PICTURE, "--local")
    assert result.code == 2
    assert 'pip install "skytells[local]"' in result.err


def test_run_keeps_its_outputs_and_prints_the_files(
    cli: Skytells, platform: LocalPlatform, tmp_path: Path
) -> None:
    folder = tmp_path / "new" / "folder"
    result = cli("run", *PICTURE, "-i", "num_outputs=2", "--download", str(folder))
    files = sorted(folder.iterdir())
    assert result.out.split() == [str(file) for file in files]
    assert [file.read_bytes()[:4] for file in files] == [b"\x89PNG", b"\x89PNG"]


def test_run_never_overwrites_a_file(
    cli: Skytells, platform: LocalPlatform, tmp_path: Path
) -> None:
    for _ in range(3):
        cli("run", *PICTURE, "--download", str(tmp_path))
    names = sorted(file.name for file in tmp_path.iterdir())
    assert len(names) == 3
    assert sum("-2." in name or "-3." in name for name in names) == 2


def test_run_sends_no_key_for_a_download(
    cli: Skytells, platform: LocalPlatform, tmp_path: Path
) -> None:
    cli("run", *PICTURE, "--download", str(tmp_path))
    fetched = [r for r in platform.requests if r.path.startswith("/assets/")]
    assert fetched
    assert KEY not in str([request.headers for request in fetched])


def test_run_names_the_kept_files_in_its_json(
    cli: Skytells, platform: LocalPlatform, tmp_path: Path
) -> None:
    result = cli("run", *PICTURE, "--download", str(tmp_path), "--json")
    document = json.loads(result.out)
    assert document["downloaded"] == [str(file) for file in tmp_path.iterdir()]


def test_run_keeps_a_text_as_a_text_file(
    cli: Skytells, platform: LocalPlatform, tmp_path: Path
) -> None:
    cli("run", "local-text", "-i", "prompt=hello", "--download", str(tmp_path))
    [prediction] = platform.predictions
    file = tmp_path / f"{prediction['id']}.txt"
    assert file.read_text(encoding="utf-8") == prediction["output"]


def test_run_keeps_what_it_can_and_exits_with_what_it_cannot(
    cli: Skytells, platform: LocalPlatform, tmp_path: Path
) -> None:
    platform.fault(path="/assets/*", status=404, times=1)
    result = cli("run", *PICTURE, "-i", "num_outputs=2", "--download", str(tmp_path))
    [kept] = tmp_path.iterdir()
    assert (result.code, result.out) == (5, f"{kept}\n")
    assert "is gone (HTTP 404)" in result.err
    assert "--download PATH" in result.err


def test_several_outputs_are_not_written_to_stdout_but_named(
    cli: Skytells, platform: LocalPlatform
) -> None:
    result = cli("run", *PICTURE, "-i", "num_outputs=2", "-o", "-")
    assert (result.code, result.out) == (2, "")
    for address in platform.predictions[0]["output"]:
        assert address in result.err.replace("\n", "")


def test_json_and_an_output_do_not_both_go_to_stdout(
    cli: Skytells, platform: LocalPlatform
) -> None:
    assert cli("run", *PICTURE, "-o", "-", "--json").code == 2
    assert platform.predictions == []


def test_bytes_are_not_written_into_a_terminal(
    cli: Skytells, platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_terminal(monkeypatch)
    assert cli("run", *PICTURE, "-o", "-").code == 2
    assert platform.predictions == []


@pytest.mark.parametrize(("text", "said"), [(None, "No such file"), (" \n", "is empty")])
def test_an_input_file_that_is_missing_or_empty_is_named(
    cli: Skytells, tmp_path: Path, text: str | None, said: str
) -> None:
    file = tmp_path / "input.json"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    result = cli("run", "flux-pro", "--input-file", str(file))
    told = " ".join(result.err.replace("│", " ").split())
    assert result.code == 2
    assert said in told
    assert "input.json" in told.replace(" ", "")
