"""What OpenAI's API refuses beyond fields of the wrong type, with its wording, `param` and `code`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from skytells.local.prediction_json import InvalidRequest, Json, JsonObject
from skytells.local.requests import is_array, is_object, part_of

_NAME: Final = re.compile(r"[a-zA-Z0-9_-]+")
_LONGEST_NAME: Final = 64
_MOST_STOPS: Final = 4
_DEEPEST: Final = 80


def check_chat_parameters(body: JsonObject) -> None:
    """Refuse fields of chat that are not allowed without others.

    Raises:
        InvalidRequest: naming the field.
    """
    check_stream_options(body)
    for name in ("tool_choice", "parallel_tool_calls"):
        if body.get(name) is not None and not body.get("tools"):
            message = (
                f"Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified."
            )
            raise InvalidRequest(message, name)
    if body.get("top_logprobs") is not None and not body.get("logprobs"):
        message = "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled."
        raise InvalidRequest(message, "top_logprobs")


def check_stream_options(body: JsonObject) -> None:
    """Refuse options of a stream where none is asked for.

    Raises:
        InvalidRequest: naming the field.
    """
    if body.get("stream_options") is not None and not body.get("stream"):
        message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise InvalidRequest(message, "stream_options")


def check_stop(stops: list[Json]) -> None:
    """Refuse more than four stop sequences.

    Raises:
        InvalidRequest: naming the field.
    """
    if len(stops) > _MOST_STOPS:
        raise InvalidRequest(
            f"Invalid 'stop': array too long. Expected an array with maximum length {_MOST_STOPS}, "
            f"but got an array with length {len(stops)} instead.",
            "stop",
            "array_above_max_length",
        )


def check_tool(function: JsonObject, param: str) -> None:
    """Refuse a function whose name or strict parameters the API does not take.

    Arguments:
        function: its definition.
        param: where it is in the body, such as `tools[0].function`.

    Raises:
        InvalidRequest: naming the field.
    """
    name: str = function["name"]
    if len(name) > _LONGEST_NAME:
        raise InvalidRequest(
            f"Invalid '{param}.name': string too long. Expected a string with maximum length "
            f"{_LONGEST_NAME}, but got a string with length {len(name)} instead.",
            f"{param}.name",
            "string_above_max_length",
        )
    if not _NAME.fullmatch(name):
        raise InvalidRequest(
            f"Invalid '{param}.name': string does not match pattern. "
            "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.",
            f"{param}.name",
            "invalid_value",
        )
    if function.get("strict") is True and (fault := strict_fault(part_of(function, "parameters"))):
        raise InvalidRequest(
            f"Invalid schema for function '{name}': {fault}",
            f"{param}.parameters",
            "invalid_function_parameters",
        )


def strict_fault(schema: Json, path: tuple[str, ...] = ()) -> str | None:
    """Why a schema is not one of strict mode, which knows every property of every object.

    Example:
        >>> strict_fault({"type": "object", "properties": {}})
        "In context=(), 'additionalProperties' is required to be supplied and to be false."
    """
    if not is_object(schema) or len(path) > _DEEPEST:
        return None
    properties = part_of(schema, "properties")
    if properties or schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            wanted = "'additionalProperties' is required to be supplied and to be false."
            return f"In context={path}, {wanted}"
        required = schema.get("required")
        for name in properties:
            if not is_array(required) or name not in required:
                wanted = (
                    "'required' is required to be supplied and to be an array including every key "
                    f"in properties. Missing '{name}'."
                )
                return f"In context={path}, {wanted}"
    faults = (strict_fault(part, (*path, *step)) for step, part in _parts(schema))
    return next(filter(None, faults), None)


def _parts(schema: JsonObject) -> Iterator[tuple[tuple[str, ...], Json]]:
    """The schemas inside a schema, each with the way to it."""
    for name in ("properties", "$defs", "definitions"):
        for key, part in part_of(schema, name).items():
            yield (name, key), part
    for name in ("anyOf", "allOf"):
        options = schema.get(name)
        for place, part in enumerate(options if is_array(options) else ()):
            yield (name, str(place)), part
    yield ("items",), schema.get("items")


def unanswered_calls(ids: Iterable[str]) -> InvalidRequest:
    """The refusal of messages that go on before the tools have answered."""
    return InvalidRequest(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to "
        "each 'tool_call_id'. The following tool_call_ids did not have response messages: "
        f"{', '.join(ids)}",
        "messages",
    )


def orphan_tool_message(place: int) -> InvalidRequest:
    """The refusal of a tool message that answers no call before it."""
    return InvalidRequest(
        "Invalid parameter: messages with role 'tool' must be a response to a preceeding message "
        "with 'tool_calls'.",
        f"messages.[{place}].role",
    )


def context_exceeded(limit: int, tokens: int, param: str) -> InvalidRequest:
    """The refusal of a prompt that is longer than the context of a model."""
    return InvalidRequest(
        f"This model's maximum context length is {limit} tokens. However, your messages resulted "
        f"in {tokens} tokens. Please reduce the length of the messages.",
        param,
        "context_length_exceeded",
    )
