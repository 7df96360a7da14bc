"""Parsing of request bodies; a field that is missing or wrong raises an `ApiError` that names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, NoReturn

from skytells.local.errors import ApiError, InvalidRequestError
from skytells.local.json_values import Json, JsonObject, is_array, is_object, object_in
from skytells.local.requests import mismatch

from .types import CompletionRequest, Message, Tool, ToolCall
from .validation import (
    check_chat_parameters,
    check_stop,
    check_stream_options,
    check_tool,
    orphan_tool_message,
    strict_schema_error,
    unanswered_calls,
)

_COMMON: Final[JsonObject] = {
    "model": {"type": "string"},
    "stream": {"type": "boolean"},
    "temperature": {"type": "number", "minimum": 0, "maximum": 2},
    "top_p": {"type": "number", "minimum": 0, "maximum": 1},
    "presence_penalty": {"type": "number", "minimum": -2, "maximum": 2},
    "frequency_penalty": {"type": "number", "minimum": -2, "maximum": 2},
    "top_logprobs": {"type": "integer", "minimum": 0, "maximum": 20},
    "parallel_tool_calls": {"type": "boolean"},
    "tools": {"type": "array"},
    "user": {"type": "string"},
}
_CHAT: Final[JsonObject] = {
    **_COMMON,
    "messages": {"type": "array"},
    "max_tokens": {"type": "integer", "minimum": 1},
    "max_completion_tokens": {"type": "integer", "minimum": 1},
    "n": {"type": "integer", "minimum": 1, "maximum": 16},
    "seed": {"type": "integer"},
    "logprobs": {"type": "boolean"},
    "response_format": {"type": "object"},
    "stream_options": {"type": "object"},
}
_RESPONSES: Final[JsonObject] = {
    **_COMMON,
    "include": {"type": "array"},
    "instructions": {"type": "string"},
    "max_output_tokens": {"type": "integer", "minimum": 1},
    "max_tool_calls": {"type": "integer", "minimum": 1},
    "reasoning": {"type": "object"},
    "text": {"type": "object"},
    "store": {"type": "boolean"},
    "metadata": {"type": "object"},
    "previous_response_id": {"type": "string"},
    "truncation": {"type": "string", "enum": ["auto", "disabled"]},
}
_ROLES: Final = ("system", "developer", "user", "assistant", "tool", "function")
_SAME_ROLE: Final = {"developer": "system", "function": "tool"}
_TEXTS: Final = ("text", "input_text", "output_text", "refusal")
_IMAGES: Final = ("image_url", "input_image")


def parse_chat(body: JsonObject) -> CompletionRequest:
    """Parse the body of a chat completion."""
    check_fields(body, _CHAT, required=("model", "messages"))
    check_chat_parameters(body)
    messages = _messages(body["messages"])
    if not messages:
        reject("messages", "must have at least one message")
    tools, must_call = _tools(body, "function")
    format_ = body.get("response_format")
    schema = _schema(format_, object_in(format_, "json_schema"), "response_format")
    return CompletionRequest(
        model=body["model"],
        messages=messages,
        field="messages",
        body=body,
        tools=tools,
        must_call=must_call,
        parallel=body.get("parallel_tool_calls") is not False,
        schema=schema,
        max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
        stop=_stop(body.get("stop")),
        count=body.get("n") or 1,
        stream=bool(body.get("stream")),
    )


def parse_response(
    body: JsonObject, stored: Callable[[str], Sequence[Message]]
) -> CompletionRequest:
    """Parse the body of a response.

    Args:
        body: The fields.
        stored: Returns the conversation up to a stored response, by its id.
    """
    check_fields(body, _RESPONSES, required=("model", "input"))
    check_stream_options(body)
    messages: list[Message] = []
    if body.get("instructions"):
        messages.append(Message("system", body["instructions"]))
    if body.get("previous_response_id"):
        messages += stored(body["previous_response_id"])
    messages += _input(body["input"], messages)
    tools, must_call = _tools(body, None)
    text = object_in(body, "text")
    schema = _schema(text.get("format"), object_in(text, "format"), "text.format")
    return CompletionRequest(
        model=body["model"],
        messages=messages,
        field="input",
        body=body,
        tools=tools,
        must_call=must_call,
        parallel=body.get("parallel_tool_calls") is not False,
        schema=schema,
        max_tokens=body.get("max_output_tokens"),
        stream=bool(body.get("stream")),
    )


def check_fields(
    body: JsonObject, schemas: Mapping[str, JsonObject], *, required: tuple[str, ...]
) -> None:
    """Check the types and bounds of fields."""
    for name in required:
        if body.get(name) is None:
            reject(name, "is required")
    for name, schema in schemas.items():
        value = body.get(name)
        if value is not None and (expected := mismatch(value, schema)):
            reject(name, f"must be {expected}")


def reject(name: str, reason: str) -> NoReturn:
    """Reject a field."""
    raise ApiError(400, "INVALID_PARAMETER", f"The {name} field {reason}.", param=name)


def _messages(given: list[Json]) -> list[Message]:
    """The messages of a chat; tool messages must answer the calls right before them."""
    messages: list[Message] = []
    calls: dict[str, str] = {}
    unanswered: set[str] = set()
    for place, item in enumerate(given):
        message = _message(item, place, calls)
        if unanswered and message.call_id is None:
            break
        unanswered.discard(message.call_id or "")
        if message.role != "tool":
            calls = {call.id: call.name for call in message.calls}
            unanswered = set(calls)
        messages.append(message)
    if unanswered:
        raise unanswered_calls(id for id in calls if id in unanswered)
    return messages


def _message(given: Json, place: int, calls: Mapping[str, str]) -> Message:
    """A message of a chat.

    Args:
        given: Its JSON.
        place: Its index.
        calls: The tools that the model called right before, by the ids of the calls.
    """
    name = f"messages[{place}]"
    if not is_object(given):
        reject(name, "must be of type object")
    role = str(given.get("role"))
    if role not in _ROLES:
        reject(f"{name}.role", f"must be one of {', '.join(_ROLES)}")
    own_calls = [_tool_call(call, f"{name}.tool_calls") for call in given.get("tool_calls") or ()]
    tool, call_id = given.get("name"), None
    if role == "tool":
        call_id = str(given.get("tool_call_id"))
        if (tool := calls.get(call_id)) is None:
            raise orphan_tool_message(place)
    content = given.get("content")
    if content is None and not own_calls:
        reject(f"{name}.content", "is required")
    message = _text_and_images(role, content, f"{name}.content")
    return replace(message, tool=tool, call_id=call_id, calls=own_calls)


def _tool_call(given: Json, name: str) -> ToolCall:
    function = object_in(given, "function")
    if not function:
        reject(name, "must be calls of functions, each with an id")
    return ToolCall(str(given.get("id")), str(function.get("name")), str(function.get("arguments")))


def _text_and_images(role: str, content: Json, name: str) -> Message:
    """A message with content that is a string, or an array of parts."""
    role = _SAME_ROLE.get(role, role)
    if content is None or isinstance(content, str):
        return Message(role, content or "")
    if not is_array(content):
        reject(name, "must be a string or an array of parts")
    texts: list[str] = []
    images = 0
    for place, part in enumerate(content):
        kind = part.get("type") if is_object(part) else None
        if kind in _TEXTS:
            texts.append(str(part.get("text") or part.get("refusal") or ""))
        elif kind in _IMAGES:
            images += 1
            texts += _words_of_url(part.get("image_url"), f"{name}[{place}].image_url")
        else:
            reject(f"{name}[{place}].type", f"must be one of {', '.join(_TEXTS + _IMAGES)}")
    return Message(role, "\n".join(texts), images)


def _words_of_url(value: Json, name: str) -> list[str]:
    """The words in the URL of an image, which the content filters read instead of the image."""
    url = value.get("url") if is_object(value) else value
    if not isinstance(url, str) or not url.startswith(("http://", "https://", "data:image/")):
        reject(name, "must be an http URL or data:image/…")
    return [] if url.startswith("data:") else [url.replace("_", " ")]


def _input(given: Json, earlier: Sequence[Message]) -> list[Message]:
    """The messages in the input of a response.

    Args:
        given: The input.
        earlier: The messages before, which may call tools that the input has the results of.
    """
    calls = {call.id: call.name for message in earlier for call in message.calls}
    unanswered = calls.keys() - {message.call_id for message in earlier}
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if not is_array(items) or not items:
        reject("input", "must be a string, or an array with at least one item")
    messages = [
        _item(item, f"input[{place}]", calls, unanswered) for place, item in enumerate(items)
    ]
    if unanswered:
        message = f"No tool output found for function call {min(unanswered)}."
        raise InvalidRequestError(message, "input")
    return [message for message in messages if message is not None]


def _item(item: Json, name: str, calls: dict[str, str], unanswered: set[str]) -> Message | None:
    """The message of an item, if it has one.

    Args:
        item: The item.
        name: Its place in the body.
        calls: The tools called so far by the ids of the calls; updated.
        unanswered: The calls without a result so far; updated.
    """
    match item:
        case {"type": "function_call", "call_id": str(id), "name": str(tool)}:
            calls[id] = tool
            unanswered.add(id)
            return Message("assistant", "", calls=[ToolCall(id, tool, str(item.get("arguments")))])
        case {"type": "function_call_output", "call_id": str(id), "output": output}:
            if id not in calls:
                message = f"No tool call found for function call output with call_id {id}."
                raise InvalidRequestError(message, "input")
            unanswered.discard(id)
            result = _text_and_images("tool", output, f"{name}.output")
            return replace(result, tool=calls[id], call_id=id)
        case {"type": "reasoning"}:
            return None
        case {"role": str(role), "content": content} if role in _ROLES:
            return _text_and_images(role, content, name)
        case _:
            reject(name, "must be a message, a function_call or a function_call_output")


def _tools(body: JsonObject, holder: str | None) -> tuple[list[Tool], bool | None]:
    """The tools that may be called, and whether one must be.

    Args:
        body: The fields.
        holder: The name of the object in a tool that has the function; `None`: the tool itself.
    """
    tools: list[Tool] = []
    for place, tool in enumerate(body.get("tools") or ()):
        path = f"tools[{place}]"
        kind = tool.get("type", "function") if is_object(tool) else "function"
        if kind != "function":
            message = f"Invalid value: '{kind}'. Supported values are: 'function'."
            raise InvalidRequestError(message, f"{path}.type", "invalid_value")
        function = _function(tool, holder)
        if not function:
            reject(path, "must be a function with a name")
        check_tool(function, path if holder is None else f"{path}.{holder}")
        tools.append(Tool(function["name"], object_in(function, "parameters")))
    match choice := body.get("tool_choice"):
        case None | "auto":
            return tools, None
        case "none":
            return tools, False
        case "required":
            allowed = tools
        case _:
            name = _function(choice, holder).get("name")
            allowed = [tool for tool in tools if tool.name == name]
    if not allowed:
        reject("tool_choice", "must be none, auto, required, or a function among the tools")
    return allowed, True


def _function(tool: Json, holder: str | None) -> JsonObject:
    """The function of a tool or of a tool choice; empty if it has no name."""
    function = tool if holder is None else object_in(tool, holder)
    return function if is_object(function) and isinstance(function.get("name"), str) else {}


def _schema(given: Json, definition: JsonObject, name: str) -> JsonObject | None:
    """The JSON Schema that the completion must fit, empty for any JSON, `None` for text.

    Args:
        given: The format of the response.
        definition: The object in it that has the schema.
        name: Its place in the body.
    """
    match given:
        case None | {"type": "text"}:
            return None
        case {"type": "json_object"}:
            return {}
        case {"type": "json_schema"}:
            schema = object_in(definition, "schema")
            if not (definition.get("name") and schema):
                reject(name, "must have a name and a schema")
            error = strict_schema_error(schema) if definition.get("strict") is True else None
            if error:
                message = f"Invalid schema for response_format '{definition['name']}': {error}"
                if name == "text.format":
                    raise InvalidRequestError(message, f"{name}.schema", "invalid_json_schema")
                raise InvalidRequestError(message, name)
            return schema
        case _:
            reject(name, "must be of type text, json_object or json_schema")


def _stop(given: Json) -> list[str]:
    stop: Json = [given] if isinstance(given, str) else given or []
    if not is_array(stop) or not all(text and isinstance(text, str) for text in stop):
        reject("stop", "must be a string or an array of strings")
    check_stop(stop)
    return stop
