"""openai-agents drives the platform's chat and responses: tools, output types, handoffs, streams.

The platform's address and key are in SKYTELLS_BASE_URL and SKYTELLS_API_KEY.
"""

from __future__ import annotations

import asyncio
import os

from agents import (
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    SQLiteSession,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI
from pydantic import BaseModel

PARIS = "What is the weather in Paris?"


class Report(BaseModel):
    city: str
    degrees: int


@function_tool
def get_weather(city: str) -> str:
    """Get the weather in a city."""
    return f"18 degrees in {city}"


def agent_with(model, **fields):
    return Agent(name="Assistant", instructions="Be brief.", model=model, **fields)


async def check_text(model):
    session = SQLiteSession("fox")
    agent = agent_with(model)
    result = await Runner.run(agent, "What is a fox?", session=session)
    assert "What is a fox" in result.final_output, result
    result = await Runner.run(agent, "And a wolf?", session=session)
    assert "And a wolf" in result.final_output, result


async def check_tools(model):
    result = await Runner.run(agent_with(model, tools=[get_weather]), PARIS, max_turns=3)
    assert "18 degrees in Paris" in result.final_output, result
    required = ModelSettings(tool_choice="required")
    agent = agent_with(model, tools=[get_weather], model_settings=required)
    result = await Runner.run(agent, "A fox?", max_turns=3)
    assert "18 degrees" in result.final_output, result


async def check_output_types(model):
    agent = agent_with(model, tools=[get_weather], output_type=Report)
    result = await Runner.run(agent, PARIS, max_turns=3)
    assert isinstance(result.final_output, Report), result
    assert result.final_output.city == "Paris", result


async def check_handoffs(model):
    forecaster = Agent(name="Forecaster", model=model, tools=[get_weather])
    agent = agent_with(model, handoffs=[forecaster])
    result = await Runner.run(agent, "Ask the forecaster for the weather in Paris.", max_turns=5)
    assert result.last_agent.name == "Forecaster", result


async def check_streams(model):
    result = Runner.run_streamed(agent_with(model, tools=[get_weather]), PARIS, max_turns=3)
    kinds = {event.type async for event in result.stream_events()}
    assert {"raw_response_event", "run_item_stream_event"} <= kinds, kinds
    assert "18 degrees" in result.final_output, result


async def check_previous_response(model):
    settings = ModelSettings(store=True)
    agent = agent_with(model, tools=[get_weather], model_settings=settings)
    first = await Runner.run(agent, PARIS, auto_previous_response_id=True, max_turns=3)
    assert "18 degrees" in first.final_output, first
    last = await Runner.run(agent, "Thanks!", previous_response_id=first.last_response_id)
    assert "Thanks" in last.final_output, last


async def main():
    set_tracing_disabled(True)
    client = AsyncOpenAI(
        base_url=os.environ["SKYTELLS_BASE_URL"],
        api_key=os.environ["SKYTELLS_API_KEY"],
        max_retries=0,
    )
    checks = (check_text, check_tools, check_output_types, check_handoffs, check_streams)
    responses = OpenAIResponsesModel("gpt-5", client)
    for model in (OpenAIChatCompletionsModel("gpt-5", client), responses):
        for check in checks:
            await check(model)
            print(f"ok     {type(model).__name__} {check.__name__}")
    await check_previous_response(responses)
    print("ok     check_previous_response")


if __name__ == "__main__":
    asyncio.run(main())
