"""Checks: a chat call whose answer does not matter, for the sake of what the filters say of it."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

from .._flow import Flow, Offload
from ..chat.calls import create_completion
from ..errors import InvalidRequestError, SkytellsError
from .judging import evaluate, is_refusal
from .templates import SafetyCategory, SafetyReport, SafetyTemplate

MODEL: Final = "deepbrain-router"
# Some models refuse to answer with a single token.
MAX_TOKENS: Final = 16
Picture: TypeAlias = str | Path | bytes
"""A picture: its URL, a file, or its bytes."""

_ABOUT_IT: Final = "What is in this picture?"
_MAGIC: Final = {
    "png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "jpeg": re.compile(rb"\xff\xd8\xff"),
    "gif": re.compile(rb"GIF8[79]a"),
    "webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}


def check_text(
    text: str,
    template: SafetyTemplate | None,
    categories: Collection[SafetyCategory | str] | None,
) -> Flow[SafetyReport]:
    """Have a text judged."""
    if not isinstance(text, str) or not text.strip():  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidRequestError.of("check_text() takes a string with something in it.")
    return (yield from _check(text, template, categories))


def check_image(
    image: Picture,
    template: SafetyTemplate | None,
    categories: Collection[SafetyCategory | str] | None,
) -> Flow[SafetyReport]:
    """Have a picture judged."""
    if isinstance(image, Path):
        image = yield from Offload(partial(_file, image))
    url = _address(image)
    parts: list[dict[str, Any]] = [
        {"type": "text", "text": _ABOUT_IT},
        {"type": "image_url", "image_url": {"url": url}},
    ]
    return (yield from _check(parts, template, categories))


def _check(
    content: str | list[dict[str, Any]],
    template: SafetyTemplate | None,
    categories: Collection[SafetyCategory | str] | None,
) -> Flow[SafetyReport]:
    evaluate({}, template, categories=categories)  # refuses a wrong template before it costs
    message: Any = {"role": "user", "content": content}
    try:
        judged = yield from create_completion(MODEL, [message], {"max_tokens": MAX_TOKENS})
    except SkytellsError as error:
        if not is_refusal(error):
            raise
        return evaluate(error, template, categories=categories)
    return evaluate(judged, template, categories=categories)


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidRequestError.of(
            f"The picture {path.name!r} cannot be read: {error.strerror}. Check the path."
        ) from None


def _address(image: object) -> str:
    if isinstance(image, bytes):
        kind = next((name for name, magic in _MAGIC.items() if magic.match(image)), None)
        if kind is None:
            raise InvalidRequestError.of(
                "These bytes are not a PNG, JPEG, GIF or WebP picture. Convert them first."
            )
        return f"data:image/{kind};base64,{base64.b64encode(image).decode()}"
    if isinstance(image, str) and re.match(r"(https?://|data:image/)\S+$", image):
        return image
    raise InvalidRequestError.of(
        "check_image() takes a URL (https://…), a pathlib.Path, or bytes. For a file, pass "
        "Path(name)."
    )
