"""Calls of the default client are recorded on the local platform and replayed with nobody there."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest

import skytells.local
from skytells import SkytellsClient
from skytells.local import LocalPlatform

from ..conftest import Build
from .conftest import Serve
from .steps import answers
from .test_transport import AT_ONCE

vcr: Any = import_module("vcr")  # it has no types

RECIPE: Final = {"filter_headers": ["x-api-key", "authorization"]}
"""What keeps the key out of cassettes; docs/testing.md shows it."""
KEYS: Final = ("sk-the-key-of-recordings", "wfb_the-key-of-recordings")


def session(client: SkytellsClient) -> list[Any]:
    """Something of all that a client does: paid and free calls, a stream, outputs, a refusal."""
    prediction = client.run("flux-pro", input={"prompt": "A cat"}, interval=1)
    chunks = client.chat.completions.create(
        model="gpt-5", messages=[{"role": "user", "content": "Hello"}], stream=True
    )
    with pytest.raises(skytells.NotFoundError) as caught:
        client.predictions.get("nothing-of-this-id")
    return [
        prediction.id,
        prediction.bytes(0, allow_private=True),
        [chunk.choices[0].delta.content for chunk in chunks if chunk.choices],
        [model.namespace for model in client.models.list()],
        [workflow.id for workflow in client.orchestrator.workflows.list()],
        str(caught.value),
    ]


def of(build: Build, platform: LocalPlatform) -> SkytellsClient:
    return build(
        KEYS[0],
        base_url=platform.url,
        orchestrator_key=KEYS[1],
        orchestrator_base_url=platform.orchestrator_url,
        retry=AT_ONCE,
    )


def test_a_session_is_recorded_without_keys_and_replayed_offline(
    build: Build, tmp_path: Path
) -> None:
    cassette = tmp_path / "session.yaml"
    recorder = vcr.VCR(**RECIPE)
    with skytells.local.serve(speed=1000.0, key=KEYS[0], orchestrator_key=KEYS[1]) as platform:
        client = of(build, platform)
        client.warm_up()
        with recorder.use_cassette(str(cassette)):
            recorded = session(client)
    assert len(recorded[1]) > 1000
    assert recorded[2]
    written = cassette.read_text()
    assert "A cat" in written
    assert not [key for key in KEYS if key in written]
    # Nobody listens there any more, neither for this client nor for a new one.
    for each in (client, of(build, platform)):
        with recorder.use_cassette(str(cassette), record_mode="none"):
            assert session(each) == recorded


def test_a_recording_frees_the_connections_it_used(build: Build, tmp_path: Path) -> None:
    with skytells.local.serve(speed=1000.0) as platform:
        client = build(platform.key, base_url=platform.url)
        with vcr.VCR(**RECIPE).use_cassette(str(tmp_path / "many.yaml")):
            for _ in range(120):  # more than may be in flight
                client.models.get("flux-pro")


TESTS: Final = """
    import os
    import pytest
    from skytells import AsyncSkytellsClient, SkytellsClient

    @pytest.fixture(scope="module")
    def vcr_config():
        return {"filter_headers": ["x-api-key", "authorization"]}

    @pytest.mark.vcr
    def test_sync():
        with SkytellsClient() as client:
            assert client.run("flux-pro", input={"prompt": "A cat"}).outputs

    @pytest.mark.vcr
    @pytest.mark.asyncio
    async def test_async():
        async with AsyncSkytellsClient() as client:
            prediction = await client.run("flux-pro", input={"prompt": "A cat"})
            assert prediction.outputs

    def test_the_plugin_of_skytells_is_there_too(skytells_client):
        assert skytells_client.models.list()
"""


def test_pytest_recording_records_and_replays_offline(tmp_path: Path) -> None:
    (tmp_path / "test_recorded.py").write_text(textwrap.dedent(TESTS))

    def run(url: str, *options: str) -> None:
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options],
            cwd=tmp_path,
            env={**os.environ, "SKYTELLS_API_KEY": KEYS[0], "SKYTELLS_BASE_URL": url},
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout

    with skytells.local.serve(speed=1000.0, key=KEYS[0]) as platform:
        run(platform.url, "--record-mode=once")
    written = "".join(file.read_text() for file in tmp_path.glob("cassettes/*/*.yaml"))
    assert written.count("A cat") >= 2
    assert KEYS[0] not in written
    run(platform.url, "--record-mode=none", "--block-network", "--allowed-hosts=127.0.0.1")


def test_the_address_of_a_redirect_is_in_the_recording(
    build: Build, serve: Serve, tmp_path: Path
) -> None:
    here = serve(answers(b"picture", headers={"content-type": "image/png"}))
    moved = serve(answers(b"", 302, {"location": here.url}))
    prediction = {"id": "p1", "status": "succeeded", "output": [f"{moved.url}/0.png"]}
    client = build(KEYS[0], base_url=serve(answers(prediction)).url)
    recorder, cassette = vcr.VCR(**RECIPE), str(tmp_path / "moved.yaml")
    for _ in range(2):
        with recorder.use_cassette(cassette):
            assert client.predictions.bytes("p1", 0, allow_private=True) == b"picture"
    assert (len(moved.requests), len(here.requests)) == (1, 1)
