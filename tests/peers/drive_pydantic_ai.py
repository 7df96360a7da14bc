"""pydantic-ai drives the platform's chat and responses: agents with tools and every kind of output.

The platform's address and key are in SKYTELLS_BASE_URL and SKYTELLS_API_KEY.
"""

from __future__ import annotations

import asyncio
import os

from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput, PromptedOutput, ToolOutput
from pydantic_ai.embeddings import Embedder
from pydantic_ai.embeddings.openai import OpenAIEmbeddingModel
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

PROVIDER = OpenAIProvider(
    base_url=os.environ["SKYTELLS_BASE_URL"], api_key=os.environ["SKYTELLS_API_KEY"]
)
MODELS = (
    OpenAIChatModel("gpt-5", provider=PROVIDER),
    OpenAIResponsesModel("gpt-5", provider=PROVIDER),
)
PARIS = "What is the weather in Paris?"


class Report(BaseModel):
    city: str
    degrees: int


def agent_with(model, output, asked=None):
    agent = Agent(model, output_type=output)
    if asked is not None:

        @agent.tool_plain
        def get_weather(city: str) -> str:
            asked.append(city)
            return "18 degrees"

    return agent


def check_text(model):
    result = agent_with(model, str).run_sync("What is a fox?")
    assert "What is a fox" in result.output, result
    assert result.usage.output_tokens > 10, result.usage
    more = agent_with(model, str).run_sync("And a wolf?", message_history=result.all_messages())
    assert "And a wolf" in more.output, more


def check_tools(model):
    asked = []
    result = agent_with(model, str, asked).run_sync(PARIS)
    assert (asked, "18 degrees" in result.output) == (["Paris"], True), result


def check_tools_and_an_output_type(model):
    for output in (Report, ToolOutput(Report, name="report"), [Report, int]):
        asked = []
        result = agent_with(model, output, asked).run_sync(PARIS)
        assert isinstance(result.output, Report), result
        assert (asked, result.output.city) == (["Paris"], "Paris"), result


def check_other_outputs(model):
    for output in (NativeOutput(Report), PromptedOutput(Report), NativeOutput([Report, int])):
        result = agent_with(model, output).run_sync(PARIS)
        assert isinstance(result.output, Report), (output, result)
        assert result.output.city == "Paris", (output, result)


def check_streams(model):
    async def drive():
        asked = []
        async with agent_with(model, str, asked).run_stream(PARIS) as streamed:
            text = [piece async for piece in streamed.stream_text(delta=True, debounce_by=None)]
        assert (asked, len(text) > 2) == (["Paris"], True), text
        async with agent_with(model, Report).run_stream(PARIS) as streamed:
            assert isinstance(await streamed.get_output(), Report)

    asyncio.run(drive())


def check_errors(model):
    status = None
    try:
        agent_with(model, str).run_sync("a massacre")
    except ModelHTTPError as error:
        status = error.status_code
    assert status == 451, status


def check_embeddings():
    embedder = Embedder(OpenAIEmbeddingModel("skytells-embed-3-small", provider=PROVIDER))
    made = embedder.embed_documents_sync(["a fox", "a wolf"])
    assert [len(vector) for vector in made.embeddings] == [1536, 1536], made


def main():
    checks = (
        check_text,
        check_tools,
        check_tools_and_an_output_type,
        check_other_outputs,
        check_streams,
        check_errors,
    )
    for model in MODELS:
        for check in checks:
            check(model)
            print(f"ok     {type(model).__name__} {check.__name__}")
    check_embeddings()
    print("ok     check_embeddings")


if __name__ == "__main__":
    main()
