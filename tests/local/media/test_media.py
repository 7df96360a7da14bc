"""The outputs of predictions: real files, the same for the same request."""

from __future__ import annotations

import io
import struct
import wave
from array import array
from collections.abc import Iterator

import pytest
from PIL import Image

from skytells.local.json_values import JsonObject
from skytells.local.media.files import MAX_SIDE, File, generate_files
from skytells.local.media.parameters import count, size
from skytells.local.media.text import generate_text

LONG = "A lighthouse keeper's cottage at dusk, seen from the sea, in heavy rain. " * 12


def made(kind: str, **given: object) -> File:
    return generate_files(kind, "flux-pro", given)[0]


def opened(file: File) -> Image.Image:
    image = Image.open(io.BytesIO(file.content))
    image.load()
    return image


def boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and bodies of the boxes of an MP4, those inside of others too."""
    place = 0
    while place < len(content):
        length, name = struct.unpack_from(">I4s", content, place)
        body = content[place + 8 : place + length]
        yield name, body
        if name in {b"moov", b"trak", b"mdia", b"minf", b"stbl"}:
            yield from boxes(body)
        place += length


def test_a_picture_is_a_png_of_the_size_asked_for() -> None:
    file = made("image", prompt="x", width=96, height=64)
    assert (file.name, file.media_type) == ("0.png", "image/png")
    assert opened(file).size == (96, 64)
    assert opened(file).format == "PNG"


def test_a_picture_says_what_was_asked_for_in_readable_contrast() -> None:
    image = opened(made("image", prompt=LONG, width=256, height=128))
    shades = image.convert("L").histogram()
    assert sum(shades[:32]) > 256 * 128 // 3
    assert sum(shades[200:]) > 100


def test_a_picture_carries_its_prompt_in_full_as_text() -> None:
    image = opened(made("image", prompt="漢字 é", seed=7, width=64, height=64))
    assert image.info["Description"] == "漢字 é"
    assert image.info["Software"] == "flux-pro, seed 7"


def test_a_picture_depends_on_model_prompt_and_seed_only() -> None:
    def content(slug: str = "flux-pro", **given: object) -> bytes:
        return generate_files("image", slug, {"width": 64, "height": 64, **given})[0].content

    assert content(prompt="x", seed=1) == content(prompt="x", seed=1, guidance=3)
    others = [
        content(prompt="x", seed=2),
        content(prompt="y", seed=1),
        content("other", prompt="x"),
    ]
    assert len({content(prompt="x", seed=1), *others}) == 4


def test_pictures_of_one_prediction_differ() -> None:
    several = generate_files("image", "m", {"prompt": "x", "n": 3, "width": 64, "height": 64})
    assert [file.name for file in several] == ["0.png", "1.png", "2.png"]
    assert len({file.content for file in several}) == len({file.etag for file in several}) == 3


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, (1024, 1024)),
        ({"aspect_ratio": "9:16"}, (576, 1024)),
        ({"aspect_ratio": "wide"}, (1024, 1024)),
        ({"aspect_ratio": "0:1"}, (1024, 1024)),
        ({"aspect_ratio": "16:9", "resolution": "1080p"}, (1920, 1080)),
        ({"aspect_ratio": "9:16", "resolution": "720p"}, (720, 1280)),
        ({"resolution": "2K"}, (2048, 2048)),
        ({"resolution": "0p"}, (1024, 1024)),
        ({"resolution": "1 MP"}, (1000, 1000)),
        ({"resolution": "640x480"}, (640, 480)),
        ({"size": "300x200"}, (300, 200)),
        ({"width": 4096, "height": 2048}, (2048, 1024)),
        ({"width": 10**400, "height": 1}, (2048, 1)),
        ({"width": float("nan"), "height": float("inf")}, (1024, 1024)),
        ({"width": -5, "height": 10}, (1024, 1024)),
        ({"width": True, "height": "9"}, (1024, 1024)),
    ],
)
def test_a_size_is_capped_and_keeps_its_shape(given: JsonObject, expected: tuple[int, int]) -> None:
    assert size(given, cap=MAX_SIDE) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, 1),
        ({"num_outputs": 3}, 3),
        ({"number_of_images": 99}, 8),
        ({"n": 2.0}, 2),
        ({"n": -1}, 1),
        ({"n": "4"}, 1),
    ],
)
def test_a_count_is_understood_in_each_spelling(given: JsonObject, expected: int) -> None:
    assert count(given) == expected


@pytest.mark.parametrize("width", [1, 39, 40, 65, 300])
@pytest.mark.parametrize("prompt", ["", "x", "é" * 700, "@#W$ " * 300, "\ud800\0 \U0001f600"])
def test_a_picture_is_as_large_as_its_sides_say(width: int, prompt: str) -> None:
    for height in (1, 40, 256):
        file = made("image", prompt=prompt, width=width, height=height)
        assert len(file.content) == file.size
        assert opened(file).size == (width, height)


def test_a_film_is_an_mp4_that_plays_while_it_loads() -> None:
    file = made("video", prompt="x")
    assert (file.name, file.media_type, file.content[4:8]) == ("0.mp4", "video/mp4", b"ftyp")
    assert len(file.content) == file.size < 8192
    found = list(boxes(file.content))
    parts, names = dict(found), [name for name, _ in found]
    assert names.index(b"moov") < names.index(b"mdat")
    assert struct.unpack(">2I", parts[b"tkhd"][-8:]) == (320 << 16, 180 << 16)
    assert struct.unpack_from(">2I", parts[b"mvhd"], 12) == (1000, 2000)
    assert parts[b"stsd"][12:16] == b"avc1"
    (count,) = struct.unpack_from(">I", parts[b"stsz"], 8)
    sizes = struct.unpack_from(f">{count}I", parts[b"stsz"], 12)
    (start,) = struct.unpack_from(">I", parts[b"stco"], 8)
    assert count == 24
    assert file.content[start - 4 : start] == b"mdat"
    assert sum(sizes) == len(parts[b"mdat"])


def test_a_film_depends_on_its_prompt_and_seed() -> None:
    given: list[JsonObject] = [{"prompt": "x"}, {"prompt": "y"}, {"prompt": "x", "seed": 1}]
    assert len({made("video", **one).content for one in given}) == 3
    assert made("video", prompt="x", fps=7).content == made("video", prompt="x").content


@pytest.mark.parametrize("kind", ["audio", "music"])
def test_a_wav_has_the_rate_and_length_asked_for(kind: str) -> None:
    asked = {"duration_seconds": 1.5, "sample_rate": 16_000, "audio_format": "wav"}
    file = made(kind, prompt="x", **asked)
    assert (file.name, file.media_type) == ("0.wav", "audio/wav")
    assert len(file.content) == file.size
    with wave.open(io.BytesIO(file.content)) as sound:
        assert (sound.getframerate(), sound.getnframes()) == (16_000, 24_000)
        frames = sound.readframes(24_000)
    assert 5_000 < max(array("h", frames)) < 32_000
    raw = made(kind, prompt="x", **asked | {"audio_format": "pcm"})
    assert (raw.name, raw.media_type, raw.size) == ("0.pcm", "audio/pcm", 48_000)
    assert raw.content == frames


@pytest.mark.parametrize("asked", [{}, {"audio_format": "mp3"}, {"audio_format": "ogg"}])
def test_an_mp3_is_frames_of_equal_length_after_a_tag(asked: JsonObject) -> None:
    file = made("audio", lyrics="la", duration_seconds=3, **asked)
    assert (file.name, file.media_type) == ("0.mp3", "audio/mpeg")
    assert len(file.content) == file.size
    assert file.content[:5] == b"ID3\x03\x00"
    tag = 10 + file.content[9]
    frames = [file.content[place : place + 144] for place in range(tag, file.size, 144)]
    # MPEG 1, layer III, 32 kbit/s at 32 kHz: 36 milliseconds each.
    assert {frame[:3] for frame in frames} == {b"\xff\xfb\x18"}
    assert len(frames) == 84


def test_a_tune_is_capped() -> None:
    asked = {"duration_seconds": 1e9, "sample_rate": 1e9}
    assert made("audio", audio_format="wav", **asked).size == 44 + 2 * 60 * 48_000
    assert made("audio", **asked).size < 250_000


@pytest.mark.parametrize("form", ["mp3", "wav"])
def test_a_tune_depends_on_its_words_and_seed(form: str) -> None:
    given: list[JsonObject] = [{"lyrics": "la"}, {"lyrics": "lo"}, {"lyrics": "la", "seed": 1}]
    asked: JsonObject = {"duration_seconds": 1, "sample_rate": 8_000, "audio_format": form}
    assert len({made("audio", **asked | one).content for one in given}) == 3


def test_a_text_quotes_its_prompt_and_repeats_itself() -> None:
    answer = generate_text("local-text", {"prompt": "What is  rain?"})
    assert answer.startswith("You asked local-text: What is rain. ")
    assert answer == generate_text("local-text", {"prompt": "What is  rain?"})
    assert answer != generate_text("local-text", {"prompt": "What is  rain?", "seed": 2})


def test_a_text_is_as_long_as_permitted() -> None:
    assert generate_text("local-text", {"max_tokens": 2}) == "This is"


def test_text_models_have_no_files() -> None:
    assert generate_files("text", "local-text", {"prompt": "x"}) == ()


def test_a_prompt_may_hold_half_a_surrogate_pair() -> None:
    for kind in ("image", "video", "audio"):
        file = made(kind, prompt="\ud800", width=64, height=64, duration_seconds=1)
        assert len(file.content) == file.size
        assert file.etag.isascii()
    assert "\ud800" in generate_text("local-text", {"prompt": "\ud800"})


def test_a_seed_may_be_too_long_to_be_written_out() -> None:
    assert made("image", seed=10**5000, width=64, height=64).content


def test_bytes_are_made_when_they_are_asked_for_and_remembered() -> None:
    file = made("image", prompt="only here", width=64, height=64)
    assert file.content is file.content
