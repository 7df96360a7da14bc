"""Bodies of inference, read and checked; each wrong field becomes a `Refusal` that names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, NoReturn

from skytells.local.prediction_json import InvalidRequest, Json, JsonObject, Refusal
from skytells.local.requests import is_array, is_object, misfit, part_of

from .types import Ask, Call, Tool, Turn
from .validation import (
    check_chat_parameters,
    check_stop,
    check_stream_options,
    check_tool,
    orphan_tool_message,
    strict_fault,
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
_WORDS: Final = ("text", "input_text", "output_text", "refusal")
_PICTURES: Final = ("image_url", "input_image")


def read_chat(body: JsonObject) -> Ask:
    """What a body asks of chat.

    Raises:
        Refusal: 400, naming the field that is missing or wrong.
    """
    check(body, _CHAT, required=("model", "messages"))
    check_chat_parameters(body)
    turns = _messages(body["messages"])
    if not turns:
        wrong("messages", "must have at least one message")
    tools, must_call = _tools(body, "function")
    return Ask(
        model=body["model"],
        turns=turns,
        field="messages",
        body=body,
        tools=tools,
        must_call=must_call,
        several=body.get("parallel_tool_calls") is not False,
        shape=_chat_shape(body.get("response_format")),
        longest=body.get("max_completion_tokens") or body.get("max_tokens"),
        stops=_stops(body.get("stop")),
        count=body.get("n") or 1,
        stream=bool(body.get("stream")),
    )


def read_response(body: JsonObject, earlier: Callable[[str], list[Turn]]) -> Ask:
    """What a body asks of responses.

    Arguments:
        body: the fields.
        earlier: what was said up to a stored response, by its id.

    Raises:
        Refusal: 400, naming the field that is missing or wrong; 404, no such response is stored.
    """
    check(body, _RESPONSES, required=("model", "input"))
    check_stream_options(body)
    turns: list[Turn] = []
    if body.get("instructions"):
        turns.append(Turn("system", body["instructions"]))
    if body.get("previous_response_id"):
        turns += earlier(body["previous_response_id"])
    turns += _input(body["input"], turns)
    tools, must_call = _tools(body, None)
    return Ask(
        model=body["model"],
        turns=turns,
        field="input",
        body=body,
        tools=tools,
        must_call=must_call,
        several=body.get("parallel_tool_calls") is not False,
        shape=_response_shape(part_of(body, "text").get("format")),
        longest=body.get("max_output_tokens"),
        stream=bool(body.get("stream")),
    )


def check(body: JsonObject, fields: Mapping[str, JsonObject], *, required: tuple[str, ...]) -> None:
    """Compare fields with what they must be.

    Raises:
        Refusal: 400, naming the first that is missing or does not fit.
    """
    for name in required:
        if body.get(name) is None:
            wrong(name, "is required")
    for name, schema in fields.items():
        value = body.get(name)
        if value is not None and (found := misfit(value, schema)):
            wrong(name, f"must be {found}")


def wrong(name: str, what: str) -> NoReturn:
    """Refuse a field.

    Raises:
        Refusal: 400.
    """
    raise Refusal(400, "INVALID_PARAMETER", f"The {name} field {what}.", param=name)


def _messages(given: list[Json]) -> list[Turn]:
    """What the messages of a chat say; tools answer the calls right before them."""
    turns: list[Turn] = []
    calls: dict[str, str] = {}
    waiting: set[str] = set()
    for place, message in enumerate(given):
        turn = _message(message, place, calls)
        if waiting and turn.call_id is None:
            break
        waiting.discard(turn.call_id or "")
        if turn.role != "tool":
            calls = {call.id: call.name for call in turn.calls}
            waiting = set(calls)
        turns.append(turn)
    if waiting:
        raise unanswered_calls(id for id in calls if id in waiting)
    return turns


def _message(message: Json, place: int, calls: Mapping[str, str]) -> Turn:
    """What a message says.

    Arguments:
        message: the message.
        place: its place among the others.
        calls: the names of the tools that the model called right before, by the ids of the calls.
    """
    name = f"messages[{place}]"
    if not is_object(message):
        wrong(name, "must be of type object")
    role = str(message.get("role"))
    if role not in _ROLES:
        wrong(f"{name}.role", f"must be one of {', '.join(_ROLES)}")
    made = [_call(call, f"{name}.tool_calls") for call in message.get("tool_calls") or ()]
    tool, call_id = message.get("name"), None
    if role == "tool":
        call_id = str(message.get("tool_call_id"))
        if (tool := calls.get(call_id)) is None:
            raise orphan_tool_message(place)
    content = message.get("content")
    if content is None and not made:
        wrong(f"{name}.content", "is required")
    roles = {"developer": "system", "function": "tool"}
    turn = _turn(roles.get(role, role), content, f"{name}.content")
    return replace(turn, tool=tool, call_id=call_id, calls=made)


def _call(call: Json, name: str) -> Call:
    """A call that the model made earlier."""
    function = part_of(call, "function") if is_object(call) else {}
    if not function:
        wrong(name, "must be calls of functions, each with an id")
    return Call(str(call.get("id")), str(function.get("name")), str(function.get("arguments")))


def _turn(role: str, content: Json, name: str) -> Turn:
    """What is said in a string, or in parts."""
    if content is None or isinstance(content, str):
        return Turn(role, content or "")
    if not is_array(content):
        wrong(name, "must be a string or an array of parts")
    words: list[str] = []
    pictures = 0
    for place, part in enumerate(content):
        kind = part.get("type") if is_object(part) else None
        if kind in _WORDS:
            words.append(str(part.get("text") or part.get("refusal") or ""))
        elif kind in _PICTURES:
            pictures += 1
            words += _address(part.get("image_url"), f"{name}[{place}].image_url")
        else:
            wrong(f"{name}[{place}].type", f"must be one of {', '.join(_WORDS + _PICTURES)}")
    return Turn(role, "\n".join(words), pictures)


def _address(value: Json, name: str) -> list[str]:
    """The words in the address of a picture, which is all that is looked at."""
    url = value.get("url") if is_object(value) else value
    if not isinstance(url, str) or not url.startswith(("http://", "https://", "data:image/")):
        wrong(name, "must be an http URL or data:image/…")
    return [] if url.startswith("data:") else [url.replace("_", " ")]


def _input(given: Json, earlier: Sequence[Turn]) -> list[Turn]:
    """What the input of a response says: words, or items in the order in which they came.

    Arguments:
        given: the input.
        earlier: what was said before, which may call tools that the input answers.
    """
    calls = {call.id: call.name for turn in earlier for call in turn.calls}
    waiting = calls.keys() - {turn.call_id for turn in earlier}
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if not is_array(items) or not items:
        wrong("input", "must be a string, or an array with at least one item")
    turns = [_item(item, f"input[{place}]", calls, waiting) for place, item in enumerate(items)]
    if waiting:
        message = f"No tool output found for function call {min(waiting)}."
        raise InvalidRequest(message, "input")
    return [turn for turn in turns if turn is not None]


def _item(item: Json, name: str, calls: dict[str, str], waiting: set[str]) -> Turn | None:
    """What an item says.

    Arguments:
        item: the item.
        name: where it is in the body.
        calls: the names of the tools called so far by the ids of the calls; it may add one.
        waiting: the calls that no tool has answered; it may add one, or answer one.
    """
    match item:
        case {"type": "function_call", "call_id": str(id), "name": str(tool)}:
            calls[id] = tool
            waiting.add(id)
            return Turn("assistant", "", calls=[Call(id, tool, str(item.get("arguments")))])
        case {"type": "function_call_output", "call_id": str(id), "output": output}:
            if id not in calls:
                message = f"No tool call found for function call output with call_id {id}."
                raise InvalidRequest(message, "input")
            waiting.discard(id)
            return replace(_turn("tool", output, f"{name}.output"), tool=calls[id], call_id=id)
        case {"type": "reasoning"}:
            return None
        case {"role": str(role), "content": content} if role in _ROLES:
            return _turn("system" if role == "developer" else role, content, name)
        case _:
            wrong(name, "must be a message, a function_call or a function_call_output")


def _tools(body: JsonObject, inside: str | None) -> tuple[list[Tool], bool | None]:
    """The tools that may be called, and whether one must be.

    Arguments:
        body: the fields.
        inside: the name of the object in a tool that holds the function; `None`: it is the tool.
    """
    tools: list[Tool] = []
    for place, tool in enumerate(body.get("tools") or ()):
        path = f"tools[{place}]"
        kind = tool.get("type", "function") if is_object(tool) else None
        if kind not in ("function", None):
            message = f"Invalid value: '{kind}'. Supported values are: 'function'."
            raise InvalidRequest(message, f"{path}.type", "invalid_value")
        function = _function(tool, inside)
        if not function:
            wrong(path, "must be a function with a name")
        check_tool(function, path if inside is None else f"{path}.{inside}")
        tools.append(Tool(function["name"], part_of(function, "parameters")))
    match choice := body.get("tool_choice"):
        case None | "auto":
            return tools, None
        case "none":
            return tools, False
        case "required":
            named = tools
        case _:
            wanted = _function(choice, inside).get("name")
            named = [tool for tool in tools if tool.name == wanted]
    if not named:
        wrong("tool_choice", "must be none, auto, required, or a function among the tools")
    return named, True


def _function(tool: Json, inside: str | None) -> JsonObject:
    """The function of a tool or of a choice, which is empty if there is none with a name."""
    holder: JsonObject = tool if is_object(tool) else {}
    function = holder if inside is None else part_of(holder, inside)
    return function if isinstance(function.get("name"), str) else {}


def _chat_shape(given: Json) -> JsonObject | None:
    holder = part_of(given, "json_schema") if is_object(given) else {}
    return _shape(given, holder, "response_format", "response_format", None)


def _response_shape(given: Json) -> JsonObject | None:
    holder = given if is_object(given) else {}
    return _shape(given, holder, "text.format", "text.format.schema", "invalid_json_schema")


def _shape(
    given: Json, holder: JsonObject, name: str, param: str, code: str | None
) -> JsonObject | None:
    """The schema of the answer, if it is to have a shape.

    Arguments:
        given: the format that is asked for.
        holder: the object in it that has the schema.
        name: where the format is in the body.
        param: what a fault of a strict schema is put down to.
        code: the code of such a fault.
    """
    match given:
        case None | {"type": "text"}:
            return None
        case {"type": "json_object"}:
            return {}
        case {"type": "json_schema"}:
            schema = part_of(holder, "schema")
            if not (holder.get("name") and schema):
                wrong(name, "must have a name and a schema")
            if holder.get("strict") is True and (fault := strict_fault(schema)):
                message = f"Invalid schema for response_format '{holder['name']}': {fault}"
                raise InvalidRequest(message, param, code)
            return schema
        case _:
            wrong(name, "must be of type text, json_object or json_schema")


def _stops(given: Json) -> list[str]:
    stops: Json = [given] if isinstance(given, str) else given or []
    if not is_array(stops) or not all(stop and isinstance(stop, str) for stop in stops):
        wrong("stop", "must be a string or an array of strings")
    check_stop(stops)
    return stops
