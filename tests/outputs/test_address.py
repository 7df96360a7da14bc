"""Where outputs may come from, and under which name they are kept."""

from __future__ import annotations

import os
import socket
import ssl
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import pytest
import trustme

from skytells import ApiErrorId, DownloadError, InvalidRequestError, PredictionResponse

from ..behaviour.steps import head, sends
from ..conftest import Build, Serve
from .assets import PICTURE, at, gives, made

KEY = "sk-a-key-that-must-not-leave"


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def redirects(to: str, status: int = 302) -> Any:
    return sends(head(f"location: {to}", "content-length: 0", status=status))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_without_the_key(serve: Serve, build: Build, status: int) -> None:
    store = serve(gives())
    server = serve(redirects(at(store), status))
    client = build(KEY, base_url=server.url, headers={"x-mine": "1"})
    assert client.predictions.bytes(made(at(server))) == PICTURE
    for request in (*server.requests, *store.requests):
        assert KEY.encode() not in request.raw
        assert set(request.headers) == {"host", "accept", "accept-encoding", "user-agent"}
    assert store.requests[0].headers["host"] == f"127.0.0.1:{store.port}"


def test_the_key_does_not_even_go_to_a_file_on_the_apis_own_origin(
    serve: Serve, build: Build, tmp_path: Path
) -> None:
    server = serve(gives())
    build(KEY, base_url=server.url).predictions.save(made(at(server)), tmp_path)
    assert KEY.encode() not in server.requests[0].raw


def test_redirects_are_bounded(serve: Serve, build: Build) -> None:
    server = serve(redirects("/assets/fox.png"))
    with pytest.raises(DownloadError, match="more than 3 redirects") as caught:
        build(KEY, base_url=server.url).predictions.bytes(made(at(server)))
    assert caught.value.error_id == ApiErrorId.UNEXPECTED_REDIRECT
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "to",
    [
        "http://cdn.example/fox.png",
        "https://10.0.0.1/fox.png",
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00::1]/fox.png",
        "https://user:password@cdn.example/",
        "ftp://cdn.example/fox.png",
        "file:///etc/passwd",
        "https://[/",
        "//[",
    ],
)
def test_a_redirect_is_checked_like_the_first_address(
    serve: Serve, build: Build, tmp_path: Path, to: str
) -> None:
    server = serve(redirects(to))
    with pytest.raises(DownloadError, match="allow_private=True") as caught:
        build(KEY, base_url=server.url).predictions.save(made(at(server)), tmp_path)
    assert caught.value.error_id == ApiErrorId.ADDRESS_REFUSED
    assert "password" not in str(caught.value)
    assert len(server.requests) == 1
    assert left(tmp_path) == []


NOT_PUBLIC = [
    "127.0.0.1",
    "10.1.2.3",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # an address to refuse
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fd00::1",
    "fec0::1",
    "ff02::1",
    # Each holds an IPv4 address, and some network may deliver it there.
    "::ffff:10.1.2.3",
    "::10.1.2.3",
    "::ffff:0:10.1.2.3",
    "2002:a01:203::1",
    "64:ff9b::10.1.2.3",
    "64:ff9b:1::10.1.2.3",
    "2001:0:a01:203::1",
]


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Have every name resolved to these; returns the names that were asked for."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if not name.endswith(".example"):
            return real(host, port, *args, **options)
        asked.append(name)
        found = addresses if len(asked) == 1 else ("127.0.0.1",)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_a_name_that_leads_to_a_private_address_is_refused(
    serve: Serve, build: Build, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    asked = resolving(monkeypatch, address)
    server = serve(gives())
    client = build(KEY, base_url="https://api.skytells.ai/v1")
    with pytest.raises(DownloadError, match="private network or of this machine") as caught:
        client.predictions.bytes(made(f"https://cdn.example:{server.port}/fox.png"))
    assert caught.value.error_id == ApiErrorId.ADDRESS_REFUSED
    assert asked == ["cdn.example"]
    assert server.connections == 0


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_a_private_address_that_is_written_out_is_refused(build: Build, address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    client = build(KEY, base_url="https://api.skytells.ai/v1")
    with pytest.raises(DownloadError) as caught:
        client.predictions.bytes(made(f"https://{host}/fox.png"))
    assert caught.value.error_id == ApiErrorId.ADDRESS_REFUSED


def is_any(address: IPv4Address | IPv6Address) -> bool:
    return True


def is_elsewhere(address: IPv4Address | IPv6Address) -> bool:
    return not address.is_loopback


def test_a_name_that_changes_its_address_after_the_check_leads_nowhere(
    serve: Serve, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(gives())
    # A public address at first, where nobody answers, and this machine ever after.
    asked = resolving(monkeypatch, "192.0.2.1")
    monkeypatch.setattr("skytells._http.network.is_public", is_elsewhere)
    client = build(KEY, base_url="https://api.skytells.ai/v1", timeout=300)
    with pytest.raises(DownloadError):
        client.predictions.bytes(made(f"https://cdn.example:{server.port}/fox.png"))
    assert asked
    assert server.connections == 0


@pytest.mark.parametrize("named", ["cdn.example", "another.example"])
def test_a_store_proves_its_name_though_its_address_was_chosen(
    serve: Serve, build: Build, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: str
) -> None:
    """The connection goes to the address that was looked at; TLS still asks for the name."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate: Any = authority.issue_cert(named)
    certificate.configure_cert(context)
    server = serve(gives(), tls=context)
    asked = resolving(monkeypatch, "127.0.0.1")
    monkeypatch.setattr("skytells._http.network.is_public", is_any)
    client = build(KEY, base_url="https://api.skytells.ai/v1")
    output = made(f"https://cdn.example:{server.port}/fox.png")
    if named == "cdn.example":
        [path] = client.predictions.save(output, tmp_path)
        assert path.read_bytes() == PICTURE
        assert server.requests[0].headers["host"] == f"cdn.example:{server.port}"
    else:
        with pytest.raises(DownloadError, match="certificate is not trusted"):
            client.predictions.save(output, tmp_path)
        assert server.requests == []
    assert asked == ["cdn.example"]


def test_a_store_inside_is_allowed_on_request(
    serve: Serve, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, "127.0.0.1")
    server = serve(gives())
    client = build(KEY, base_url="https://api.skytells.ai/v1")
    output = made(f"http://cdn.example:{server.port}/fox.png")
    assert client.predictions.bytes(output, allow_private=True) == PICTURE
    with pytest.raises(DownloadError, match="plain http"):
        client.predictions.bytes(output)


def test_the_apis_own_host_may_be_inside(
    serve: Serve, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, "127.0.0.1")
    server = serve(gives())
    client = build(KEY, base_url=f"http://store.example:{server.port}", allow_http=True)
    mine = made(f"http://store.example:{server.port}/fox.png")
    assert client.predictions.bytes(mine) == PICTURE
    assert server.connections == 1


HOSTILE = [
    ("/a/b/fox.png", "fox.png"),
    ("/fox.png?token=x/../y", "fox.png"),
    ("/..%2F..%2Fetc%2Fpasswd", "etc_passwd.png"),
    ("/a%5Cb%3A.png", "a_b_.png"),
    ("/.bashrc", "output.png"),
    ("/-rf.png", "rf.png"),
    ("/%2e%2e", "output.png"),
    ("/", "output.png"),
    ("", "output.png"),
    ("/sn%C3%B6w%20fox.webp", "snow fox.webp"),
    ("/fox%0A%1b.png", "fox_.png"),
    ("/fox.png%00.exe", "fox.png_.exe"),
    ("/CON.png", "_CON.png"),
    ("/nul", "_nul.png"),
    ("/fox.png.%20.", "fox.png"),
    (f"/{'x' * 300}.png", f"{'x' * 106}.png"),
    ("/%E7%8B%90%E7%8B%B8.png", "output.png"),
]


@pytest.mark.parametrize(("path", "name"), HOSTILE)
def test_a_file_is_named_after_its_address_and_stays_in_its_folder(
    serve: Serve, build: Build, tmp_path: Path, path: str, name: str
) -> None:
    server = serve(gives())
    folder = tmp_path / "folder"
    origin = server.url.removesuffix("/v1")
    [kept] = build(KEY, base_url=server.url).predictions.save(made(origin + path), folder)
    assert kept == folder / name
    assert left(folder) == [name]
    assert left(tmp_path) == ["folder"]


@pytest.mark.parametrize(
    "name", ["../up.png", "/etc/up.png", "..\\up.png", "C:\\up.png", "a/up.png"]
)
def test_a_listed_name_stays_in_the_folder(
    serve: Serve, build: Build, tmp_path: Path, name: str
) -> None:
    server = serve(gives())
    storage = {"files": [{"name": name, "type": "image/png", "url": at(server, "x.png")}]}
    prediction = made(at(server, "x.png"), metadata={"storage": storage})
    [kept] = build(KEY, base_url=server.url).predictions.save(prediction, tmp_path / "f")
    assert kept.parent == tmp_path / "f"
    assert kept.name.endswith("up.png")
    assert left(tmp_path) == ["f"]


def test_names_that_are_taken_are_numbered(serve: Serve, build: Build, tmp_path: Path) -> None:
    server = serve(gives())
    client = build(KEY, base_url=server.url)
    (tmp_path / "fox.png").write_text("mine")
    (tmp_path / "fox-2.png").mkdir()
    (tmp_path / "fox-3.png").symlink_to(tmp_path / "elsewhere.png")
    paths = client.predictions.save(made(at(server), at(server, "FOX.png")), tmp_path)
    assert sorted(path.name for path in paths) == ["FOX-2.png", "fox-4.png"]
    assert (tmp_path / "fox.png").read_text() == "mine"
    assert not (tmp_path / "elsewhere.png").exists()


@pytest.mark.parametrize("overwrite", [True, False])
def test_many_outputs_for_one_name_are_numbered(
    serve: Serve, build: Build, tmp_path: Path, overwrite: bool
) -> None:
    server = serve(gives())
    client = build(KEY, base_url=server.url)
    paths = client.predictions.save(
        made(*[at(server)] * 3), tmp_path / "cat.png", overwrite=overwrite
    )
    assert [path.name for path in paths] == ["cat.png", "cat-2.png", "cat-3.png"]
    assert left(tmp_path) == sorted(path.name for path in paths)


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_suffix_that_only_the_store_knows_makes_no_two_outputs_one(
    serve: Serve, build: Build, tmp_path: Path, overwrite: bool
) -> None:
    server = serve(gives())
    client = build(KEY, base_url=server.url)
    for name in ("fox.png", "fox-2.png"):
        (tmp_path / name).write_text("mine")
    output = [at(server, name) for name in ("fox", "fox.png", "fox-2.png")]
    paths = client.predictions.save(made(*output), tmp_path, overwrite=overwrite)
    assert len({path.name for path in paths}) == 3
    assert [path.read_bytes() for path in paths] == [PICTURE] * 3
    mine = [path for path in tmp_path.iterdir() if path.read_bytes() == b"mine"]
    assert len(mine) == (0 if overwrite else 2)


def test_a_file_is_replaced_if_asked_and_a_link_is_not_followed(
    serve: Serve, build: Build, tmp_path: Path
) -> None:
    server = serve(gives())
    client = build(KEY, base_url=server.url)
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "fox.png").symlink_to(tmp_path / "mine.txt")
    [path] = client.predictions.save(made(at(server)), tmp_path, overwrite=True)
    assert not path.is_symlink()
    assert path.read_bytes() == PICTURE
    assert (tmp_path / "mine.txt").read_text() == "mine"
    (tmp_path / "fox.png").unlink()
    (tmp_path / "fox.png").mkdir()
    with pytest.raises(DownloadError, match="could not be kept"):
        client.predictions.save(made(at(server)), tmp_path, overwrite=True)
    assert left(tmp_path) == ["fox.png", "mine.txt"]


@pytest.mark.parametrize("wanted", ["pictures", "v1.2/", "deep/er"])
def test_a_place_without_suffix_or_with_a_slash_is_a_folder(
    serve: Serve, build: Build, tmp_path: Path, wanted: str
) -> None:
    server = serve(gives())
    to = f"{tmp_path}/{wanted}"
    [path] = build(KEY, base_url=server.url).predictions.save(made(at(server)), to)
    assert path == Path(to) / "fox.png"


def test_a_file_system_without_links_is_served_too(
    serve: Serve, build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    server = serve(gives())
    client = build(KEY, base_url=server.url)
    for _ in range(2):
        client.predictions.save(made(at(server)), tmp_path)
    assert left(tmp_path) == ["fox-2.png", "fox.png"]
    assert (tmp_path / "fox-2.png").read_bytes() == PICTURE


@pytest.mark.parametrize("to", ["file.txt/x", "file.txt/x/fox.png"])
def test_a_folder_that_cannot_be_is_said_before_anything_is_fetched(
    serve: Serve, build: Build, tmp_path: Path, to: str
) -> None:
    (tmp_path / "file.txt").touch()
    server = serve(gives())
    with pytest.raises(DownloadError, match="choose another place") as caught:
        build(KEY, base_url=server.url).predictions.save(made(at(server)), tmp_path / to)
    assert caught.value.prediction_id == "p1"
    assert server.requests == []


def test_a_folder_that_may_not_be_written_to_is_said_first(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: object, mode: int) -> bool:
        return False

    monkeypatch.setattr(os, "access", refuse)
    with pytest.raises(DownloadError, match="cannot be written to"):
        build(KEY).predictions.save(made("https://cdn.example/a.png"), tmp_path)


def test_texts_and_data_are_kept_as_they_are(build: Build, tmp_path: Path) -> None:
    client = build(KEY)
    texts = PredictionResponse.from_wire(
        {
            "id": "p1",
            "status": "succeeded",
            "output": [
                "https://x.test is a fine site",
                "data:image/png;base64,iVBORw==",
                "data:,plain%20text",
                {"answer": 42},
            ],
        }
    )
    paths = client.predictions.save(texts, tmp_path)
    assert {path.name: path.read_bytes() for path in paths} == {
        "output.png": b"\x89PNG",
        "output.txt": b"plain text",
        "p1.txt": b"https://x.test is a fine site",
        "p1-2.txt": b'{"answer": 42}',
    }
    assert [client.predictions.bytes(texts, n) for n in range(4)] == [
        path.read_bytes() for path in paths
    ]
    with client.predictions.open(texts, 2) as output:
        assert (output.type, output.size) == ("text/plain", 29)
        assert output.read() == b"https://x.test is a fine site"


def test_data_that_is_not_what_it_says_is_an_error(build: Build, tmp_path: Path) -> None:
    broken = made("data:image/png;base64,%%%", "data:,fine")
    with pytest.raises(DownloadError, match="not the base64") as caught:
        build(KEY).predictions.save(broken, tmp_path)
    assert caught.value.paths == (None, tmp_path / "output.txt")


def test_what_has_no_outputs_says_so(build: Build, tmp_path: Path) -> None:
    client = build(KEY)
    nothing = PredictionResponse(id="p1", status="succeeded")
    assert client.predictions.save(nothing, tmp_path) == []
    with pytest.raises(InvalidRequestError, match="It has none"):
        client.predictions.bytes(nothing)
    with pytest.raises(InvalidRequestError, match=r"1 output.*there is no 1"):
        client.predictions.bytes(made("data:,x"), 1)
    for index in (-1, "0", True, 0.0):
        with pytest.raises(InvalidRequestError, match="index must be a whole number"):
            client.predictions.bytes(made("data:,x"), index)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_what_has_not_ended_is_looked_at_first(serve: Serve, build: Build, tmp_path: Path) -> None:
    server = serve(
        sends(b'HTTP/1.1 200 OK\r\ncontent-length: 33\r\n\r\n{"id":"p1","status":"processing"}')
    )
    client = build(KEY, base_url=server.url)
    for target in ("p1", PredictionResponse(id="p1", status="starting"), {"id": "p1"}):
        with pytest.raises(InvalidRequestError, match=r"Wait for it: client\.wait"):
            client.predictions.bytes(target)
        with pytest.raises(InvalidRequestError, match="no outputs yet"):
            client.predictions.save(target, tmp_path)
    with pytest.raises(InvalidRequestError, match=r"save\(\), bytes\(\) and open\(\) take"):
        client.predictions.save({"no": "id"}, tmp_path)
