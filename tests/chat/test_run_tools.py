"""client.chat.completions.run_tools over real sockets, in both colours."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator

from skytells import (
    ApiErrorId,
    AsyncSkytellsClient,
    InvalidRequestError,
    PredictionFailedError,
    ServerError,
    SkytellsClient,
    SkytellsError,
    ToolError,
    ToolRunError,
    tool,
)
from skytells.local import LocalPlatform
from skytells.types.chat import FinishReason

from ..behaviour.steps import answers
from ..conftest import Build, Colour, Serve

PARIS = {"role": "user", "content": "How is the weather in Paris?"}
ONCE = {"retries": 0}


def weather(city: str, unit: Literal["C", "F"] = "C") -> str:
    """The weather in a city now."""
    return f"18 °{unit} in {city}"


def refuses(city: str) -> str:
    raise ToolError(city and f"No weather in {city}.")


def breaks(value: str) -> str:
    raise ZeroDivisionError


def said(text: str, finish: str = "stop") -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {"choices": [{"index": 0, "message": message, "finish_reason": finish}]}


def calling(*calls: tuple[str, str], finish: str = "tool_calls") -> dict[str, Any]:
    """An answer that wants these called, with ids `call_0`, `call_1`, …"""
    wanted = [
        {"id": f"call_{at}", "type": "function", "function": {"name": name, "arguments": given}}
        for at, (name, given) in enumerate(calls)
    ]
    message = {"role": "assistant", "content": None, "tool_calls": wanted}
    return {"choices": [{"index": 0, "message": message, "finish_reason": finish}]}


def told(request: Any) -> list[str]:
    """What the tools said, in the messages of a request."""
    return [m["content"] for m in request.json["messages"] if m["role"] == "tool"]


class Asked:
    """Runs tools against a server of canned answers, and shows what was sent."""

    def __init__(self, build: Build, serve: Serve) -> None:
        self._build, self._serve = build, serve

    def __call__(self, *replies: Any, **options: Any) -> Any:
        self.server = self._serve(*(one if callable(one) else answers(one) for one in replies))
        client = self._build("sk-key", base_url=f"{self.server.url}/v1", retry=ONCE)
        given: dict[str, Any] = {"model": "gpt-5", "messages": [PARIS], "tools": [weather]}
        return client.chat.completions.run_tools(**given | options)

    @property
    def sent(self) -> list[Any]:
        return self.server.requests


@pytest.fixture
def asked(build: Build, serve: Serve) -> Asked:
    return Asked(build, serve)


# On the local platform


def test_a_function_is_called_and_its_value_is_used(client: SkytellsClient) -> None:
    given = [PARIS]
    run = client.chat.completions.run_tools(model="gpt-5", messages=given, tools=[weather])
    assert run.text == "weather says: 18 °C in Paris."
    assert run.completion.text == run.text
    assert (run.rounds, len(run.completions)) == (2, 2)
    assert [call.function.name for call in run.calls] == ["weather"]
    assert [message.get("role") for message in run.messages] == [
        *("user", "assistant", "tool", "assistant"),
    ]
    assert run.usage.total_tokens == sum(c.usage.total_tokens for c in run.completions if c.usage)
    assert given == [PARIS]


def test_a_run_goes_on_where_it_ended(client: SkytellsClient) -> None:
    completions = client.chat.completions
    first = completions.run_tools(model="gpt-5", messages=[PARIS], tools=[weather])
    question = {"role": "user", "content": "And the weather in Rome?"}
    messages = [*first.messages, question]
    second = completions.run_tools(model="gpt-5", messages=messages, tools=[weather])
    assert second.text == "weather says: 18 °C in Rome."
    assert len(second.messages) == 8


def test_calls_at_once_are_answered_in_their_order(client: SkytellsClient) -> None:
    def time(city: str) -> str:
        return "noon"

    question = {"role": "user", "content": "Weather and time in Paris?"}
    run = client.chat.completions.run_tools(
        model="gpt-5", messages=[question], tools=[time, weather]
    )
    assert run.text == "time says: noon. weather says: 18 °C in Paris."
    assert run.rounds == 2


def test_one_tool_is_called_more_than_once(client: SkytellsClient, platform: LocalPlatform) -> None:
    rome, oslo = {"city": "Rome"}, {"city": "Oslo"}
    platform.script("gpt-5", calls=[("weather", rome), ("weather", oslo)], times=1)
    run = client.chat.completions.run_tools(model="gpt-5", messages=[PARIS], tools=[weather])
    assert run.text == "weather says: 18 °C in Rome. weather says: 18 °C in Oslo."


def test_a_model_repairs_its_arguments(client: SkytellsClient, platform: LocalPlatform) -> None:
    platform.script(
        "gpt-5",
        calls=[("weather", '{"city": "Rome"'), ("weather", {"town": "Rome"})],
        times=1,
        then={
            "calls": {"wether": {"city": "Rome"}},
            "times": 1,
            "then": {"calls": {"weather": {"city": "Rome"}}, "times": 1},
        },
    )
    run = client.chat.completions.run_tools(model="gpt-5", messages=[PARIS], tools=[weather])
    assert run.rounds == 4
    broken, unknown, typo, good = [
        str(m.get("content")) for m in run.messages if m.get("role") == "tool"
    ]
    assert "Invalid JSON" in broken
    assert "city: Field required; town: Extra inputs" in unknown
    assert typo == "There is no tool 'wether'. There are: weather."
    assert good == "18 °C in Rome"
    assert run.text == "weather says: 18 °C in Rome."


def test_calls_that_the_limit_cut_are_not_made(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    platform.script("gpt-5", finish="length", times=1)
    with pytest.raises(ToolRunError, match="cut by max_tokens") as caught:
        client.chat.completions.run_tools(model="gpt-5", messages=[PARIS], tools=[weather])
    assert caught.value.error_id == ApiErrorId.TOOL_CALLS_CUT
    run = caught.value.tool_run
    assert run is not None
    assert run.messages == [PARIS]
    assert run.completion.finish_reason == FinishReason.LENGTH
    assert run.calls[0].function.arguments == '{"city": "Paris'


def test_create_takes_functions(client: SkytellsClient) -> None:
    completion = client.chat.completions.create(model="gpt-5", messages=[PARIS], tools=[weather])
    assert completion.tool_calls[0].function.arguments == '{"city": "Paris", "unit": "C"}'
    with client.chat.completions.stream(
        model="gpt-5", messages=[PARIS], tools=[tool(weather)]
    ) as stream:
        assert stream.final().tool_calls[0].function.name == "weather"


def test_calls_of_an_answer_that_one_has_looked_at_are_made(client: SkytellsClient) -> None:
    completion = client.chat.completions.create(model="gpt-5", messages=[PARIS], tools=[weather])
    run = client.chat.completions.run_tools(
        model="gpt-5", messages=[PARIS, completion.message], tools=[weather]
    )
    assert run.rounds == 1
    assert run.text == "weather says: 18 °C in Paris."


# What is told, and what raises


def test_a_tool_error_is_told_to_the_model(asked: Asked) -> None:
    def checks(city: Annotated[str, AfterValidator(refuses)]) -> None: ...

    calls = [("refuses", '{"city": "Paris"}'), ("refuses", '{"city": ""}')]
    run = asked(
        calling(*calls, ("checks", '{"city": "Rome"}')), said("Sorry."), tools=[refuses, checks]
    )
    assert run.text == "Sorry."
    assert told(asked.sent[1]) == [
        "No weather in Paris.",
        "refuses did not work.",
        "No weather in Rome.",
    ]


@pytest.mark.parametrize("arguments", ["", "  ", "{}"])
def test_arguments_may_be_missing_where_there_are_none(asked: Asked, arguments: str) -> None:
    def ping() -> list[int]:
        return [1]

    asked(calling(("ping", arguments)), said("Pong."), tools=[ping])
    assert told(asked.sent[1]) == ["[1]"]


def test_what_a_tool_raises_ends_the_run_and_keeps_the_rest(asked: Asked) -> None:
    made: list[str] = []

    def first() -> str:
        made.append("first")
        return "1"

    def second() -> str:
        made.append("second")
        raise LookupError("secret")

    def third() -> str:
        made.append("third")
        return "3"

    calls = calling(("first", ""), ("second", ""), ("third", ""))
    with pytest.raises(ToolRunError, match="The tool 'second' failed with LookupError") as caught:
        asked(calls, tools=[first, second, third])
    error = caught.value
    assert error.error_id == ApiErrorId.TOOL_FAILED
    assert error.details == {"tool": "second", "tool_call_id": "call_1"}
    assert isinstance(error.__cause__, LookupError)
    assert "secret" not in str(error)
    assert made == ["first", "second"]
    assert error.tool_run is not None
    assert error.tool_run.rounds == 1
    assert [m.get("tool_call_id") for m in error.tool_run.messages] == [None, None, "call_0"]

    def mended() -> str:
        return "2"

    tools = [first, tool(name="second")(mended), third]
    run = asked(said("Done."), messages=error.tool_run.messages, tools=tools)
    assert run.text == "Done."
    assert made == ["first", "second", "third"]
    assert told(asked.sent[0]) == ["1", "2", "3"]


def test_what_was_answered_out_of_order_is_put_in_order(asked: Asked) -> None:
    message = calling(("weather", '{"city": "Rome"}'), ("weather", "{}"))["choices"][0]["message"]
    last = {"role": "tool", "tool_call_id": "call_1", "content": "by hand"}
    stray = {"role": "tool", "tool_call_id": "call_9", "content": "stray"}
    asked(said("Done."), messages=[PARIS, message, last, stray])
    assert told(asked.sent[0]) == ["18 °C in Rome", "by hand", "stray"]


def test_calls_with_one_id_have_an_answer_each(asked: Asked) -> None:
    answer = calling(("weather", '{"city": "Rome"}'), ("weather", '{"city": "Oslo"}'))
    for call in answer["choices"][0]["message"]["tool_calls"]:
        call["id"] = ""
    asked(answer, said("Done."))
    assert told(asked.sent[1]) == ["18 °C in Rome", "18 °C in Oslo"]


def test_a_value_that_cannot_be_told_ends_the_run(asked: Asked) -> None:
    def odd() -> object:
        return object()

    with pytest.raises(ToolRunError, match="'odd' failed with PydanticSerializationError"):
        asked(calling(("odd", "")), tools=[odd])


def test_a_validator_that_breaks_ends_the_run(asked: Asked) -> None:
    def odd(city: Annotated[str, AfterValidator(breaks)]) -> str:
        return city

    with pytest.raises(ToolRunError, match="'odd' failed with ZeroDivisionError"):
        asked(calling(("odd", '{"city": "x"}')), tools=[odd])


def test_an_exception_that_no_thread_lets_out_ends_the_run(asked: Asked) -> None:
    def stops() -> str:
        raise StopIteration

    with pytest.raises(ToolRunError):
        asked(calling(("stops", "")), tools=[stops])


def test_the_prediction_of_a_tools_error_is_at_hand(
    client: SkytellsClient, platform: LocalPlatform
) -> None:
    platform.script("flux-pro", fails="Too dark.")

    def draw(prompt: str) -> object:
        with platform.client() as own:
            return own.run("flux-pro", input={"prompt": prompt}).outputs()

    question = {"role": "user", "content": "Please draw a fox"}
    with pytest.raises(ToolRunError) as caught:
        client.chat.completions.run_tools(model="gpt-5", messages=[question], tools=[draw])
    assert isinstance(caught.value.__cause__, PredictionFailedError)
    assert caught.value.prediction_id == caught.value.__cause__.prediction_id


def test_rounds_are_bounded(asked: Asked) -> None:
    made: list[str] = []

    def again() -> str:
        made.append("called")
        return "again"

    with pytest.raises(ToolRunError, match="max_rounds=3 is reached") as caught:
        asked(calling(("again", "")), tools=[again], max_rounds=3)
    assert caught.value.error_id == ApiErrorId.TOOL_ROUNDS_EXCEEDED
    run = caught.value.tool_run
    assert run is not None
    assert (run.rounds, len(asked.sent), len(made)) == (3, 3, 2)
    asked(said("Done."), messages=run.messages, tools=[again])
    assert (len(made), told(asked.sent[0])) == (3, ["again"] * 3)


def test_a_request_that_fails_leaves_the_conversation(asked: Asked) -> None:
    failed = answers({"error": {"message": "Down."}}, 503)
    with pytest.raises(ServerError) as caught:
        asked(calling(("weather", '{"city": "Rome"}')), failed)
    run = caught.value.tool_run
    assert run is not None
    assert run.rounds == 1
    assert run.messages[-1].get("content") == "18 °C in Rome"
    assert asked(said("Done."), messages=run.messages).text == "Done."
    assert len(asked.sent) == 1


@pytest.mark.parametrize("finish", ["length", "content_filter"])
def test_calls_that_were_cut_are_not_made(asked: Asked, finish: str) -> None:
    def never() -> str:
        raise AssertionError

    with pytest.raises(ToolRunError, match="was cut by") as caught:
        asked(calling(("never", ""), finish=finish), tools=[never])
    assert caught.value.details == f"finish_reason: {finish}"


@pytest.mark.parametrize("answer", [said("Hal", "length"), said("", "content_filter")])
def test_an_answer_that_was_cut_is_an_answer(asked: Asked, answer: dict[str, Any]) -> None:
    run = asked(answer)
    assert run.completion.finish_reason == answer["choices"][0]["finish_reason"]


def test_an_answer_that_does_not_say_whose_it_is_can_be_sent_back(asked: Asked) -> None:
    answer = calling(("weather", '{"city": "Rome"}'))
    del answer["choices"][0]["message"]["role"]
    asked(answer, said("Done."))
    roles = [message["role"] for message in asked.sent[1].json["messages"]]
    assert roles == ["user", "assistant", "tool"]


def test_an_answer_without_choices_is_not_put_into_the_conversation(asked: Asked) -> None:
    run = asked({"choices": []})
    assert (run.text, run.messages, run.rounds) == ("", [PARIS], 1)


@pytest.mark.parametrize(
    ("choice", "later"),
    [
        ("required", None),
        ({"type": "function", "function": {"name": "weather"}}, None),
        ("auto", "auto"),
        (None, None),
    ],
)
def test_a_call_is_forced_once(asked: Asked, choice: Any, later: str | None) -> None:
    asked(calling(("weather", '{"city": "Rome"}')), said("Done."), tool_choice=choice)
    assert [request.json.get("tool_choice") for request in asked.sent] == [choice, later]


def test_each_round_is_asked_with_the_same_parameters(asked: Asked) -> None:
    asked(
        calling(("weather", '{"city": "Rome"}')),
        said("Done."),
        temperature=0,
        extra_body={"top_k": 1},
    )
    for request in asked.sent:
        assert (request.json["temperature"], request.json["top_k"]) == (0, 1)
        assert request.json["tools"][0]["function"]["name"] == "weather"


def test_progress_is_told_after_each_answer(asked: Asked) -> None:
    seen: list[Any] = []

    def see(run: Any) -> None:
        seen.append((run, run.rounds, run.messages[-1]["role"], run.text))

    calls = calling(("weather", '{"city": "Rome"}'))
    run = asked(calls, said("Done."), on_progress=see)
    assert seen == [(run, 1, "assistant", ""), (run, 2, "assistant", "Done.")]


def test_what_the_callback_raises_leaves_as_it_is_with_the_run(asked: Asked) -> None:
    def stop(run: Any) -> None:
        raise LookupError

    with pytest.raises(LookupError) as caught:
        asked(calling(("weather", '{"city": "Rome"}')), on_progress=stop)
    assert "tool_run" in caught.value.__notes__[0]
    run = vars(caught.value)["tool_run"]
    assert run.rounds == 1
    asked(said("Done."), messages=run.messages)
    assert told(asked.sent[0]) == ["18 °C in Rome"]


def test_the_async_client_awaits_the_callback(serve: Serve) -> None:
    seen: list[int] = []

    async def see(run: Any) -> None:
        await asyncio.sleep(0)
        seen.append(run.rounds)

    async def main(url: str) -> None:
        async with AsyncSkytellsClient("sk-key", base_url=url) as client:
            await client.chat.completions.run_tools(
                model="gpt-5", messages=[PARIS], tools=[weather], on_progress=see
            )

    asyncio.run(main(serve(answers(said("Done."))).url))
    assert seen == [1]
    with (
        SkytellsClient("sk-key", base_url="http://127.0.0.1:1/v1") as client,
        pytest.raises(InvalidRequestError, match="on_progress is async"),
    ):
        client.chat.completions.run_tools(
            model="gpt-5", messages=[PARIS], tools=[weather], on_progress=see
        )


# Refused before the wire


def add(one: int, *others: int) -> int:
    return one + sum(others)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"tools": []}, "at least one function"),
        ({"tools": None}, "at least one function"),
        ({"tools": weather}, "at least one function"),
        ({"tools": [weather, tool(weather)]}, "Two tools are called 'weather'"),
        ({"tools": [add]}, r"cannot fill \*others"),
        ({"tools": [tool(weather).to_dict()]}, "must be a function.*use create"),
        ({"tools": ["weather"]}, "must be a function"),
        ({"max_rounds": 0}, "max_rounds must be a whole number from 1 to 1000"),
        ({"max_rounds": True}, "max_rounds"),
        ({"messages": []}, "at least one message"),
        ({"messages": None}, "at least one message"),
        ({"temprature": 1}, "Did you mean 'temperature'"),
        ({"stream": True}, "one whole answer after another"),
        ({"n": 2}, "one whole answer after another"),
    ],
)
def test_what_cannot_be_run_is_refused_before_the_wire(
    offline: SkytellsClient, options: dict[str, Any], match: str
) -> None:
    usual: dict[str, Any] = {"model": "gpt-5", "messages": [PARIS], "tools": [weather]}
    given = usual | options
    with pytest.raises(InvalidRequestError, match=match):
        offline.chat.completions.run_tools(**given)


def test_parameters_are_refused_before_calls_that_are_due_are_made(
    offline: SkytellsClient,
) -> None:
    def never() -> str:
        raise AssertionError

    due = calling(("never", ""))["choices"][0]["message"]
    bad: Any = {"temprature": 1}
    with pytest.raises(InvalidRequestError):
        offline.chat.completions.run_tools(
            model="gpt-5", messages=[PARIS, due], tools=[never], **bad
        )


def test_the_sync_client_refuses_what_is_async_before_the_wire() -> None:
    async def slow(city: str) -> str:
        return city

    with (
        SkytellsClient("sk-key", base_url="http://127.0.0.1:1/v1") as client,
        pytest.raises(InvalidRequestError, match=r"'slow' is async.*AsyncSkytellsClient"),
    ):
        client.chat.completions.run_tools(model="gpt-5", messages=[PARIS], tools=[slow])


def awaits_in_disguise() -> Any:
    async def later() -> str:
        return "later"

    return later()


def test_what_turns_out_to_be_awaitable_is_awaited_where_that_can_be(
    asked: Asked, colour: Colour
) -> None:
    def run() -> Any:
        return asked(calling(("awaits_in_disguise", "")), said("Done."), tools=[awaits_in_disguise])

    if colour == "async":
        run()
        assert told(asked.sent[1]) == ["later"]
    else:
        with pytest.raises(ToolRunError) as caught:
            run()
        assert "A tool returned something to await" in str(caught.value.__cause__)


# Threads and tasks

_user: contextvars.ContextVar[str] = contextvars.ContextVar("_user")


def test_the_sync_client_calls_on_its_own_thread(serve: Serve) -> None:
    threads: list[int] = []

    def here() -> str:
        threads.append(threading.get_ident())
        return _user.get()

    server = serve(answers(calling(("here", ""), ("here", ""))), answers(said("Done.")))
    _user.set("fox")
    with SkytellsClient("sk-key", base_url=server.url) as client:
        client.chat.completions.run_tools(model="gpt-5", messages=[PARIS], tools=[here])
    assert threads == [threading.get_ident()] * 2
    assert told(server.requests[1]) == ["fox", "fox"]


def test_an_interrupt_in_a_tool_keeps_the_run_and_leaves_the_client_usable(serve: Serve) -> None:
    def first() -> str:
        return "1"

    def interrupts() -> str:
        raise KeyboardInterrupt

    server = serve(answers(calling(("first", ""), ("interrupts", ""))), answers(said("Done.")))
    with SkytellsClient("sk-key", base_url=server.url) as client:
        completions = client.chat.completions
        with pytest.raises(KeyboardInterrupt) as caught:
            completions.run_tools(model="gpt-5", messages=[PARIS], tools=[first, interrupts])
        run = vars(caught.value)["tool_run"]
        assert run.messages[-1] == {"role": "tool", "tool_call_id": "call_0", "content": "1"}
        mended = tool(name="interrupts")(first)
        messages = run.messages
        completions.run_tools(model="gpt-5", messages=messages, tools=[first, mended])
        assert told(server.requests[1]) == ["1", "1"]


def run_async(serve: Serve, tools: list[Callable[..., Any]], *calls: str) -> Any:
    server = serve(answers(calling(*((name, "") for name in calls))), answers(said("Done.")))

    async def main() -> None:
        _user.set("fox")
        async with AsyncSkytellsClient("sk-key", base_url=server.url) as client:
            await client.chat.completions.run_tools(model="gpt-5", messages=[PARIS], tools=tools)

    asyncio.run(main())
    return server


def test_the_async_client_runs_async_tools_side_by_side_and_answers_in_order(serve: Serve) -> None:
    order: list[str] = []
    met = asyncio.Event()

    async def waits() -> str:
        await met.wait()
        order.append("waits")
        return f"waits {_user.get()}"

    async def meets() -> str:
        order.append("meets")
        met.set()
        return f"meets {threading.current_thread() is threading.main_thread()}"

    def plain() -> str:
        order.append("plain")
        on_the_loop = threading.current_thread() is threading.main_thread()
        return f"plain {_user.get()} {on_the_loop}"

    server = run_async(serve, [waits, meets, plain], "waits", "plain", "meets", "plain", "nothing")
    assert told(server.requests[1]) == [
        "waits fox",
        "plain fox False",
        "meets True",
        "plain fox False",
        "There is no tool 'nothing'. There are: waits, meets, plain.",
    ]
    assert order.index("meets") < order.index("waits")


def test_plain_tools_of_the_async_client_never_run_at_the_same_time(serve: Serve) -> None:
    running, most = 0, 0

    def counts() -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        threading.Event().wait(0.002)
        running -= 1
        return most

    run_async(serve, [counts], *["counts"] * 5)
    assert most == 1


def test_async_tools_end_before_the_failure_of_one_is_told(serve: Serve) -> None:
    async def fails() -> str:
        raise LookupError

    async def ends() -> str:
        await asyncio.sleep(0)
        return "ended"

    with pytest.raises(ToolRunError, match="'fails' failed with LookupError") as caught:
        run_async(serve, [fails, ends], "fails", "ends")
    assert caught.value.tool_run is not None
    assert caught.value.tool_run.messages[-1].get("content") == "ended"


def test_a_tool_that_was_cancelled_by_itself_ends_the_run(serve: Serve) -> None:
    async def cancelled() -> str:
        raise asyncio.CancelledError

    with pytest.raises(ToolRunError, match="'cancelled' failed") as caught:
        run_async(serve, [cancelled], "cancelled")
    assert isinstance(caught.value.__cause__, SkytellsError)


def test_cancelling_cancels_async_tools_and_leaves_the_client_usable(serve: Serve) -> None:
    server = serve(answers(calling(("waits", ""))), answers(said("Done.")))
    ended: list[str] = []

    async def main() -> str:
        begun = asyncio.Event()

        async def waits() -> str:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("waits")
            return ""

        async with AsyncSkytellsClient("sk-key", base_url=server.url) as client:
            completions = client.chat.completions
            task = asyncio.create_task(
                completions.run_tools(model="gpt-5", messages=[PARIS], tools=[waits])
            )
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            assert vars(caught.value)["tool_run"].rounds == 1
            return (await completions.create(model="gpt-5", messages=[PARIS])).text

    assert asyncio.run(main()) == "Done."
    assert ended == ["waits"]
