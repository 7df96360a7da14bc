"""Bodies of inference, read and checked; each wrong field becomes a `Refusal` that names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NoReturn

from skytells.local.answers import Json, JsonObject, Refusal
from skytells.local.checks import is_array, is_object, misfit, part_of

from .orders import Ask, Tool, Turn

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
    calls: dict[str, str] = {}
    turns = [
        _message(message, f"messages[{place}]", calls)
        for place, message in enumerate(body["messages"])
    ]
    if not turns:
        wrong("messages", "must have at least one message")
    tools, must_call = _tools(body, lambda tool: tool.get("function"))
    return Ask(
        model=body["model"],
        turns=turns,
        body=body,
        tools=tools,
        must_call=must_call,
        several=body.get("parallel_tool_calls") is not False,
        shape=_shape(body.get("response_format"), "response_format", "json_schema"),
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
    turns: list[Turn] = []
    if body.get("instructions"):
        turns.append(Turn("system", body["instructions"]))
    if body.get("previous_response_id"):
        turns += earlier(body["previous_response_id"])
    turns += _input(body["input"])
    tools, must_call = _tools(body, lambda tool: tool)
    return Ask(
        model=body["model"],
        turns=turns,
        body=body,
        tools=tools,
        must_call=must_call,
        several=body.get("parallel_tool_calls") is not False,
        shape=_shape(part_of(body, "text").get("format"), "text.format", None),
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


def _message(message: Json, name: str, calls: dict[str, str]) -> Turn:
    """What a message says; it may answer one of the calls so far, and adds its own."""
    if not is_object(message):
        wrong(name, "must be of type object")
    role = str(message.get("role"))
    if role not in _ROLES:
        wrong(f"{name}.role", f"must be one of {', '.join(_ROLES)}")
    made = message.get("tool_calls") or ()
    for call in made:
        if not is_object(call) or not is_object(call.get("function")):
            wrong(f"{name}.tool_calls", "must be calls of functions, each with an id")
        calls[str(call.get("id"))] = str(call["function"].get("name"))
    tool = message.get("name")
    if role == "tool" and (tool := calls.get(str(message.get("tool_call_id")))) is None:
        wrong(f"{name}.tool_call_id", "must be the id of a tool call in a message before it")
    content = message.get("content")
    if content is None and not made:
        wrong(f"{name}.content", "is required")
    roles = {"developer": "system", "function": "tool"}
    return _turn(roles.get(role, role), content, f"{name}.content", tool)


def _turn(role: str, content: Json, name: str, tool: str | None = None) -> Turn:
    """What is said in a string, or in parts."""
    if content is None or isinstance(content, str):
        return Turn(role, content or "", 0, tool)
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
    return Turn(role, "\n".join(words), pictures, tool)


def _address(value: Json, name: str) -> list[str]:
    """The words in the address of a picture, which is all that is looked at."""
    url = value.get("url") if is_object(value) else value
    if not isinstance(url, str) or not url.startswith(("http://", "https://", "data:image/")):
        wrong(name, "must be an http URL or data:image/…")
    return [] if url.startswith("data:") else [url.replace("_", " ")]


def _input(given: Json) -> list[Turn]:
    """What the input of a response says: words, or items in the order in which they came."""
    if isinstance(given, str):
        return [Turn("user", given)]
    if not is_array(given) or not given:
        wrong("input", "must be a string, or an array with at least one item")
    calls: dict[str, str] = {}
    turns: list[Turn] = []
    for place, item in enumerate(given):
        name = f"input[{place}]"
        match item:
            case {"type": "function_call", "call_id": str(id), "name": str(tool)}:
                calls[id] = tool
            case {"type": "function_call_output", "call_id": str(id), "output": output}:
                turns.append(_turn("tool", output, f"{name}.output", calls.get(id, "The tool")))
            case {"type": "reasoning"}:
                pass
            case {"role": str(role), "content": content} if role in _ROLES:
                turns.append(_turn("system" if role == "developer" else role, content, name))
            case _:
                wrong(name, "must be a message, a function_call or a function_call_output")
    return turns


def _tools(
    body: JsonObject, function_of: Callable[[JsonObject], Json]
) -> tuple[list[Tool], bool | None]:
    """The tools that may be called, and whether one must be."""
    tools: list[Tool] = []
    for place, tool in enumerate(body.get("tools") or ()):
        function = function_of(tool) if is_object(tool) else None
        if not is_object(function) or not isinstance(function.get("name"), str):
            wrong(f"tools[{place}]", "must be a function with a name")
        tools.append(Tool(function["name"], part_of(function, "parameters")))
    match choice := body.get("tool_choice"):
        case None | "auto":
            return tools, None
        case "none":
            return tools, False
        case "required":
            named = tools
        case _:
            function = function_of(choice) if is_object(choice) else None
            wanted = function.get("name") if is_object(function) else None
            named = [tool for tool in tools if tool.name == wanted]
    if not named:
        wrong("tool_choice", "must be none, auto, required, or a function among the tools")
    return named, True


def _shape(given: Json, name: str, inside: str | None) -> JsonObject | None:
    """The schema of the answer, if it is to have a shape."""
    match given:
        case None | {"type": "text"}:
            return None
        case {"type": "json_object"}:
            return {}
        case {"type": "json_schema"}:
            holder = given if inside is None else given.get(inside)
            if not is_object(holder) or not (holder.get("name") and part_of(holder, "schema")):
                wrong(name, "must have a name and a schema")
            return part_of(holder, "schema")
        case _:
            wrong(name, "must be of type text, json_object or json_schema")


def _stops(given: Json) -> list[str]:
    stops: Json = [given] if isinstance(given, str) else given or []
    if not is_array(stops) or not all(stop and isinstance(stop, str) for stop in stops):
        wrong("stop", "must be a string or an array of strings")
    return stops
