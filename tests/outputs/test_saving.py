"""Outputs that are kept: what users call, against the local platform."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from skytells import DownloadError, InvalidRequestError, SkytellsClient
from skytells.local import LocalPlatform

from ..conftest import unfaced

CAT = {"prompt": "A cat"}
PNG = b"\x89PNG\r\n\x1a\n"


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_run_keeps_the_outputs_the_moment_it_has_succeeded(
    client: SkytellsClient, tmp_path: Path
) -> None:
    prediction = client.run("flux-pro", input=CAT, download_to=tmp_path / "new" / "folder")
    [path] = prediction.paths
    assert path.parent == tmp_path / "new" / "folder"
    assert path.read_bytes().startswith(PNG)
    assert path.stat().st_size == prediction.files[0].size
    assert left(path.parent) == [path.name]


def test_run_refuses_a_place_that_cannot_be_before_it_pays(
    client: SkytellsClient, platform: LocalPlatform, tmp_path: Path
) -> None:
    (tmp_path / "file.txt").touch()
    places: list[Any] = [tmp_path / "file.txt" / "x" / "a.png", 5, "a\0b", b"bytes"]
    for place in places:
        with pytest.raises((InvalidRequestError, DownloadError)):
            client.run("flux-pro", input=CAT, download_to=place)
    with pytest.raises(DownloadError, match=r"so nothing was sent: .*\. Give another place"):
        client.run("flux-pro", input=CAT, download_to=places[0])
    assert client.recent_predictions == []


def test_outputs_are_the_same_on_disk_in_memory_and_as_they_come(
    client: SkytellsClient, tmp_path: Path
) -> None:
    prediction = client.run("flux-pro", input=CAT)
    for target in (prediction.id, prediction.response, {"id": prediction.id}, unfaced(prediction)):
        content = client.predictions.bytes(target)
        [path] = client.predictions.save(target, tmp_path)
        with client.predictions.open(target) as output:
            assert (output.name, output.type, output.size) == ("0.png", "image/png", len(content))
            assert b"".join(output) == content == path.read_bytes()
    assert left(tmp_path) == ["0-2.png", "0-3.png", "0-4.png", "0.png"]


def test_a_handle_keeps_its_own(client: SkytellsClient, tmp_path: Path) -> None:
    prediction = client.run("flux-pro", input=CAT)
    assert prediction.paths == []
    assert prediction.save(tmp_path / "cat.png") == [tmp_path / "cat.png"]
    assert prediction.save(tmp_path / "cat.png", overwrite=True) == [tmp_path / "cat.png"]
    assert prediction.save(tmp_path / "cat.png") == [tmp_path / "cat-2.png"] == prediction.paths
    with prediction.open() as output:
        assert output.read() == prediction.bytes() == (tmp_path / "cat.png").read_bytes()
        assert output.read() == b""
