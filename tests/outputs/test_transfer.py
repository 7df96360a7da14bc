"""Downloads over a wire that breaks, and from stores that misbehave."""

from __future__ import annotations

import errno
import gzip
import os
import pickle
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from skytells import (
    ApiErrorId,
    DownloadError,
    OutputExpiredError,
    PredictionResponse,
    SkytellsClient,
)

from ..behaviour.misbehaving import PATIENCE, Peer, Step
from ..behaviour.steps import answers, closes, drips, head, reply, resets, sends, stalls
from ..behaviour.test_open_bodies import chunk
from ..conftest import Build, Serve
from .assets import FILM, PICTURE, at, gives, made

pytestmark = pytest.mark.usefixtures("hasty")

LEFT_NOTHING: list[str] = []


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def ranges(server: Any) -> list[str | None]:
    return [request.headers.get("range") for request in server.requests]


@pytest.mark.parametrize("place", [0, 1, 5000, len(PICTURE) - 1])
@pytest.mark.parametrize("then", [Peer.close, Peer.reset])
def test_a_file_that_was_cut_goes_on_where_it_was(
    serve: Serve, build: Build, tmp_path: Path, place: int, then: Any
) -> None:
    server = serve(gives(upto=place, then=then), gives())
    client = build("sk-key", base_url=server.url)
    [path] = client.predictions.save(made(at(server)), tmp_path)
    assert path.read_bytes() == PICTURE
    assert left(tmp_path) == ["fox.png"]
    assert ranges(server)[0] is None
    if then is Peer.close and place:
        assert server.requests[1].headers["range"] == f"bytes={place}-"
        assert server.requests[1].headers["if-range"] == '"v1"'


@pytest.mark.parametrize("first", [closes(), resets(), closes(unread=True), sends(b"HTTP/1.1 2")])
def test_a_store_that_answers_nothing_is_asked_again(
    serve: Serve, build: Build, tmp_path: Path, first: Step
) -> None:
    def cut(peer: Peer) -> None:
        first(peer)
        peer.close()

    server = serve(cut, gives())
    client = build("sk-key", base_url=server.url)
    assert client.predictions.bytes(made(at(server))) == PICTURE


@pytest.mark.parametrize("place", [1_000_000, 2_500_000])
def test_a_large_file_that_was_cut_goes_on_where_it_was(
    serve: Serve, build: Build, tmp_path: Path, place: int
) -> None:
    server = serve(gives(FILM, place), gives(FILM))
    client = build("sk-key", base_url=server.url)
    [path] = client.predictions.save(made(at(server, "film.mp4")), tmp_path)
    assert path.read_bytes() == FILM
    assert ranges(server) == [None, f"bytes={place}-"]


def test_a_file_that_is_cut_again_and_again_but_goes_on_is_kept(
    serve: Serve, build: Build, tmp_path: Path
) -> None:
    mib = 1024 * 1024
    film = FILM * 3
    server = serve(*(gives(film, place * mib) for place in range(1, 9)), gives(film))
    client = build("sk-key", base_url=server.url)
    assert client.predictions.bytes(made(at(server))) == film
    assert len(server.requests) == 9


def part(start: int, total: int = len(PICTURE), etag: str = '"v1"', status: int = 206) -> Step:
    """Answers that it gives the part from `start` on, with the rest of the picture."""
    body = PICTURE[start:]
    lines = (f"content-length: {len(body)}", f"etag: {etag}")
    given = f"content-range: bytes {start}-{len(PICTURE) - 1}/{total}"
    return sends(head(*lines, given, status=status), body)


YESTERDAY = "last-modified: Tue, 24 Nov 2026 10:00:00 GMT"
TODAY = "last-modified: Wed, 25 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    "second",
    [
        answers(b"", 416, {"content-range": f"bytes */{len(PICTURE)}"}),
        part(0, 99),
        part(4000),
        part(5000, total=4),
        part(5000, etag='"v2"'),
        sends(head("content-length: 3", status=206), b"abc"),
        sends(head("content-range: what", "content-length: 3", status=206), b"abc"),
        answers(gzip.compress(b"abc"), 206, {"content-encoding": "gzip"}),
    ],
    ids=["416", "other size", "other place", "other total", "other version", "bare", "odd", "gzip"],
)
def test_a_file_whose_rest_does_not_fit_is_fetched_anew(
    serve: Serve, build: Build, tmp_path: Path, second: Step
) -> None:
    server = serve(gives(upto=5000), second, gives())
    client = build("sk-key", base_url=server.url)
    [path] = client.predictions.save(made(at(server)), tmp_path)
    assert path.read_bytes() == PICTURE
    assert ranges(server) == [None, "bytes=5000-", None]


@pytest.mark.parametrize("etag", ['"v1"', '"v2"', None, 'W/"v1"'])
def test_a_file_that_comes_whole_again_is_begun_anew(
    serve: Serve, build: Build, tmp_path: Path, etag: str | None
) -> None:
    other = PICTURE[::-1]
    whole = {"etag": etag} if etag else {}
    server = serve(gives(upto=5000), answers(other, headers=whole))
    client = build("sk-key", base_url=server.url)
    [path] = client.predictions.save(made(at(server)), tmp_path)
    assert path.read_bytes() == other


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (['etag: W/"v1"'], ['etag: W/"v2"']),
        ([YESTERDAY], [TODAY]),
        (['etag: W/"v1"', YESTERDAY], ['etag: W/"v1"', TODAY]),
    ],
    ids=["weak etags", "dates", "dates where etags do not tell"],
)
def test_two_versions_are_never_mixed_though_nothing_strong_names_them(
    serve: Serve, build: Build, before: list[str], after: list[str]
) -> None:
    """A store that minds no `If-Range`, and whose next version is as long as the last."""
    other = PICTURE[::-1]
    size = f"content-length: {len(PICTURE)}"
    given = f"content-range: bytes 5000-{len(PICTURE) - 1}/{len(PICTURE)}"
    rest = f"content-length: {len(PICTURE) - 5000}"
    server = serve(
        sends(head(size, *before), PICTURE[:5000], then=Peer.close),
        sends(head(rest, given, *after, status=206), other[5000:]),
        sends(head(size, *after), other),
    )
    client = build("sk-key", base_url=server.url)
    assert client.predictions.bytes(made(at(server))) == other
    assert ranges(server) == [None, "bytes=5000-", None]


def test_a_date_names_a_version_where_no_etag_does(serve: Serve, build: Build) -> None:
    size = f"content-length: {len(PICTURE)}"
    server = serve(sends(head(size, YESTERDAY), PICTURE[:5000], then=Peer.close), answers(PICTURE))
    assert build("sk-key", base_url=server.url).predictions.bytes(made(at(server))) == PICTURE
    assert server.requests[1].headers["if-range"] == YESTERDAY.partition(": ")[2]


def test_a_part_that_nobody_asked_for_is_refused(serve: Serve, build: Build) -> None:
    server = serve(part(5000))
    with pytest.raises(DownloadError, match="HTTP 206"):
        build("sk-key", base_url=server.url).predictions.bytes(made(at(server)))


@pytest.mark.parametrize(
    ("step", "id"),
    [
        (gives(upto=0), ApiErrorId.NETWORK_ERROR),
        (gives(upto=5000, etag=None), ApiErrorId.NETWORK_ERROR),
        (sends(head("content-length: 9"), b"1234", then=Peer.close), ApiErrorId.NETWORK_ERROR),
        (answers({}, 503), ApiErrorId.HTTP_ERROR),
        (answers({}, 429), ApiErrorId.HTTP_ERROR),
        (closes(), ApiErrorId.NETWORK_ERROR),
    ],
)
def test_a_store_that_goes_on_failing_is_given_up_and_nothing_is_left(
    serve: Serve, build: Build, tmp_path: Path, step: Step, id: str
) -> None:
    server = serve(step)
    client = build("sk-key", base_url=server.url)
    with pytest.raises(DownloadError, match=r"client\.predictions\.save\('p1'\)") as caught:
        client.predictions.save(made(at(server)), tmp_path)
    assert len(server.requests) == 5
    assert (caught.value.error_id, caught.value.retryable) == (id, True)
    assert caught.value.prediction_id == "p1"
    assert left(tmp_path) == LEFT_NOTHING


@pytest.mark.parametrize("status", [204, 300, 304, 400, 401, 407, 451, 501])
def test_a_store_that_refuses_is_not_pressed(
    serve: Serve, build: Build, tmp_path: Path, status: int
) -> None:
    server = serve(sends(head("content-length: 0", status=status)))
    with pytest.raises(DownloadError, match=f"HTTP {status}") as caught:
        build("sk-key", base_url=server.url).predictions.save(made(at(server)), tmp_path)
    assert caught.value.http_status == status
    assert len(server.requests) == 1
    assert left(tmp_path) == LEFT_NOTHING


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_file_that_is_gone_says_since_when(
    serve: Serve, build: Build, tmp_path: Path, status: int
) -> None:
    server = serve(answers(b"<html>", status))
    client = build("sk-key", base_url=server.url)
    ended = made(at(server), completed_at="2026-01-02T03:04:05Z")
    with pytest.raises(OutputExpiredError) as caught:
        client.predictions.save(ended, tmp_path)
    assert "this one until 2026-01-02 03:09:05 UTC" in str(caught.value)
    assert "download_to" in str(caught.value)
    assert (caught.value.error_id, caught.value.http_status) == ("OUTPUT_EXPIRED", status)
    assert len(server.requests) == 1
    assert left(tmp_path) == LEFT_NOTHING
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.prediction_id, str(again)) == ("p1", str(caught.value))


@pytest.mark.parametrize("told", [{"metadata": {"data_available": False}}, {"data_removed": True}])
def test_outputs_that_are_not_even_listed_any_more_are_no_success(
    build: Build, tmp_path: Path, told: dict[str, Any]
) -> None:
    """An empty list of paths would say that there was nothing to keep."""
    ended = {"completed_at": "2026-01-01T00:00:00Z", **told}
    purged = PredictionResponse.from_wire(
        {"id": "p1", "status": "succeeded", "output": None, **ended}
    )
    api = build("sk-key").predictions

    def opened() -> None:
        with api.open(purged):
            pytest.fail("not reached")

    acts: list[Callable[[], object]] = [
        lambda: api.save(purged, tmp_path),
        lambda: api.bytes(purged),
        opened,
    ]
    for act in acts:
        with pytest.raises(
            OutputExpiredError, match="this one until 2026-01-01 00:05:00"
        ) as caught:
            act()
        assert caught.value.prediction_id == "p1"
        assert caught.value.error_id == ApiErrorId.OUTPUT_EXPIRED
    failed = PredictionResponse.from_wire({"id": "p2", "status": "failed", **ended})
    assert api.save(failed, tmp_path) == []


def test_a_file_that_is_gone_too_early_says_what_to_look_at(serve: Serve, build: Build) -> None:
    client = build("sk-key", base_url=(server := serve(answers({}, 404))).url)
    now = datetime.now(UTC)
    with pytest.raises(OutputExpiredError, match="another address by now"):
        client.predictions.bytes(made(at(server), completed_at=now.isoformat()))
    with pytest.raises(OutputExpiredError, match=r"for five minutes\. Run the model again"):
        client.predictions.bytes(made(at(server)))


def test_a_failure_says_until_when_it_can_be_tried_again(serve: Serve, build: Build) -> None:
    client = build("sk-key", base_url=(server := serve(answers({}, 400))).url)
    now = datetime.now(UTC)
    until = f"{now + timedelta(minutes=5):%H:%M:%S UTC}"
    with pytest.raises(DownloadError, match=f"again, until .*{until}"):
        client.predictions.bytes(made(at(server), completed_at=now.isoformat()))


def test_more_than_was_declared_is_not_taken(serve: Serve, build: Build, tmp_path: Path) -> None:
    server = serve(sends(head("content-length: 4"), b"data and more"), gives())
    client = build("sk-key", base_url=server.url)
    assert client.predictions.bytes(made(at(server))) == b"data"
    assert client.predictions.bytes(made(at(server))) == PICTURE
    assert server.connections == 2


def test_a_body_without_length_is_whole_when_it_ends(
    serve: Serve, build: Build, tmp_path: Path
) -> None:
    server = serve(sends(head("content-type: image/png"), PICTURE, then=Peer.close))
    client = build("sk-key", base_url=server.url)
    [path] = client.predictions.save(made(at(server)), tmp_path)
    assert path.read_bytes() == PICTURE


def listed(url: str, size: int) -> dict[str, Any]:
    return {"storage": {"files": [{"name": "a.png", "size": size, "url": url}]}}


def test_a_body_without_length_is_compared_with_the_size_that_is_listed(
    serve: Serve, build: Build, tmp_path: Path
) -> None:
    server = serve(sends(head(), PICTURE[:5000], then=Peer.close), part(5000))
    client = build("sk-key", base_url=server.url)
    prediction = made(at(server), metadata=listed(at(server), len(PICTURE)))
    assert client.predictions.bytes(prediction) == PICTURE
    assert ranges(server) == [None, "bytes=5000-"]


@pytest.mark.parametrize("size", [1, 10**9])
def test_the_length_on_the_wire_counts_more_than_the_size_that_is_listed(
    serve: Serve, build: Build, size: int
) -> None:
    server = serve(gives())
    client = build("sk-key", base_url=server.url)
    url = at(server)
    assert client.predictions.bytes(made(url, metadata=listed(url, size))) == PICTURE


def test_a_chunked_body_is_whole_at_its_last_chunk(serve: Serve, build: Build) -> None:
    chunked = head("transfer-encoding: chunked")
    server = serve(
        sends(chunked, chunk(b"one "), then=Peer.close),
        sends(chunked, chunk(b"one "), chunk(b"two"), b"0\r\n\r\n"),
    )
    client = build("sk-key", base_url=server.url)
    assert client.predictions.bytes(made(at(server))) == b"one two"


def test_a_body_that_is_encoded_unasked_is_decoded(serve: Serve, build: Build) -> None:
    server = serve(answers(gzip.compress(PICTURE), headers={"content-encoding": "gzip"}))
    client = build("sk-key", base_url=server.url)
    assert client.predictions.bytes(made(at(server))) == PICTURE
    assert server.requests[0].headers["accept-encoding"] == "identity"


def test_silence_is_borne_for_as_long_as_the_timeout(
    serve: Serve, build: Build, tmp_path: Path
) -> None:
    server = serve(stalls(), gives(upto=5000, then=Peer.hold), gives())
    client = build("sk-key", base_url=server.url, timeout=1_000)
    [path] = client.predictions.save(made(at(server)), tmp_path)
    assert path.read_bytes() == PICTURE
    assert ranges(server) == [None, None, "bytes=5000-"]
    assert server.was_cut(2)


@pytest.mark.parametrize(
    "step",
    [stalls(), drips(head("content-length: 99999"), b"x"), gives(upto=9, then=Peer.hold)],
    ids=["head", "drips", "body"],
)
def test_max_wait_ends_it(serve: Serve, build: Build, tmp_path: Path, step: Step) -> None:
    server = serve(step)
    client = build("sk-key", base_url=server.url, timeout=None)
    with pytest.raises(DownloadError) as caught:
        client.predictions.save(made(at(server)), tmp_path, max_wait=1_000)
    assert caught.value.error_id == ApiErrorId.REQUEST_TIMEOUT
    assert len(server.requests) == 1
    assert left(tmp_path) == LEFT_NOTHING
    assert server.was_cut()


@pytest.mark.parametrize("first", [gives(), sends(head(), PICTURE, then=Peer.close)])
def test_max_bytes_is_the_largest_that_is_taken(
    serve: Serve, build: Build, tmp_path: Path, first: Step
) -> None:
    server = serve(first)
    client = build("sk-key", base_url=server.url)
    with pytest.raises(DownloadError, match=r"max_bytes \(5,000 bytes\)"):
        client.predictions.save(made(at(server)), tmp_path, max_bytes=5000)
    assert len(server.requests) == 1
    assert left(tmp_path) == LEFT_NOTHING
    assert client.predictions.bytes(made(at(server)), max_bytes=len(PICTURE)) == PICTURE


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_disk_that_refuses_leaves_nothing(
    serve: Serve, build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(number: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    server = serve(gives())
    client = build("sk-key", base_url=server.url)
    with pytest.raises(DownloadError, match=os.strerror(code)) as caught:
        client.predictions.save(made(at(server)), tmp_path)
    assert caught.value.prediction_id == "p1"
    assert left(tmp_path) == LEFT_NOTHING
    monkeypatch.undo()


def test_a_disk_that_is_full_midway_leaves_nothing(
    serve: Serve, build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skytells.outputs.disk.PartialFile.write", _full)
    server = serve(gives(FILM))
    client = build("sk-key", base_url=server.url)
    with pytest.raises(DownloadError, match="Make room"):
        client.predictions.save(made(at(server)), tmp_path)
    assert left(tmp_path) == LEFT_NOTHING
    server.close()
    assert server.is_alone()


def _full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_is_never_seen_half(serve: Serve, build: Build, tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def watched(peer: Peer) -> None:
        peer.read()
        peer.send(head(f"content-length: {len(FILM)}") + FILM[:-1])
        # The rest goes once most of it is on the disk.
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not any(
            p.stat().st_size > 10**6 for p in tmp_path.iterdir()
        ):
            time.sleep(0.002)
        seen.append(left(tmp_path))
        peer.send(FILM[-1:])

    server = serve(watched)
    client = build("sk-key", base_url=server.url)
    [path] = client.predictions.save(made(at(server)), tmp_path)
    [[name]] = seen
    assert name.startswith(".skytells-")
    assert name.endswith(".part")
    assert path.read_bytes() == FILM
    assert left(tmp_path) == ["fox.png"]


def test_what_can_be_kept_of_many_is_kept(serve: Serve, build: Build, tmp_path: Path) -> None:
    def step(peer: Peer) -> None:
        gone = "gone" in peer.read().target
        peer.send(reply({}, 404) if gone else reply(PICTURE))

    server = serve(step)
    client = build("sk-key", base_url=server.url)
    urls = [at(server, name) for name in ("a.png", "gone.png", "c.png", "gone.png", "e.png")]
    with pytest.raises(OutputExpiredError, match="2 of 5 outputs were not kept") as caught:
        client.predictions.save(made(*urls), tmp_path)
    error = caught.value
    kept = [path.name if path else None for path in error.paths]
    assert kept == ["a.png", None, "c.png", None, "e.png"]
    assert [type(each) for each in error.errors if each] == [OutputExpiredError] * 2
    assert left(tmp_path) == ["a.png", "c.png", "e.png"]


def test_many_of_which_none_is_kept_say_so(serve: Serve, build: Build, tmp_path: Path) -> None:
    def step(peer: Peer) -> None:
        peer.read()
        peer.send(reply({}, 404))

    server = serve(step)
    gone = made(at(server, "a.png"), at(server, "b.png"))
    with pytest.raises(OutputExpiredError, match=r"^None of 2 outputs was kept\. a\.png of"):
        build("sk-key", base_url=server.url).predictions.save(gone, tmp_path)


def test_run_that_cannot_keep_its_outputs_has_not_lost_them(
    client: SkytellsClient, platform: Any, tmp_path: Path
) -> None:
    platform.fault(path="/assets/*", status=500)
    with pytest.raises(DownloadError) as caught:
        client.run("flux-pro", input={"prompt": "A cat"}, download_to=tmp_path)
    assert caught.value.prediction is not None
    assert caught.value.prediction.status == "succeeded"
    assert f"client.predictions.save('{caught.value.prediction_id}')" in str(caught.value)
    platform.clear_faults()
    [path] = client.predictions.save(caught.value.prediction, tmp_path)
    assert path.stat().st_size
