"""Keep an output: `save` alone touches the network and the disk."""

import re
import uuid
from mimetypes import guess_extension
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import unquote, urlsplit

import httpx

from ..errors import ApiErrorId, NetworkError, NotFoundError, ServerError, SkytellsError

_SECONDS: Final = 60.0


def save(url: str, folder: Path) -> Path:
    """Fetch an output into a folder, under a name that is free there. The key is not sent.

    Args:
        url: The output, over http or https.
        folder: A folder that exists.

    Raises:
        SkytellsError: It cannot be fetched or kept; the message says why.
    """
    part = folder / f".skytells-{uuid.uuid4().hex}.part"
    try:
        with part.open("xb") as file:
            kind = _fetch(url, file)
        return _settle(part, folder, _name(url, kind))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NetworkError(
            f"{url} could not be fetched: {error}. Try again soon, it will not be kept for long.",
            ApiErrorId.NETWORK_ERROR,
            type(error).__name__,
        ) from None
    except OSError as error:
        raise _unkept(error) from None
    finally:
        part.unlink(missing_ok=True)


def save_text(text: str, folder: Path, name: str) -> Path:
    """Keep an output that is a text.

    Args:
        text: The output.
        folder: A folder that exists.
        name: What to call it, such as the prediction's id.
    """
    part = folder / f".skytells-{uuid.uuid4().hex}.part"
    try:
        part.write_text(text, encoding="utf-8", errors="backslashreplace")
        return _settle(part, folder, _safe(f"{name}.txt"))
    except OSError as error:
        raise _unkept(error) from None
    finally:
        part.unlink(missing_ok=True)


def _fetch(url: str, file: BinaryIO) -> str:
    """Write what is at an address; returns its media type."""
    with httpx.stream("GET", url, follow_redirects=True, timeout=_SECONDS) as response:
        if response.status_code != 200:
            raise _refused(url, response.status_code)
        file.writelines(response.iter_bytes())
    kind: str = response.headers.get("content-type", "")
    return kind.partition(";")[0].strip()


def _refused(url: str, status: int) -> SkytellsError:
    if status in {404, 410}:
        message = f"{url} is gone: outputs are kept for minutes only. Run the model again."
        return NotFoundError(message, ApiErrorId.HTTP_ERROR, message, status)
    message = f"{url} answered HTTP {status}. Try again soon, it will not be kept for long."
    return ServerError(message, ApiErrorId.HTTP_ERROR, message, status)


def _unkept(error: OSError) -> SkytellsError:
    message = f"The output could not be kept: {error}. Choose another folder."
    return SkytellsError(message, ApiErrorId.SDK_ERROR, str(error))


def _name(url: str, kind: str) -> str:
    name = _safe(unquote(urlsplit(url).path).rpartition("/")[2]) or "output"
    return name if Path(name).suffix else name + (guess_extension(kind) or "")


def _safe(name: str) -> str:
    # No separators, no leading dot: the name stays in its folder and is seen there.
    return re.sub(r"[^\w.-]+", "_", name).strip("._")[-100:].lstrip("._")


def _settle(part: Path, folder: Path, name: str) -> Path:
    """Give a finished file its name, or the first of `name-1`, `name-2` … that is free."""
    path, wanted, number = folder / name, Path(name), 0
    while not _reserve(path):
        number += 1
        path = folder / f"{wanted.stem}-{number}{wanted.suffix}"
    return part.replace(path)


def _reserve(path: Path) -> bool:
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
