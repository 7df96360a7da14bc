"""Keeping outputs: whatever an address looks like, files stay in their folder, whole and apart."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from skytells import NetworkError, NotFoundError, ServerError, SkytellsError
from skytells.cli.download import save, save_text


class _Handler(BaseHTTPRequestHandler):
    """Answers by the first word of the path."""

    def do_GET(self) -> None:
        word = self.path.split("/")[1]
        status = int(word) if word.isdigit() else 200
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/moved/there.png")
        self.send_header("Content-Type", "image/png; charset=x")
        self.send_header("Content-Length", "100" if word == "short" else "4")
        self.end_headers()
        self.wfile.write(b"data")

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def site() -> Iterator[str]:
    """A server of files."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/b/fox.png", "fox.png"),
        ("/fox.png?token=x/../y", "fox.png"),
        ("/..%2F..%2Fetc%2Fpasswd", "passwd.png"),
        ("/a%5Cb%3A.png", "a_b_.png"),
        ("/.bashrc", "bashrc.png"),
        ("/%2e%2e", "output.png"),
        ("/", "output.png"),
        ("/sn%C3%B6w%20fox.webp", "snöw_fox.webp"),
        ("/fox%0A%1b.png", "fox_.png"),
        (f"/{'x' * 300}.png", f"{'x' * 96}.png"),
    ],
)
def test_save_names_the_file_after_the_address_inside_the_folder(
    site: str, tmp_path: Path, path: str, name: str
) -> None:
    kept = save(site + path, tmp_path)
    assert kept == tmp_path / name
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert kept.read_bytes() == b"data"


def test_save_takes_the_next_free_name(site: str, tmp_path: Path) -> None:
    (tmp_path / "fox.png").write_text("mine")
    (tmp_path / "fox-1.png").mkdir()
    assert save(f"{site}/fox.png", tmp_path) == tmp_path / "fox-2.png"
    assert (tmp_path / "fox.png").read_text() == "mine"


def test_save_does_not_write_through_a_link(site: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "fox.png").symlink_to(tmp_path / "elsewhere.png")
    assert save(f"{site}/fox.png", folder).name == "fox-1.png"
    assert not (tmp_path / "elsewhere.png").exists()


def test_save_follows_a_redirect(site: str, tmp_path: Path) -> None:
    assert save(f"{site}/302/fox.png", tmp_path).read_bytes() == b"data"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/404/fox.png", NotFoundError),
        ("/410/fox.png", NotFoundError),
        ("/500/fox.png", ServerError),
        ("/short/fox.png", NetworkError),
    ],
)
def test_save_that_fails_leaves_nothing(
    site: str, tmp_path: Path, path: str, kind: type[SkytellsError]
) -> None:
    with pytest.raises(kind, match=path):
        save(site + path, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/fox.png", "http://[/fox.png", "file:///x"])
def test_save_of_an_address_that_cannot_be_reached_is_a_network_error(
    tmp_path: Path, url: str
) -> None:
    with pytest.raises(NetworkError):
        save(url, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_save_into_a_folder_that_is_gone_says_so(site: str, tmp_path: Path) -> None:
    with pytest.raises(SkytellsError, match="another folder"):
        save(f"{site}/fox.png", tmp_path / "gone")
    with pytest.raises(SkytellsError, match="another folder"):
        save_text("a fox", tmp_path / "gone", "fox")


def test_save_text_takes_the_next_free_name(tmp_path: Path) -> None:
    names = [save_text(text, tmp_path, "a/b").name for text in ("one", "two")]
    assert names == ["a_b.txt", "a_b-1.txt"]
    assert (tmp_path / "a_b-1.txt").read_text() == "two"
