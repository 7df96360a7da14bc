"""smolagents drives the platform's chat: an agent that requires a tool call in each of its steps.

It writes calls and their results as plain messages. The platform's address and key are in
SKYTELLS_BASE_URL and SKYTELLS_API_KEY.
"""

from __future__ import annotations

import os

from smolagents import LogLevel, OpenAIModel, ToolCallingAgent, tool

MODEL = OpenAIModel(
    "gpt-5", api_base=os.environ["SKYTELLS_BASE_URL"], api_key=os.environ["SKYTELLS_API_KEY"]
)


def check_tools(*, stream):
    asked = []

    @tool
    def get_weather(city: str) -> str:
        """Get the weather in a city.

        Args:
            city: The city.
        """
        asked.append(city)
        return "18 degrees"

    @tool
    def get_time(city: str) -> str:
        """Get the time in a city.

        Args:
            city: The city.
        """
        asked.append(city)
        return "noon"

    agent = ToolCallingAgent(
        tools=[get_weather, get_time],
        model=MODEL,
        max_steps=6,
        stream_outputs=stream,
        verbosity_level=LogLevel.OFF,
    )
    result = agent.run("What is the weather in Paris?", return_full_result=True)
    assert result.state == "success", result
    assert asked, result


def main():
    for stream in (False, True):
        check_tools(stream=stream)
        print(f"ok     check_tools stream={stream}")


if __name__ == "__main__":
    main()
