"""Errors of OpenAI's API beyond wrong types of fields, with its wording, `param` and `code`.

The `check_…` functions raise them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from skytells.local.errors import InvalidRequestError
from skytells.local.json_values import Json, JsonObject, is_array, is_object, object_in

_NAME: Final = re.compile(r"[a-zA-Z0-9_-]+")
_MAX_NAME: Final = 64
_MAX_STOPS: Final = 4
_MAX_DEPTH: Final = 80


def check_chat_parameters(body: JsonObject) -> None:
    """Reject fields of chat that are not allowed without others."""
    check_stream_options(body)
    for name in ("tool_choice", "parallel_tool_calls"):
        if body.get(name) is not None and not body.get("tools"):
            message = (
                f"Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified."
            )
            raise InvalidRequestError(message, name)
    if body.get("top_logprobs") is not None and not body.get("logprobs"):
        message = "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled."
        raise InvalidRequestError(message, "top_logprobs")


def check_stream_options(body: JsonObject) -> None:
    """Reject stream options without a stream."""
    if body.get("stream_options") is not None and not body.get("stream"):
        message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise InvalidRequestError(message, "stream_options")


def check_stop(stops: list[Json]) -> None:
    """Reject more than four stop sequences."""
    if len(stops) > _MAX_STOPS:
        raise InvalidRequestError(
            f"Invalid 'stop': array too long. Expected an array with maximum length {_MAX_STOPS}, "
            f"but got an array with length {len(stops)} instead.",
            "stop",
            "array_above_max_length",
        )


def check_tool(function: JsonObject, param: str) -> None:
    """Check the name of a function, and its parameters if they are strict.

    Args:
        function: Its definition.
        param: Its place in the body, such as `tools[0].function`.
    """
    name: str = function["name"]
    if len(name) > _MAX_NAME:
        raise InvalidRequestError(
            f"Invalid '{param}.name': string too long. Expected a string with maximum length "
            f"{_MAX_NAME}, but got a string with length {len(name)} instead.",
            f"{param}.name",
            "string_above_max_length",
        )
    if not _NAME.fullmatch(name):
        raise InvalidRequestError(
            f"Invalid '{param}.name': string does not match pattern. "
            "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.",
            f"{param}.name",
            "invalid_value",
        )
    if function.get("strict") is True and (
        error := strict_schema_error(object_in(function, "parameters"))
    ):
        raise InvalidRequestError(
            f"Invalid schema for function '{name}': {error}",
            f"{param}.parameters",
            "invalid_function_parameters",
        )


def strict_schema_error(schema: Json, path: tuple[str, ...] = ()) -> str | None:
    """Why a schema is not valid in strict mode, which requires every property of every object.

    Example:
        >>> strict_schema_error({"type": "object", "properties": {}})
        "In context=(), 'additionalProperties' is required to be supplied and to be false."
    """
    if not is_object(schema) or len(path) > _MAX_DEPTH:
        return None
    properties = object_in(schema, "properties")
    if properties or schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            expected = "'additionalProperties' is required to be supplied and to be false."
            return f"In context={path}, {expected}"
        required = schema.get("required")
        for name in properties:
            if not is_array(required) or name not in required:
                expected = (
                    "'required' is required to be supplied and to be an array including every key "
                    f"in properties. Missing '{name}'."
                )
                return f"In context={path}, {expected}"
    errors = (strict_schema_error(part, (*path, *step)) for step, part in _parts(schema))
    return next(filter(None, errors), None)


def _parts(schema: JsonObject) -> Iterator[tuple[tuple[str, ...], Json]]:
    """The schemas inside a schema, each with its path."""
    for name in ("properties", "$defs", "definitions"):
        for key, part in object_in(schema, name).items():
            yield (name, key), part
    for name in ("anyOf", "allOf"):
        options = schema.get(name)
        for place, part in enumerate(options if is_array(options) else ()):
            yield (name, str(place)), part
    yield ("items",), schema.get("items")


def unanswered_calls(ids: Iterable[str]) -> InvalidRequestError:
    """The error for tool calls without tool messages."""
    return InvalidRequestError(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to "
        "each 'tool_call_id'. The following tool_call_ids did not have response messages: "
        f"{', '.join(ids)}",
        "messages",
    )


def orphan_tool_message(place: int) -> InvalidRequestError:
    """The error for a tool message without a tool call."""
    return InvalidRequestError(
        "Invalid parameter: messages with role 'tool' must be a response to a preceeding message "
        "with 'tool_calls'.",
        f"messages.[{place}].role",
    )


def context_exceeded(limit: int, tokens: int, param: str) -> InvalidRequestError:
    """The error for a prompt that is longer than the context of a model."""
    return InvalidRequestError(
        f"This model's maximum context length is {limit} tokens. However, your messages resulted "
        f"in {tokens} tokens. Please reduce the length of the messages.",
        param,
        "context_length_exceeded",
    )
