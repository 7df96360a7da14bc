"""Outputs small enough to be embedded in a page, as a notebook shows them.

Jupyter's server drops a message of more than 3 MB, so that all that one display embeds stays below
that: a picture that is larger is made smaller, a larger film is played from where it was saved.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Final
from urllib.parse import quote

from .._core.operation import Flow, RunBlocking
from .._data.display import Media, framed
from ..errors import SkytellsError
from ..types.outputs import described
from ..types.predict import PredictionFile, PredictionResponse, prediction_html
from .reading import OutputStream
from .transfer import Terms

MOST: Final = 2_000_000
"""Bytes of media in one display; base64 makes a third more of them."""
LARGEST_PICTURE: Final = 32 * 1024**2
"""Bytes of a picture that is still fetched to be made smaller."""
SIDES: Final = (1024, 512, 256)
"""Pixels of the longer side of a picture that is made smaller, until it is small enough."""

# What browsers show; of the rest, what can be read is made into one of them.
_PICTURES: Final = frozenset(
    f"image/{kind}" for kind in ("png", "jpeg", "jpg", "webp", "gif", "avif", "svg+xml")
)
_UNREADABLE: Final = "It cannot be shown here; save it: prediction.save()."
_READABLE: Final = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP")


@dataclass(frozen=True, slots=True, repr=False)
class Preview:
    """A prediction and what of its outputs a notebook can show; it renders itself.

    Args:
        prediction: The prediction.
        media: The outputs that are media, by their place among its files.
    """

    prediction: PredictionResponse
    media: Mapping[int, Media]

    @property
    def complete(self) -> bool:
        """Whether all is here that another try could show."""
        return not any(media.again for media in self.media.values())

    def __repr__(self) -> str:
        return f"<Preview of {self.prediction.id}: {self.prediction.status}>"

    def _repr_html_(self) -> str:
        return framed(prediction_html(self.prediction, self.media))


def preview(prediction: PredictionResponse, paths: Sequence[Path], terms: Terms) -> Flow[Preview]:
    """What can be shown: from where it was saved, else fetched; what fails says why.

    Args:
        prediction: Whose outputs.
        paths: Where they were saved, in their order.
        terms: Under what terms they are fetched.
    """
    seen = yield from RunBlocking(partial(kept, prediction, paths))
    media = dict(seen.media)
    for place, one in seen.media.items():
        if one.again:
            media[place] = yield from _fetched(
                prediction, place, one.kind, MOST // len(media), terms
            )
    return Preview(prediction, media)


def kept(prediction: PredictionResponse, paths: Sequence[Path], why: str = "") -> Preview:
    """What can be shown of what was saved.

    Args:
        prediction: Whose outputs.
        paths: Where they were saved, in their order.
        why: What is said of those that were not.
    """
    kinds = {place: _kind(file) for place, file in enumerate(prediction.files)}
    wanted = {place: kind for place, kind in kinds.items() if kind in {"image", "video", "audio"}}
    media = {
        place: _saved(prediction.files[place], kind, paths[place], MOST // len(wanted))
        if place < len(paths)
        else Media(kind, why=why, again=True)
        for place, kind in wanted.items()
    }
    return Preview(prediction, media)


def _kind(file: PredictionFile) -> str:
    return _type(file).partition("/")[0]


def _type(file: PredictionFile) -> str:
    known = file.type or described(file.url or "").get("type", "")
    return known.partition(";")[0].strip().lower()


def _fetched(
    prediction: PredictionResponse, place: int, kind: str, budget: int, terms: Terms
) -> Flow[Media]:
    file = prediction.files[place]
    most = LARGEST_PICTURE if kind == "image" else budget
    if file.size is not None and file.size > most:
        return Media(kind, why=_too_large(file.size))
    try:
        stream = yield from OutputStream(prediction, place, replace(terms, max_bytes=most)).begin()
        chunks: list[bytes] = []
        while chunk := (yield from stream.next()):
            chunks.append(chunk)
    except SkytellsError as error:
        return Media(kind, why=error.message, again=error.retryable)
    return (yield from RunBlocking(partial(_embedded, _type(file), kind, b"".join(chunks), budget)))


def _saved(file: PredictionFile, kind: str, path: Path, budget: int) -> Media:
    try:
        size = path.stat().st_size
        if size <= (LARGEST_PICTURE if kind == "image" else budget):
            return _embedded(_type(file), kind, path.read_bytes(), budget)
        below = path.resolve().relative_to(Path.cwd())
    except OSError as error:
        return Media(kind, why=f"{path} cannot be read: {error.strerror}.")
    except ValueError:
        return Media(kind, why=f"It is kept in {path}.")
    return Media(kind, quote(below.as_posix()))


def _embedded(type: str, kind: str, content: bytes, budget: int) -> Media:
    size = len(content)
    if kind == "image" and (size > budget or type not in _PICTURES):
        type, content = "image/webp", _smaller(content, budget)
    if not content:
        return Media(kind, why=_too_large(size) if size > budget else _UNREADABLE)
    return Media(kind, f"data:{type};base64,{b64encode(content).decode()}")


def _smaller(content: bytes, budget: int) -> bytes:
    """A picture of at most so many bytes; nothing if it cannot be made."""
    try:
        from PIL import Image

        with Image.open(BytesIO(content), formats=_READABLE) as picture:
            for side in SIDES:
                picture.thumbnail((side, side))
                made = BytesIO()
                picture.convert("RGBA").save(made, "WEBP", quality=80)
                if made.tell() <= budget:
                    return made.getvalue()
    except Exception:  # no Pillow, or a picture that it does not read: there is no preview
        return b""
    return b""


def _too_large(size: int) -> str:
    return f"Its {size / 1e6:,.1f} MB are too many to be shown here; save it: prediction.save()."
