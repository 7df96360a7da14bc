"""What a store of outputs does about a request, well or badly."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from skytells import PredictionResponse

from ..behaviour.misbehaving import Peer, Server, Step
from ..behaviour.steps import head

PICTURE: Final = bytes(range(256)) * 40
FILM: Final = PICTURE * 300
"""Three megabytes: more than one read, and read past h11."""


def gives(
    content: bytes = PICTURE,
    upto: int | None = None,
    *,
    etag: str | None = '"v1"',
    then: Callable[[Peer], None] = Peer.close,
    kind: str = "image/png",
) -> Step:
    """Gives a file, or the part that is asked for; with `upto`, only so far, and then leaves."""

    def step(peer: Peer) -> None:
        request = peer.read()
        found = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        start = int(found[1]) if found and request.headers.get("if-range", etag) == etag else 0
        lines = [f"content-length: {len(content) - start}", f"content-type: {kind}"]
        lines += [f"etag: {etag}"] if etag else []
        lines += (
            [f"content-range: bytes {start}-{len(content) - 1}/{len(content)}"] if start else []
        )
        peer.send(head(*lines, status=206 if start else 200) + content[start:upto])
        if upto is not None:
            then(peer)

    return step


def made(*urls: str, **fields: Any) -> PredictionResponse:
    """A prediction that has these outputs."""
    output = list(urls) if urls else fields.pop("output", None)
    return PredictionResponse(id="p1", status="succeeded", output=output, **fields)


def at(server: Server, name: str = "fox.png") -> str:
    """The address of an output at a server."""
    return f"{server.url.removesuffix('/v1')}/assets/{name}"
