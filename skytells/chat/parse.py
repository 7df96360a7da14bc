"""Answers as objects: a type goes in as a schema, and what the model wrote comes out as that type.

What was answered is paid for, so an answer that is no such object is on the error, whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar, get_origin

from pydantic import TypeAdapter, ValidationError, create_model

from .._core.operation import Flow
from .._core.wire import Reply
from .._data.checks import clean, shown
from ..errors import AnswerError, ApiErrorId, Details, InvalidRequestError
from ..types.chat import (
    ChatCompletion,
    FinishReason,
    JsonSchema,
    MessageParam,
    ParsedCompletion,
    SchemaFormat,
)
from .requests import complete, read_completion
from .schemas import at_root, strict_schema

T = TypeVar("T")

_FENCED: Final = re.compile(r"\s*```(?:json)?\s*\n(.*)\n\s*```\s*", re.DOTALL)
_SHOWN: Final = 200


def parse_completion(
    model: str, messages: Sequence[MessageParam], kind: type[T], params: Mapping[str, Any]
) -> Flow[ParsedCompletion[T]]:
    """Ask for an answer of a type, and read it as one."""
    shape = shape_of(kind)
    asked = {**params, "response_format": shape.format()}

    def read(reply: Reply) -> ParsedCompletion[T]:
        return parsed(read_completion(reply), shape)

    return (yield from complete(model, messages, asked, read))


@dataclass(frozen=True, slots=True)
class Shape(Generic[T]):
    """A type that an answer is to have, and the schema that tells a model of it.

    Args:
        schema: Its JSON schema, as strict mode wants it where that can be.
        strict: Whether the model is held to it.
        adapter: What reads JSON as the type.
        wrapped: Whether it is the only field, `value`, of the object that is asked for: an answer
            is always an object.
    """

    schema: dict[str, Any]
    strict: bool
    adapter: TypeAdapter[Any]
    wrapped: bool

    def format(self) -> SchemaFormat:
        """What `response_format` is on the wire."""
        name = re.sub(r"[^\w-]", "_", str(self.schema.get("title") or "Answer"), flags=re.ASCII)[
            :64
        ]
        told: JsonSchema = {"name": name, "schema": self.schema, "strict": self.strict}
        return {"type": "json_schema", "json_schema": told}

    def read(self, text: str) -> T:
        """The object that a text is the JSON of."""
        # Models that are told of a schema, and not held to it, like to put JSON into a fence.
        fenced = _FENCED.fullmatch(text)
        value = self.adapter.validate_json(fenced[1] if fenced else text)
        read: T = value.value if self.wrapped else value
        return read


def shape_of(kind: type[T]) -> Shape[T]:
    """The shape of a type.

    Raises:
        InvalidRequestError: It is no type, or none that JSON can be read as.
    """
    given: Any = kind
    _check_type(given)
    try:
        return _shape(given)
    except TypeError:  # it has no hash, as an `Annotated` may have none
        return _shape.__wrapped__(given)


@lru_cache(maxsize=128)  # a schema takes milliseconds, on the event loop
def _shape(kind: Any) -> Shape[Any]:
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(kind)
        schema = at_root(adapter.json_schema())
        wrapped = schema.get("type") != "object"
        if wrapped:
            adapter = TypeAdapter(create_model("Answer", value=(kind, ...)))
            schema = at_root(adapter.json_schema())
    except Exception as error:  # pydantic's own, and whatever the type's own schema raises
        reason = clean(str(getattr(error, "message", error)), _SHOWN)
        raise InvalidRequestError.of(
            f"response_format: no JSON schema can be made of {shown(kind)}: {reason} Use a "
            "pydantic class with fields of JSON's types."
        ) from error
    strict = strict_schema(schema)
    return Shape(strict or schema, strict is not None, adapter, wrapped)


def _check_type(kind: object) -> None:
    if not isinstance(kind, type) and get_origin(kind) is None:
        raise InvalidRequestError.of(
            f"response_format of parse() must be a type, such as a pydantic class, not "
            f"{shown(kind)}. With a schema of your own, use create(response_format={{…}})."
        )


def parsed(completion: ChatCompletion, shape: Shape[T]) -> ParsedCompletion[T]:
    """A completion with its answer read.

    Raises:
        AnswerError: It has none, or none of this shape.
    """
    if refusal := completion.message.refusal:
        said = f"The model refused: {clean(refusal, _SHOWN)!r}. Ask differently."
        raise _error(completion, said, ApiErrorId.MODEL_REFUSED, refusal)
    if completion.tool_calls:
        raise _error(
            completion,
            "The model wants tools called before it answers: error.completion.tool_calls. Ask again "
            "with its message and what the tools gave; run_tools() does that.",
            ApiErrorId.ANSWER_MISSING,
        )
    try:
        value = shape.read(completion.text)
    except Exception as error:  # what a type's own validator raises may be anything
        raise _explained(completion, error) from error
    # Called as `ParsedCompletion[T]`, pydantic makes a class on the fly, which pickle does not find.
    cls: type[ParsedCompletion[T]] = ParsedCompletion
    return cls.from_wire(completion.to_dict(), {"parsed": value})


def _explained(completion: ChatCompletion, error: Exception) -> AnswerError:
    """Why an answer cannot be read, and what to do about it."""
    match completion.finish_reason:
        case FinishReason.LENGTH:
            return _error(
                completion,
                "The answer was cut off before its end, at the most tokens that it may have. Raise "
                "max_tokens= (a router spends some of them before the model writes).",
                ApiErrorId.ANSWER_CUT_OFF,
            )
        case FinishReason.CONTENT_FILTER:
            return _error(
                completion,
                "The answer was held back by a content filter; error.completion says of which "
                "category. Ask for something else.",
                ApiErrorId.CONTENT_POLICY_VIOLATION,
            )
        case _ if not completion.text:
            message = "The model answered nothing. Ask again, or ask another model."
            return _error(completion, message, ApiErrorId.ANSWER_MISSING)
        case _:
            return _misfit(completion, error)


def _misfit(completion: ChatCompletion, error: Exception) -> AnswerError:
    if not isinstance(error, ValidationError):
        message = f"The type's own check of the answer raised {type(error).__name__}. See its cause"
        return _error(completion, f"{message}.", ApiErrorId.INVALID_RESPONSE)
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    if problems[0]["type"] == "json_invalid":
        message = "The answer is not JSON. Ask again, or a model that can be held to a schema"
        return _error(completion, f"{message}; its text is error.completion.text.", "INVALID_JSON")
    found = [{"field": _path(p["loc"]), "message": p["msg"]} for p in problems]
    first = f"{found[0]['field'] or 'the whole'}: {clean(found[0]['message'], _SHOWN)}"
    more = f" (and {len(found) - 1} more in error.details)" if len(found) > 1 else ""
    return _error(
        completion,
        f"The answer is JSON, and does not fit response_format: {first}{more}. Ask again, or say "
        "in the messages or the fields' descriptions what is due.",
        ApiErrorId.INVALID_RESPONSE,
        found,
    )


def _path(steps: Sequence[str | int]) -> str:
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return path.removeprefix(".")


def _error(
    completion: ChatCompletion, message: str, error_id: str, details: Details | None = None
) -> AnswerError:
    error = AnswerError(message, error_id, details or message, response=completion.to_dict())
    error.completion = completion
    return error
