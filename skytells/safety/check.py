"""Checks: a chat call whose answer does not matter, for the sake of what the filters say of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, TypeAlias

from .._core.operation import Flow, Operation
from .._inference.images import image as picture
from ..errors import InvalidRequestError, SkytellsError
from ..types.chat import (
    ChatCompletion,
    ImagePart,
    ImageSource,
    MessageParam,
    TextPart,
    UserMessageParam,
)
from .findings import evaluate, is_refusal
from .templates import SafetyCategory, SafetyReport, SafetyTemplate

Complete: TypeAlias = Callable[
    [str, Sequence[MessageParam], Mapping[str, Any]], Operation[ChatCompletion]
]
"""Makes a chat call: model, messages and further parameters."""

MODEL: Final = "deepbrain-router"
# Some models refuse to answer with a single token.
MAX_TOKENS: Final = 16

_ABOUT_IT: Final[TextPart] = {"type": "text", "text": "What is in this picture?"}


def check_text(
    complete: Complete,
    text: str,
    template: SafetyTemplate | None,
    categories: Collection[SafetyCategory | str] | None,
) -> Flow[SafetyReport]:
    """Have a text judged."""
    if not isinstance(text, str) or not text.strip():  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidRequestError.of("check_text() takes a string with something in it.")
    return (yield from _check(complete, text, template, categories))


def check_image(
    complete: Complete,
    image: ImageSource,
    template: SafetyTemplate | None,
    categories: Collection[SafetyCategory | str] | None,
) -> Flow[SafetyReport]:
    """Have a picture judged."""
    return (yield from _check(complete, [_ABOUT_IT, picture(image)], template, categories))


def _check(
    complete: Complete,
    content: str | list[TextPart | ImagePart],
    template: SafetyTemplate | None,
    categories: Collection[SafetyCategory | str] | None,
) -> Flow[SafetyReport]:
    evaluate({}, template, categories=categories)  # refuses a wrong template before it costs
    message: UserMessageParam = {"role": "user", "content": content}
    try:
        judged = yield from complete(MODEL, [message], {"max_tokens": MAX_TOKENS})
    except SkytellsError as error:
        if not is_refusal(error):
            raise
        return evaluate(error, template, categories=categories)
    return evaluate(judged, template, categories=categories)
