"""Checks: a chat call whose answer does not matter, for the sake of what the filters say of it."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

from .._checks import is_file
from .._flow import Flow, Offload
from .._inputs import read_files
from ..chat.calls import create_completion
from ..errors import InvalidRequestError, SkytellsError
from .judging import evaluate, is_refusal
from .templates import SafetyCategory, SafetyReport, SafetyTemplate

MODEL: Final = "deepbrain-router"
# Some models refuse to answer with a single token.
MAX_TOKENS: Final = 16
Picture: TypeAlias = str | Path | bytes | BinaryIO
"""A picture: its URL, a path, its bytes, or an open file."""

_ABOUT_IT: Final = "What is in this picture?"
_ADDRESS: Final = re.compile(r"(https?://|data:image/)\S+$")


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
    url: object = image
    if is_file(image):
        read = yield from Offload(partial(read_files, {"image": image}))
        url = read["image"]
    if not isinstance(url, str) or not _ADDRESS.match(url):
        raise InvalidRequestError.of(
            "check_image() takes a picture: its URL (https://…), a pathlib.Path, bytes, or an open "
            "file. For a file by its name, pass Path(name)."
        )
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
