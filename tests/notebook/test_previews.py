"""Handles show what they made: fetched once, small enough for a notebook, or a link that says why."""

from __future__ import annotations

import asyncio
import base64
import io
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from PIL import Image

from skytells import (
    AsyncPrediction,
    AsyncSkytellsClient,
    ConfigurationError,
    Prediction,
    PredictionResponse,
    SkytellsClient,
)
from skytells._data.display import Media
from skytells.local import LocalPlatform
from skytells.notebook import render, show
from skytells.outputs import previews
from skytells.outputs.previews import Preview, kept

from ..conftest import unfaced
from .support import Page

CAT = {"prompt": "A cat"}


def noise(side: int, form: str = "PNG") -> bytes:
    """A picture that does not compress."""
    content = io.BytesIO()
    Image.effect_noise((side, side), 90).save(content, form)
    return content.getvalue()


def embedded(source: str | None) -> bytes:
    assert source is not None
    return base64.b64decode(source.partition(";base64,")[2])


def pictures(*files: dict[str, Any]) -> PredictionResponse:
    wire = {"id": "p1", "status": "succeeded", "input": CAT}
    storage = {"storage": {"files": [{"url": "https://x/0", **file} for file in files]}}
    return PredictionResponse.from_wire({**wire, "metadata": storage})


PNG = {"name": "a.png", "type": "image/png"}
MP4 = {"name": "a.mp4", "type": "video/mp4"}


# --- Through a client ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "input", "element", "start"),
    [
        ("flux-pro", CAT, "img", b"\x89PNG"),
        ("truefusion-video-pro", CAT, "video", b"\0\0\0"),
        ("beatfusion-2.0", {"prompt": "x", "lyrics": "la la la la la"}, "audio", b"ID3"),
    ],
)
def test_a_preview_embeds_what_was_made(
    client: SkytellsClient, slug: str, input: dict[str, Any], element: str, start: bytes
) -> None:
    prediction = client.run(slug, input)
    preview = client.predictions.preview(unfaced(prediction))
    page = Page(render(preview))
    [shown] = page.all(element)
    assert embedded(shown.attributes["src"]).startswith(start)
    assert shown.attributes.get("alt", "A cat") == "A cat"
    assert shown.attributes.get("controls", "") == ""
    assert page.all("a") == []
    assert repr(preview) == f"<Preview of {prediction.id}: succeeded>"


def test_several_pictures_are_a_gallery(client: SkytellsClient) -> None:
    prediction = client.run("flux-pro", {**CAT, "num_outputs": 4})
    page = Page(render(client.predictions.preview(prediction.id)))
    assert len(page.all("img")) == 4
    assert page.all("div", "many")


def last_line(handle: Any) -> str:
    """What a notebook shows of what stands in a cell's last line, which it does not await."""
    return str(unfaced(handle)._repr_html_())


def test_the_last_line_of_a_cell_shows_the_picture(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    prediction = client.run("flux-pro", CAT)
    html = last_line(prediction)
    [picture] = Page(html).all("img")
    assert embedded(picture.attributes["src"]) == prediction.bytes()
    asked = len(platform.requests)
    prediction.delete()  # and its files
    assert last_line(prediction) == html
    assert len(platform.requests) == asked + 1


def test_an_async_handle_is_shown_beside_a_loop_that_goes_on(platform: LocalPlatform) -> None:
    async def cell() -> str:
        async with AsyncSkytellsClient(platform.key, base_url=platform.url) as client:
            prediction = await client.run("flux-pro", CAT)
            html = prediction._repr_html_()  # pyright: ignore[reportPrivateUsage]
            assert (await prediction.bytes())[:4] == b"\x89PNG"
            return html

    assert Page(asyncio.run(cell())).all("img")


def test_an_async_handle_of_an_http_client_of_yours_says_how_to_see_it(
    platform: LocalPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    async def cell() -> None:
        async with httpx.AsyncClient() as own:
            client = AsyncSkytellsClient(platform.key, base_url=platform.url, http_client=own)
            prediction = await client.run("flux-pro", CAT)
            asked = len(platform.requests)
            page = Page(last_line(prediction))
            assert len(platform.requests) == asked
            assert "await prediction.show()" in page.text
            assert page.all("a")
            await prediction.show()
            assert f"<Preview of {prediction.id}: succeeded>" in capsys.readouterr().out
            assert Page(last_line(prediction)).all("img")

    asyncio.run(cell())


def test_a_handle_shows_itself_anywhere_in_a_cell(
    client: SkytellsClient, platform: LocalPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    prediction = client.run("flux-pro", CAT)
    prediction.show()
    assert f"<Preview of {prediction.id}: succeeded>" in capsys.readouterr().out
    asked = len(platform.requests)
    assert Page(last_line(prediction)).all("img")
    assert len(platform.requests) == asked


def test_what_was_downloaded_is_shown_from_there(
    client: SkytellsClient, platform: LocalPlatform, tmp_path: Path
) -> None:
    prediction = client.run("flux-pro", CAT, download_to=tmp_path)
    platform.close()
    handle: Prediction | AsyncPrediction = unfaced(prediction)
    [picture] = Page(handle._repr_html_()).all("img")  # pyright: ignore[reportPrivateUsage]
    assert embedded(picture.attributes["src"]) == prediction.paths[0].read_bytes()


def test_a_file_that_is_gone_is_a_link_that_says_so(platform: LocalPlatform) -> None:
    with platform.client() as client:
        prediction = client.run("flux-pro", CAT)
        prediction.delete()
        page = Page(prediction._repr_html_())  # pyright: ignore[reportPrivateUsage]
    assert not page.all("img")
    assert page.all("a")
    assert "is gone (HTTP 404)" in page.text


def test_what_may_be_there_next_time_is_asked_for_again(
    platform: LocalPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    with platform.client() as client:
        prediction = client.run("flux-pro", CAT)
        platform.fault(path="/assets/*", latency=30.0, times=1)
        [media] = client.predictions.preview(prediction, max_wait=100).media.values()
        assert media.again
        assert media.source is None
        platform.fault(path="/assets/*", latency=30.0, times=1)
        prediction.show(max_wait=100)
        assert "Preview" in capsys.readouterr().out
        assert Page(prediction._repr_html_()).all("img")  # pyright: ignore[reportPrivateUsage]


def test_a_handle_that_has_not_ended_is_shown_without_a_request(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    platform.script("flux-pro", seconds=1_000_000)
    inner = unfaced(client)
    job = client.predictions.create(model="flux-pro", input=CAT)
    handle: Any
    if isinstance(inner, AsyncSkytellsClient):
        handle = AsyncPrediction(inner, job)
    else:
        handle = Prediction(cast("SkytellsClient", inner), job)
    platform.close()
    assert "pending" in Page(handle._repr_html_()).text


# --- What fits ----------------------------------------------------------------------------------


def test_a_large_picture_is_made_smaller(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(noise(2000))
    assert path.stat().st_size > previews.MOST
    [media] = kept(pictures(PNG), [path]).media.values()
    content = embedded(media.source)
    assert len(content) <= previews.MOST
    assert Image.open(io.BytesIO(content)).size == (1024, 1024)


def test_many_pictures_together_are_small_enough_for_one_message(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(noise(1000))
    seen = kept(pictures(*[PNG] * 8), [path] * 8)
    assert all(media.source for media in seen.media.values())
    assert len(render(seen)) < 3_000_000


def test_a_picture_that_browsers_do_not_show_is_converted(tmp_path: Path) -> None:
    path = tmp_path / "a.tiff"
    path.write_bytes(noise(20, "TIFF"))
    [media] = kept(pictures({"name": "a.tiff", "type": "image/tiff"}), [path]).media.values()
    assert embedded(media.source)[8:12] == b"WEBP"


@pytest.mark.parametrize("content", [b"", b"no picture" * 300_000])
def test_a_picture_that_cannot_be_made_smaller_is_not_shown(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    [media] = kept(pictures(PNG), [path]).media.values()
    assert media.source is None
    assert "shown here; save it: prediction.save()" in media.why


def test_a_picture_that_no_size_makes_small_enough_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(noise(300))
    monkeypatch.setattr(previews, "MOST", 1_000)
    [media] = kept(pictures(PNG), [path]).media.values()
    assert media.source is None
    assert media.why.startswith("Its 0.1 MB are too many to be shown here")


def test_a_preview_renders_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(noise(20))
    seen = kept(pictures(PNG), [path])
    assert seen._repr_html_() == render(seen)  # pyright: ignore[reportPrivateUsage]
    assert Page(render(seen)).all("img")


def test_a_large_film_is_played_from_where_it_was_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / 'a "folder"'
    folder.mkdir()
    path = folder / "data:film.mp4"
    path.write_bytes(bytes(previews.MOST + 1))
    monkeypatch.chdir(tmp_path)
    [media] = kept(pictures(MP4), [path]).media.values()
    assert media.source == "a%20%22folder%22/data%3Afilm.mp4"
    monkeypatch.chdir(folder.parent.parent / "..")
    monkeypatch.chdir(Path(__file__).parent)
    [media] = kept(pictures(MP4), [path]).media.values()
    assert media == Media("video", None, f"It is kept in {path}.")


def test_a_saved_file_that_was_moved_says_so(tmp_path: Path) -> None:
    [media] = kept(pictures(PNG), [tmp_path / "gone.png"]).media.values()
    assert "cannot be read: No such file" in media.why


def test_a_film_that_is_too_large_is_not_even_fetched() -> None:
    record = pictures({**MP4, "size": 50_000_000})
    with SkytellsClient("sk-key", base_url="http://127.0.0.1:9/v1") as client:
        seen = client.predictions.preview(record)
    assert seen.media[0].why.startswith("Its 50.0 MB are too many to be shown here")
    assert seen.complete


def test_what_is_no_media_is_a_link() -> None:
    record = pictures({"name": "a.zip", "type": "application/zip"}, {"name": "b"})
    seen = kept(record, [])
    assert seen.media == {}
    assert [link.texts for link in Page(render(seen)).all("a")] == [["a.zip"], ["b"]]


def test_a_type_that_the_platform_does_not_tell_is_read_off_the_address() -> None:
    record = PredictionResponse(id="p1", status="succeeded", output=["https://x/a.webm?b=.png"])
    assert kept(record, []).media[0].kind == "video"


def test_a_type_cannot_break_out_of_its_attribute(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x")
    hostile = {"name": "a", "type": 'audio/"><script>alert(1)</script>'}
    page = Page(render(kept(pictures(hostile), [path])))
    assert len(page.all("audio")) == 1


# --- Shown by hand ------------------------------------------------------------------------------


def test_show_without_ipython_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "IPython.display", None)
    with pytest.raises(ConfigurationError, match=r'pip install "skytells\[notebook\]"'):
        show(Preview(pictures(), {}))
