"""What chat, responses and embeddings share: bodies made of parameters, and answers that are none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .._core.operation import Call, Safety
from .._core.replies import wrong_kind
from .._core.wire import Reply
from .._data.checks import as_mapping, did_you_mean, segment, shown
from .._data.json import to_json
from ..errors import InvalidRequestError, SkytellsError
from ..streaming.reading import STREAM_HEADERS, Opened, error_in_stream, is_event_stream, opened


def body_of(params: Mapping[str, Any], known: Collection[str], where: str) -> dict[str, Any]:
    """The body that parameters make; `None` is one that was not given, `extra_body` is spread out.

    Args:
        params: All of them, `model` among them.
        known: The names that there are.
        where: What takes them, for a message.

    Raises:
        InvalidRequestError: An unknown name, or a model that is not a slug.
    """
    body: dict[str, Any] = {}
    for name, value in params.items():
        if name not in known:
            hint = did_you_mean(shown(name).strip("'"), known)
            raise InvalidRequestError.of(
                f"{where} has no parameter {shown(name)}.{hint} What is not known here goes into "
                "extra_body={…}."
            )
        if value is not None and name != "extra_body":
            body[name] = value
    segment(body.get("model"), "model")
    extra = params.get("extra_body")
    return {**body, **as_mapping(extra or {}, "extra_body", InvalidRequestError)}


def streaming_call(path: str, body: dict[str, Any]) -> Call[Opened]:
    """A paid call whose answer is a stream of events."""
    return Call(
        *("POST", path, opened, Safety.PAID),
        body=to_json(body),
        name=path,
        headers=STREAM_HEADERS,
        keep=is_event_stream,
        model=body["model"],
    )


def failed_answer(due: str, reply: Reply, wire: dict[str, Any] | None) -> SkytellsError:
    """The error for a successful answer that is not what was asked for, or says that it is none."""
    if wire and (wire.get("error") or wire.get("object") == "error"):
        return error_in_stream(wire)
    return wrong_kind(due, reply)
