"""Assets over HTTP: whole or in ranges, so that an interrupted download can be resumed."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from .media.files import File

if find_spec("PIL") is None:  # report it at the start, not with the first picture
    raise ImportError("pictures need Pillow")

_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


async def asset_response(request: Request, file: File) -> Response:
    """Respond to a GET or HEAD for an asset, which is generated only if its bytes are sent.

    Args:
        request: It may have `Range`, `If-Range` and `If-None-Match`.
        file: The asset.
    """
    headers = {
        "etag": file.etag,
        "accept-ranges": "bytes",
        "cache-control": "no-cache",
        "x-content-type-options": "nosniff",
    }
    if _not_modified(request.headers.get("if-none-match", ""), file):
        return Response(status_code=304, headers=headers)
    part = _range(request, file)
    if not part:
        headers["content-range"] = f"bytes */{file.size}"
        return Response(status_code=416, headers=headers)
    if len(part) < file.size or _range_header(request, file):
        headers["content-range"] = f"bytes {part.start}-{part.stop - 1}/{file.size}"
    headers["content-length"] = str(len(part))
    content = b"" if request.method == "HEAD" else await run_in_threadpool(lambda: file.content)
    status = 206 if "content-range" in headers else 200
    return Response(content[part.start : part.stop], status, headers, file.media_type)


def _not_modified(validators: str, file: File) -> bool:
    etags = {validator.strip().removeprefix("W/") for validator in validators.split(",")}
    return bool({file.etag, "*"} & etags)


def _range_header(request: Request, file: File) -> re.Match[str] | None:
    """The requested range, unless HTTP lets a server ignore it, such as several at once."""
    headers = request.headers
    found = _RANGE.fullmatch(headers.get("range", "").replace(" ", "").lower())
    if request.method != "GET" or headers.get("if-range", file.etag) != file.etag:
        return None
    return found if found and found[1] + found[2] else None


def _range(request: Request, file: File) -> range:
    """The positions of the bytes to send; empty if the requested range is outside the file."""
    whole, found = range(file.size), _range_header(request, file)
    if found is None:
        return whole
    first, last = found.groups()
    if not first:
        return whole[-int(last) :] if int(last) else range(0)
    return whole[int(first) : int(last) + 1] if last else whole[int(first) :]
