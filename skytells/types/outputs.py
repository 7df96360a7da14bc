"""What the output of a prediction holds: addresses of files, and texts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeAlias
from urllib.parse import unquote, urlsplit

from .._data.checks import is_list, is_object

_ADDRESS: Final = r"https?://\S+|data:[^\s,]*,\S*"

DownloadProgress: TypeAlias = Callable[[int, int | None], object]
"""Called with the bytes that have come so far, and how many there will be; `None` if unknown."""

LARGEST_FILE: Final = 16 * 1024**3
LARGEST_IN_MEMORY: Final = 1024**3

# The system's own table differs from machine to machine, and lacks some of these.
KINDS: Final = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".avif": "image/avif",
    ".svg": "image/svg+xml",
    ".tiff": "image/tiff",
    ".bmp": "image/bmp",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".mov": "video/quicktime",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".ogg": "audio/ogg",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".aac": "audio/aac",
    ".opus": "audio/opus",
    ".txt": "text/plain",
    ".json": "application/json",
    ".srt": "application/x-subrip",
    ".vtt": "text/vtt",
    ".pdf": "application/pdf",
    ".zip": "application/zip",
    ".glb": "model/gltf-binary",
    ".obj": "model/obj",
}
"""Media types by the suffix of a file's name."""


def parts_of(output: object) -> list[str]:
    """Addresses and texts one by one; of an object its address, or it as JSON."""
    items = output if is_list(output) else [] if output is None else [output]
    return [_part(item) for item in items]


def _part(item: object) -> str:
    value = item.get("url", item) if is_object(item) else item
    if isinstance(value, str):
        return value
    import json  # here: outputs are addresses and texts, as a rule

    return json.dumps(item, ensure_ascii=False)


def is_address(part: str) -> bool:
    """Whether a part of an output is an address, and not a text."""
    return re.fullmatch(_ADDRESS, part, re.IGNORECASE) is not None


def described(address: str) -> dict[str, str]:
    """What an address tells of its file, as the platform would list it."""
    if address[:5].lower() == "data:":
        kind = address[5:].partition(",")[0].partition(";")[0].lower()
        return {"type": kind or "text/plain", "url": address}
    name = name_in(address)
    kind = KINDS.get(f".{name.rpartition('.')[2].lower()}", "") if "." in name else ""
    return {"url": address} | ({"name": name} if name else {}) | ({"type": kind} if kind else {})


def name_in(address: str) -> str:
    """The last segment of an address's path, decoded; nothing where there is none."""
    try:
        return unquote(urlsplit(address).path.rpartition("/")[2])
    except ValueError:
        return ""
