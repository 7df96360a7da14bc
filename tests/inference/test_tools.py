"""Tools without a wire: schemas of functions, docstrings, arguments that are checked, values that are told."""

from __future__ import annotations

import datetime as dt
import enum
import functools
import inspect
import json
import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field, ValidationError

from skytells import (
    InvalidRequestError,
    SkytellsError,
    Tool,
    ToolError,
    ToolRun,
    ToolRunError,
    tool,
)
from skytells._inference.docstrings import described
from skytells._inference.tools import content_of, problems_of
from skytells.chat.requests import create_completion
from skytells.chat.run_tools import run_tools
from skytells.local.inference.schemas import instance
from skytells.types.chat import ChatCompletion, ChatMessage

from ..core.support import Hand, call_of, reply, script

if TYPE_CHECKING:
    from skytells.errors import ToolRunInfo

QUESTION = [{"role": "user", "content": "Hi"}]


class Unit(enum.Enum):
    """Of temperatures."""

    CELSIUS = "C"
    FAHRENHEIT = "F"


class Place(BaseModel):
    """Somewhere."""

    city: str
    zip: int | None = None


class Plain(str, enum.Enum):  # noqa: UP042  # what a StrEnum is not
    RED = "red"


@dataclass
class Pair:
    a0: int
    right: dt.date


def weather(city: str, unit: Literal["C", "F"] = "C", days: Annotated[int, Field(gt=0)] = 1) -> str:
    """The weather in a city.

    It is made up.

    Args:
        city: Name of the city,
            with its country.
        days (int): How many days.

    Returns:
        What it will be.
    """
    return f"{city} {unit} {days}"


class Forecast:
    """Tells the weather."""

    def __init__(self, sky: str) -> None:
        self.sky = sky

    def __call__(self, city: str) -> str:
        return f"{self.sky} in {city}"

    def of(self, city: str, /, *, copy: Place | None = None) -> tuple[str, Place | None]:
        """The weather of a city."""
        return f"{self.sky} in {city}", copy

    @classmethod
    def known(cls, city: str) -> bool:
        """Whether a city is known."""
        return city == "Paris"


def properties(function: Any) -> dict[str, Any]:
    found: dict[str, Any] = Tool(function).parameters["properties"]
    return found


# Schemas


def test_a_function_becomes_the_schema_that_is_sent() -> None:
    assert Tool(weather).to_dict() == {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather in a city.\n\nIt is made up.",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {
                        "type": "string",
                        "description": "Name of the city, with its country.",
                    },
                    "unit": {"type": "string", "enum": ["C", "F"], "default": "C"},
                    "days": {
                        "type": "integer",
                        "exclusiveMinimum": 0,
                        "default": 1,
                        "description": "How many days.",
                    },
                },
                "required": ["city"],
                "additionalProperties": False,
            },
        },
    }


def test_what_is_sent_is_a_copy() -> None:
    made = Tool(weather)
    made.to_dict()["function"]["parameters"]["properties"].clear()
    assert made.parameters["properties"]


def test_a_function_without_docstring_and_parameters_is_a_tool() -> None:
    def ping() -> None: ...

    function = Tool(ping).to_dict()["function"]
    assert function == {
        "name": "ping",
        "parameters": {"type": "object", "properties": {}, "additionalProperties": False},
    }


def test_a_tool_is_still_the_function() -> None:
    @tool
    def double(number: int) -> int:
        """Twice as much."""
        return 2 * number

    assert double(21) == 42
    assert (vars(double)["__name__"], double.__doc__) == ("double", "Twice as much.")
    assert str(inspect.signature(double)) == "(number: 'int') -> 'int'"
    assert repr(double) == "Tool('double')"


def test_name_and_description_may_be_given() -> None:
    @tool(name="forecast-2", description="What it will be.")
    def f(city: str) -> str:
        """Not this."""
        return city

    assert (f.name, f.description) == ("forecast-2", "What it will be.")
    assert tool(description="")(weather).description == ""


def test_names_that_fields_cannot_have_are_parameters_all_the_same() -> None:
    def odd(json: str, copy: int, model_config: bool, _private: str, self_: str) -> list[Any]:
        return [json, copy, model_config, _private, self_]

    given = {"json": "a", "copy": 1, "model_config": True, "_private": "p", "self_": "s"}
    made = Tool(odd)
    assert list(made.parameters["properties"]) == list(given)
    assert made.bind(json.dumps(given))() == list(given.values())


def test_an_alias_and_a_description_of_a_field_win() -> None:
    def mail(
        from_: Annotated[str, Field(alias="from", description="The sender.")],
        to: str = Field("me"),
        cc: str = Field("", validation_alias="copy"),
    ) -> str:
        """Mail.

        Args:
            from_: Not this.
            to: The receiver.
        """
        return f"{from_}>{to}{cc}"

    assert properties(mail) == {
        "from": {"type": "string", "description": "The sender."},
        "to": {"type": "string", "default": "me", "description": "The receiver."},
        "copy": {"type": "string", "default": ""},
    }
    assert Tool(mail).bind('{"from": "you"}')() == "you>me"
    assert Tool(mail).bind('{"from": "you", "copy": "all"}')() == "you>meall"


def test_a_method_of_an_object_is_a_tool_without_self() -> None:
    made = Tool(Forecast("Fog").of)
    assert (made.name, made.description) == ("of", "The weather of a city.")
    assert made.bind('{"city": "Rome"}')() == ("Fog in Rome", None)
    bound = made.bind('{"city": "Rome", "copy": {"city": "Ostia"}}')
    assert bound() == ("Fog in Rome", Place(city="Ostia"))
    assert Tool(Forecast.known).bind('{"city": "Paris"}')() is True


def test_an_object_that_can_be_called_is_a_tool_named_for_its_class() -> None:
    made = Tool(Forecast("Fog"))
    assert (made.name, made.description) == ("Forecast", "Tells the weather.")
    assert made.bind('{"city": "Rome"}')() == "Fog in Rome"
    assert "sky" not in vars(made)


def test_what_a_partial_has_decided_is_not_shown_to_the_model() -> None:
    def search(query: str, key: str, limit: int = 5) -> str:
        """Search."""
        return f"{query} {key} {limit}"

    made = Tool(functools.partial(search, key="secret"))
    assert (made.name, made.description) == ("search", "Search.")
    assert list(made.parameters["properties"]) == ["query", "limit"]
    assert "secret" not in json.dumps(made.to_dict())
    assert made.bind('{"query": "fox"}')() == "fox secret 5"
    with pytest.raises(ValidationError):
        made.bind('{"query": "fox", "key": "mine"}')
    twice = Tool(functools.partial(functools.partial(search, "fox"), key="secret"))
    assert list(twice.parameters["properties"]) == ["limit"]
    assert twice.bind("{}")() == "fox secret 5"


def test_what_a_partial_has_decided_stays_hidden_however_it_is_wrapped() -> None:
    def search(query: str, key: str, limit: int = 5) -> str:
        """Search."""
        return f"{query} {key} {limit}"

    keyed = tool(name="find", description="Find.")(functools.partial(search, key="secret"))
    made = Tool(functools.partial(keyed, limit=1))
    assert (made.name, made.description) == ("find", "Find.")
    assert list(made.parameters["properties"]) == ["query"]
    assert made.bind('{"query": "fox"}')() == "fox secret 1"
    assert Tool(made).to_dict() == made.to_dict()
    renamed = tool(name="seek", description="")(made)
    assert (renamed.name, renamed.description) == ("seek", "")


def test_what_wraps_a_function_is_a_tool_with_its_types() -> None:
    @functools.wraps(weather)
    def logged(*args: Any, **options: Any) -> str:
        return weather(*args, **options)

    class Decorated:
        """Not this."""

        def __init__(self, function: Any) -> None:
            functools.update_wrapper(self, function)

        def __call__(self, *args: Any, **options: Any) -> str:
            return weather(*args, **options)

    wraps: list[Any] = [logged, functools.lru_cache(weather), Decorated(weather), Tool(weather)]
    for wrapping in wraps:
        made = Tool(wrapping)
        assert made.to_dict() == Tool(weather).to_dict()
        assert made.bind('{"city": "Rome", "days": 2}')() == "Rome C 2"
    fixed = Tool(functools.partial(Tool(weather), city="Rome"))
    assert list(fixed.parameters["properties"]) == ["unit", "days"]


def test_what_is_positional_alone_may_be_left_out_before_what_is_given() -> None:
    def power(base: int = 2, exponent: int = 10, /) -> int:
        return base * exponent

    assert Tool(power).bind('{"exponent": 3}')() == 6


def test_a_default_that_json_cannot_carry_stays_the_functions_own() -> None:
    nothing = object()

    def find(name: Any = nothing, unit: Unit = Unit.CELSIUS) -> object:
        return name, unit

    made = Tool(find)
    assert made.parameters["properties"]["name"] == {}
    assert made.bind("")() == (nothing, Unit.CELSIUS)


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda: None, r"'<lambda>' cannot be the name of a tool.*skytells.tool\(name=…\)"),
        (functools.partial(lambda: None), "'<lambda>' cannot be the name"),
        (3, "made of a function, not of 3"),
        (Place, "made of a function, not of <class"),
        (Forecast.of, "'self' has no type; annotate it, or pass the method of an object"),
        (print, r"a model cannot fill \*args; spell its parameters out"),
    ],
)
def test_what_cannot_be_a_tool_is_refused(function: Any, told: str) -> None:
    with pytest.raises(InvalidRequestError, match=told):
        Tool(function)


def test_parameters_that_a_model_cannot_fill_are_refused() -> None:
    def many(*cities: str) -> None: ...
    def options(**options: str) -> None: ...
    def untyped(city: str) -> None: ...
    def unknown(city: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821  # is never defined
    def strange(city: Forecast) -> None: ...

    del untyped.__annotations__["city"]
    refused: list[tuple[Any, str]] = [
        (many, r"cannot fill \*cities;"),
        (options, r"cannot fill \*\*options;"),
        (untyped, "'city' has no type; annotate it"),
        (unknown, "its types cannot be read: name 'Nowhere' is not defined; types are found where"),
        (strange, "no schema can be made of it"),
    ]
    for function, told in refused:
        with pytest.raises(InvalidRequestError, match=f"'{function.__name__}' cannot be.*{told}"):
            Tool(function)


def test_a_type_that_has_no_json_schema_is_refused() -> None:
    def later(call: Annotated[Any, Field(default_factory=dict)], done: type) -> None: ...

    with pytest.raises(InvalidRequestError, match="no schema can be made of it"):
        Tool(later)


@pytest.mark.parametrize("name", ["", "no spaces", "é", "x" * 65, 3])
def test_a_name_that_cannot_be_sent_is_refused(name: Any) -> None:
    with pytest.raises(InvalidRequestError, match="1 to 64 letters"):
        tool(name=name)(weather)


def test_a_tool_knows_whether_it_has_to_be_awaited() -> None:
    async def slow(city: str) -> str:
        return city

    class Slow:
        async def __call__(self) -> None: ...

    assert not Tool(weather).is_async
    for function in (slow, Tool(slow), functools.partial(slow, city="x")):
        assert Tool(function).is_async
        assert Tool(functools.partial(function, city="x")).is_async
    assert Tool(Slow()).is_async


# Docstrings


@pytest.mark.parametrize(
    ("docstring", "about", "arguments"),
    [
        ("", "", {}),
        ("One line.", "One line.", {}),
        ("Add.\n\nArgs:\n    a: One.", "Add.", {"a": "One."}),
        (
            """Add.

            Arguments:

                a (int, optional): One: with a colon.

                    And more.
                b (dict[str, (int)]):
                    Below.
                *rest: The rest.
                c:

            Raises:
                d: Not an argument.
            """,
            "Add.",
            {"a": "One: with a colon. And more.", "b": "Below.", "rest": "The rest."},
        ),
        ("Add.\n\nArgs:\n    a: One.\nno section\n    b: Two.", "Add.", {"a": "One."}),
        ("Add.\n\nArgs:\n    only words\n    a: One.", "Add.", {"a": "One."}),
        ("Note: this is text.\n\nExample:\n    >>> x", "Note: this is text.", {}),
    ],
)
def test_a_docstring_tells_of_a_function_and_its_arguments(
    docstring: str, about: str, arguments: dict[str, str]
) -> None:
    assert described(docstring) == (about, arguments)


@given(
    st.lists(st.sampled_from(["Args:", "    a: b", "  c (d): e", "text", "", "\t x", "Raises:"]))
)
def test_any_docstring_is_read(lines: list[str]) -> None:
    about, arguments = described("\n".join(lines))
    assert about == about.strip()
    assert all(text and "\n" not in text for text in arguments.values())


# Arguments and values


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("{", "Invalid JSON"),
        ("[]", "Input should be an object"),
        ("\ud800", "unicode"),
        ("{}", "city: Field required"),
        ('{"city": 3}', "city: Input should be a valid string"),
        ('{"city": "x", "days": 0}', "days: Input should be greater than 0"),
        ('{"city": "x", "town": "y"}', "town: Extra inputs are not permitted"),
    ],
)
def test_arguments_that_do_not_fit_are_told_of(arguments: str, told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Tool(weather).bind(arguments)
    text = problems_of(refused.value)
    assert told in text
    assert text.endswith("Correct them, and call again.")


def test_only_so_many_problems_are_told_of() -> None:
    def add(numbers: list[int]) -> int:
        return sum(numbers)

    with pytest.raises(ValidationError) as refused:
        Tool(add).bind(json.dumps({"numbers": ["x"] * 1000}))
    assert len(problems_of(refused.value)) < 3000
    assert "numbers.3: " in problems_of(refused.value)


def test_arguments_become_the_types_of_the_function() -> None:
    def meet(place: Place, on: dt.date, units: list[Unit], note: str = "") -> list[Any]:
        return [place, on, units, note]

    given = '{"place": {"city": "Rome"}, "on": "2026-11-25", "units": ["F"]}'
    assert Tool(meet).bind(given)() == [
        Place(city="Rome"),
        dt.date(2026, 11, 25),
        [Unit.FAHRENHEIT],
        "",
    ]


def trip(
    to: Place,
    on: dt.date,
    units: list[Unit],
    days: Annotated[int, Field(ge=3, multiple_of=2)] = 4,
    pair: Pair | None = None,
    by: Literal["train", "ship"] | None = None,
    notes: dict[str, float] = Field(default_factory=dict[str, float], max_length=3),  # noqa: B008  # as pydantic has it
) -> None: ...


@pytest.mark.parametrize("function", [weather, trip, Forecast("Fog"), Forecast("Fog").of])
def test_what_fits_the_schema_fits_the_function(function: Any) -> None:
    made = Tool(function)
    Draft202012Validator.check_schema(made.parameters)
    full = instance(made.parameters, "A trip to Rome for 5 days by ship")
    least = {name: full[name] for name in made.parameters["required"]}
    for arguments in (full, least):
        made.bind(json.dumps(arguments))()


@pytest.mark.parametrize(
    ("value", "content"),
    [
        ("18 °C", "18 °C"),
        ("", ""),
        (Plain.RED, "red"),
        (None, "null"),
        ({"a": [1, 2.5, True]}, '{"a":[1,2.5,true]}'),
        (Place(city="Köln"), '{"city":"Köln","zip":null}'),
        ([Pair(1, dt.date(2026, 11, 25))], '[{"a0":1,"right":"2026-11-25"}]'),
        (ChatMessage(role="user", content="Hi"), None),
    ],
)
def test_a_value_is_told_as_text_or_json(value: object, content: str | None) -> None:
    told = content_of(value)
    assert told == content if content is not None else json.loads(told)["content"] == "Hi"


@pytest.mark.parametrize("value", [object(), b"\xff", "\ud800", {"a": {object()}}])
def test_a_value_that_cannot_be_told_is_an_error(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # whatever its text
        content_of(value)


# Requests


def body(**params: Any) -> Any:
    return json.loads(call_of(create_completion("gpt-5", QUESTION, params)).body or b"")


def test_create_takes_functions_tools_and_schemas() -> None:
    schema = {"type": "function", "function": {"name": "mine", "parameters": {"type": "object"}}}
    sent = body(tools=(weather, tool(name="other")(weather), schema))["tools"]
    assert [one["function"]["name"] for one in sent] == ["weather", "other", "mine"]
    assert sent[0] == Tool(weather).to_dict()
    assert sent[2] == schema


def test_what_a_server_may_understand_is_sent_as_it_is() -> None:
    assert body(tools=[{"type": "odd"}, {"type": "odd"}])["tools"] == [{"type": "odd"}] * 2
    assert body(tools="odd")["tools"] == "odd"
    assert "tools" not in body(tools=None)


def test_create_refuses_two_tools_of_one_name() -> None:
    with pytest.raises(InvalidRequestError, match="Two tools are called 'weather'"):
        body(tools=[weather, Tool(weather).to_dict()])


def test_a_run_says_where_it_stands() -> None:
    empty = ToolRun([])
    assert (empty.text, empty.rounds, empty.calls) == ("", 0, [])
    assert empty.usage.total_tokens == 0
    assert repr(empty) == "ToolRun(rounds=0, calls=0, text='')"
    spoken = ChatCompletion.from_wire(
        {"choices": [{"message": {"content": "Hi"}}], "usage": {"total_tokens": 3}}
    )
    silent = ChatCompletion.from_wire({"choices": []})
    run = ToolRun([], [silent, spoken])
    assert (run.text, run.rounds, run.usage.total_tokens) == ("Hi", 2, 3)


hollow: list[Any] = [{}, [], None, 0]
anything: st.SearchStrategy[Any] = st.sampled_from(hollow) | st.text(max_size=3)
functions: st.SearchStrategy[Any] = anything | st.fixed_dictionaries(
    {},
    optional={
        "name": anything | st.sampled_from(["weather", "fails"]),
        "arguments": anything | st.sampled_from(["{}", '{"city": "x"}', '{"city": 1}', "{"]),
    },
)
calls: st.SearchStrategy[Any] = anything | st.fixed_dictionaries(
    {}, optional={"id": anything, "function": functions}
)
texts: dict[str, st.SearchStrategy[Any]] = {
    "role": anything | st.just("assistant"),
    "content": anything,
}
said: st.SearchStrategy[Any] = anything | st.fixed_dictionaries(
    {}, optional={**texts, "tool_calls": anything | st.lists(calls, max_size=3)}
)
finishes = st.sampled_from(["stop", "tool_calls", "length", None, 3])
choices: st.SearchStrategy[Any] = anything | st.fixed_dictionaries(
    {}, optional={"message": said, "finish_reason": finishes, "index": anything}
)
completions: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"choices": anything | st.lists(choices, max_size=2)}
)


@given(st.lists(completions, min_size=1, max_size=4))
def test_whatever_a_model_says_ends_in_a_run_or_in_an_error_that_has_it(
    answers: list[Any],
) -> None:
    def fails() -> None:
        raise ToolError("no")

    hand = Hand(script(*map(reply, answers)))
    run: ToolRunInfo | None = None
    failed = False
    try:
        run = hand.perform(run_tools("gpt-5", QUESTION, [weather, fails], 5, None, {}))
    except SkytellsError as error:
        run, failed = error.tool_run, True
    assert run is not None
    assert run.rounds <= len(hand.exchanges) <= 5
    assert run.messages[0] == QUESTION[0]
    answered = [m.get("tool_call_id") for m in run.messages if m.get("role") == "tool"]
    wanted = [call.id for call in run.calls]
    assert answered == (wanted[: len(answered)] if failed else wanted)


def test_an_error_is_pickled_with_its_run() -> None:
    error = ToolRunError("Failed.", "TOOL_FAILED", "x")
    error.tool_run = ToolRun([*QUESTION], [ChatCompletion.from_wire({"choices": [], "id": "c1"})])
    copy = pickle.loads(pickle.dumps(error))
    assert copy.tool_run.messages == QUESTION
    assert copy.tool_run.completion.id == "c1"
