"""`skytells predictions` and `skytells models`: tables, JSON, and the acts on one prediction."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from skytells.local import LocalPlatform

from .support import Skytells, create, in_terminal


def test_predictions_list_is_tab_separated_for_other_programs(
    cli: Skytells, platform: LocalPlatform
) -> None:
    ids = [create(platform), create(platform, "local-text")]
    rows = [line.split("\t") for line in cli("predictions", "list").out.splitlines()]
    assert [(row[0], row[2]) for row in rows] == [(ids[1], "local-text"), (ids[0], "flux-pro")]


def test_predictions_list_is_a_table_in_a_terminal(
    cli: Skytells, platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = create(platform)
    in_terminal(monkeypatch)
    head, row = cli("predictions", "list").out.splitlines()
    assert head.split() == ["ID", "STATUS", "MODEL", "CREATED", "CREDITS"]
    assert row.startswith(id)


def test_a_table_in_a_narrow_terminal_loses_nothing(
    cli: Skytells, platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = create(platform)
    in_terminal(monkeypatch, width=60)
    lines = cli("predictions", "list").out.splitlines()[1:]
    assert "".join(line.split()[0] for line in lines if line[0] != " ").startswith(id)


def test_predictions_list_prints_one_object_on_each_line_as_json(
    cli: Skytells, platform: LocalPlatform
) -> None:
    ids = [create(platform) for _ in range(3)]
    lines = cli("predictions", "list", "--json").out.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ids[::-1]


def test_predictions_list_stops_at_its_limit_and_0_is_none(
    cli: Skytells, platform: LocalPlatform
) -> None:
    for _ in range(52):
        create(platform)
    counts = [len(cli("predictions", "list", "-n", n).out.splitlines()) for n in ("1", "51", "0")]
    assert counts == [1, 51, 52]


def test_predictions_list_filters(cli: Skytells, platform: LocalPlatform) -> None:
    create(platform, "local-text")
    create(platform)
    result = cli("predictions", "list", "--model", "local-text", "--since", "2020-01-01")
    assert [line.split("\t")[2] for line in result.out.splitlines()] == ["local-text"]
    assert cli("predictions", "list", "--status", "failed").out == ""


def test_predictions_list_of_a_wrong_date_exits_with_2(
    cli: Skytells, platform: LocalPlatform
) -> None:
    assert cli("predictions", "list", "--since", "yesterday").code == 2


def test_predictions_get_shows_what_is_known(cli: Skytells, platform: LocalPlatform) -> None:
    platform.script("flux-pro", fails="No fox.")
    id = create(platform)
    platform.advance(60)
    rows = dict(line.split("\t") for line in cli("predictions", "get", id).out.splitlines())
    assert rows["id"] == id
    assert (rows["status"], rows["failure"], rows["input.prompt"]) == ("failed", "No fox.", "a fox")


def test_predictions_get_prints_the_wire_as_json(cli: Skytells, platform: LocalPlatform) -> None:
    id = create(platform)
    platform.advance(60)
    assert json.loads(cli("predictions", "get", id, "--json").out) == platform.predictions[0]


def test_predictions_wait_prints_the_outputs(cli: Skytells, platform: LocalPlatform) -> None:
    result = cli("predictions", "wait", create(platform))
    assert (result.code, result.out) == (0, f"{platform.predictions[0]['output'][0]}\n")


def test_predictions_wait_keeps_the_outputs(
    cli: Skytells, platform: LocalPlatform, tmp_path: Path
) -> None:
    cli("predictions", "wait", create(platform), "--download", str(tmp_path))
    assert [file.suffix for file in tmp_path.iterdir()] == [".png"]


def test_predictions_wait_exits_with_7_if_it_failed(cli: Skytells, platform: LocalPlatform) -> None:
    platform.script("flux-pro", fails="No fox.")
    result = cli("predictions", "wait", create(platform), "--json")
    assert result.code == 7
    assert "No fox." in result.err
    assert json.loads(result.out)["status"] == "failed"


def test_predictions_cancel_ends_it(cli: Skytells, platform: LocalPlatform) -> None:
    platform.script("flux-pro", seconds=1e6)
    id = create(platform)
    result = cli("predictions", "cancel", id)
    assert (result.code, result.out, result.err) == (0, "", f"Cancelled {id}.\n")
    assert platform.predictions[0]["status"] in {"cancelled", "canceled"}


def test_predictions_cancel_exits_with_2_if_it_is_over(
    cli: Skytells, platform: LocalPlatform
) -> None:
    id = create(platform)
    platform.advance(60)
    assert cli("predictions", "cancel", id).code == 2


def test_predictions_delete_removes_it(cli: Skytells, platform: LocalPlatform) -> None:
    id = create(platform)
    result = cli("predictions", "delete", id, "--json")
    assert result.code == 0
    assert json.loads(result.out)
    assert platform.predictions == []


def test_models_list_shows_slug_and_price(cli: Skytells, platform: LocalPlatform) -> None:
    rows = [line.split("\t") for line in cli("models", "list").out.splitlines()]
    prices = {row[0]: row[4] for row in rows}
    assert prices["flux-pro"] == "0.05 USD per image"
    assert "e-" not in prices["local-text"]


def test_models_list_of_one_type(cli: Skytells, platform: LocalPlatform) -> None:
    lines = cli("models", "list", "--type", "video", "--json").out.splitlines()
    assert {json.loads(line)["type"] for line in lines} == {"video"}


def test_models_get_reads_as_help(
    cli: Skytells, platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_terminal(monkeypatch)
    text = cli("models", "get", "flux-pro").out
    assert re.search(r"^prompt\* +string +What to make\. *$", text, re.MULTILINE)
    assert re.search(r"^width +integer +64 to 2048 +Width in pixels\. *$", text, re.MULTILINE)
    assert re.search(r'^aspect_ratio +string +"1:1"', text, re.MULTILINE)
    assert "Try: skytells run flux-pro -i prompt=…" in text


def test_models_get_shows_the_rules_of_the_price(cli: Skytells, platform: LocalPlatform) -> None:
    text = cli("models", "get", "veo-3.1-fast").out
    assert "0.13 per second where generate_audio is false" in text


def test_models_get_prints_both_schemas_as_json(cli: Skytells, platform: LocalPlatform) -> None:
    document = json.loads(cli("models", "get", "flux-pro", "--json").out)
    assert document["input_schema"]["required"] == ["prompt"]
    assert document["output_schema"]["type"] == "array"


def test_the_parameters_of_a_schema_follow_references_and_name_limits() -> None:
    from skytells.cli.models import parameters

    schema = {
        "required": ["b"],
        "properties": {
            "b": {"allOf": [{"$ref": "#/$defs/ratio"}], "default": "1:1", "x-order": 1},
            "a": {"anyOf": [{"type": "integer"}, {"type": "null"}], "minimum": 0, "x-order": 0},
            "c": {"type": "array", "items": {"type": "string"}, "maxItems": 3, "title": "See"},
            "d": {"$ref": "#/nowhere"},
            "e": True,
        },
        "$defs": {"ratio": {"type": "string", "enum": ["1:1", "16:9"]}},
    }
    assert parameters(schema) == [
        ("a", "integer or null", "", "at least 0", ""),
        ("b*", "string", '"1:1"', "one of 1:1, 16:9", ""),
        ("c", "array of string", "", "at most 3 items", "See"),
        ("d", "any", "", "", ""),
        ("e", "any", "", "", ""),
    ]
