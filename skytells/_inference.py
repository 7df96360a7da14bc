"""What chat, responses and embeddings share: how a body is made of parameters, and checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ._checks import as_mapping, did_you_mean, segment, shown
from .errors import InvalidRequestError


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
