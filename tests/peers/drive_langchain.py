"""LangChain drives the platform's chat, responses and embeddings: tools, agents, structured output.

The platform's address and key are in SKYTELLS_BASE_URL and SKYTELLS_API_KEY.
"""

from __future__ import annotations

import asyncio
import os

import openai
from langchain.agents import create_agent
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.output_parsers import PydanticOutputParser
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel, SecretStr

URL = os.environ["SKYTELLS_BASE_URL"]
KEY = SecretStr(os.environ["SKYTELLS_API_KEY"])
PARIS = "What is the weather in Paris?"


class Report(BaseModel):
    """A weather report."""

    city: str
    degrees: int


@tool
def get_weather(city: str) -> str:
    """Get the weather in a city."""
    return f"18 degrees in {city}"


def chat(**fields):
    return ChatOpenAI(model="gpt-5", base_url=URL, api_key=KEY, max_retries=0, **fields)


def check_text(model):
    said = model.invoke("What is a fox?")
    assert "What is a fox" in said.text, said
    assert said.usage_metadata["output_tokens"] > 10, said
    chunks = list(model.stream("What is a fox?"))
    assert "".join(chunk.text for chunk in chunks) == said.text, chunks


def check_tools(model):
    bound = model.bind_tools([get_weather])
    asked = HumanMessage(PARIS)
    said = bound.invoke([asked])
    (call,) = said.tool_calls
    assert (call["name"], call["args"]) == ("get_weather", {"city": "Paris"}), said
    result = ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"])
    assert "18 degrees" in bound.invoke([asked, said, result]).text
    first, *chunks = bound.stream([asked])
    streamed = sum(chunks, start=first)
    assert [one["args"] for one in streamed.tool_calls] == [{"city": "Paris"}], streamed
    forced = model.bind_tools([get_weather], tool_choice="any").invoke("A fox?")
    assert [one["name"] for one in forced.tool_calls] == ["get_weather"], forced


def check_structured_output(model):
    for method in ("json_schema", "function_calling"):
        report = model.with_structured_output(Report, method=method).invoke(PARIS)
        assert isinstance(report, Report), (method, report)
        assert report.city == "Paris", (method, report)


def check_output_parsers(model):
    parser = PydanticOutputParser(pydantic_object=Report)
    prompt = f"{PARIS}\n\n{parser.get_format_instructions()}"
    for asked in (model, model.bind(response_format={"type": "json_object"})):
        report = (asked | parser).invoke(prompt)
        assert report.city == "Paris", report


def check_agents(model):
    for strategy in (ToolStrategy(Report), ProviderStrategy(Report)):
        agent = create_agent(model, tools=[get_weather], response_format=strategy)
        state = agent.invoke({"messages": [HumanMessage(PARIS)]}, {"recursion_limit": 10})
        assert isinstance(state["structured_response"], Report), state
        called = [
            call["name"] for one in state["messages"] for call in getattr(one, "tool_calls", ())
        ]
        assert called[0] == "get_weather", called
    agent = create_agent(model, tools=[get_weather])
    state = agent.invoke({"messages": [HumanMessage(PARIS)]}, {"recursion_limit": 10})
    assert "18 degrees" in state["messages"][-1].text, state


async def check_async(*models):
    for model in models:
        said = await model.ainvoke("What is a fox?")
        chunks = [chunk async for chunk in model.astream("What is a fox?")]
        assert "".join(chunk.text for chunk in chunks) == said.text, chunks


def check_logprobs():
    said = chat(logprobs=True, top_logprobs=3).invoke("What is a fox?")
    tokens = said.response_metadata["logprobs"]["content"]
    assert {len(token["top_logprobs"]) for token in tokens} == {3}, tokens


def check_errors(model):
    for prompt, status in (("a massacre", 451), ("fox " * 500_000, 400)):
        assert status_of(lambda prompt=prompt: model.invoke(prompt)) == status, status


def status_of(call):
    try:
        call()
    except openai.APIStatusError as error:
        return error.status_code
    return None


def check_embeddings():
    # Otherwise it downloads the tokenizer of the model.
    embeddings = OpenAIEmbeddings(
        model="skytells-embed-3-small", base_url=URL, api_key=KEY, check_embedding_ctx_length=False
    )
    assert [len(one) for one in embeddings.embed_documents(["a fox", "a wolf"])] == [1536, 1536]
    assert len(embeddings.embed_query("a fox")) == 1536


def main():
    models = {"chat": chat(), "responses": chat(use_responses_api=True)}
    checks = (check_text, check_tools, check_structured_output, check_agents, check_errors)
    for name, model in models.items():
        for check in checks:
            check(model)
            print(f"ok     {name} {check.__name__}")
    asyncio.run(check_async(*models.values()))
    check_output_parsers(models["chat"])
    check_logprobs()
    check_embeddings()
    print("ok     async, output parsers, logprobs, embeddings")


if __name__ == "__main__":
    main()
