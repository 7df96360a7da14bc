"""What there is to keep of a prediction, and how long the platform keeps it."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from typing import Final
from urllib.parse import unquote_to_bytes

from .._data.checks import whole
from ..errors import ApiErrorId, InvalidRequestError, InvalidResponseError, OutputExpiredError
from ..types.outputs import is_address, name_in, parts_of
from ..types.predict import PredictionFile, PredictionResponse, PredictionStatus
from .names import distinct, safe_name, suffix_for

LIFETIME: Final = timedelta(minutes=5)
"""How long the platform keeps outputs after their prediction has ended."""


@dataclass(frozen=True, slots=True)
class Source:
    """One output: a file at an address, or content that the prediction itself holds."""

    name: str
    """What the platform calls it; empty where it does not."""
    type: str | None
    size: int | None
    url: str | None = field(default=None, repr=False)
    content: bytes | None = field(default=None, repr=False)

    @property
    def label(self) -> str:
        """What messages call it."""
        return safe_name(self.name) or "the output"


def sources(prediction: PredictionResponse) -> list[Source]:
    """The files of a prediction, then its texts.

    Raises:
        OutputExpiredError: It had some, and the platform has deleted them.
    """
    if not prediction.files and _is_purged(prediction):
        raise OutputExpiredError(
            f"The outputs of prediction {prediction.id} are gone: "
            f"{lifetime(prediction, datetime.now(UTC))}",
            ApiErrorId.OUTPUT_EXPIRED,
            "The platform has deleted them.",
        )
    texts = [part for part in parts_of(prediction.output) if not is_address(part)]
    contents = [text.encode("utf-8", "backslashreplace") for text in texts]
    return [
        *map(_source, prediction.files),
        *(Source(f"{prediction.id}.txt", "text/plain", len(c), content=c) for c in contents),
    ]


def _is_purged(prediction: PredictionResponse) -> bool:
    """Whether the platform says that it has deleted what a prediction made."""
    available = prediction.metadata.data_available if prediction.metadata is not None else None
    removed = available is False or prediction.get("data_removed") is True
    return removed and not prediction.output and prediction.status == PredictionStatus.SUCCEEDED


def source(prediction: PredictionResponse, index: int) -> Source:
    """One output of a prediction, counted from 0."""
    whole(index, "index", 0, 2**31, InvalidRequestError)
    found = sources(prediction)
    if not found:
        state = str(prediction.status)
        hint = "It has none." if prediction.done else f"Wait for it: client.wait({prediction.id!r})"
        raise InvalidRequestError.of(
            f"Prediction {prediction.id} is {state} and has no outputs. {hint}"
        )
    if index >= len(found):
        raise InvalidRequestError.of(
            f"Prediction {prediction.id} has {len(found)} outputs, counted from 0; there is no "
            f"{index}. See prediction.files."
        )
    return found[index]


def _source(file: PredictionFile) -> Source:
    url = file.url or ""
    inline = url[:5].lower() == "data:"
    name = file.name or ("" if inline else name_in(url))
    return Source(name, file.type, None if inline else file.size, url=url)


def inline(url: str | None) -> bytes | None:
    """The content of a `data:` URI; `None` where it is none.

    Raises:
        InvalidResponseError: It is not the base64 that it says it is.
    """
    if url is None or url[:5].lower() != "data:":
        return None
    head, _, data = url.partition(",")
    content = unquote_to_bytes(data)
    if not head.lower().endswith(";base64"):
        return content
    try:
        padded = content.translate(_URL_SAFE) + b"=" * (-len(content) % 4)
        return base64.b64decode(padded, validate=True)
    except binascii.Error:
        raise InvalidResponseError(
            "It is a data: URI, and not the base64 that it says it is. Run the model again.",
            ApiErrorId.INVALID_RESPONSE,
            head[:100],
        ) from None


_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")


def stems(found: list[Source], given: str | None) -> list[str]:
    """What each output is to be called; a suffix may be lacking where the type is not known yet."""
    if given is not None:
        return distinct([given] * len(found))
    return distinct([with_suffix(safe_name(one.name) or "output", one.type) for one in found])


def with_suffix(name: str, kind: str | None) -> str:
    """A name with the suffix for a media type, if it has none."""
    return name if PurePath(name).suffix else f"{name}{suffix_for(kind)}"


def kept_until(prediction: PredictionResponse) -> datetime | None:
    """When the platform deletes the outputs, where it says when the prediction has ended."""
    ended = prediction.completed
    return None if ended is None else ended + LIFETIME


def lifetime(prediction: PredictionResponse, now: datetime) -> str:
    """What to say of outputs that are not there: since when, and what to do."""
    until = kept_until(prediction)
    if until is not None and now < until:
        return (
            f"the platform keeps outputs until {until:%Y-%m-%d %H:%M:%S %Z}, so look whether it was "
            f"deleted, or has another address by now: client.predictions.save({prediction.id!r})."
        )
    since = "" if until is None else f", this one until {until:%Y-%m-%d %H:%M:%S %Z}"
    return (
        f"the platform keeps outputs for five minutes{since}. Run the model again, and keep what it "
        "makes at once: client.run(…, download_to='outputs/')."
    )
