"""Pictures in messages: a path, bytes or an open file travels as a data URI.

A URL stays a URL, and nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from .._core.operation import Call, Flow, Operation, RunBlocking
from .._data.checks import has_files, is_file, shown
from .._data.files import PLACEHOLDER, Steps, data_uri, filled, path_of
from .._data.json import has_input_form, plain
from ..errors import InvalidRequestError

if TYPE_CHECKING:
    from ..types.chat import Detail, ImagePart, ImageSource, ImageUrl

T = TypeVar("T")
V = TypeVar("V")

_ADDRESS: Final = re.compile(r"(https?://|data:image/)\S+$")
_DUE: Final = {"messages": ("image_url", "url"), "input": ("image_url",)}
_PARTS: Final = {
    "messages": "[{'type': 'text', 'text': '…'}, skytells.image(file)]",
    "input": "[{'type': 'input_text', 'text': '…'}, {'type': 'input_image', 'image_url': file}]",
}


def image(source: ImageSource, *, detail: Detail | None = None) -> ImagePart:
    """A picture, as a part of a message's content.

    Args:
        source: Its URL, or a file: a `pathlib.Path`, bytes, or a file that is open for reading binary.
            A file is read when the message is sent.
        detail: How closely the model looks at it; more costs more tokens.

    Raises:
        InvalidRequestError: It is neither. A string is never taken for a path.

    Example:
        >>> image("https://example.com/cat.png", detail="low")
        {'type': 'image_url', 'image_url': {'url': 'https://example.com/cat.png', 'detail': 'low'}}
    """
    if has_input_form(source):
        source = plain(source)
    if not is_file(source) and not (isinstance(source, str) and _ADDRESS.match(source)):
        raise InvalidRequestError.of(
            f"{shown(source)} is no picture. Give its URL (https://… or data:image/…), a "
            "pathlib.Path, bytes, or an open file; for a file by its name, pass Path(name)."
        )
    url: ImageUrl = {"url": source}
    if detail is not None:
        url["detail"] = detail
    return {"type": "image_url", "image_url": url}


def with_images(value: V, name: str, make: Callable[[V], Call[T]]) -> Operation[T]:
    """The call that `make` makes of a conversation; files among its pictures are read first.

    Args:
        value: The conversation.
        name: What the parameter is called.
        make: Makes the call. What is wrong with anything else is refused before a file is read.
    """
    if not has_files(value):
        return make(value)
    filled(value, partial(_place, name), (name,))
    make(filled(value, lambda _, __: PLACEHOLDER))
    return _with_images(value, name, make)


def _with_images(value: V, name: str, make: Callable[[V], Call[T]]) -> Flow[T]:
    read = yield from read_images(value, name)
    return (yield from make(read))


def read_images(value: V, name: str) -> Flow[V]:
    """A conversation with each file among its pictures as a data URI."""
    if not has_files(value):
        return value
    read: V = yield from RunBlocking(lambda: filled(value, _data_uri, (name,)))
    return read


def _place(name: str, _: object, steps: Steps) -> None:
    """Refuse a file where no picture can be."""
    due = _DUE[name]
    if steps[-len(due) :] != due:
        raise InvalidRequestError.of(
            f"{path_of(steps)} takes no file. A picture is a part of a message's content, as in "
            f"{_PARTS[name]}. Nothing was sent."
        )


def _data_uri(file: Any, steps: Steps) -> str:
    uri = data_uri(file, steps)
    kind = uri[len("data:") : uri.index(";")]
    if not kind.startswith("image/"):
        raise InvalidRequestError.of(
            f"{path_of(steps)}: a picture is due, and the file is {kind}. Give a PNG, JPEG, GIF or "
            "WebP; what else is one goes as 'data:image/…;base64,…'. Nothing was sent."
        )
    return uri
