"""A file over the wire to disk, as scripts do it: by what is installed of httpx, urllib3, urllib."""

from __future__ import annotations

import shutil
import urllib.request
from contextlib import suppress
from pathlib import Path

from common import HTTP, HTTPS, downloading, serve

with suppress(ImportError):
    import httpx

    client = httpx.Client(timeout=60)
with suppress(ImportError):
    import urllib3

    pool = urllib3.PoolManager()


def _httpx(url: str, folder: Path) -> None:
    with client.stream("GET", url) as response, (folder / "file").open("wb") as file:
        for chunk in response.iter_bytes():
            file.write(chunk)


def _httpx_whole(url: str, folder: Path) -> None:
    (folder / "file").write_bytes(client.get(url).content)


def _urllib3(url: str, folder: Path) -> None:
    response = pool.request("GET", url, preload_content=False)
    with (folder / "file").open("wb") as file:
        for chunk in response.stream():
            file.write(chunk)
    response.release_conn()


def _urllib(url: str, folder: Path) -> None:
    with urllib.request.urlopen(url) as response, (folder / "file").open("wb") as file:
        shutil.copyfileobj(response, file)


if __name__ == "__main__":
    jobs = {"httpx": _httpx, "httpx_whole": _httpx_whole, "urllib3": _urllib3, "urllib": _urllib}
    serve(
        **{name: downloading(job, HTTP) for name, job in jobs.items()},
        **{f"{name}_tls": downloading(job, HTTPS) for name, job in jobs.items()},
    )
