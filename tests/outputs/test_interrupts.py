"""Downloads that end early: interrupts, cancellations, callbacks that raise; and what they leave."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from pathlib import Path

import httpx
import pytest

from skytells import (
    ApiErrorId,
    AsyncSkytellsClient,
    DownloadError,
    InvalidRequestError,
    SkytellsClient,
)

from ..behaviour.misbehaving import PATIENCE, Peer, Server
from ..behaviour.steps import answers, floods, head
from ..conftest import Build, Serve
from .assets import FILM, PICTURE, at, gives, made

pytestmark = pytest.mark.usefixtures("hasty")


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def endless(serve: Serve) -> Server:
    return serve(floods(head(f"content-length: {10**10}"), b"x" * 65536))


def await_files(folder: Path, files: int) -> None:
    """Wait until so many files are begun and have some content."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        sizes = [path.stat().st_size for path in folder.iterdir()]
        if len(sizes) == files and all(sizes):
            return
        time.sleep(0.002)
    raise TimeoutError


@pytest.mark.parametrize("files", [1, 3])
def test_an_interrupt_leaves_nothing_and_the_client_usable(
    serve: Serve, tmp_path: Path, files: int
) -> None:
    server = endless(serve)

    def interrupt() -> None:
        await_files(tmp_path, files)
        os.kill(os.getpid(), signal.SIGINT)

    with SkytellsClient("sk-key", base_url=server.url) as client:
        thread = threading.Thread(target=interrupt, daemon=True)
        thread.start()
        with pytest.raises(KeyboardInterrupt) as caught:
            client.predictions.save(made(*[at(server)] * files), tmp_path)
        thread.join()
        assert left(tmp_path) == []
        assert server.was_cut(files)
        assert vars(caught.value)["prediction"].id == "p1"
        assert "client.predictions.save('p1')" in str(caught.value.__notes__)
        other = serve(gives())
        assert client.predictions.bytes(made(at(other))) == PICTURE


@pytest.mark.parametrize("files", [1, 3])
def test_a_task_that_is_cancelled_leaves_nothing(serve: Serve, tmp_path: Path, files: int) -> None:
    server = endless(serve)

    async def main() -> None:
        async with AsyncSkytellsClient("sk-key", base_url=server.url) as client:
            saving = client.predictions.save(made(*[at(server)] * files), tmp_path)
            task = asyncio.create_task(saving)
            await asyncio.to_thread(await_files, tmp_path, files)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert left(tmp_path) == []
            assert await asyncio.to_thread(server.was_cut, files)

    asyncio.run(main())


async def test_a_file_whose_task_is_cancelled_while_it_is_made_is_not_made(tmp_path: Path) -> None:
    from skytells.outputs.disk import PartialFile
    from skytells.outputs.transfer import Piece

    part = PartialFile(tmp_path)
    part.discard()
    with pytest.raises(InterruptedError):
        part.write(Piece(0, [b"x"]))
    assert left(tmp_path) == []


@pytest.mark.parametrize("files", [1, 3])
def test_what_a_progress_callback_raises_is_raised_and_nothing_is_left(
    serve: Serve, build: Build, tmp_path: Path, files: int
) -> None:
    server = serve(gives(FILM))
    client = build("sk-key", base_url=server.url)

    def fails(come: int, total: int | None) -> None:
        raise OSError("mine")

    with pytest.raises(OSError, match="mine") as caught:
        client.predictions.save(made(*[at(server)] * files), tmp_path, progress=fails)
    assert type(caught.value) is OSError
    assert vars(caught.value)["prediction"].id == "p1"
    assert left(tmp_path) == []


def test_progress_counts_all_outputs_together(serve: Serve, build: Build, tmp_path: Path) -> None:
    server = serve(gives(FILM))
    client = build("sk-key", base_url=server.url)
    seen: list[tuple[int, int | None]] = []
    client.predictions.save(
        made(*[at(server)] * 2), tmp_path, progress=lambda come, total: seen.append((come, total))
    )
    assert seen[-1] == (2 * len(FILM), 2 * len(FILM))
    assert [come for come, _ in seen] == sorted(come for come, _ in seen)
    assert len(seen) > 4


def test_progress_without_a_length_has_no_total(serve: Serve, build: Build, tmp_path: Path) -> None:
    def step(peer: Peer) -> None:
        peer.read()
        peer.send(head() + PICTURE)
        peer.close()

    server = serve(step)
    client = build("sk-key", base_url=server.url)
    seen: list[tuple[int, int | None]] = []
    client.predictions.save(
        made(at(server)), tmp_path, progress=lambda come, total: seen.append((come, total))
    )
    assert set(seen) == {(len(PICTURE), None)}


async def not_plain(come: int, total: int | None) -> None:
    """Never called."""


@pytest.mark.parametrize("progress", [5, not_plain])
def test_a_progress_that_cannot_be_called_is_refused(
    build: Build, tmp_path: Path, progress: object
) -> None:
    with pytest.raises(InvalidRequestError, match="progress must be a"):
        build("sk-key").predictions.save(made("https://x.test/a.png"), tmp_path, progress=progress)  # type: ignore[arg-type]


def test_a_reader_goes_on_where_the_wire_broke(serve: Serve, build: Build) -> None:
    server = serve(gives(FILM, 1_000_000), gives(FILM))
    client = build("sk-key", base_url=server.url)
    with client.predictions.open(made(at(server))) as output:
        assert output.size == len(FILM)
        assert b"".join(output) == FILM
        assert output.read() == b""


def test_a_reader_never_mixes_two_versions(serve: Serve, build: Build) -> None:
    server = serve(gives(FILM, 1_000_000), gives(FILM[::-1], etag='"v2"'))
    client = build("sk-key", base_url=server.url)
    with (
        client.predictions.open(made(at(server))) as output,
        pytest.raises(DownloadError, match="Open it anew") as caught,
    ):
        output.read()
    assert caught.value.error_id == ApiErrorId.NETWORK_ERROR
    assert caught.value.prediction_id == "p1"


def test_a_reader_that_is_left_early_frees_its_connection(serve: Serve, build: Build) -> None:
    server = endless(serve)
    client = build("sk-key", base_url=server.url)
    with client.predictions.open(made(at(server))) as output:
        assert (output.name, output.size) == ("fox.png", 10**10)
    assert server.was_cut()


def test_a_reader_that_is_not_open_says_how_it_is(build: Build) -> None:
    output = build("sk-key").predictions.open(made("https://x.test/a.png"))
    with pytest.raises(InvalidRequestError, match=r"as `with prediction\.open"):
        _ = output.size
    with pytest.raises(InvalidRequestError, match="not open yet"):
        output.read()
    output.close()


def test_a_reader_that_was_left_is_not_read_on(serve: Serve, build: Build) -> None:
    server = serve(gives())
    client = build("sk-key", base_url=server.url)
    with client.predictions.open(made(at(server))) as output:
        pass
    with pytest.raises(InvalidRequestError, match="Open it anew"):
        output.read()
    assert (output.type, output.size) == ("image/png", len(PICTURE))
    assert len(server.requests) == 1
    assert server.is_alone()


def test_a_reader_of_what_is_gone_is_not_entered(serve: Serve, build: Build) -> None:
    server = serve(answers({}, 404))
    client = build("sk-key", base_url=server.url)
    with (
        pytest.raises(DownloadError, match="is gone"),
        client.predictions.open(made(at(server))),
    ):
        pytest.fail("not reached")


def test_nothing_of_a_clients_own_goes_to_a_store(serve: Serve, colour: str) -> None:
    server = serve(gives())
    own = {"x-mine": "secret-header", "authorization": "Bearer secret-token"}
    options = {
        "headers": own,
        "cookies": {"session": "secret-cookie"},
        "params": {"token": "secret-param"},
        "auth": ("user", "secret-password"),
    }
    if colour == "sync":
        with httpx.Client(**options) as inner:  # type: ignore[arg-type]
            client = SkytellsClient("sk-secret", base_url=server.url, http_client=inner)
            assert client.predictions.bytes(made(at(server))) == PICTURE
    else:

        async def main() -> None:
            async with httpx.AsyncClient(**options) as inner:  # type: ignore[arg-type]
                client = AsyncSkytellsClient("sk-secret", base_url=server.url, http_client=inner)
                assert await client.predictions.bytes(made(at(server))) == PICTURE

        asyncio.run(main())
    [request] = server.requests
    assert b"secret" not in request.raw
    assert request.target == "/assets/fox.png"
    assert set(request.headers) <= {"host", "accept", "accept-encoding", "user-agent", "range"}
