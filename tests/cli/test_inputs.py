"""What `skytells run` does with files, lists, checks and prices before anything is paid for."""

from __future__ import annotations

import base64
import io
import json
import sys
from pathlib import Path

import pytest

from skytells._data.files import MAX_FILE
from skytells.local import LocalPlatform

from .support import PICTURE, Skytells

FILM = ("truefusion-video-pro", "-i", "prompt=a fox")
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
URI = f"data:image/png;base64,{base64.b64encode(PIXEL).decode()}"


def stdin_of(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))


def paid(platform: LocalPlatform) -> list[str]:
    return [request.path for request in platform.requests if request.method == "POST"]


def test_a_file_travels_where_the_model_takes_one(
    cli: Skytells, platform: LocalPlatform, tmp_path: Path
) -> None:
    (tmp_path / "a fox.png").write_bytes(PIXEL)
    result = cli("run", *FILM, "-i", f"image=@{tmp_path}/a fox.png")
    assert result.code == 0
    assert platform.predictions[0]["input"] == {"prompt": "a fox", "image": URI}


def test_a_file_in_the_home_folder_is_found(
    cli: Skytells, platform: LocalPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fox.png").write_bytes(PIXEL)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert cli("run", *FILM, "-i", "image=@~/fox.png").code == 0
    assert platform.predictions[0]["input"]["image"] == URI


def test_a_file_comes_from_stdin(
    cli: Skytells, platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdin_of(monkeypatch, PIXEL)
    assert cli("run", *FILM, "-i", "image=@-").code == 0
    assert platform.predictions[0]["input"]["image"] == URI


@pytest.mark.parametrize(
    ("content", "wrong", "said"),
    [
        (b"", (), "stdin is empty"),
        (PIXEL, ("-i", "other=@-"), "stdin is empty, or was read before"),
        (b"{}", ("--input-file", "-"), "stdin is empty, or was read before"),
        (b"x" * (MAX_FILE + 5), (), "10 MiB"),
    ],
    ids=["nothing", "twice", "after the input file", "too much"],
)
def test_stdin_that_cannot_be_sent_is_refused(
    cli: Skytells,
    platform: LocalPlatform,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
    wrong: tuple[str, ...],
    said: str,
) -> None:
    stdin_of(monkeypatch, content)
    result = cli("run", *FILM, *wrong, "-i", "image=@-")
    assert result.code == 2
    assert said in " ".join(result.err.replace("│", " ").split())
    assert paid(platform) == []


def test_a_file_that_is_not_there_says_how_to_write_a_text(cli: Skytells) -> None:
    from skytells.cli.inputs import read_input

    result = cli("run", "flux-edge", "-i", "prompt=@me")
    assert result.code == 2
    assert "-i 'prompt:=\"@me\"'" in " ".join(result.err.replace("│", " ").split())
    assert read_input(None, ['prompt:="@me"', "other=a@b"]) == {"prompt": "@me", "other": "a@b"}


def test_a_file_where_the_model_takes_none_is_refused(
    cli: Skytells, platform: LocalPlatform, tmp_path: Path
) -> None:
    (tmp_path / "fox.png").write_bytes(PIXEL)
    result = cli("run", "truefusion-video-pro", "-i", f"prompt=@{tmp_path}/fox.png")
    assert result.code == 2
    assert "It takes files in: image." in result.err
    assert paid(platform) == []


def test_a_list_is_given_item_by_item(tmp_path: Path) -> None:
    from skytells.cli.inputs import read_input

    (tmp_path / "fox.png").write_bytes(PIXEL)
    pairs = ["tags[]=a", "n=1", "tags[]:=2", "tags[]=x=y", f"images[]=@{tmp_path}/fox.png"]
    assert read_input(None, pairs) == {
        "n": 1,
        "tags": ["a", 2, "x=y"],
        "images": [tmp_path / "fox.png"],
    }


def test_validate_names_what_is_wrong_and_pays_nothing(
    cli: Skytells, platform: LocalPlatform
) -> None:
    for more in ((), ("--no-wait",), ("--estimate",)):
        result = cli("run", "flux-pro", "-i", "promt=a fox", "--validate", *more)
        assert (result.code, result.out) == (2, "")
        assert "Did you mean 'prompt'?" in result.err
    assert paid(platform) == []
    assert cli("run", *PICTURE, "--validate").code == 0
    assert len(paid(platform)) == 1


def test_estimate_prints_the_price_and_pays_nothing(
    cli: Skytells, platform: LocalPlatform, tmp_path: Path
) -> None:
    (tmp_path / "fox.png").write_bytes(PIXEL)
    result = cli("run", "flux-pro", "-i", "prompt=a fox", "-i", "num_outputs=3", "--estimate")
    assert (result.code, result.out) == (0, "0.15 USD\n")
    assert "3 × image at 0.05" in result.err
    film = cli("run", *FILM, "-i", f"image=@{tmp_path}/fox.png", "--estimate", "--json")
    assert json.loads(film.out) == {
        "amount": "0.98",
        "currency": "USD",
        "reason": "5 × second at 0.196",
    }
    assert paid(platform) == []


def test_a_price_that_cannot_be_known_is_no_error(cli: Skytells, platform: LocalPlatform) -> None:
    result = cli("run", *PICTURE, "--estimate")
    assert (result.code, result.out) == (0, "unknown\n")
    assert "computing time" in result.err
    document = json.loads(cli("run", *PICTURE, "--estimate", "--json").out)
    assert document["amount"] is None
    assert paid(platform) == []


def test_an_output_is_kept_under_a_name_of_yours(
    cli: Skytells, platform: LocalPlatform, tmp_path: Path
) -> None:
    place = tmp_path / "new" / "fox.png"
    assert cli("run", *PICTURE, "-o", str(place)).out == f"{place}\n"
    assert place.read_bytes()[:4] == b"\x89PNG"
    id = platform.predictions[0]["id"]
    again = cli("predictions", "wait", id, "-o", str(place))
    assert again.out == f"{place.with_name('fox-2.png')}\n"


def test_the_example_of_a_model_shows_where_a_file_goes() -> None:
    from skytells.cli.models import example

    schema = {
        "required": ["prompt", "image"],
        "properties": {
            "prompt": {"type": "string"},
            "image": {"type": "string", "format": "uri"},
        },
    }
    assert example("a model", schema) == "skytells run 'a model' -i prompt=… -i image=@FILE"
