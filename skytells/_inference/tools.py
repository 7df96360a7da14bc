"""Tools: typed functions that a model may have called.

The signature of a function becomes the schema that the model sees; its docstring says what it and its
arguments are for; and what the model sends is checked by pydantic before the function is called.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from copy import deepcopy
from functools import partial, update_wrapper
from typing import (
    Any,
    Final,
    Generic,
    ParamSpec,
    TypeGuard,
    TypeVar,
    overload,
)

from pydantic import ValidationError
from pydantic_core import to_json

from .._data.checks import is_array, is_mapping, shown
from ..errors import InvalidRequestError
from .docstrings import described
from .signatures import (
    AnyTool,
    checked_name,
    docstring_of,
    fields_of,
    has_default,
    layers,
    model_of,
    schema_of,
    signature_of,
)

P = ParamSpec("P")
T = TypeVar("T")
R_co = TypeVar("R_co", covariant=True)
_MOST_PROBLEMS: Final = 20


class ToolError(Exception):
    """Raise it in a tool to tell the model what went wrong, so that it can do better.

    Its message is what the model reads in place of a result. Any other exception of a tool ends the
    run, as a `ToolRunError`.
    """


class Tool(Generic[P, R_co]):
    """A function that a model may have called; it can still be called as before.

    Args:
        function: A function, method, partial or callable object. All its parameters have types; it has
            no `*args` and `**kwargs`. A docstring in Google's style describes it and its arguments.
        name: What the model calls it; by default the function's own name.
        description: What it is for; by default the docstring up to its first section.

    Raises:
        InvalidRequestError: No schema can be made of its signature, or the name cannot be sent.
    """

    name: str
    """What the model calls it."""
    description: str
    """What it is for; empty where nobody says so."""
    parameters: dict[str, Any]
    """JSON schema of its arguments."""
    function: Callable[P, R_co]
    """What is called."""

    def __init__(
        self,
        function: Callable[P, R_co],
        *,
        name: str | None = None,
        description: str | None = None,
    ) -> None:
        if not callable(function) or inspect.isclass(function):
            raise InvalidRequestError.of(
                f"A tool is made of a function, not of {shown(function)}; write one that calls it."
            )
        update_wrapper(self, function, updated=())
        self.function = function
        if (made := _tool_in(function)) is not None:
            name = made.name if name is None else name
            description = made.description if description is None else description
        self.name = checked_name(function, name)
        about, arguments = described(docstring_of(function))
        self.description = about if description is None else description
        self._signature = signature_of(function, self.name)
        self._model = model_of(self._signature, self.name)
        self.parameters = schema_of(self._model, self._signature, arguments, self.name)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"Tool({self.name!r})"

    def to_dict(self) -> dict[str, Any]:
        """The tool as it is sent.

        Example:
            >>> def weather(city: str) -> str:
            ...     \"\"\"The weather in a city now.\"\"\"
            ...     return f"{city}: 18 °C"
            >>> tool(weather).to_dict()["function"]["description"]
            'The weather in a city now.'
        """
        function: dict[str, Any] = {"name": self.name}
        if self.description:
            function["description"] = self.description
        return {
            "type": "function",
            "function": function | {"parameters": deepcopy(self.parameters)},
        }

    @property
    def is_async(self) -> bool:
        """Whether what it gives has to be awaited."""
        first = next(layer for layer in layers(self.function) if not isinstance(layer, partial))
        if isinstance(first, Tool):
            return first.is_async
        return any(map(inspect.iscoroutinefunction, (first, type(first).__call__)))

    def bind(self, arguments: str) -> Callable[[], R_co]:
        """A call of the function with what a model sent.

        Args:
            arguments: JSON, as the model wrote it.

        Raises:
            ValidationError: They do not fit.
        """
        # Of a function without parameters, models leave them out.
        read = self._model.model_validate_json(arguments if arguments.strip() else "{}")
        values = {
            parameter.name: getattr(read, field)
            for field, parameter in fields_of(self._signature).items()
            if field in read.model_fields_set or not has_default(parameter)
        }
        bound = inspect.BoundArguments(self._signature, values)
        bound.apply_defaults()
        return partial(self.function, *bound.args, **bound.kwargs)


@overload
def tool(function: Callable[P, T], /) -> Tool[P, T]: ...
@overload
def tool(
    *, name: str | None = None, description: str | None = None
) -> Callable[[Callable[P, T]], Tool[P, T]]: ...
def tool(
    function: Callable[P, T] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
) -> Tool[P, T] | Callable[[Callable[P, T]], Tool[P, T]]:
    """Make a tool of a typed function, as a decorator too.

    Args:
        function: The function; see `Tool`.
        name: What the model calls it; by default the function's own name.
        description: What it is for; by default the docstring up to its first section.

    Raises:
        InvalidRequestError: No schema can be made of its signature, or the name cannot be sent.

    Example:
        >>> @tool
        ... def weather(city: str, days: int = 1) -> str:
        ...     \"\"\"The weather in a city.
        ...
        ...     Args:
        ...         city: Name of the city.
        ...     \"\"\"
        ...     return f"{city}: 18 °C"
        >>> weather.parameters["properties"]["city"]
        {'type': 'string', 'description': 'Name of the city.'}
        >>> weather("Paris")
        'Paris: 18 °C'
    """
    if function is not None:
        return Tool(function)
    return partial(Tool, name=name, description=description)


def toolbox(tools: object) -> dict[str, Tool[..., object]]:
    """Tools by name, made of functions where they are none yet.

    Raises:
        InvalidRequestError: One cannot be called, or two have the same name.
    """
    if not is_array(tools) or not tools:
        raise InvalidRequestError.of("tools must be a list with at least one function.")
    box: dict[str, Tool[..., object]] = {}
    for given in tools:
        made = as_tool(given)
        if made.name in box:
            raise _twice(made.name)
        box[made.name] = made
    return box


def as_tool(given: object) -> Tool[..., object]:
    """A function, or a tool, as a tool."""
    if isinstance(given, Tool):
        return given  # pyright: ignore[reportUnknownVariableType]  # whatever its parameters
    if not _is_function(given):
        raise InvalidRequestError.of(
            f"A tool that is to be called must be a function, not {shown(given)}; with a schema of "
            "your own, use create() and call it yourself."
        )
    return Tool(given)


def blocking_tools(tools: object) -> list[Tool[..., object]]:
    """Tools for the sync client, which cannot await: refused before anything is paid for."""
    made = list(toolbox(tools).values())
    for one in made:
        if one.is_async:
            raise InvalidRequestError.of(
                f"The tool {one.name!r} is async, and this client is not: pass a plain function, or "
                "use AsyncSkytellsClient."
            )
    return made


def wire_tools(tools: object, *, flat: bool = False) -> object:
    """Tools as they are sent: functions as their schemas, everything else as it is.

    Args:
        tools: Functions, tools and schemas.
        flat: Whether a function's name stands beside its type, as responses have it.

    Raises:
        InvalidRequestError: A function cannot be a tool, or two have the same name.
    """
    if not is_array(tools):
        return tools
    sent = [_wire(one, flat=flat) if _is_function(one) else one for one in tools]
    names: set[str] = set()
    for one in sent:
        function = one if flat or not is_mapping(one) else one.get("function")
        name = function.get("name") if is_mapping(function) else None
        if isinstance(name, str):
            if name in names:
                raise _twice(name)
            names.add(name)
    return sent


def _wire(function: AnyTool, *, flat: bool) -> dict[str, Any]:
    wire = as_tool(function).to_dict()
    return {"type": wire["type"], **wire["function"]} if flat else wire


def problems_of(error: ValidationError) -> str:
    """What a model is told about arguments that do not fit."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    told = [
        f"{'.'.join(map(str, one['loc']))}: {one['msg']}" if one["loc"] else one["msg"]
        for one in found[:_MOST_PROBLEMS]
    ]
    return (
        f"The arguments do not fit, and nothing was called: {'; '.join(told)}. Correct them, and "
        "call again."
    )


def content_of(value: object) -> str:
    """What a model is told of a function's value: text as it is, anything else as JSON.

    Raises:
        ValueError: JSON cannot carry it.
    """
    text = str.__str__(value) if isinstance(value, str) else to_json(value).decode()
    text.encode()  # half a surrogate pair could not be sent
    return text


def _is_function(given: object) -> TypeGuard[AnyTool]:
    return callable(given) and not is_mapping(given)


def _tool_in(function: AnyTool) -> Tool[..., object] | None:
    """The tool that a function is made of, if it is made of one."""
    made: list[Tool[..., object]] = [one for one in layers(function) if isinstance(one, Tool)]
    return made[0] if made else None


def _twice(name: str) -> InvalidRequestError:
    return InvalidRequestError.of(
        f"Two tools are called {name!r}; give one another name, with skytells.tool(name=…)."
    )
